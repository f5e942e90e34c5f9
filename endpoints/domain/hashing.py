"""One spelling and one hash for structured values, so that a review can be bound to exactly what was read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

_NOT_JSON = "Only text, numbers, booleans, null, lists and string-keyed mappings can be hashed."


def canonical_json(value: object) -> str:
    """Return `value` as JSON with sorted keys and no white space: the same value always gives the same text.

    Raises TypeError for anything JSON has no word for, and ValueError for NaN and infinities.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(value: object) -> str:
    """Return the hexadecimal SHA-256 of a text (as UTF-8) or of a structured value (as canonical JSON)."""
    text = value if isinstance(value, str) else canonical_json(value)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(_NOT_JSON)
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    raise TypeError(_NOT_JSON)
