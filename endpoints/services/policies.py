"""Policy revisions: proposed with a request, approved with it, applied by a worker, in effect some minutes later."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Max
from django.db.models.functions import Now

from endpoints.domain.hashing import sha256
from endpoints.domain.lifecycle import Actor
from endpoints.models import Endpoint, PolicyRevision, User
from endpoints.models.policies import CURRENT_STATES
from endpoints.policy.document import PolicySyntaxError, parse
from endpoints.policy.meaning import FULL_ACCESS, equivalent, minified
from endpoints.services import events, transitions
from endpoints.services.actors import WORKER, Who

SWEEP_BATCH = 500


def same_policy(first: str | None, second: str | None) -> bool:
    """Tell whether two policy texts mean the same; None stands for full access.

    An unreadable text equals only itself.
    """
    if first == second:
        return True
    try:
        return equivalent(parse(first or FULL_ACCESS), parse(second or FULL_ACCESS))
    except PolicySyntaxError:
        return first == second


def wire_text(document: str) -> str:
    """Return a document as it is sent to AWS, whose 20,480 characters include white space: without any."""
    return minified(parse(document))


def propose(
    *,
    endpoint: Endpoint,
    document: str | None,
    by: Who,
    reason: str,
    now: datetime,
    restores: PolicyRevision | None = None,
) -> PolicyRevision:
    """Add the next revision of an endpoint's policy, to be reviewed. Runs in the caller's recorded transaction."""
    last = endpoint.policy_revisions.aggregate(last=Max("number"))["last"] or 0
    text = document if document is not None else FULL_ACCESS
    revision = PolicyRevision.objects.create(
        endpoint=endpoint,
        number=last + 1,
        document=text,
        document_sha256=sha256(text),
        is_default=document is None,
        author=by.person(),
        reason=reason,
        restores=restores,
        proposed_at=now,
    )
    _tell(revision, by, "policy.proposed", now)
    return revision


def first_revision(
    *,
    endpoint: Endpoint,
    document: str | None,
    author: User,
    reason: str,
    proposed_at: datetime,
    by: Who,
    now: datetime,
) -> PolicyRevision:
    """Add revision 1 of an endpoint whose creation was just approved, approved with it."""
    text = document if document is not None else FULL_ACCESS
    revision = PolicyRevision.objects.create(
        endpoint=endpoint,
        number=1,
        document=text,
        document_sha256=sha256(text),
        is_default=document is None,
        author=author,
        reason=reason,
        proposed_at=proposed_at,
    )
    approve(revision=revision, by=by, now=now)
    return revision


def approve(*, revision: PolicyRevision, by: Who, now: datetime) -> None:
    """Approve a proposed revision, as part of approving its request."""
    transitions.apply(
        to=revision,
        transition="approve",
        acting_as=Actor.APPROVER,
        who=by,
        now=now,
        changes={"approved_by": by.person(), "approved_at": now},
        data={"revision": revision.number},
    )


def applied(*, endpoint: Endpoint, now: datetime) -> None:
    """Note that AWS holds the approved revision now; the one before is replaced.

    It is the one that says what the endpoint should have: another may be approved whose change failed. An earlier one
    is overtaken, and never sent.
    """
    wanted = sha256(endpoint.desired_spec().policy_document or FULL_ACCESS)
    approved = endpoint.policy_revisions.filter(status="approved")
    revision = approved.filter(document_sha256=wanted).order_by("-number").first()
    if revision is None:
        return
    for old in approved.filter(number__lt=revision.number):
        transitions.apply(to=old, transition="decline", acting_as=Actor.WORKER, who=WORKER, now=now)
    for old in endpoint.policy_revisions.filter(status__in=CURRENT_STATES):
        transitions.apply(
            to=old,
            transition="replace",
            acting_as=Actor.WORKER,
            who=WORKER,
            now=now,
            changes={"replaced_at": now},
            data={"revision": old.number},
        )
    transitions.apply(
        to=revision,
        transition="apply",
        acting_as=Actor.WORKER,
        who=WORKER,
        now=now,
        changes={"applied_at": now},
        data={"revision": revision.number},
    )


def decline_open(*, endpoint: Endpoint, by: Who, acting_as: Actor, now: datetime) -> None:
    """Decline every revision of an endpoint that never came to be used."""
    for revision in endpoint.policy_revisions.filter(status__in=("proposed", "approved")):
        transitions.apply(to=revision, transition="decline", acting_as=acting_as, who=by, now=now)


def let_take_effect(*, now: datetime) -> int:
    """Mark the applied revisions as in effect whose minutes have passed; return how many.

    AWS gives no signal for this: its guide says that a changed policy "can take a few minutes" to take effect.
    """
    waited = Now() - timedelta(seconds=settings.PORTAL_POLICY_EFFECT_SECONDS)
    due = PolicyRevision.objects.filter(status="applied", applied_at__lte=waited).select_related("endpoint__account")
    count = 0
    for revision in due.order_by("applied_at")[:SWEEP_BATCH]:
        with events.recorded(events.chain_of(revision.endpoint.account)):
            try:
                transitions.apply(
                    to=revision,
                    transition="take_effect",
                    acting_as=Actor.WORKER,
                    who=WORKER,
                    now=now,
                    changes={"in_effect_at": now},
                    data={"revision": revision.number},
                )
            except transitions.LostRace:
                continue  # a later revision replaced it, or another sweeper was faster
            touch(revision.endpoint)
            count += 1
    return count


def touch(endpoint: Endpoint) -> None:
    """Raise the endpoint's version, so that pages that show it reload."""
    Endpoint.objects.filter(pk=endpoint.pk).update(version=F("version") + 1)


def _tell(revision: PolicyRevision, by: Who, verb: str, now: datetime) -> None:
    events.record(
        chain=events.chain_of(revision.endpoint.account),
        who=by,
        verb=verb,
        at=now,
        endpoint_id=revision.endpoint_id,
        summary=revision.reason,
        data={"revision": revision.number, "sha256": revision.document_sha256},
    )
