"""In a protected account full access is refused, and what allows more is told."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from endpoints.models import Account, Endpoint, Event, User
from endpoints.services import accounts, adoption, policy_meaning
from endpoints.services.errors import Invalid
from tests import factories

pytestmark = pytest.mark.django_db


class TestProtected:
    """What a protected account refuses."""

    @pytest.mark.parametrize("document", [None, policy_meaning.FULL_ACCESS])
    def test_full_access_blocks_what_is_new_or_changed(
        self, endpoint: Endpoint, engineer: User, document: str | None
    ) -> None:
        account = endpoint.account
        for act in (
            lambda: factories.submitted(account, engineer, factories.gateway_spec(account, policy_document=document)),
            lambda: factories.policy_change(endpoint, engineer, document),
            lambda: factories.modification(endpoint, engineer, policy_document=document),
        ):
            with pytest.raises(Invalid, match="protected") as refused:
                act()
            cure = "Choose a custom policy" if document is None else "Name the principals"
            assert cure in refused.value.problems["policy_document"]

    def test_a_service_that_takes_no_policy_is_let_through(self, endpoint: Endpoint, engineer: User) -> None:
        partner = f"com.amazonaws.{factories.REGION}.partner"
        spec = factories.interface_spec(endpoint.account, service_name=partner, private_dns_enabled=False)
        assert factories.submitted(endpoint.account, engineer, spec).approvals_needed == 1

    def test_what_is_there_is_adopted_and_brought_back_with_a_warning(self, account: Account, engineer: User) -> None:
        asked = factories.submitted(account, engineer)
        (full,) = factories.available(factories.approved(asked, factories.make_approver(account)))
        accounts.protect(account=account, protected=True, by=_administrator(), now=timezone.now())
        full.refresh_from_db()
        found = factories.unmanaged(account)
        for back in (
            factories.modification(full, engineer),
            factories.recreation(factories.missing(full), engineer),
            factories.adoption(account, engineer, adoption.spec_for(found), found.vpc_endpoint_id),
        ):
            check = back.changes.get().checks.get(rule="policy-protected-full-access")
            assert check.severity == "warn"

    def test_protecting_is_an_event_and_only_for_administrators(self, account: Account, first: User) -> None:
        with pytest.raises(PermissionDenied):
            accounts.protect(account=account, protected=True, by=factories.by(first), now=timezone.now())
        by = _administrator()
        for protected in (True, True, False):
            accounts.protect(account=account, protected=protected, by=by, now=timezone.now())
        verbs = Event.objects.filter(verb__startswith="account.").order_by("pk").values_list("verb", "actor")
        assert list(verbs) == [("account.protected", by.name), ("account.unprotected", by.name)]


def _administrator() -> factories.Who:
    return factories.by(factories.make_person("administrator", factories.Role.ADMINISTRATOR))
