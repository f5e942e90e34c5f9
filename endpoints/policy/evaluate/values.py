"""What the values of a condition say, and when a request's value is equal to one.

Source: IAM user guide, "Condition operators". Every reader returns None for a text that is no such value.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from endpoints.policy.words import NUMBER

Network: TypeAlias = "IPv4Network | IPv6Network"
Address: TypeAlias = "IPv4Address | IPv6Address"

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 256
"""No number, date or address is written in more characters."""
_KEPT = 1024


def number(text: str) -> Decimal | None:
    """Return a number: an integer or decimal."""
    return _number(text) if len(text) <= _LONGEST else None


def instant(text: str) -> Decimal | None:
    """Return a date as seconds since 1970: it is such a number, or ISO 8601. Without a zone it is UTC."""
    return _instant(text) if len(text) <= _LONGEST else None


def network(text: str) -> Network | None:
    """Return a range of addresses. A bare address is a range of one."""
    if len(text) > _LONGEST:
        return None
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def address(text: str) -> Address | None:
    """Return an address."""
    return _address(text) if len(text) <= _LONGEST else None


# Many policies are asked about one request, and read the same value each time.


@lru_cache(maxsize=_KEPT)
def _number(text: str) -> Decimal | None:
    text = text.strip()
    return Decimal(text) if NUMBER.fullmatch(text) else None


@lru_cache(maxsize=_KEPT)
def _instant(text: str) -> Decimal | None:
    text = text.strip()
    if (seconds := _number(text)) is not None:
        return seconds
    try:
        if month := _MONTH.fullmatch(text):
            at = datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC)
        else:
            at = datetime.fromisoformat(text.upper())
        since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    return _seconds(since)


def _seconds(since: timedelta) -> Decimal:
    return Decimal(since.days * 86_400 + since.seconds) + Decimal(since.microseconds) / 1_000_000


@lru_cache(maxsize=_KEPT)
def _address(text: str) -> Address | None:
    try:
        return ip_address(text.strip())
    except ValueError:
        return None


def binary(text: str) -> bytes | None:
    """Return what base64 stands for."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def boolean(text: str) -> bool | None:
    """Return what true and false, in any letter case, stand for."""
    return {"true": True, "false": False}.get(text.lower())
