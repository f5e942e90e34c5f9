"""The service and the endpoints that exist: what is offered, waited for, limited, and there already."""

from __future__ import annotations

from collections.abc import Iterator

from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.network.preflight.findings import Finding
from endpoints.network.snapshot import GONE, Snapshot

INTERFACES_PER_VPC = 50
"""AWS's default quota of Interface and Gateway Load Balancer endpoints in a VPC (PrivateLink quotas)."""
GATEWAYS_PER_REGION = 20
"""AWS's default quota of Gateway endpoints in a region (PrivateLink quotas)."""
GATEWAYS_PER_VPC = 255
"""How many Gateway endpoints a VPC can have, whatever the region's quota (PrivateLink quotas)."""
_BOTH = ("Gateway", "Interface")


def vpc_known(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The VPC stands in the account and region."""
    if snapshot.vpc is None:
        yield Finding("vpc-unknown", "block", "vpc_id", f"{spec.vpc_id} isn't known here.", "Choose a VPC of the list.")


def read_lately(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """What is judged here was read a short while ago."""
    if snapshot.vpc is not None and snapshot.stale:
        when = f"{snapshot.read_at:%d %B %Y at %H:%M} UTC" if snapshot.read_at else "an unknown time"
        message = f"AWS couldn't be read lately: what is checked here is as of {when}."
        cure = "Have it read again in the form. If that doesn't help, an operator sees why on the account's page."
        yield Finding("inventory-stale", "warn", "vpc_id", message, cure)


def service_offers_type(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The region offers the service, as this type of endpoint."""
    if snapshot.former:
        return  # neither can be changed
    if snapshot.service is None and spec.service_region not in ("", spec.region):
        return  # the region's list has its own services alone: AWS decides
    if snapshot.service is None:
        message = f"{spec.region} doesn't offer {spec.service_name}."
        yield Finding("service-unknown", "block", "service_name", message, "Choose a service of the list.")
    elif str(spec.vpc_endpoint_type) not in snapshot.service.data.get("types", ()):
        offered = " or ".join(snapshot.service.data.get("types", ()))
        message = f"{spec.short_service} isn't offered as a {spec.vpc_endpoint_type} endpoint."
        yield Finding("service-type", "block", "vpc_endpoint_type", message, f"Choose {offered}.")


def needs_acceptance(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """The service's owner may have to accept the connection."""
    if not snapshot.former and snapshot.service and snapshot.service.data.get("acceptance_required"):
        owner = snapshot.service.data.get("owner") or "its owner"
        message = f"The service's owner ({owner}) must accept the connection before it works."
        yield Finding("acceptance", "info", "service_name", message, "Tell them that it is coming.")


def policy_supported(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Some AWS services, and all services of others, take no endpoint policy: full access always."""
    if snapshot.service is None or snapshot.service.data.get("policy_supported", True):
        return
    message = f"{spec.short_service} takes no endpoint policy; access through it is always full."
    if spec.policy_document:
        yield Finding("no-policy", "block", "policy_document", message, "Choose full access.")
    elif not snapshot.former and spec.vpc_endpoint_type is not EndpointType.GATEWAY_LOAD_BALANCER:
        cure = "Narrow who gets in by its security groups; callers' own permissions and the service decide the rest."
        yield Finding("always-full-access", "info", "policy_document", message, cure)


def exists_already(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """An endpoint to the same service in the same VPC can usually be shared."""
    if snapshot.former:
        return
    for part in snapshot.same_service(spec):
        replaced = part.aws_id == snapshot.replaced_id
        if not replaced and part.data.get("vpc_endpoint_type") == spec.vpc_endpoint_type:
            message = f"The VPC has an endpoint to {spec.short_service} already: {part.label}."
            yield Finding("exists-already", "warn", "service_name", message, "See whether you can use that one.")


def exists_nearby(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A VPC that this one is peered or attached to may have an endpoint to the service that can be shared.

    Whose VPC it is, is told, since its owner has to agree; the endpoint itself belongs to another account, whose
    endpoints whoever asks here may not see.
    """
    if snapshot.former or not spec.has_network_interfaces:
        return
    places = {part.data.get("vpc_id"): part.data for part in snapshot.connected.values()}
    for vpc_id, data in places.items():
        place, through = f"{vpc_id} of account {data.get('account_id')}", data.get("through")
        message = f"{place} has an endpoint to {spec.short_service} already, and {through} connects this VPC with it."
        cure = (
            "Ask that account's people whether you can use theirs: routes must lead there, its security group must let "
            "this VPC in, and the service's name must resolve to it here (a shared private hosted zone)."
        )
        yield Finding("exists-nearby", "info", "service_name", message, cure)


def gateway_is_free(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """For what is offered as Gateway too, that type costs nothing and serves the VPC's own clients."""
    types = snapshot.service.data.get("types", ()) if snapshot.service else ()
    if snapshot.former or not spec.has_network_interfaces or not all(item in types for item in _BOTH):
        return
    if not any(part.data.get("vpc_endpoint_type") == "Gateway" for part in snapshot.same_service(spec)):
        message = f"{spec.short_service} is offered as a Gateway endpoint too, which costs nothing."
        cure = "Choose Gateway, unless clients outside of the VPC (peered, or on your premises) need it."
        yield Finding("gateway-free", "info", "vpc_endpoint_type", message, cure)


def within_quota(spec: EndpointSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """A VPC takes 50 Interface endpoints and 255 Gateway endpoints, a region 20 Gateway endpoints, by default."""
    if snapshot.former:
        return
    alive = [part for part in snapshot.endpoints.values() if part.data.get("state") not in GONE]
    gateways = sum(part.data.get("vpc_endpoint_type") == "Gateway" for part in alive)
    interfaces, region = len(alive) - gateways, max(snapshot.gateway_endpoints_in_region, gateways)
    raised = "Have the quota raised, or share an endpoint that exists."
    if not spec.is_gateway and interfaces >= INTERFACES_PER_VPC:
        message = f"The VPC has {interfaces} Interface endpoints; AWS's default quota is {INTERFACES_PER_VPC}."
        yield Finding("quota", "warn", "vpc_id", message, raised)
    if spec.is_gateway and gateways >= GATEWAYS_PER_VPC:
        message = f"The VPC has {gateways} Gateway endpoints; a VPC takes {GATEWAYS_PER_VPC}."
        yield Finding("quota-gateway-vpc", "block", "vpc_id", message, "Use one that exists, or delete one.")
    elif spec.is_gateway and region >= GATEWAYS_PER_REGION:
        message = f"{spec.region} has {region} Gateway endpoints; AWS's default quota is {GATEWAYS_PER_REGION}."
        yield Finding("quota-gateway", "warn", "region", message, raised)
