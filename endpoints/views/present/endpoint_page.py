"""Everything that an endpoint's page and its live fragment show."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings

from endpoints import permissions
from endpoints.domain import lifecycle
from endpoints.domain.ended import ENDED
from endpoints.domain.observed import BEYOND_RETRY, ObservedEndpoint
from endpoints.domain.plan import GONE_STATES
from endpoints.domain.rules import surplus
from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.models import AccountRegion, Endpoint, EndpointRequest, Operation, PolicyRevision
from endpoints.models.policies import CURRENT_STATES
from endpoints.permissions import Person
from endpoints.services import reading
from endpoints.services.reading import Known
from endpoints.templatetags import status
from endpoints.views.present import timeline
from endpoints.views.present.acceptance import Acceptance, acceptance_of
from endpoints.views.present.drift import DriftPart
from endpoints.views.present.facts import AT_REST, Comparison, Fact, Interface, comparisons_of, facts_of, interfaces_of
from endpoints.views.present.rules import RuleLine, Work, lines_of

GONE = ("deleting", "deleted", "discarded")
CHANGING = ("provisioning", "pending_acceptance", "updating", "deleting", "failed", "parked")
DELETABLE = lifecycle.ENDPOINT.transitions["delete"].sources
UPDATABLE = lifecycle.ENDPOINT.transitions["update"].sources
ENDED_IN_AWS = BEYOND_RETRY | GONE_STATES
"""AWS states from which an endpoint never comes back."""
ABSENT = {
    "missing": "AWS no longer has it. This is what was approved, and what a recreation would make again:",
    "deleted": "AWS no longer has it. This is what it was approved to be:",
    "discarded": "AWS never made it. This is what was asked for:",
}
"""Statuses of what AWS doesn't have, which costs nothing, each with what stands above the approved values."""


class EndpointPage:
    """An endpoint as one person sees it."""

    def __init__(self, endpoint: Endpoint, user: Person) -> None:
        self.endpoint = endpoint
        self.user = user
        self.spec: EndpointSpec = endpoint.desired_spec()
        self.observed: ObservedEndpoint | None = endpoint.observed_endpoint()

    @cached_property
    def known(self) -> Known:
        """Return what the inventory knows of the ids on the page. One query."""
        return reading.known_of(self.endpoint.account_id, self.endpoint.region, self.spec, extra=self._observed_ids())

    def _observed_ids(self) -> tuple[str, ...]:
        seen = self.observed
        if seen is None:
            return ()
        groups = (item.rule.group_id for item in seen.group_rules)
        return (*seen.subnet_ids, *seen.security_group_ids, *seen.route_table_ids, *groups)

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Return desired beside observed."""
        return comparisons_of(self.spec, self.observed, self.known.names) if self.observed else []

    @cached_property
    def facts(self) -> list[Fact]:
        """Return every value of the desired spec."""
        return facts_of(self.spec, self.known.names)

    @cached_property
    def interfaces(self) -> list[Interface]:
        """Return the network interfaces, those to come included."""
        if self.spec.is_gateway or self.endpoint.state.terminal:
            return []
        at_rest = self.endpoint.status in AT_REST
        return interfaces_of(self.spec, self.observed, self.known.subnets, self.known.names, at_rest=at_rest)

    @cached_property
    def rules(self) -> list[RuleLine]:
        """Return the rules of security groups that it carries, and those of its own that nobody asks for."""
        seen = reading.rules_of(self.endpoint)
        at_rest = self.endpoint.status in AT_REST or self.endpoint.state.terminal
        going = (item.rule for item in surplus(self.spec.group_rules, seen))
        work = Work.DONE if at_rest else Work.UNDER_WAY
        if self.endpoint.state.terminal:
            return lines_of((), self.spec.group_rules, seen, work, self.known.names)
        return lines_of(self.spec.group_rules, going, seen, work if self.observed else Work.ASKED, self.known.names)

    @property
    def aws_status(self) -> status.Status | None:
        """Return AWS's own word for the endpoint's state."""
        return status.of_aws(self.endpoint.aws_state) if self.endpoint.aws_state else None

    @cached_property
    def revisions(self) -> list[PolicyRevision]:
        """Return the policy's history, newest first."""
        return list(self.endpoint.policy_revisions.select_related("author", "approved_by", "restores"))

    @property
    def current_revision(self) -> PolicyRevision | None:
        """Return the revision that AWS holds."""
        return next((item for item in self.revisions if item.status in CURRENT_STATES), None)

    @property
    def in_effect_from(self) -> datetime | None:
        """Return when the applied revision will count as in effect; None when it does, or none is."""
        current = self.current_revision
        if current is None or current.status != "applied" or current.applied_at is None:
            return None
        return current.applied_at + timedelta(seconds=settings.PORTAL_POLICY_EFFECT_SECONDS)

    @cached_property
    def open_requests(self) -> list[EndpointRequest]:
        """Return the requests on the endpoint that the person may see and that aren't closed."""
        return reading.open_requests_of(self.endpoint, self.user)

    @cached_property
    def failure(self) -> Operation | None:
        """Return the operation that needs a person, with AWS's words."""
        if not self.endpoint.last_error_code:
            return None
        return self.endpoint.operations.filter(status="failed").select_related("request").first()

    @cached_property
    def parked(self) -> Operation | None:
        """Return the operation that an operator has parked, or wants parked, with who and why."""
        if self.endpoint.state.terminal or self.endpoint.status == "available":
            return None
        held = self.endpoint.operations.filter(status__in=("parked", "running"), parked_at__isnull=False)
        return held.select_related("request").first()

    @property
    def beyond_retry(self) -> bool:
        """Tell whether AWS will never have it available: it can only be deleted."""
        return self.endpoint.status == "failed" and self.endpoint.aws_state in BEYOND_RETRY

    @cached_property
    def waiting(self) -> Operation | None:
        """Return the deletion that waits until the endpoint's replacement is available."""
        if self.endpoint.status != "deleting":
            return None
        return self.endpoint.operations.filter(status="waiting").select_related("request").first()

    @cached_property
    def entries(self) -> list[timeline.Entry]:
        """Return the timeline."""
        return timeline.entries_of(reading.events_of_endpoint(self.endpoint))

    @cached_property
    def drift(self) -> DriftPart:
        """Return what differs from what was approved."""
        return DriftPart(self.endpoint)

    @property
    def can_repair(self) -> bool:
        """Tell whether the person may ask to restore or to accept what differs now."""
        return self.owned and self.endpoint.status in UPDATABLE and bool(self.drift.rows)

    @property
    def missing(self) -> bool:
        """Tell whether it was deleted outside of the portal."""
        return self.endpoint.status == "missing"

    @property
    def absent(self) -> str:
        """Return what to say above the approved values where AWS has nothing to compare them with any more."""
        return ABSENT.get(self.endpoint.status, "")

    @property
    def can_recreate(self) -> bool:
        """Tell whether the person may ask to have it made again now."""
        return self.owned and self.missing

    @property
    def ended_cure(self) -> str:
        """Return what to do about an endpoint that AWS ended although it was available."""
        return ENDED.get(self.endpoint.aws_state, "") if self.endpoint.status == "failed" and not self.failure else ""

    @cached_property
    def read_at(self) -> datetime | None:
        """Return when AWS was last read: the survey doesn't write where nothing is new. One query."""
        here = AccountRegion.objects.filter(account=self.endpoint.account_id, region=self.endpoint.region)
        times = [self.endpoint.observed_at, *here.values_list("surveyed_at", flat=True)]
        return max((item for item in times if item), default=None) if self.endpoint.observed_at else None

    @property
    def live(self) -> bool:
        """Tell whether something is about to change."""
        taking_effect = any(item.status == "applied" for item in self.revisions)
        return self.endpoint.status in CHANGING or taking_effect or bool(self.open_requests)

    @property
    def owned(self) -> bool:
        """Tell whether the person may ask for changes of it."""
        return permissions.can_change_endpoint(self.user, self.endpoint)

    @property
    def can_change_policy(self) -> bool:
        """Tell whether the person may propose another policy now."""
        return self.can_modify and self.takes_policy

    @property
    def takes_policy(self) -> bool:
        """Tell whether its type and its service take an endpoint policy."""
        gateway_load_balancer = self.spec.vpc_endpoint_type is EndpointType.GATEWAY_LOAD_BALANCER
        return not gateway_load_balancer and self.spec.service_name not in self.known.names.without_policy

    @property
    def can_modify(self) -> bool:
        """Tell whether the person may ask for a change of it in place now."""
        usable = self.endpoint.status in UPDATABLE and self.endpoint.vpc_endpoint_id is not None
        return self.owned and usable and self.endpoint.aws_state not in ENDED_IN_AWS

    @property
    def can_replace(self) -> bool:
        """Tell whether the person may ask for another endpoint in its place now."""
        return self.can_delete and self.endpoint.vpc_endpoint_id is not None

    @cached_property
    def acceptance(self) -> Acceptance | None:
        """Return what is asked of the service's owner, while AWS waits for them."""
        return acceptance_of(self.endpoint, self.known)

    @property
    def can_delete(self) -> bool:
        """Tell whether the person may ask for its deletion now."""
        return self.owned and self.endpoint.status in DELETABLE
