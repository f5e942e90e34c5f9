"""CloudTrail events as AWS writes them, shortened to what matters and some of what doesn't."""

from __future__ import annotations

from typing import Any

ENDPOINT = "vpce-0a1b2c3d4e5f67890"
ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/payments-app"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/payments-app/i-0123456789abcdef0"


def session(role: str = ROLE, name: str = "i-0123456789abcdef0", account: str = ACCOUNT) -> dict[str, Any]:
    """A userIdentity of a role's session."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLEEXAMPLEEX:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{name}",
        "accountId": account,
        "accessKeyId": "ASIAEXAMPLEEXAMPLEEX",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLEEXAMPLEEX",
                "arn": role,
                "accountId": account,
                "userName": role.rpartition("/")[2],
            },
            "attributes": {"creationDate": "2026-11-02T08:00:00Z", "mfaAuthenticated": "false"},
        },
    }


def event(source: str, name: str, parameters: Any = None, resources: Any = None, **more: Any) -> dict[str, Any]:
    """An event of a call through the endpoint."""
    found: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": session(),
        "eventTime": "2026-11-02T09:30:00Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "10.0.12.34",
        "userAgent": "aws-sdk-java/2.25",
        "requestParameters": parameters,
        "responseElements": None,
        "requestID": "EXAMPLE",
        "eventID": "0f1e2d3c-0000-4000-8000-000000000000",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": False,
        "recipientAccountId": ACCOUNT,
        "vpcEndpointId": ENDPOINT,
        "vpcEndpointAccountId": ACCOUNT,
        "eventCategory": "Data",
    }
    if resources is not None:
        found["resources"] = resources
    return found | more


def s3(name: str, bucket: str = "payments-reports", key: str | None = None, **more: Any) -> dict[str, Any]:
    """A data event of S3, which names object and bucket."""
    host = f"{bucket}.s3.eu-west-1.amazonaws.com"
    parameters: dict[str, Any] = {"bucketName": bucket, "Host": host}
    resources: list[dict[str, str]] = [
        {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}
    ]
    if key is not None:
        parameters["key"] = key
        resources.insert(0, {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"})
    return event("s3", name, parameters | more.pop("parameters", {}), more.pop("resources", resources), **more)
