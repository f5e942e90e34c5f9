"""What every gunicorn of the portal shares; it reads this file from the folder that it starts in."""

from typing import Any

from portal.garbage import keep_what_is_there

# The request form's fragment is a GET that carries every ticked subnet and route table: eighty ids fill the default.
limit_request_line = 8190


def when_ready(server: Any) -> None:
    """Before its workers are forked: with `--preload` the portal is there by now, and they share it."""
    keep_what_is_there()
