"""Buckets that AWS owns and that a service reaches from inside a VPC, through the S3 endpoint.

Their names are facts from AWS's guides; a region or partition whose names the guides don't tell has none here, and
the template says so rather than guess. Most are read without credentials or with a URL that AWS has signed, so no
condition on the principal can guard them: the bucket's name does.
"""

from __future__ import annotations

from dataclasses import dataclass

from endpoints.policy.templates.kinds import Place

_WITH_GOVERNMENT = ("aws", "aws-us-gov")


@dataclass(frozen=True, slots=True)
class BucketSet:
    """The buckets of one purpose. `names` are patterns with {region} and {plain} (the region without hyphens)."""

    word: str
    title: str
    names: tuple[str, ...]
    source: str
    partitions: tuple[str, ...] = ("aws",)
    action: str = "s3:GetObject"
    keys: str = "*"


AMAZON_LINUX = BucketSet(
    "amazon-linux",
    "Amazon Linux package repositories",
    (
        "al2023-{region}",
        "al2023-repos-{region}-de612dc2",
        "amazonlinux-2-repos-{region}",
        "amazonlinux.{region}.amazonaws.com",
        "packages.{region}.amazonaws.com",
        "repo.{region}.amazonaws.com",
    ),
    "Amazon Linux 2023 user guide, “Kernel Live Patching”; EC2 user guide, “Kernel Live Patching on AL2”",
)
SYSTEMS_MANAGER = BucketSet(
    "systems-manager",
    "Systems Manager: agent, documents and patches",
    (
        "aws-ssm-{region}",
        "aws-windows-downloads-{region}",
        "amazon-ssm-{region}",
        "amazon-ssm-packages-{region}",
        "{region}-birdwatcher-prod",
        "aws-ssm-distributor-file-{region}",
        "aws-ssm-document-attachments-{region}",
        "patch-baseline-snapshot-{region}",
    ),
    "Systems Manager user guide, “SSM Agent communications with AWS managed S3 buckets” and "
    "“Reference: Amazon S3 buckets for patching operations”",
    _WITH_GOVERNMENT,
)
ECR_LAYERS = BucketSet(
    "ecr",
    "ECR image layers",
    ("prod-{region}-starport-layer-bucket",),
    "ECR user guide, “Amazon ECR interface VPC endpoints”, minimum Amazon S3 bucket permissions",
    _WITH_GOVERNMENT,
)
CODEARTIFACT = BucketSet(
    "codeartifact",
    "CodeArtifact package assets",
    (),
    "CodeArtifact user guide, “Create the Amazon S3 gateway endpoint”",
)
CLOUDFORMATION = BucketSet(
    "cloudformation",
    "CloudFormation: responses of custom resources and wait conditions",
    ("cloudformation-custom-resource-response-{plain}", "cloudformation-waitcondition-{region}"),
    "CloudFormation user guide, “Access CloudFormation using an interface endpoint”, S3 considerations",
    action="s3:PutObject",
)
BUCKET_SETS = (
    AMAZON_LINUX,
    SYSTEMS_MANAGER,
    ECR_LAYERS,
    CODEARTIFACT,
    CLOUDFORMATION,
    BucketSet(
        "cloudwatch-agent",
        "CloudWatch agent packages",
        ("amazoncloudwatch-agent-{region}", "amazoncloudwatch-agent"),
        "CloudWatch user guide, “Download the CloudWatch agent package”",
    ),
    BucketSet(
        "codedeploy-agent",
        "CodeDeploy agent packages",
        ("aws-codedeploy-{region}",),
        "CodeDeploy user guide, “Configure an Amazon EC2 instance to work with CodeDeploy”",
    ),
    BucketSet(
        "emr",
        "EMR packages and Spark history",
        ("repo.{region}.emr.amazonaws.com", "prod.{region}.appinfo.src"),
        "EMR management guide, “Sample policies for private subnets that access Amazon S3”",
    ),
    BucketSet(
        "image-builder",
        "EC2 Image Builder: its component manager",
        ("ec2imagebuilder-toe-{region}-prod",),
        "EC2 Image Builder user guide, “Image Builder and AWS PrivateLink interface VPC endpoints”",
    ),
)
BY_WORD = {item.word: item for item in BUCKET_SETS}

# Patch Manager's documents and snapshots, where the guide gives the bucket a suffix.
_PATCH_MANAGER = {
    "af-south-1": "bdd5f65a9",
    "ap-east-1": "632356271",
    "ap-northeast-1": "4849fa78f",
    "ap-northeast-2": "10467995c",
    "ap-northeast-3": "67373598a",
    "ap-south-1": "cb7c62ff9",
    "ap-south-2": "32f4b4128",
    "ap-southeast-1": "7fdfd9ef7",
    "ap-southeast-2": "17283a275",
    "ap-southeast-3": "aa48fc462",
    "ap-southeast-4": "01e2c40d3",
    "ca-central-1": "3148e69e3",
    "ca-west-1": "9e3a4b2f9",
    "eu-central-1": "9163fdaaf",
    "eu-central-2": "184ce43c8",
    "eu-north-1": "795879e9b",
    "eu-south-1": "c52f3f594",
    "eu-south-2": "a4cf248b1",
    "eu-west-1": "5522fb710",
    "eu-west-2": "902a2bc74",
    "eu-west-3": "29bf85721",
    "il-central-1": "e221cb57b",
    "me-central-1": "2932f2f80",
    "me-south-1": "a53fc9dce",
    "sa-east-1": "ddf4b6a09",
    "us-east-1": "1970c647d",
    "us-east-2": "552881074",
    "us-west-1": "8badb4304",
    "us-west-2": "34d7f99f8",
}
_SNAPSHOTS = {
    "af-south-1": "tbxdb5b9",
    "ap-south-2": "50209442",
    "ap-southeast-3": "be0a3174",
    "ap-southeast-4": "dc6f76ce",
    "eu-south-2": "df2c9d70",
    "me-south-1": "uduvl7q8",
}
_CODEARTIFACT_ACCOUNTS = {
    "ap-northeast-1": "660291247815",
    "ap-south-1": "681137435769",
    "ap-southeast-1": "421485864821",
    "ap-southeast-2": "860415559748",
    "eu-central-1": "769407342218",
    "eu-north-1": "611884512288",
    "eu-south-1": "484130244270",
    "eu-west-1": "438097961670",
    "eu-west-2": "247805302724",
    "eu-west-3": "762466490029",
    "us-east-1": "193858265520",
    "us-east-2": "250872398865",
    "us-west-2": "787052242323",
}


def buckets(wanted: BucketSet, place: Place) -> tuple[str, ...]:
    """Return the names of the set's buckets in that place; none where the guides tell none."""
    if place.partition not in wanted.partitions:
        return ()
    if wanted is CODEARTIFACT:
        account = _CODEARTIFACT_ACCOUNTS.get(place.region)
        return (f"assets-{account}-{place.region}",) if account else ()
    names = [name.format(region=place.region, plain=place.region.replace("-", "")) for name in wanted.names]
    if wanted is SYSTEMS_MANAGER:
        if suffix := _PATCH_MANAGER.get(place.region):
            names.append(f"aws-patch-manager-{place.region}-{suffix}")
        if suffix := _SNAPSHOTS.get(place.region):
            names.append(f"patch-baseline-snapshot-{place.region}-{suffix}")
    return tuple(names)


def objects(wanted: BucketSet, place: Place) -> tuple[str, ...]:
    """Return the ARNs of all objects in the set's buckets in that place."""
    return tuple(f"arn:{place.partition}:s3:::{name}/*" for name in buckets(wanted, place))
