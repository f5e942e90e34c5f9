"""What the region offers and has: endpoint services and endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from endpoints.aws.inventory.resources import Reading, Resource


def services(reading: Reading) -> Iterator[Resource]:
    """Yield one resource a name: AWS lists S3 and DynamoDB once as Gateway and once as Interface."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for item in reading.client.describe("describe_vpc_endpoint_services", "ServiceDetails"):
        by_name.setdefault(item["ServiceName"], []).append(item)
    for name, parts in by_name.items():
        private_names = [part["PrivateDnsName"] for part in parts if part.get("PrivateDnsName")]
        private_names += [
            entry["PrivateDnsName"]
            for part in parts
            for entry in part.get("PrivateDnsNames", ())
            if entry.get("PrivateDnsName")
        ]
        # Zones and addresses are those of network interfaces, which a Gateway endpoint doesn't have.
        placed = [part for part in parts if _types(part) != {"Gateway"}] or parts
        verification = [str(part.get("PrivateDnsNameVerificationState") or "") for part in parts]
        data = {
            "types": sorted({kind for part in parts for kind in _types(part)}),
            "availability_zones": sorted({zone for part in placed for zone in part.get("AvailabilityZones", ())}),
            "availability_zone_ids": sorted({zone for part in placed for zone in part.get("AvailabilityZoneIds", ())}),
            "ip_address_types": sorted({kind for part in placed for kind in part.get("SupportedIpAddressTypes", ())}),
            "owner": parts[0].get("Owner", ""),
            "private_dns_name": private_names[0] if private_names else "",
            "private_dns_names": list(dict.fromkeys(private_names)),
            "private_dns_verification": next((state for state in verification if state), ""),
            "policy_supported": any(part.get("VpcEndpointPolicySupported", False) for part in parts),
            "acceptance_required": any(part.get("AcceptanceRequired", False) for part in parts),
        }
        yield Resource("service", name, "", "", data)


def _types(part: Mapping[str, Any]) -> set[str]:
    return {kind["ServiceType"] for kind in part.get("ServiceType", ())}


def vpc_endpoints(reading: Reading) -> Iterator[Resource]:
    """Yield endpoints, in pages of 1,000."""
    for item in reading.client.list_vpc_endpoints():
        data = {
            "service_name": item.service_name,
            "vpc_endpoint_type": item.vpc_endpoint_type,
            "state": item.state,
            "private_dns_enabled": item.private_dns_enabled,
            "private_dns_only_for_inbound_resolver_endpoint": item.private_dns_only_for_inbound_resolver_endpoint,
            "route_table_ids": list(item.route_table_ids),
            "subnet_ids": list(item.subnet_ids),
            "security_group_ids": list(item.security_group_ids),
            "network_interface_ids": list(item.network_interface_ids),
            "dns_entries": [
                {"dns_name": entry.dns_name, "hosted_zone_id": entry.hosted_zone_id} for entry in item.dns_entries
            ],
            "ip_address_type": item.ip_address_type,
            "dns_record_ip_type": item.dns_record_ip_type,
            "policy_document": item.policy_document,
            "requester_managed": item.requester_managed,
            "owner_id": item.owner_id,
        }
        yield Resource("vpc_endpoint", item.vpc_endpoint_id, item.vpc_id, dict(item.tags).get("Name", ""), data)
