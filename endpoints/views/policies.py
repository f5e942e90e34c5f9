"""The editor's questions about a policy that is being written."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse

from endpoints.domain.specs import EndpointType
from endpoints.forms.parts import tidy_policy
from endpoints.policy.lint import lint

KINDS = tuple(item.value for item in EndpointType)


def policy_check(request: HttpRequest) -> HttpResponse:
    """Return what there is to say about a policy: each finding with its line and column, from 1."""
    try:
        asked = json.loads(request.body)
    except (ValueError, RecursionError):
        return _refused("Send a JSON object with policy and vpc_endpoint_type.")
    policy = asked.get("policy") if isinstance(asked, dict) else None
    kind = asked.get("vpc_endpoint_type") if isinstance(asked, dict) else None
    if not isinstance(policy, str) or kind not in KINDS:
        return _refused(f"Send policy, a text, and vpc_endpoint_type, {' or '.join(KINDS)}.")
    text = tidy_policy(policy)
    findings = [
        {
            "rule": item.rule,
            "severity": item.severity,
            "line": item.line,
            "column": item.column,
            "message": item.message,
            "cure": item.cure,
        }
        for item in lint(text, vpc_endpoint_type=kind)
    ]
    return JsonResponse({"findings": findings, "characters": len(text)})


def _refused(text: str) -> HttpResponse:
    return JsonResponse({"detail": text}, status=400)
