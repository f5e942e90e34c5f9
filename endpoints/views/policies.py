"""The editor's questions about a policy that is being written, and the page of what is asked of policies."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from endpoints.domain.specs import EndpointType
from endpoints.forms.parts import tidy_policy
from endpoints.policy.lint import GROUPS, Finding, lint

KINDS = tuple(item.value for item in EndpointType)


def policy_check(request: HttpRequest) -> HttpResponse:
    """Return what there is to say about a policy: each finding with its line and column, from 1."""
    try:
        asked = json.loads(request.body)
    except (ValueError, RecursionError):
        return _refused("Send a JSON object with policy and vpc_endpoint_type.")
    if not isinstance(asked, dict):
        return _refused("Send a JSON object with policy and vpc_endpoint_type.")
    policy, kind, service = asked.get("policy"), asked.get("vpc_endpoint_type"), asked.get("service_name", "")
    if not isinstance(policy, str) or kind not in KINDS:
        return _refused(f"Send policy, a text, and vpc_endpoint_type, {' or '.join(KINDS)}.")
    if not isinstance(service, str):
        return _refused("Send service_name as a text, such as com.amazonaws.eu-west-1.s3, or leave it out.")
    text = tidy_policy(policy)
    findings = [_as_json(item) for item in lint(text, vpc_endpoint_type=kind, service_name=service)]
    return JsonResponse({"findings": findings})


def _as_json(finding: Finding) -> dict[str, str | int]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "cure": finding.cure,
        "url": f"{reverse('policy_rules')}#{finding.rule}",
    }


def _refused(text: str) -> HttpResponse:
    return JsonResponse({"detail": text}, status=400)


def policy_rules(request: HttpRequest) -> HttpResponse:
    """Show every rule of the policy checks: what it finds, why that matters and what to do."""
    return render(request, "policy/rules.html", {"groups": GROUPS})
