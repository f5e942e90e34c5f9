"""From botocore's answers to the domain's frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from endpoints.domain.observed import DnsEntry, NetworkInterface, ObservedEndpoint


def observed_from(item: Mapping[str, Any]) -> ObservedEndpoint:
    """Return one endpoint. States are folded to lower case: the wire says `pendingAcceptance`, the model `Pending…`.

    Ids are sorted: AWS promises no order, and another order must not look like a change.
    """
    error = item.get("LastError") or {}
    created = item.get("CreationTimestamp")
    dns = item.get("DnsOptions") or {}
    return ObservedEndpoint(
        vpc_endpoint_id=item["VpcEndpointId"],
        vpc_endpoint_type=item.get("VpcEndpointType", "Gateway"),
        vpc_id=item.get("VpcId", ""),
        service_name=item.get("ServiceName", ""),
        state=str(item.get("State", "")).lower(),
        policy_document=item.get("PolicyDocument"),
        route_table_ids=tuple(sorted(item.get("RouteTableIds", ()))),
        subnet_ids=tuple(sorted(item.get("SubnetIds", ()))),
        security_group_ids=_groups(item),
        private_dns_enabled=bool(item.get("PrivateDnsEnabled", False)),
        requester_managed=bool(item.get("RequesterManaged", False)),
        owner_id=item.get("OwnerId", ""),
        creation_timestamp=created.isoformat() if isinstance(created, datetime) else str(created or ""),
        last_error_code=error.get("Code", ""),
        last_error_message=error.get("Message", ""),
        dns_entries=tuple(
            DnsEntry(dns_name=entry["DnsName"], hosted_zone_id=entry.get("HostedZoneId", ""))
            for entry in item.get("DnsEntries", ())
            if entry.get("DnsName")
        ),
        network_interface_ids=tuple(sorted(item.get("NetworkInterfaceIds", ()))),
        service_region=item.get("ServiceRegion", ""),
        ip_address_type=str(item.get("IpAddressType", "")).lower(),
        dns_record_ip_type=str(dns.get("DnsRecordIpType", "")).lower(),
        private_dns_only_for_inbound_resolver_endpoint=bool(dns.get("PrivateDnsOnlyForInboundResolverEndpoint")),
        tags=tuple(sorted((tag["Key"], tag["Value"]) for tag in item.get("Tags", ()))),
    )


def interface_from(item: Mapping[str, Any]) -> NetworkInterface:
    """Return one network interface."""
    return NetworkInterface(
        network_interface_id=item["NetworkInterfaceId"],
        subnet_id=item.get("SubnetId", ""),
        availability_zone=item.get("AvailabilityZone", ""),
        private_ip_address=item.get("PrivateIpAddress", ""),
        status=str(item.get("Status", "")).lower(),
        security_group_ids=_groups(item),
    )


def _groups(item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(group["GroupId"] for group in item.get("Groups", ()) if group.get("GroupId")))
