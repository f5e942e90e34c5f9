"""AWS's actions, resource types and condition keys, as the reference has them."""

from __future__ import annotations

import pytest

from endpoints.policy import reference
from endpoints.policy.reference import Action, Service, WrittenArn, condition_key, nearest_key, nearest_service


def service(prefix: str) -> Service:
    found = reference.service(prefix)
    assert found is not None
    return found


def test_all_services_and_their_actions_are_known() -> None:
    assert len(reference.services()) > 400
    assert sum(len(service(prefix).actions) for prefix in reference.services()) > 20_000
    assert reference.service("s33") is None


def test_an_action_has_its_name_access_types_and_keys() -> None:
    action = service("S3").action("GETOBJECT")
    assert isinstance(action, Action)
    assert (action.name, action.access) == ("GetObject", "Read")
    assert "object" in action.types
    assert "s3:existingobjecttag/<key>" in service("s3").keys_of(action)
    assert service("s3").action("GetObjct") is None


@pytest.mark.parametrize(
    ("pattern", "some", "not_some"),
    [
        ("Get*", "GetObject", "PutObject"),
        ("*Object", "PutObject", "GetObjectAcl"),
        ("get?bject", "GetObject", "GetObjectAcl"),
        ("*", "ListBucket", ""),
        ("GetObject", "GetObject", "GetObjectAcl"),
        ("G*t*ject", "GetObject", "ListBucket"),
    ],
)
def test_a_pattern_covers_actions(pattern: str, some: str, not_some: str) -> None:
    names = {action.name for action in service("s3").matching(pattern)}
    assert some in names
    assert not_some not in names


def test_misspelt_names_have_a_nearest() -> None:
    assert service("ec2").nearest_action("DescribInstances") == "DescribeInstances"
    assert service("ec2").nearest_action("x" * 20_000) is None
    assert nearest_service("dynamdb") == "dynamodb"
    assert nearest_key("s3:max-key") == "s3:max-keys"
    assert nearest_key("aws:SourceVcp") == "aws:SourceVpc"


@pytest.mark.parametrize(
    ("name", "kind", "many"),
    [
        ("aws:PrincipalOrgPaths", "string", True),
        ("AWS:PRINCIPALORGID", "string", False),
        ("aws:PrincipalTag/Cost Center", "string", False),
        ("aws:CurrentTime", "date", False),
        ("aws:VpcSourceIp", "address", False),
        ("aws:PrincipalArn", "arn", False),
        ("s3:ExistingObjectTag/team", "string", False),
        ("s3:max-keys", "number", False),
        ("kms:EncryptionContext:app", "string", False),
        ("dynamodb:LeadingKeys", "string", True),
        ("saml:aud", "string", False),
    ],
)
def test_a_condition_key_has_a_type_and_one_value_or_several(name: str, kind: str, many: bool) -> None:
    key = condition_key(name)
    assert key is not None
    assert (key.kinds[0], key.many) == (kind, many)


@pytest.mark.parametrize("name", ["aws:nothing", "aws:PrincipalTag/", "s3:", "", ":", "nothing:at-all", "x" * 1000])
def test_what_is_no_key_is_none(name: str) -> None:
    assert condition_key(name) is None


@pytest.mark.parametrize(
    ("prefix", "kind", "arn", "fits"),
    [
        ("s3", "bucket", "arn:aws:s3:::reports", True),
        ("s3", "bucket", "arn:aws:s3:::rep*", True),
        ("s3", "bucket", "arn:aws:s3:::*", True),
        ("s3", "bucket", "arn:aws:s3:::reports/*", False),
        ("s3", "bucket", "arn:aws:s3:::*/x", False),
        ("s3", "object", "arn:aws:s3:::reports/*", True),
        ("s3", "object", "arn:aws:s3:::reports", False),
        ("s3", "object", "arn:aws:s3:::rep*", True),
        ("s3", "object", "arn:aws:s3:::reports/2026/?/x", True),
        ("dynamodb", "table", "arn:aws:dynamodb:*:*:table/*", True),
        ("dynamodb", "table", "arn:aws:dynamodb:eu-west-1:111122223333:table/x/index/y", False),
        ("dynamodb", "index", "arn:aws:dynamodb:eu-west-1:111122223333:table/x/index/y", True),
        ("dynamodb", "table", "arn:aws:dynamodb:*", True),
        ("dynamodb", "table", "arn:aws:sqs:*", False),
        ("iam", "role", "arn:aws:iam::111122223333:role/path/to/name", True),
        ("iam", "role", "arn:aws:iam::111122223333:user/name", False),
        ("iam", "role", "nonsense", False),
    ],
)
def test_a_resource_type_may_be_what_a_policy_writes(prefix: str, kind: str, arn: str, fits: bool) -> None:
    assert service(prefix).types[kind].may_be(WrittenArn.of(arn)) is fits
