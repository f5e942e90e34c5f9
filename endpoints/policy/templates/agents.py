"""Templates for what runs unattended on instances: the Systems Manager agent, and senders of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from endpoints.policy.templates import writing
from endpoints.policy.templates.kinds import NAMESPACE, Place
from endpoints.policy.templates.model import Draft, Parameter, Template, Values
from endpoints.policy.templates.writing import by_stranger, by_us, no, yes

_AGENT = "Systems Manager user guide, “Configure instance permissions required for Systems Manager” (the managed "
_SOURCES = (
    _AGENT + "policy AmazonSSMManagedInstanceCore) and “Improve the security of EC2 instances by using VPC endpoints”",
    writing.PRIVATELINK,
)
NAMESPACES = Parameter(
    "namespaces",
    "Only these metric namespaces",
    "One a line. Left out, every namespace.",
    NAMESPACE,
    ("CWAgent", "Payments"),
    many=True,
    required=False,
)


def _actions(values: Values, place: Place, *, actions: Sequence[str], refused: str) -> Draft:
    """Allow actions on everything, as the agent's resources are the instance itself and AWS's documents."""
    statement = writing.allow("Agent", actions, ["*"], writing.our_principals(values, place))
    return Draft(
        (statement,),
        (
            *(yes(by_us(values, place, action, "*"), "The agent needs it.") for action in (actions[0], actions[-1])),
            no(by_stranger(values, place, actions[0], "*"), "The caller is not ours."),
            no(by_us(values, place, refused, "*"), "The agent does not need it."),
        ),
    )


def _metrics(values: Values, place: Place) -> Draft:
    who = writing.our_principals(values, place)
    namespaces = values.all("namespaces")
    if namespaces:
        who["StringEquals"]["cloudwatch:namespace"] = namespaces
    put = "cloudwatch:PutMetricData"
    name = {"cloudwatch:namespace": namespaces[0] if namespaces else "Payments"}
    expected = [
        yes(by_us(values, place, put, "*", name), "It sends a metric."),
        no(by_stranger(values, place, put, "*", name), "The caller is not ours."),
        no(by_us(values, place, "cloudwatch:DeleteAlarms", "*"), "It is no metric."),
    ]
    if namespaces:
        other = by_us(values, place, put, "*", {"cloudwatch:namespace": "Not/Listed"})
        expected.append(no(other, "The namespace is not listed."))
    return Draft((writing.allow("Metrics", [put], ["*"], who),), tuple(expected))


def _agent(service: str, names: tuple[str, ...], title: str, refused: str) -> Template:
    actions = tuple(f"{service}:{name}" for name in names)
    return Template(
        id=f"agent-{service}",
        title=f"Systems Manager agent: {title}",
        allows="Instances of ours run the agent: what AmazonSSMManagedInstanceCore allows of this service.",
        denies="People's own use of the service through this endpoint, and callers that are not ours.",
        mind="The agent needs three endpoints, ssm, ssmmessages and (older agents) ec2messages, and AWS's buckets "
        "through the S3 endpoint.",
        sources=_SOURCES,
        build=partial(_actions, actions=actions, refused=refused),
        parameters=writing.WHO,
        services=(service,),
        types=("Interface",),
    )


TEMPLATES = (
    _agent(
        "ssm",
        (
            *("DescribeAssociation", "DescribeDocument", "GetDeployablePatchSnapshotForInstance", "GetDocument"),
            *("GetManifest", "GetParameter", "GetParameters", "ListAssociations", "ListInstanceAssociations"),
            *("PutComplianceItems", "PutConfigurePackageResult", "PutInventory", "UpdateAssociationStatus"),
            *("UpdateInstanceAssociationStatus", "UpdateInstanceInformation"),
        ),
        "state, patches, inventory",
        "ssm:SendCommand",
    ),
    _agent(
        "ssmmessages",
        ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"),
        "sessions and commands",
        "ssm:StartSession",
    ),
    _agent(
        "ec2messages",
        ("AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply"),
        "commands to older agents",
        "ssm:SendCommand",
    ),
    Template(
        id="monitoring-put",
        title="Metrics: send",
        allows="Our principals send metrics.",
        denies="Reading metrics, alarms and dashboards, and callers that are not ours.",
        mind="PutMetricData acts on no resource, so the namespace is all there is to narrow it by.",
        sources=("CloudWatch user guide, “Using CloudWatch with interface VPC endpoints”", writing.PRIVATELINK),
        build=_metrics,
        parameters=(NAMESPACES, *writing.WHO),
        services=("monitoring",),
        types=("Interface",),
    ),
)
