"""A request's page: what reviewers read first, what each person can do there, and how it stays current."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from endpoints.models import Account, EndpointRequest, InventoryItem, Review, User
from tests import factories
from tests.integration.pages.conftest import SignIn


def review(client: Any, request: EndpointRequest, decision: str, comment: str = "", /, **changes: Any) -> Any:
    """Post a decision on a request as its page would."""
    data = {"decision": decision, "comment": comment, "content_hash": request.content_hash, **changes}
    return client.post(reverse("request_review", args=[request.pk]), data)


@pytest.fixture
def asked(account: Account, engineer: User) -> EndpointRequest:
    """Return a request that waits for review."""
    return factories.submitted(account, engineer, factories.interface_spec(account), title="Secrets for batch")


class TestPage:
    """What stands on the page."""

    def test_the_justification_comes_before_the_plan_and_the_decision_last(
        self, as_: SignIn, asked: EndpointRequest, approver: User
    ) -> None:
        page = as_(approver).get(asked.get_absolute_url()).content.decode()
        main = page[page.index('<main id="main"') :]
        places = [
            main.index(text) for text in ("The batch jobs read S3", "Will create", 'id="checks-1"', 'value="approve"')
        ]
        assert places == sorted(places)

    def test_names_stand_beside_ids(self, as_: SignIn, asked: EndpointRequest, engineer: User) -> None:
        page = as_(engineer).get(asked.get_absolute_url()).content.decode()
        assert f"Will place a network interface in private-a ({asked.changes.get().spec['subnet_ids'][0]})" in page

    def test_who_may_not_see_it_gets_404(self, as_: SignIn, asked: EndpointRequest, outsider: User) -> None:
        for name in ("request_detail", "request_live"):
            assert as_(outsider).get(reverse(name, args=[asked.pk])).status_code == 404

    def test_a_number_that_is_none_gets_404(self, as_: SignIn, engineer: User) -> None:
        assert as_(engineer).get(reverse("request_detail", args=[10**30])).status_code == 404

    def test_the_requester_can_withdraw_but_sees_no_decision(
        self, as_: SignIn, asked: EndpointRequest, engineer: User
    ) -> None:
        page = as_(engineer).get(asked.get_absolute_url()).content.decode()
        assert reverse("request_withdraw", args=[asked.pk]) in page
        assert 'value="approve"' not in page

    def test_a_requester_who_approves_for_the_account_is_told_why_not_here(self, as_: SignIn, account: Account) -> None:
        both = factories.make_person("both", factories.Role.ENGINEER, team=factories.make_team(), approves=account)
        asked = factories.submitted(account, both)
        page = as_(both).get(asked.get_absolute_url()).content.decode()
        assert "somebody else has to decide" in page
        assert 'value="approve"' not in page
        assert review(as_(both), asked, "approve").status_code == 403

    def test_checks_are_those_of_now_and_approve_goes_when_one_stands_against_it(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        first, second = (factories.submitted(account, engineer) for _ in range(2))
        client = as_(approver)
        page = client.get(second.get_absolute_url()).content.decode()
        assert re.search(r"Checks</h2><span[^>]*>made <time", page)
        assert 'value="approve"' in page

        factories.approved(first, approver)
        page = client.get(second.get_absolute_url()).content.decode()
        assert "already routes s3 to an endpoint of team Payments." in page
        assert "be approved as things are now: its checks say why" in page
        assert 'value="approve"' not in page
        assert 'value="request_changes"' in page
        late = review(client, second, "approve")
        assert late.status_code == 409
        assert "Leave this route table out. Send it back, or reject it." in late.content.decode()

        page = client.get(first.get_absolute_url()).content.decode()
        assert "as of submission" in page

    def test_a_custom_policy_is_shown(self, as_: SignIn, account: Account, engineer: User) -> None:
        policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
        asked = factories.submitted(account, engineer, factories.gateway_spec(account, policy_document=policy))
        assert "2012-10-17" in as_(engineer).get(asked.get_absolute_url()).content.decode()

    def test_what_failed_shows_awss_code_its_request_id_and_the_ways_on(
        self, as_: SignIn, asked: EndpointRequest, engineer: User, approver: User
    ) -> None:
        factories.failed(factories.approved(asked, approver))
        page = as_(engineer).get(asked.get_absolute_url()).content.decode()
        for text in ("RouteAlreadyExists", "Edit the request.", "req-1"):
            assert text in page
        for name in ("request_retry", "request_edit", "request_withdraw"):
            assert reverse(name, args=[asked.pk]) in page

    def test_what_is_available_shows_interfaces_addresses_and_names(
        self, as_: SignIn, asked: EndpointRequest, engineer: User, approver: User
    ) -> None:
        (endpoint,) = factories.available(factories.approved(asked, approver))
        page = as_(engineer).get(asked.get_absolute_url()).content.decode()
        observed = endpoint.observed_endpoint()
        assert observed is not None
        for item in observed.network_interfaces:
            assert item.network_interface_id in page
            assert item.private_ip_address in page
        assert observed.dns_entries[0].dns_name in page
        assert endpoint.vpc_endpoint_id in page
        assert 'hx-trigger="poll' not in page  # nothing can change any more

    def test_a_gateway_shows_its_prefix_list(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        asked = factories.submitted(account, engineer)
        factories.available(factories.approved(asked, approver))
        assert "pl-6da54004" in as_(engineer).get(asked.get_absolute_url()).content.decode()

    def test_waiting_for_the_service_owner_is_a_step_of_its_own(
        self, as_: SignIn, asked: EndpointRequest, engineer: User, approver: User
    ) -> None:
        factories.pending_acceptance(factories.approved(asked, approver))
        page = as_(engineer).get(asked.get_absolute_url()).content.decode()
        assert "Acceptance" in page
        assert "the owner of the service must accept" in page

    def test_waiting_for_the_service_owner_says_who_it_is_and_what_they_do(
        self, as_: SignIn, account: Account, engineer: User, approver: User
    ) -> None:
        service = InventoryItem.objects.get(kind="service", aws_id__endswith=".partner")
        service.aws_id = f"com.amazonaws.vpce.{factories.REGION}.vpce-svc-0a1b2c3d"
        service.data["owner"] = "999988887777"
        service.save()
        spec = factories.interface_spec(account, service_name=service.aws_id, private_dns_enabled=False)
        asked = factories.submitted(account, engineer, spec)
        (endpoint,) = factories.pending_acceptance(factories.approved(asked, approver))
        page = as_(engineer).get(asked.get_absolute_url()).content.decode()
        assert "999988887777" in page
        assert (
            f"aws ec2 accept-vpc-endpoint-connections --region {factories.REGION} --service-id vpce-svc-0a1b2c3d "
            f"--vpc-endpoint-ids {endpoint.vpc_endpoint_id}"
        ) in page
        assert "pendingAcceptance" in page  # as AWS's guide writes it

    def test_the_number_of_queries_does_not_depend_on_the_parts(
        self,
        as_: SignIn,
        account: Account,
        engineer: User,
        approver: User,
        django_assert_max_num_queries: Any,
    ) -> None:
        small = factories.submitted(account, engineer)
        names = [f"svc{number}" for number in range(5)]
        factories.offer(account, *names)
        full = [f"com.amazonaws.{factories.REGION}.{name}" for name in names]
        large = factories.submitted(
            account, engineer, *(factories.interface_spec(account, service_name=name) for name in full)
        )
        client = as_(approver)
        for asked in (small, large):
            with django_assert_max_num_queries(21):
                client.get(asked.get_absolute_url())


class TestSteps:
    """The way of a request, in steps."""

    def steps(self, client: Any, asked: EndpointRequest) -> list[tuple[str, str]]:
        """Return each step's state and label."""
        page = client.get(asked.get_absolute_url()).content.decode()
        part = page[page.index('<ol class="stepper">') :].split("</ol>")[0]
        return re.findall(r'<li class="(\w+)".*?<span class="step-label">(\w+)<', part, re.DOTALL)

    def test_one_step_is_current_while_it_waits_for_review(
        self, as_: SignIn, asked: EndpointRequest, engineer: User
    ) -> None:
        assert self.steps(as_(engineer), asked) == [
            ("done", "Submitted"),
            ("done", "Checks"),
            ("current", "Review"),
            ("todo", "Provisioning"),
            ("todo", "Available"),
        ]

    @pytest.mark.parametrize("decision", ["reject", "withdraw"])
    def test_what_stopped_it_stands_where_it_stopped(
        self, as_: SignIn, asked: EndpointRequest, engineer: User, approver: User, decision: str
    ) -> None:
        if decision == "reject":
            review(as_(approver), asked, "reject", "No.")
        else:
            as_(engineer).post(reverse("request_withdraw", args=[asked.pk]))
        assert ("failed", "Review") in self.steps(as_(engineer), asked)

    def test_what_aws_refused_stands_at_provisioning(
        self, as_: SignIn, asked: EndpointRequest, engineer: User, approver: User
    ) -> None:
        factories.failed(factories.approved(asked, approver))
        steps = self.steps(as_(engineer), asked)
        assert steps[2:4] == [("done", "Review"), ("failed", "Provisioning")]
        as_(engineer).post(reverse("request_withdraw", args=[asked.pk]))
        assert self.steps(as_(engineer), asked)[3] == ("failed", "Provisioning")

    def test_all_are_done_when_it_is_available(
        self, as_: SignIn, asked: EndpointRequest, engineer: User, approver: User
    ) -> None:
        factories.available(factories.approved(asked, approver))
        assert {state for state, _ in self.steps(as_(engineer), asked)} == {"done"}


class TestLive:
    """The fragment that keeps the page current."""

    def test_it_answers_204_while_the_page_is_current(
        self, as_: SignIn, asked: EndpointRequest, engineer: User, django_assert_max_num_queries: Any
    ) -> None:
        client = as_(engineer)
        with django_assert_max_num_queries(6):
            response = client.get(reverse("request_live", args=[asked.pk]), {"v": asked.version})
        assert response.status_code == 204
        assert response.content == b""

    @pytest.mark.parametrize("version", ["0", "", "x", "\x00"])
    def test_it_answers_with_the_parts_that_change(
        self, as_: SignIn, asked: EndpointRequest, engineer: User, approver: User, version: str
    ) -> None:
        factories.approved(asked, approver)
        response = as_(engineer).get(reverse("request_live", args=[asked.pk]), {"v": version})
        page = response.content.decode()
        assert response.status_code == 200
        assert "<html" not in page
        assert page.count('id="live"') == 1
        assert f"?v={asked.version}" in page
        assert 'id="request-activity" hx-swap-oob="true"' in page
        assert "Approved" in page

    def test_who_decided_what_comes_by_itself(
        self, as_: SignIn, asked: EndpointRequest, engineer: User, approver: User
    ) -> None:
        review(as_(approver), asked, "request_changes", "Say which jobs.")
        live = as_(engineer).get(reverse("request_live", args=[asked.pk]), {"v": "0"}).content.decode()
        card = live[live.index('<div id="request-reviews" hx-swap-oob="true">') :]
        assert "Changes requested" in card
        assert "Say which jobs." in card

    def test_a_closed_request_polls_no_more(self, as_: SignIn, asked: EndpointRequest, engineer: User) -> None:
        client = as_(engineer)
        assert "poll from:body" in client.get(asked.get_absolute_url()).content.decode()
        client.post(reverse("request_withdraw", args=[asked.pk]))
        assert "poll from:body" not in client.get(reverse("request_live", args=[asked.pk])).content.decode()


class TestReview:
    """Deciding."""

    def test_an_approval_leads_back_to_the_page(self, as_: SignIn, asked: EndpointRequest, approver: User) -> None:
        response = review(as_(approver), asked, "approve", "Fine.")
        asked.refresh_from_db()
        assert response.status_code == 302
        assert asked.status == "approved"
        assert Review.objects.get().comment == "Fine."

    @pytest.mark.parametrize(("decision", "status"), [("request_changes", "changes_requested"), ("reject", "rejected")])
    def test_a_refusal_needs_a_comment(
        self, as_: SignIn, asked: EndpointRequest, approver: User, decision: str, status: str
    ) -> None:
        client = as_(approver)
        refused = review(client, asked, decision, " ")
        assert refused.status_code == 422
        assert "Say what is wrong" in refused.content.decode()
        unseen = review(client, asked, decision, "\u200b")
        assert unseen.status_code == 422
        assert "Nothing of it can be seen" in unseen.content.decode()
        kept = review(client, asked, decision, "Too \x1bwide.")
        assert kept.status_code == 422
        assert "Remove the control character U+001B." in kept.content.decode()
        assert "Too \x1bwide.</textarea>" in kept.content.decode()
        assert review(client, asked, decision, "Too wide.").status_code == 302
        asked.refresh_from_db()
        assert asked.status == status
        assert "Too wide." in client.get(asked.get_absolute_url()).content.decode()

    @pytest.mark.parametrize(
        "changes", [{"decision": "maybe"}, {"decision": ""}, {"content_hash": ""}, {"comment": "\x00"}]
    )
    def test_a_tampered_decision_is_refused(
        self, as_: SignIn, asked: EndpointRequest, approver: User, changes: dict[str, str]
    ) -> None:
        assert review(as_(approver), asked, "approve", **changes).status_code == 422
        asked.refresh_from_db()
        assert asked.status == "submitted"

    def test_who_comes_second_is_told_and_shown_how_it_is_now(
        self, as_: SignIn, asked: EndpointRequest, approver: User, second_approver: User
    ) -> None:
        review(as_(approver), asked, "approve")
        response = review(as_(second_approver), asked, "reject", "My long and careful comment.")
        page = response.content.decode()
        assert response.status_code == 409
        assert "has changed meanwhile" in page
        assert "Approved" in page
        assert "My long and careful comment.</textarea>" in page

    def test_an_approval_of_what_was_edited_meanwhile_is_a_conflict_that_keeps_the_comment(
        self, as_: SignIn, asked: EndpointRequest, approver: User
    ) -> None:
        response = review(as_(approver), asked, "approve", "Kept.", content_hash="0" * 64)
        page = response.content.decode()
        assert response.status_code == 409
        assert "edited after you opened it" in page
        assert "Kept." in page
        assert asked.content_hash in page

    def test_an_approver_of_another_account_may_not(self, as_: SignIn, account: Account, engineer: User) -> None:
        asked = factories.submitted(account, engineer)
        elsewhere = factories.make_approver(factories.make_account("elsewhere"), "elsewhere")
        assert review(as_(elsewhere), asked, "approve").status_code == 404

    def test_an_engineer_may_not(self, as_: SignIn, asked: EndpointRequest, teammate: User) -> None:
        assert review(as_(teammate), asked, "approve").status_code == 403


class TestActs:
    """Withdrawing and trying again."""

    def test_only_the_requester_withdraws(
        self, as_: SignIn, asked: EndpointRequest, engineer: User, teammate: User
    ) -> None:
        url = reverse("request_withdraw", args=[asked.pk])
        assert as_(teammate).post(url).status_code == 403
        assert as_(engineer).get(url).status_code == 405
        assert as_(engineer).post(url).status_code == 302
        asked.refresh_from_db()
        assert asked.status == "withdrawn"

    def test_withdrawing_twice_is_a_conflict(self, as_: SignIn, asked: EndpointRequest, engineer: User) -> None:
        client, url = as_(engineer), reverse("request_withdraw", args=[asked.pk])
        client.post(url)
        assert client.post(url).status_code == 409

    def test_an_operator_retries_what_failed(
        self, as_: SignIn, asked: EndpointRequest, approver: User, operator: User, teammate: User
    ) -> None:
        factories.failed(factories.approved(asked, approver))
        url = reverse("request_retry", args=[asked.pk])
        assert as_(teammate).post(url).status_code == 403
        assert as_(operator).post(url).status_code == 302
        asked.refresh_from_db()
        assert asked.status == "approved"
        assert as_(operator).post(url).status_code == 409


def test_what_failed_in_the_same_words_is_told_once(
    as_: SignIn, account: Account, engineer: User, approver: User
) -> None:
    names = [f"several-{number}" for number in range(4)]
    factories.offer(account, *names)
    service = f"com.amazonaws.{factories.REGION}"
    specs = [factories.interface_spec(account, service_name=f"{service}.{name}") for name in names]
    asked = factories.failed(factories.approved(factories.submitted(account, engineer, *specs), approver))
    page = as_(engineer).get(asked.get_absolute_url()).content.decode()
    assert page.count("AWS refused or didn't finish: ") == 1
    assert page.count('data-copy="req-1"') == 4
    assert not re.search(r'<details class="card[^>]* open', page)  # four of them would be a long page
