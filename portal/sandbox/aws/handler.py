"""werkzeug's request handler, without its log and with connections kept open."""

from __future__ import annotations

from typing import Any

from werkzeug.serving import WSGIRequestHandler


class QuietHandler(WSGIRequestHandler):
    """HTTP/1.1, so that botocore's pool works; no line for each request."""

    protocol_version = "HTTP/1.1"
    # Head and body go out in two writes: without this each answer waits for the client's delayed
    # acknowledgement.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the application logs what matters."""
