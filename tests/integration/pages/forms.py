"""The data of forms that are filled in well, for tests that then change them."""

from __future__ import annotations

import uuid
from typing import Any

from django.urls import reverse

from endpoints.models import Account, User
from tests import factories

URL = reverse("request_new")
FIELDS = reverse("request_new_fields")
POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", '
    '"Resource": "*"}]}'
)


def filled_in(account: Account, user: User, /, **changes: Any) -> dict[str, Any]:
    """Return the data of a form that is filled in well: an Interface endpoint to Secrets Manager."""
    spec = factories.interface_spec(account)
    return {
        "account": account.pk,
        "region": spec.region,
        "vpc_id": spec.vpc_id,
        "service_name": spec.service_name,
        "vpc_endpoint_type": "Interface",
        "subnet_ids": list(spec.subnet_ids),
        "security_group_ids": list(spec.security_group_ids),
        "private_dns_enabled": "on",
        "access": "full",
        "policy_document": "",
        "title": "Secrets for batch",
        "justification": "The batch jobs read secrets.",
        "owner_team": user.teams.get().pk,
        "submission_key": str(uuid.uuid4()),
        **changes,
    }


def gateway(account: Account, user: User, /, **changes: Any) -> dict[str, Any]:
    """Return the data of a form for a Gateway endpoint to S3."""
    spec = factories.gateway_spec(account)
    return filled_in(
        account,
        user,
        service_name=spec.service_name,
        vpc_endpoint_type="Gateway",
        subnet_ids=[],
        security_group_ids=[],
        private_dns_enabled="",
        route_table_ids=list(spec.route_table_ids),
        **changes,
    )
