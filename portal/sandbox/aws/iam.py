"""Who calls, and what its identity policies allow.

A plain evaluation: an explicit Deny wins, then an Allow, else refused. Actions and resources match with `*`
and `?`. Conditions are evaluated on the keys listed in `CONDITION_KEYS`; a key that is not known is absent.
Not simulated: permission boundaries, service control policies, resource policies other than a role's trust
policy.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from portal.sandbox.aws.errors import AwsError
from portal.sandbox.aws.store import STORE, TemporaryKey

CONDITION_KEYS = (
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:RequestedRegion",
    "ec2:CreateAction",
    "ec2:Region",
    "ec2:VpceServiceName",
    "sts:ExternalId",
)
_RESOURCE_TYPES = {
    "vpc": "vpc",
    "subnet": "subnet",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "rtb": "route-table",
    "vpce": "vpc-endpoint",
    "eni": "network-interface",
    "vpce-svc": "vpc-endpoint-service",
    "pl": "prefix-list",
}
# moto's name of a service -> the prefix of its actions in policies, where they differ.
_ACTION_PREFIX = {"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}
_RESOURCE_ID = re.compile(r"^(vpce-svc|vpce|vpc|subnet|sgr|sg|rtb|eni|pl)-[0-9a-f]+$")
_RULE_ACTIONS = frozenset(
    f"{verb}SecurityGroup{way}" for verb in ("Authorize", "Revoke") for way in ("Ingress", "Egress")
)
_BLOB_KEY = b"simulated-aws authorization message"


@dataclass(frozen=True)
class Principal:
    """The caller. `policies` are its identity policies, or None for one that may do everything."""

    account: str
    arn: str
    user_id: str
    policies: tuple[Mapping[str, Any], ...] | None
    session_policy: Mapping[str, Any] | None = None


def identify(access_key: str, session_token: str | None, *, service: str) -> Principal:
    """Return who an access key belongs to.

    Raises AwsError as the service words it: EC2 `AuthFailure` and `RequestExpired`, the others
    `InvalidClientTokenId` and `ExpiredToken`.
    """
    static = STORE.static_keys.get(access_key)
    if static is not None:
        arn = f"arn:aws:iam::{static.account}:user/{static.user_name}"
        return Principal(static.account, arn, "AIDA" + _digest(static.user_name), None)
    temporary = STORE.temporary_keys.get(access_key)
    if temporary is not None:
        return _session(temporary, session_token, service)
    return _user(access_key, service)


def account_of(access_key: str) -> str | None:
    """Return the account of a key that this simulation handed out, or None."""
    known = STORE.static_keys.get(access_key) or STORE.temporary_keys.get(access_key)
    return known.account if known else None


def find_role(role_arn: str) -> Any | None:
    """Return moto's role with this ARN, or None when the account or the role does not exist."""
    from moto.iam.models import iam_backends

    parts = role_arn.split(":")
    if len(parts) != 6 or not re.fullmatch(r"\d{12}", parts[4]) or parts[4] not in set(iam_backends):
        return None
    for role in iam_backends[parts[4]]["aws"].get_roles():
        if role.arn == role_arn:
            return role
    return None


def _session(key: TemporaryKey, token: str | None, service: str) -> Principal:
    if token != key.session_token:
        raise _unknown(service)
    if key.expires <= time.time():
        if service == "ec2":
            raise AwsError("RequestExpired", "Request has expired.")
        raise AwsError("ExpiredToken", "The security token included in the request is expired")
    role = find_role(key.role_arn)
    if role is None or role.id != key.role_id:
        raise _unknown(service)  # sessions end with their role, also when one of that name is made again
    name = key.role_arn.rpartition("/")[2]
    return Principal(
        key.account,
        f"arn:aws:sts::{key.account}:assumed-role/{name}/{key.session_name}",
        f"{key.role_id}:{key.session_name}",
        tuple(_documents_of(role)),
        json.loads(key.session_policy) if key.session_policy else None,
    )


def _user(access_key: str, service: str) -> Principal:
    from moto.iam.models import iam_backends

    for account, partitions in list(iam_backends.items()):
        backend = partitions.get("aws")
        key = backend.access_keys.get(access_key) if backend is not None else None
        if backend is None or key is None or key.status != "Active" or key.user_name not in backend.users:
            continue
        user = backend.users[key.user_name]
        documents = list(_documents_of(user))
        for group in backend.groups.values():
            if user in group.users:
                documents.extend(_documents_of(group))
        return Principal(account, user.arn, user.id, tuple(documents))
    raise _unknown(service)


def _documents_of(holder: Any) -> Iterable[Mapping[str, Any]]:
    texts = list(holder.policies.values())
    texts += [
        version.document
        for policy in holder.managed_policies.values()
        for version in policy.versions
        if version.version_id == policy.default_version_id
    ]
    for text in texts:
        yield json.loads(text) if isinstance(text, str) else text


def _unknown(service: str) -> AwsError:
    if service == "ec2":
        return AwsError("AuthFailure", "AWS was not able to validate the provided access credentials")
    return AwsError("InvalidClientTokenId", "The security token included in the request is invalid.")


# --- Evaluation


def decide(policies: Iterable[Mapping[str, Any]], action: str, resource: str, keys: Mapping[str, str]) -> str | None:
    """Return "Deny" for an explicit deny, "Allow", or None when nothing matches."""
    allowed = False
    for policy in policies:
        for statement in as_list(policy.get("Statement")):
            if _applies(statement, action, resource, keys):
                if statement.get("Effect") == "Deny":
                    return "Deny"
                allowed = allowed or statement.get("Effect") == "Allow"
    return "Allow" if allowed else None


def _applies(statement: Mapping[str, Any], action: str, resource: str, keys: Mapping[str, str]) -> bool:
    return (
        _listed(statement, "Action", action.lower(), fold=True)
        and _listed(statement, "Resource", resource, fold=False)
        and conditions_hold(statement.get("Condition") or {}, keys)
    )


def _listed(statement: Mapping[str, Any], name: str, value: str, *, fold: bool) -> bool:
    negated = f"Not{name}"
    patterns = as_list(statement.get(name, statement.get(negated)))
    if fold:
        patterns = [str(pattern).lower() for pattern in patterns]
    hit = any(wildcard(str(pattern), value) for pattern in patterns)
    return hit if name in statement else not hit


def conditions_hold(conditions: Mapping[str, Any], keys: Mapping[str, str]) -> bool:
    """Tell whether every condition of a statement holds for the request's keys (names in any case)."""
    known = {name.lower(): value for name, value in keys.items()}
    return all(
        _holds(operator, known.get(key.lower()), as_list(expected))
        for operator, tests in conditions.items()
        for key, expected in tests.items()
    )


def _holds(operator: str, value: str | None, expected: list[Any]) -> bool:
    if operator.lower() == "null":
        return any((str(item).lower() == "true") == (value is None) for item in expected)
    name = operator.lower()
    if name.endswith("ifexists"):
        if value is None:
            return True
        name = name.removesuffix("ifexists")
    negative = "not" in name
    if value is None:
        return negative
    hit = any(_equal(name, value, str(item)) for item in expected)
    return hit != negative


def _equal(operator: str, value: str, expected: str) -> bool:
    if "like" in operator or operator.startswith("arn"):
        return wildcard(expected, value)
    if "ignorecase" in operator or operator == "bool":
        return value.lower() == expected.lower()
    return value == expected


def wildcard(pattern: str, value: str) -> bool:
    """Match `*` and `?` as IAM does; a bracket means itself."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def as_list(value: Any) -> list[Any]:
    """Return policy JSON's "one or many" as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


# --- EC2


def authorize(principal: Principal, service: str, action: str, region: str, params: Mapping[str, Any]) -> None:
    """Let an allowed call pass; raise `UnauthorizedOperation` (EC2) or `AccessDenied` (others) for one that
    is not."""
    if principal.policies is None and principal.session_policy is None:
        return
    service = _ACTION_PREFIX.get(service, service)
    actions = [action]
    if service == "ec2" and params.get("TagSpecifications") and action != "CreateTags":
        actions.append("CreateTags")
    keys = {
        "aws:PrincipalArn": principal.arn,
        "aws:PrincipalAccount": principal.account,
        "aws:RequestedRegion": region,
        "ec2:Region": region,
    }
    if params.get("ServiceName"):
        keys["ec2:VpceServiceName"] = str(params["ServiceName"])
    for name in actions:
        # Tagging within a create is authorised by the key that names the create (EC2 guide, "Granting permission to
        # tag resources during creation").
        more = {"ec2:CreateAction": action} if name == "CreateTags" and name != action else {}
        for resource in _resources(service, name, principal.account, region, params):
            verdict = _verdict(principal, f"{service}:{name}", resource, keys | more)
            if verdict != "Allow":
                raise _refused(principal, service, name, resource, verdict)
    if action == "CreateVpcEndpoint" and str(params.get("PrivateDnsEnabled")).lower() == "true":
        # A dependent action of CreateVpcEndpoint (Service Authorization Reference): AWS's zone goes onto the VPC.
        zone = "arn:aws:route53:::hostedzone/*"
        verdict = _verdict(principal, "route53:AssociateVPCWithHostedZone", zone, keys)
        if verdict != "Allow":
            raise _refused(principal, "ec2", action, zone, verdict, asked="route53:AssociateVPCWithHostedZone")


def _verdict(principal: Principal, action: str, resource: str, keys: Mapping[str, str]) -> str | None:
    verdict: str | None = "Allow"
    if principal.policies is not None:
        verdict = decide(principal.policies, action, resource, keys)
    if verdict == "Allow" and principal.session_policy is not None:
        verdict = decide([principal.session_policy], action, resource, keys)
    return verdict


def _resources(service: str, action: str, account: str, region: str, params: Mapping[str, Any]) -> list[str]:
    """Return the ARNs an action is authorised on: the named ones, `vpc-endpoint/*` for a new one, else
    `*`."""
    if service != "ec2" or action.startswith("Describe"):
        return [str(params.get("RoleArn") or "*")]
    prefix = f"arn:aws:ec2:{region}:{account}:"
    found = []
    if action in _RULE_ACTIONS or (action == "CreateTags" and "IpPermissions" in params):
        # The groups and lists that a rule names as its peer aren't asked about (Service Authorization Reference).
        if action == "CreateTags":
            return [f"{prefix}security-group-rule/*"]
        params = {name: params[name] for name in ("GroupId", "SecurityGroupRuleIds") if name in params}
    if action == "CreateVpcEndpoint" or (action == "CreateTags" and "ServiceName" in params):
        found.append(f"{prefix}vpc-endpoint/*")
    if action != "CreateTags" or "Resources" in params:
        for text in _strings(params):
            match = _RESOURCE_ID.match(text)
            if match:
                found.append(f"{prefix}{_RESOURCE_TYPES[match.group(1)]}/{text}")
    return list(dict.fromkeys(found)) or ["*"]


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _refused(
    principal: Principal, service: str, action: str, resource: str, verdict: str | None, *, asked: str = ""
) -> AwsError:
    asked = asked or f"{service}:{action}"
    why = (
        "with an explicit deny in an identity-based policy"
        if verdict == "Deny"
        else f"because no identity-based policy allows the {asked} action"
    )
    what = f"User: {principal.arn} is not authorized to perform: {asked}"
    if resource != "*":
        what += f" on resource: {resource}"
    if service != "ec2":
        return AwsError("AccessDenied", f"{what} {why}")
    message = f"You are not authorized to perform this operation. {what} {why}"
    if not action.startswith("Describe"):
        facts = {
            "allowed": False,
            "explicitDeny": verdict == "Deny",
            "matchedStatements": {"items": []},
            "failures": {"items": []},
            "context": {
                "principal": {"id": principal.user_id, "arn": principal.arn},
                "action": asked,
                "resource": resource,
                "conditions": {"items": []},
            },
        }
        message += f". Encoded authorization failure message: {encode_message(facts)}"
    return AwsError("UnauthorizedOperation", message)


def encode_message(facts: Mapping[str, Any]) -> str:
    """Return an opaque text that only `decode_message` can read."""
    packed = zlib.compress(json.dumps(facts).encode())
    seal = hmac.digest(_BLOB_KEY, packed, "sha256")[:16]
    return base64.urlsafe_b64encode(seal + packed).decode().rstrip("=")


def decode_message(text: str) -> str:
    """Return the JSON of an encoded authorization message; raise `InvalidAuthorizationMessageException`
    otherwise."""
    error = AwsError(
        "InvalidAuthorizationMessageException",
        "The error returned if the message passed was not encoded by AWS.",
    )
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raise error from None
    seal, packed = raw[:16], raw[16:]
    if not hmac.compare_digest(seal, hmac.digest(_BLOB_KEY, packed, "sha256")[:16]):
        raise error
    return zlib.decompress(packed).decode()


def _digest(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest())[:17].decode()
