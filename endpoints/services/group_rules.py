"""Rules of security groups that endpoints carry: what AWS has of them, whose they are, and who else asks for them.

A rule is the portal's by the tag of the operation that made it. AWS holds a rule once: what two endpoints ask for is
made for the first and found by the second, and it goes with the last of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from endpoints.aws import Ec2Gateway
from endpoints.aws.group_rules import OWNERSHIP_TAG
from endpoints.domain.actions import AuthorizeRule, RevokeRule
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.rules import GroupRule, ObservedRule, SeenRule
from endpoints.domain.specs import EndpointSpec
from endpoints.models import Account, Change, Endpoint, Operation
from endpoints.services import events
from endpoints.services.actors import WORKER

GOING = ("deleting", "deleted", "discarded")
"""Statuses of an endpoint that needs no rule any more."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The rules of some endpoints of an account-region. Empty where none of them ever carried one.

    `carried` are the rules that were ever asked for with an endpoint, by endpoint; `seen` is what AWS has in their
    groups; `makers` the endpoint that each operation works for; `wanted` the live endpoints that ask for a rule.
    """

    carried: Mapping[int, frozenset[GroupRule]] = field(default_factory=dict)
    seen: tuple[SeenRule, ...] = ()
    makers: Mapping[str, int] = field(default_factory=dict)
    wanted: Mapping[GroupRule, frozenset[int]] = field(default_factory=dict)

    def of(self, endpoint_id: int, desired: EndpointSpec | None) -> tuple[ObservedRule, ...]:
        """Return the rules of interest to an endpoint: what it asks for or ever carried, and what was made for it.

        `desired` is None for an endpoint that goes.
        """
        return self._of(endpoint_id, desired, self.carried.get(endpoint_id, frozenset()))

    def _of(
        self, endpoint_id: int, desired: EndpointSpec | None, carried: frozenset[GroupRule]
    ) -> tuple[ObservedRule, ...]:
        asked = {item.content for item in desired.group_rules} if desired else set()
        found = []
        for item in self.seen:
            content, maker = item.rule.content, self.makers.get(item.operation)
            if content in asked or content in carried or maker == endpoint_id:
                shared = bool(self.wanted.get(content, frozenset()) - {endpoint_id})
                ours = maker is not None
                found.append(ObservedRule(rule_id=item.rule_id, rule=item.rule, ours=ours, shared=shared))
        # What it no longer asks for and is somebody else's, or another endpoint's now, is no business of it.
        kept = (item for item in found if item.rule.content in asked or item.goes or desired is None)
        return tuple(sorted(kept, key=lambda item: (item.rule, item.rule_id)))

    def told(self, seen: ObservedEndpoint, endpoint_id: int, desired: EndpointSpec) -> ObservedEndpoint:
        """Return an endpoint as AWS has it, with the rules that it asks for and those that were made for it.

        What it carried once and another endpoint made is left out: that one's change may be under way.
        """
        found = self._of(endpoint_id, desired, frozenset())
        return replace(seen, group_rules=found) if found else seen


def ledger(*, account: Account, region: str, client: Ec2Gateway, endpoint_ids: Iterable[int] | None = None) -> Ledger:
    """Return what is known of the rules of endpoints; of all live ones of the region when none are named.

    One query and no call where none ever carried a rule; else three queries and one paged call. Raises AwsError.
    """
    carried = _carried(account, region, endpoint_ids)
    if not carried:
        return Ledger()
    seen = tuple(client.group_rules({rule.group_id for rules in carried.values() for rule in rules}))
    return Ledger(carried, seen, _makers(seen), wanted(account.pk, region))


def _carried(account: Account, region: str, endpoint_ids: Iterable[int] | None) -> dict[int, frozenset[GroupRule]]:
    rows = Change.objects.filter(spec__has_key="group_rules", request__account=account, region=region)
    if endpoint_ids is not None:
        rows = rows.filter(endpoint__in=list(endpoint_ids))
    else:
        rows = rows.exclude(endpoint__status__in=("deleted", "discarded"))
    found: dict[int, set[GroupRule]] = defaultdict(set)
    for pk, rules in rows.filter(endpoint__isnull=False).values_list("endpoint_id", "spec__group_rules"):
        found[pk] |= _contents(rules)
    return {pk: frozenset(rules) for pk, rules in found.items()}


def _contents(rules: Iterable[Mapping[str, object]]) -> set[GroupRule]:
    return {GroupRule.from_dict(item).content for item in rules}


def _makers(seen: Iterable[SeenRule]) -> dict[str, int]:
    """Return the endpoint of each operation that rules are tagged with. A tag that is no operation's isn't ours."""
    ids = {found for item in seen if (found := _uuid(item.operation))}
    rows = Operation.objects.filter(pk__in=ids).values_list("pk", "endpoint_id") if ids else ()
    return {str(pk): endpoint_id for pk, endpoint_id in rows}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def wanted(account_id: int, region: str) -> dict[GroupRule, frozenset[int]]:
    """Return the live endpoints of an account-region that ask for each rule; `account_id` is the primary key."""
    rows = Endpoint.objects.filter(account=account_id, region=region, desired__has_key="group_rules")
    found: dict[GroupRule, set[int]] = defaultdict(set)
    for pk, rules in rows.exclude(status__in=GOING).values_list("pk", "desired__group_rules"):
        for rule in _contents(rules):
            found[rule].add(pk)
    return {rule: frozenset(pks) for rule, pks in found.items()}


def tags_of(operation: Operation) -> dict[str, str]:
    """Return the tags of a rule that an operation makes: whose it is, and which request asked for it."""
    return {OWNERSHIP_TAG: str(operation.pk), "portal:request": operation.request.reference}


def record(operation: Operation, action: AuthorizeRule | RevokeRule, *, request_id: str, now: datetime) -> None:
    """Write into the chain that a rule was added or removed. In the caller's recorded transaction."""
    events.record(
        chain=events.chain_of(operation.account),
        who=WORKER,
        verb="aws.rule_added" if isinstance(action, AuthorizeRule) else "aws.rule_removed",
        at=now,
        request_id=operation.request_id,
        endpoint_id=operation.endpoint_id,
        summary=f"{action.rule.group_id}: {action.rule.words}",
        data={"rule": action.rule.key, "aws_request_id": request_id},
    )
