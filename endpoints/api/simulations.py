"""The simulator for programs: the question of `python -m endpoints.policy evaluate`, or one about an endpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from endpoints.api.base import PortalView
from endpoints.api.schema import BODY_PROBLEMS, PROBLEMS
from endpoints.api.views import person_of
from endpoints.models import Endpoint
from endpoints.policy.command import BadLineError, Line
from endpoints.policy.commands.evaluate import as_json, read_question
from endpoints.policy.document import PolicySyntaxError, parse
from endpoints.policy.evaluate import Chain, compile_policy, evaluate
from endpoints.policy.nodes import Scalar
from endpoints.services import simulations

_EXAMPLE = {
    "request": {
        "principal": "arn:aws:iam::111122223333:role/app",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::payments-reports/2026.csv",
        "context": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
    },
    "endpoint_policies": [{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}],
}


class SimulatedRequestSerializer(serializers.Serializer[Any]):
    """A call to AWS."""

    principal = serializers.CharField(help_text="ARN of a user, role or session, an account's number, or `*`.")
    action = serializers.CharField(help_text="One action, such as `s3:GetObject`.")
    resource = serializers.CharField(help_text="An ARN, or `*`.")
    resource_account = serializers.CharField(required=False, help_text="Who owns the resource, if its ARN doesn't say.")
    context = serializers.DictField(required=False, help_text="Condition keys: a text, or a list of texts, each.")  # type: ignore[assignment]


class SimulationSerializer(serializers.Serializer[Any]):
    """A question. What is left out takes no part; an empty list allows nothing. A policy is an object or its text."""

    request = SimulatedRequestSerializer()
    endpoint = serializers.IntegerField(
        required=False, help_text="`id` of an endpoint: its policy in force is asked. Instead of `endpoint_policies`."
    )
    endpoint_policies = serializers.ListField(required=False, help_text="Policies of the endpoint.")
    identity_policies = serializers.ListField(required=False, help_text="Policies of the user or role.")
    resource_policy = serializers.DictField(required=False, help_text="The resource's own policy.")
    permissions_boundaries = serializers.ListField(required=False, help_text="The permissions boundary.")
    session_policies = serializers.ListField(required=False, help_text="Policies passed with the session.")
    service_control_policies = serializers.ListField(required=False, help_text="A list of policies for each level.")
    resource_control_policies = serializers.ListField(required=False, help_text="A list of policies for each level.")


class SimulationAnswerSerializer(serializers.Serializer[Any]):
    """The answer."""

    decision = serializers.CharField(help_text="`allowed`, `explicit_deny` or `implicit_deny`.")
    decided_by = serializers.DictField(
        allow_null=True, help_text="`policy`, its `index`, and the `statement` with `index` and `sid`."
    )
    reason = serializers.CharField(help_text="Why, in words.")
    steps = serializers.ListField(
        help_text="What each policy says, with the first element that failed of each statement that doesn't match."
    )


class SimulationList(PortalView):
    """Questions, each answered at once; none is kept."""

    @extend_schema(
        operation_id="simulations_create",
        request=SimulationSerializer,
        responses={
            200: SimulationAnswerSerializer,
            **{code: answer for code, answer in PROBLEMS.items() if code != 304},
            **BODY_PROBLEMS,
        },
        examples=[OpenApiExample("Question", _EXAMPLE, request_only=True)],
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Would a request be allowed, by which policy and why."""
        try:
            line = Line(_text(request))
            asked, chain = read_question(line)
        except BadLineError as error:
            raise exceptions.ParseError(str(error)) from None
        return Response(as_json(evaluate(asked, _through(request, line, chain), explain=True)))


def _text(request: Request) -> str:
    if request.content_type.partition(";")[0].strip() != "application/json":
        raise exceptions.UnsupportedMediaType(request.content_type)
    try:
        return request._request.body.decode()
    except UnicodeDecodeError:
        raise exceptions.ParseError("Send the question in UTF-8.") from None


def _through(request: Request, line: Line, chain: Chain) -> Chain:
    """Return the chain with the policy of the endpoint that is named. Raises Http404 for one that isn't to be seen."""
    node = line.root.get("endpoint")
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return chain
    number = node.value if isinstance(node, Scalar) else None
    if isinstance(number, bool) or not isinstance(number, int):
        raise exceptions.ParseError('"endpoint" is the id of an endpoint, a number.')
    if chain.endpoint_policies is not None:
        raise exceptions.ParseError('Send "endpoint" or "endpoint_policies", not both.')
    found = Endpoint.objects.visible_to(person_of(request)).filter(pk=number if 0 < number < 2**63 else 0).first()
    taken = simulations.policy_of_endpoint(endpoint=found) if found else None
    if taken is None:
        raise Http404
    try:
        return replace(chain, endpoint_policies=(compile_policy(parse(taken.text)),))
    except PolicySyntaxError as error:
        raise exceptions.ParseError(f"The endpoint's policy can't be read: {error.findings[0]}") from None
