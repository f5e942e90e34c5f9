"""Processes that fork keep what is there by then out of the collector's sight."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOLD = "import gc; print(gc.get_threshold()[0], gc.get_freeze_count())"


@pytest.mark.parametrize(
    "start",
    [
        "import portal.wsgi, runpy; runpy.run_path('gunicorn.conf.py')['when_ready'](None)",
        "import django, portal.celery; django.setup(); portal.celery._read_descriptions()",
    ],
    ids=["gunicorn", "celery"],
)
def test_what_is_there_before_a_fork_is_not_looked_at_again(start: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"{start}; {TOLD}"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    threshold, kept = map(int, told.split())
    assert threshold > 10_000, "the collector waits for many new objects"
    assert kept > 100_000, "modules and models are kept"
