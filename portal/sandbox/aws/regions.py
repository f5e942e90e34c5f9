"""DescribeRegions, with the regions that an account has to opt into first."""

from __future__ import annotations

from typing import Any

from portal.sandbox.aws import filters
from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError


def describe(call: Context) -> dict[str, Any]:
    """DescribeRegions: those that are enabled for the account, or all with `AllRegions`.

    Which need opting in is moto's list; nobody here has opted in.
    """
    known = {region.name: region for region in call.backend.regions}
    wanted = call.items("RegionNames")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise AwsError("InvalidParameterValue", f"Invalid region names: [{', '.join(unknown)}]")
    found = [known[name] for name in wanted] or list(known.values())
    if not call.flag("AllRegions"):
        found = [one for one in found if one.opt_in_status != "not-opted-in"]
    chosen = filters.select(found, filters.parse(call.items("Filters")), _FILTERS, lambda one: {})
    return {
        "Regions": [
            {"RegionName": one.name, "Endpoint": one.endpoint, "OptInStatus": one.opt_in_status} for one in chosen
        ]
    }


_FILTERS: dict[str, filters.Getter[Any]] = {
    "endpoint": lambda one: one.endpoint,
    "opt-in-status": lambda one: one.opt_in_status,
    "region-name": lambda one: one.name,
}
