"""CreateVpcEndpoint: the token first, then every check, then the endpoint and all that hangs on it, or
nothing."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from portal.sandbox.aws import interfaces, lifecycle, prefix_lists, routes, services, validation
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.describe import default_policy, view
from portal.sandbox.aws.errors import AwsError, invalid
from portal.sandbox.aws.faults import FAULTS
from portal.sandbox.aws.services import Service
from portal.sandbox.aws.store import STORE, Endpoint


def create_vpc_endpoint(call: Context) -> dict[str, Any]:
    """Create an endpoint, or answer with the one its ClientToken made before.

    Raises `IdempotentParameterMismatch` for a token used with other parameters (per account and region).
    The token of an endpoint that is gone answers with its last state, `deleted`: a token never makes a second
    endpoint.
    """
    token = call.text("ClientToken")
    fingerprint = _fingerprint(call.params)
    if token:
        validation.client_token(token)
        known = call.here.tokens.get(token)
        if known is not None:
            if known[0] != fingerprint:
                raise AwsError(
                    "IdempotentParameterMismatch",
                    "The request uses the same client token as a previous, but non-identical request.",
                )
            return {"VpcEndpoint": view(call, known[1]), "ClientToken": token}
    endpoint = _create(call)
    if token:
        call.here.tokens[token] = (fingerprint, endpoint)
    answer: dict[str, Any] = {"VpcEndpoint": view(call, endpoint)}
    if token:
        answer["ClientToken"] = token
    return answer


def _fingerprint(params: dict[str, Any]) -> str:
    said = {name: value for name, value in params.items() if name not in ("ClientToken", "DryRun")}
    return json.dumps(said, sort_keys=True, default=str)


def _create(call: Context) -> Endpoint:
    the_vpc = validation.vpc(call.backend, call.text("VpcId"))
    service = _service(call)
    kind = validation.endpoint_type(call.text("VpcEndpointType"), service)
    validation.fits_type(kind, call.params)
    tags = validation.tags(call.items("TagSpecifications"))
    document = call.text("PolicyDocument")
    if document:
        validation.policy(document, kind, service.policy_supported, service.name)
    limit = "gateway-per-region" if kind == "Gateway" else "interface-per-vpc"
    validation.quota(call.here, kind, the_vpc.id, STORE.quota(limit, call.account, call.region))
    endpoint = _new(call, the_vpc.id, service, kind, document)
    if kind == "Gateway":
        _gateway(call, endpoint)
    else:
        _interface(call, endpoint, the_vpc, service)
    call.here.add(endpoint)
    if tags:
        call.backend.tags[endpoint.id].update(tags)
    _begin(call, endpoint, service)
    return endpoint


def _service(call: Context) -> Service:
    name = call.text("ServiceName")
    if not name:
        raise AwsError("MissingParameter", "The request must contain the parameter ServiceName")
    region = call.text("ServiceRegion") or call.region
    if region != call.region and not name.startswith("com.amazonaws.vpce."):
        raise invalid(f"Cross-region endpoints are not supported for the service {name}.")
    service = services.find(name, account=call.account, region=region)
    if region != call.region and call.region not in service.supported_regions:
        raise invalid(f"The service {name} does not support endpoints in the Region {call.region}.")
    return service


def _new(call: Context, vpc_id: str, service: Service, kind: str, document: str | None) -> Endpoint:
    from moto.ec2.utils import random_vpc_ep_id

    endpoint_id = random_vpc_ep_id()
    return Endpoint(
        id=endpoint_id,
        sequence=STORE.next_sequence(),
        account=call.account,
        region=call.region,
        vpc_id=vpc_id,
        service_name=service.name,
        service_region=service.region,
        type=kind,
        state="pending",
        created=datetime.now(UTC),
        policy=document or default_policy(kind),
        dns_label=_label(endpoint_id),
    )


def _label(endpoint_id: str) -> str:
    # Derived, so that a world seeded again has the same names.
    return hashlib.sha256(endpoint_id.encode()).hexdigest()[:8]


def _gateway(call: Context, endpoint: Endpoint) -> None:
    prefix_list = prefix_lists.by_name(call.backend, endpoint.service_name)
    endpoint.prefix_list_id = prefix_list.id
    table_ids = list(dict.fromkeys(call.items("RouteTableIds")))
    for table_id in table_ids:
        routes.check_free(routes.find_table(call.backend, table_id, endpoint.vpc_id), prefix_list.id)
    for table_id in table_ids:
        routes.add(call.backend, endpoint, table_id)


def _interface(call: Context, endpoint: Endpoint, the_vpc: Any, service: Service) -> None:
    backend, here = call.backend, call.here
    fixed = fixed_addresses(call)
    wanted = list(dict.fromkeys([*call.items("SubnetIds"), *fixed]))
    if len(call.items("SubnetIds")) != len(set(call.items("SubnetIds"))):
        raise AwsError("DuplicateSubnetsInSameZone", "The same subnet is given twice.")
    chosen = validation.subnets(backend, wanted, the_vpc.id, service)
    validation.one_per_zone([], chosen)
    endpoint.ip_address_type = validation.ip_address_type(call.text("IpAddressType"), service, chosen)
    if endpoint.type == "Interface":
        given = validation.groups(backend, call.items("SecurityGroupIds"), the_vpc.id)
        endpoint.group_ids = given or [validation.default_group(backend, the_vpc.id)]
        _dns(call, endpoint, the_vpc, service)
    addresses = [(subnet, address_for(call, subnet, fixed.get(subnet.id))) for subnet in chosen]
    for subnet, address in addresses:
        interfaces.attach(backend, here, endpoint, subnet, address)


def _dns(call: Context, endpoint: Endpoint, the_vpc: Any, service: Service) -> None:
    asked = call.flag("PrivateDnsEnabled")
    if asked and service.acceptance_required and service.owner != "amazon":
        raise invalid(
            f"Private DNS can only be enabled after the endpoint connection is accepted by the owner of {service.name}."
        )
    # Not sent: on for AWS's services other than the gateway pair, off for accounts' services.
    default = bool(service.private_names) and not service.custom and "Gateway" not in service.types
    endpoint.private_dns = default if asked is None else asked
    given = call.params.get("DnsOptions") or {}
    endpoint.dns_options = validation.dns_options(given, endpoint.ip_address_type, service, endpoint.private_dns, {})
    if endpoint.private_dns:
        validation.private_dns(call.backend, call.here, the_vpc, service, endpoint.dns_options, None)


def fixed_addresses(call: Context) -> dict[str, str | None]:
    """Return the addresses SubnetConfigurations fixes, by subnet id."""
    return {
        str(item["SubnetId"]): item.get("Ipv4") for item in call.items("SubnetConfigurations") if "SubnetId" in item
    }


def address_for(call: Context, subnet: Any, fixed: str | None) -> str:
    """Return the address for a new interface, checked before anything is made."""
    if fixed:
        interfaces.check_address(call.backend, call.here, subnet, fixed)
        return fixed
    return interfaces.free_address(call.backend, call.here, subnet)


def _begin(call: Context, endpoint: Endpoint, service: Service) -> None:
    FAULTS.mark_new(endpoint)
    if service.custom:
        STORE.connections.setdefault(service.id, {})[endpoint.id] = (endpoint.account, endpoint.region)
    if service.acceptance_required and service.owner != "amazon":
        endpoint.state = "pendingAcceptance"
    else:
        lifecycle.start_pending(call.here, endpoint)
