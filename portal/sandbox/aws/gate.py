"""The gate every call passes: who, fault, throttle, permission, dry run, then the overlay's handler or
moto's.

It replaces moto's `BaseResponse.call_action`, so that the server and `mock_aws` behave alike.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from portal.sandbox.aws import (
    create,
    delete,
    describe,
    direct_connect,
    filters,
    group_rules,
    iam,
    interfaces,
    lifecycle,
    modify,
    paging,
    prefix_lists,
    provider,
    quotas,
    regions,
    services,
    sts,
    wire,
)
from portal.sandbox.aws.buckets import BUCKETS
from portal.sandbox.aws.calls import CALLS, Record
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError, render
from portal.sandbox.aws.faults import AFTER, BEFORE, FAULTS, Rule
from portal.sandbox.aws.store import LOCK, STORE

Answer = tuple[int, dict[str, Any], Any]
Handler = Callable[[Context], dict[str, Any]]

# What the answer's header tells the WSGI layer to do with the socket.
TRANSPORT_HEADER = "x-sim-transport"

HANDLERS: dict[tuple[str, str], Handler] = {
    ("ec2", "CreateVpcEndpoint"): create.create_vpc_endpoint,
    ("ec2", "ModifyVpcEndpoint"): modify.modify_vpc_endpoint,
    ("ec2", "DeleteVpcEndpoints"): delete.delete_vpc_endpoints,
    ("ec2", "DescribeVpcEndpoints"): describe.describe,
    ("ec2", "DescribeVpcEndpointServices"): services.describe,
    ("ec2", "DescribeVpcEndpointConnections"): provider.describe_connections,
    ("ec2", "AcceptVpcEndpointConnections"): provider.accept,
    ("ec2", "RejectVpcEndpointConnections"): provider.reject,
    ("ec2", "DescribePrefixLists"): prefix_lists.describe_aws,
    ("ec2", "DescribeManagedPrefixLists"): prefix_lists.describe_managed,
    ("ec2", "DescribeNetworkInterfaces"): interfaces.describe,
    ("ec2", "DescribeRegions"): regions.describe,
    ("directconnect", "DescribeDirectConnectGatewayAssociations"): direct_connect.describe_associations,
    ("service-quotas", "GetServiceQuota"): quotas.get_service_quota,
    ("sts", "AssumeRole"): sts.assume_role,
    ("sts", "GetCallerIdentity"): sts.get_caller_identity,
    ("sts", "DecodeAuthorizationMessage"): sts.decode_authorization_message,
}
# Looked at before moto's own handler runs.
GUARDS: dict[tuple[str, str], Callable[[Context], None]] = {
    ("ec2", "DeleteSecurityGroup"): delete.before_delete_security_group,
    ("ec2", "DeleteSubnet"): delete.before_delete_subnet,
    ("ec2", "DeleteVpc"): delete.before_delete_vpc,
    ("ec2", "DeleteRouteTable"): delete.before_delete_route_table,
    ("ec2", "DeleteRoute"): delete.before_delete_route,
    ("ec2", "DeleteNetworkInterface"): delete.before_touch_interface,
    ("ec2", "ModifyNetworkInterfaceAttribute"): delete.before_touch_interface,
    ("ec2", "CreateTags"): delete.before_tag,
    ("ec2", "DeleteTags"): delete.before_tag,
    ("ec2", "DeleteVpcEndpointServiceConfigurations"): provider.before_delete_service,
    ("ec2", "AuthorizeSecurityGroupIngress"): group_rules.before_authorize,
    ("ec2", "AuthorizeSecurityGroupEgress"): group_rules.before_authorize,
    ("ec2", "RevokeSecurityGroupIngress"): group_rules.before_revoke,
    ("ec2", "RevokeSecurityGroupEgress"): group_rules.before_revoke,
    ("ec2", "DescribeSecurityGroupRules"): group_rules.before_describe,
}
# Allowed whatever the caller's policies say (STS API reference).
_NEEDS_NO_PERMISSION = frozenset({("sts", "GetCallerIdentity")})
# Told after each call that may have changed something; the server saves its state then.
CHANGED: list[Callable[[], None]] = []


def pass_through(response: Any, moto_call: Callable[[Any], Answer]) -> Answer:
    """Answer one call. `response` is moto's response object, `moto_call` its own `call_action`."""
    service, action = str(response.service_name), str(response._get_action())
    request_id = str(uuid.uuid4())
    params = plain(_params(response))
    record = CALLS.begin(service, action, response.region, request_id, params)
    after: Rule | None = None
    try:
        with LOCK:
            after, answer = _act(response, moto_call, record)
    except _ResetError:
        return _transport(response, "reset", (503, {}, ""))
    except AwsError as error:
        answer = render(_protocol(response), error, request_id)
    answer = _stamp(answer, record)
    if not action.startswith(("Describe", "Get", "List")):
        STORE.touched = True
        for tell in CHANGED:
            tell()
    if after is None:
        return answer
    if after.kind == "delay":
        time.sleep(float(after.params.get("seconds", 1.0)))
        return answer
    return _transport(response, "cut", answer)


class _ResetError(Exception):
    """The connection shall be reset before anything is done."""


def _act(response: Any, moto_call: Callable[[Any], Answer], record: Record) -> tuple[Rule | None, Answer]:
    service, action, region = record.service, record.action, record.region
    token = response.headers.get("X-Amz-Security-Token")
    principal = iam.identify(response.access_key, token, service=service)
    record.account = principal.account
    before = FAULTS.take(BEFORE, action, principal.account, region)
    if before is not None:
        if before.kind == "reset":
            raise _ResetError
        raise before.error()
    if service == "ec2" and not BUCKETS.take(action, principal.account, region, STORE.rate):
        raise AwsError("RequestLimitExceeded", "Request limit exceeded.")
    call = Context(action, principal.account, region, _params(response), principal)
    if (service, action) not in _NEEDS_NO_PERMISSION:
        iam.authorize(principal, service, action, region, call.params)
    if service == "ec2":
        if call.flag("DryRun"):
            raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
        filters.check(call.items("Filters"))
        lifecycle.settle(call.backend, call.here)
    answer = _handle(response, moto_call, call, record)
    return FAULTS.take(AFTER, action, principal.account, region), answer


def _handle(response: Any, moto_call: Callable[[Any], Answer], call: Context, record: Record) -> Answer:
    from moto.core.responses import ActionResult

    service = record.service
    handler = HANDLERS.get((service, call.action))
    if handler is not None and service == "ec2":
        return wire.answer(call.action, handler(call), record.request_id)
    if handler is not None:
        serialized: Answer = response.serialized(ActionResult(handler(call)))
        return serialized
    guard = GUARDS.get((service, call.action))
    if guard is not None:
        guard(call)
    try:
        paging.check(call)
        status, headers, body = moto_call(response)
    except NotImplementedError:
        raise AwsError(
            "InvalidAction",
            f"The action {call.action} is not valid for this web service: it is not simulated.",
        ) from None
    return status, headers, paging.paged(call, body) if service == "ec2" and status == 200 else body


def _params(response: Any) -> dict[str, Any]:
    """Return what was asked with; moto's own reading knows query parameters only, not a JSON body."""
    if _protocol(response) == "json":
        return dict(json.loads(response.body or "{}"))
    return dict(response._get_params())


def _protocol(response: Any) -> str:
    from moto.core.utils import get_service_model

    if "x-amz-json" in str(response.headers.get("Content-Type", "")):
        return "json"  # a service may speak several: the caller chooses
    return str(get_service_model(response.boto3_service_name).protocol)


_REQUEST_ID = re.compile(r"(?<=<request[Ii]d>)[^<]*(?=<)|(?<=<RequestI[dD]>)[^<]*(?=<)|(?<=<requestID>)[^<]*(?=<)")
_CODE = re.compile(r"<Code>([^<]+)</Code>|\"__type\": ?\"([^\"]+)\"")


def _stamp(answer: Answer, record: Record) -> Answer:
    status, headers, body = answer
    if isinstance(body, bytes):
        body = body.decode()
    headers["x-amzn-requestid"] = record.request_id
    if isinstance(body, str):
        body = _REQUEST_ID.sub(record.request_id, body, count=1)
        if status >= 400:
            found = _CODE.search(body)
            record.error = (found.group(1) or found.group(2)) if found else None
    record.status = status
    return status, headers, body


def _transport(response: Any, how: str, answer: Answer) -> Answer:
    if not response.normalized_request.from_wsgi_server:
        from botocore.exceptions import ConnectionClosedError

        raise ConnectionClosedError(endpoint_url=response.uri)
    status, headers, body = answer
    return status, {**headers, TRANSPORT_HEADER: how}, body


def plain(value: Any) -> Any:
    """Return parsed parameters as JSON-able data."""
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
