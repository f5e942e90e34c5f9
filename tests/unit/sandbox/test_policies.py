"""Endpoint policies that AWS refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.sandbox.network import Network, code_of

STATEMENT: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}


def document(**changes: Any) -> str:
    """Return a policy with one statement, changed; a change to None takes the element out."""
    statement = {name: value for name, value in {**STATEMENT, **changes}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    "text",
    [
        "{not json",
        "[]",
        '"text"',
        '{"Version":"2012-10-17"}',
        document(Principal=None),
        document(Effect=None),
        document(Effect="Perhaps"),
        document(Action=None),
        document(Resource=None),
        document(Resource="arn:aws:s3:::" + "x" * 20_480),
    ],
)
@pytest.mark.parametrize("kind", ["gateway", "interface"])
def test_a_document_that_is_no_endpoint_policy_is_refused(network: Network, text: str, kind: str) -> None:
    make = network.gateway if kind == "gateway" else network.interface
    assert code_of(lambda: make("s3", PolicyDocument=text)) == "InvalidPolicyDocument"
    assert network.listed() == []


@pytest.mark.parametrize(
    "principal", [{"AWS": "123456789012"}, {"AWS": "arn:aws:iam::123456789012:role/x"}, {"Service": "x"}]
)
def test_a_gateway_takes_no_principal_but_everybody(network: Network, principal: Any) -> None:
    text = document(Principal=principal)
    assert code_of(lambda: network.gateway("s3", PolicyDocument=text)) == "InvalidPolicyDocument"
    made = network.gateway("s3")
    assert code_of(lambda: network.modify(made, PolicyDocument=text)) == "InvalidPolicyDocument"
    network.interface("s3", PolicyDocument=text)


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
def test_a_gateway_takes_everybody_in_both_spellings(network: Network, principal: Any) -> None:
    network.gateway("s3", PolicyDocument=document(Principal=principal))


def test_exactly_the_limit_is_taken(network: Network) -> None:
    text = document(Sid="x")
    text = text.replace('"x"', '"' + "x" * (20_480 - len(text) + 1) + '"')
    assert len(text) == 20_480
    network.interface("sqs", PolicyDocument=text)
