"""Endpoint service names, and the part of them that says which service it is."""

from __future__ import annotations

import re

from endpoints.policy import role

_NAME = re.compile(
    r"(?:cn\.)?(?:com\.amazonaws|aws\.[a-z]+)\.(?P<region>[a-z]{2,4}(?:-[a-z]+){1,3}-[0-9]{1,2})\.(?P<rest>[a-z0-9.-]+)",
    re.ASCII,
)


def suffix_of(service_name: str) -> str:
    """Return what follows the region: `ecr.api` for `com.amazonaws.eu-west-1.ecr.api`, FIPS forms as the plain one.

    Empty for names that are not of AWS's own services.
    """
    match = _NAME.fullmatch(service_name)
    if match is None or ".vpce" in service_name:
        return ""
    return match["rest"].removesuffix("-fips")


def partition_of(service_name: str) -> str:
    """Return the partition of an endpoint service of AWS's own: `aws`, `aws-cn` or `aws-us-gov`."""
    match = _NAME.fullmatch(service_name)
    return role.partition_of([match["region"]] if match else [])
