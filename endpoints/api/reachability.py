"""Reachability as JSON: how a subnet, an instance or an interface reaches a service."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from django.http import Http404, HttpResponse, JsonResponse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from endpoints.api.base import PortalView
from endpoints.api.problems import BadParameters, unknown_parameters
from endpoints.api.schema import PROBLEMS
from endpoints.api.views import person_of
from endpoints.domain.specs import ACCOUNT_ID, AWS_ID, REGION, SERVICE_NAME
from endpoints.models.visibility import accounts_whose_network_is_visible_to
from endpoints.network import dns
from endpoints.network.hops import HTTPS, Cure, Outcome, Status
from endpoints.network.sources import UnknownSource
from endpoints.services import reachability
from endpoints.services.reachability import Answer, Call

LONGEST = 2048


class Asked(serializers.Serializer[Any]):
    """What is asked. The account, region and VPC are as the portal's workers last read them."""

    account = serializers.CharField(
        validators=[RegexValidator(ACCOUNT_ID, "Write the account's twelve digits.")],
        help_text="The AWS account, by its twelve digits.",
    )
    region = serializers.CharField(
        validators=[RegexValidator(REGION, "Write a region such as eu-west-1.")], help_text="The region."
    )
    vpc_id = serializers.CharField(
        validators=[RegexValidator(AWS_ID, "Write an id such as vpc-0123456789abcdef0.")], help_text="The VPC's id."
    )
    source = serializers.CharField(  # type: ignore[assignment]  # the stubs' attribute of instances
        validators=[RegexValidator(AWS_ID, "Write the id of a subnet, an instance or an interface.")],
        help_text="The id of a subnet, an instance or a network interface of the VPC.",
    )
    service_name = serializers.CharField(
        validators=[RegexValidator(SERVICE_NAME, "Write a service name such as com.amazonaws.eu-west-1.s3.")],
        help_text="The service's name.",
    )
    group = serializers.ListField(
        child=serializers.CharField(validators=[RegexValidator(AWS_ID, "Write an id such as sg-0123456789abcdef0.")]),
        required=False,
        default=list,
        max_length=5,
        help_text="For a subnet: the clients' security groups; give it again for each. None: any of the VPC's.",
    )
    resolve = serializers.ChoiceField(
        choices=(dns.SERVICE_NAME, dns.ENDPOINT_NAME),
        default=dns.SERVICE_NAME,
        help_text="Which name is called: the service's own, or the endpoint's.",
    )
    port = serializers.IntegerField(min_value=1, max_value=65535, default=HTTPS, help_text="The service's TCP port.")
    principal = serializers.CharField(max_length=LONGEST, default="*", help_text="Who calls, for the policy.")
    action = serializers.CharField(
        max_length=128, default="", help_text="What is called, such as s3:GetObject. Without it no policy is asked."
    )
    resource = serializers.CharField(max_length=LONGEST, default="*", help_text="On what, for the policy.")


class CureSerializer(serializers.Serializer[Cure]):
    """What to do. `act` is `request`, `modify` or `policy` (the portal's forms, which take `values`), or `outside`."""

    text = serializers.CharField()
    act = serializers.ChoiceField(choices=("request", "modify", "policy", "outside"))
    values = serializers.DictField(source="fields", help_text="What the form is filled with.")
    command = serializers.CharField(allow_blank=True, help_text="A line of the AWS CLI.")


class HopSerializer(serializers.Serializer[Any]):
    """One hop of the way."""

    key = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=[item.value for item in Status])
    reason = serializers.CharField()
    evidence = serializers.ListField(child=serializers.CharField(), help_text="The rules and routes that decided.")
    cure = CureSerializer(allow_null=True)


class AnswerSerializer(serializers.Serializer[Answer]):
    """Where traffic gets, and every hop of the way. `broken` is the first hop at which it stops."""

    outcome = serializers.ChoiceField(choices=[item.value for item in Outcome], source="verdict.outcome")
    summary = serializers.CharField(source="verdict.summary")
    endpoint_ids = serializers.ListField(child=serializers.CharField(), source="verdict.endpoint_ids")
    addresses = serializers.ListField(
        child=serializers.CharField(), source="verdict.addresses", help_text="What the name answers."
    )
    broken = serializers.SerializerMethodField()
    cure = CureSerializer(source="verdict.cure", allow_null=True)
    hops = HopSerializer(many=True, source="verdict.hops")
    read_at = serializers.DateTimeField(
        source="snapshot.read_at", allow_null=True, help_text="When the VPC was read from AWS."
    )
    stale = serializers.BooleanField(source="snapshot.stale", help_text="Whether it couldn't be read since.")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_broken(self, answer: Answer) -> str | None:
        """Return the key of the first broken hop."""
        return answer.verdict.broken.key if answer.verdict.broken else None


class Reachability(PortalView):
    """One answer."""

    @extend_schema(
        operation_id="reachability_retrieve", parameters=[Asked], responses={200: AnswerSerializer, **PROBLEMS}
    )
    def get(self, request: Request) -> HttpResponse:
        """How traffic from a subnet, an instance or an interface gets to a service, hop by hop."""
        values = _asked(request)
        accounts = accounts_whose_network_is_visible_to(person_of(request))
        account = accounts.filter(account_id=values["account"]).first()
        if account is None:
            raise Http404
        snapshot = reachability.snapshot_of(
            account_id=account.pk,
            region=values["region"],
            vpc_id=values["vpc_id"],
            service_name=values["service_name"],
        )
        if snapshot.vpc is None:
            raise Http404
        try:
            found = reachability.answer(
                snapshot=snapshot,
                source_id=values["source"],
                service_name=values["service_name"],
                group_ids=values["group"],
                resolve=values["resolve"],
                port=values["port"],
                call=Call(principal=values["principal"], action=values["action"], resource=values["resource"])
                if values["action"]
                else None,
            )
        except UnknownSource:
            raise BadParameters({"source": ["This VPC doesn't have it, as it was last read."]}) from None
        return JsonResponse(AnswerSerializer(found).data)


def _asked(request: Request) -> dict[str, Any]:
    known = Asked().fields
    problems = unknown_parameters(request.query_params, known)
    given: dict[str, Any] = {name: request.query_params[name] for name in request.query_params if name in known}
    if "group" in given:
        given["group"] = request.query_params.getlist("group")
    form = Asked(data=given)
    if not form.is_valid():
        problems |= {name: [str(text) for text in _texts(errors)] for name, errors in form.errors.items()}
    if problems:
        raise BadParameters(problems)
    return dict(form.validated_data)


def _texts(errors: Any) -> list[Any]:
    return [text for item in errors.values() for text in item] if isinstance(errors, dict) else list(errors)
