"""Direct Connect: which of its gateways reach a VPN gateway or a transit gateway, as a scene has said."""

from __future__ import annotations

from typing import Any

from portal.sandbox.aws.context import Context
from portal.sandbox.aws.errors import AwsError
from portal.sandbox.aws.store import STORE


def describe_associations(call: Context) -> dict[str, Any]:
    """DescribeDirectConnectGatewayAssociations of one gateway; raises `DirectConnectClientException` for none."""
    gateway = call.text("associatedGatewayId") or call.text("virtualGatewayId") or ""
    if gateway not in call.backend.vpn_gateways and gateway not in call.backend.transit_gateways:
        raise AwsError("DirectConnectClientException", f"Gateway {gateway} does not exist.")
    kind = "transitGateway" if gateway.startswith("tgw-") else "virtualPrivateGateway"
    return {
        "directConnectGatewayAssociations": [
            {
                "directConnectGatewayId": one,
                "directConnectGatewayOwnerAccount": call.account,
                "associationState": "associated",
                "associatedGateway": {
                    "id": gateway,
                    "type": kind,
                    "ownerAccount": call.account,
                    "region": call.region,
                },
            }
            for one in sorted(STORE.direct_connect.get((call.account, call.region, gateway), ()))
        ]
    }
