"""The automatic findings on a change: preflight over the inventory, and the policy's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from endpoints.domain.rules import GroupRule
from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.models import Account, Change, Endpoint, EndpointRequest
from endpoints.models.requests import ChangeAction, Severity
from endpoints.network import preflight
from endpoints.network.after import after, beside, of_this_request
from endpoints.network.preflight import Finding
from endpoints.network.snapshot import Part, Snapshot
from endpoints.policy.lint import lint
from endpoints.services import adoption
from endpoints.services.choices import Choices
from endpoints.services.coming import Place, asked_too, endpoints_coming
from endpoints.services.drafts import ChangeDraft, Draft, replaced_by
from endpoints.services.snapshots import Age, snapshot_of, snapshots_for

__all__ = [
    "Finding",
    "blocks",
    "findings_for",
    "findings_now",
    "findings_of",
    "findings_so_far",
    "policy_findings",
    "possible_rules",
]


def findings_of(draft: Draft, *, besides: EndpointRequest | None = None) -> list[list[Finding]]:
    """Return the findings on each change of a draft, blocks first, in a few queries for all of them.

    A new endpoint knows which one it replaces, the new ones that come before it in the request, and those that the
    inventory doesn't show yet. `besides` is the request that is edited: it doesn't stand in its own way.
    """
    return findings_of_changes(draft.changes, account=draft.account, besides=besides)


def findings_now(request: EndpointRequest, changes: Sequence[Change]) -> list[list[Finding]]:
    """Return what the checks say now of each change of a request that waits for a decision; see `findings_of`.

    Where its account came to be protected, a second reviewer is asked in place of refusing full access (ADR 0011).
    """
    drafts = [ChangeDraft.of(change) for change in changes]
    judged = findings_of_changes(drafts, account=request.account, besides=request)
    warned = [[replace(item, severity="warn") if _refused(item) else item for item in found] for found in judged]
    return [_ordered(_overtaken(change) + found) for change, found in zip(changes, warned, strict=True)]


def _overtaken(change: Change) -> list[Finding]:
    """Return the finding that another change of the endpoint came first: this one was asked for on what was before."""
    if change.endpoint is None or change.base_generation in (None, change.endpoint.generation):
        return []
    message = "The endpoint was changed after this was asked for, so that this would undo it unseen."
    return [Finding("overtaken", "block", "", message, "It has to be asked for anew.")]


def findings_of_changes(
    changes: Sequence[ChangeDraft], *, account: Account, besides: EndpointRequest | None = None
) -> list[list[Finding]]:
    """Return the findings on changes that are asked for together; see `findings_of`.

    `besides` is the request that asks for them, where there is one: it doesn't stand in its own way.
    """
    judged = [item.spec for item in changes if item.action != ChangeAction.DELETE]
    snapshots = snapshots_for(judged, account=account)
    by_place = dict(zip(map(_place, judged), snapshots, strict=True))
    coming = endpoints_coming(account, by_place, besides=besides)
    asked, known = asked_too(changes, account=account, besides=besides), iter(snapshots)
    found: list[list[Finding]] = []
    new: list[tuple[str, EndpointSpec]] = []
    for position, (change, too) in enumerate(zip(changes, asked, strict=True), start=1):
        if change.action == ChangeAction.DELETE:
            found.append([])
            continue
        own = change.endpoint.pk if change.endpoint else None
        made = [(item.aws_id or item.name, item.spec) for item in coming[_place(change.spec)] if item.pk != own]
        snapshot = beside(next(known), [*made, *same_vpc(new, change.spec)])
        found.append(_ordered(too + _judged(change, snapshot, account, replaced_by(changes, position))))
        if change.action == ChangeAction.CREATE:
            new.append((of_this_request(position), change.spec))
    return found


def _place(spec: EndpointSpec) -> Place:
    return spec.region, spec.vpc_id


def _refused(item: Finding) -> bool:
    return item.severity == Severity.BLOCK and item.rule == f"policy-{REFUSED}"


def findings_for(change: ChangeDraft, *, account: Account) -> list[Finding]:
    """Return the findings on a change that is asked for alone, blocks first."""
    return findings_of_changes([change], account=account)[0]


def same_vpc(specs: Iterable[tuple[str, EndpointSpec]], spec: EndpointSpec) -> list[tuple[str, EndpointSpec]]:
    """Return those of named specs that are about the same VPC as another."""
    return [item for item in specs if (item[1].region, item[1].vpc_id) == (spec.region, spec.vpc_id)]


def _judged(change: ChangeDraft, snapshot: Snapshot, account: Account, replaces: Endpoint | None) -> list[Finding]:
    takes_policy = snapshot.service is None or snapshot.service.data.get("policy_supported", True)
    found = policy_findings(change.spec, protected=account.protected, keeps=_keeps(change)) if takes_policy else []
    if change.action == ChangeAction.ADOPT:
        return _ordered(found + adoption.findings_for(change.spec, change.adopts, account=account))
    rules = preflight.POLICY_RULES if change.action == ChangeAction.POLICY else preflight.RULES
    if change.action == ChangeAction.MODIFY and change.endpoint:
        former, own_id = change.endpoint.desired_spec(), change.endpoint.vpc_endpoint_id or ""
        snapshot = replace(snapshot, former=former, own_id=own_id)
    elif change.action == ChangeAction.RECREATE and change.endpoint and change.endpoint.vpc_endpoint_id:
        # The inventory may still show what AWS has lost.
        snapshot = after(snapshot, None, endpoint_id=change.endpoint.vpc_endpoint_id)
    elif replaces:
        snapshot = replace(snapshot, replaced_id=replaces.vpc_endpoint_id or "")
    found += preflight.check(change.spec, snapshot, rules)
    return _ordered(found)


def findings_so_far(
    spec: EndpointSpec,
    choices: Choices,
    *,
    former: EndpointSpec | None = None,
    own_id: str = "",
    others: Iterable[tuple[str, EndpointSpec]] = (),
    connected: Mapping[str, Part] | None = None,
) -> list[Finding]:
    """Return what preflight says to a form's choices, from the rows that the form has read anyway.

    `former` and `own_id` are of the endpoint that is changed. `others` are new endpoints of the same VPC that come
    before it in the request. One query where the VPC is connected to others, unless the caller knows what is
    `connected`. The region's quota is judged at the review.
    """
    snapshot = replace(_snapshot_so_far(spec, choices, connected), former=former, own_id=own_id)
    return list(preflight.check(spec, beside(snapshot, others)))


def possible_rules(spec: EndpointSpec, choices: Choices) -> tuple[GroupRule, ...]:
    """Return the rules of security groups that a request for this spec can carry, from the form's rows. No query."""
    return preflight.possible_rules(spec, _snapshot_so_far(spec, choices, connected={}))


def _snapshot_so_far(spec: EndpointSpec, choices: Choices, connected: Mapping[str, Part] | None) -> Snapshot:
    read = choices.region_choice()
    age = Age(read.inventory_at, read.stale) if read else Age()
    return snapshot_of(
        choices.rows,
        region=spec.region,
        vpc_id=spec.vpc_id,
        service_name=spec.service_name,
        age=age,
        connected=connected,
    )


def _ordered(found: list[Finding]) -> list[Finding]:
    order = {"block": 0, "warn": 1, "info": 2}
    return sorted(found, key=lambda item: order[item.severity])


def blocks(found: list[Finding]) -> dict[str, str]:
    """Return the findings that stop a submission, as sentences by field."""
    problems: dict[str, str] = {}
    for item in found:
        if item.severity == Severity.BLOCK:
            sentence = f"{item.message} {item.cure}".strip()
            problems[item.field] = f"{problems[item.field]} {sentence}" if item.field in problems else sentence
    return problems


def _keeps(change: ChangeDraft) -> bool:
    """Tell whether a change leaves AWS with the policy that is there, or brings back the approved one."""
    if change.action in (ChangeAction.ADOPT, ChangeAction.RECREATE):
        return True
    if change.action != ChangeAction.MODIFY or change.endpoint is None:
        return False
    return change.spec.to_dict() == change.endpoint.desired


def policy_findings(spec: EndpointSpec, *, protected: bool = False, keeps: bool = False) -> list[Finding]:
    """Return what there is to say about a spec's policy, each with its line and column.

    In a `protected` account full access is refused, but for a change that `keeps` what is there: refusing that would
    leave AWS as it is, only unknown to the portal or not as approved.
    """
    if spec.vpc_endpoint_type is EndpointType.GATEWAY_LOAD_BALANCER:
        return []
    if spec.policy_document is None:
        return [_full_access(protected, keeps)]
    found = lint(
        spec.policy_document,
        vpc_endpoint_type="Gateway" if spec.is_gateway else "Interface",
        service_name=spec.service_name,
        protected=protected,
    )
    return [
        Finding(
            f"policy-{item.rule}",
            Severity.WARN if keeps and item.rule == REFUSED else item.severity,
            "policy_document",
            f"Line {item.line}, column {item.column}: {item.message}",
            item.cure,
        )
        for item in found
    ]


REFUSED = "protected-full-access"
"""The linter's rule of full access in a protected account."""
FULL_ACCESS_RULE = "policy-full-access"
"""The finding that no policy is asked for, where the account isn't protected."""


def _full_access(protected: bool, keeps: bool) -> Finding:
    """Return the finding that no policy is asked for."""
    if protected:
        message = "Full access: this account is protected, and no endpoint of it gets full access."
        cure = "Choose a custom policy; an endpoint that exists gets it by a change of its policy."
        return Finding(f"policy-{REFUSED}", "warn" if keeps else "block", "policy_document", message, cure)
    message = "Full access: whoever reaches the endpoint may do anything that their own permissions allow."
    return Finding(FULL_ACCESS_RULE, "info", "policy_document", message, "Choose a custom policy to narrow it.")
