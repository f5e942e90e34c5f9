"""The automatic findings on a change: preflight over the inventory, and the policy's own."""

from __future__ import annotations

from dataclasses import replace

from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.models import Account, Endpoint
from endpoints.models.requests import ChangeAction, Severity
from endpoints.network import preflight
from endpoints.network.preflight import Finding
from endpoints.policy import grammar
from endpoints.services import adoption
from endpoints.services.choices import Choices
from endpoints.services.drafts import ChangeDraft, Draft
from endpoints.services.snapshots import Age, snapshot_for, snapshot_of

__all__ = ["Finding", "blocks", "findings_for", "findings_of", "findings_so_far", "policy_findings", "snapshot_for"]


def findings_of(draft: Draft) -> list[list[Finding]]:
    """Return the findings on each change of a draft, blocks first; a new endpoint knows which one it replaces."""
    replaced = {item.after: item.endpoint for item in draft.changes if item.action == ChangeAction.DELETE}
    return [
        findings_for(change, account=draft.account, replaces=replaced.get(position))
        for position, change in enumerate(draft.changes, start=1)
    ]


def findings_for(change: ChangeDraft, *, account: Account, replaces: Endpoint | None = None) -> list[Finding]:
    """Return the findings on a change, blocks first."""
    if change.action == ChangeAction.DELETE:
        return []
    found = policy_findings(change.spec)
    if change.action == ChangeAction.ADOPT:
        return _ordered(found + adoption.findings_for(change.spec, change.adopts, account=account))
    rules = preflight.POLICY_RULES if change.action == ChangeAction.POLICY else preflight.RULES
    snapshot = snapshot_for(change.spec, account=account)
    if change.action == ChangeAction.MODIFY and change.endpoint:
        former, own_id = change.endpoint.desired_spec(), change.endpoint.vpc_endpoint_id or ""
        snapshot = replace(snapshot, former=former, own_id=own_id)
    elif replaces:
        snapshot = replace(snapshot, replaced_id=replaces.vpc_endpoint_id or "")
    found += preflight.check(change.spec, snapshot, rules)
    return _ordered(found)


def findings_so_far(spec: EndpointSpec, choices: Choices) -> list[Finding]:
    """Return what preflight says to a form's choices, from the rows that the form has read anyway.

    One query where the VPC is connected to others. The region's quota is judged at the review.
    """
    read = choices.region_choice()
    age = Age(read.inventory_at, read.stale) if read else Age()
    snapshot = snapshot_of(
        choices.rows, region=spec.region, vpc_id=spec.vpc_id, service_name=spec.service_name, age=age
    )
    return list(preflight.check(spec, snapshot))


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


def policy_findings(spec: EndpointSpec) -> list[Finding]:
    """Return what there is to say about a spec's policy, each with its line and column."""
    if spec.vpc_endpoint_type is EndpointType.GATEWAY_LOAD_BALANCER:
        return []
    if spec.policy_document is None:
        message = "Full access: whoever reaches the endpoint may do anything that their own permissions allow."
        cure = "Choose a custom policy to narrow it."
        return [Finding("policy-full-access", "info", "policy_document", message, cure)]
    return [
        Finding(
            f"policy-{item.rule}",
            item.severity,
            "policy_document",
            f"Line {item.line}, column {item.column}: {item.message}",
            item.cure,
        )
        for item in grammar.check(spec.policy_document, vpc_endpoint_type="Gateway" if spec.is_gateway else "Interface")
    ]
