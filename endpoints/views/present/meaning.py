"""What a change of policy gains and loses, as it was worked out at submission; pages compare nothing themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from endpoints.models import Change
from endpoints.models.requests import Relation
from endpoints.services.policy_meaning import Meaning
from endpoints.templatetags import status

_UNCOMPARED: Meaning = {"relation": Relation.UNDECIDED.value, "reason": "It was asked for before the portal compared."}


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is gained or lost: a sentence, and a request that shows it, by its parts and as JSON."""

    text: str
    facts: tuple[tuple[str, str], ...]
    document: str
    witness: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """What is gained, or what is lost."""

    title: str
    none: str
    tone: str
    icon: str
    parts: tuple[Part, ...]
    more: int


@dataclass(frozen=True, slots=True)
class ShownMeaning:
    """How a policy relates to the one before, and what that comes to."""

    status: status.Status
    reason: str
    sides: tuple[Side, ...]


def meaning_of(change: Change) -> ShownMeaning | None:
    """Return what was kept with a change; None where no policy changes."""
    return shown(change.meaning or _UNCOMPARED) if change.relation else None


def shown(meaning: Meaning) -> ShownMeaning:
    """Return a meaning as pages show it."""
    relation = Relation(meaning["relation"])
    gains = _side(meaning, "gained", "Gains", "Nothing that was not allowed before.", "warn", "plus-lg")
    loses = _side(meaning, "lost", "Loses", "Nothing that was allowed before.", "muted", "dash-circle")
    # Where nothing was decided, two empty lists would read as "nothing changes".
    decided = relation != Relation.UNDECIDED or gains.parts or loses.parts
    sides = (gains, loses) if decided and relation != Relation.EQUIVALENT else ()
    return ShownMeaning(status.of_relation(relation), meaning.get("reason", ""), sides)


def _side(meaning: Meaning, name: str, title: str, none: str, tone: str, icon: str) -> Side:
    parts = tuple(_part(item["text"], item["witness"]) for item in meaning.get(name, ()))
    return Side(title, none, tone, icon, parts, meaning.get(f"{name}_more", 0))


def _part(text: str, witness: Mapping[str, Any] | None) -> Part:
    if witness is None:
        return Part(text, (), "")
    pairs = [("Principal", witness["principal"]), ("Action", witness["action"]), ("Resource", witness["resource"])]
    if witness["resource_account"]:
        pairs.append(("Account of the resource", witness["resource_account"]))
    pairs += [(key, value if isinstance(value, str) else ", ".join(value)) for key, value in witness["context"].items()]
    # PostgreSQL keeps no order of keys: write them as people read a request.
    ordered = {name: witness[name] for name in ("principal", "action", "resource", "resource_account", "context")}
    return Part(text, tuple(pairs), json.dumps(ordered, indent=2, ensure_ascii=False), ordered)
