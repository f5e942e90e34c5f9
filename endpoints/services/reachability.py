"""Reachability asked of the inventory: from a source to a service, to an endpoint, before and after a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from endpoints.domain.rules import GroupRule, surplus
from endpoints.domain.specs import EndpointSpec
from endpoints.models import Account, Change, Endpoint
from endpoints.models.requests import ChangeAction
from endpoints.network.after import NEW, after
from endpoints.network.hops import HTTPS, Outcome, Verdict
from endpoints.network.reachability import SERVICE_NAME, PolicyAnswer, reach, source_of
from endpoints.network.reachers import NOT_CLIENTS, Reachers, who_can_reach
from endpoints.network.snapshot import Part, Snapshot
from endpoints.policy.document import PolicySyntaxError, parse
from endpoints.policy.evaluate import Request, compile_policy, deciding_keys
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.services.reading import rules_of
from endpoints.services.snapshots import vpc_snapshot

_NAMED = 3
"""How many condition keys an answer names."""
COMPARED = 24
"""From how many subnets a change is looked at, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that the endpoint's policy is asked about, as `policy.evaluate.Request` takes it."""

    principal: str
    action: str
    resource: str = "*"


_ABSENT = frozenset({"aws:sourceip"})
"""What no request through an endpoint carries (PrivateLink guide)."""


def asks_policy(call: Call, *, vpc_id: str = "", port: int = HTTPS) -> Callable[[Part], PolicyAnswer]:
    """Return what asks an endpoint's policy about a call. The caller's own permissions aren't known, nor asked.

    Of the condition keys the way itself tells some; a policy that decides by others can't be told.
    """
    told = {"aws:ViaAWSService": "false", **({"aws:SourceVpc": vpc_id} if vpc_id else {})}
    told |= {"aws:SecureTransport": "true"} if port == HTTPS else {}

    def answer(part: Part) -> PolicyAnswer:
        document = part.data.get("policy_document")
        if document is None and "policy_document" not in part.data:
            return PolicyAnswer(None, f"the policy of {part.label} wasn't read")
        try:
            policy = compile_policy(parse(str(document or FULL_ACCESS)))
        except PolicySyntaxError as error:
            return PolicyAnswer(None, f"the policy of {part.label} can't be read: {error}")
        said = f"the policy of {part.label}"
        asked = Request(call.principal, call.action, call.resource, context={**told, "aws:SourceVpce": part.aws_id})
        if keys := deciding_keys(policy, asked, absent=_ABSENT):
            names = ", ".join(keys[:_NAMED]) + (f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else "")
            return PolicyAnswer(None, f"{said} decides by {names}: ask the simulator, which takes their values")
        outcome = policy.decide(asked)
        if outcome.effect == "Allow":
            return PolicyAnswer(True, f"{said} allows {call.action}")
        if outcome.effect == "Deny":
            return PolicyAnswer(False, f"{said} denies {call.action} outright")
        return PolicyAnswer(False, f"{said} has no statement that allows {call.action} on {call.resource}")

    return answer


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict with the VPC that it was found in."""

    snapshot: Snapshot
    verdict: Verdict


def answer(
    *,
    snapshot: Snapshot,
    source_id: str,
    service_name: str,
    group_ids: Iterable[str] = (),
    resolve: str = SERVICE_NAME,
    port: int = HTTPS,
    call: Call | None = None,
) -> Answer:
    """Return how a source reaches a service. Raises `network.sources.UnknownSource`."""
    source = source_of(snapshot, source_id, group_ids)
    vpc_id = snapshot.vpc.aws_id if snapshot.vpc else ""
    policy = asks_policy(call, vpc_id=vpc_id, port=port) if call else None
    return Answer(snapshot, reach(snapshot, source, service_name, port=port, resolve=resolve, policy=policy))


def snapshot_of(*, account_id: int, region: str, vpc_id: str, service_name: str) -> Snapshot:
    """Return a VPC with its interfaces as last read. Two or three queries."""
    return vpc_snapshot(
        account=Account(pk=account_id),
        region=region,
        vpc_id=vpc_id,
        service_name=service_name,
        with_interfaces=True,
    )


def clients(snapshot: Snapshot) -> list[Part]:
    """Return the interfaces that may call something, by name and id."""
    found = (part for part in snapshot.interfaces.values() if part.data.get("interface_type") not in NOT_CLIENTS)
    return sorted(found, key=lambda part: (not part.name, part.label))


def reachers_of(endpoint: Endpoint) -> tuple[Snapshot, Reachers | None]:
    """Return who can reach an endpoint; None while the inventory doesn't have it. Two or three queries."""
    snapshot = snapshot_of(
        account_id=endpoint.account_id,
        region=endpoint.region,
        vpc_id=endpoint.vpc_id,
        service_name=endpoint.service_name,
    )
    part = snapshot.endpoints.get(endpoint.vpc_endpoint_id or "")
    return snapshot, who_can_reach(snapshot, part) if part else None


@dataclass(frozen=True, slots=True)
class Compared:
    """One subnet before and after a change."""

    subnet: Part
    before: Verdict
    after: Verdict

    @property
    def changes(self) -> bool:
        """Tell whether the change makes a difference here."""
        return (self.before.outcome, self.before.endpoint_ids) != (self.after.outcome, self.after.endpoint_ids)

    @property
    def gains(self) -> bool:
        """Tell whether it reaches the service privately after the change, and didn't before."""
        return self.after.outcome is Outcome.PRIVATE and self.before.outcome is not Outcome.PRIVATE

    @property
    def loses(self) -> bool:
        """Tell whether it no longer reaches the service privately."""
        return self.before.outcome is Outcome.PRIVATE and self.after.outcome is not Outcome.PRIVATE

    @property
    def is_cut_off(self) -> bool:
        """Tell whether it reaches the service now, in part or not privately, and won't at all after the change.

        Private DNS leads clients to the endpoint, whether it lets them in or not.
        """
        somehow = (Outcome.PUBLIC, Outcome.PARTLY)
        return self.before.outcome in somehow and self.after.outcome is Outcome.BROKEN


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a change does to reachability. `more` counts the subnets that were left out."""

    service_name: str
    before: Snapshot
    after: Snapshot
    subnets: tuple[Compared, ...]
    more: int = 0

    @property
    def better(self) -> int:
        """Return how many subnets gain their private path."""
        return sum(item.gains for item in self.subnets)

    @property
    def worse(self) -> int:
        """Return how many subnets lose their private path."""
        return sum(item.loses for item in self.subnets)

    @property
    def cut_off(self) -> int:
        """Return how many subnets no longer reach the service at all."""
        return sum(item.is_cut_off for item in self.subnets)

    @property
    def telling(self) -> Compared:
        """Return the subnet that shows best what the change does: harm before good, and that before other changes.

        Raises ValueError when there is none.
        """
        return max(self.subnets, key=lambda item: (item.loses or item.is_cut_off, item.gains, item.changes))


def compare(change: Change) -> Comparison | None:
    """Return a change's before and after; None where it changes nothing on the way. Two or three queries."""
    spec, endpoint = change.desired(), change.endpoint
    if change.action in (ChangeAction.POLICY, ChangeAction.ADOPT):
        return None
    aws_id = (endpoint.vpc_endpoint_id or "") if endpoint else ""
    return compare_spec(
        spec if change.action != ChangeAction.DELETE else None,
        place=spec,
        account_id=change.request.account_id,
        endpoint_id="" if change.action in (ChangeAction.CREATE, ChangeAction.RECREATE) else aws_id,
        revoked=_revoked(change),
    )


def _revoked(change: Change) -> tuple[GroupRule, ...]:
    """Return the rules of security groups that a change removes."""
    if change.endpoint is None:
        return ()
    asked = () if change.action == ChangeAction.DELETE else change.desired().group_rules
    return tuple(item.rule for item in surplus(asked, rules_of(change.endpoint)))


def compare_spec(
    spec: EndpointSpec | None,
    *,
    place: EndpointSpec,
    account_id: int,
    endpoint_id: str = "",
    revoked: Iterable[GroupRule] = (),
) -> Comparison | None:
    """Return what a spec changes in its VPC; no spec means that the endpoint goes. None for an unknown VPC.

    `revoked` are the rules of security groups that go with it.
    """
    before = snapshot_of(
        account_id=account_id, region=place.region, vpc_id=place.vpc_id, service_name=place.service_name
    )
    if before.vpc is None:
        return None
    then = after(before, spec, endpoint_id=endpoint_id, revoked=revoked)
    subnets = sorted(before.subnets.values(), key=lambda item: (item.data.get("availability_zone", ""), item.label))
    found = tuple(
        Compared(
            item,
            reach(before, source_of(before, item.aws_id), place.service_name),
            reach(then, source_of(then, item.aws_id), place.service_name),
        )
        for item in subnets[:COMPARED]
    )
    return Comparison(place.service_name, before, then, found, more=max(0, len(subnets) - COMPARED))


__all__ = ["NEW", "Answer", "Call", "Comparison", "answer", "asks_policy", "clients", "compare", "reachers_of"]
