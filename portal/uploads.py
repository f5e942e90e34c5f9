"""Uploads are refused by their length, before anything of them is read or written to a temporary file."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

MAX_BODY = 27 * 1024 * 1024
"""Bytes of a whole form with files: evidence of use (`endpoints/services/use.py`) with what else the form holds."""


class BoundedUploadHandler(FileUploadHandler):
    """Stands before the handlers that keep files."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name for it
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        """Raise RequestDataTooBig for a form that is too large. Servers read no more than the length that was told."""
        if content_length > MAX_BODY:
            raise RequestDataTooBig(f"A form with files may have {MAX_BODY:,} bytes.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Leave the data to the next handler."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""
