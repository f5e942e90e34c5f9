"""Service Quotas: the quotas that creating an endpoint here is held to."""

from __future__ import annotations

from typing import Any

from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError
from portal.sandbox.aws.store import STORE

# Codes and names as Service Quotas lists them for service `vpc`.
_QUOTAS = {
    "L-29B6F2EB": ("interface-per-vpc", "Interface VPC endpoints per VPC"),
    "L-1B52E74A": ("gateway-per-region", "Gateway VPC endpoints per Region"),
}


def get_service_quota(call: Context) -> dict[str, Any]:
    """GetServiceQuota: the applied value. Raises `NoSuchResourceException` for what isn't simulated."""
    code = call.text("QuotaCode") or ""
    if call.text("ServiceCode") != "vpc" or code not in _QUOTAS:
        raise AwsError("NoSuchResourceException", "The request failed because the specified service does not exist.")
    name, title = _QUOTAS[code]
    return {
        "Quota": {
            "ServiceCode": "vpc",
            "ServiceName": "Amazon Virtual Private Cloud (Amazon VPC)",
            "QuotaArn": f"arn:aws:servicequotas:{call.region}:{call.account}:vpc/{code}",
            "QuotaCode": code,
            "QuotaName": title,
            "Value": float(STORE.quota(name, call.account, call.region)),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
    }
