"""Every rule of preflight by the name under which it is found: how serious it is, what it says, and its source.

`make docs` writes it as docs/network-rules.md; a test holds it against the rules' code and their cases.
"""

from __future__ import annotations

from dataclasses import dataclass

_PRIVATELINK = "https://docs.aws.amazon.com/vpc/latest/privatelink/"
_VPC = "https://docs.aws.amazon.com/vpc/latest/userguide/"
_CREATE = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html"
_INTERFACE = f"{_PRIVATELINK}create-interface-endpoint.html"
_GATEWAY = f"{_PRIVATELINK}gateway-endpoints.html"
_DNS = f"{_PRIVATELINK}privatelink-access-aws-services.html"
_QUOTAS = f"{_PRIVATELINK}vpc-limits-endpoints.html"
_ACLS = f"{_VPC}vpc-network-acls.html"
_EPHEMERAL = f"{_VPC}custom-network-acl.html"
_SHARING = f"{_VPC}vpc-sharing.html"
_SUBNETS = f"{_VPC}subnet-sizing.html"
_POLICY = f"{_PRIVATELINK}vpc-endpoints-access.html"
_OURS = ""


@dataclass(frozen=True, slots=True)
class Known:
    """One rule: its severity (`block` stops a submission, `warn` and `info` don't), what it finds, and the page of
    AWS's documentation that says so; empty where the rule is the portal's own."""

    rule: str
    severity: str
    finds: str
    source: str


CATALOGUE = (
    Known("vpc-unknown", "block", "The VPC isn't in the account and region.", _CREATE),
    Known("inventory-stale", "warn", "AWS couldn't be read lately, so the checks judge what was.", _OURS),
    Known("service-unknown", "block", "The region doesn't offer the service.", _CREATE),
    Known("service-type", "block", "The service isn't offered as this type of endpoint.", _CREATE),
    Known("other-vpc", "block", "A subnet, security group or route table isn't the VPC's.", _CREATE),
    Known("part-unknown", "warn", "What the endpoint has isn't found in AWS any more.", _OURS),
    Known("shared-subnet", "block", "A subnet is shared by another account, which alone may use it so.", _SHARING),
    Known("shared-route-table", "block", "A route table belongs to the account that shares the VPC.", _SHARING),
    Known("one-subnet-per-zone", "block", "Two subnets are in one zone, by the zone's id.", _INTERFACE),
    Known("zone-not-served", "block", "The service isn't offered in a subnet's zone, by the zone's id.", _INTERFACE),
    Known("no-subnet", "warn", "Without a subnet there is no network interface to reach.", _INTERFACE),
    Known("no-route-table", "warn", "Without a route table nothing leads to the endpoint.", _GATEWAY),
    Known("single-zone", "info", "One subnet means that one zone's failure is the endpoint's.", _INTERFACE),
    Known("no-free-address", "block", "A subnet has no free address for the network interface.", _SUBNETS),
    Known("few-addresses", "info", "A subnet is nearly full.", _SUBNETS),
    Known("private-dns-attributes", "block", "Private DNS without enableDnsSupport and enableDnsHostnames.", _DNS),
    Known("private-dns-none", "block", "The service has no private DNS name.", _DNS),
    Known(
        "private-dns-unverified",
        "block",
        "The service's owner hasn't verified the private DNS name.",
        f"{_PRIVATELINK}manage-dns-names.html",
    ),
    Known("private-dns-conflict", "block", "Another endpoint of the VPC answers for the private name.", _DNS),
    Known("private-dns-off", "info", "The service's own name keeps resolving to public addresses.", _DNS),
    Known("exists-already", "warn", "The VPC has an endpoint to the service.", _OURS),
    Known("asked-too", "warn", "Another request asks for an endpoint to the service in the VPC.", _OURS),
    Known("exists-nearby", "info", "A peered or attached VPC has an endpoint to the service: reuse it.", _OURS),
    Known("gateway-free", "info", "The service is offered as a Gateway endpoint too, which is free.", _GATEWAY),
    Known("route-exists", "block", "A route table has a route to the service's prefix list.", _GATEWAY),
    Known("connections-drop", "warn", "Open connections drop when routes to a Gateway endpoint change.", _GATEWAY),
    Known("route-table-unused", "info", "No subnet follows the route table.", _GATEWAY),
    Known("outbound-closed", "warn", "A group lets no traffic out to the service's prefix list.", _GATEWAY),
    Known("inbound-closed", "warn", "The groups let nobody of the VPC in on TCP 443.", _INTERFACE),
    Known("inbound-partial", "info", "The groups let a part of the VPC in on TCP 443.", _INTERFACE),
    Known("rule-carried", "info", "The request carries the security group rule that cures it.", _OURS),
    Known("rule-not-offered", "block", "A rule that is carried isn't one that the endpoint needs.", _OURS),
    Known("default-group", "info", "No group is chosen: AWS attaches the VPC's default group.", _INTERFACE),
    Known(
        "quota-groups",
        "warn",
        "More than 5 groups on a network interface; more than 16 block.",
        f"{_VPC}amazon-vpc-limits.html",
    ),
    Known("acl-inbound", "warn", "The ACL of the endpoint's subnets lets no request in on TCP 443.", _ACLS),
    Known("acl-outbound", "warn", "The ACL of the clients' subnets lets no request out to the service.", _ACLS),
    Known("acl-return", "warn", "An ACL lets no answer through on the ephemeral ports.", _EPHEMERAL),
    Known("acl-partial", "info", "An ACL lets a part of the requests or answers through.", _ACLS),
    Known("acl-clients", "info", "The ACL of other subnets keeps their clients from the endpoint.", _ACLS),
    Known("acceptance", "info", "The service's owner must accept the connection.", _INTERFACE),
    Known("no-policy", "block", "A custom policy for a service that takes none.", _POLICY),
    Known("always-full-access", "info", "The service takes no endpoint policy.", _POLICY),
    Known("quota", "warn", "The VPC has 50 Interface endpoints, the default quota.", _QUOTAS),
    Known("quota-gateway", "warn", "The region has 20 Gateway endpoints, the default quota.", _QUOTAS),
    Known("quota-gateway-vpc", "block", "The VPC has 255 Gateway endpoints, which is the most.", _QUOTAS),
    Known("address-type-service", "block", "The service doesn't offer the IP address type.", _INTERFACE),
    Known("address-type-subnet", "block", "A subnet's ranges don't suit the IP address type.", _INTERFACE),
    Known("fixed-address-type", "block", "A fixed IPv4 address on an endpoint of the type ipv6.", _CREATE),
    Known("fixed-address-outside", "block", "A fixed address isn't in its subnet.", _CREATE),
    Known("fixed-address-reserved", "block", "A fixed address is one of the five that AWS keeps.", _SUBNETS),
    Known(
        "inbound-only",
        "block",
        "S3's private DNS for inbound resolvers alone without a Gateway endpoint to S3.",
        f"{_PRIVATELINK}vpc-endpoints-s3.html",
    ),
)
