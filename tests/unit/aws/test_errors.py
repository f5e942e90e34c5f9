"""What an error of AWS means, and what comes from something else in AWS's place."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ProxyConnectionError,
    SSLError,
)

from endpoints.aws.errors import (
    AwsError,
    Kind,
    cure_when_given_up,
    from_botocore_error,
    from_client_error,
    translated,
)
from endpoints.aws.gateway import Ec2Gateway
from endpoints.aws.inventory import Reading, read_kind


class Silent:
    """A client whose calls succeed with what botocore makes of a page that isn't AWS's: nothing but its status."""

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        return lambda **_: {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}


ABOUT_ENDPOINTS: list[Callable[[Ec2Gateway], object]] = [
    lambda gateway: list(gateway.list_vpc_endpoints()),
    lambda gateway: gateway.describe_vpc_endpoint("vpce-1"),
    lambda gateway: gateway.describe_vpc_endpoints(["vpce-1"], vpc_ids=["vpc-1"]),
    lambda gateway: gateway.find_by_tag("portal:operation", "1"),
]


@pytest.mark.parametrize(
    "call",
    [
        *ABOUT_ENDPOINTS,
        lambda gateway: gateway.describe("describe_vpcs", "Vpcs"),
        lambda gateway: gateway.vpc_attribute("vpc-1", "enableDnsSupport"),
        lambda gateway: gateway.create_vpc_endpoint({"VpcId": "vpc-1"}),
    ],
)
def test_a_success_that_is_not_awss_is_no_empty_answer(call: Callable[[Ec2Gateway], object]) -> None:
    client: Any = Silent()
    with pytest.raises(AwsError) as caught:
        call(Ec2Gateway(reads=lambda: client, writes=lambda: client))
    assert (caught.value.code, caught.value.kind) == ("NoAnswer", Kind.TRANSIENT)


class Scripted:
    """A client that gives one answer, whatever is asked."""

    def __init__(self, **answer: Any) -> None:
        self.answer = {"ResponseMetadata": {"RequestId": "r-1"}, **answer}

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        return lambda **_: self.answer


def test_a_double_that_leaves_out_what_is_empty_has_nothing() -> None:
    client: Any = Scripted()
    gateway = Ec2Gateway(reads=lambda: client, writes=lambda: client)
    assert list(gateway.list_vpc_endpoints()) == []
    assert gateway.describe_vpc_endpoint("vpce-1") is None


def test_a_page_that_leads_to_itself_is_an_error_and_no_loop() -> None:
    client: Any = Scripted(Vpcs=[{"VpcId": "vpc-1"}], NextToken="again")
    with pytest.raises(AwsError, match="NextToken"):
        Ec2Gateway(reads=lambda: client, writes=lambda: client).describe("describe_vpcs", "Vpcs")


@pytest.mark.parametrize("page", ["", "<!doctype html>"])
@pytest.mark.parametrize(("status", "kind"), [(403, Kind.REFUSED), (500, Kind.TRANSIENT), (502, Kind.TRANSIENT)])
def test_an_error_without_a_code_is_told_by_its_status(page: str, status: int, kind: Kind) -> None:
    said: Any = {"Error": {"Code": str(status), "Message": page}} if page else {}  # as botocore gives it
    error = from_client_error(
        ClientError({**said, "ResponseMetadata": {"HTTPStatusCode": status}}, "CreateVpcEndpoint")
    )
    assert "<" not in error.message
    assert (error.code, error.kind) == (f"HTTP{status}", kind)
    assert str(status) in error.message
    assert "proxy" in error.cure or kind is Kind.TRANSIENT


@pytest.mark.parametrize(
    ("code", "cure"), [("OperationInProgress", "by itself"), ("OperationNotPermitted", "correct the request")]
)
def test_what_is_unsuccessful_in_a_success_is_told_like_an_error(code: str, cure: str) -> None:
    item = {"ResourceId": "vpce-1", "Error": {"Code": code, "Message": "No."}}
    client: Any = SimpleNamespace(delete_vpc_endpoints=lambda **_: {"Unsuccessful": [item], "ResponseMetadata": {}})
    with pytest.raises(AwsError, match=code) as caught:
        Ec2Gateway(reads=lambda: client, writes=lambda: client).delete_vpc_endpoint("vpce-1")
    assert cure in caught.value.cure


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (SSLError(endpoint_url="https://ec2", error="handshake failed"), Kind.TRANSIENT),
        (ProxyConnectionError(proxy_url="http://proxy"), Kind.TRANSIENT),
        (CredentialRetrievalError(provider="container-role", error_msg="HTTP 500"), Kind.TRANSIENT),
        (NoCredentialsError(), Kind.REFUSED),
    ],
)
def test_what_never_reached_aws_is_tried_again(raised: BotoCoreError, kind: Kind) -> None:
    assert from_botocore_error(raised).kind == kind


@pytest.mark.parametrize(
    ("code", "message", "cure"),
    [
        ("RequestExpired", "Request has expired.", "clock"),
        ("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z", "clock"),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", "credentials"),
        ("ExpiredToken", "The security token included in the request is expired", "credentials"),
        ("OperationInProgress", "Another operation is in progress.", "the way from the workers"),
        ("InternalError", "An internal error has occurred", "the way from the workers"),
    ],
)
def test_who_gives_up_says_what_a_person_can_do(code: str, message: str, cure: str) -> None:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    given_up = cure_when_given_up(from_client_error(ClientError(response, "CreateVpcEndpoint")))
    assert cure in given_up
    assert "by itself" not in given_up


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("RequestLimitExceeded", 503, Kind.THROTTLED),
        ("EC2ThrottledException", 400, Kind.THROTTLED),
        ("RequestThrottled", 400, Kind.THROTTLED),
        ("SlowDown", 503, Kind.THROTTLED),
        ("WhoKnows", 429, Kind.THROTTLED),
        ("ConcurrentTagAccess", 400, Kind.TRANSIENT),
        ("PriorRequestNotComplete", 400, Kind.TRANSIENT),
        ("WhoKnows", 400, Kind.REFUSED),
    ],
)
def test_what_passes_by_itself_is_not_handed_to_a_person(code: str, status: int, kind: Kind) -> None:
    answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert from_client_error(ClientError(answer, "CreateTags")).kind is kind


ODD = {
    "VpcEndpoints": [{"State": "available"}],
    "NetworkInterfaces": [{"SubnetId": "subnet-1"}],
    "PrefixLists": [{"PrefixListName": "s3"}],
    "SecurityGroupRules": [{"SecurityGroupRuleId": "sgr-1", "FromPort": "https"}],
    "VpcEndpoint": {"State": "pending"},
    "EnableDnsSupport": {},
}


@pytest.mark.parametrize(
    "call",
    [
        *ABOUT_ENDPOINTS,
        lambda gateway: gateway.network_interfaces(["eni-1"]),
        lambda gateway: gateway.prefix_lists(),
        lambda gateway: list(gateway.group_rules(["sg-1"])),
        lambda gateway: gateway.vpc_attribute("vpc-1", "enableDnsSupport"),
        lambda gateway: gateway.create_vpc_endpoint({"VpcId": "vpc-1"}),
        lambda gateway: read_kind("network_interface", Reading(gateway)),
    ],
)
def test_a_part_that_lacks_what_aws_always_sends_is_told(call: Callable[[Ec2Gateway], object]) -> None:
    client: Any = Scripted(**ODD)
    with pytest.raises(AwsError, match="can't be read") as caught:
        call(Ec2Gateway(reads=lambda: client, writes=lambda: client))
    assert (caught.value.code, caught.value.kind, caught.value.outage) == ("UnreadableAnswer", Kind.TRANSIENT, True)


def test_a_time_that_is_none_is_told_as_what_cannot_be_read() -> None:
    with pytest.raises(AwsError, match="can't be read: Unknown string format: yesterday"), translated():
        raise ValueError("Unknown string format: yesterday")
