"""Templates for S3 and DynamoDB, whose endpoints may be Gateway or Interface."""

from __future__ import annotations

from endpoints.policy.evaluate.request import Request
from endpoints.policy.templates import owned, writing
from endpoints.policy.templates.kinds import ACCOUNT, BUCKET, OBJECT_PREFIX, TABLE, Choice, Place
from endpoints.policy.templates.listed import Grant, Listed, listed, several
from endpoints.policy.templates.model import (
    Draft,
    Expected,
    Parameter,
    ParameterError,
    Problem,
    Statement,
    Template,
    Values,
)
from endpoints.policy.templates.owned import BucketSet
from endpoints.policy.templates.writing import by_nobody, by_stranger, by_us, no, yes

BOTH = ("Gateway", "Interface")
READ_OBJECTS = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectAttributes")
WRITE_OBJECTS = (
    *("s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject"),
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
)
READ_BUCKETS = ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation")
_S3_GUIDE = "S3 user guide, “Policies and permissions in Amazon S3” and “Controlling access from VPC endpoints”"

BUCKETS = several("buckets", "Buckets", BUCKET, "payments-reports", "payments-archive", help="One a line: names.")
PREFIX = Parameter(
    "prefix",
    "Only keys under",
    "The start of the objects' keys, in all these buckets. Left out, every object. Listing stays whole.",
    OBJECT_PREFIX,
    ("reports/",),
    required=False,
)
OWNERS = Parameter(
    "owners",
    "Accounts that own the buckets",
    "Guards against a bucket of the same name in another account. Left out, the name alone counts.",
    ACCOUNT,
    ("111122223333",),
    many=True,
    required=False,
)
AWS_OWNED = Parameter(
    "aws_owned",
    "AWS's own buckets to allow as well",
    "What instances or services of yours fetch from AWS through this endpoint.",
    Choice("set of AWS's buckets", "", "", tuple(owned.BY_WORD)),
    ("amazon-linux", "systems-manager"),
    many=True,
    required=False,
)


def aws_owned_statements(values: Values, place: Place) -> list[Statement]:
    """Return one statement for the chosen sets that are read, and one for those that are written."""
    chosen = [owned.BY_WORD[word] for word in values.all("aws_owned")]
    unknown = [item.title for item in chosen if not owned.buckets(item, place)]
    if unknown:
        message = f"AWS's guides don't tell the buckets in {place.region} for {'; '.join(unknown)}."
        raise ParameterError((Problem("aws_owned", message, "Name the buckets yourself, or leave it out."),))
    found = []
    for sid, action in (("AwsOwnedBuckets", "s3:GetObject"), ("AwsOwnedResponseBuckets", "s3:PutObject")):
        arns = [arn for item in chosen if item.action == action for arn in owned.objects(item, place)]
        if arns:
            found.append(writing.allow(sid, [action], list(dict.fromkeys(arns))))
    return found


def aws_owned_expected(values: Values, place: Place) -> list[Expected]:
    """Return requests without credentials to each chosen set, and one to another bucket."""
    found = []
    for word in values.all("aws_owned"):
        item = owned.BY_WORD[word]
        for arn in owned.objects(item, place)[:1]:
            request = by_nobody(item.action, arn.replace("*", "package.rpm"), writing.AWS_OWNER)
            found.append(yes(request, f"{item.title}: fetched without our credentials."))
    elsewhere = by_nobody("s3:GetObject", f"arn:{place.partition}:s3:::somebody-elses-bucket/a", writing.AWS_OWNER)
    return [*found, no(elsewhere, "The bucket is not listed.")]


def _buckets(values: Values, place: Place, write: bool) -> Draft:
    who = writing.our_principals(values, place)
    if owners := values.all("owners"):
        who["StringEquals"]["aws:ResourceAccount"] = owners
    arns = values.all("buckets")
    keys = f"/{values.one('prefix')}*"
    actions = READ_OBJECTS + (WRITE_OBJECTS if write else ())
    bucket_actions = READ_BUCKETS + (("s3:ListBucketMultipartUploads",) if write else ())
    statements = [
        writing.allow("Buckets", bucket_actions, arns, who),
        writing.allow("Objects", actions, [arn + keys for arn in arns], who),
        *aws_owned_statements(values, place),
    ]
    owner = {"owner": owners[0] if owners else place.account}
    found: list[Expected] = []
    for arn in dict.fromkeys((arns[0], arns[-1])):
        key = f"{arn}/{values.one('prefix')}2026/january.csv"
        found.append(yes(_owned_by(by_us(values, place, "s3:ListBucket", arn), **owner), "It is a named bucket."))
        found.append(yes(_owned_by(by_us(values, place, "s3:GetObject", key), **owner), "It is in a named bucket."))
        found.append(no(_owned_by(by_stranger(values, place, "s3:GetObject", key), **owner), "Not our caller."))
        put = _owned_by(by_us(values, place, "s3:PutObject", key), **owner)
        found.append(yes(put, "Objects may be written.") if write else no(put, "Objects may only be read."))
        gone = _owned_by(by_us(values, place, "s3:DeleteBucket", arn), **owner)
        found.append(no(gone, "The bucket itself can't be changed."))
        if values.one("prefix"):
            outside = _owned_by(by_us(values, place, "s3:GetObject", f"{arn}/~elsewhere"), **owner)
            found.append(no(outside, "The key does not start with the prefix."))
    other = f"arn:{place.partition}:s3:::somebody-elses-bucket"
    if other not in arns:
        found.append(no(by_us(values, place, "s3:GetObject", f"{other}/a"), "The bucket is not named."))
    return Draft(tuple(statements), (*found, *aws_owned_expected(values, place)))


def _owned_by(request: Request, owner: str) -> Request:
    return Request(request.principal, request.action, request.resource, owner, request.context)


def _read_buckets(values: Values, place: Place) -> Draft:
    return _buckets(values, place, write=False)


def _write_buckets(values: Values, place: Place) -> Draft:
    return _buckets(values, place, write=True)


def _fixed(item: BucketSet, id: str, mind: str, extra: str = "") -> Template:
    """Return the template that allows nothing but one set of AWS's buckets."""

    def build(values: Values, place: Place) -> Draft:
        fixed = Values({**values.found, "aws_owned": (item.word,)})
        return Draft(tuple(aws_owned_statements(fixed, place)), tuple(aws_owned_expected(fixed, place)))

    verb = "writes to" if item.action == "s3:PutObject" else "reads from"
    return Template(
        id=id,
        title=f"{item.title}, nothing else",
        allows=f"Anyone {verb} the buckets that AWS keeps for this in the endpoint's region. {extra}".rstrip(),
        denies="Every other bucket, yours included, and every other action.",
        mind=mind,
        sources=(item.source, writing.PRIVATELINK),
        build=build,
        services=("s3",),
        partitions=item.partitions,
    )


_SEVERAL = "To allow buckets of yours as well, choose “Named buckets” and tick these under AWS's own buckets."

TEMPLATES = (
    Template(
        id="s3-buckets-read",
        title="Named buckets: read",
        allows="Our principals list these buckets and read their objects, versions and tags.",
        denies="Writing, deleting, bucket settings, and every bucket that is not named.",
        mind="Instances that fetch packages or patches through this endpoint need AWS's buckets ticked below. "
        "Objects encrypted with KMS need the KMS endpoint and key as well.",
        sources=(_S3_GUIDE, writing.PRIVATELINK),
        build=_read_buckets,
        parameters=(BUCKETS, PREFIX, OWNERS, AWS_OWNED, *writing.WHO),
        services=("s3",),
    ),
    Template(
        id="s3-buckets-read-write",
        title="Named buckets: read and write",
        allows="Our principals list these buckets, and read, write and delete their objects.",
        denies="Bucket settings and policies, and every bucket that is not named.",
        mind="Deleting is allowed: switch on versioning where that must be undone. Instances that fetch packages or "
        "patches through this endpoint need AWS's buckets ticked below.",
        sources=(_S3_GUIDE, writing.PRIVATELINK),
        build=_write_buckets,
        parameters=(BUCKETS, PREFIX, OWNERS, AWS_OWNED, *writing.WHO),
        services=("s3",),
    ),
    _fixed(owned.ECR_LAYERS, "s3-ecr-layers", f"The image's manifest comes through ecr.api and ecr.dkr. {_SEVERAL}"),
    _fixed(
        owned.SYSTEMS_MANAGER,
        "s3-systems-manager",
        f"Patches themselves come from the operating system's repositories: tick Amazon Linux too. {_SEVERAL}",
    ),
    _fixed(owned.AMAZON_LINUX, "s3-amazon-linux", f"dnf and yum read without credentials. {_SEVERAL}"),
    listed(
        "dynamodb-tables-read",
        "Named tables: read",
        Listed(
            several("tables", "Tables", TABLE, "orders", "customers"),
            (
                Grant(
                    "Tables",
                    (
                        *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"),
                        *("dynamodb:ConditionCheckItem", "dynamodb:DescribeTable"),
                    ),
                    ("", "/index/*"),
                ),
            ),
            "not-listed",
            "dynamodb:PutItem",
        ),
        services=("dynamodb",),
        types=("Gateway", "Interface"),
        allows="Our principals read items of these tables and query their indexes.",
        mind="Transactions that read need ConditionCheckItem, which is in. Streams are not: they have an endpoint of "
        "their own.",
        sources=("DynamoDB developer guide, “Using Amazon VPC endpoints to access DynamoDB”",),
    ),
    listed(
        "dynamodb-tables-read-write",
        "Named tables: read and write",
        Listed(
            several("tables", "Tables", TABLE, "orders", "customers"),
            (
                Grant(
                    "Tables",
                    (
                        *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"),
                        *("dynamodb:ConditionCheckItem", "dynamodb:DescribeTable", "dynamodb:PutItem"),
                        *("dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
                    ),
                    ("", "/index/*"),
                ),
            ),
            "not-listed",
            "dynamodb:DeleteTable",
        ),
        services=("dynamodb",),
        types=("Gateway", "Interface"),
        allows="Our principals read, write and delete items of these tables and query their indexes.",
        mind="The tables themselves can't be created, changed or deleted through the endpoint.",
        sources=("DynamoDB developer guide, “Using Amazon VPC endpoints to access DynamoDB”",),
    ),
)
