"""Everything that a request's page and its live fragment show."""

from __future__ import annotations

from functools import cached_property
from itertools import repeat

from endpoints import permissions
from endpoints.domain import lifecycle, sums
from endpoints.domain.observed import BEYOND_RETRY
from endpoints.domain.specs import EndpointSpec
from endpoints.models import Change, Endpoint, EndpointRequest, Operation, Review, User
from endpoints.models.operations import Trouble
from endpoints.models.requests import ChangeAction
from endpoints.permissions import Person
from endpoints.services import checks, reading
from endpoints.services.operations import retry_helps
from endpoints.services.requests import current_changes
from endpoints.services.several import Target
from endpoints.services.usage import usage_of
from endpoints.views.present import stepper, timeline
from endpoints.views.present.acceptance import Acceptance
from endpoints.views.present.change_page import ChangePage
from endpoints.views.present.failures import Failure, failures_of
from endpoints.views.present.marks import live_mark

EDITABLE = lifecycle.REQUEST.transitions["resubmit"].sources
WITHDRAWABLE = lifecycle.REQUEST.transitions["withdraw"].sources
REPEATABLE = ("rejected", "withdrawn")


class RequestPage:
    """A request as one person sees it."""

    def __init__(self, request: EndpointRequest, user: Person) -> None:
        self.request = request
        self.user = user

    @cached_property
    def changes(self) -> list[ChangePage]:
        """Return the current changes. Four queries, and one per region; and the checks' while it waits."""
        operations = {item.change_id: item for item in reading.operations_of(self.request)}
        changes = current_changes(self.request)

        def specs(change: Change) -> list[EndpointSpec]:
            return [item for item in (change.desired(), change.former()) if item]

        known = {
            region: reading.known_of(
                self.request.account_id,
                region,
                *[spec for item in changes if item.region == region for spec in specs(item)],
            )
            for region in {item.region for item in changes}
        }
        judged = checks.findings_now(self.request, changes) if self.request.status == "submitted" else repeat(None)
        pages = [
            ChangePage(item, operations.get(item.pk), known[item.region], found)
            for item, found in zip(changes, judged, strict=False)
        ]
        for page in pages:
            if page.change.action == ChangeAction.DELETE and page.endpoint and not self.request.state.terminal:
                page.usage = usage_of(page.endpoint, self.user, besides=self.request)
        return pages

    @property
    def many(self) -> bool:
        """Tell whether there are so many changes that each stands closed, and their sum above them."""
        return len(self.changes) >= sums.MANY

    @property
    def sum(self) -> str:
        """Return the changes in one line; empty where there are few."""
        return sums.in_words([item.told for item in self.changes]) if self.many else ""

    @property
    def stands_against(self) -> bool:
        """Tell whether a check keeps it from being approved by now."""
        return self.request.status == "submitted" and any(item.blocks for item in self.changes)

    @property
    def partly_done(self) -> bool:
        """Tell whether a part of it is done and another part failed: it can't be edited any more."""
        statuses = {item.operation.status for item in self.changes if item.operation}
        return "succeeded" in statuses and "failed" in statuses

    @property
    def again(self) -> list[str]:
        """Return the keys of several new endpoints that were refused or withdrawn before they were made."""
        unmade = [
            item.change
            for item in self.changes
            if item.change.action == ChangeAction.CREATE
            and (item.operation is None or item.operation.status == "cancelled")
        ]
        targets = [
            Target(self.request.account_id, one.region, one.vpc_id, one.service_name, one.vpc_endpoint_type)
            for one in unmade
        ]
        return [target.key for target in targets] if self.may_repeat and len(self.changes) > 1 else []

    @property
    def may_repeat(self) -> bool:
        """Tell whether it came to nothing and the person may ask anew for what it asked for."""
        return self.request.status in REPEATABLE and permissions.ENGINEERS.allows(self.user)

    @property
    def can_repeat(self) -> bool:
        """Tell whether the form can start with what it asked for: one new endpoint."""
        return self.may_repeat and [item.change.action for item in self.changes] == [ChangeAction.CREATE]

    @cached_property
    def reviews(self) -> list[Review]:
        """Return the decisions, newest first."""
        return reading.reviews_of(self.request)

    @cached_property
    def entries(self) -> list[timeline.Entry]:
        """Return the timeline."""
        return timeline.entries_of(reading.events_of_request(self.request))

    @cached_property
    def steps(self) -> list[stepper.Step]:
        """Return the steps."""
        latest = self.reviews[0] if self.reviews else None
        decided_at = latest.created_at if latest and latest.round == self.request.round else None
        return stepper.steps_of(self.request, [item.change for item in self.changes], decided_at=decided_at)

    @property
    def acceptances(self) -> list[Acceptance]:
        """Return what is asked of services' owners."""
        return [item.acceptance for item in self.changes if item.acceptance]

    @property
    def failures(self) -> list[Failure]:
        """Return what needs a person, or waits after an error of AWS."""
        found = [item.operation for item in self.changes if item.operation and item.operation.last_error_code]
        return failures_of(item for item in found if not item.state.terminal and item.status != "parked")

    @property
    def few_failed(self) -> bool:
        """Tell whether so few changes have to be looked at that each of them may stand open."""
        return sum(item.open for item in self.changes) <= sums.MANY

    @property
    def parked(self) -> list[Operation]:
        """Return the operations that an operator has parked, or wants parked, with who and why."""
        found = [item.operation for item in self.changes if item.operation]
        return [item for item in found if item.status == "parked" or item.park_asked]

    @property
    def late(self) -> list[Operation]:
        """Return the operations that should have gone on and haven't: operators are told."""
        found = [item.operation for item in self.changes if item.operation]
        return [item for item in found if item.trouble in (Trouble.OVERDUE, Trouble.STUCK)]

    @property
    def mark(self) -> str:
        """Return what this page shows, as the live fragment asks for it."""
        return live_mark(self.request.version, bool(self.late))

    @property
    def beyond_retry(self) -> bool:
        """Tell whether all that failed can only be withdrawn: the service's owner rejected it, or nobody accepted."""
        failed = [item.operation for item in self.changes if item.operation and item.operation.status == "failed"]
        return bool(failed) and not any(retry_helps(item) for item in failed)

    @property
    def ways_on(self) -> str:
        """Return what the person can do about what failed, in words; empty when it is for others."""
        ways = [("retry", self.can_retry), ("edit", self.can_edit), ("withdraw", self.can_withdraw)]
        words = [word for word, possible in ways if possible]
        return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)

    @property
    def last_word(self) -> Review | None:
        """Return the decision that the requester has to act on, or that ended the request."""
        if self.request.status in ("changes_requested", "rejected") and self.reviews:
            return self.reviews[0]
        return None

    @property
    def moves_traffic(self) -> bool:
        """Tell whether it is still to change the way that traffic takes: there is a before and an after to compare."""
        still = (ChangeAction.POLICY, ChangeAction.ADOPT)
        return self.live and any(item.change.action not in still for item in self.changes)

    @property
    def live(self) -> bool:
        """Tell whether anything can still happen without a new request."""
        return not self.request.state.terminal

    @property
    def can_decide(self) -> bool:
        """Tell whether the person may decide now."""
        return self.request.status == "submitted" and permissions.can_decide(self.user, self.request)

    @property
    def approved_by_me(self) -> bool:
        """Tell whether the person has given the first of two approvals; they may still refuse it."""
        return isinstance(self.user, User) and self.request.endorsed_by_id == self.user.pk

    @property
    def approvals(self) -> str:
        """Return how many of two approvals there are, and what comes next; empty where one decides."""
        request = self.request
        if request.status != "submitted" or request.approvals_needed < 2:
            return ""
        if not permissions.endorsement_stands(request):
            left = f" {request.endorsed_by}, who approved it, no longer decides on it." if request.endorsed_by else ""
            return f"It allows more in a protected account: two people must approve it.{left} 0 of 2 approvals."
        return f"1 of 2 approvals, by {request.endorsed_by}; a second reviewer must approve."

    @property
    def decides_not(self) -> str:
        """Return why the requester, who is an approver too, can't decide; empty for everybody else."""
        user = self.user
        own = isinstance(user, User) and user.pk == self.request.requester_id
        approver = self.request.account_id in permissions.roles_of(user).approver_of
        if self.request.status == "submitted" and own and approver:
            return "You asked for this yourself; somebody else has to decide."
        return ""

    @property
    def can_edit(self) -> bool:
        """Tell whether the person may edit now; what AWS has made already can't be edited."""
        made = any(
            item.operation is not None
            and (
                item.operation.status == "succeeded"
                or (item.change.action == ChangeAction.CREATE and item.endpoint and item.endpoint.vpc_endpoint_id)
            )
            for item in self.changes
        )
        return self.request.status in EDITABLE and not made and permissions.can_edit(self.user, self.request)

    @property
    def can_withdraw(self) -> bool:
        """Tell whether the person may withdraw now."""
        return self.request.status in WITHDRAWABLE and permissions.can_edit(self.user, self.request)

    @property
    def can_retry(self) -> bool:
        """Tell whether the person may retry now."""
        possible = self.request.status == "failed" and not self.beyond_retry
        return possible and permissions.can_retry(self.user, self.request)

    @property
    def ended(self) -> list[Endpoint]:
        """Return the endpoints that failed and that AWS never brings back: rejected, expired or made in part."""
        return [
            item.endpoint
            for item in self.changes
            if item.endpoint and item.operation and item.operation.status == "failed"
            if item.change.action != ChangeAction.DELETE and item.endpoint.aws_state in BEYOND_RETRY
        ]
