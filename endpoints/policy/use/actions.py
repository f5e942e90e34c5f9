"""From what CloudTrail calls an event to the IAM actions that the call needed.

Most events are named as their action. The exceptions are facts of the guides: S3 user guide, “Required permissions
for Amazon S3 API operations”; Lambda developer guide, “Logging API calls using CloudTrail” (names with a date); SQS,
SNS, KMS, DynamoDB and Bedrock: service authorization reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PREFIXES = {
    "monitoring": "cloudwatch",
    "email": "ses",
    "tagging": "tag",
    "streams.dynamodb": "dynamodb",
    "bedrock-runtime": "bedrock",
    "runtime.lex": "lex",
    "kinesisanalytics": "kinesisanalytics",
    "codeartifact-api": "codeartifact",
}
_DATED = re.compile(r"(?<=[A-Za-z])(?:20[0-9]{6}|20[0-9]{2}_[0-9]{2}_[0-9]{2})(?:v[0-9]+)?$")

_SAME_AS: dict[str, dict[str, tuple[str, ...]]] = {
    "s3": {
        **dict.fromkeys(("ListObjects", "ListObjectsV2", "HeadBucket"), ("ListBucket",)),
        "ListObjectVersions": ("ListBucketVersions",),
        "ListBuckets": ("ListAllMyBuckets",),
        "ListMultipartUploads": ("ListBucketMultipartUploads",),
        "ListParts": ("ListMultipartUploadParts",),
        **dict.fromkeys(("HeadObject", "SelectObjectContent"), ("GetObject",)),
        "DeleteObjects": ("DeleteObject",),
        **dict.fromkeys(
            (
                *("CreateMultipartUpload", "InitiateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
                *("PostObject", "CopyObject", "UploadPartCopy"),
            ),
            ("PutObject",),
        ),
        "GetBucketCors": ("GetBucketCORS",),
        **dict.fromkeys(("PutBucketCors", "DeleteBucketCors"), ("PutBucketCORS",)),
        "GetBucketEncryption": ("GetEncryptionConfiguration",),
        **dict.fromkeys(("PutBucketEncryption", "DeleteBucketEncryption"), ("PutEncryptionConfiguration",)),
        **dict.fromkeys(("GetBucketLifecycle", "GetBucketLifecycleConfiguration"), ("GetLifecycleConfiguration",)),
        **dict.fromkeys(
            ("PutBucketLifecycle", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"),
            ("PutLifecycleConfiguration",),
        ),
        "GetBucketReplication": ("GetReplicationConfiguration",),
        **dict.fromkeys(("PutBucketReplication", "DeleteBucketReplication"), ("PutReplicationConfiguration",)),
        "GetBucketAccelerateConfiguration": ("GetAccelerateConfiguration",),
        "PutBucketAccelerateConfiguration": ("PutAccelerateConfiguration",),
        "GetBucketNotificationConfiguration": ("GetBucketNotification",),
        "PutBucketNotificationConfiguration": ("PutBucketNotification",),
        "GetObjectLockConfiguration": ("GetBucketObjectLockConfiguration",),
        "PutObjectLockConfiguration": ("PutBucketObjectLockConfiguration",),
        "GetPublicAccessBlock": ("GetBucketPublicAccessBlock",),
        **dict.fromkeys(("PutPublicAccessBlock", "DeletePublicAccessBlock"), ("PutBucketPublicAccessBlock",)),
        "DeleteBucketPublicAccessBlock": ("PutBucketPublicAccessBlock",),
        "DeleteBucketTagging": ("PutBucketTagging",),
        "DeleteBucketOwnershipControls": ("PutBucketOwnershipControls",),
        **{
            f"{verb}Bucket{name}Configuration{plural}": (
                f"{'Get' if verb in ('Get', 'List') else 'Put'}{name}Configuration",
            )
            for name in ("Analytics", "IntelligentTiering", "Inventory", "Metrics")
            for verb in ("Get", "List", "Put", "Delete")
            for plural in ("", "s")
        },
    },
    "lambda": dict.fromkeys(("Invoke", "InvokeAsync", "InvokeWithResponseStream"), ("InvokeFunction",)),
    "sqs": {
        "SendMessageBatch": ("SendMessage",),
        "DeleteMessageBatch": ("DeleteMessage",),
        "ChangeMessageVisibilityBatch": ("ChangeMessageVisibility",),
    },
    "sns": {"PublishBatch": ("Publish",)},
    "kms": {"ReEncrypt": ("ReEncryptFrom", "ReEncryptTo")},
    "dynamodb": {"TransactGetItems": ("GetItem",)},
    "bedrock": {"Converse": ("InvokeModel",), "ConverseStream": ("InvokeModelWithResponseStream",)},
}
_VERSIONED = {
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:GetObjectAcl": "s3:GetObjectVersionAcl",
    "s3:GetObjectTagging": "s3:GetObjectVersionTagging",
    "s3:GetObjectAttributes": "s3:GetObjectVersionAttributes",
    "s3:DeleteObject": "s3:DeleteObjectVersion",
    "s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging",
    "s3:PutObjectAcl": "s3:PutObjectVersionAcl",
    "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
}
_TRANSACTION = {
    "put": "PutItem",
    "update": "UpdateItem",
    "delete": "DeleteItem",
    "conditionCheck": "ConditionCheckItem",
}


def service_of(event_source: str) -> str:
    """Return the action prefix of an event source such as `monitoring.amazonaws.com`."""
    name = event_source.removesuffix(".cn").removesuffix(".amazonaws.com")
    return _PREFIXES.get(name, name)


def actions_of(service: str, event_name: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the IAM actions that the call needs on its own resource; what a copy reads is not among them."""
    name = _DATED.sub("", event_name)
    if service == "dynamodb" and name == "TransactWriteItems":
        names = _transaction(parameters)
    else:
        names = _SAME_AS.get(service, {}).get(name, (name,))
    found = tuple(f"{service}:{one}" for one in names)
    if service == "s3" and parameters.get("versionId"):
        return tuple(_VERSIONED.get(one, one) for one in found)
    return found


def _transaction(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the actions of a transaction's items; all of them where the event doesn't tell."""
    items = parameters.get("transactItems")
    named = [
        _TRANSACTION[kind]
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict)
        for kind in item
        if kind in _TRANSACTION
    ]
    return tuple(dict.fromkeys(named)) or tuple(_TRANSACTION.values())
