"""What the tests of a second reviewer do again and again, and the policies that they ask for."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from endpoints.models import Endpoint, EndpointRequest, User
from endpoints.models.requests import ChangeAction
from endpoints.services import requests, reviews
from endpoints.services.drafts import ChangeDraft
from tests import factories

SAME_AS_READ_ONLY = """{"Statement": {"Effect": "Allow", "Resource": ["*"], "Action": ["S3:getobject"],
  "Principal": {"AWS": "*"}}, "Version": "2012-10-17"}"""
LISTS_TOO = factories.READ_ONLY.replace('"s3:GetObject"', '["s3:GetObject", "s3:ListBucket"]')


def approve(request: EndpointRequest, user: User, content_hash: str = "") -> None:
    """Approve what was read, or what stood there when `content_hash` was shown."""
    reviews.approve(
        request=request,
        content_hash=content_hash or request.content_hash,
        comment="",
        by=factories.by(user),
        now=timezone.now(),
    )


def edited(request: EndpointRequest, engineer: User, document: str) -> EndpointRequest:
    """Return the request after its reviewers asked for changes and its requester wrote another policy."""
    change = request.changes.get(round=request.round)
    spec = replace(change.desired(), policy_document=document)
    endpoint = Endpoint.objects.get(pk=change.endpoint_id)
    draft = replace(
        factories.draft(request.account, request.owner_team),
        title=request.title,
        justification=request.justification,
        changes=(
            ChangeDraft(
                action=ChangeAction.POLICY,
                spec=spec,
                endpoint=endpoint,
                base_generation=endpoint.generation,
                reason=".",
            ),
        ),
    )
    requests.resubmit(request=request, draft=draft, by=factories.by(engineer), now=timezone.now())
    request.refresh_from_db()
    return request
