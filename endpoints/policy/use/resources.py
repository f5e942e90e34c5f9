"""From an event's resources and parameters to the ARNs that the call acted on.

ARNs: service authorization reference, resource types. Events name their resources in `resources` (CloudTrail user
guide, “CloudTrail record contents”) or only in the parameters of the call, from which the ARN is put together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from endpoints.policy.role import partition_of

UNKNOWN_SUFFIX = "-XXXXXX"
"""Stands for the six characters that Secrets Manager adds to a name, where an event doesn't tell them."""
UNKNOWN_KEYS = "/*"
"""Stands for the objects of a bucket, or what AWS adds to a stack's name, where an event doesn't tell them."""
MAX_RESOURCES = 100
"""Of one event: a batch of DynamoDB touches at most 100 tables."""

_QUEUE_URL = re.compile(r"https?://(?:sqs\.|queue\.)?([a-z0-9-]+)?[^/]*/([0-9]{12})/([A-Za-z0-9_.-]+)", re.ASCII)
_BUCKET_ACTIONS = re.compile(
    r"s3:(?:ListBucket\w*|GetBucket\w*|PutBucket\w*|CreateBucket|DeleteBucket\w*|\w+Configuration)"
)


class Where(NamedTuple):
    """Where the call went: the region, the owner that is likely (the recipient's account), and the parameters."""

    region: str
    account: str
    parameters: Mapping[str, Any]

    @property
    def partition(self) -> str:
        """The region's partition."""
        return partition_of([self.region])

    def arn(self, service: str, rest: str, account: str | None = None) -> str:
        """Return an ARN in this region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account if account is None else account}:{rest}"

    def text(self, *names: str) -> str:
        """Return the first of the parameters that is a text."""
        for name in names:
            value = self.parameters.get(name)
            if value and isinstance(value, str):
                return value
        return ""

    def texts(self, name: str) -> list[str]:
        """Return the texts of a list among the parameters."""
        value = self.parameters.get(name)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


class Touched(NamedTuple):
    """A resource and its owner's account, where that is told."""

    arn: str
    account: str = ""


def resources_of(service: str, action: str, listed: Any, where: Where) -> tuple[Touched, ...]:
    """Return the resources that the action touched; none where the event doesn't tell."""
    if service == "s3":
        return _s3(action, listed, where)
    named = tuple(_listed(listed))
    heads = (service, "iam") if service == "sts" else (service,)
    fitting = tuple(one for one in named if one.arn.split(":")[2] in heads)
    if fitting:
        return tuple(dict.fromkeys(_trimmed(service, one) for one in fitting))
    builder = _BUILDERS.get(service)
    arns = builder(where) if builder else iter(())
    found = list(dict.fromkeys(arn for arn in arns if _is_whole(arn)))[:MAX_RESOURCES] or list(_any_arn(service, where))
    return tuple(Touched(arn, _owner(arn)) for arn in found)


def _is_whole(text: str) -> bool:
    """Tell whether a text is an ARN of six parts: a call may have been given anything in place of one."""
    return text.startswith("arn:") and text.count(":") >= 5


def _owner(arn: str) -> str:
    account = arn.split(":", 5)[4]
    return account if account.isdigit() else ""


def copy_source(where: Where) -> str:
    """Return the ARN of the object that a copy read; empty where there is none."""
    source = unquote(where.text("x-amz-copy-source", "copySource")).partition("?versionId=")[0].lstrip("/")
    if _is_whole(source):  # an access point's
        return source
    return f"arn:{where.partition}:s3:::{source}" if "/" in source else ""


def _listed(listed: Any) -> Iterator[Touched]:
    for item in listed[:MAX_RESOURCES] if isinstance(listed, list) else ():
        if not isinstance(item, dict):
            continue
        arn, account = item.get("ARN") or item.get("arn"), item.get("accountId")
        if isinstance(arn, str) and _is_whole(arn):
            yield Touched(arn, account if isinstance(account, str) else _owner(arn))


def _trimmed(service: str, one: Touched) -> Touched:
    """Return the resource as policies name it: a log group without the star that events put behind."""
    return Touched(one.arn.removesuffix(":*"), one.account) if service == "logs" else one


def _s3(action: str, listed: Any, where: Where) -> tuple[Touched, ...]:
    named = [*_listed(listed)]
    bucket = where.text("bucketName", "Bucket", "bucket")
    owner = next((one.account for one in named if one.account and "/" not in one.arn.split(":", 5)[5]), "")
    if _is_whole(bucket):
        arn = bucket
    elif bucket and ":" not in bucket:
        arn = f"arn:{where.partition}:s3:::{bucket}"
    else:
        arn = next((one.arn.partition("/")[0] for one in named), "")
    if not arn:
        return ()
    if _BUCKET_ACTIONS.fullmatch(action):
        return (Touched(arn, owner),)
    key = where.text("key", "Key")
    if key:
        inside = "/object/" if ":accesspoint/" in arn else "/"
        return (Touched(f"{arn}{inside}{key}", owner),)
    objects = tuple(Touched(one.arn, owner) for one in named if one.arn.startswith(f"{arn}/"))
    if objects:
        return objects
    return (Touched(f"{arn}{UNKNOWN_KEYS}" if "Object" in action else arn, owner),)


def _any_arn(service: str, where: Where) -> Iterator[str]:
    """Give the first parameter that is an ARN of the service."""
    for name in sorted(where.parameters):
        value = where.parameters[name]
        if isinstance(value, str) and value.startswith(f"arn:{where.partition}:{service}:") and _is_whole(value):
            yield value
            return


# --- Services whose events leave the ARN out ------------------------------------------------------------------------
def _named(service: str, lead: str, *names: str) -> Callable[[Where], Iterator[str]]:
    """Return a builder for one resource whose name, or ARN, is one of the parameters."""

    def build(where: Where) -> Iterator[str]:
        name = where.text(*names)
        if name:
            yield name if name.startswith("arn:") else where.arn(service, lead + name)

    return build


def _dynamodb(where: Where) -> Iterator[str]:
    tables = [where.text("tableName", "tableArn")]
    for name in ("requestItems", "RequestItems"):
        items = where.parameters.get(name)
        tables += [key for key in items if isinstance(key, str)] if isinstance(items, dict | list) else []
    items = where.parameters.get("transactItems")
    for item in items if isinstance(items, list) else ():
        for part in item.values() if isinstance(item, dict) else ():
            if isinstance(part, dict) and isinstance(part.get("tableName"), str):
                tables.append(part["tableName"])
    index = where.text("indexName")
    for table in filter(None, tables):
        arn = table if table.startswith("arn:") else where.arn("dynamodb", f"table/{table}")
        yield f"{arn}/index/{index}" if index else arn


def _secretsmanager(where: Where) -> Iterator[str]:
    for name in (where.text("secretId", "name"), *where.texts("secretIdList")):
        if name:
            yield name if name.startswith("arn:") else where.arn("secretsmanager", f"secret:{name}{UNKNOWN_SUFFIX}")


def _sqs(where: Where) -> Iterator[str]:
    if match := _QUEUE_URL.fullmatch(where.text("queueUrl")):
        yield where.arn("sqs", match[3], match[2])
    elif name := where.text("queueName"):
        yield where.arn("sqs", name, where.text("queueOwnerAWSAccountId") or None)


def _ssm(where: Where) -> Iterator[str]:
    if document := where.text("documentName"):
        owner = "" if document.startswith("AWS-") else None
        yield document if document.startswith("arn:") else where.arn("ssm", f"document/{document}", owner)
        return
    for name in (where.text("name", "path"), *where.texts("names")):
        if name:
            owner = "" if name.startswith("/aws/") else None
            yield name if name.startswith("arn:") else where.arn("ssm", f"parameter/{name.strip('/')}", owner)


def _logs(where: Where) -> Iterator[str]:
    group = where.text("logGroupName", "logGroupIdentifier")
    if group.startswith("arn:"):
        yield group.removesuffix(":*")
    elif group:
        stream = where.text("logStreamName")
        yield where.arn("logs", f"log-group:{group}" + (f":log-stream:{stream}" if stream else ""))


def _lambda(where: Where) -> Iterator[str]:
    name, version = where.text("functionName"), where.text("qualifier")
    parts = name.split(":")
    if name.startswith("arn:"):
        yield name
    elif len(parts) >= 3 and parts[0].isdigit():  # 111122223333:function:name
        yield where.arn("lambda", ":".join(parts[1:]), parts[0])
    elif name:
        yield where.arn("lambda", f"function:{name}" + (f":{version}" if version else ""))


def _kms(where: Where) -> Iterator[str]:
    for name in ("keyId", "sourceKeyId", "destinationKeyId"):
        key = where.text(name)
        if key.startswith("arn:") and ":key/" in key:
            yield key
        elif re.fullmatch(r"[0-9a-f-]{36}|mrk-[0-9a-f]{32}", key):
            yield where.arn("kms", f"key/{key}")


def _events(where: Where) -> Iterator[str]:
    entries = where.parameters.get("entries")
    buses = [where.text("eventBusName")]
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            bus = entry.get("eventBusName")
            buses.append(bus if isinstance(bus, str) else "default")
    for bus in filter(None, buses):
        yield bus if bus.startswith("arn:") else where.arn("events", f"event-bus/{bus}")


def _bedrock(where: Where) -> Iterator[str]:
    if model := where.text("modelId"):
        yield model if model.startswith("arn:") else where.arn("bedrock", f"foundation-model/{model}", "")


def _ecr(where: Where) -> Iterator[str]:
    if name := where.text("repositoryName"):
        yield where.arn("ecr", f"repository/{name}", where.text("registryId") or None)


def _codeartifact(where: Where) -> Iterator[str]:
    domain, repository = where.text("domain", "domainName"), where.text("repository", "repositoryName")
    owner = where.text("domainOwner") or None
    if domain:
        rest = f"repository/{domain}/{repository}" if repository else f"domain/{domain}"
        yield where.arn("codeartifact", rest, owner)


def _cloudformation(where: Where) -> Iterator[str]:
    if name := where.text("stackName", "stackId"):
        yield name if name.startswith("arn:") else where.arn("cloudformation", f"stack/{name}{UNKNOWN_KEYS}")


_BUILDERS: dict[str, Callable[[Where], Iterator[str]]] = {
    "dynamodb": _dynamodb,
    "secretsmanager": _secretsmanager,
    "sqs": _sqs,
    "ssm": _ssm,
    "logs": _logs,
    "lambda": _lambda,
    "kms": _kms,
    "events": _events,
    "bedrock": _bedrock,
    "ecr": _ecr,
    "codeartifact": _codeartifact,
    "cloudformation": _cloudformation,
    "sns": _named("sns", "", "topicArn", "targetArn"),
    "kinesis": _named("kinesis", "stream/", "streamARN", "streamArn", "streamName"),
    "states": _named("states", "stateMachine:", "stateMachineArn"),
    "sts": _named("sts", "", "roleArn"),
    "ecs": _named("ecs", "cluster/", "cluster"),
    "firehose": _named("firehose", "deliverystream/", "deliveryStreamName"),
}
