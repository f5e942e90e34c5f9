"""The JSON of one account: what it is, and how its last check stands. Never the ExternalId."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from endpoints.api import etags
from endpoints.api.base import PortalView
from endpoints.api.schema import FINDING_OUTCOMES, PROBLEMS
from endpoints.models import Account, AccountCheck, User
from endpoints.models.visibility import accounts_visible_to
from endpoints.policy.role_check import verdict


class FindingSerializer(serializers.Serializer[Any]):
    """One thing that was looked at: what AWS said, and what to do. `region` is empty where it holds everywhere."""

    section = serializers.CharField()
    region = serializers.CharField(allow_blank=True)
    name = serializers.CharField()
    outcome = serializers.ChoiceField(choices=FINDING_OUTCOMES)
    detail = serializers.CharField()
    cure = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)


class AccountCheckSerializer(serializers.Serializer[AccountCheck]):
    """The last check. `outcome` is the worst of its findings; null while a worker is at it."""

    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField(source="at")
    finished_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.SerializerMethodField()
    findings = FindingSerializer(many=True)

    @extend_schema_field(serializers.ChoiceField(choices=FINDING_OUTCOMES, allow_null=True))
    def get_outcome(self, check: AccountCheck) -> str | None:
        """Return the worst outcome."""
        return str(verdict(check.findings)) if check.finished_at else None


class AccountDetailSerializer(serializers.Serializer[Account]):
    """An AWS account that the portal works in."""

    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    account_id = serializers.CharField()
    name = serializers.CharField()
    role_arn = serializers.CharField()
    regions = serializers.ListField(child=serializers.CharField())
    is_active = serializers.BooleanField()
    protected = serializers.BooleanField(
        help_text="No endpoint has full access, and a policy that allows more than before needs two approvals."
    )
    last_check = AccountCheckSerializer(allow_null=True)

    @extend_schema_field(serializers.URLField())
    def get_url(self, account: Account) -> str:
        """Return the account's address in this API."""
        return str(reverse("api_account", args=[account.pk], request=self.context["request"]))


class AccountDetail(PortalView):
    """One account."""

    @extend_schema(operation_id="accounts_retrieve", responses={200: AccountDetailSerializer, **PROBLEMS})
    def get(self, request: Request, pk: int) -> HttpResponse:
        """One account with its last check, or 304."""
        assert isinstance(request.user, User), "the route's rule lets only people in"
        account = accounts_visible_to(request.user).filter(pk=pk).first()
        if account is None:
            raise Http404
        check = account.checks.first()
        names = ("id", "name", "role_arn", "regions", "is_active", "protected")
        facts = {name: getattr(account, name) for name in names}

        def build() -> Mapping[str, Any]:
            account.last_check = check  # type: ignore[attr-defined]  # read by the serializer
            return AccountDetailSerializer(account, context={"request": request}).data

        return etags.answer(request, etags.etag(facts, {"check": [check.pk, check.version] if check else None}), build)
