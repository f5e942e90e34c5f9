"""The JSON dry run: what a request would meet, do and cost. Nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from endpoints import permissions
from endpoints.api.base import PortalView
from endpoints.api.problems import BadParameters
from endpoints.api.schema import BODY_PROBLEMS, PROBLEMS
from endpoints.api.serializers.parts import SpecField
from endpoints.api.views import person_of
from endpoints.domain.specs import EndpointSpec, SpecError
from endpoints.models import Account, Endpoint, User
from endpoints.models.requests import ChangeAction, Severity
from endpoints.models.visibility import accounts_whose_network_is_visible_to
from endpoints.network.cost import DEFAULT_GB, MAX_GB, ZERO, Estimate, to_cent
from endpoints.services import costs, dryrun
from endpoints.services.drafts import MAX_CHANGES, ChangeDraft

ACTIONS = (ChangeAction.CREATE, ChangeAction.MODIFY, ChangeAction.POLICY, ChangeAction.DELETE)
EXAMPLE = {
    "account": "123456789012",
    "changes": [
        {
            "action": "create",
            "spec": {
                "region": "eu-west-1",
                "vpc_id": "vpc-0123456789abcdef0",
                "service_name": "com.amazonaws.eu-west-1.secretsmanager",
                "vpc_endpoint_type": "Interface",
                "subnet_ids": ["subnet-0123456789abcdef0"],
                "private_dns_enabled": True,
            },
        }
    ],
}


class PlannedChangeSerializer(serializers.Serializer[Any]):
    """One change to try. `spec` is as in a request, without the account; for an endpoint that exists, what changes."""

    action = serializers.ChoiceField(choices=[(str(item), item.label) for item in ACTIONS], default="create")
    endpoint = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="The endpoint's id in this API, unless it is new."
    )
    spec = serializers.DictField(required=False, default=dict)


class PlanSerializer(serializers.Serializer[Any]):
    """A request to try."""

    account = serializers.CharField(max_length=12, help_text="The AWS account, by its twelve digits.")
    changes = PlannedChangeSerializer(  # type: ignore[call-arg]  # the stubs don't know the list's own options
        many=True, allow_empty=False, max_length=MAX_CHANGES
    )
    gb = serializers.DecimalField(
        max_digits=12,
        decimal_places=2,
        min_value=ZERO,
        max_value=MAX_GB,
        default=DEFAULT_GB,
        coerce_to_string=True,
        help_text="GB a month through each endpoint, for the cost.",
    )


class PlanFindingSerializer(serializers.Serializer[Any]):
    """What a check says, as it would stand in the request. `field` is the spec's field that it is about."""

    rule = serializers.CharField()
    severity = serializers.ChoiceField(choices=Severity.choices)
    field = serializers.CharField(allow_blank=True)
    message = serializers.CharField()
    cure = serializers.CharField(allow_blank=True)


class MonthSerializer(serializers.Serializer[Estimate]):
    """A month of an endpoint in USD, to the cent."""

    hours_usd = serializers.SerializerMethodField()
    data_usd = serializers.SerializerMethodField()
    total_usd = serializers.SerializerMethodField()
    nat_data_usd = serializers.SerializerMethodField(help_text="What a NAT gateway takes for the same data.")
    assumed = serializers.ListField(
        child=serializers.CharField(), help_text="The prices that are assumed from another region."
    )

    def get_hours_usd(self, month: Estimate) -> str:
        """Return the hours' part."""
        return _money(month.hours)

    def get_data_usd(self, month: Estimate) -> str:
        """Return the data's part."""
        return _money(month.data)

    def get_total_usd(self, month: Estimate) -> str:
        """Return both together."""
        return _money(month.total)

    def get_nat_data_usd(self, month: Estimate) -> str | None:
        """Return what NAT takes; None where it could not take the endpoint's place."""
        return None if month.nat_data is None else _money(month.nat_data)


class TriedChangeSerializer(serializers.Serializer[Any]):
    """What would become of one change."""

    action = serializers.ChoiceField(choices=ChangeAction.choices)
    spec = SpecField()
    blocked = serializers.BooleanField(help_text="Whether a finding would stop the submission.")
    findings = PlanFindingSerializer(many=True)
    plan = serializers.ListField(child=serializers.CharField(), help_text="What a worker would do, in words.")
    drops_connections = serializers.BooleanField(help_text="Whether open connections of clients drop.")
    cost = MonthSerializer(source="after", allow_null=True)
    cost_before = MonthSerializer(source="before", allow_null=True)


class TriedSerializer(serializers.Serializer[Any]):
    """A dry run: nothing was stored. `monthly_difference_usd` is how much more a month costs with all of it."""

    blocked = serializers.BooleanField()
    changes = TriedChangeSerializer(many=True)
    monthly_difference_usd = serializers.CharField()
    prices_as_of = serializers.DateField()


class BadBody(BadParameters):
    """A body that can't be taken; `problems` names its fields."""

    def __init__(self, problems: Mapping[str, list[str]]) -> None:
        super().__init__(problems)
        self.detail = f"Mend these fields: {', '.join(sorted(self.problems))}."  # type: ignore[assignment]  # a text


class Plan(PortalView):
    """A dry run of a request."""

    @extend_schema(
        operation_id="plan",
        request=PlanSerializer,
        responses={
            200: TriedSerializer,
            **{code: text for code, text in PROBLEMS.items() if code not in (304, 404)},
            **BODY_PROBLEMS,
        },
        examples=[OpenApiExample("One new endpoint", EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> HttpResponse:
        """Try a request: the checks, the plan in words and the cost that it would have. Nothing is stored."""
        asked = PlanSerializer(data=request.data)
        if not asked.is_valid():
            raise BadBody(_flat(asked.errors))
        values = asked.validated_data
        user = person_of(request)
        account = accounts_whose_network_is_visible_to(user).filter(account_id=values["account"]).first()
        if account is None:
            raise BadBody({"account": ["Name an active account that you may ask in, by its twelve digits."]})
        tried = dryrun.dry_run(account=account, changes=_changes(values["changes"], account, user), gb=values["gb"])
        difference = sum((_cost(item.after) - _cost(item.before) for item in tried), ZERO)
        answer = {
            "blocked": any(item.blocked for item in tried),
            "changes": [_shown(item) for item in tried],
            "monthly_difference_usd": _money(difference),
            "prices_as_of": costs.prices().as_of,
        }
        response: HttpResponse = Response(TriedSerializer(answer).data)
        response["Cache-Control"] = "no-store"
        return response


def _changes(asked: list[dict[str, Any]], account: Account, user: User) -> list[ChangeDraft]:
    """Return the drafts. Raises BadBody with each problem at its field."""
    wanted = {item["endpoint"] for item in asked if "endpoint" in item}
    known = {item.pk: item for item in Endpoint.objects.visible_to(user).filter(pk__in=wanted, account=account.pk)}
    problems: dict[str, list[str]] = {}
    drafts = []
    for number, item in enumerate(asked):
        try:
            drafts.append(_draft(item, known, account, user))
        except SpecError as error:
            problems |= {f"changes.{number}.{name}": [text] for name, text in error.problems.items()}
    if problems:
        raise BadBody(problems)
    return drafts


def _draft(item: Mapping[str, Any], known: Mapping[int, Endpoint], account: Account, user: User) -> ChangeDraft:
    action = ChangeAction(item["action"])
    spec = item["spec"]
    if action == ChangeAction.CREATE:
        if "endpoint" in item:
            raise SpecError({"endpoint": "A new endpoint has no id yet: leave it out."})
        return ChangeDraft(action=action, spec=_spec({**spec, "account_id": account.account_id}))
    endpoint = known.get(item.get("endpoint", 0))
    if endpoint is None:
        raise SpecError({"endpoint": "Name an endpoint of this account that you may see, by its id here."})
    try:
        permissions.check_can_change_endpoint(user, endpoint)
    except PermissionDenied as error:
        raise SpecError({"endpoint": str(error)}) from None
    if action == ChangeAction.DELETE and spec:
        raise SpecError({"spec": "A deletion takes no spec: leave it out."})
    if action == ChangeAction.POLICY and set(spec) != {"policy_document"}:
        raise SpecError({"spec": "A change of policy takes policy_document, and nothing else."})
    if moved := {"account_id", "region"} & set(spec):
        raise SpecError({f"spec.{name}": "An endpoint stays where it is: leave it out." for name in moved})
    return ChangeDraft(
        action=action,
        spec=_spec({**endpoint.desired, **spec}),
        endpoint=endpoint,
        base_generation=endpoint.generation,
    )


def _spec(values: Mapping[str, Any]) -> EndpointSpec:
    """Return a spec. Raises SpecError, also for values of another kind than a spec has."""
    try:
        return EndpointSpec.from_dict(_typed(values))
    except SpecError as error:
        raise SpecError({f"spec.{name}": text for name, text in error.problems.items()}) from None


def _typed(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values where each is of the kind that its field has. Raises SpecError."""
    problems = {}
    for name, value in values.items():
        fits, words = _KINDS.get(name, _TEXT)
        if not fits(value):
            problems[name] = words
    if problems:
        raise SpecError(problems)
    return values


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _pairs(value: Any) -> bool:
    return isinstance(value, list) and all(_texts(pair) and len(pair) == 2 for pair in value)


def _addresses(value: Any) -> bool:
    known = {"subnet_id", "ipv4"}
    return isinstance(value, list) and all(
        isinstance(part, dict) and set(part) == known and _texts(list(part.values())) for part in value
    )


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)


_TEXT = (lambda value: isinstance(value, str)), "Write a text."
_SWITCH = (lambda value: isinstance(value, bool)), "Write true or false."
_IDS = _texts, "Write a list of ids."
_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "policy_document": (
        lambda value: value is None or isinstance(value, str),
        "Write the policy as a text, or null for full access.",
    ),
    **dict.fromkeys(("subnet_ids", "security_group_ids", "route_table_ids"), _IDS),
    **dict.fromkeys(
        ("private_dns_enabled", "private_dns_when_available", "private_dns_only_for_inbound_resolver_endpoint"), _SWITCH
    ),
    "tags": (_pairs, "Write a list of pairs of key and value."),
    "subnet_configurations": (_addresses, "Write a list of objects with subnet_id and ipv4."),
    "group_rules": (_objects, "Write a list of rules, each an object."),
}
"""What tells whether a value is of its field's kind, and what to write where it isn't; the others are texts."""


def _shown(item: dryrun.Planned) -> dict[str, Any]:
    return {
        "action": item.action,
        "spec": item.spec.to_dict(),
        "blocked": item.blocked,
        "findings": item.findings,
        "plan": item.plan,
        "drops_connections": item.drops_connections,
        "after": item.after,
        "before": item.before,
    }


def _cost(month: Estimate | None) -> Decimal:
    return month.total if month else ZERO


def _money(amount: Decimal) -> str:
    return str(to_cent(amount))


def _flat(errors: Any, path: str = "") -> dict[str, list[str]]:
    """Return a serializer's errors with each field by its path, such as `changes.0.action`."""
    if isinstance(errors, Mapping):
        parts = [(f"{path}.{name}" if path else str(name), value) for name, value in errors.items()]
    elif errors and all(isinstance(item, Mapping) for item in errors):
        parts = [(f"{path}.{number}", value) for number, value in enumerate(errors)]
    else:
        return {path.removesuffix(".non_field_errors"): [str(item) for item in errors]}
    return {name: texts for part, value in parts for name, texts in _flat(value, part).items()}
