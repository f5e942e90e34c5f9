"""Logs: what collectors read line by line, and what is not told."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from django.conf import settings

from portal.logs import JsonFormatter


def test_a_record_is_one_line_of_json_with_what_came_with_it() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("endpoints", logging.ERROR, "", 0, "operation %s\nfailed", ("a",), sys.exc_info())
    record.request_id = "r-1"
    line = JsonFormatter().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["logger"], told["message"]) == ("ERROR", "endpoints", "operation a\nfailed")
    assert told["request_id"] == "r-1"
    assert told["exception"].endswith("ValueError: two\nlines")
    assert told["time"].endswith("+00:00")


@pytest.mark.skipif(settings.LOG_LEVEL == "DEBUG", reason="then all is told")
@pytest.mark.parametrize("name", ["celery.beat", "celery.worker.strategy", "celery.app.trace"])
def test_each_tick_of_beat_is_not_told_but_its_failure(name: str) -> None:
    logger = logging.getLogger(name)
    assert not logger.isEnabledFor(logging.INFO)
    assert logger.isEnabledFor(logging.ERROR)
