"""A dry run of a request: what would be found, done and paid. Nothing is stored, and AWS isn't asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from endpoints.domain.specs import EndpointSpec
from endpoints.domain.words import drops_connections
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

    The same checks, plan and prices as for a request that is submitted. At most four queries a change.
    """
    return [_planned(account, change, gb) for change in changes]


def _planned(account: Account, change: ChangeDraft, gb: Decimal) -> Planned:
    action, spec, endpoint = change.action, change.spec, change.endpoint
    former = endpoint.desired_spec() if endpoint else None
    observed = endpoint.observed_endpoint() if endpoint else None
    extra = (*observed.subnet_ids, *observed.route_table_ids, *observed.security_group_ids) if observed else ()
    names = reading.known_of(account.pk, spec.region, spec, extra=extra).names
    actions = reading.planned(action=action, spec=spec, endpoint=endpoint, former=former)
    return Planned(
        action=action,
        spec=spec,
        findings=tuple(checks.findings_for(change, account=account)),
        plan=reading.plan_in_words(action=action, spec=spec, endpoint=endpoint, names=names, former=former),
        drops_connections=drops_connections(actions),
        after=None if action == ChangeAction.DELETE else costs.estimate_for(spec, gb),
        before=costs.estimate_for(former, gb) if former else None,
    )
