"""A dry run of a request: what would be found, done and paid. Nothing is stored, and AWS isn't asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from endpoints.domain.specs import EndpointSpec
from endpoints.domain.words import Names, drops_connections
from endpoints.models import Account
from endpoints.models.requests import ChangeAction, Severity
from endpoints.network.cost import Estimate
from endpoints.services import checks, costs, reading
from endpoints.services.checks import Finding
from endpoints.services.drafts import ChangeDraft


@dataclass(frozen=True, slots=True)
class Planned:
    """One change, tried: its findings, blocks first, its plan in words, and a month's cost with it and without."""

    action: str
    spec: EndpointSpec
    findings: tuple[Finding, ...]
    plan: tuple[str, ...]
    drops_connections: bool
    after: Estimate | None
    before: Estimate | None

    @property
    def blocked(self) -> bool:
        """Tell whether a finding would stop the submission."""
        return any(item.severity == Severity.BLOCK for item in self.findings)


def dry_run(*, account: Account, changes: Sequence[ChangeDraft], gb: Decimal) -> list[Planned]:
    """Return what would become of changes in an account, with `gb` of data a month through each endpoint.

    The same checks, plan and prices as for a request that is submitted. Three queries, and one a region.
    """
    names = _names(account, changes)
    findings = checks.findings_of_changes(changes, account=account)
    return [
        _planned(change, found, names[change.spec.region], gb) for change, found in zip(changes, findings, strict=True)
    ]


def _names(account: Account, changes: Sequence[ChangeDraft]) -> dict[str, Names]:
    """Return by region the names of what the changes speak of."""
    names = {}
    for region in {item.spec.region for item in changes}:
        here = [item for item in changes if item.spec.region == region]
        seen = [item.endpoint.observed_endpoint() for item in here if item.endpoint]
        parts = [(*one.subnet_ids, *one.route_table_ids, *one.security_group_ids) for one in seen if one]
        extra = tuple(aws_id for ids in parts for aws_id in ids)
        names[region] = reading.known_of(account.pk, region, *(item.spec for item in here), extra=extra).names
    return names


def _planned(change: ChangeDraft, findings: list[Finding], names: Names, gb: Decimal) -> Planned:
    action, spec, endpoint = change.action, change.spec, change.endpoint
    former = endpoint.desired_spec() if endpoint else None
    actions = reading.planned(action=action, spec=spec, endpoint=endpoint, former=former)
    return Planned(
        action=action,
        spec=spec,
        findings=tuple(findings),
        plan=reading.plan_in_words(action=action, spec=spec, endpoint=endpoint, names=names, former=former),
        drops_connections=drops_connections(actions),
        after=None if action == ChangeAction.DELETE else costs.estimate_for(spec, gb),
        before=costs.estimate_for(former, gb) if former else None,
    )
