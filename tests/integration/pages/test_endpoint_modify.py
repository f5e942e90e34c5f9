"""Changing an endpoint in place: the form with its values, what changes, and what is turned away."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from endpoints.domain.specs import EndpointSpec, EndpointType, SubnetConfiguration
from endpoints.models import Account, AccountRegion, Endpoint, EndpointRequest, InventoryItem, User
from tests import factories
from tests.integration.browsers import browser
from tests.integration.reviewing import send_back

ADDRESS = "10.0.0.77"


def made(account: Account, engineer: User, approver: User, spec: EndpointSpec) -> Endpoint:
    """Return an available endpoint of this spec."""
    return factories.available(factories.approved(factories.submitted(account, engineer, spec), approver))[0]


@pytest.fixture
def interface(account: Account, engineer: User, approver: User) -> Endpoint:
    """Return an available Interface endpoint in the three private subnets."""
    return made(account, engineer, approver, factories.interface_spec(account, tags=(("cost", "42"),)))


@pytest.fixture
def gateway(account: Account, engineer: User, approver: User) -> Endpoint:
    """Return an available Gateway endpoint in the private route table."""
    return made(account, engineer, approver, factories.gateway_spec(account))


def url(endpoint: Endpoint) -> str:
    return reverse("endpoint_modify", args=[endpoint.pk])


def filled(endpoint: Endpoint, **changes: Any) -> dict[str, Any]:
    """Return the form as it opens, with words and changes."""
    spec = endpoint.desired_spec()
    values = {
        "subnet_ids": list(spec.subnet_ids),
        "security_group_ids": list(spec.security_group_ids),
        "route_table_ids": list(spec.route_table_ids),
        "private_dns_enabled": "on" if spec.private_dns_enabled else "",
        "tags": "\n".join(f"{key}={value}" for key, value in spec.tags),
        "name": spec.name,
        "title": "Two zones are enough",
        "justification": "The third zone has no clients.",
        "base_generation": endpoint.generation,
        "submission_key": str(uuid.uuid4()),
    }
    return values | changes


def text(page: str) -> str:
    """Return a page's words without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def hidden(page: str) -> dict[str, list[str]]:
    """Return what the review page would send."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input type=\"hidden\"[^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        found.setdefault(name[1] if name else "", []).append(unescape(value[1]) if value else "")
    return found


def test_the_form_opens_with_what_the_endpoint_is(interface: Endpoint, engineer: User) -> None:
    page = browser(engineer).get(url(interface)).content.decode()
    spec = interface.desired_spec()
    for item in (*spec.subnet_ids, *spec.security_group_ids):
        assert re.search(rf'value="{item}"[^>]* checked', page), item
    assert "cost=42" in page
    assert 'name="route_table_ids"' not in page
    assert re.search(r'name="private_dns_enabled"[^>]* checked', page)
    assert f"{interface.observed_endpoint().addresses[spec.subnet_ids[0]]} now" in page  # type: ignore[union-attr]
    assert (
        reverse("endpoint_modify", args=[interface.pk])
        in browser(engineer).get(interface.get_absolute_url()).content.decode()
    )


def test_a_change_is_reviewed_before_and_after_then_submitted_as_shown(
    account: Account, interface: Endpoint, engineer: User, approver: User
) -> None:
    client, spec = browser(engineer), interface.desired_spec()
    a, b, _ = spec.subnet_ids
    data = filled(
        interface, subnet_ids=[a, b], **{f"ipv4_{a}": ADDRESS, "tags": "cost=43\nteam = ledger", "name": "secrets"}
    )
    page = client.post(url(interface), data).content.decode()
    said = text(page)
    for words in ("goes: private-c", f"comes: {ADDRESS} in private-a", "goes: cost = 42", "comes: team = ledger"):
        assert words in said, words
    assert "Will remove the network interface from private-c" in said
    assert "Open connections drop when this is done." in said
    assert EndpointRequest.objects.count() == 1  # nothing is submitted yet
    sent = client.post(url(interface), hidden(page) | {"action": "submit"})
    asked = EndpointRequest.objects.latest("pk")
    assert sent["Location"] == asked.get_absolute_url()
    wanted = replace(
        spec,
        subnet_ids=(a, b),
        subnet_configurations=(SubnetConfiguration(subnet_id=a, ipv4=ADDRESS),),
        tags=(("cost", "43"), ("team", "ledger")),
        name="secrets",
    )
    change = asked.changes.get()
    assert (change.action, change.desired(), change.former()) == ("modify", wanted, spec)
    # The reviewer reads the same, and what is approved becomes the endpoint's spec.
    read = text(browser(approver).get(asked.get_absolute_url()).content.decode())
    assert "goes: private-c" in read
    assert "Open connections drop when this is done." in read
    factories.available(factories.approved(asked, approver))
    interface.refresh_from_db()
    assert interface.desired_spec() == wanted
    assert interface.name == "secrets"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Nothing changes"),
        ({"tags": "cost=42\n\nno equals"}, "Line 3: write it as key=value."),
        ({"tags": "aws:x=1"}, "reserved"),
        ({"tags": "a=1\na=2"}, "twice"),
        ({"security_group_ids": []}, "at least one group"),
        ({"subnet_ids": ["subnet-00000000000000000"]}, "doesn't belong to this VPC"),
        ({"dns_record_ip_type": "dualstack"}, "AAAA records need"),
        ({"ip_address_type": "dualstack"}, "has no IPv6 range"),
        ({"justification": " ", "name": "x"}, "Justification"),
        ({"base_generation": "x", "name": "x"}, "whole number"),
        ({"name": "a\x00b"}, "Null characters"),
    ],
)
def test_what_cannot_be_is_told_and_kept(
    interface: Endpoint, engineer: User, changes: dict[str, Any], said: str
) -> None:
    for part in InventoryItem.objects.filter(kind="subnet"):
        part.data["ipv6_cidr_blocks"] = []
        part.save()
    response = browser(engineer).post(url(interface), filled(interface, title="Kept & safe", **changes))
    assert response.status_code == 422
    assert said in text(response.content.decode())
    assert 'value="Kept &amp; safe"' in response.content.decode()


@pytest.mark.parametrize(
    ("address", "chosen", "said"),
    [
        ("10.0.9.1", True, "isn't in private-a"),
        ("10.0.0.3", True, "AWS keeps 10.0.0.3 for itself"),
        ("10.0.0.x", True, "valid IPv4"),
        (ADDRESS, False, "Choose this subnet, too, or clear the address."),
    ],
)
def test_a_fixed_address_that_cannot_be_is_told_beside_its_subnet(
    interface: Endpoint, engineer: User, address: str, chosen: bool, said: str
) -> None:
    first, *others = interface.desired_spec().subnet_ids
    data = filled(interface, subnet_ids=[first, *others] if chosen else others, **{f"ipv4_{first}": address})
    response = browser(engineer).post(url(interface), data)
    page = response.content.decode()
    assert response.status_code == 422
    assert said in text(page)
    assert f'href="#id_ipv4_{first}"' in page
    assert f'value="{address}"' in page


def test_a_subnet_that_is_gone_is_shown_and_can_be_taken_out(interface: Endpoint, engineer: User) -> None:
    client, lost = browser(engineer), interface.desired_spec().subnet_ids[2]
    InventoryItem.objects.filter(aws_id=lost).delete()
    assert "No longer found" in client.get(url(interface)).content.decode()
    kept = client.post(url(interface), filled(interface, name="other"))
    assert kept.status_code == 200
    assert "it may have been deleted" in text(kept.content.decode())
    out = client.post(url(interface), filled(interface, subnet_ids=list(interface.desired_spec().subnet_ids[:2])))
    assert f"goes: {lost}" in text(out.content.decode())


def test_an_endpoint_that_was_changed_meanwhile_is_told_and_nothing_typed_is_lost(
    interface: Endpoint, engineer: User, approver: User
) -> None:
    data = filled(interface, title="Typed", tags="kept=yes", subnet_ids=[], private_dns_enabled="")
    other = factories.modification(interface, engineer, name="other")
    factories.available(factories.approved(other, approver))
    for action in ("review", "submit"):
        response = browser(engineer).post(url(interface), data | {"action": action})
        page = response.content.decode()
        assert response.status_code == 409
        assert "changed after you opened this form" in page
        assert 'value="Typed"' in page
        assert "kept=yes" in page
        assert not re.search(r'name="subnet_ids"[^>]* checked', page)
        assert not re.search(r'name="private_dns_enabled"[^>]* checked', page)
    interface.refresh_from_db()
    assert f'name="base_generation" value="{interface.generation}"' in page


def test_going_back_from_the_review_loses_nothing(interface: Endpoint, engineer: User) -> None:
    _, second, _ = interface.desired_spec().subnet_ids
    data = filled(interface, subnet_ids=[second], private_dns_enabled="", **{f"ipv4_{second}": "10.0.1.9"})
    page = browser(engineer).post(url(interface), data | {"action": "edit"}).content.decode()
    assert re.findall(r'name="subnet_ids" value="([^"]*)"[^>]* checked', page) == [second]
    assert 'value="10.0.1.9"' in page
    assert not re.search(r'name="private_dns_enabled"[^>]* checked', page)
    assert "The third zone has no clients." in page


def test_the_region_is_read_again_from_the_form_and_nothing_typed_is_lost(interface: Endpoint, engineer: User) -> None:
    AccountRegion.objects.update(inventory_error="vpc: AccessDenied: no. Ask the account's owner.")
    client, data = browser(engineer), filled(interface, name="renamed")
    assert "couldn't read this region last time: vpc: AccessDenied" in text(client.get(url(interface)).content.decode())
    page = client.post(url(interface), data | {"action": "refresh"}).content.decode()
    assert 'value="renamed"' in page
    assert f"A worker reads {interface.region} now. What you filled in is kept." in text(page)
    assert AccountRegion.objects.get().inventory_asked_at is not None
    again = text(client.post(url(interface), data | {"action": "refresh"}).content.decode())
    assert "read less than a minute ago" in again


def test_the_review_says_what_fewer_zones_save(interface: Endpoint, engineer: User) -> None:
    first, *_ = interface.desired_spec().subnet_ids
    page = browser(engineer).post(url(interface), filled(interface, subnet_ids=[first])).content.decode()
    before, after = re.search(r"\$([\d.]+) → \$([\d.]+)", text(page)).groups()  # type: ignore[union-attr]
    assert float(before) > float(after) > 0


def test_a_gateway_has_route_tables_and_says_that_connections_drop(
    account: Account, gateway: Endpoint, engineer: User
) -> None:
    client = browser(engineer)
    page = client.get(url(gateway)).content.decode()
    assert 'name="subnet_ids"' not in page
    assert 'name="private_dns_enabled"' not in page
    tables = [factories.aws_id("rtb", account, factories.REGION, name) for name in ("private", "public")]
    review = text(client.post(url(gateway), filled(gateway, route_table_ids=tables)).content.decode())
    assert "comes: public" in review
    assert "Open connections drop when this is done." in review
    quiet = text(client.post(url(gateway), filled(gateway, name="s3")).content.decode())
    assert "Will set the tag Name to “s3”." in quiet
    assert "drop" not in quiet


def test_private_dns_is_switched_on_in_one_step_or_in_two(account: Account, engineer: User, approver: User) -> None:
    a, b, c = factories.interface_spec(account).subnet_ids
    spec = factories.interface_spec(account, private_dns_enabled=False, subnet_ids=(a, b))
    endpoint, client = made(account, engineer, approver, spec), browser(engineer)
    data = filled(endpoint, private_dns_enabled="on", subnet_ids=[a, b, c])
    assert "Will switch private DNS on" in text(client.post(url(endpoint), data).content.decode())
    page = client.post(url(endpoint), data | {"private_dns_when_available": "on"}).content.decode()
    assert "When it is available again, will switch private DNS on" in text(page)
    client.post(url(endpoint), hidden(page) | {"action": "submit"})
    assert EndpointRequest.objects.latest("pk").changes.get().desired().private_dns_when_available


def test_of_a_gateway_load_balancer_endpoint_only_tags_change(account: Account, engineer: User, approver: User) -> None:
    name = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
    data = {"types": ["GatewayLoadBalancer"], "availability_zones": [], "policy_supported": False}
    InventoryItem.objects.create(account=account, region=factories.REGION, kind="service", aws_id=name, data=data)
    spec = factories.interface_spec(
        account,
        service_name=name,
        vpc_endpoint_type=EndpointType.GATEWAY_LOAD_BALANCER,
        subnet_ids=factories.interface_spec(account).subnet_ids[:1],
        security_group_ids=(),
        private_dns_enabled=False,
    )
    endpoint, client = made(account, engineer, approver, spec), browser(engineer)
    page = client.get(url(endpoint)).content.decode()
    for field in ("subnet_ids", "security_group_ids", "private_dns_enabled", "ip_address_type", "route_table_ids"):
        assert f'name="{field}"' not in page, field
    review = client.post(url(endpoint), filled(endpoint, tags="a=1"))
    assert "Will set the tag a to “1”." in text(review.content.decode())
    assert "endpoint_policy" not in client.get(endpoint.get_absolute_url()).content.decode()


def test_a_request_that_was_sent_back_is_edited_in_the_same_form(
    interface: Endpoint, engineer: User, approver: User
) -> None:
    asked = factories.modification(interface, engineer, name="first")
    send_back(asked, approver, "Another name, please.")
    client, edit = browser(engineer), reverse("request_edit", args=[asked.pk])
    assert 'value="first"' in client.get(edit, follow=True).content.decode()
    interface.refresh_from_db()
    sent = client.post(edit, filled(interface, name="second", action="submit"))
    assert sent["Location"] == asked.get_absolute_url()
    asked.refresh_from_db()
    assert (asked.round, asked.status) == (2, "submitted")
    assert asked.changes.get(round=2).desired().name == "second"


def test_what_failed_is_edited_against_what_was_before_and_can_be_approved(
    interface: Endpoint, engineer: User, approver: User
) -> None:
    before = interface.desired_spec()
    asked = factories.modification(interface, engineer, subnet_ids=before.subnet_ids[:1])
    factories.failed(factories.approved(asked, approver), code="InvalidParameter")
    client, edit = browser(engineer), reverse("request_edit", args=[asked.pk])
    interface.refresh_from_db()
    page = client.post(edit, filled(interface, subnet_ids=list(before.subnet_ids[:1]))).content.decode()
    assert "goes: private-c" in text(page)  # against what AWS confirmed last, not against what failed
    nothing = client.post(edit, filled(interface, subnet_ids=list(before.subnet_ids)))
    assert "Nothing changes" in nothing.content.decode()
    assert (
        client.post(edit, filled(interface, subnet_ids=list(before.subnet_ids[:2]), action="submit")).status_code == 302
    )
    asked.refresh_from_db()
    assert asked.changes.get(round=2).former() == before
    factories.available(factories.approved(asked, approver))
    interface.refresh_from_db()
    assert interface.desired_spec().subnet_ids == before.subnet_ids[:2]


@pytest.mark.parametrize(
    ("state", "said"), [({"status": "deleted"}, "Deleted"), ({"aws_state": "rejected"}, "can&#x27;t be used any more")]
)
def test_what_cannot_be_changed_any_more_says_so(
    interface: Endpoint, engineer: User, state: dict[str, str], said: str
) -> None:
    Endpoint.objects.filter(pk=interface.pk).update(**state)
    response = browser(engineer).get(url(interface))
    assert response.status_code == 409
    assert said in response.content.decode()
    assert url(interface) not in browser(engineer).get(interface.get_absolute_url()).content.decode()


def test_an_account_that_was_switched_off_offers_no_change(
    account: Account, interface: Endpoint, engineer: User
) -> None:
    Account.objects.filter(pk=account.pk).update(is_active=False)
    factories.make_account("another")
    assert browser(engineer).get(url(interface)).status_code == 409


def test_what_was_changed_since_stays_when_a_request_is_edited(
    interface: Endpoint, engineer: User, approver: User
) -> None:
    asked = factories.modification(interface, engineer, name="mine")
    send_back(asked, approver, "Wait.")
    other = factories.modification(interface, engineer, tags=(("cost", "12"),))
    factories.available(factories.approved(other, approver))
    page = browser(engineer).get(reverse("request_edit", args=[asked.pk]), follow=True).content.decode()
    assert 'value="mine"' in page
    assert "cost=12" in page


def test_the_name_of_what_failed_goes_with_it(interface: Endpoint, engineer: User, approver: User) -> None:
    asked = factories.failed(factories.approved(factories.modification(interface, engineer, name="other"), approver))
    interface.refresh_from_db()
    assert interface.name == "other"
    factories.requests.withdraw(request=asked, by=factories.by(engineer), now=factories.timezone.now())
    interface.refresh_from_db()
    assert interface.name == interface.desired["name"] != "other"
