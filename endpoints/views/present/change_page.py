"""One change of a request, with its endpoint and operation, as the request's page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils import timezone

from endpoints.domain import lifecycle
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.specs import EndpointSpec
from endpoints.domain.sums import Told
from endpoints.domain.words import drops_connections
from endpoints.models import Change, Check, Endpoint, Operation, PolicyRevision
from endpoints.models.requests import ChangeAction, Severity
from endpoints.network.preflight import Finding
from endpoints.policy.diff import Difference, side_by_side
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.services import reading
from endpoints.services.policies import same_policy
from endpoints.services.reading import Known
from endpoints.services.usage import Usage
from endpoints.templatetags import status
from endpoints.views.present.acceptance import Acceptance, acceptance_of
from endpoints.views.present.facts import AT_REST, Delta, Fact, Interface, deltas_of, facts_of, interfaces_of
from endpoints.views.present.meaning import ShownMeaning, meaning_of
from endpoints.views.present.rules import RuleLine, lines_of, work_of
from endpoints.views.present.use import ChangeUse, change_use


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the network interfaces are."""

    value: int
    maximum: int


class ChangePage:
    """One change with its endpoint and operation, if any."""

    def __init__(
        self, change: Change, operation: Operation | None, known: Known, checks: Sequence[Check | Finding] | None = None
    ) -> None:
        self.change = change
        self.operation = operation
        self.known = known
        self.endpoint: Endpoint | None = operation.endpoint if operation else change.endpoint
        self.spec: EndpointSpec = change.desired()
        self.former: EndpointSpec | None = change.former()
        self.usage: Usage | None = None
        self.observed: ObservedEndpoint | None = self.endpoint.observed_endpoint() if self.endpoint else None
        self.checked_at = timezone.now() if checks is not None else None
        self.checks = checks if checks is not None else list(change.checks.all())

    @property
    def told(self) -> Told:
        """Return what the sum of the request needs of it."""
        return Told(self.change.action, self.change.vpc_id, self.operation.status if self.operation else "")

    @property
    def name(self) -> str:
        """Return it in a few words, for where it is one of many."""
        return f"{self.change.position}. {self.change.get_action_display()} {self.spec.short_service}"

    @property
    def warnings(self) -> int:
        """Return how many of its checks warn."""
        return sum(item.severity == Severity.WARN for item in self.checks)

    @property
    def blocks(self) -> list[Check | Finding]:
        """Return what stands against it."""
        return [item for item in self.checks if item.severity == Severity.BLOCK]

    @property
    def open(self) -> bool:
        """Tell whether it has to be looked at, where many changes stand closed."""
        return self.operation is not None and self.operation.status in ("failed", "parked")

    @cached_property
    def facts(self) -> list[Fact]:
        """Return every value of the change."""
        return facts_of(self.spec, self.known.names)

    @cached_property
    def plan(self) -> tuple[str, ...]:
        """Return the plan in words."""
        return reading.plan_in_words(
            action=self.change.action,
            spec=self.spec,
            endpoint=self.endpoint,
            names=self.known.names,
            former=self.former,
            replaced=self.change.after is not None,
        )

    @cached_property
    def drops(self) -> bool:
        """Tell whether a change in place drops open connections."""
        if self.change.action != ChangeAction.MODIFY:
            return False
        action, spec = self.change.action, self.spec
        return drops_connections(reading.planned(action=action, spec=spec, endpoint=self.endpoint, former=self.former))

    @cached_property
    def deltas(self) -> list[Delta]:
        """Return the fields that a change in place gives another value."""
        if self.change.action != ChangeAction.MODIFY or self.former is None:
            return []
        return deltas_of(self.former, self.spec, self.known.names)

    @cached_property
    def interfaces(self) -> list[Interface]:
        """Return the network interfaces, those to come included; none for a Gateway or once it is deleted."""
        if self.spec.is_gateway or self.endpoint is None or self.endpoint.state.terminal:
            return []
        if self.observed is None and self.endpoint.status == "parked":
            return []  # none is being made
        at_rest = self.endpoint.status in AT_REST
        return interfaces_of(self.spec, self.observed, self.known.subnets, self.known.names, at_rest=at_rest)

    @cached_property
    def rules(self) -> list[RuleLine]:
        """Return the rules of security groups that it adds or removes, each with where it stands."""
        deletes = self.change.action == ChangeAction.DELETE
        asked = () if deletes else self.spec.group_rules
        going = (*(self.spec.group_rules if deletes else ()), *(self.former.group_rules if self.former else ()))
        if not asked and not going:
            return []
        seen = reading.rules_of(self.endpoint) if self.endpoint else ()
        return lines_of(asked, going, seen, work_of(self.operation), self.known.names)

    @property
    def progress(self) -> Progress | None:
        """Return how many network interfaces are there, while they are being made."""
        if self.change.action != ChangeAction.CREATE or not self.interfaces or self.operation is None:
            return None
        if self.operation.state.terminal:
            return None
        ready = sum(item.status.tone == lifecycle.Tone.OK for item in self.interfaces)
        return Progress(ready, len(self.interfaces))

    @property
    def aws_status(self) -> status.Status | None:
        """Return AWS's own word for the endpoint's state."""
        return status.of_aws(self.endpoint.aws_state) if self.endpoint and self.endpoint.aws_state else None

    @property
    def acceptance(self) -> Acceptance | None:
        """Return what is asked of the service's owner, while AWS waits for them."""
        return acceptance_of(self.endpoint, self.known)

    @cached_property
    def previous(self) -> PolicyRevision | None:
        """Return the revision that this policy change was written against, or the one before it."""
        revision = self.change.policy_revision
        if revision is None:
            return None
        return (
            PolicyRevision.objects.filter(endpoint=revision.endpoint_id, number__lt=revision.number)
            .exclude(status__in=("declined", "proposed", "approved"))
            .order_by("-number")
            .first()
        )

    @cached_property
    def difference(self) -> Difference | None:
        """Return a policy change side by side with what it replaces."""
        if self.change.policy_revision is None or self.change.action not in (ChangeAction.POLICY, ChangeAction.MODIFY):
            return None
        before = self.previous.document if self.previous else FULL_ACCESS
        return side_by_side(before, self.spec.policy_document or FULL_ACCESS)

    @cached_property
    def meaning(self) -> ShownMeaning | None:
        """Return what its policy gains and loses, as kept at submission."""
        return meaning_of(self.change)

    @cached_property
    def use(self) -> ChangeUse | None:
        """Return what recorded calls say about its policy, as a worker kept it."""
        return change_use(self.change)

    @cached_property
    def restored(self) -> Difference | None:
        """Return what AWS has beside the approved policy, where a change brings back the latter."""
        if self.change.action != ChangeAction.MODIFY or self.change.policy_revision or self.observed is None:
            return None
        there, approved = self.observed.policy_document, self.spec.policy_document
        return None if same_policy(there, approved) else side_by_side(there or FULL_ACCESS, approved or FULL_ACCESS)

    @property
    def shows_policy(self) -> bool:
        """Tell whether the policy is new to the reader as a whole."""
        return self.spec.policy_document is not None and self.change.action not in ("modify", "policy", "delete")
