"""What a change of policy means is kept with it at submission."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from endpoints.models import Change, Endpoint, EndpointRequest, User
from endpoints.models.requests import Relation
from endpoints.services import policy_meaning
from tests import factories
from tests.integration.services.second_reviewer.steps import LISTS_TOO, SAME_AS_READ_ONLY

pytestmark = pytest.mark.django_db


class TestMeaning:
    """What is kept with a change at submission."""

    @pytest.mark.parametrize(
        ("document", "relation"),
        [
            (SAME_AS_READ_ONLY, Relation.EQUIVALENT),
            (LISTS_TOO, Relation.WIDER),
            (factories.DENY_DELETE, Relation.WIDER),
        ],
    )
    def test_it_is_compared_with_what_was_approved(
        self, endpoint: Endpoint, engineer: User, document: str, relation: Relation
    ) -> None:
        change = factories.policy_change(endpoint, engineer, document).changes.get()
        assert change.relation == relation
        assert bool(change.meaning["gained"]) == (relation == Relation.WIDER)
        assert not change.meaning["lost"]

    def test_each_gain_has_a_request_in_the_form_that_the_evaluator_takes(self, wider: EndpointRequest) -> None:
        (gain,) = wider.changes.get().meaning["gained"]
        assert gain["text"]
        assert gain["witness"].keys() == {"principal", "action", "resource", "resource_account", "context"}
        assert gain["witness"]["action"].lower() == "s3:listbucket"

    def test_what_is_no_change_of_policy_has_none(self, endpoint: Endpoint, engineer: User) -> None:
        for asked in (
            factories.modification(endpoint, engineer, name="another"),
            factories.deletion(endpoint, engineer),
            factories.submitted(
                endpoint.account,
                engineer,
                factories.gateway_spec(endpoint.account, policy_document=LISTS_TOO, route_table_ids=()),
            ),
        ):
            assert (asked.changes.get().meaning, asked.approvals_needed) == (None, 1)

    def test_a_modification_that_changes_the_policy_has_one(self, endpoint: Endpoint, engineer: User) -> None:
        asked = factories.modification(endpoint, engineer, policy_document=LISTS_TOO)
        assert (asked.changes.get().relation, asked.approvals_needed) == (Relation.WIDER, 2)

    def test_a_replacement_is_compared_with_what_it_replaces(self, endpoint: Endpoint, engineer: User) -> None:
        spec = factories.gateway_spec(endpoint.account, policy_document=LISTS_TOO, route_table_ids=())
        asked = factories.replacement(endpoint, engineer, spec)
        new, old = asked.changes.order_by("position")
        assert (new.relation, old.relation, asked.approvals_needed) == (Relation.WIDER, None, 2)

    def test_it_is_kept_short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(policy_meaning, "MAX_REGIONS", 0)
        monkeypatch.setattr(policy_meaning, "MAX_TEXT", 3)
        found = policy_meaning.between(factories.READ_ONLY, LISTS_TOO)
        assert (found["gained"], found["gained_more"]) == ([], 1)
        monkeypatch.setattr(policy_meaning, "MAX_REGIONS", 1)
        monkeypatch.setattr(policy_meaning, "MAX_WITNESS", 3)
        (gain,) = policy_meaning.between(factories.READ_ONLY, LISTS_TOO)["gained"]
        assert (len(gain["text"]), gain["witness"]) == (3, None)

    def test_what_cant_be_read_is_undecided_and_says_so(self) -> None:
        found = policy_meaning.between("{", None)
        assert found["relation"] == Relation.UNDECIDED
        assert "can't be read" in found["reason"]

    def test_it_never_changes_afterwards(self, wider: EndpointRequest) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Change.objects.filter(request=wider).update(meaning={"relation": "narrower"})
