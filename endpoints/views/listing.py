"""Lists: pages of 25, filters and order in the address."""

from __future__ import annotations

import re
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from endpoints.models import User

PAGE_SIZE = 25


def page_of(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any]:
    """Return the page that the address asks for; the nearest one where it asks for none that is."""
    return Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))


def number_in(text: str) -> int | None:
    """Return the number that an address gives, or None where no row can have it. `int` crashes on 5,000 digits."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def signed_in(request: HttpRequest) -> User:
    """Return the person. The route's rule has let nobody else through."""
    if not isinstance(request.user, User):
        raise TypeError("This view's route must ask for a person who is signed in.")
    return request.user
