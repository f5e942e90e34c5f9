"""Every symbol of moto that the overlay stands on, and the version it was written for."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import moto
import pytest
from moto import mock_aws
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models import ec2_backends
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.managed_prefixes import ManagedPrefixList, ManagedPrefixListBackend
from moto.ec2.models.route_tables import Route, RouteTable
from moto.ec2.models.vpc_service_configuration import VPCServiceConfiguration
from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES
from moto.ec2.responses import EC2Response
from moto.iam.responses import IamResponse
from moto.sts.responses import TokenResponse

from portal.sandbox.aws import activate, overlay

LOCKS = Path(__file__).resolve().parents[3] / "requirements"


def test_moto_is_the_version_the_overlay_was_written_for() -> None:
    assert moto.__version__ == overlay.MOTO_VERSION


@pytest.mark.parametrize("name", ["sandbox.txt", "dev.txt"])
def test_the_lock_pins_that_version(name: str) -> None:
    assert f"moto=={overlay.MOTO_VERSION} \\" in (LOCKS / name).read_text()


def names(function: Any) -> list[str]:
    """Return the parameters of a function."""
    return list(inspect.signature(function).parameters)


def test_patched_methods_have_their_signatures() -> None:
    assert names(BaseResponse.call_action) == ["self"]
    assert names(BaseResponse.get_access_key) == ["self"]
    assert names(BaseResponse.get_current_account) == ["self"]
    assert names(ManagedPrefixListBackend._create_aws_managed_prefix_list) == [
        "self",
        "name",
        "address_family",
        "entries",
    ]


def test_sessions_share_what_botocore_read_while_it_is_strict() -> None:
    def loader() -> Any:
        return botocore.session.Session().get_component("data_loader")

    assert names(botocore.session.create_loader) == ["search_path_string"]
    with activate():
        assert loader() is loader()
    assert loader() is not loader()


@pytest.mark.parametrize("response", [EC2Response, TokenResponse, IamResponse])
@pytest.mark.parametrize("name", ["call_action", "get_access_key", "get_current_account"])
def test_services_inherit_what_is_patched(response: Any, name: str) -> None:
    assert getattr(response, name) is getattr(BaseResponse, name)


def test_responses_offer_what_the_gate_uses() -> None:
    assert names(BaseResponse.serialized) == ["self", "action_result"]
    assert names(BaseResponse._get_action) == ["self"]
    assert names(BaseResponse._get_params) == ["self"]
    assert names(ActionResult.__init__) == ["self", "result"]
    assert names(EC2Response.dispatch) == ["args", "kwargs"]


def test_routes_take_a_prefix_list_and_an_endpoint() -> None:
    assert {"destination_prefix_list", "vpc_endpoint_id"} <= set(names(Route.__init__))
    assert isinstance(Route.gateway_id, property)
    assert isinstance(Route.destination_prefix_list_id, property)
    assert isinstance(RouteTable.routes, property)


def test_prefix_lists_and_services_keep_their_fields() -> None:
    assert {"address_family", "entry", "prefix_list_name", "owner_id"} <= set(names(ManagedPrefixList.__init__))
    assert {"acceptance_required", "private_dns_name"} <= set(names(VPCServiceConfiguration.__init__))
    assert {"s3", "dynamodb", "secretsmanager", "ecr.api"} <= set(AWS_ENDPOINT_SERVICES)
    assert [zone.name for zone in RegionsAndZonesBackend.zones["eu-west-1"]] == [
        "eu-west-1a",
        "eu-west-1b",
        "eu-west-1c",
    ]


def test_the_backend_keeps_its_stores() -> None:
    with activate():
        backend = ec2_backends["123456789012"]["us-east-1"]
        for name in ("vpcs", "subnets", "enis", "groups", "route_tables", "tags", "managed_prefix_lists"):
            assert hasattr(backend, name)
        subnet = next(iter(next(iter(backend.subnets.values())).values()))
        assert isinstance(subnet._subnet_ips, dict)
        assert subnet.cidr.num_addresses > 16
        interface = backend.create_network_interface(subnet, str(subnet.cidr[20]))
        assert isinstance(interface, NetworkInterface)
        for name in ("requester_managed", "requester_id", "status", "interface_type", "_group_set"):
            assert hasattr(interface, name)


def test_groups_keep_their_rules_by_direction() -> None:
    with activate():
        backend = ec2_backends["123456789012"]["us-east-1"]
        group = next(iter(next(iter(backend.groups.values())).values()))
        assert backend.get_security_group_from_id(group.id) is group
        assert isinstance(group.ingress_rules, list)
        for name in ("id", "ip_protocol", "from_port", "to_port", "cidr_ipv4", "cidr_ipv6", "prefix_list_id"):
            assert hasattr(group.egress_rules[0], name)
        assert isinstance(group.egress_rules[0].source_group, dict)


def test_the_demos_gateways_are_made_as_moto_makes_them() -> None:
    with activate():
        backend = ec2_backends["123456789012"]["us-east-1"]
        for store in ("vpc_pcxs", "vpn_gateways", "transit_gateways", "network_acls"):
            assert isinstance(getattr(backend, store), dict)
        acl = next(iter(backend.network_acls.values()))
        assert {one.network_acl_id for one in acl.associations} <= {acl.id}
        assert names(backend.create_network_acl_entry)[:5] == [
            *("network_acl_id", "rule_number", "protocol", "rule_action", "egress")
        ]


def test_moto_is_given_back_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)  # moto answers for AWS's own addresses only
    before = BaseResponse.call_action
    with activate():
        assert BaseResponse.call_action is not before
    assert BaseResponse.call_action is before
    with mock_aws():
        # Plain moto does not know our rules: it takes a service that does not exist.
        ec2 = boto3.client("ec2", region_name="us-east-1")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        assert ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.nothing")


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moto, "__version__", "5.0.0")
    with pytest.raises(RuntimeError, match="needs moto"):
        overlay.install()
    assert not overlay.installed()
