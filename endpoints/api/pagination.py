"""Pages by cursor: no count, no offset into a growing list, and the newest first."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs

from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from endpoints.api import moments
from endpoints.api.problems import BadParameters

_HELD = frozenset("orp")
"""What a cursor may hold, one of it at least: an offset, that it goes back, a position."""
_POSITION = re.compile(r"\A[0-9]{1,18}\Z")  # fits PostgreSQL's bigint


class NewestFirst(CursorPagination):
    """50 per page unless `page_size` asks for 1 to 200. What can't be read is refused, never guessed."""

    ordering: Any = "-id"
    page_size: int | None = 50
    max_page_size: int | None = 200
    page_size_query_param: str | None = "page_size"
    cursor_query_description: Any = "Where the page begins. Follow `next` and `previous` instead of making one."
    page_size_query_description: Any = "How many on a page: 1 to 200."

    def get_page_size(self, request: Request) -> int:
        """Return the page's size. Raises BadParameters."""
        text = request.query_params.get("page_size")
        if text is None:
            return self.page_size or 50
        most = self.max_page_size or 200
        # `isdecimal` alone takes digits of other scripts, and `int` takes any length of them.
        if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= most:
            raise BadParameters({"page_size": [f"Write a number from 1 to {most}."]})
        return int(text)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of the address. Raises BadParameters."""
        if not _is_ours(request.query_params.get(self.cursor_query_param, "")):
            raise _bad_cursor()
        try:
            cursor: Cursor | None = super().decode_cursor(request)
        except NotFound:
            raise _bad_cursor() from None
        if cursor and cursor.position is not None and not self.readable(str(cursor.position)):
            raise _bad_cursor()
        return cursor

    @staticmethod
    def readable(position: str) -> bool:
        """Tell whether a cursor's position can stand in the column that orders the list."""
        return bool(_POSITION.match(position))


class LatestRevisionFirst(NewestFirst):
    """An endpoint's revisions, by number."""

    ordering: Any = "-number"


class LatestWorkFirst(NewestFirst):
    """Operations, by when they were queued first: their ids are drawn at random."""

    ordering: Any = ("-created_at", "-id")

    @staticmethod
    def readable(position: str) -> bool:
        """Tell whether a cursor's position is a moment."""
        try:
            moment = parse_datetime(position)
        except ValueError:
            return False
        return moment is not None and moments.comparable(moment)


def _is_ours(text: str) -> bool:
    """Tell whether a cursor is written as `encode_cursor` writes them; an empty one is none.

    DRF passes over what is no Base64 and over names that it doesn't know: the first page would be shown for any other.
    """
    try:
        written = b64decode(text, validate=True).decode("ascii")
        names = parse_qs(written, keep_blank_values=True).keys()
    except ValueError:
        return False
    return not text or (bool(names) and names <= _HELD)


def _bad_cursor() -> BadParameters:
    return BadParameters({"cursor": ["Follow the links of `next` and `previous`; start again without a cursor."]})
