"""Bundles: the services that a kind of workload needs together. The well-known ones stand in `data/bundles.json`.

Services are named by their short names, so that a bundle fits every region; `full_names` leads to a region's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from endpoints.domain.specs import EndpointType, short_service_name

BUNDLES = Path(__file__).parent / "data" / "bundles.json"
MOST_MEMBERS = 40
"""Services in one bundle, at most: as many as a request takes."""
TYPES = (EndpointType.GATEWAY.value, EndpointType.INTERFACE.value)
SHORT_NAME = re.compile(r"\A[a-z0-9][a-zA-Z0-9._-]{1,199}\Z")


@dataclass(frozen=True, slots=True)
class Member:
    """A service of a bundle: its short name, the type to ask for, why it is needed. Optional ones aren't ticked."""

    service: str
    kind: str
    why: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Services that belong together. `id` is a word for the portal's own bundles, a number for people's."""

    id: str
    title: str
    purpose: str
    members: tuple[Member, ...]
    sources: tuple[str, ...] = ()

    @property
    def needed(self) -> tuple[Member, ...]:
        """Return the members that aren't optional."""
        return tuple(item for item in self.members if not item.optional)

    @property
    def extra(self) -> tuple[Member, ...]:
        """Return the optional members."""
        return tuple(item for item in self.members if item.optional)


@dataclass(frozen=True, slots=True)
class BundleBook:
    """The bundles that the portal brings, with their date and how they came about."""

    as_of: date
    source: str
    bundles: tuple[Bundle, ...]


class BundleError(ValueError):
    """Members that can't be a bundle; the text says which and why."""


@lru_cache(maxsize=1)
def bundle_book() -> BundleBook:
    """Return the bundles that the portal brings."""
    found: Mapping[str, Any] = json.loads(BUNDLES.read_text(encoding="utf-8"))
    return BundleBook(date.fromisoformat(found["as_of"]), found["source"], tuple(map(_bundle, found["bundles"])))


def _bundle(found: Mapping[str, Any]) -> Bundle:
    members = tuple(
        Member(item["service"], item["type"], item["why"], bool(item.get("optional"))) for item in found["members"]
    )
    check(members)
    return Bundle(
        id=found["id"],
        title=found["title"],
        purpose=found["purpose"],
        members=members,
        sources=tuple(found["sources"]),
    )


def check(members: Iterable[Member]) -> None:
    """Raise BundleError where members are none, too many, named twice, or of a type that no bundle takes."""
    members = list(members)
    if not members:
        raise BundleError("Name at least one service.")
    if len(members) > MOST_MEMBERS:
        raise BundleError(f"{len(members)} services are too many; name at most {MOST_MEMBERS}.")
    seen: set[str] = set()
    for item in members:
        if not SHORT_NAME.match(item.service) or short_service_name(item.service) != item.service:
            raise BundleError(f"“{item.service}” is no short name of a service. Write it as ecr.api.")
        if item.kind not in TYPES:
            raise BundleError(f"{item.service}: choose {' or '.join(TYPES)}.")
        if item.service in seen:
            raise BundleError(f"{item.service} stands here twice; keep one.")
        seen.add(item.service)


def full_names(short: str, region: str) -> tuple[str, ...]:
    """Return the full names that a short name may stand for in a region; what nobody shortens is its own."""
    # In China some services are named as elsewhere, S3 among them, and others have the partition's own beginning.
    starts = ("cn.com.amazonaws.", "com.amazonaws.") if region.startswith("cn-") else ("com.amazonaws.",)
    return (short, *(name for start in starts for name in (f"{start}{region}.{short}", start + short)))
