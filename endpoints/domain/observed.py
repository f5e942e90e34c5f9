"""What AWS says an endpoint is, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from endpoints.domain.rules import ObservedRule

BEYOND_RETRY = frozenset({"rejected", "expired", "partial"})
"""States that AWS never leaves: such an endpoint can only be deleted and asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsEntry:
    """A DNS name of an Interface endpoint and the zone it lives in."""

    dns_name: str
    hosted_zone_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInterface:
    """One network interface of an Interface endpoint."""

    network_interface_id: str
    subnet_id: str
    availability_zone: str
    private_ip_address: str
    status: str
    security_group_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedEndpoint:
    """One endpoint as DescribeVpcEndpoints gives it. `state` is folded to lower case: AWS spells it in two ways.

    `group_rules` are the rules of security groups that it carries and AWS has, and those that were made for it.
    """

    vpc_endpoint_id: str
    vpc_endpoint_type: str
    vpc_id: str
    service_name: str
    state: str
    policy_document: str | None = None
    route_table_ids: tuple[str, ...] = ()
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    private_dns_enabled: bool = False
    requester_managed: bool = False
    owner_id: str = ""
    creation_timestamp: str = ""
    last_error_code: str = ""
    last_error_message: str = ""
    dns_entries: tuple[DnsEntry, ...] = ()
    network_interface_ids: tuple[str, ...] = ()
    network_interfaces: tuple[NetworkInterface, ...] = ()
    prefix_list_id: str = ""
    service_region: str = ""
    ip_address_type: str = ""
    dns_record_ip_type: str = ""
    private_dns_only_for_inbound_resolver_endpoint: bool = False
    tags: tuple[tuple[str, str], ...] = ()
    group_rules: tuple[ObservedRule, ...] = ()

    @property
    def addresses(self) -> dict[str, str]:
        """Return the private IPv4 addresses of the interfaces that were looked at, by subnet id."""
        return {item.subnet_id: item.private_ip_address for item in self.network_interfaces}

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values, for storing beside the endpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote, also after a trip through JSON."""
        lists = {key: tuple(values.get(key, ())) for key in values if key.endswith("_ids")}
        return cls(
            **{
                **values,
                **lists,
                "dns_entries": tuple(DnsEntry(**item) for item in values.get("dns_entries", ())),
                "network_interfaces": tuple(
                    NetworkInterface(**{**item, "security_group_ids": tuple(item.get("security_group_ids", ()))})
                    for item in values.get("network_interfaces", ())
                ),
                "tags": tuple((key, value) for key, value in values.get("tags", ())),
                "group_rules": tuple(ObservedRule.from_dict(item) for item in values.get("group_rules", ())),
            }
        )
