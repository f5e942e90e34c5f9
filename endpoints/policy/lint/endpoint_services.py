"""Which actions come through an endpoint: the names of endpoint services, and the action prefixes behind them.

From the AWS PrivateLink guide, "AWS services that integrate with AWS PrivateLink", and the AWS Service Authorization
Reference. Most endpoint services are called as their actions' prefix is; the table holds those that aren't, or that
carry actions of several prefixes.
"""

from __future__ import annotations

from functools import lru_cache

from endpoints.policy import reference

_PREFIXES: dict[str, tuple[str, ...]] = {
    "airflow": ("airflow", "airflow-serverless"),
    "appconfigdata": ("appconfig",),
    "aps-workspaces": ("aps",),
    "bedrock": ("bedrock", "bedrock-mantle"),
    "bedrock-agent": ("bedrock",),
    "bedrock-agent-runtime": ("bedrock",),
    "bedrock-data-automation": ("bedrock",),
    "bedrock-data-automation-runtime": ("bedrock",),
    "bedrock-runtime": ("bedrock",),
    "cloudhsmv2": ("cloudhsm",),
    "codeartifact": ("codeartifact", "sts"),  # a token of CodeArtifact needs sts:GetServiceBearerToken
    "codestar-connections": ("codestar-connections", "codeconnections"),
    "data-servicediscovery": ("servicediscovery",),
    "dynamodb-streams": ("dynamodb",),
    "ecs-agent": ("ecs",),
    "ecs-telemetry": ("ecs",),
    "email": ("ses",),
    "email-smtp": ("ses",),
    "git-codecommit": ("codecommit",),
    "grafana-workspace": ("grafana",),
    "kinesis-firehose": ("firehose",),
    "kinesis-streams": ("kinesis",),
    "models-v2-lex": ("lex",),
    "runtime-v2-lex": ("lex",),
    "monitoring": ("cloudwatch",),
    "mail-manager": ("ses",),
    "mail-manager-smtp": ("ses",),
    "notebook": ("sagemaker",),
    "studio": ("sagemaker",),
    "pinpoint": ("mobiletargeting",),
    "pinpoint-sms-voice-v2": ("sms-voice",),
    "s3": ("s3", "s3-object-lambda"),
    "s3-global": ("s3",),
    "sagemaker": ("sagemaker", "sagemaker-geospatial", "sagemaker-mlflow"),
    "streaming-rekognition": ("rekognition",),
    "sync-states": ("states",),
    "tagging": ("tag",),
    "transcribestreaming": ("transcribe",),
}
_LONGEST = 200
_REGIONAL = ("com.amazonaws.", "cn.com.amazonaws.", "aws.sagemaker.")


def action_prefixes(service_name: str) -> frozenset[str]:
    """Return the prefixes of the actions that come through an endpoint for a service; none where that isn't known.

    `service_name` is as AWS writes it: `com.amazonaws.eu-west-1.ecr.api`.
    """
    return _prefixes(service_name) if len(service_name) <= _LONGEST else frozenset()


def is_other_owners(service_name: str) -> bool:
    """Tell whether a service is a partner's or one's own (`com.amazonaws.vpce.REGION.vpce-svc-ID`), not AWS's.

    Such services take no endpoint policy (AWS PrivateLink guide, endpoint policies).
    """
    return ".vpce-svc-" in service_name


@lru_cache(maxsize=1024)
def _prefixes(service_name: str) -> frozenset[str]:
    start = next((start for start in _REGIONAL if service_name.startswith(start)), None)
    if start is None:
        return frozenset()
    region, _, rest = service_name[len(start) :].partition(".")
    short = region if region == "s3-global" else rest.partition(".")[0]
    for name in (short, short.removesuffix("-fips")):
        if name in _PREFIXES:
            return frozenset(_PREFIXES[name])
        if name in reference.services():
            return frozenset({name})
    return frozenset()
