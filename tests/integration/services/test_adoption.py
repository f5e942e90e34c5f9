"""What stands against an adoption, whoever asks for it and however."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from endpoints.models import Account, UnmanagedEndpoint, User
from endpoints.services import adoption
from endpoints.services.errors import Invalid
from tests import factories


@pytest.fixture
def account(db: None) -> Account:
    """Return an account with a stocked region."""
    return factories.make_account()


@pytest.fixture
def engineer(account: Account) -> User:
    """Return an engineer."""
    return factories.make_engineer()


def asked(account: Account, engineer: User, row: UnmanagedEndpoint, **changes: Any) -> None:
    """Ask to adopt an endpoint as a spec of it says."""
    spec = replace(adoption.spec_for(row), **changes)
    factories.adoption(account, engineer, spec, row.vpc_endpoint_id)


def test_what_is_there_can_be_adopted(account: Account, engineer: User) -> None:
    asked(account, engineer, factories.unmanaged(account))


def test_an_aws_service_keeps_its_own(account: Account, engineer: User) -> None:
    row = factories.unmanaged(account, requester_managed=True)
    with pytest.raises(Invalid, match="managed by an AWS service"):
        asked(account, engineer, row)


def test_what_has_gone_is_refused(account: Account, engineer: User) -> None:
    row = factories.unmanaged(account)
    row.delete()
    with pytest.raises(Invalid, match="AWS had no vpce-"):
        asked(account, engineer, row)


def test_what_has_changed_is_refused(account: Account, engineer: User) -> None:
    with pytest.raises(Invalid, match="has changed in AWS"):
        asked(account, engineer, factories.unmanaged(account), route_table_ids=())


def test_what_is_managed_is_refused(account: Account, engineer: User) -> None:
    request = factories.approved(factories.submitted(account, engineer), factories.make_approver(account))
    (endpoint,) = factories.available(request)
    row = factories.unmanaged(account)
    UnmanagedEndpoint.objects.filter(pk=row.pk).update(vpc_endpoint_id=endpoint.vpc_endpoint_id)
    row.refresh_from_db()
    with pytest.raises(Invalid, match=r"manages vpce-.* already"):
        asked(account, engineer, row)
