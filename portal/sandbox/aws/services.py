"""The endpoint services of a region: AWS's own and those that accounts provide.

Names come from moto's list of AWS services; the rest follows AWS's documentation: S3 and DynamoDB have both
Gateway and Interface, dotted names turn round in DNS (`ecr.api` is `api.ecr...`), some services take no
endpoint policy, some are absent from a zone. Which zone lacks which service is this simulation's choice,
fixed so that it can be tested.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from portal.sandbox.aws import filters
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError

# com.amazonaws.vpce.<region>.<service id> is a service that an account provides.
_CUSTOM = "com.amazonaws.vpce."
_GATEWAY = ("s3", "dynamodb")
_WITHOUT_POLICY = frozenset(
    {
        "appstream.streaming",
        "awsconnector",
        "elastic-inference.runtime",
        "email-smtp",
        "iot.credentials",
        "iot.data",
        "transfer.server",
    }
)
_ABSENT_FROM_ZONE = {
    "email-smtp": "c",
    "workspaces": "c",
    "codeartifact.api": "b",
    "appstream.streaming": "c",
}
_DUALSTACK = frozenset({"ec2", "kms", "lambda", "logs", "s3", "secretsmanager", "sqs", "ssm", "sts", "dynamodb"})
_PRIVATE_NAMES = {
    "s3": ("*.s3.{r}.amazonaws.com", "s3.{r}.amazonaws.com", "*.s3-accesspoint.{r}.amazonaws.com",
           "*.s3-control.{r}.amazonaws.com"),
    "ecr.dkr": ("*.dkr.ecr.{r}.amazonaws.com",),
    "ecr.api": ("api.ecr.{r}.amazonaws.com",),
    "execute-api": ("*.execute-api.{r}.amazonaws.com",),
    "kinesis-streams": ("kinesis.{r}.amazonaws.com",),
    "kinesis-firehose": ("firehose.{r}.amazonaws.com",),
    "dynamodb": ("dynamodb.{r}.amazonaws.com",),
}  # fmt: skip


@dataclass(frozen=True)
class Service:
    """One endpoint service as a consumer sees it. `dns_base` is the part after an endpoint's own label."""

    name: str
    id: str
    types: tuple[str, ...]
    owner: str
    region: str
    zones: tuple[tuple[str, str], ...]  # (name, id)
    dns_base: str
    private_names: tuple[str, ...]
    policy_supported: bool
    acceptance_required: bool = False
    ip_address_types: tuple[str, ...] = ("ipv4",)
    principals: tuple[str, ...] = ("*",)
    tags: tuple[tuple[str, str], ...] = ()
    load_balancers: tuple[str, ...] = field(default=(), compare=False)
    supported_regions: tuple[str, ...] = ()

    @property
    def short_name(self) -> str:
        """`s3` of `com.amazonaws.eu-west-1.s3`; the service id of an account's service."""
        return self.name.removeprefix(f"com.amazonaws.{self.region}.")

    @property
    def custom(self) -> bool:
        """True for a service that an account provides."""
        return self.name.startswith(_CUSTOM)

    @property
    def zone_names(self) -> set[str]:
        """The zones it can be reached in."""
        return {name for name, _ in self.zones}

    def open_to(self, account: str) -> bool:
        """Tell whether an account may create endpoints to it."""
        root = f"arn:aws:iam::{account}:root"
        return account == self.owner or any(
            p in {"*", account, root} or p.startswith(f"arn:aws:iam::{account}:") for p in self.principals
        )

    def detail(self, service_type: str) -> dict[str, Any]:
        """Return one `ServiceDetail`; S3 and DynamoDB have one for each type."""
        gateway = service_type == "Gateway"
        detail: dict[str, Any] = {
            "ServiceName": self.name,
            "ServiceId": _id(f"{self.name}/Gateway") if gateway else self.id,
            "ServiceType": [{"ServiceType": service_type}],
            "ServiceRegion": self.region,
            "AvailabilityZones": [name for name, _ in self.zones],
            "AvailabilityZoneIds": [zone for _, zone in self.zones],
            "Owner": self.owner,
            "BaseEndpointDnsNames": [f"{self.short_name}.{self.region}.amazonaws.com" if gateway else self.dns_base],
            "VpcEndpointPolicySupported": self.policy_supported,
            "AcceptanceRequired": self.acceptance_required,
            "ManagesVpcEndpoints": False,
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags],
            "SupportedIpAddressTypes": ["ipv4"] if gateway else list(self.ip_address_types),
        }
        if self.private_names and not gateway:
            detail["PrivateDnsName"] = self.private_names[0]
            detail["PrivateDnsNames"] = [{"PrivateDnsName": name} for name in self.private_names]
            detail["PrivateDnsNameVerificationState"] = "verified"
        return detail


@lru_cache(maxsize=32)
def aws_services(region: str) -> dict[str, Service]:
    """Return AWS's own services of a region by name."""
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
    from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES

    zones = tuple((z.name, z.zone_id) for z in RegionsAndZonesBackend.zones.get(region, []))
    return {
        f"com.amazonaws.{region}.{short}": _aws_service(region, short, zones)
        for short in sorted(set(AWS_ENDPOINT_SERVICES))
    }


def _aws_service(region: str, short: str, zones: tuple[tuple[str, str], ...]) -> Service:
    name = f"com.amazonaws.{region}.{short}"
    turned = ".".join(reversed(short.split(".")))
    private = _PRIVATE_NAMES.get(short, (turned + ".{r}.amazonaws.com",))
    absent = _ABSENT_FROM_ZONE.get(short)
    return Service(
        name=name,
        id=_id(name),
        types=("Gateway", "Interface") if short in _GATEWAY else ("Interface",),
        owner="amazon",
        region=region,
        zones=tuple(zone for zone in zones if absent is None or not zone[0].endswith(absent)),
        dns_base=f"{turned}.{region}.vpce.amazonaws.com",
        private_names=tuple(text.format(r=region) for text in private),
        policy_supported=short not in _WITHOUT_POLICY,
        ip_address_types=("ipv4", "ipv6") if short in _DUALSTACK else ("ipv4",),
    )


def custom_services(region: str) -> Iterator[Service]:
    """Yield the services that accounts provide in a region."""
    from moto.ec2.models import ec2_backends

    for account in list(ec2_backends):
        backend = ec2_backends[account].get(region)
        for configuration in list(backend.configurations.values()) if backend is not None else []:
            yield _custom_service(configuration, account, region)


def _custom_service(configuration: Any, account: str, region: str) -> Service:
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

    ids = {zone.name: zone.zone_id for zone in RegionsAndZonesBackend.zones.get(region, [])}
    names = sorted(set(configuration.availability_zones))
    private = configuration.private_dns_name
    return Service(
        name=configuration.service_name,
        id=configuration.id,
        types=("GatewayLoadBalancer",) if configuration.gateway_load_balancer_arns else ("Interface",),
        owner=account,
        region=region,
        zones=tuple((name, ids.get(name, "")) for name in names),
        dns_base=f"{configuration.id}.{region}.vpce.amazonaws.com",
        private_names=(private,) if private else (),
        policy_supported=False,
        acceptance_required=bool(configuration.acceptance_required),
        principals=tuple(configuration.principals),
        supported_regions=tuple(configuration._supported_region_names),
        tags=tuple((tag["key"], tag["value"]) for tag in configuration.get_tags()),
        load_balancers=tuple(configuration.network_load_balancer_arns or configuration.gateway_load_balancer_arns),
    )


def find(name: str, *, account: str, region: str) -> Service:
    """Return a service that the account may use; raises `InvalidServiceName` as if others did not exist."""
    service = aws_services(region).get(name)
    if service is None and name.startswith(_CUSTOM):
        service = next((item for item in custom_services(region) if item.name == name), None)
    if service is None or not service.open_to(account):
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    return service


def owned(service_id: str, *, account: str, region: str) -> Service:
    """Return a service that the account provides; raises `InvalidVpcEndpointServiceId.NotFound`."""
    for service in custom_services(region):
        if service.id == service_id and service.owner == account:
            return service
    raise AwsError("InvalidVpcEndpointServiceId.NotFound", f"The VpcEndpointService Id '{service_id}' does not exist")


def describe(call: Context) -> dict[str, Any]:
    """DescribeVpcEndpointServices: names, filters, pages of at most 1,000."""
    visible = list(aws_services(call.region).values())
    visible += [item for item in custom_services(call.region) if item.open_to(call.account)]
    regions = call.items("ServiceRegions")
    if regions and call.region not in regions:
        visible = []
    wanted = set(call.items("ServiceNames"))
    if wanted:
        unknown = sorted(wanted - {service.name for service in visible})
        if unknown:
            raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{unknown[0]}' does not exist")
        visible = [service for service in visible if service.name in wanted]
    details = [service.detail(kind) for service in visible for kind in service.types]
    chosen = filters.select(details, filters.parse(call.items("Filters")), _FILTERS, _tags)
    shown, token = filters.page(chosen, call.params, _order, limit=1000)
    return {
        "ServiceNames": list(dict.fromkeys(detail["ServiceName"] for detail in shown)),
        "ServiceDetails": shown,
        "NextToken": token,
    }


_FILTERS: dict[str, filters.Getter[dict[str, Any]]] = {
    "owner": lambda detail: detail["Owner"],
    "service-name": lambda detail: detail["ServiceName"],
    "service-region": lambda detail: detail["ServiceRegion"],
    "service-type": lambda detail: detail["ServiceType"][0]["ServiceType"],
    "supported-ip-address-types": lambda detail: detail["SupportedIpAddressTypes"],
}


def _tags(detail: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in detail["Tags"]}


def _order(detail: dict[str, Any]) -> str:
    return f"{detail['ServiceName']} {detail['ServiceType'][0]['ServiceType']}"


def _id(text: str) -> str:
    return "vpce-svc-" + hashlib.sha256(text.encode()).hexdigest()[:17]
