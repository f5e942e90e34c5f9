"""STS: AssumeRole with its trust policy, GetCallerIdentity, DecodeAuthorizationMessage."""

from __future__ import annotations

import json
import re
import secrets
import string
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portal.sandbox.aws import iam
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError
from portal.sandbox.aws.store import STORE, TemporaryKey

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")


def assume_role(call: Context) -> dict[str, Any]:
    """Hand out temporary credentials of a role whose trust policy lets the caller in.

    Raises `AccessDenied` for a role that does not exist, a caller or an ExternalId the trust policy refuses
    (AWS does not tell them apart), and `ValidationError` for a bad name or duration.
    """
    role_arn = call.text("RoleArn") or ""
    session_name = call.text("RoleSessionName") or ""
    if not _SESSION_NAME.fullmatch(session_name):
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy "
            f"constraint: "
            "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        )
    role = iam.find_role(role_arn)
    if role is None or not _trusts(role, call):
        raise AwsError(
            "AccessDenied",
            f"User: {call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
        )
    seconds = _duration(call, role)
    alphabet = string.ascii_uppercase + string.digits
    access_key = "ASIA" + "".join(secrets.choice(alphabet) for _ in range(16))
    key = TemporaryKey(
        account=role_arn.split(":")[4],
        role_arn=role_arn,
        role_id=role.id,
        session_name=session_name,
        session_token=secrets.token_urlsafe(120),
        expires=time.time() + seconds,
        session_policy=call.text("Policy"),
    )
    _forget_expired()
    STORE.temporary_keys[access_key] = key
    return {
        "Credentials": {
            "AccessKeyId": access_key,
            "SecretAccessKey": secrets.token_urlsafe(30),
            "SessionToken": key.session_token,
            "Expiration": datetime.fromtimestamp(key.expires, UTC),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{session_name}",
            "Arn": f"arn:aws:sts::{key.account}:assumed-role/{role.name}/{session_name}",
        },
        "PackedPolicySize": 6,
    }


def get_caller_identity(call: Context) -> dict[str, Any]:
    """Say who the caller is; no permission is needed."""
    return {
        "UserId": call.principal.user_id,
        "Account": call.principal.account,
        "Arn": call.principal.arn,
    }


def decode_authorization_message(call: Context) -> dict[str, Any]:
    """Open the encoded message of an `UnauthorizedOperation`."""
    return {"DecodedMessage": iam.decode_message(call.text("EncodedMessage") or "")}


def _duration(call: Context, role: Any) -> int:
    seconds = int(call.params.get("DurationSeconds") or 3600)
    longest = int(role.max_session_duration or 3600)
    if seconds < 900:
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy "
            f"constraint: "
            "Member must have value greater than or equal to 900",
        )
    if seconds > longest:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return seconds


def _forget_expired() -> None:
    # A day later nobody learns anything from "expired" any more.
    long_ago = time.time() - 24 * 3600
    for access_key in [name for name, key in STORE.temporary_keys.items() if key.expires < long_ago]:
        del STORE.temporary_keys[access_key]


def _trusts(role: Any, call: Context) -> bool:
    document = role.assume_role_policy_document
    policy = json.loads(document) if isinstance(document, str) else document
    keys = {"aws:PrincipalArn": call.principal.arn, "aws:PrincipalAccount": call.principal.account}
    external_id = call.text("ExternalId")
    if external_id is not None:
        keys["sts:ExternalId"] = external_id
    matching = [
        statement.get("Effect")
        for statement in iam.as_list(policy.get("Statement"))
        if any(iam.wildcard(str(a).lower(), "sts:assumerole") for a in iam.as_list(statement.get("Action")))
        and _is_principal(statement.get("Principal"), call.principal)
        and iam.conditions_hold(statement.get("Condition") or {}, keys)
    ]
    return "Allow" in matching and "Deny" not in matching


def _is_principal(element: Any, caller: iam.Principal) -> bool:
    if element == "*":
        return True
    if not isinstance(element, Mapping):
        return False
    accepted = {"*", caller.account, f"arn:aws:iam::{caller.account}:root", caller.arn, _role_of(caller.arn)}
    return any(str(item) in accepted for item in iam.as_list(element.get("AWS")))


def _role_of(arn: str) -> str:
    match = re.fullmatch(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.+", arn)
    return f"arn:aws:iam::{match.group(1)}:role/{match.group(2)}" if match else arn
