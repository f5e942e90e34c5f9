"""What each of AWS's endpoint services is for, a plain line each. The common ones stand in `data/services.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from endpoints.domain.specs import short_service_name

PURPOSES = Path(__file__).parent / "data" / "services.json"
_FIPS = "-fips"


@lru_cache(maxsize=1)
def purposes() -> Mapping[str, str]:
    """Return the purposes by short name."""
    found: Mapping[str, str] = json.loads(PURPOSES.read_text(encoding="utf-8"))["purposes"]
    return found


def purpose_of(service_name: str) -> str:
    """Return what a service is for, by its full name; an empty text where the portal knows no more than the name."""
    short = short_service_name(service_name)
    known = purposes().get(short)
    if known is None and short.endswith(_FIPS) and (plain := purposes().get(short.removesuffix(_FIPS))):
        return f"{plain} (FIPS 140 validated cryptography)"
    return known or ""


def matching(text: str) -> frozenset[str]:
    """Return the short names whose purpose has every word of a text; none for a text without words."""
    words = text.lower().split()
    if not words:
        return frozenset()
    found = {short for short, line in purposes().items() if all(word in f"{short} {line.lower()}" for word in words)}
    return frozenset({*found, *(f"{short}{_FIPS}" for short in found)})
