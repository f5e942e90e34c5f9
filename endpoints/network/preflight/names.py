"""Private DNS: whether it can be switched on, and what follows when it is off."""

from __future__ import annotations

from collections.abc import Iterator

from endpoints.domain.specs import EndpointSpec
from endpoints.network.preflight.findings import Finding
from endpoints.network.remedies import PRIVATE_DNS
from endpoints.network.snapshot import Snapshot


def private_dns_possible(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Private DNS needs the VPC's two DNS attributes, a name, and nobody else who answers for it."""
    if not spec.private_dns_enabled or (snapshot.former and snapshot.former.private_dns_enabled):
        return
    vpc = snapshot.vpc.data if snapshot.vpc else {}
    off = [
        name
        for name, key in (("enableDnsSupport", "enable_dns_support"), ("enableDnsHostnames", "enable_dns_hostnames"))
        if vpc and not vpc.get(key, True)
    ]
    if off:
        message = f"Private DNS needs {' and '.join(off)}, which the VPC has switched off."
        cure = "Have it switched on for the VPC, or leave private DNS off and use the endpoint's own names."
        yield Finding("private-dns-attributes", "block", "private_dns_enabled", message, cure)
    verification = snapshot.service.data.get("private_dns_verification", "") if snapshot.service else ""
    if verification and verification != "verified":
        message = f"{spec.short_service}'s owner hasn't proved that its private DNS name is theirs ({verification})."
        cure = "Leave private DNS off, or have the service's owner verify the name first."
        yield Finding("private-dns-unverified", "block", "private_dns_enabled", message, cure)
    if snapshot.service and not snapshot.service.data.get("private_dns_name"):
        message = f"{spec.short_service} has no private DNS name."
        yield Finding("private-dns-none", "block", "private_dns_enabled", message, "Leave private DNS off.")
    for part in snapshot.same_service(spec):
        if part.data.get("private_dns_enabled"):
            message = f"{part.label} answers for this service's private name in the VPC already."
            cure = "Use that endpoint, or leave private DNS off."
            if part.aws_id == snapshot.replaced_id:
                message = f"The old endpoint, {part.label}, answers for this name until it is deleted."
                cure = "Leave private DNS off here, and switch it on by a change when the old one is gone."
            yield Finding("private-dns-conflict", "block", "private_dns_enabled", message, cure)


def private_dns_off(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Without private DNS, clients that use the service's own name pass the endpoint by."""
    name = snapshot.service.data.get("private_dns_name") if snapshot.service else ""
    if spec.has_network_interfaces and not spec.private_dns_enabled and name:
        message = f"Private DNS is off: {name} keeps resolving to public addresses in the VPC."
        yield Finding("private-dns-off", "info", "private_dns_enabled", message, PRIVATE_DNS)


def inbound_only_possible(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """S3's private DNS for inbound resolvers alone needs a Gateway endpoint, which serves the VPC's own clients."""
    if not _inbound_only(spec) or (snapshot.former and _inbound_only(snapshot.former)):
        return
    if not any(part.data.get("vpc_endpoint_type") == "Gateway" for part in snapshot.same_service(spec)):
        message = "The VPC has no Gateway endpoint to S3, which its own clients would use."
        cure = "Ask for that one first, or let private DNS answer the whole VPC."
        field = "private_dns_only_for_inbound_resolver_endpoint"
        yield Finding("inbound-only", "block", field, message, cure)


def _inbound_only(spec: EndpointSpec) -> bool:
    return spec.private_dns_enabled and spec.private_dns_only_for_inbound_resolver_endpoint
