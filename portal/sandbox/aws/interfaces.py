"""Network interfaces of interface endpoints: addresses inside their subnet, the right groups,
requester-managed."""

from __future__ import annotations

import ipaddress
from typing import Any

from portal.sandbox.aws import filters
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError, invalid
from portal.sandbox.aws.store import Endpoint, Region

_REQUESTER = "727180483921"


def foreign_addresses(backend: Any, here: Region, subnet: Any) -> set[str]:
    """Return the addresses of a subnet that interfaces hold of which it does not know itself (moto's own)."""
    taken: set[str] = set()
    for interface_id in backend.enis.keys() - here.managed_interfaces.keys():
        interface = backend.enis[interface_id]
        if interface.subnet.id == subnet.id:
            taken.update(item["PrivateIpAddress"] for item in interface.private_ip_addresses)
    return taken


def free_address(backend: Any, here: Region, subnet: Any) -> str:
    """Return a free address: not the first four nor the last of the subnet (AWS keeps those).

    Raises `InsufficientFreeAddressesInSubnet`.
    """
    held, foreign = subnet._subnet_ips, foreign_addresses(backend, here, subnet)
    first, count = int(subnet.cidr.network_address), subnet.cidr.num_addresses
    usable = count - 5
    start = here.cursors.get(subnet.id, 0)
    for step in range(usable):
        offset = (start + step) % usable
        address = str(ipaddress.ip_address(first + 4 + offset))
        if address not in held and address not in foreign:
            here.cursors[subnet.id] = offset + 1
            return address
    raise AwsError(
        "InsufficientFreeAddressesInSubnet",
        f"The specified subnet '{subnet.id}' does not have enough free addresses to satisfy the request.",
    )


def check_address(backend: Any, here: Region, subnet: Any, address: str) -> None:
    """Refuse a fixed address that the subnet cannot give."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        raise invalid(f"invalid value for parameter Ipv4: {address}") from None
    offset = int(parsed) - int(subnet.cidr.network_address)
    if parsed not in subnet.cidr:
        raise invalid(f"Address {address} does not fall within the subnet's address range: {subnet.id}")
    if offset < 4 or parsed == subnet.cidr.broadcast_address:
        raise invalid(f"Address {address} is in subnet's reserved address range: {subnet.id}")
    if address in subnet._subnet_ips or address in foreign_addresses(backend, here, subnet):
        raise AwsError("InvalidIPAddress.InUse", f"Address {address} is in use.")


def attach(backend: Any, here: Region, endpoint: Endpoint, subnet: Any, address: str | None = None) -> str:
    """Give an endpoint its interface in a subnet and return the interface's id."""
    address = address or free_address(backend, here, subnet)
    interface = backend.create_network_interface(
        subnet,
        address,
        group_ids=list(endpoint.group_ids),
        description=f"VPC Endpoint Interface {endpoint.id}",
    )
    interface.requester_managed = True
    interface.requester_id = _REQUESTER
    interface.status = "in-use"
    interface.interface_type = (
        "gateway_load_balancer_endpoint" if endpoint.type == "GatewayLoadBalancer" else "vpc_endpoint"
    )
    subnet._subnet_ips[address] = interface
    endpoint.interfaces[subnet.id] = interface.id
    here.managed_interfaces[interface.id] = endpoint.id
    return str(interface.id)


def detach(backend: Any, here: Region, endpoint: Endpoint, subnet_id: str) -> None:
    """Take an endpoint's interface out of a subnet and free its address."""
    interface_id = endpoint.interfaces.pop(subnet_id, None)
    if interface_id is None:
        return
    here.managed_interfaces.pop(interface_id, None)
    interface = backend.enis.pop(interface_id, None)
    if interface is not None:
        interface.subnet._subnet_ips.pop(interface.private_ip_address, None)
    backend.tags.pop(interface_id, None)


def set_groups(backend: Any, endpoint: Endpoint) -> None:
    """Put the endpoint's groups on all of its interfaces."""
    groups = [backend.get_security_group_from_id(group_id) for group_id in endpoint.group_ids]
    for interface_id in endpoint.interfaces.values():
        backend.enis[interface_id]._group_set = list(groups)


def describe(call: Context) -> dict[str, Any]:
    """DescribeNetworkInterfaces: ids, filters, pages of at most 1,000; the endpoint's beside everybody
    else's."""
    backend = call.backend
    ids = call.items("NetworkInterfaceIds")
    if ids and call.params.get("MaxResults") is not None:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter NetworkInterfaceIds cannot be used with the parameter MaxResults",
        )
    for one in ids:
        if one not in backend.enis:
            raise AwsError("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{one}' does not exist")
    found = [backend.enis[one] for one in ids] if ids else list(backend.enis.values())
    chosen = filters.select(
        found,
        filters.parse(call.items("Filters")),
        _FILTERS,
        lambda item: dict(backend.tags.get(item.id, {})),
    )
    shown, token = filters.page(chosen, call.params, lambda item: str(item.id), limit=1000)
    return {"NetworkInterfaces": [_view(backend, item) for item in shown], "NextToken": token}


def _view(backend: Any, item: Any) -> dict[str, Any]:
    view: dict[str, Any] = {
        "NetworkInterfaceId": item.id,
        "AvailabilityZone": item.subnet.availability_zone,
        "AvailabilityZoneId": item.subnet.availability_zone_id,
        "Description": item.description,
        "Groups": [{"GroupId": group.id, "GroupName": group.name} for group in item.group_set],
        "InterfaceType": item.interface_type,
        "Ipv6Addresses": item.network_interface_ipv6_addresses_list,
        "MacAddress": item.mac_address,
        "OwnerId": item.owner_id,
        "PrivateDnsName": getattr(item, "private_dns_name", None),
        "PrivateIpAddress": item.private_ip_address,
        "PrivateIpAddresses": item.private_ip_addresses,
        "RequesterId": item.requester_id,
        "RequesterManaged": bool(item.requester_managed),
        "SourceDestCheck": item.source_dest_check,
        "Status": "in-use" if item.attachment_id else item.status,
        "SubnetId": item.subnet.id,
        "TagSet": [{"Key": key, "Value": value} for key, value in backend.tags.get(item.id, {}).items()],
        "VpcId": item.subnet.vpc_id,
    }
    if item.requester_managed:
        view["Attachment"] = {
            "AttachmentId": "ela-attach-" + item.id.removeprefix("eni-"),
            "DeleteOnTermination": False,
            "DeviceIndex": 1,
            "InstanceOwnerId": "amazon-aws",
            "NetworkCardIndex": 0,
            "Status": "attached",
        }
    elif item.attachment is not None:
        view["Attachment"] = {
            "AttachmentId": item.attachment_id,
            "AttachTime": item.attach_time,
            "DeleteOnTermination": bool(item.delete_on_termination),
            "DeviceIndex": item.device_index,
            "InstanceId": item.instance.id,
            "InstanceOwnerId": item.owner_id,
            "Status": "attached",
        }
    association = item.association
    if association:
        view["Association"] = {_ASSOCIATION[k]: v for k, v in association.items() if k in _ASSOCIATION}
    return view


# moto's names -> NetworkInterfaceAssociation's
_ASSOCIATION = {
    "allocationId": "AllocationId",
    "associationId": "AssociationId",
    "ipOwnerId": "IpOwnerId",
    "publicDnsName": "PublicDnsName",
    "publicIp": "PublicIp",
}
_FILTERS: dict[str, filters.Getter[Any]] = {
    "addresses.private-ip-address": lambda i: [one["PrivateIpAddress"] for one in i.private_ip_addresses],
    "attachment.attachment-id": lambda i: i.attachment_id,
    "attachment.instance-id": lambda i: i.instance.id if i.instance else None,
    "attachment.instance-owner-id": lambda i: "amazon-aws" if i.requester_managed else i.owner_id,
    "availability-zone": lambda i: i.subnet.availability_zone,
    "description": lambda i: i.description,
    "group-id": lambda i: [group.id for group in i.group_set],
    "group-name": lambda i: [group.name for group in i.group_set],
    "interface-type": lambda i: i.interface_type,
    "mac-address": lambda i: i.mac_address,
    "network-interface-id": lambda i: i.id,
    "owner-id": lambda i: i.owner_id,
    "private-ip-address": lambda i: i.private_ip_address,
    "requester-id": lambda i: i.requester_id,
    "requester-managed": lambda i: bool(i.requester_managed),
    "status": lambda i: "in-use" if i.attachment_id else i.status,
    "subnet-id": lambda i: i.subnet.id,
    "vpc-id": lambda i: i.subnet.vpc_id,
}
