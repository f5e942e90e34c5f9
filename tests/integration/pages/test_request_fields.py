"""The request form's parts that follow what was chosen above them, and what only few need of them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from endpoints.models import Account, AccountRegion, EndpointRequest, InventoryItem, User
from tests import factories
from tests.integration.pages.conftest import SignIn
from tests.integration.pages.forms import FIELDS, POLICY, URL, filled_in


class TestFields:
    """The fragment that reloads what depends on a choice."""

    def test_a_vpc_brings_one_private_subnet_per_zone_preselected(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        spec = factories.interface_spec(account)
        query = {"account": account.pk, "region": spec.region, "vpc_id": spec.vpc_id, "service_name": spec.service_name}
        page = as_(engineer).get(FIELDS, query).content.decode()
        ticked = re.findall(r'name="subnet_ids" value="([^"]*)"[^>]* checked', page)
        zones = {item.data["availability_zone"] for item in InventoryItem.objects.filter(aws_id__in=ticked)}
        assert len(ticked) == 3
        assert len(zones) == 3
        assert "10.0.0.0/24" in page
        assert "251 free" in page
        assert "Lets in TCP 443 from 10.0.0.0/16." in page
        assert re.search(r'name="private_dns_enabled"[^>]* checked', page)
        assert "route_table_ids" not in page

    def test_a_gateway_service_brings_route_tables_only(self, as_: SignIn, account: Account, engineer: User) -> None:
        spec = factories.gateway_spec(account)
        query = {"account": account.pk, "region": spec.region, "vpc_id": spec.vpc_id, "service_name": spec.service_name}
        page = as_(engineer).get(FIELDS, query).content.decode()
        assert spec.route_table_ids[0] in page
        assert 'name="subnet_ids"' not in page

    def test_every_choice_says_what_it_reloads(self, as_: SignIn, account: Account, engineer: User) -> None:
        spec = factories.gateway_spec(account)
        query = {"account": account.pk, "region": spec.region, "vpc_id": spec.vpc_id, "service_name": spec.service_name}
        page = as_(engineer).get(URL, query).content.decode()
        parts = {"account": "on-account", "region": "on-region", "vpc_id": "placement", "service_name": "on-service"}
        for name, part in {**parts, "vpc_endpoint_type": "placement"}.items():
            tags = re.findall(rf'<(?:select|input)[^>]* name="{name}"[^>]*>', page)
            assert tags, name
            for tag in tags:
                assert f'hx-get="{FIELDS}"' in tag, tag
                assert f'hx-target="#{part}"' in tag, tag
            assert page.count(f'id="{part}"') == 1

    def test_a_selection_survives_while_the_place_is_the_same(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        spec = factories.interface_spec(account)
        query = {
            "account": account.pk,
            "region": spec.region,
            "vpc_id": spec.vpc_id,
            "service_name": spec.service_name,
            "vpc_endpoint_type": "Interface",
            "placed_for": f"{spec.vpc_id} {spec.service_name} Interface",
            "subnet_ids": [spec.subnet_ids[1]],
        }
        page = as_(engineer).get(FIELDS, query).content.decode()
        assert re.findall(r'name="subnet_ids" value="([^"]*)"[^>]* checked', page) == [spec.subnet_ids[1]]
        assert not re.search(r'name="private_dns_enabled"[^>]* checked', page)

    def test_another_service_starts_with_its_own_first_type(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        spec = factories.interface_spec(account)
        query = {
            "account": account.pk,
            "region": spec.region,
            "vpc_id": spec.vpc_id,
            "service_name": f"com.amazonaws.{spec.region}.s3",
            "vpc_endpoint_type": "Interface",
            "placed_for": f"{spec.vpc_id} {spec.service_name} Interface",
        }
        page = as_(engineer).get(FIELDS, query).content.decode()
        assert re.search(r'<input[^>]* checked[^>]* value="Gateway"|value="Gateway"[^>]* checked', page)
        again = {**query, "placed_for": f"{spec.vpc_id} {query['service_name']} Gateway"}
        page = as_(engineer).get(FIELDS, again).content.decode()
        assert re.search(
            r'<input[^>]* checked[^>]* value="Interface"|value="Interface"[^>]* checked', page
        )  # chosen for this service: kept

    def test_private_dns_is_off_with_the_reason_where_the_vpc_refuses_it(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        vpc = InventoryItem.objects.get(account=account, kind="vpc")
        vpc.data["enable_dns_hostnames"] = False
        vpc.save()
        spec = factories.interface_spec(account)
        query = {"account": account.pk, "region": spec.region, "vpc_id": spec.vpc_id, "service_name": spec.service_name}
        page = as_(engineer).get(FIELDS, query).content.decode()
        assert "enableDnsHostnames" in page
        assert not re.search(r'name="private_dns_enabled"[^>]* checked', page)

    def test_a_service_that_must_accept_says_so(self, as_: SignIn, account: Account, engineer: User) -> None:
        query = {"account": account.pk, "service_name": f"com.amazonaws.{factories.REGION}.partner"}
        assert "has to accept" in as_(engineer).get(FIELDS, query).content.decode()

    def test_a_service_that_takes_no_policy_says_so_in_place_of_a_choice(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        client, note = as_(engineer), "Full: partner takes no endpoint policy."
        query = {"account": account.pk, "service_name": f"com.amazonaws.{factories.REGION}.partner"}
        assert note in client.get(FIELDS, query).content.decode()
        assert note in client.get(URL, query).content.decode()
        other = client.get(FIELDS, query | {"service_name": f"com.amazonaws.{factories.REGION}.s3"}).content.decode()
        assert '<p class="access-note" id="access-note" hx-swap-oob="true"></p>' in other

    @pytest.mark.parametrize(
        "query", ["account=x%00", "vpc_id=%00", "region=nowhere", "vpc_id=vpc-1", "subnet_ids=%00"]
    )
    def test_nonsense_falls_back_to_what_there_is(
        self, as_: SignIn, account: Account, engineer: User, query: str
    ) -> None:
        assert as_(engineer).get(f"{FIELDS}?{query}").status_code == 200

    def test_it_takes_at_most_six_queries(
        self, as_: SignIn, account: Account, engineer: User, django_assert_max_num_queries: Any
    ) -> None:
        spec = factories.interface_spec(account)
        client = as_(engineer)
        query = {"account": account.pk, "region": spec.region, "vpc_id": spec.vpc_id, "service_name": spec.service_name}
        with django_assert_max_num_queries(6):
            client.get(FIELDS, query)


class TestOptions:
    """What only few need: addresses, DNS options, tags, Gateway Load Balancer services."""

    def test_they_are_asked_for_reviewed_and_carried_along(self, as_: SignIn, account: Account, engineer: User) -> None:
        client, first = as_(engineer), factories.interface_spec(account).subnet_ids[0]
        chosen = {
            f"ipv4_{first}": "10.0.0.20",
            "ip_address_type": "ipv4",
            "dns_record_ip_type": "ipv4",
            "private_dns_when_available": "on",
            "tags": "team=ledger\ncost=42",
        }
        page = client.post(URL, filled_in(account, engineer, action="review", **chosen)).content.decode()
        for words in ("with the fixed address 10.0.0.20", "cost = 42", "On, once it is available", "Fixed addresses"):
            assert words in page, words
        client.post(URL, filled_in(account, engineer, action="submit", **chosen))
        spec = EndpointRequest.objects.get().changes.get().desired()
        assert spec.fixed_addresses == {first: "10.0.0.20"}
        assert spec.tags == (("cost", "42"), ("team", "ledger"))
        assert (spec.ip_address_type, spec.dns_record_ip_type, spec.private_dns_when_available) == (
            "ipv4",
            "ipv4",
            True,
        )
        back = client.post(URL, filled_in(account, engineer, action="edit", **chosen)).content.decode()
        assert 'value="10.0.0.20"' in back
        assert '<details class="advanced" open>' in back  # nothing that is chosen is out of sight

    def test_the_advanced_part_opens_by_itself_for_an_error(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        first = factories.interface_spec(account).subnet_ids[0]
        plain = as_(engineer).post(URL, filled_in(account, engineer, title="")).content.decode()
        assert '<details class="advanced">' in plain
        for wrong in ({f"ipv4_{first}": "10.0.0.1"}, {"dns_record_ip_type": "ipv6"}):
            response = as_(engineer).post(URL, filled_in(account, engineer, **wrong))
            assert response.status_code == 422
            assert '<details class="advanced" open>' in response.content.decode()

    def test_s3_for_inbound_resolvers_alone_needs_a_gateway_endpoint(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        name = f"com.amazonaws.{factories.REGION}.s3"
        data = filled_in(account, engineer, service_name=name, private_dns_only_for_inbound_resolver_endpoint="on")
        response = as_(engineer).post(URL, data)
        assert response.status_code == 422
        assert "no Gateway endpoint to S3" in response.content.decode()

    def test_a_gateway_load_balancer_service_takes_one_subnet_and_no_policy(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        name = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
        data = {"types": ["GatewayLoadBalancer"], "availability_zones": [], "policy_supported": False}
        InventoryItem.objects.create(account=account, region=factories.REGION, kind="service", aws_id=name, data=data)
        client, spec = as_(engineer), factories.interface_spec(account)
        opened = client.get(FIELDS, {"vpc_id": spec.vpc_id, "service_name": name}).content.decode()
        assert len(re.findall(r'type="radio" name="subnet_ids"[^>]* checked', opened)) == 1
        assert 'name="security_group_ids"' not in opened
        asked = filled_in(account, engineer, service_name=name, vpc_endpoint_type="GatewayLoadBalancer")
        many = client.post(URL, asked | {"action": "submit"})
        assert (many.status_code, "exactly one subnet" in many.content.decode()) == (422, True)
        narrowed = asked | {"subnet_ids": list(spec.subnet_ids[:1])}
        custom = client.post(URL, narrowed | {"access": "custom", "policy_document": POLICY})
        assert (custom.status_code, "takes no policy" in custom.content.decode()) == (422, True)
        assert client.post(URL, narrowed | {"action": "submit"}).status_code == 302
        made = EndpointRequest.objects.get().changes.get().desired()
        assert (made.vpc_endpoint_type, made.subnet_ids, made.security_group_ids) == (
            "GatewayLoadBalancer",
            spec.subnet_ids[:1],
            (),
        )


class TestAge:
    """When what is offered was read, and having it read again."""

    def test_refreshing_keeps_what_was_typed_and_says_that_aws_is_read(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        page = as_(engineer).post(URL, filled_in(account, engineer, title="Kept", action="refresh"))
        text = page.content.decode()
        assert page.status_code == 200
        assert 'value="Kept"' in text
        assert "A worker reads AWS now" in text
        assert "Refresh now" not in text
        assert not EndpointRequest.objects.exists()

    def test_asking_again_at_once_is_answered_in_words(self, as_: SignIn, account: Account, engineer: User) -> None:
        data = filled_in(account, engineer, action="refresh")
        as_(engineer).post(URL, data)
        assert "less than a minute ago" in as_(engineer).post(URL, data).content.decode()

    def test_an_inventory_that_grew_old_is_marked_in_the_form_and_among_the_checks(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        AccountRegion.objects.update(inventory_at=timezone.now() - timedelta(days=2))
        data = filled_in(account, engineer)
        assert "longer ago than it should be" in as_(engineer).post(URL, data | {"action": "update"}).content.decode()
        assert "AWS couldn&#x27;t be read lately" in as_(engineer).post(URL, data).content.decode()


class TestChecksSoFar:
    """What preflight says while the form is filled in: the same as at the review."""

    def test_the_fragment_says_what_the_review_would(self, as_: SignIn, account: Account, engineer: User) -> None:
        for table in InventoryItem.objects.filter(kind="subnet", name="private-a"):
            table.data["available_ip_address_count"] = 0
            table.save()
        data = filled_in(account, engineer)
        query = {**data, "placed_for": f"{data['vpc_id']} {data['service_name']} Interface"}
        so_far = as_(engineer).get(FIELDS, query).content.decode()
        assert "has no free address." in so_far
        assert "Choose another subnet of its zone." in so_far
        assert "has no free address." in as_(engineer).post(URL, data).content.decode()

    def test_nothing_is_said_before_there_is_something_to_judge(
        self, as_: SignIn, account: Account, engineer: User
    ) -> None:
        page = as_(engineer).get(FIELDS, {"account": account.pk, "region": factories.REGION}).content.decode()
        assert "live-checks" not in page

    def test_it_costs_few_queries(
        self, as_: SignIn, account: Account, engineer: User, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        client, data = as_(engineer), filled_in(account, engineer)
        with django_assert_max_num_queries(6):
            client.get(FIELDS, data)
