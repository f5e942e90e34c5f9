"""An endpoint's drift for people: each field as approved and as observed, and the policies side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from endpoints.domain.words import Names
from endpoints.models import Drift, Endpoint
from endpoints.policy.diff import Difference, side_by_side
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.services import reading
from endpoints.views.present.facts import Value, named

_LABELS = {
    "route_table_ids": "Route tables",
    "subnet_ids": "Subnets",
    "security_group_ids": "Security groups",
    "ip_address_type": "IP address type",
    "dns_record_ip_type": "DNS record type",
    "private_dns_enabled": "Private DNS",
    "private_dns_only_for_inbound_resolver_endpoint": "Private DNS for inbound resolvers only",
    "policy_document": "Policy",
    "group_rules": "Security group rules",
}


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One field that differs."""

    label: str
    desired: tuple[Value, ...]
    observed: tuple[Value, ...]
    first_seen_at: datetime


class DriftPart:
    """What differs about an endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @cached_property
    def _open(self) -> list[Drift]:
        return list(self.endpoint.drifts.filter(resolved_at__isnull=True).order_by("id"))

    @cached_property
    def rows(self) -> list[DriftRow]:
        """Return a row per field. Two queries."""
        drifts = self._open
        if not drifts:
            return []
        ids = {item for drift in drifts for value in (drift.desired, drift.observed) for item in _ids(value)}
        ids |= {drift.field.partition(".")[2] for drift in drifts if drift.field.startswith("subnet_configurations.")}
        known = reading.known_of(self.endpoint.account_id, self.endpoint.region, extra=tuple(ids))
        return [_row(item, known.names) for item in drifts]

    @cached_property
    def policy(self) -> Difference | None:
        """Return the approved policy beside the one that AWS has, where they differ."""
        drift = next((item for item in self._open if item.field == "policy_document"), None)
        return side_by_side(drift.desired or FULL_ACCESS, drift.observed or FULL_ACCESS) if drift else None


def _ids(value: Any) -> Iterable[str]:
    return value if isinstance(value, list) else ()


def _row(drift: Drift, names: Names) -> DriftRow:
    return DriftRow(
        label_of(drift.field, names),
        _values(drift.field, drift.desired, names),
        _values(drift.field, drift.observed, names),
        drift.first_seen_at,
    )


def label_of(field: str, names: Names | None = None) -> str:
    """Return what people call a field that may differ; `names` are those of the ids in it, where they are known."""
    kind, _, rest = field.partition(".")
    if kind == "tags":
        return f"Tag {rest}"
    if kind == "subnet_configurations":
        return f"Fixed address in {names.of(rest) if names else rest}"
    return _LABELS.get(field, field)


def _values(field: str, value: Any, names: Names) -> tuple[Value, ...]:
    if field == "group_rules":
        return tuple(Value(item) for item in value or ())
    if isinstance(value, list):
        return named(names, *value)
    if field == "policy_document":
        return (Value("Full access" if value is None else "Custom policy, compared below"),)
    if isinstance(value, bool):
        return (Value("On" if value else "Off"),)
    return (Value(str(value)),) if value not in (None, "") else ()
