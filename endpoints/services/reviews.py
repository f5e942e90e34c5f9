"""What a reviewer does: approve, request changes, reject. Bound to what was read; never one's own request.

Some requests need two approvals, by two people (docs/adr/0011-second-reviewer.md).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import F, Q
from django.db.models.functions import Now

from endpoints import permissions
from endpoints.domain.lifecycle import Actor
from endpoints.models import AccountRegion, Change, Endpoint, EndpointRequest, Operation, Review
from endpoints.models.operations import client_token
from endpoints.models.requests import ChangeAction
from endpoints.models.reviews import Decision
from endpoints.queue import wake_operation
from endpoints.services import checks, events, operations, policies, policy_meaning, transitions, wording
from endpoints.services.actors import Who
from endpoints.services.errors import SWITCHED_OFF, Conflict, Invalid
from endpoints.services.requests import NOT_APPROVED, current_changes

MAX_COMMENT = 4000


def approve(*, request: EndpointRequest, content_hash: str, comment: str, by: Who, now: datetime) -> None:
    """Approve exactly what was read, and queue its work: state, review, endpoint, operation and event in one commit.

    The first of two approvals only endorses it; the request is `submitted` still. Raises PermissionDenied, or Conflict
    when somebody else was faster, the request isn't the one that was read, it takes somebody else to approve too, a
    check stands against it by now, or its account was switched off.
    """
    _check(request, by, comment, required=False)
    with events.recorded(events.chain_of(request.account)):
        request.refresh_from_db()  # the lock is held: nobody else decides on it now
        if not request.account.is_active:
            raise Conflict(SWITCHED_OFF)
        changes = current_changes(request)
        # An account that came to be protected asks for the second reviewer too; one that no longer is doesn't let go.
        needed = max(request.approvals_needed, policy_meaning.needed_now(request.account, changes))
        if needed > 1:
            _check_not_approved_before(request, by)
        if request.status == "submitted" and request.content_hash == content_hash:
            _check_possible_still(request, changes)
        first = needed > 1 and not permissions.endorsement_stands(request)
        (_endorse if first else _complete)(request, needed, content_hash, comment, by, now)
        _keep_review(request, Decision.APPROVED, content_hash, comment, by, now)
        for change in [] if first else changes:
            _start(change, request, by, now)


def _endorse(request: EndpointRequest, needed: int, content_hash: str, comment: str, by: Who, now: datetime) -> None:
    """Give the first of two approvals, in place of that of somebody who may no longer decide."""
    stamp = {"endorsed_by": by.person(), "endorsed_at": now, "endorsed_hash": content_hash}
    changes = {"approvals_needed": needed, **stamp}
    nobody_else = Q(endorsed_by=request.endorsed_by_id)
    _decide(request, "endorse", content_hash, by, now, where=nobody_else, changes=changes, comment=comment)


def _complete(request: EndpointRequest, needed: int, content_hash: str, comment: str, by: Who, now: datetime) -> None:
    """Give the only approval that is needed, or the second one."""
    stamp = {"approved_by": by.person(), "approved_at": now, "approved_hash": content_hash}
    # The UPDATE itself refuses a single approval where two are needed, and the same person's second one.
    by_two = Q(endorsed_hash=content_hash) & ~Q(endorsed_by=by.person())
    enough = by_two if needed > 1 else Q(approvals_needed=1)
    _decide(request, "approve", content_hash, by, now, where=enough, changes=stamp, comment=comment)


def _check_possible_still(request: EndpointRequest, changes: Sequence[Change]) -> None:
    """Refuse to approve what AWS would refuse by now: the network may have changed since the request was submitted."""
    found = checks.findings_now(request, changes)
    stands = checks.blocks([item for findings in found for item in findings])
    if stands:
        why = " ".join(stands.values())
        raise Conflict(f"It can't be approved as things are now. {why} Send it back, or reject it.")


def _check_not_approved_before(request: EndpointRequest, by: Who) -> None:
    """Refuse a second approval by the same person; it counts once, also if it was another's that stood meanwhile."""
    given = request.reviews.filter(round=request.round, reviewer=by.person(), decision=Decision.APPROVED)
    if request.status == "submitted" and given.exists():
        raise Conflict("You have approved this already. It takes a second reviewer, somebody else, to approve it too.")


def request_changes(*, request: EndpointRequest, content_hash: str, comment: str, by: Who, now: datetime) -> None:
    """Send a request back to its requester, saying what to change. Raises as `approve` does, and Invalid."""
    _check(request, by, comment, required=True)
    with events.recorded(events.chain_of(request.account)):
        _decide(request, "request_changes", content_hash, by, now, changes=NOT_APPROVED, comment=comment)
        _keep_review(request, Decision.CHANGES_REQUESTED, content_hash, comment, by, now)


def reject(*, request: EndpointRequest, content_hash: str, comment: str, by: Who, now: datetime) -> None:
    """Turn a request down, saying why. Raises as `approve` does, and Invalid without a comment."""
    _check(request, by, comment, required=True)
    with events.recorded(events.chain_of(request.account)):
        _decide(request, "reject", content_hash, by, now, changes={"closed_at": now}, comment=comment)
        _keep_review(request, Decision.REJECTED, content_hash, comment, by, now)
        for change in current_changes(request):
            if change.policy_revision:
                transitions.apply(
                    to=change.policy_revision, transition="decline", acting_as=Actor.APPROVER, who=by, now=now
                )


def _check(request: EndpointRequest, by: Who, comment: str, *, required: bool) -> None:
    permissions.check_can_decide(by.person(), request)
    if required and not comment.strip():
        raise Invalid({"comment": "Say what is wrong, so that the requester can mend it."})
    if len(comment) > MAX_COMMENT:
        raise Invalid({"comment": f"Write at most {MAX_COMMENT} characters."})
    if unreadable := wording.problem_of(comment, lines=True):
        raise Invalid({"comment": unreadable})


def _decide(
    request: EndpointRequest,
    transition: str,
    content_hash: str,
    by: Who,
    now: datetime,
    *,
    comment: str,
    changes: Mapping[str, Any] | None = None,
    where: Q | None = None,
) -> None:
    if request.content_hash != content_hash and request.status == "submitted":
        raise Conflict("The request was edited after you opened it. Read it again before you decide.")
    transitions.apply(
        to=request,
        transition=transition,
        acting_as=Actor.APPROVER,
        who=by,
        now=now,
        # The UPDATE itself refuses another content than the one read, and the requester's own decision.
        where=Q(content_hash=content_hash) & ~Q(requester=by.person()) & (where or Q()),
        changes=changes,
        summary=comment,
        data={"content_hash": content_hash},
    )


def _keep_review(
    request: EndpointRequest, decision: Decision, content_hash: str, comment: str, by: Who, now: datetime
) -> None:
    Review.objects.create(
        request=request,
        round=request.round,
        requester=request.requester,
        reviewer=by.person(),
        decision=decision,
        comment=comment,
        content_hash=content_hash,
        created_at=now,
    )


def _start(change: Change, request: EndpointRequest, by: Who, now: datetime) -> None:
    if change.kind.is_new_here:
        endpoint = _new_endpoint(change, request, by, now)
    else:
        endpoint = _endpoint_to_change(change, by, now)
    if change.policy_revision:
        policies.approve(revision=change.policy_revision, by=by, now=now)
    AccountRegion.objects.get_or_create(
        account=request.account, region=change.region, defaults={"inventory_due_at": now}
    )
    operation_id = uuid.uuid4()
    try:
        operation = Operation.objects.create(
            id=operation_id,
            change=change,
            request=request,
            endpoint=endpoint,
            account=request.account,
            region=change.region,
            action=change.action,
            client_token=client_token(operation_id),
            next_attempt_at=Now(),
            created_at=now,
        )
    except IntegrityError as error:
        raise Conflict("Another change of this endpoint is under way. Approve this one when it has ended.") from error
    if change.after:
        transitions.apply(to=operation, transition="hold", acting_as=Actor.APPROVER, who=by, now=now)
    elif change.position == 1:
        # One message for a request, however long; its other operations are found fairly, in half a second.
        wake_operation(operation_id, routine=operation.is_routine)


def _new_endpoint(change: Change, request: EndpointRequest, by: Who, now: datetime) -> Endpoint:
    try:
        endpoint = Endpoint.objects.create(
            account=request.account,
            region=change.region,
            vpc_id=change.vpc_id,
            service_name=change.service_name,
            vpc_endpoint_type=change.vpc_endpoint_type,
            vpc_endpoint_id=change.adopts or None,
            owner_team=request.owner_team,
            name=change.desired().name,
            desired=change.spec,
            created_at=now,
            updated_at=now,
        )
    except IntegrityError as error:
        raise Conflict(f"The portal manages {change.adopts} already. Reject this request.") from error
    Change.objects.filter(pk=change.pk).update(endpoint=endpoint)
    policies.first_revision(
        endpoint=endpoint,
        document=change.desired().policy_document,
        author=request.requester,
        reason=request.justification,
        proposed_at=request.submitted_at,
        by=by,
        now=now,
    )
    return endpoint


_BEGINS = {
    ChangeAction.MODIFY: "update",
    ChangeAction.POLICY: "update",
    ChangeAction.RECREATE: "recreate",
    ChangeAction.DELETE: "delete",
}


def _endpoint_to_change(change: Change, by: Who, now: datetime) -> Endpoint:
    endpoint = change.endpoint
    if endpoint is None:
        raise Conflict("The endpoint is no longer known. Reject this request.")
    changes: dict[str, Any] = {"desired": change.spec, "generation": F("generation") + 1}
    as_read = Q(generation=change.base_generation)
    if change.action == ChangeAction.MODIFY:
        changes["name"] = change.desired().name
    elif change.action == ChangeAction.RECREATE:
        # What AWS had is gone; its id stays in the events. One that failed with an id may be there still.
        changes |= {"vpc_endpoint_id": None, "aws_state": "", "observed": None, "observed_at": None}
        changes["available_at"] = None  # the new one has yet to become so
        as_read &= Q(status="missing") | Q(vpc_endpoint_id=None)
    transitions.apply(
        to=endpoint,
        transition=_BEGINS[change.kind],
        acting_as=Actor.APPROVER,
        who=by,
        now=now,
        where=as_read,
        changes=changes,
        data={"vpc_endpoint_id": endpoint.vpc_endpoint_id},
    )
    operations.overtake(endpoint=endpoint)
    return endpoint
