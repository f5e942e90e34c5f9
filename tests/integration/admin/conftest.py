"""A desk: people of every role with access to the admin, and an account."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client

from endpoints.models import Account, EndpointRequest, Role, User
from tests import factories as make
from tests.integration.browsers import browser


@dataclass
class Desk:
    """People by role, all with access to the admin, and the account that the approver approves for."""

    account: Account
    people: dict[str, User]

    def client(self, name: str, *, strict: bool = False) -> Client:
        """Return a browser in which a person is signed in."""
        return browser(self.people[name], strict=strict)

    def submitted(self, title: str = "S3 without NAT", *, account: Account | None = None) -> EndpointRequest:
        """Return a request of the engineer that waits for review."""
        spec = make.unrouted_spec(account or self.account)
        return make.submitted(account or self.account, self.people["engineer"], spec, title=title)


@pytest.fixture
def desk(db: None) -> Desk:
    """Return the desk."""
    account = make.make_account()
    people = {
        "engineer": make.make_engineer(),
        "approver": make.make_approver(account),
        "elsewhere": make.make_approver(make.make_account("data-prod"), "elsewhere"),
        "operator": make.make_person("operator", Role.OPERATOR),
        "auditor": make.make_person("auditor", Role.AUDITOR),
        "administrator": make.make_person("administrator", Role.ADMINISTRATOR),
        "superuser": User.objects.create_superuser("superuser", password=make.PASSWORD),
        "nobody": make.make_person("nobody"),
    }
    User.objects.update(is_staff=True)
    return Desk(account, {name: User.objects.get(pk=user.pk) for name, user in people.items()})
