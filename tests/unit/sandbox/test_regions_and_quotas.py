"""DescribeRegions and Service Quotas, as a check of an account asks them."""

from __future__ import annotations

from portal.sandbox.aws import scenes
from tests.unit.sandbox.network import REGION, client, code_of

INTERFACES, GATEWAYS = "L-29B6F2EB", "L-1B52E74A"


def test_regions_to_opt_into_are_listed_on_request(aws: None) -> None:
    ec2 = client()
    enabled = {item["RegionName"]: item["OptInStatus"] for item in ec2.describe_regions()["Regions"]}
    everything = {item["RegionName"]: item["OptInStatus"] for item in ec2.describe_regions(AllRegions=True)["Regions"]}
    assert enabled["eu-west-1"] == everything["eu-west-1"] == "opt-in-not-required"
    assert "ap-east-1" not in enabled
    assert everything["ap-east-1"] == "not-opted-in"


def test_regions_are_found_by_name_and_filter(aws: None) -> None:
    ec2 = client()
    assert [item["RegionName"] for item in ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"]] == ["eu-west-1"]
    filters = [{"Name": "opt-in-status", "Values": ["not-opted-in"]}]
    found = ec2.describe_regions(AllRegions=True, Filters=filters)["Regions"]
    assert {item["OptInStatus"] for item in found} == {"not-opted-in"}
    assert code_of(lambda: ec2.describe_regions(RegionNames=["mars-north-1"])) == "InvalidParameterValue"


def test_a_quota_is_the_one_that_creating_is_held_to(aws: None) -> None:
    quotas = client("service-quotas")

    def value(code: str) -> float:
        return float(quotas.get_service_quota(ServiceCode="vpc", QuotaCode=code)["Quota"]["Value"])

    assert (value(INTERFACES), value(GATEWAYS)) == (50, 20)
    scenes.set_quota("gateway-per-region", 3, "123456789012", REGION)
    assert (value(INTERFACES), value(GATEWAYS)) == (50, 3)


def test_a_quota_that_is_not_simulated_is_told(aws: None) -> None:
    quotas = client("service-quotas")
    missing = {"ServiceCode": "ec2", "QuotaCode": INTERFACES}
    assert code_of(lambda: quotas.get_service_quota(**missing)) == "NoSuchResourceException"
