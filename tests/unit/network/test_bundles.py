"""Bundles: the portal's own, what can be one, and how short names lead to a region's services."""

from __future__ import annotations

import re

import pytest

from endpoints.domain.specs import short_service_name
from endpoints.network.bundles import MOST_MEMBERS, Bundle, BundleError, Member, bundle_book, check, full_names
from endpoints.network.purposes import purposes


def test_the_portal_brings_what_common_workloads_need() -> None:
    needed = {bundle.id: {item.service for item in bundle.needed} for bundle in bundle_book().bundles}
    assert needed["private-ecs"] == {"ecr.api", "ecr.dkr", "s3", "logs"}
    assert needed["session-manager"] == {"ssm", "ssmmessages", "ec2messages"}
    assert needed["private-eks"] >= {"ec2", "ecr.api", "ecr.dkr", "s3", "sts", "eks"}
    assert needed["sagemaker"] >= {"sagemaker.api", "sagemaker.runtime", "s3", "sts", "logs"}
    assert "lambda-in-vpc" in needed


@pytest.mark.parametrize("bundle", bundle_book().bundles, ids=lambda item: item.id)
def test_each_says_why_and_where_it_is_written(bundle: Bundle) -> None:
    assert re.fullmatch(r"[a-z-]+", bundle.id), "a number would be a team's bundle"
    assert all(source.startswith("https://docs.aws.amazon.com/") for source in bundle.sources)
    for member in bundle.members:
        assert member.why
        # A name that the catalogue knows is spelt as AWS spells it.
        assert member.service in purposes(), member.service
        # What AWS offers as a Gateway, free of charge, is asked for so.
        assert (member.kind == "Gateway") == (member.service in ("s3", "dynamodb"))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([], "at least one"),
        ([Member(f"s{number}", "Interface") for number in range(MOST_MEMBERS + 1)], "too many"),
        ([Member("s3", "Gateway"), Member("s3", "Interface")], "twice"),
        ([Member("s3", "GatewayLoadBalancer")], "Gateway or Interface"),
        ([Member("com.amazonaws.eu-west-1.s3", "Gateway")], "no short name"),
        ([Member("s3 bucket", "Gateway")], "no short name"),
    ],
)
def test_what_cant_be_a_bundle_is_told(members: list[Member], words: str) -> None:
    with pytest.raises(BundleError, match=words):
        check(members)


@pytest.mark.parametrize(
    ("full", "region"),
    [
        ("com.amazonaws.eu-west-1.ecr.api", "eu-west-1"),
        ("cn.com.amazonaws.cn-north-1.ecr.api", "cn-north-1"),
        ("com.amazonaws.cn-north-1.s3", "cn-north-1"),
        ("com.amazonaws.s3-global.accesspoint", "eu-west-1"),
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-0123", "eu-west-1"),
        ("aws.sagemaker.eu-west-1.notebook", "eu-west-1"),
    ],
)
def test_a_short_name_leads_back_to_the_full_one(full: str, region: str) -> None:
    assert full in full_names(short_service_name(full), region)
