"""What a reviewer does, for tests of what comes after."""

from __future__ import annotations

from django.utils import timezone

from endpoints.models import EndpointRequest, User
from endpoints.services import reviews
from tests import factories


def send_back(asked: EndpointRequest, approver: User, comment: str = "Why?") -> None:
    """Have an approver ask for changes."""
    reviews.request_changes(
        request=asked,
        content_hash=asked.content_hash,
        comment=comment,
        by=factories.by(approver),
        now=timezone.now(),
    )
