"""Reading for pages: names of AWS ids, the plan in words, an object's events. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db.models import Exists, F, JSONField, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Coalesce

from endpoints.domain import lifecycle
from endpoints.domain.actions import Action, AuthorizeRule, CreateEndpoint, DeleteEndpoint, ModifyEndpoint
from endpoints.domain.plan import plan
from endpoints.domain.rules import ObservedRule, missing
from endpoints.domain.specs import EndpointSpec
from endpoints.domain.words import Names, explain, left_behind
from endpoints.models import (
    Change,
    Endpoint,
    EndpointRequest,
    Event,
    InventoryItem,
    Operation,
    PolicyRevision,
    Review,
    User,
)
from endpoints.models.inventory import InventoryKind
from endpoints.models.policies import CURRENT_STATES
from endpoints.models.requests import ChangeAction, EndpointRequestQuerySet
from endpoints.permissions import Person
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.services import group_rules, policies

ROUND = F("round")
"""A request's current round, in queries on requests."""
TIMELINE = 100
"""Entries that a page shows at most; the events page has them all."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the inventory knows of what some specs speak of: names by AWS id, subnets' zone and range, services' owners
    (account ids, by service name)."""

    names: Names
    subnets: Mapping[str, Mapping[str, str]]
    owners: Mapping[str, str]


def known_of(account_id: int, region: str, *specs: EndpointSpec, extra: tuple[str, ...] = ()) -> Known:
    """Return what the inventory knows of the ids in specs, and of `extra` ids. One query."""
    ids = {item for spec in specs for item in (spec.vpc_id, spec.service_name, *_parts(spec))} | set(extra)
    rows = InventoryItem.objects.filter(account=account_id, region=region, aws_id__in=ids)
    found = list(rows.values_list("kind", "aws_id", "name", "data"))
    services = {aws_id: data for kind, aws_id, _, data in found if kind == InventoryKind.SERVICE}
    return Known(
        Names(
            {aws_id: name for kind, aws_id, name, _ in found if name and kind != InventoryKind.SERVICE},
            ask_their_owner=frozenset(key for key, data in services.items() if data.get("acceptance_required")),
            without_policy=frozenset(key for key, data in services.items() if not data.get("policy_supported", True)),
        ),
        {aws_id: data for kind, aws_id, _, data in found if kind == InventoryKind.SUBNET},
        {aws_id: data.get("owner", "") for aws_id, data in services.items()},
    )


def service_owner(account: str) -> Coalesce:
    """Return the expression for the owner (an account id, or empty) of the service that a row names.

    `account` is the row's path to its account; the row has `region` and `service_name`.
    """
    services = InventoryItem.objects.filter(
        account=OuterRef(account),
        region=OuterRef("region"),
        kind=InventoryKind.SERVICE,
        aws_id=OuterRef("service_name"),
    )
    return Coalesce(Subquery(services.values("data__owner")[:1], output_field=JSONField()), Value("", JSONField()))


def accept_command(endpoint: Endpoint) -> str:
    """Return the command by which the owner of an endpoint's service accepts its connection.

    Empty where the service's name holds no id, as those of AWS's own services: only their owner knows it.
    """
    service_id = endpoint.service_name.rpartition(".")[2]
    if not service_id.startswith("vpce-svc-"):
        return ""
    return (
        f"aws ec2 accept-vpc-endpoint-connections --region {endpoint.region} "
        f"--service-id {service_id} --vpc-endpoint-ids {endpoint.vpc_endpoint_id}"
    )


def _parts(spec: EndpointSpec) -> tuple[str, ...]:
    groups = (item.group_id for item in spec.group_rules)
    return (*spec.subnet_ids, *spec.security_group_ids, *spec.route_table_ids, *groups)


def plan_in_words(
    *,
    action: str,
    spec: EndpointSpec,
    endpoint: Endpoint | None,
    names: Names,
    former: EndpointSpec | None = None,
    replaced: bool = False,
) -> tuple[str, ...]:
    """Return what a worker would do now, as sentences; for a creation whatever AWS holds already.

    `former` is what the endpoint should have been before the change, where its own spec says no more; `replaced`
    tells of a deletion that another endpoint takes the place of.
    """
    if action == ChangeAction.ADOPT:
        return ("Nothing changes in AWS: the portal manages the endpoint as it is from now on.",)
    if not ChangeAction(action).creates and (endpoint is None or endpoint.observed is None):
        return ("AWS has no such endpoint as far as the portal knows: there is nothing to do.",)
    actions = planned(action=action, spec=spec, endpoint=endpoint, former=former)
    if replaced:
        actions = tuple(replace(item, replaced=True) if isinstance(item, DeleteEndpoint) else item for item in actions)
    sentences = [line for item in actions for line in explain(item, names)]
    if action == ChangeAction.DELETE and endpoint is not None:
        sentences += left_behind(rules_of(endpoint), names)
    if action == ChangeAction.MODIFY and _private_dns_follows(spec, endpoint, actions):
        sentences.append(
            "When it is available again, will switch private DNS on: the service's own name resolves to private "
            "addresses in the whole VPC."
        )
    return tuple(sentences) or ("AWS is as asked already: nothing has to be done.",)


def planned(
    *, action: str, spec: EndpointSpec, endpoint: Endpoint | None, former: EndpointSpec | None = None
) -> tuple[Action, ...]:
    """Return the actions that a worker would carry out now; for a creation whatever AWS holds already."""
    if ChangeAction(action).creates:
        there = rules_of(endpoint) if endpoint and action == ChangeAction.RECREATE else ()
        return (CreateEndpoint(spec), *map(AuthorizeRule, missing(spec.group_rules, there)))
    observed = endpoint.observed_endpoint() if endpoint else None
    if endpoint is None or observed is None or action == ChangeAction.ADOPT:
        return ()
    return plan(
        desired=None if action == ChangeAction.DELETE else spec,
        observed=observed,
        same_policy=policies.same_policy,
        full_access=FULL_ACCESS,
        former=former or endpoint.desired_spec(),
        rules=rules_of(endpoint),
    )


def rules_of(endpoint: Endpoint) -> tuple[ObservedRule, ...]:
    """Return the rules of an endpoint as last seen, and who else asks for them by now. One query where it has any."""
    observed = endpoint.observed_endpoint()
    rules = observed.group_rules if observed else ()
    if not rules:
        return ()
    wanted = group_rules.wanted(endpoint.account_id, endpoint.region)
    others = [bool(wanted.get(item.rule.content, frozenset()) - {endpoint.pk}) for item in rules]
    return tuple(replace(item, shared=shared) for item, shared in zip(rules, others, strict=True))


def _private_dns_follows(spec: EndpointSpec, endpoint: Endpoint | None, actions: tuple[Action, ...]) -> bool:
    observed = endpoint.observed_endpoint() if endpoint else None
    if observed is None or observed.private_dns_enabled or not spec.private_dns_enabled:
        return False
    return not any(isinstance(item, ModifyEndpoint) and item.private_dns_enabled for item in actions)


def current_round() -> Prefetch[str]:
    """Return the prefetch that puts a request's current changes into `current`, in order."""
    changes = (
        Change.objects.filter(round=F("request__round"))
        .select_related("endpoint", "operation", "policy_revision__restores")
        .annotate(service_owner=service_owner("request__account"))
    )
    return Prefetch("changes", queryset=changes.order_by("position"), to_attr="current")


def requests_with_current_changes() -> EndpointRequestQuerySet:
    """Return requests as lists show them: with people, account and the current changes. Two queries a page."""
    rows: EndpointRequestQuerySet = EndpointRequest.objects.select_related("account", "owner_team", "requester")
    return rows.prefetch_related(current_round())


def operations_of(request: EndpointRequest) -> list[Operation]:
    """Return the operations of a request's current round, with endpoints and `trouble`, in the changes' order."""
    return list(
        Operation.objects.with_trouble()
        .filter(request=request, change__round=request.round)
        .select_related("endpoint", "change")
        .order_by("change__position")
    )


def events_of_request(request: EndpointRequest) -> list[Event]:
    """Return a request's events, newest first."""
    return list(Event.objects.filter(request_id=request.pk).order_by("-id")[:TIMELINE])


def events_of_endpoint(endpoint: Endpoint) -> list[Event]:
    """Return an endpoint's events, newest first."""
    return list(Event.objects.filter(endpoint_id=endpoint.pk).order_by("-id")[:TIMELINE])


def events_of_operation(operation: Operation) -> list[Event]:
    """Return an operation's events, the small steps included, newest first."""
    own = Q(data__operation=str(operation.pk)) | Q(verb__startswith="aws.", endpoint_id=operation.endpoint_id)
    return list(Event.objects.filter(own, request_id=operation.request_id).order_by("-id")[:TIMELINE])


def reviews_of(request: EndpointRequest) -> list[Review]:
    """Return the decisions on a request, newest first."""
    return list(request.reviews.select_related("reviewer").order_by("-id"))


def current_revision(endpoint: Endpoint) -> PolicyRevision | None:
    """Return the policy revision that AWS holds, applied or in effect."""
    return endpoint.policy_revisions.filter(status__in=CURRENT_STATES).select_related("author", "approved_by").first()


def open_requests_of(endpoint: Endpoint, user: Person) -> list[EndpointRequest]:
    """Return the requests on an endpoint that aren't closed, as far as a person may see them."""
    if not isinstance(user, User):
        return []
    return list(
        EndpointRequest.objects.visible_to(user)
        .filter(status__in=lifecycle.REQUEST.live())
        .filter(Exists(Change.objects.filter(request=OuterRef("pk"), round=OuterRef("round"), endpoint=endpoint)))
        .select_related("account", "owner_team", "requester")
    )
