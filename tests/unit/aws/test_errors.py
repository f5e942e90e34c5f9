"""What an error of AWS means, and what comes from something else in AWS's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from endpoints.aws.errors import AwsError, Kind, from_client_error
from endpoints.aws.gateway import Ec2Gateway


class Silent:
    """A client whose calls succeed with what botocore makes of a page that isn't AWS's: nothing but its status."""

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        return lambda **_: {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}


@pytest.mark.parametrize(
    "call",
    [
        lambda gateway: list(gateway.list_vpc_endpoints()),
        lambda gateway: gateway.describe_vpc_endpoint("vpce-1"),
        lambda gateway: gateway.describe_vpc_endpoints(["vpce-1"], vpc_ids=["vpc-1"]),
        lambda gateway: gateway.find_by_tag("portal:operation", "1"),
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


@pytest.mark.parametrize(("status", "kind"), [(403, Kind.REFUSED), (500, Kind.TRANSIENT), (502, Kind.TRANSIENT)])
def test_an_error_without_a_code_is_told_by_its_status(status: int, kind: Kind) -> None:
    error = from_client_error(ClientError({"ResponseMetadata": {"HTTPStatusCode": status}}, "CreateVpcEndpoint"))  # type: ignore[typeddict-item]
    assert (error.code, error.kind) == (f"HTTP{status}", kind)
    assert str(status) in error.message
    assert "proxy" in error.cure or kind is Kind.TRANSIENT
