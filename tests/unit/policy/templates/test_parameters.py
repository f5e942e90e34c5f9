"""What templates take, and how they refuse the rest: all at once, by field, with a cure."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endpoints.policy.document import parse
from endpoints.policy.templates import ParameterError, Template, catalogue

PLACE = {"region": "eu-west-1", "partition": "aws", "account": "111122223333"}
BY_ID = {template.id: template for template in catalogue()}


NEVER = ("${aws:username}", "a${*}b", "bucket*", "b?cket", 'b"]}', "\ud800")


def tried(template: Template, values: dict[str, object]) -> tuple[str, set[str]]:
    """Return the text, or the fields with problems."""
    try:
        return template.render(values, **PLACE), set()  # type: ignore[arg-type]
    except ParameterError as refused:
        return "", set(refused.by_field())


def problems(template: Template, values: dict[str, object], **place: str) -> dict[str, list[str]]:
    with pytest.raises(ParameterError) as refused:
        template.render(values, **{**PLACE, **place})  # type: ignore[arg-type]
    assert all(problem.message and problem.cure for problem in refused.value.problems)
    return {name: [str(problem) for problem in found] for name, found in refused.value.by_field().items()}


def resources(template_id: str, values: dict[str, object]) -> list[str]:
    statement = json.loads(BY_ID[template_id].render(values, **PLACE))["Statement"][0]  # type: ignore[arg-type]
    found = statement["Resource"]
    return [found] if isinstance(found, str) else found


def test_every_problem_is_told_at_once_under_its_field() -> None:
    found = problems(
        BY_ID["s3-buckets-read"],
        {"buckets": "UPPER, ok-bucket, a..b", "organization": "nope", "accounts": ["12"], "colour": "red"},
    )
    assert set(found) == {"buckets", "organization", "accounts", "colour"}
    assert len(found["buckets"]) == 2
    assert "“UPPER” is no bucket" in found["buckets"][0]


def test_what_is_missing_is_asked_for_with_an_example() -> None:
    assert problems(BY_ID["organisation-s3"], {}) == {
        "organization": ["Our organisation: nothing is given. Write it as o-exampleorgid."]
    }
    assert "buckets" in problems(BY_ID["s3-buckets-read"], {"buckets": "  \n , "})


@pytest.mark.parametrize(
    "value",
    [
        "${aws:username}",
        "a${*}b",
        "bucket*",
        "b?cket",
        'b"]}',
        "a\nb\\",
        "bucket/../x",
        "arn:aws:s3:::*",
        "ｂucket",
        "\ud800",
    ],
)
def test_a_value_that_is_more_than_a_name_is_refused(value: str) -> None:
    for template in catalogue():
        for item in template.parameters:
            if item.kind.what != "set of AWS's buckets":
                text, fields = tried(template, {**template.example_values(), item.name: [value]})
                assert fields == {item.name} or value not in NEVER
                assert "${" not in text


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(catalogue()), st.data())
def test_any_text_is_refused_or_stands_in_the_policy_as_a_whole_string(template: Template, data: st.DataObject) -> None:
    if not template.parameters:
        return
    item = data.draw(st.sampled_from(template.parameters))
    value = data.draw(st.one_of(st.text(max_size=40), st.from_regex(item.kind.pattern or "a", fullmatch=True)))
    values = {**template.example_values(), item.name: value}
    text, fields = tried(template, values)
    if fields:
        assert fields == {item.name}
        return
    plain = json.loads(template.render(template.example_values(), **PLACE))
    assert [list(one) for one in json.loads(text)["Statement"]][:1] == [list(one) for one in plain["Statement"]][:1]
    assert "${" not in text
    parse(text)


def test_names_and_arns_give_the_same_policy() -> None:
    named = resources("dynamodb-tables-read", {"tables": "orders"})
    assert named == resources(
        "dynamodb-tables-read", {"tables": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"}
    )
    assert named[1].endswith(":table/orders/index/*")
    assert resources("s3-buckets-read", {"buckets": "arn:aws:s3:::reports"}) == ["arn:aws:s3:::reports"]
    group = "arn:aws:logs:eu-west-1:111122223333:log-group:/app:*"
    assert resources("logs-named", {"groups": group}) == [group.removesuffix(":*"), group]


def test_a_secrets_name_stands_for_its_six_unknown_characters() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:payments/database"
    assert resources("secretsmanager-named", {"secrets": "payments/database"}) == [f"{arn}-??????"]
    assert resources("secretsmanager-named", {"secrets": f"{arn}-AbCdEf"}) == [f"{arn}-AbCdEf"]


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        ("arn:aws-cn:sqs:eu-west-1:111122223333:payments", "another partition"),
        ("arn:aws:sqs:us-east-1:111122223333:payments", "wrong region"),
        ("arn:aws:sns:eu-west-1:111122223333:payments", "no ARN of a queue"),
        ("arn:aws:sqs:eu-west-1:1111:payments", "wrong account"),
        ("arn:aws:sqs", "no ARN of a queue"),
    ],
)
def test_an_arn_of_elsewhere_is_refused(arn: str, says: str) -> None:
    assert says in problems(BY_ID["sqs-named"], {"queues": arn})["queues"][0]


def test_an_organisation_stands_before_accounts_and_the_endpoints_own_account_is_the_default() -> None:
    def who(**values: object) -> dict[str, object]:
        text = BY_ID["sns-named"].render({"topics": "t", **values}, **PLACE)  # type: ignore[dict-item]
        return json.loads(text)["Statement"][0]["Condition"]["StringEquals"]

    assert who() == {"aws:PrincipalAccount": "111122223333"}
    assert who(accounts="222233334444,222233334444") == {"aws:PrincipalAccount": "222233334444"}
    assert who(organization="o-exampleorgid") == {"aws:PrincipalOrgID": "o-exampleorgid"}


def test_a_role_of_an_account_that_is_not_ours_is_refused_since_nobody_would_be_both() -> None:
    role = "arn:aws:iam::222233334444:role/payments-app"
    template = BY_ID["sns-named"]
    assert "222233334444, which isn't one of ours" in problems(template, {"topics": "t", "roles": role})["roles"][0]
    assert "111122223333" in problems(template, {"topics": "t", "roles": "app", "accounts": "222233334444"})["roles"][0]
    for ours in ({"accounts": "222233334444"}, {"organization": "o-exampleorgid"}):
        assert role in template.render({"topics": "t", "roles": role, **ours}, **PLACE)


def test_a_policy_that_would_be_too_long_says_which_list_to_shorten() -> None:
    names = [f"{'n' * 240}{number:03}" for number in range(99)]
    assert "the limit is 20,480" in problems(BY_ID["dynamodb-tables-read"], {"tables": names})["tables"][0]
    assert "too many" in problems(BY_ID["dynamodb-tables-read"], {"tables": names * 2})["tables"][0]


def test_buckets_of_aws_that_the_guides_do_not_tell_are_refused_rather_than_guessed() -> None:
    template = BY_ID["organisation-s3"]
    values: dict[str, object] = {"organization": "o-exampleorgid", "aws_owned": "codeartifact"}
    assert "assets-438097961670-eu-west-1" in template.render(values, **PLACE)  # type: ignore[arg-type]
    found = problems(template, values, region="sa-east-1")
    assert "CodeArtifact package assets" in found["aws_owned"][0]


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"region": "nowhere"}, "region"),
        ({"region": "cn-north-1"}, "partition"),
        ({"partition": "aws-cn"}, "partition"),
        ({"partition": "azure"}, "partition"),
        ({"account": "1"}, "account"),
        ({"region": "eu-west-1\n"}, "region"),
    ],
)
def test_a_place_that_does_not_exist_is_refused(place: dict[str, str], field: str) -> None:
    assert field in problems(BY_ID["full-access"], {}, **place)


def test_systems_managers_buckets_have_the_names_of_their_region() -> None:
    def render(region: str) -> str:
        return BY_ID["s3-systems-manager"].render({}, region=region, partition="aws", account="111122223333")

    assert "arn:aws:s3:::patch-baseline-snapshot-me-south-1-uduvl7q8/*" in render("me-south-1")
    assert "arn:aws:s3:::aws-patch-manager-eu-west-1-5522fb710/*" in render("eu-west-1")
    assert "arn:aws:s3:::eu-west-1-birdwatcher-prod/*" in render("eu-west-1")
