"""AWS's errors as the simulation raises and renders them."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

# HTTP status by code where it is not 400 (EC2 API reference, "Error codes"; STS API reference).
_STATUS = {
    "AccessDenied": 403,
    "AuthFailure": 401,
    "DryRunOperation": 412,
    "ExpiredToken": 403,
    "InternalError": 500,
    "InvalidClientTokenId": 403,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "Unavailable": 503,
    "UnauthorizedOperation": 403,
}


class AwsError(Exception):
    """An error answer: `code` and `message` as AWS words them, `status` the HTTP status."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status if status is not None else _STATUS.get(code, 400)


def invalid(message: str) -> AwsError:
    """Return EC2's `InvalidParameter`, the code of most refusals of an endpoint's parameters."""
    return AwsError("InvalidParameter", message)


def render(protocol: str, error: AwsError, request_id: str) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body of an error in the wire protocol of a service.

    `protocol` is botocore's name: `ec2`, `query`, `rest-xml`, or one of the JSON ones.
    """
    headers = {"x-amzn-requestid": request_id, "server": "simulated-aws"}
    code, message = escape(error.code), escape(error.message)
    if "json" in protocol:
        headers["Content-Type"] = "application/x-amz-json-1.1"
        return error.status, headers, json.dumps({"__type": error.code, "message": error.message})
    headers["Content-Type"] = "text/xml;charset=UTF-8"
    if protocol == "ec2":
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    else:
        who = "Receiver" if error.status >= 500 else "Sender"
        body = (
            f"<ErrorResponse><Error><Type>{who}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return error.status, headers, body
