"""What a requester does: submit, edit and submit again, withdraw, retry."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from endpoints import permissions
from endpoints.domain import lifecycle
from endpoints.domain.lifecycle import Actor
from endpoints.models import Change, Check, EndpointRequest, Operation, PolicyRevision
from endpoints.models.operations import LIVE
from endpoints.models.requests import ChangeAction
from endpoints.queue import wake_operation
from endpoints.services import (
    attempts,
    checks,
    deadletters,
    events,
    operations,
    policies,
    policy_meaning,
    transitions,
    use,
)
from endpoints.services.actors import Who
from endpoints.services.drafts import ChangeDraft, Draft
from endpoints.services.errors import SWITCHED_OFF, Conflict, Invalid

NOT_APPROVED = {
    **dict.fromkeys(("endorsed_by", "endorsed_at", "endorsed_hash")),
    **dict.fromkeys(("approved_by", "approved_at", "approved_hash")),
}
"""The columns of a request that nobody has approved, or not in this round."""


def submit(*, draft: Draft, by: Who, now: datetime, submission_key: UUID) -> EndpointRequest:
    """Submit a request for review. The same `submission_key` again gives the same request: a double click makes one.

    Raises PermissionDenied, and Invalid with the problem beside each field, blocking checks included.
    """
    user = by.person()
    permissions.check_can_request(user, draft.owner_team)
    known = _already_submitted(submission_key, by)
    if known:
        return known
    findings = _checked(draft, by)
    meanings = policy_meaning.meanings_of(draft)
    try:
        with events.recorded(events.chain_of(draft.account)):
            request = EndpointRequest.objects.create(
                account=draft.account,
                title=draft.title,
                justification=draft.justification,
                owner_team=draft.owner_team,
                requester=user,
                submission_key=submission_key,
                content_hash=draft.content_hash(),
                approvals_needed=policy_meaning.needed_for(draft.account, meanings),
                created_at=now,
                submitted_at=now,
                updated_at=now,
            )
            _add_changes(request, draft, findings, meanings, by, now)
            events.record(
                chain=events.chain_of(draft.account),
                who=by,
                verb="request.submitted",
                at=now,
                request_id=request.pk,
                data={"content_hash": request.content_hash, "round": request.round},
            )
    except IntegrityError:
        known = _already_submitted(submission_key, by)  # the other click won while we checked
        if known is None:
            raise
        return known
    return request


def resubmit(*, request: EndpointRequest, draft: Draft, by: Who, now: datetime) -> EndpointRequest:
    """Submit an edited request again, as a new round with new changes; earlier approvals no longer hold.

    Raises PermissionDenied, Invalid, or Conflict when it can't be edited (any more).
    """
    permissions.check_can_edit(by.person(), request)
    permissions.check_can_request(by.person(), draft.owner_team)
    if draft.account.pk != request.account_id:
        raise Invalid({"account": "A request stays in its account. Withdraw this one and make another."})
    draft = _rebased(request, draft)
    findings = _checked(draft, by, besides=request)
    meanings = policy_meaning.meanings_of(draft)
    edited = request.round
    with events.recorded(events.chain_of(request.account)):
        request.refresh_from_db()  # the lock is held: this is the round that stands
        if request.round != edited:
            raise Conflict("This request was submitted again meanwhile, and has come back since.")
        _retire_round(request, by, now, for_edit=True)
        transitions.apply(
            to=request,
            transition="resubmit",
            acting_as=Actor.REQUESTER,
            who=by,
            now=now,
            changes={
                "title": draft.title,
                "justification": draft.justification,
                "owner_team": draft.owner_team,
                "content_hash": draft.content_hash(),
                "round": F("round") + 1,
                "submitted_at": now,
                "approvals_needed": policy_meaning.needed_for(draft.account, meanings),
                **NOT_APPROVED,
            },
            data={"content_hash": draft.content_hash()},
        )
        _add_changes(request, draft, findings, meanings, by, now)
    return request


def withdraw(*, request: EndpointRequest, by: Who, now: datetime) -> None:
    """Take a request back, before it is approved or after it failed. Raises PermissionDenied or Conflict."""
    permissions.check_can_edit(by.person(), request)
    with events.recorded(events.chain_of(request.account)):
        request.refresh_from_db()  # the lock is held: this is the round that stands
        _retire_round(request, by, now, for_edit=False)
        transitions.apply(
            to=request,
            transition="withdraw",
            acting_as=Actor.REQUESTER,
            who=by,
            now=now,
            changes={"closed_at": now},
        )


def retry(*, request: EndpointRequest, by: Who, now: datetime) -> None:
    """Queue what failed once more, as it was approved. Raises PermissionDenied or Conflict."""
    permissions.check_can_retry(by.person(), request)
    role = Actor.REQUESTER if request.requester_id == by.person().pk else Actor.OPERATOR
    with events.recorded(events.chain_of(request.account)):
        request.refresh_from_db()
        failed = _operations(request).filter(status="failed").select_related("endpoint", "account", "change")
        helped = [item for item in failed if operations.retry_helps(item)]
        if failed and not helped:
            raise Conflict("Trying again can't help. " + failed[0].last_cure)
        transitions.apply(to=request, transition="retry", acting_as=role, who=by, now=now)
        for operation in helped:
            operations.requeue(operation=operation, by=by, acting_as=role, now=now)
            wake_operation(operation.pk, routine=operation.is_routine)
        transaction.on_commit(deadletters.forget)


def current_changes(request: EndpointRequest) -> list[Change]:
    """Return the changes of the round that is under review or was approved, in order."""
    return list(
        request.changes.filter(round=request.round)
        .select_related("endpoint", "policy_revision")
        .prefetch_related("checks")
        .order_by("position")
    )


def _already_submitted(key: UUID, by: Who) -> EndpointRequest | None:
    known = EndpointRequest.objects.filter(submission_key=key).first()
    if known and known.requester_id != by.person().pk:
        raise Conflict("This form was used already. Open a new one.")
    return known


def _checked(draft: Draft, by: Who, *, besides: EndpointRequest | None = None) -> list[list[checks.Finding]]:
    problems = draft.problems() | _asked_already(draft, besides)
    if not draft.account.is_active:
        problems["account"] = SWITCHED_OFF
    for change in draft.changes:
        if change.endpoint:
            permissions.check_can_change_endpoint(by.person(), change.endpoint)
            if change.endpoint.account_id != draft.account.pk:
                problems["account"] = "A request is about one account: that of the endpoint."
    findings = checks.findings_of(draft, besides=besides)
    problems |= checks.blocks([item for found in findings for item in found])
    if problems:
        raise Invalid(problems)
    return findings


def _asked_already(draft: Draft, besides: EndpointRequest | None) -> dict[str, str]:
    """Return the problem that another open request deletes the same endpoint.

    Without a lock: of two that are submitted at once, the later one ends in a conflict when it is approved.
    """
    doomed = [item.endpoint for item in draft.changes if item.action == ChangeAction.DELETE]
    if not doomed:
        return {}
    asked = Change.objects.filter(
        action=ChangeAction.DELETE,
        endpoint__in=doomed,
        round=F("request__round"),
        request__status__in=lifecycle.REQUEST.live(),
    )
    other = asked.exclude(request=besides).select_related("request").first()
    if other is None:
        return {}
    reference = other.request.reference
    return {"": f"{reference} asks for its deletion already. Follow that request, or have it withdrawn first."}


def _add_changes(
    request: EndpointRequest,
    draft: Draft,
    findings: list[list[checks.Finding]],
    meanings: list[policy_meaning.Meaning | None],
    by: Who,
    now: datetime,
) -> None:
    changes = Change.objects.bulk_create(
        Change(
            request=request,
            round=request.round,
            position=position,
            action=asked.action,
            region=asked.spec.region,
            vpc_id=asked.spec.vpc_id,
            service_name=asked.spec.service_name,
            vpc_endpoint_type=asked.spec.vpc_endpoint_type,
            spec=asked.spec.to_dict(),
            spec_hash=asked.spec.sha256(),
            base_generation=asked.base_generation,
            base_spec=asked.endpoint.desired if asked.endpoint else None,
            adopts=asked.adopts,
            after=asked.after,
            endpoint=asked.endpoint,
            policy_revision=_proposed(asked, draft.justification, by, now),
            meaning=meaning,
        )
        for position, (asked, meaning) in enumerate(zip(draft.changes, meanings, strict=True), start=1)
    )
    Check.objects.bulk_create(
        Check(change=change, rule=item.rule, severity=item.severity, message=item.message, cure=item.cure)
        for change, found in zip(changes, findings, strict=True)
        for item in found
    )
    for change in changes:
        if change.policy_revision_id and change.endpoint_id:
            use.ask(endpoint_id=change.endpoint_id)  # what was recorded there is held against the new policy


def _proposed(asked: ChangeDraft, why: str, by: Who, now: datetime) -> PolicyRevision | None:
    if asked.endpoint is None or not (asked.action == ChangeAction.POLICY or asked.changes_policy):
        return None
    return policies.propose(
        endpoint=asked.endpoint,
        document=asked.spec.policy_document,
        by=by,
        reason=asked.reason or why,
        now=now,
        restores=asked.restores,
    )


def _operations(request: EndpointRequest) -> QuerySet[Operation]:
    return Operation.objects.filter(request=request, change__round=request.round)


_RETIRED = ("failed", "parked", "waiting", "waiting_acceptance")
"""Operations that an edit or a withdrawal closes."""
_PUT_BACK = ("failed", "parked", "deleting")
"""Endpoints that then get their last confirmed spec back."""


def _rebased(request: EndpointRequest, draft: Draft) -> Draft:
    """Return the draft on what its endpoints are put back to when this round is retired: their last confirmed spec."""
    retired = {
        item.endpoint_id: item
        for item in _operations(request).filter(status__in=_RETIRED).select_related("endpoint", "change")
        if not item.change.kind.is_new_here and item.endpoint.status in _PUT_BACK and not operations.overtaken(item)
    }
    changes = []
    for asked in draft.changes:
        operation = retired.get(asked.endpoint.pk) if asked.endpoint else None
        if operation and asked.endpoint and asked.base_generation is not None:
            endpoint = copy(asked.endpoint)
            endpoint.desired, endpoint.generation = _settled_spec(operation), endpoint.generation + 1
            asked = replace(asked, endpoint=endpoint, base_generation=asked.base_generation + 1)
        changes.append(asked)
    return replace(draft, changes=tuple(changes))


def _retire_round(request: EndpointRequest, by: Who, now: datetime, *, for_edit: bool) -> None:
    """Close what the current round had begun: its failed operations, their endpoints, its proposed revisions."""
    begun = list(_operations(request).select_related("endpoint__account", "account", "change"))
    if for_edit and any(item.status == "succeeded" for item in begun):
        raise Conflict("A part of this request is done already; it can't be edited. Retry or withdraw it.")
    if for_edit and any(item.change.kind.creates and item.endpoint.vpc_endpoint_id for item in begun):
        raise Conflict("AWS has made an endpoint for this request. Retry it, or withdraw it and ask for its deletion.")
    if any(item.status in LIVE for item in begun):
        raise Conflict("A worker is at a part of this request. Wait until it has ended.")
    for operation in begun:
        if operation.status in _RETIRED:
            _retire_operation(operation, by, now)
    for revision in PolicyRevision.objects.filter(changes__request=request, changes__round=request.round).filter(
        Q(status="proposed") | Q(status="approved")
    ):
        transitions.apply(to=revision, transition="decline", acting_as=Actor.REQUESTER, who=by, now=now)


def _retire_operation(operation: Operation, by: Who, now: datetime) -> None:
    is_overtaken = operations.overtaken(operation)  # then a later change has looked at what AWS has
    if operation.status == "parked" and not is_overtaken and attempts.unanswered(operation):
        raise Conflict(
            "It was parked before AWS's last answer was known, so AWS may have done it. Ask an operator to resume it: "
            "the portal then looks. Withdraw after that."
        )
    transitions.apply(
        to=operation,
        transition="cancel",
        acting_as=Actor.REQUESTER,
        who=by,
        now=now,
        changes={"finished_at": now},
    )
    if is_overtaken:
        return  # its endpoint is the later change's
    endpoint = operation.endpoint
    kind = operation.change.kind
    if kind.is_new_here:
        unmade = kind is ChangeAction.ADOPT or not endpoint.vpc_endpoint_id
        if not unmade and endpoint.status == "parked":
            left = {"last_error_code": "Withdrawn", "last_error": "Its request was withdrawn before it was finished."}
            transitions.apply(to=endpoint, transition="leave", acting_as=Actor.REQUESTER, who=by, now=now, changes=left)
        if unmade and endpoint.status in ("failed", "parked"):
            transitions.apply(
                to=endpoint,
                transition="discard",
                acting_as=Actor.REQUESTER,
                who=by,
                now=now,
                # Let go of an endpoint that wasn't adopted in the end: somebody may ask for it again.
                changes={"closed_at": now, "vpc_endpoint_id": None},
            )
            policies.decline_open(endpoint=endpoint, by=by, acting_as=Actor.REQUESTER, now=now)
    elif endpoint.status in _PUT_BACK:
        settled = _settled_spec(operation)
        transitions.apply(
            to=endpoint,
            transition="go_missing" if _is_missing(operation) else "restore",
            acting_as=Actor.REQUESTER,
            who=by,
            now=now,
            changes={
                "desired": settled,
                "name": settled.get("name", ""),
                "generation": F("generation") + 1,
                "last_error": "",
                "last_error_code": "",
            },
        )


def _is_missing(operation: Operation) -> bool:
    """Tell whether AWS has no such endpoint, as far as is known: a recreation that made none, or a loss on the way."""
    endpoint = operation.endpoint
    return not endpoint.vpc_endpoint_id or operation.last_error_code == "InvalidVpcEndpointId.NotFound"


def _settled_spec(operation: Operation) -> dict[str, object]:
    """Return the endpoint's spec before this operation: that of its last change that AWS confirmed."""
    last = (
        Operation.objects.filter(endpoint=operation.endpoint_id, status="succeeded")
        .exclude(action=ChangeAction.DELETE)
        .order_by("-finished_at")
        .values_list("change__spec", flat=True)
        .first()
    )
    return last if last is not None else operation.endpoint.desired
