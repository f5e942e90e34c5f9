"""What administrators edit, and what the record says of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from endpoints.models import Account, AccountRegion, Event, Membership, Role, RoleAssignment, Team, User
from endpoints.services import administration, events
from endpoints.services.errors import Conflict, Invalid
from tests import factories as make
from tests.integration.admin.conftest import Desk

EMPTY_TABLES = {
    f"{prefix}-{name}": "0"
    for prefix in ("role_assignments", "memberships")
    for name in ("TOTAL_FORMS", "INITIAL_FORMS")
}


def url(model: type[Any], page: str, *args: Any) -> str:
    """Return an admin address."""
    return reverse(f"admin:endpoints_{model._meta.model_name}_{page}", args=args)


def recorded(verb: str) -> Event:
    """Return the one event of a verb, having checked the chain."""
    assert events.first_broken(administration.CHAIN) is None
    event = Event.objects.get(verb=verb)
    assert (event.chain, event.channel) == ("portal", "admin")
    return event


def account_form(**fields: str) -> dict[str, str]:
    """Return the form of a new account."""
    return {
        "account_id": "123456789012",
        "name": "new-prod",
        "role_arn": "arn:aws:iam::123456789012:role/EndpointPortal",
        "regions": "eu-west-1,eu-central-1",
        "is_active": "on",
        **fields,
    }


class TestAccounts:
    """Accounts: a role and an external id, never a key."""

    def test_a_new_one_gets_an_external_id_which_is_shown_and_its_regions_are_read(self, desk: Desk) -> None:
        response = desk.client("administrator").post(url(Account, "add"), account_form())
        account = Account.objects.get(account_id="123456789012")
        assert response.status_code == 302
        assert len(account.external_id) >= 32
        assert any(account.external_id in str(message) for message in get_messages(response.wsgi_request))
        assert (
            account.external_id in desk.client("administrator").get(url(Account, "change", account.pk)).content.decode()
        )
        assert set(AccountRegion.objects.filter(account=account).values_list("region", flat=True)) == {
            "eu-west-1",
            "eu-central-1",
        }
        event = recorded("account.added")
        assert event.actor == "administrator"
        assert event.data["after"]["role_arn"] == "arn:aws:iam::123456789012:role/EndpointPortal"
        assert account.external_id not in str(event.data)

    def test_nobody_types_an_external_id(self, desk: Desk) -> None:
        client = desk.client("administrator")
        client.post(url(Account, "add"), account_form(external_id="chosen-by-somebody"))
        account = Account.objects.get(account_id="123456789012")
        made = account.external_id
        assert made != "chosen-by-somebody"
        client.post(url(Account, "change", account.pk), account_form(external_id="chosen-by-somebody", name="renamed"))
        account.refresh_from_db()
        assert (account.name, account.external_id) == ("renamed", made)

    def test_a_role_that_is_not_named_is_proposed(self, desk: Desk) -> None:
        desk.client("administrator").post(url(Account, "add"), account_form(role_arn="", regions="cn-north-1"))
        account = Account.objects.get(account_id="123456789012")
        assert account.role_arn == "arn:aws-cn:iam::123456789012:role/VpcEndpointPortal"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"role_arn": "arn:aws:iam::999999999999:role/EndpointPortal"},
            {"role_arn": "EndpointPortal"},
            {"role_arn": "arn:aws-cn:iam::123456789012:role/EndpointPortal"},
            {"regions": "eu-west-1,cn-north-1"},
            {"account_id": "12"},
            {"regions": "Frankfurt"},
            {"name": "nul\x00"},
            {"name": "prod\u202egnitset"},
            {"name": "\u3164"},
        ],
    )
    def test_what_can_not_be_is_refused(self, desk: Desk, wrong: dict[str, str]) -> None:
        response = desk.client("administrator").post(url(Account, "add"), account_form(**wrong))
        assert response.status_code == 200
        assert next(iter(wrong)) in response.context["adminform"].form.errors
        assert not Account.objects.filter(name="new-prod").exists()

    def test_a_changed_role_is_recorded_before_and_after(self, desk: Desk) -> None:
        account, old = desk.account, desk.account.role_arn
        new = f"arn:aws:iam::{account.account_id}:role/Other"
        form = account_form(name=account.name, role_arn=new, regions="eu-west-1")
        assert desk.client("administrator").post(url(Account, "change", account.pk), form).status_code == 302
        event = recorded("account.changed")
        assert (event.data["before"]["role_arn"], event.data["after"]["role_arn"]) == (old, new)
        account.refresh_from_db()
        assert account.account_id != "123456789012", "the digits of an account that exists stay"

    def test_it_is_deleted_by_nobody(self, desk: Desk) -> None:
        account = desk.account
        for name in ("administrator", "superuser"):
            assert desk.client(name).post(url(Account, "delete", account.pk), {"post": "yes"}).status_code == 403


class TestRoles:
    """Roles: given, changed and taken on the record."""

    def test_giving_and_taking_one_is_recorded(self, desk: Desk) -> None:
        client, engineer = desk.client("administrator"), desk.people["engineer"]
        form = {"user": engineer.pk, "role": "approver", "account": desk.account.pk}
        assert client.post(url(RoleAssignment, "add"), form).status_code == 302
        given = RoleAssignment.objects.get(user=engineer, role=Role.APPROVER)
        what = {"user": "engineer", "role": "approver", "account": desk.account.account_id}
        assert recorded("role.added").data == {"id": given.pk, "before": None, "after": what}
        assert client.post(url(RoleAssignment, "delete", given.pk), {"post": "yes"}).status_code == 302
        assert recorded("role.removed").data == {"id": given.pk, "before": what, "after": None}

    def test_taking_one_that_somebody_took_meanwhile_is_not_recorded_again(self, desk: Desk) -> None:
        by = make.by(desk.people["administrator"])
        role = RoleAssignment.objects.get(user=desk.people["operator"])
        for read in (role, RoleAssignment.objects.get(pk=role.pk)):
            administration.remove(item=read, by=by, now=timezone.now())
        assert Event.objects.filter(verb="role.removed").count() == 1

    def test_taking_several_records_each(self, desk: Desk) -> None:
        rows = list(RoleAssignment.objects.filter(role=Role.APPROVER))
        form = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
        desk.client("administrator").post(url(RoleAssignment, "changelist"), form)
        assert Event.objects.filter(verb="role.removed").count() == len(rows) == 2

    @pytest.mark.parametrize(("role", "with_account"), [("approver", False), ("operator", True)])
    def test_an_account_goes_with_approvers_only(self, desk: Desk, role: str, with_account: bool) -> None:
        form = {"user": desk.people["nobody"].pk, "role": role, "account": desk.account.pk if with_account else ""}
        response = desk.client("administrator").post(url(RoleAssignment, "add"), form)
        assert "account" in response.context["adminform"].form.errors
        assert not Event.objects.exists()

    def test_the_same_twice_at_once_is_saved_once(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        for check in ("validate_unique", "validate_constraints"):  # neither sees the other's row yet
            monkeypatch.setattr(RoleAssignment, check, lambda *args, **kwargs: None)
        form = {"user": desk.people["nobody"].pk, "role": "auditor", "account": ""}
        client, page = desk.client("administrator"), reverse("admin:endpoints_roleassignment_add")
        first, second = client.post(page, form), client.post(page, form)
        assert first["Location"] == second["Location"] == reverse("admin:endpoints_roleassignment_changelist")
        assert "Nothing was saved" in str([*get_messages(second.wsgi_request)][-1])
        assert RoleAssignment.objects.filter(user=desk.people["nobody"]).count() == 1
        assert Event.objects.filter(verb="role.added").count() == 1

    @pytest.mark.parametrize("text", ["x", "\x00", "9" * 5000])
    def test_who_is_no_row_is_refused_beside_the_field(self, desk: Desk, text: str) -> None:
        page = reverse("admin:endpoints_roleassignment_add")
        form = {"user": text, "role": "engineer", "account": ""}
        response = desk.client("administrator").post(page, form)
        assert response.status_code == 200
        assert list(response.context["adminform"].form.errors) == ["user"]
        assert desk.client("administrator").get(page, {"user": text}).status_code == 200
        field = {"app_label": "endpoints", "model_name": "roleassignment", "field_name": "user", "term": text}
        assert desk.client("administrator").get(reverse("admin:autocomplete"), field).status_code == 200

    def test_on_the_page_of_a_person_each_row_is_recorded(self, desk: Desk) -> None:
        engineer = desk.people["engineer"]
        role, membership = engineer.role_assignments.get(), engineer.memberships.get()
        form = {
            "first_name": "",
            "last_name": "",
            "email": "",
            "is_active": "on",
            "role_assignments-TOTAL_FORMS": "2",
            "role_assignments-INITIAL_FORMS": "1",
            "role_assignments-0-id": role.pk,
            "role_assignments-0-user": engineer.pk,
            "role_assignments-0-role": "engineer",
            "role_assignments-0-DELETE": "on",
            "role_assignments-1-user": engineer.pk,
            "role_assignments-1-role": "auditor",
            "memberships-TOTAL_FORMS": "1",
            "memberships-INITIAL_FORMS": "1",
            "memberships-0-id": membership.pk,
            "memberships-0-user": engineer.pk,
            "memberships-0-team": make.make_team("Search").pk,
        }
        response = desk.client("administrator").post(url(User, "change", engineer.pk), form)
        assert response.status_code == 302, response.context and response.context["errors"]
        assert list(engineer.role_assignments.values_list("role", flat=True)) == ["auditor"]
        assert recorded("role.removed").data["before"]["role"] == "engineer"
        assert recorded("role.added").data["after"]["role"] == "auditor"
        changed = recorded("membership.changed").data
        assert (changed["before"]["team"], changed["after"]["team"]) == ("payments", "search")
        assert recorded("user.changed").data["after"]["is_staff"] is False


class TestPeople:
    """People and teams."""

    def test_a_new_person_is_recorded_without_the_password(self, desk: Desk) -> None:
        form = {"username": "newcomer", "password1": make.PASSWORD, "password2": make.PASSWORD, **EMPTY_TABLES}
        response = desk.client("administrator").post(url(User, "add"), {**form, "usable_password": "true"})
        assert response.status_code == 302
        assert User.objects.get(username="newcomer").check_password(make.PASSWORD)
        event = recorded("user.added")
        assert event.data["after"]["username"] == "newcomer"
        assert "password" not in str(event.data)

    def test_setting_a_password_is_recorded(self, desk: Desk) -> None:
        user = desk.people["engineer"]
        new = "another long enough password"
        form = {"password1": new, "password2": new, "usable_password": "true"}
        path = reverse("admin:auth_user_password_change", args=[user.pk])
        assert desk.client("administrator").post(path, form).status_code == 302
        user.refresh_from_db()
        assert user.check_password(new)
        assert recorded("user.password_set").summary == "engineer"
        assert desk.client("superuser").post(path, form).status_code == 403

    def test_nobody_is_made_a_superuser_or_renamed(self, desk: Desk) -> None:
        user = desk.people["engineer"]
        form = {"username": "renamed", "is_active": "on", "is_staff": "on", "is_superuser": "on", **EMPTY_TABLES}
        assert desk.client("administrator").post(url(User, "change", user.pk), form).status_code == 302
        user.refresh_from_db()
        assert (user.username, user.is_superuser) == ("engineer", False)

    def test_removing_a_team_records_each_membership(self, desk: Desk) -> None:
        team = make.make_team("Short-lived")
        Membership.objects.create(user=desk.people["nobody"], team=team)
        assert desk.client("administrator").post(url(Team, "delete", team.pk), {"post": "yes"}).status_code == 302
        assert recorded("membership.removed").data["before"] == {"user": "nobody", "team": "short-lived"}
        assert recorded("team.removed").data["before"]["slug"] == "short-lived"

    def test_a_team_that_owns_requests_stays(self, desk: Desk) -> None:
        desk.submitted()
        team, who = make.make_team(), make.by(desk.people["administrator"])
        with pytest.raises(Conflict, match="owns requests"):
            administration.remove(item=team, by=who, now=timezone.now())
        assert Team.objects.get(pk=team.pk).memberships.exists()
        assert not Event.objects.filter(chain="portal").exists()

    def test_people_and_accounts_are_never_removed(self, desk: Desk) -> None:
        who = make.by(desk.people["administrator"])
        for item in (desk.people["nobody"], desk.account):
            with pytest.raises(Invalid):
                administration.remove(item=item, by=who, now=timezone.now())

    def test_saving_without_a_change_records_nothing(self, desk: Desk) -> None:
        administration.save(item=make.make_team(), by=make.by(desk.people["administrator"]), now=timezone.now())
        assert not Event.objects.exists()


class TestWho:
    """Only administrators edit; a superuser only while there is none."""

    @pytest.mark.parametrize("name", ["superuser", "operator", "auditor", "approver", "engineer", "nobody"])
    def test_others_add_and_change_nothing(self, desk: Desk, name: str) -> None:
        client, team = desk.client(name), make.make_team()
        assert client.post(url(RoleAssignment, "add"), {}).status_code == 403
        assert client.post(url(Team, "change", team.pk), {"name": "X", "slug": "x"}).status_code == 403
        assert client.post(url(Team, "delete", team.pk), {"post": "yes"}).status_code == 403
        with pytest.raises(PermissionDenied):
            administration.save(item=team, by=make.by(desk.people[name]), now=timezone.now())

    def test_a_superuser_appoints_the_first_administrator(self, desk: Desk) -> None:
        RoleAssignment.objects.filter(role=Role.ADMINISTRATOR).delete()
        form = {"user": desk.people["nobody"].pk, "role": "administrator", "account": ""}
        assert desk.client("superuser").post(url(RoleAssignment, "add"), form).status_code == 302
        assert recorded("role.added").actor == "superuser"
        assert desk.client("superuser").post(url(RoleAssignment, "add"), form).status_code == 403
