"""Filters and pages of the Describe calls, as EC2 does them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from portal.sandbox.aws.errors import AwsError
from portal.sandbox.aws.iam import wildcard

T = TypeVar("T")
Getter = Callable[[T], Any]


MOST_FILTERS, MOST_VALUES = 50, 200


def check(raw: Iterable[Mapping[str, Any]]) -> None:
    """Refuse more filters in a call, or more values in a filter, than EC2 takes; raises `FilterLimitExceeded`."""
    counts = [len(item.get("Values") or []) for item in raw]
    if len(counts) > MOST_FILTERS:
        raise AwsError("FilterLimitExceeded", f"The maximum number of filters on a single call is {MOST_FILTERS}.")
    if max(counts, default=0) > MOST_VALUES:
        raise AwsError("FilterLimitExceeded", f"The maximum number of filter values on a filter is {MOST_VALUES}.")


def parse(raw: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return filters as (name, values); raises `InvalidParameterValue` for one without a name."""
    parsed = []
    for item in raw:
        if not item.get("Name"):
            raise AwsError("InvalidParameterValue", "The filter 'null' is invalid")
        parsed.append((str(item["Name"]), [str(value) for value in item.get("Values") or []]))
    return parsed


def select(
    things: Iterable[T],
    filters: list[tuple[str, list[str]]],
    getters: Mapping[str, Getter[T]],
    tags_of: Callable[[T], Mapping[str, str]],
) -> list[T]:
    """Return what matches every filter; any value of a filter may match, `*` and `?` are wildcards.

    Raises `InvalidParameterValue` for a filter the call does not know.
    """
    tests = [(_getter(name, getters, tags_of), values) for name, values in filters]
    return [thing for thing in things if all(_matches(get(thing), values) for get, values in tests)]


def _getter(name: str, getters: Mapping[str, Getter[T]], tags_of: Callable[[T], Mapping[str, str]]) -> Getter[T]:
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda thing: tags_of(thing).get(key)
    if name == "tag-key":
        return lambda thing: list(tags_of(thing))
    if name not in getters:
        raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return getters[name]


def _matches(actual: Any, values: list[str]) -> bool:
    if actual is None:
        return False
    found = actual if isinstance(actual, list | tuple | set) else [actual]
    texts = [str(item).lower() if isinstance(item, bool) else str(item) for item in found]
    return any(wildcard(value, text) for value in values for text in texts)


def page(
    things: Iterable[T],
    params: Mapping[str, Any],
    key: Callable[[T], str],
    *,
    limit: int,
) -> tuple[list[T], str | None]:
    """Return one page in the order of `key` and the token of the next page, or None.

    `MaxResults` above `limit` means `limit`, as AWS documents for these calls; without it everything up to
    `limit`.
    """
    size = params.get("MaxResults")
    if size is not None and int(size) < 1:
        raise AwsError("InvalidMaxResults", f"The specified value for MaxResults is not valid: {size}")
    count = min(int(size), limit) if size is not None else limit
    ordered = sorted(things, key=key)
    token = params.get("NextToken")
    if token:
        after = opened(str(token))
        ordered = [thing for thing in ordered if key(thing) > after]
    chosen = ordered[:count]
    more = len(ordered) > count
    return chosen, sealed(key(chosen[-1])) if more else None


def sealed(text: str) -> str:
    """Return the token of the page after what a text names."""
    return base64.urlsafe_b64encode(f"after:{text}".encode()).decode()


def opened(token: str) -> str:
    """Return what a token names; raises `InvalidNextToken`."""
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (ValueError, binascii.Error):
        text = ""
    if not text.startswith("after:"):
        raise AwsError("InvalidNextToken", f"The token '{token}' is invalid.")
    return text.removeprefix("after:")
