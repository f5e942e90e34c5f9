"""What failed and was overtaken by a later approved change of its endpoint is never made after all."""

from __future__ import annotations

import pytest
from django.utils import timezone

from endpoints.models import Account, Endpoint, EndpointRequest, Operation, PolicyRevision, Role, User
from endpoints.services import operations, requests
from endpoints.services.actors import Who
from endpoints.services.errors import Conflict
from tests import factories

pytestmark = pytest.mark.django_db

READ = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}'
WRITE = READ.replace("GetObject", "PutObject")


class Cast:
    """An endpoint of which a change of the policy failed, and who may change it again."""

    def __init__(self) -> None:
        self.account: Account = factories.make_account()
        self.engineer: User = factories.make_engineer()
        self.approver: User = factories.make_approver(self.account)
        self.operator: Who = factories.by(factories.make_person("operator", Role.OPERATOR))
        [self.endpoint] = factories.available(
            self.approved(factories.submitted(self.account, self.engineer)),
        )
        self.old = factories.failed(self.approved(factories.policy_change(self.endpoint, self.engineer, READ)))

    def approved(self, request: EndpointRequest) -> EndpointRequest:
        """Return the request, approved."""
        return factories.approved(request, self.approver)

    def change(self, document: str | None) -> EndpointRequest:
        """Return a later change of the policy, approved."""
        return self.approved(factories.policy_change(self.endpoint, self.engineer, document))

    def withdraw(self, request: EndpointRequest) -> None:
        """Withdraw a request as its requester."""
        request.refresh_from_db()
        requests.withdraw(request=request, by=factories.by(self.engineer), now=timezone.now())

    def revisions(self) -> list[str]:
        """Return the status of each revision of the policy, the first one first."""
        return list(PolicyRevision.objects.order_by("number").values_list("status", flat=True))

    def status(self) -> str:
        """Return the endpoint's status now."""
        return Endpoint.objects.get().status


@pytest.fixture
def cast() -> Cast:
    return Cast()


def test_it_is_not_retried_by_its_requester(cast: Cast) -> None:
    factories.available(cast.change(WRITE))

    with pytest.raises(Conflict, match="later change of this endpoint"):
        requests.retry(request=cast.old, by=factories.by(cast.engineer), now=timezone.now())

    assert Operation.objects.get(request=cast.old).status == "failed"


def test_it_is_neither_retried_nor_parked_by_an_operator(cast: Cast) -> None:
    factories.available(cast.change(WRITE))
    operation = Operation.objects.get(request=cast.old)
    seen = {"operation": operation, "version": operation.version, "by": cast.operator, "now": timezone.now()}

    with pytest.raises(Conflict, match="later change of this endpoint"):
        operations.retry_now(**seen)
    with pytest.raises(Conflict, match="later change of this endpoint"):
        operations.park(**seen, reason="Why?")

    cast.withdraw(cast.old)
    assert (Operation.objects.get(request=cast.old).status, cast.status()) == ("cancelled", "available")


def test_what_was_parked_all_the_same_is_not_resumed_but_withdrawn(cast: Cast) -> None:
    factories.available(cast.change(WRITE))
    wish = {"parked_at": timezone.now(), "parked_by": "operator", "park_reason": "Why?"}
    Operation.objects.filter(request=cast.old).update(status="parked", **wish)
    operation = Operation.objects.get(request=cast.old)

    with pytest.raises(Conflict, match="later change of this endpoint"):
        operations.resume(operation=operation, version=operation.version, by=cast.operator, now=timezone.now())

    cast.withdraw(cast.old)
    assert (Operation.objects.get(request=cast.old).status, cast.status()) == ("cancelled", "available")


def test_its_withdrawal_leaves_the_later_deletion_alone(cast: Cast) -> None:
    deletion = cast.approved(factories.deletion(cast.endpoint, cast.engineer))

    cast.withdraw(cast.old)

    assert cast.status() == "deleting"
    factories.available(deletion)
    assert cast.status() == "deleted"


def test_its_withdrawal_leaves_the_spec_of_the_later_change_that_failed_too(cast: Cast) -> None:
    later = factories.failed(cast.change(WRITE))

    cast.withdraw(cast.old)

    assert cast.status() == "failed"
    assert Endpoint.objects.get().desired_spec().policy_document == WRITE
    requests.retry(request=later, by=factories.by(cast.engineer), now=timezone.now())
    factories.available(later)
    assert cast.revisions() == ["replaced", "declined", "applied"]


def test_its_policy_is_never_taken_for_applied(cast: Cast) -> None:
    factories.available(cast.change(WRITE))
    assert cast.revisions() == ["replaced", "declined", "applied"]

    factories.available(cast.approved(factories.modification(cast.endpoint, cast.engineer, name="another")))

    assert cast.revisions() == ["replaced", "declined", "applied"]


def test_its_policy_is_not_taken_for_applied_where_the_later_one_was_put_back(cast: Cast) -> None:
    cast.withdraw(factories.failed(cast.change(WRITE)))

    factories.available(cast.approved(factories.modification(cast.endpoint, cast.engineer, name="another")))

    assert cast.revisions() == ["applied", "approved", "declined"]


def test_what_a_later_change_takes_over_of_it_is_applied(cast: Cast) -> None:
    factories.available(cast.approved(factories.modification(cast.endpoint, cast.engineer, name="another")))

    assert cast.revisions() == ["replaced", "applied"]
