"""Changes of what exists, through the engine and the simulated AWS: modify, recreate, adopt, replace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from endpoints.aws.gateway import Ec2Gateway
from endpoints.domain.drift import spec_of
from endpoints.domain.specs import EndpointSpec
from endpoints.models import AccountRegion, Endpoint, Event, InventoryItem, Operation, PolicyRevision
from endpoints.models.requests import ChangeAction
from endpoints.services import checks, events, inventory, provisioning, requests, survey
from endpoints.services.actors import person
from endpoints.services.drafts import ChangeDraft
from endpoints.services.errors import Conflict
from endpoints.services.policies import same_policy
from tests import factories
from tests.aws import REGION, World
from tests.integration.cast import READ_ONLY, Cast, cast

__all__ = ["cast"]  # the fixture

pytestmark = pytest.mark.django_db


def made(cast: Cast, spec: EndpointSpec) -> Endpoint:
    assert cast.work(cast.approved(spec)).status == "available"
    return Endpoint.objects.latest("pk")


def calls(aws: World, name: str) -> int:
    return len(aws.calls(name))


def look(cast: Cast) -> None:
    """Let the survey see what AWS has."""
    AccountRegion.objects.update(survey_due_at=None)
    region = AccountRegion.objects.get(account=cast.account)
    assert survey.survey(account_region_id=region.pk, now=factories.timezone.now())


def as_spec(cast: Cast, vpc_endpoint_id: str) -> EndpointSpec:
    ec2 = cast.aws.ec2()
    seen = Ec2Gateway(reads=lambda: ec2, writes=lambda: ec2).describe_vpc_endpoint(vpc_endpoint_id)
    assert seen is not None
    return spec_of(
        seen,
        account_id=cast.account.account_id,
        region=REGION,
        is_full_access=lambda text: same_policy(text, None),
    )


def test_a_modification_is_one_call_and_ends_as_approved(cast: Cast) -> None:
    endpoint = made(cast, cast.aws.interface_spec(private_dns_enabled=False, name="old"))
    before = calls(cast.aws, "ModifyVpcEndpoint")
    asked = factories.modification(
        endpoint,
        cast.engineer,
        subnet_ids=tuple(cast.aws.subnet_ids[:1]),
        private_dns_enabled=True,
        name="new",
        tags=(("cost", "42"),),
    )
    assert cast.work(factories.approved(asked, cast.approver)).status == "available"
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.status, endpoint.generation) == ("new", "available", 2)
    assert calls(cast.aws, "ModifyVpcEndpoint") - before == 1
    held = cast.aws.endpoints()[0]
    assert held["SubnetIds"] == [cast.aws.subnet_ids[0]]
    assert {"Key": "cost", "Value": "42"} in held["Tags"]
    assert {"Key": "Name", "Value": "new"} in held["Tags"]


def test_a_tag_that_is_no_longer_asked_for_goes_and_another_s_stays(cast: Cast) -> None:
    endpoint = made(cast, cast.aws.gateway_spec(tags=(("cost", "42"),)))
    cast.aws.ec2().create_tags(Resources=[endpoint.vpc_endpoint_id], Tags=[{"Key": "scanner", "Value": "seen"}])
    asked = factories.modification(endpoint, cast.engineer, tags=())
    assert cast.work(factories.approved(asked, cast.approver)).status == "available"
    keys = {tag["Key"] for tag in cast.aws.endpoints()[0]["Tags"]}
    assert "scanner" in keys
    assert "cost" not in keys
    assert "portal:operation" in keys


def test_private_dns_in_two_steps_never_leads_to_what_is_not_available(cast: Cast) -> None:
    made(cast, cast.aws.interface_spec(private_dns_enabled=True, private_dns_when_available=True))
    assert cast.aws.endpoints()[0]["PrivateDnsEnabled"] is True
    intent = Operation.objects.get().intent
    assert intent is not None
    assert intent["PrivateDnsEnabled"] is False
    assert calls(cast.aws, "ModifyVpcEndpoint") == 1


def test_a_change_switches_private_dns_on_only_when_the_new_interfaces_answer(cast: Cast) -> None:
    endpoint = made(cast, cast.aws.interface_spec(private_dns_enabled=False, subnet_ids=cast.aws.subnet_ids[:1]))
    before = calls(cast.aws, "ModifyVpcEndpoint")
    asked = factories.modification(
        endpoint,
        cast.engineer,
        subnet_ids=tuple(cast.aws.subnet_ids[:2]),
        private_dns_enabled=True,
        private_dns_when_available=True,
    )
    assert cast.work(factories.approved(asked, cast.approver)).status == "available"
    assert cast.aws.endpoints()[0]["PrivateDnsEnabled"] is True
    assert calls(cast.aws, "ModifyVpcEndpoint") - before == 2


def test_an_inventory_tells_which_subnets_and_services_take_ipv6(cast: Cast) -> None:
    ec2, subnet_id = cast.aws.ec2(), cast.aws.subnet_ids[0]
    block = ec2.associate_vpc_cidr_block(VpcId=cast.aws.vpc_id, AmazonProvidedIpv6CidrBlock=True)
    cidr = block["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"].replace("/56", "/64")
    ec2.associate_subnet_cidr_block(SubnetId=subnet_id, Ipv6CidrBlock=cidr)
    AccountRegion.objects.update(inventory_due_at=factories.timezone.now())
    assert inventory.refresh(account_region_id=AccountRegion.objects.get().pk, now=factories.timezone.now())
    assert InventoryItem.objects.get(aws_id=subnet_id).data["ipv6_cidr_blocks"] == [cidr]
    assert InventoryItem.objects.get(aws_id=cast.aws.subnet_ids[1]).data["ipv6_cidr_blocks"] == []
    service = InventoryItem.objects.get(kind="service", aws_id=f"com.amazonaws.{REGION}.secretsmanager")
    assert "ipv4" in service.data["ip_address_types"]
    one, both = tuple(cast.aws.subnet_ids[:1]), tuple(cast.aws.subnet_ids[:2])
    kind = {"ip_address_type": "dualstack", "private_dns_enabled": False}

    def blocked(spec: EndpointSpec) -> set[str]:
        found = checks.findings_for(ChangeDraft(action=ChangeAction.CREATE, spec=spec), account=cast.account)
        return {item.rule for item in found if item.severity == "block"}

    assert blocked(cast.aws.interface_spec(subnet_ids=one, **kind)) == set()
    assert blocked(cast.aws.interface_spec(subnet_ids=both, **kind)) == {"address-type-subnet"}


def test_what_was_deleted_outside_is_recreated_with_its_history(cast: Cast) -> None:
    endpoint = made(cast, cast.aws.gateway_spec(policy_document=READ_ONLY))
    old = endpoint.vpc_endpoint_id
    cast.aws.ec2().delete_vpc_endpoints(VpcEndpointIds=[old])
    # A change that meets the loss ends with the way on; withdrawn, the endpoint is shown as deleted outside.
    lost = factories.approved(factories.modification(endpoint, cast.engineer, name="x"), cast.approver)
    for _ in range(provisioning.LOOKS):
        Operation.objects.filter(request=lost).update(next_attempt_at=factories.timezone.now())
        cast.work(lost)
    assert lost.status == "failed"
    assert "recreate" in Operation.objects.get(request=lost).last_cure
    requests.withdraw(request=lost, by=person(cast.engineer), now=factories.timezone.now())
    endpoint.refresh_from_db()
    assert endpoint.status == "missing"
    asked = factories.recreation(endpoint, cast.engineer)
    assert cast.work(factories.approved(asked, cast.approver)).status == "available"
    endpoint.refresh_from_db()
    assert endpoint.vpc_endpoint_id not in (None, old)
    assert same_policy(cast.aws.endpoints()[0]["PolicyDocument"], READ_ONLY)
    assert Event.objects.filter(endpoint_id=endpoint.pk, data__vpc_endpoint_id=old).exists()
    assert events.first_broken(events.chain_of(cast.account)) is None


def test_an_adopted_endpoint_is_managed_as_it_is(cast: Cast) -> None:
    ec2 = cast.aws.ec2()
    vpc_endpoint_id = ec2.create_vpc_endpoint(
        VpcId=cast.aws.vpc_id,
        ServiceName=f"com.amazonaws.{REGION}.s3",
        RouteTableIds=cast.aws.route_table_ids[:1],
        PolicyDocument=READ_ONLY,
    )["VpcEndpoint"]["VpcEndpointId"]
    before = cast.aws.endpoints()
    look(cast)
    asked = factories.adoption(cast.account, cast.engineer, as_spec(cast, vpc_endpoint_id), vpc_endpoint_id)
    assert cast.work(factories.approved(asked, cast.approver)).status == "available"
    endpoint = Endpoint.objects.get()
    assert (endpoint.vpc_endpoint_id, endpoint.status) == (vpc_endpoint_id, "available")
    revision = PolicyRevision.objects.get()
    assert (revision.number, revision.status) == (1, "applied")
    assert same_policy(revision.document, READ_ONLY)
    assert cast.aws.endpoints() == before
    # It can be changed like any other from now on.
    changed = factories.policy_change(endpoint, cast.engineer, None)
    assert cast.work(factories.approved(changed, cast.approver)).status == "available"


def test_an_endpoint_is_adopted_once_and_not_when_it_has_changed(cast: Cast) -> None:
    ec2 = cast.aws.ec2()
    vpc_endpoint_id = ec2.create_vpc_endpoint(VpcId=cast.aws.vpc_id, ServiceName=f"com.amazonaws.{REGION}.s3")[
        "VpcEndpoint"
    ]["VpcEndpointId"]
    spec = as_spec(cast, vpc_endpoint_id)
    look(cast)
    first = factories.adoption(cast.account, cast.engineer, spec, vpc_endpoint_id)
    second = factories.adoption(cast.account, cast.engineer, spec, vpc_endpoint_id)
    ec2.modify_vpc_endpoint(VpcEndpointId=vpc_endpoint_id, AddRouteTableIds=cast.aws.route_table_ids[:1])
    held = cast.aws.endpoints()
    failed = cast.work(factories.approved(first, cast.approver))
    assert (failed.status, Operation.objects.get().last_error_code) == ("failed", "ChangedMeanwhile")
    with pytest.raises(Conflict, match="manages"):
        factories.approved(second, cast.approver)
    assert cast.aws.endpoints() == held
    requests.withdraw(request=failed, by=person(cast.engineer), now=factories.timezone.now())
    look(cast)
    again = factories.adoption(cast.account, cast.engineer, as_spec(cast, vpc_endpoint_id), vpc_endpoint_id)
    assert cast.work(factories.approved(again, cast.approver)).status == "available"


def test_a_replaced_endpoint_goes_only_after_the_new_one_has_come(cast: Cast) -> None:
    endpoint = made(cast, cast.aws.gateway_spec())
    old = endpoint.vpc_endpoint_id
    wanted = cast.aws.interface_spec(service_name=endpoint.service_name, private_dns_enabled=False)
    request = factories.approved(factories.replacement(endpoint, cast.engineer, wanted), cast.approver)
    waiting = Operation.objects.get(request=request, action="delete")
    assert waiting.status == "waiting"
    assert not Operation.objects.due().filter(pk=waiting.pk).exists()
    assert cast.work(request).status == "available"
    order = [item["action"] for item in cast.aws.control.calls() if item["action"].endswith(("Endpoint", "Endpoints"))]
    mutations = [name for name in order if not name.startswith("Describe")]
    assert mutations == ["CreateVpcEndpoint", "CreateVpcEndpoint", "DeleteVpcEndpoints"]
    assert {item["State"] for item in cast.aws.endpoints() if item["VpcEndpointId"] == old} <= {"deleting", "deleted"}


def test_a_replacement_that_fails_leaves_the_old_one_alone(cast: Cast) -> None:
    endpoint = made(cast, cast.aws.gateway_spec())
    wanted = cast.aws.interface_spec(service_name=endpoint.service_name, private_dns_enabled=False)
    cast.aws.control.add_fault(action="CreateVpcEndpoint", kind="error", code="InvalidSubnetId.NotFound")
    request = cast.work(factories.approved(factories.replacement(endpoint, cast.engineer, wanted), cast.approver))
    assert request.status == "failed"
    assert Operation.objects.get(request=request, action="delete").status == "waiting"
    requests.withdraw(request=request, by=person(cast.engineer), now=factories.timezone.now())
    endpoint.refresh_from_db()
    assert endpoint.status == "available"
    assert endpoint.desired_spec() == replace(cast.aws.gateway_spec())
    assert [item["State"] for item in cast.aws.endpoints()] == ["available"]
