"""What a worker can do to bring an endpoint to what was approved: frozen actions, each one AWS call."""

from __future__ import annotations

from dataclasses import dataclass, field

from endpoints.domain.rules import GroupRule
from endpoints.domain.specs import EndpointSpec, EndpointType, SubnetConfiguration


@dataclass(frozen=True, slots=True)
class CreateEndpoint:
    """Create the endpoint of this spec, by one CreateVpcEndpoint call.

    `replaces` is the endpoint that this one takes the place of, and `reasons` are the fields, by botocore's names in
    snake_case, that AWS can't change in place.
    """

    spec: EndpointSpec
    replaces: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyEndpoint:
    """Change an endpoint in place, by one ModifyVpcEndpoint call. What is empty or None stays as it is."""

    vpc_endpoint_id: str
    add_route_table_ids: tuple[str, ...] = ()
    remove_route_table_ids: tuple[str, ...] = ()
    add_subnet_ids: tuple[str, ...] = ()
    remove_subnet_ids: tuple[str, ...] = ()
    add_security_group_ids: tuple[str, ...] = ()
    remove_security_group_ids: tuple[str, ...] = ()
    subnet_configurations: tuple[SubnetConfiguration, ...] = ()
    ip_address_type: str = ""
    dns_record_ip_type: str = ""
    private_dns_only_for_inbound_resolver_endpoint: bool | None = None
    private_dns_enabled: bool | None = None
    policy_document: str | None = None
    reset_policy: bool = False

    @property
    def changes_nothing(self) -> bool:
        """Tell whether nothing but the id is given."""
        return self == ModifyEndpoint(vpc_endpoint_id=self.vpc_endpoint_id)


@dataclass(frozen=True, slots=True)
class SetTags:
    """Add tags, or give them other values, by one CreateTags call."""

    vpc_endpoint_id: str
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RemoveTags:
    """Remove tags by their keys, by one DeleteTags call."""

    vpc_endpoint_id: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteEndpoint:
    """Delete the endpoint, by one DeleteVpcEndpoints call; `replaced` when another has taken its place.

    The type is for the words alone: what stops differs.
    """

    vpc_endpoint_id: str
    replaced: bool = False
    vpc_endpoint_type: str = field(default=EndpointType.INTERFACE, compare=False)


@dataclass(frozen=True, slots=True)
class AuthorizeRule:
    """Add a rule to a security group, by one AuthorizeSecurityGroupIngress or -Egress call that tags it as ours."""

    rule: GroupRule


@dataclass(frozen=True, slots=True)
class RevokeRule:
    """Remove a rule that the portal made, by its id, by one RevokeSecurityGroupIngress or -Egress call."""

    rule: GroupRule
    rule_id: str


Action = CreateEndpoint | ModifyEndpoint | SetTags | RemoveTags | DeleteEndpoint | AuthorizeRule | RevokeRule
