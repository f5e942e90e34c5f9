"""Makes people and requests for tests, and with `tests/stock.py` accounts and what stands in them.

A state is reached by the transitions that lead to it.

Nothing here calls AWS: `available(...)` feeds the engine what AWS would have said. Tests of the engine itself use
the simulated AWS (`tests/aws.py`).
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from typing import Any

from django.utils import timezone

from endpoints.aws import AwsError, Kind
from endpoints.domain.lifecycle import Actor
from endpoints.domain.observed import DnsEntry, NetworkInterface, ObservedEndpoint
from endpoints.domain.rules import ObservedRule
from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.models import (
    Account,
    AccountRegion,
    Endpoint,
    EndpointRequest,
    Membership,
    Operation,
    Role,
    RoleAssignment,
    Team,
    UnmanagedEndpoint,
    User,
)
from endpoints.models.requests import ChangeAction
from endpoints.services import (
    drifts,
    events,
    leases,
    observation,
    outcomes,
    provisioning,
    requests,
    reviews,
    transitions,
)
from endpoints.services import unmanaged as nobodys
from endpoints.services.actors import WORKER, Who, person
from endpoints.services.drafts import ChangeDraft, Draft
from tests.stock import REGION as REGION
from tests.stock import another_vpc as another_vpc
from tests.stock import aws_id as aws_id
from tests.stock import make_account as make_account
from tests.stock import offer as offer
from tests.stock import stock as stock

_numbers = itertools.count(1)
PASSWORD = "a long enough test password"
READ_ONLY = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
  ]
}"""
DENY_DELETE = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"},
    {"Sid": "Keep", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "*"}
  ]
}"""


def make_team(name: str = "Payments") -> Team:
    """Return the team of this name."""
    return Team.objects.get_or_create(name=name, slug=name.lower().replace(" ", "-"))[0]


def make_person(username: str, *roles: Role, team: Team | None = None, approves: Account | None = None) -> User:
    """Return a person with roles, a team, and an account to approve for."""
    user = User.objects.create_user(username, password=PASSWORD)
    for role in roles:
        RoleAssignment.objects.create(user=user, role=role)
    if approves:
        RoleAssignment.objects.create(user=user, role=Role.APPROVER, account=approves)
    if team:
        Membership.objects.create(user=user, team=team)
    return user


def make_engineer(username: str = "engineer", *, team: Team | None = None) -> User:
    """Return an engineer of a team (Payments when none is given)."""
    return make_person(username, Role.ENGINEER, team=team or make_team())


def make_approver(account: Account, username: str = "approver") -> User:
    """Return an approver of an account."""
    return make_person(username, approves=account)


def gateway_spec(account: Account, region: str = REGION, **fields: Any) -> EndpointSpec:
    """Return a Gateway endpoint to S3 in the stocked VPC's private route table."""
    return EndpointSpec(
        **{
            "account_id": account.account_id,
            "region": region,
            "vpc_id": aws_id("vpc", account, region, "main"),
            "service_name": f"com.amazonaws.{region}.s3",
            "vpc_endpoint_type": EndpointType.GATEWAY,
            "route_table_ids": (aws_id("rtb", account, region, "private"),),
            **fields,
        }
    )


def unrouted_spec(account: Account, region: str = REGION, **fields: Any) -> EndpointSpec:
    """Return a Gateway endpoint to S3 in no route table: of those, many don't stand in each other's way."""
    return gateway_spec(account, region, route_table_ids=(), **fields)


def interface_spec(account: Account, region: str = REGION, **fields: Any) -> EndpointSpec:
    """Return an Interface endpoint to Secrets Manager in the stocked VPC's three private subnets."""
    return EndpointSpec(
        **{
            "account_id": account.account_id,
            "region": region,
            "vpc_id": aws_id("vpc", account, region, "main"),
            "service_name": f"com.amazonaws.{region}.secretsmanager",
            "vpc_endpoint_type": EndpointType.INTERFACE,
            "subnet_ids": tuple(aws_id("subnet", account, region, f"private-{zone}") for zone in "abc"),
            "security_group_ids": (aws_id("sg", account, region, "https"),),
            "private_dns_enabled": True,
            **fields,
        }
    )


def draft(account: Account, team: Team, *specs: EndpointSpec, title: str = "S3 without NAT") -> Draft:
    """Return a draft that creates endpoints of these specs (a gateway to S3 when none is given)."""
    changes = [ChangeDraft(action=ChangeAction.CREATE, spec=spec) for spec in specs or (gateway_spec(account),)]
    return Draft(
        account=account,
        title=title,
        justification="The batch jobs read S3 through NAT today.",
        owner_team=team,
        changes=tuple(changes),
    )


def submitted(
    account: Account, requester: User, *specs: EndpointSpec, title: str = "S3 without NAT"
) -> EndpointRequest:
    """Return a request that waits for review."""
    team = requester.teams.get()
    asked = draft(account, team, *specs, title=title)
    return requests.submit(draft=asked, by=person(requester), now=timezone.now(), submission_key=uuid.uuid4())


def policy_change(
    endpoint: Endpoint, requester: User, document: str | None, *, reason: str = "Narrow it."
) -> EndpointRequest:
    """Return a request that waits for review and changes an endpoint's policy."""
    return _change(endpoint, requester, ChangeAction.POLICY, reason, policy_document=document)


def deletion(endpoint: Endpoint, requester: User) -> EndpointRequest:
    """Return a request that waits for review and deletes an endpoint."""
    return _change(endpoint, requester, ChangeAction.DELETE, "")


def modification(endpoint: Endpoint, requester: User, **fields: Any) -> EndpointRequest:
    """Return a request that waits for review and gives an endpoint's spec other values."""
    return _change(endpoint, requester, ChangeAction.MODIFY, "", **fields)


def recreation(endpoint: Endpoint, requester: User) -> EndpointRequest:
    """Return a request that waits for review and makes an endpoint again that was deleted outside."""
    return _change(endpoint, requester, ChangeAction.RECREATE, "")


def adoption(
    account: Account, requester: User, spec: EndpointSpec, vpc_endpoint_id: str, *, title: str = "Adopt it"
) -> EndpointRequest:
    """Return a request that waits for review and takes over an endpoint that AWS has."""
    change = ChangeDraft(action=ChangeAction.ADOPT, spec=spec, adopts=vpc_endpoint_id)
    asked = replace(draft(account, requester.teams.get(), title=title), changes=(change,))
    return requests.submit(draft=asked, by=person(requester), now=timezone.now(), submission_key=uuid.uuid4())


def replacement(endpoint: Endpoint, requester: User, spec: EndpointSpec) -> EndpointRequest:
    """Return a request that waits for review: a new endpoint, and the old one's deletion after it."""
    endpoint.refresh_from_db()
    new = ChangeDraft(action=ChangeAction.CREATE, spec=spec)
    old = ChangeDraft(
        action=ChangeAction.DELETE,
        spec=endpoint.desired_spec(),
        endpoint=endpoint,
        base_generation=endpoint.generation,
        after=1,
    )
    asked = replace(draft(endpoint.account, endpoint.owner_team, title="Replace it"), changes=(new, old))
    return requests.submit(draft=asked, by=person(requester), now=timezone.now(), submission_key=uuid.uuid4())


def _change(endpoint: Endpoint, requester: User, action: ChangeAction, reason: str, **fields: Any) -> EndpointRequest:
    endpoint.refresh_from_db()
    change = ChangeDraft(
        action=action,
        spec=replace(endpoint.desired_spec(), **fields),
        endpoint=endpoint,
        base_generation=endpoint.generation,
        reason=reason,
    )
    asked = Draft(
        account=endpoint.account,
        title=f"{action.label} of {endpoint}",
        justification="It is needed for the audit.",
        owner_team=endpoint.owner_team,
        changes=(change,),
    )
    return requests.submit(draft=asked, by=person(requester), now=timezone.now(), submission_key=uuid.uuid4())


def approved(request: EndpointRequest, approver: User) -> EndpointRequest:
    """Return the request, approved."""
    reviews.approve(
        request=request, content_hash=request.content_hash, comment="", by=person(approver), now=timezone.now()
    )
    request.refresh_from_db()
    return request


def available(request: EndpointRequest) -> list[Endpoint]:
    """Bring an approved request to the end by feeding the engine what AWS would say; return its endpoints."""
    endpoints = []
    for operation in Operation.objects.filter(request=request, change__round=request.round):
        endpoints.append(_provision(operation, state="available"))
    request.refresh_from_db()
    return endpoints


def pending_acceptance(request: EndpointRequest) -> list[Endpoint]:
    """Bring an approved request to where the service's owner must accept."""
    operations = Operation.objects.filter(request=request, change__round=request.round)
    endpoints = [_provision(operation, state="pendingacceptance") for operation in operations]
    request.refresh_from_db()
    return endpoints


def rejected(request: EndpointRequest) -> list[Endpoint]:
    """Bring an approved request to where the service's owner has rejected the connection."""
    endpoints = pending_acceptance(request)
    for operation in Operation.objects.filter(request=request, status="waiting_acceptance"):
        operation = _loaded(operation)
        seen = observed(operation.change.desired(), operation.endpoint, state="rejected")
        observation._settle(operation, seen, now=timezone.now())
    request.refresh_from_db()
    return endpoints


def failed(
    request: EndpointRequest, *, code: str = "RouteAlreadyExists", message: str = "route table rtb-1 has a route"
) -> EndpointRequest:
    """Bring an approved request to where AWS has refused it."""
    now = timezone.now()
    refusal = AwsError(code=code, message=message, kind=Kind.REFUSED, cure="Edit the request.", request_id="req-1")
    for operation in Operation.objects.filter(request=request, change__round=request.round):
        leases.claim(operation.pk, owner="a test")
        operation = _loaded(operation)
        outcomes.started(operation, now=now)
        with events.recorded(events.chain_of(operation.account)):
            outcomes.went_wrong(operation, refusal, now=now)
    request.refresh_from_db()
    return request


def observed(spec: EndpointSpec, endpoint: Endpoint, *, state: str = "available") -> ObservedEndpoint:
    """Return what AWS would say of an endpoint that is as its spec asks."""
    number = endpoint.pk
    interfaces = tuple(
        NetworkInterface(
            network_interface_id=f"eni-{number:08x}{position:09x}",
            subnet_id=subnet,
            availability_zone=f"{spec.region}{'abc'[position % 3]}",
            private_ip_address=spec.fixed_addresses.get(subnet, f"10.0.{position}.{10 + number % 200}"),
            status="in-use",
            security_group_ids=spec.security_group_ids,
        )
        for position, subnet in enumerate(spec.subnet_ids)
    )
    dns = (
        () if spec.is_gateway else (f"vpce-{number:017x}-abcdef.{spec.short_service}.{spec.region}.vpce.amazonaws.com",)
    )
    return ObservedEndpoint(
        vpc_endpoint_id=f"vpce-{number:017x}",
        vpc_endpoint_type=str(spec.vpc_endpoint_type),
        vpc_id=spec.vpc_id,
        service_name=spec.service_name,
        state=state,
        policy_document=spec.policy_document,
        route_table_ids=spec.route_table_ids,
        subnet_ids=spec.subnet_ids,
        security_group_ids=spec.security_group_ids,
        private_dns_enabled=spec.private_dns_enabled,
        owner_id=spec.account_id,
        dns_entries=tuple(DnsEntry(dns_name=name, hosted_zone_id="Z1") for name in dns),
        network_interface_ids=tuple(item.network_interface_id for item in interfaces),
        network_interfaces=interfaces,
        prefix_list_id="pl-6da54004" if spec.is_gateway else "",
        service_region=spec.service_region or spec.region,
        ip_address_type=spec.ip_address_type or ("" if spec.is_gateway else "ipv4"),
        dns_record_ip_type=spec.dns_record_ip_type or ("ipv4" if spec.has_network_interfaces else ""),
        private_dns_only_for_inbound_resolver_endpoint=spec.private_dns_only_for_inbound_resolver_endpoint,
        tags=(("portal:operation", "test"), *sorted(spec.all_tags.items())),
        group_rules=tuple(
            ObservedRule(rule_id=f"sgr-{number:08x}{position:09x}", rule=rule, ours=True)
            for position, rule in enumerate(spec.group_rules)
        ),
    )


def unmanaged(account: Account, *, region: str = REGION, **fields: Any) -> UnmanagedEndpoint:
    """Return an endpoint that the survey found and that no request stands behind; `fields` are AWS's."""
    number = next(_numbers)
    seen = ObservedEndpoint(
        **{
            "vpc_endpoint_id": f"vpce-{number:08x}",
            "vpc_endpoint_type": "Gateway",
            "vpc_id": aws_id("vpc", account, region, "main"),
            "service_name": f"com.amazonaws.{region}.s3",
            "state": "available",
            "route_table_ids": (aws_id("rtb", account, region, "private"),),
            "owner_id": account.account_id,
            "creation_timestamp": "2026-01-31T09:00:00+00:00",
            "tags": (("Name", "made by hand"),),
            **fields,
        }
    )
    here = AccountRegion.objects.get(account=account, region=region)
    nobodys.keep(region=here, found=[seen], now=timezone.now())
    return UnmanagedEndpoint.objects.get(vpc_endpoint_id=seen.vpc_endpoint_id)


def drifted(endpoint: Endpoint, **fields: Any) -> Endpoint:
    """Let the survey find AWS with other values than what was approved; return the endpoint."""
    endpoint.refresh_from_db()
    there = endpoint.observed_endpoint()
    assert there is not None
    seen, now = replace(there, **fields), timezone.now()
    found = drifts.differences_of(endpoint, seen)
    assert found, "these values are as approved"
    Endpoint.objects.filter(pk=endpoint.pk).update(
        observed=seen.to_dict(), observed_at=now, version=endpoint.version + 1
    )
    with events.recorded(events.chain_of(endpoint.account)):
        told = drifts.keep(news=[(endpoint, drifts.news_of(found, {}, may_open=True))], now=now)
        events.record_all(chain=events.chain_of(endpoint.account), who=WORKER, at=now, news=told)
    endpoint.refresh_from_db()
    return endpoint


def missing(endpoint: Endpoint) -> Endpoint:
    """Let the survey find an endpoint gone from AWS; return it."""
    changes = {"aws_state": "deleted"}
    with events.recorded(events.chain_of(endpoint.account)):
        transitions.apply(
            to=endpoint,
            transition="go_missing",
            acting_as=Actor.WORKER,
            who=WORKER,
            now=timezone.now(),
            changes=changes,
        )
    return endpoint


def _provision(operation: Operation, *, state: str) -> Endpoint:
    held = leases.claim(operation.pk, owner="a test")
    assert held, f"{operation} is {operation.status}, not due"
    operation = _loaded(operation)
    now = timezone.now()
    outcomes.started(operation, now=now)
    seen = observed(operation.change.desired(), operation.endpoint, state=state)
    if operation.action == ChangeAction.DELETE:
        seen = observed(operation.change.desired(), operation.endpoint, state="deleted")
    elif operation.endpoint.vpc_endpoint_id is None:
        provisioning._record_created(operation, held, seen, request_id="req-1")
    with events.recorded(events.chain_of(operation.account)):
        outcomes.hand_over(operation, request_id="req-1", now=now)
    observation._settle(operation, seen, now=now)
    operation.endpoint.refresh_from_db()
    return operation.endpoint


def _loaded(operation: Operation) -> Operation:
    return Operation.objects.select_related(
        "change", "request__account", "endpoint__account", "endpoint__owner_team", "account"
    ).get(pk=operation.pk)


def by(user: User) -> Who:
    """Return a person as an actor of the browser."""
    return person(user)
