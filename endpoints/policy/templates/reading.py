"""Read-only templates: for each common service the actions that look and never change.

The lists are written out, so that a reviewer reads what is allowed and nothing joins later. A test holds them
against the access levels of the action reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from endpoints.policy.templates import writing
from endpoints.policy.templates.kinds import Place
from endpoints.policy.templates.model import Draft, Template, Values, VpcEndpointType
from endpoints.policy.templates.writing import by_stranger, by_us, no, to_stranger, yes

REFERENCE = "Service authorization reference, access levels List and Read"


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """What reading means for a service. `resource` is one of its resources; `refused` an action that changes."""

    title: str
    services: tuple[str, ...]
    prefix: str
    actions: tuple[str, ...]
    resource: str
    refused: str
    mind: str
    types: tuple[VpcEndpointType, ...] = ("Interface",)
    owned: bool = True
    """Whether the condition also asks that the resource be ours."""


READ_ONLY = (
    ReadOnly(
        "S3",
        ("s3",),
        "s3",
        (
            *("GetObject", "GetObjectAttributes", "GetObjectTagging", "GetObjectVersion", "GetObjectVersionTagging"),
            *("GetBucketLocation", "GetBucketTagging", "GetBucketVersioning", "GetEncryptionConfiguration"),
            *("GetLifecycleConfiguration", "ListAllMyBuckets", "ListBucket", "ListBucketMultipartUploads"),
            *("ListBucketVersions", "ListMultipartUploadParts"),
        ),
        "arn:{partition}:s3:::payments-reports/2026/january.csv",
        "PutObject",
        "Package updates and patching read from AWS's own buckets, which this denies: choose named buckets, or our "
        "organisation.",
        ("Gateway", "Interface"),
    ),
    ReadOnly(
        "DynamoDB",
        ("dynamodb",),
        "dynamodb",
        (
            *("BatchGetItem", "ConditionCheckItem", "DescribeContinuousBackups", "DescribeEndpoints"),
            *("DescribeLimits", "DescribeTable", "DescribeTimeToLive", "GetItem", "ListTables"),
            *("ListTagsOfResource", "PartiQLSelect", "Query", "Scan"),
        ),
        "arn:{partition}:dynamodb:{region}:{account}:table/orders",
        "PutItem",
        "Transactions that only read are allowed.",
        ("Gateway", "Interface"),
    ),
    ReadOnly(
        "Secrets Manager",
        ("secretsmanager",),
        "secretsmanager",
        (
            *("BatchGetSecretValue", "DescribeSecret", "GetRandomPassword", "GetResourcePolicy", "GetSecretValue"),
            *("ListSecretVersionIds", "ListSecrets"),
        ),
        "arn:{partition}:secretsmanager:{region}:{account}:secret:payments/database-AbCdEf",
        "PutSecretValue",
        "Rotation functions inside the VPC write: they need another template.",
    ),
    ReadOnly(
        "Systems Manager parameters",
        ("ssm",),
        "ssm",
        (
            *("DescribeParameters", "GetParameter", "GetParameterHistory", "GetParameters", "GetParametersByPath"),
            "ListTagsForResource",
        ),
        "arn:{partition}:ssm:{region}:{account}:parameter/payments/url",
        "PutParameter",
        "Parameters only: the Systems Manager agent and Session Manager don't work through this. AWS's public "
        "parameters belong to no account and are denied.",
    ),
    ReadOnly(
        "KMS",
        ("kms",),
        "kms",
        (
            *("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "GetPublicKey", "ListAliases", "ListGrants"),
            *("ListKeyPolicies", "ListKeyRotations", "ListKeys", "ListResourceTags"),
        ),
        "arn:{partition}:kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "Decrypt",
        "Decrypt counts as using a key, not as reading: choose named keys to allow it.",
    ),
    ReadOnly(
        "SQS",
        ("sqs",),
        "sqs",
        (
            *("GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues", "ListMessageMoveTasks"),
            *("ListQueueTags", "ListQueues", "ReceiveMessage"),
        ),
        "arn:{partition}:sqs:{region}:{account}:payments",
        "SendMessage",
        "Received messages can't be deleted, so they come back: a consumer needs named queues.",
    ),
    ReadOnly(
        "SNS",
        ("sns",),
        "sns",
        (
            *("GetSubscriptionAttributes", "GetTopicAttributes", "ListSubscriptions", "ListSubscriptionsByTopic"),
            *("ListTagsForResource", "ListTopics"),
        ),
        "arn:{partition}:sns:{region}:{account}:payments",
        "Publish",
        "Nothing can be published.",
    ),
    ReadOnly(
        "STS: who am I",
        ("sts",),
        "sts",
        ("GetAccessKeyInfo", "GetCallerIdentity", "GetSessionToken"),
        "*",
        "AssumeRole",
        "No role can be assumed through the endpoint, which EKS service accounts and profiles with roles need.",
        owned=False,
    ),
    ReadOnly(
        "CloudWatch Logs",
        ("logs",),
        "logs",
        (
            *("DescribeLogGroups", "DescribeLogStreams", "DescribeMetricFilters", "DescribeQueries"),
            *("FilterLogEvents", "GetLogEvents", "GetLogGroupFields", "GetLogRecord", "GetQueryResults"),
            *("ListTagsForResource", "StartQuery", "StopQuery"),
        ),
        "arn:{partition}:logs:{region}:{account}:log-group:/payments/app:*",
        "PutLogEvents",
        "Agents can't send logs through this: choose named log groups.",
    ),
    ReadOnly(
        "CloudWatch metrics",
        ("monitoring",),
        "cloudwatch",
        (
            *("DescribeAlarmHistory", "DescribeAlarms", "DescribeAlarmsForMetric", "GetDashboard"),
            *("GetMetricData", "GetMetricStatistics", "GetMetricWidgetImage", "ListDashboards", "ListMetrics"),
            "ListTagsForResource",
        ),
        "*",
        "PutMetricData",
        "Agents can't send metrics through this: choose metrics for writing.",
        owned=False,
    ),
    ReadOnly(
        "ECR",
        ("ecr.api", "ecr.dkr"),
        "ecr",
        (
            *("BatchCheckLayerAvailability", "BatchGetImage", "DescribeImageScanFindings", "DescribeImages"),
            *("DescribeRepositories", "GetAuthorizationToken", "GetDownloadUrlForLayer", "GetRepositoryPolicy"),
            *("ListImages", "ListTagsForResource"),
        ),
        "arn:{partition}:ecr:{region}:{account}:repository/payments/app",
        "PutImage",
        "Images of AWS's own registries (EKS add-ons) are denied: choose our organisation for them.",
    ),
    ReadOnly(
        "CloudFormation",
        ("cloudformation",),
        "cloudformation",
        (
            *("DescribeChangeSet", "DescribeStackEvents", "DescribeStackResource", "DescribeStackResources"),
            *("DescribeStacks", "GetTemplate", "GetTemplateSummary", "ListChangeSets", "ListExports"),
            *("ListStackResources", "ListStacks"),
        ),
        "arn:{partition}:cloudformation:{region}:{account}:stack/payments/1a2b",
        "UpdateStack",
        "cfn-signal and cfn-init report and read stacks: signalling is denied.",
    ),
)


def _build(values: Values, place: Place, *, what: ReadOnly) -> Draft:
    who = writing.our_principals(values, place)
    if what.owned:
        who["StringEquals"].update(writing.our_resources(values, place))
    actions = [f"{what.prefix}:{name}" for name in what.actions]
    account = writing.our_accounts(values, place)[0]
    arn = what.resource.format(partition=place.partition, region=place.region, account=account)
    expected = [
        yes(by_us(values, place, actions[0], arn), "It only looks."),
        yes(by_us(values, place, actions[-1], arn), "It only looks."),
        no(by_us(values, place, f"{what.prefix}:{what.refused}", arn), "It is no reading."),
        no(by_stranger(values, place, actions[0], arn), "The caller is not ours."),
    ]
    if what.owned:
        strange = arn.replace(f":{account}:", f":{writing.stranger(values, place)}:")
        expected.append(no(to_stranger(values, place, actions[0], strange), "The resource is not ours."))
    return Draft((writing.allow("ReadOnly", actions, ["*"], who),), tuple(expected))


TEMPLATES = tuple(
    Template(
        id=f"read-only-{what.prefix}",
        title=f"Read only: {what.title}",
        allows="Our principals list and read" + (" what is ours." if what.owned else "."),
        denies="Every change, and every caller that is not ours.",
        mind=what.mind,
        sources=(REFERENCE, writing.PRIVATELINK),
        build=partial(_build, what=what),
        parameters=writing.WHO,
        services=what.services,
        types=what.types,
    )
    for what in READ_ONLY
)
