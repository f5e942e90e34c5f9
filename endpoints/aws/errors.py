"""AWS's errors, sorted by what to do about them. Unknown codes keep their code and message.

Codes from the EC2 API reference's list of client and server errors, and from observation.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

log = logging.getLogger(__name__)


class Kind(StrEnum):
    """What to do about an error."""

    THROTTLED = "throttled"
    """AWS refused for speed: nothing happened; wait, and don't count the attempt."""
    TRANSIENT = "transient"
    """AWS or the way to it failed, and a side effect may have happened: look, then try again."""
    NOT_FOUND = "not_found"
    """The endpoint isn't there: just created and not visible yet, or gone."""
    REFUSED = "refused"
    """AWS said no, and will again: a person must change something."""


class AwsError(Exception):
    """A failed call: AWS's `code` and `message`, the `kind`, and the `cure` in words.

    `outage` tells that AWS, or the way to it, was out of order: nothing about the call was wrong.
    """

    def __init__(
        self, *, code: str, message: str, kind: Kind, cure: str, request_id: str = "", outage: bool = False
    ) -> None:
        self.code = code
        self.message = message
        self.kind = kind
        self.cure = cure
        self.request_id = request_id
        self.outage = outage
        super().__init__(f"{code}: {message}")


THROTTLES = frozenset(
    {"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"}
    # What botocore's standard mode of retrying takes for a throttle besides; EC2 and STS answer them with a 400.
    | {"EC2ThrottledException", "RequestThrottled", "RequestThrottledException", "ThrottledException", "SlowDown"}
    | {"BandwidthLimitExceeded"}
)
TRANSIENTS = frozenset(
    {
        "Unavailable",
        "ServiceUnavailable",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "RequestTimeout",
        "OperationInProgress",
        "ConcurrentTagAccess",
        "PriorRequestNotComplete",
        "DependencyViolation",
        "IncorrectState",
        "RequestExpired",
        "ExpiredToken",
        "ExpiredTokenException",
    }
)
_TOO_MANY = 429
"""HTTP's own word for a throttle, whoever answers."""
NOT_FOUND = frozenset({"InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound", "InvalidVpcEndpointID.NotFound"})

_RETRY = "The portal tries again by itself."
_CLOCK = "An operator must set the clock of the workers' machine right, then retry."


@dataclass(frozen=True, slots=True)
class _Cure:
    code: str
    message: str
    text: str

    def fits(self, code: str, message: str) -> bool:
        return bool(re.fullmatch(self.code, code) and re.search(self.message, message, re.IGNORECASE))


_CURES = (
    _Cure(
        "InvalidParameter.*",
        "private.?dns|conflicting DNS domain",
        "Another endpoint, or a private hosted zone, already answers for this service's name in the VPC, or the VPC's "
        "DNS attributes are off. Switch private DNS off in the request, or remove the other one first.",
    ),
    _Cure(
        "InvalidParameter.*",
        "availability zone|does not support.*zone",
        "The service isn't offered in the zone of one of the subnets. Edit the request and choose other subnets.",
    ),
    _Cure(
        "DuplicateSubnetsInSameZone",
        "",
        "Two of the subnets are in one availability zone. Edit the request and keep one per zone.",
    ),
    _Cure(
        "RouteAlreadyExists",
        "",
        "One of the route tables already has a route to this service. Edit the request and leave that table out, or "
        "use the endpoint that is there.",
    ),
    _Cure(
        "InvalidServiceName", "", "The region doesn't offer this service. Edit the request and choose it from the list."
    ),
    _Cure("InvalidVpcI[dD].*", "", "The VPC is gone. Edit the request and choose another."),
    _Cure("InvalidSubnetI[dD].*", "", "A subnet is gone. Edit the request and choose another."),
    _Cure(
        "InvalidSecurityGroupI[dD].*|InvalidGroup.*",
        "",
        "A security group is gone or is another VPC's. Edit the request and choose another.",
    ),
    _Cure(
        "RulesPerSecurityGroupLimitExceeded",
        "",
        "The security group is full. Have a rule removed that isn't needed, or the quota raised, and then retry; or "
        "edit the request and take the rule out.",
    ),
    _Cure(
        "InvalidPrefixListI[dD].*",
        "",
        "AWS doesn't know the prefix list that a rule names. Refresh the inventory, edit the request and choose again.",
    ),
    _Cure("InvalidRouteTableI[dD].*", "", "A route table is gone. Edit the request and choose another."),
    _Cure(
        "InvalidPolicyDocument|MalformedPolicyDocument", "", "AWS doesn't accept the policy. Edit it and submit again."
    ),
    _Cure(
        "InvalidParameter.*",
        "cross.?region|does not support endpoints in the region",
        "The service isn't offered to this region from there. Ask its owner to support the region, or choose the "
        "service's own region.",
    ),
    _Cure(
        "InvalidIPAddress.*|InvalidParameter.*",
        "address .* (in use|reserved|does not fall)|Address .* is in use",
        "A fixed address isn't free in its subnet. Edit the request and choose another, or leave the choice to AWS.",
    ),
    _Cure(
        "InvalidServiceRegion.*",
        "",
        "AWS doesn't know the service in that region. Edit the request and correct the service's region.",
    ),
    _Cure(
        "VpcEndpointLimitExceeded|GatewayVpcEndpointLimitExceeded",
        "",
        "The quota of endpoints is used up. Delete one that isn't needed, or have the quota raised, then retry.",
    ),
    _Cure(
        "InsufficientFreeAddressesInSubnet|.*InsufficientIp.*",
        "",
        "A subnet has no free address. Edit the request and choose another subnet.",
    ),
    _Cure(
        "UnauthorizedOperation|AccessDenied|AccessDeniedException",
        "",
        "The portal's role in this account lacks a permission, or its trust policy doesn't let the portal in. Ask the "
        "account's owner to correct the role, then retry.",
    ),
    _Cure("RequestExpired|RequestInTheFuture", "", _CLOCK),
    _Cure("SignatureDoesNotMatch", "expired|not yet current", _CLOCK),
    _Cure(
        "AuthFailure|InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClientException|NoCredentials|OptInRequired"
        "|ExpiredToken|ExpiredTokenException",
        "",
        "AWS doesn't accept the portal's credentials. An operator must renew them, then retry.",
    ),
    _Cure(
        "IdempotentParameterMismatch",
        "",
        "The same token was used with other values: this is an error of the portal. Tell an operator.",
    ),
)
_IN_BETWEEN = (
    "Something between the workers and AWS, such as a proxy, answered in its place. An operator must let the workers "
    "through, then retry."
)
_NO_MORE = (
    "It was tried several times. Retry when the cause has gone; if it stays, an operator must look at AWS's health and "
    "at the way from the workers to AWS."
)
_ASK = "Read AWS's message, correct the request and submit it again, or retry if the cause has gone."


def cure_for(code: str, message: str) -> str:
    """Return what a person can do about an error, in words."""
    return next((item.text for item in _CURES if item.fits(code, message)), _ASK)


def cure_when_given_up(error: AwsError) -> str:
    """Return what a person can do about an error that went on after the last try."""
    if error.cure != _RETRY:
        return error.cure
    cure = cure_for(error.code, error.message)
    return _NO_MORE if cure == _ASK else cure


def kind_of(code: str, message: str, status: int) -> Kind:
    """Sort an error code. A 5xx that nobody knows is transient; a 4xx that nobody knows is refused."""
    if code in THROTTLES or status == _TOO_MANY:
        return Kind.THROTTLED
    if code in NOT_FOUND:
        return Kind.NOT_FOUND
    if code in TRANSIENTS or "idempotent operation" in message.lower():
        return Kind.TRANSIENT
    return Kind.TRANSIENT if status >= 500 else Kind.REFUSED


def from_client_error(error: ClientError) -> AwsError:
    """Return the AwsError of an answer that AWS gave, or that something gave in its place."""
    body = error.response.get("Error", {})
    meta = error.response.get("ResponseMetadata", {})
    status = int(meta.get("HTTPStatusCode", 400))
    code, message = str(body.get("Code") or status), str(body.get("Message", ""))
    if code == str(status):
        return _not_aws(status)  # botocore found no code: the message is a page of HTML, if anything
    return from_words(code, message, status=status, request_id=str(meta.get("RequestId", "")))


def from_words(code: str, message: str, *, status: int, request_id: str) -> AwsError:
    """Return the AwsError of a code and a message that AWS gave."""
    kind = kind_of(code, message, status)
    cure = cure_for(code, message) if kind is Kind.REFUSED else _RETRY
    outage = kind is Kind.TRANSIENT and status >= 500
    return AwsError(code=code, message=message, kind=kind, cure=cure, request_id=request_id, outage=outage)


def _not_aws(status: int) -> AwsError:
    """Return the AwsError of an error without a code, which AWS never gives: a page of a proxy, say."""
    code = f"HTTP{status}"
    kind = kind_of(code, "", status)
    message = f"An answer with HTTP status {status} came that isn't AWS's: it has no error code."
    passes = kind is Kind.TRANSIENT
    return AwsError(code=code, message=message, kind=kind, cure=_RETRY if passes else _IN_BETWEEN, outage=passes)


def no_answer(member: str) -> AwsError:
    """Return the AwsError of a success without what AWS always sends, be it empty: it isn't AWS that answered.

    Taken for an empty list, it would make everything look deleted.
    """
    return AwsError(
        code="NoAnswer",
        message=f"An answer came that isn't AWS's: it has no {member}.",
        kind=Kind.TRANSIENT,
        cure=_RETRY,
        outage=True,
    )


UNREADABLE = "UnreadableAnswer"


def _unreadable(what: str) -> AwsError:
    return AwsError(
        code=UNREADABLE,
        message=f"AWS's answer can't be read: {what}.",
        kind=Kind.TRANSIENT,
        cure=_RETRY,
        outage=True,
    )


@contextmanager
def readable() -> Iterator[None]:
    """Turn what a part of an answer lacks, or has in another form than AWS's, into AwsError."""
    try:
        yield
    except KeyError as missing:
        raise _unreadable(f"a part of it has no {missing.args[0]}") from missing
    except (AttributeError, TypeError, ValueError) as error:
        log.warning("a part of an answer can't be read", exc_info=error)  # or it is an error of ours
        raise _unreadable(str(error).rstrip(".")) from error


_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError)
_NO_ANSWER = (
    NoConnectionError,
    HTTPClientError,
    ResponseParserError,
    CredentialRetrievalError,
    MetadataRetrievalError,
)


def from_botocore_error(error: Exception) -> AwsError:
    """Return the AwsError of a call that got no usable answer: what it did is unknown."""
    if isinstance(error, _NO_CREDENTIALS):
        return AwsError(code="NoCredentials", message=str(error), kind=Kind.REFUSED, cure=cure_for("NoCredentials", ""))
    code, message = type(error).__name__, str(error)
    if isinstance(error, _NO_ANSWER):
        return AwsError(code=code, message=message, kind=Kind.TRANSIENT, cure=_RETRY, outage=True)
    return AwsError(code=code, message=message, kind=Kind.REFUSED, cure=_ASK)


@contextmanager
def translated(note: Callable[[AwsError], None] | None = None) -> Iterator[None]:
    """Turn botocore's exceptions into AwsError; `note` sees each first."""
    try:
        yield
    except ClientError as error:
        translated_error = from_client_error(error)
    except (BotoCoreError, ResponseParserError) as error:
        translated_error = from_botocore_error(error)
    except KeyError as missing:
        # botocore's parser of STS takes for granted what AWS always sends, as its callers do.
        translated_error = no_answer(str(missing.args[0]))
    except ValueError as error:
        translated_error = _unreadable(str(error).rstrip("."))  # such as a time that is none, in botocore's parser
    else:
        return
    if note:
        note(translated_error)
    raise translated_error
