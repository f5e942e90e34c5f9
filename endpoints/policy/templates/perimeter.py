"""Templates that draw the line round us: full access, our organisation, our accounts.

The two perimeters follow AWS's data perimeter: our principals to our resources, AWS's services, and what AWS owns
and a service needs. The plain form is known to break Systems Manager, EKS and package updates, so services that
need more have a form of their own, and `for_service` offers that one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from endpoints.policy.evaluate.request import Request
from endpoints.policy.templates import writing
from endpoints.policy.templates.kinds import ACCOUNT, Place
from endpoints.policy.templates.model import Draft, Expected, Parameter, Statement, Template, Values
from endpoints.policy.templates.storage import AWS_OWNED, aws_owned_expected, aws_owned_statements
from endpoints.policy.templates.writing import by_stranger, by_us, no, to_aws, to_stranger, yes

PERIMETER = "AWS whitepaper “Building a Data Perimeter on AWS”, and AWS's published policy examples for it"
TRUSTED = Parameter(
    "trusted_accounts",
    "Trusted third parties",
    "Accounts of others whose resources our principals may reach.",
    ACCOUNT,
    ("222233334444",),
    many=True,
    required=False,
)
IMAGE_ACCOUNTS = Parameter(
    "image_accounts",
    "AWS's image registries",
    "Accounts of AWS that keep images for EKS add-ons, GuardDuty or SageMaker: the digits before .dkr.ecr.",
    ACCOUNT,
    ("602401143452",),
    many=True,
    required=False,
)

Extra = Callable[[Values, Place], tuple[list[Statement], list[Expected]]]


@dataclass(frozen=True, slots=True)
class _Form:
    """A perimeter for some services. `sample` is an action and a resource of them, for the requests."""

    suffix: str
    title: str
    services: tuple[str, ...]
    sample: tuple[str, str]
    more: Extra
    mind: str
    parameters: tuple[Parameter, ...] = ()
    source: str = PERIMETER
    warnings: Mapping[str, str] | None = None


def _nothing(values: Values, place: Place) -> tuple[list[Statement], list[Expected]]:
    return [], []


def _s3(values: Values, place: Place) -> tuple[list[Statement], list[Expected]]:
    return aws_owned_statements(values, place), aws_owned_expected(values, place)


def _ssm(values: Values, place: Place) -> tuple[list[Statement], list[Expected]]:
    parameter = place.arn("ssm", "parameter/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default", account="")
    statement = writing.allow(
        "AwsOwnedDocumentsAndParameters",
        ("ssm:DescribeDocument", "ssm:GetDocument", "ssm:GetParameter", "ssm:GetParameters", "ssm:SendCommand"),
        (place.arn("ssm", "document/*", account=""), place.arn("ssm", "parameter/aws/*", account="")),
        writing.our_principals(values, place),
    )
    return [statement], [yes(to_aws(values, place, "ssm:GetParameter", parameter), "AWS publishes this parameter.")]


def _ecr(values: Values, place: Place) -> tuple[list[Statement], list[Expected]]:
    accounts = values.all("image_accounts")
    if not accounts:
        return [], []
    arns = [place.arn("ecr", "repository/*", account=account) for account in accounts]
    pull = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    statement = writing.allow("AwsImages", pull, arns, writing.our_principals(values, place))
    image = place.arn("ecr", "repository/eks/coredns", account=accounts[0])
    return [statement], [
        yes(
            to_aws(values, place, "ecr:BatchGetImage", image, accounts[0]), "An image that AWS keeps for our clusters."
        ),
        no(to_aws(values, place, "ecr:PutImage", image, accounts[0]), "Images of AWS are pulled, never pushed."),
    ]


def _sts(values: Values, place: Place) -> tuple[list[Statement], list[Expected]]:
    actions = ("sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
    condition = {"StringEquals": writing.our_resources(values, place)}
    role = place.arn("iam", "role/payments-app", region="", account=writing.our_accounts(values, place)[0])
    federated = {"aws:ResourceOrgID": values.one("organization") or "o-exampleorgid"}
    owner = writing.our_accounts(values, place)[0]
    elsewhere = {"aws:ResourceOrgID": "o-strangers000"}
    return [writing.allow("FederatedToOurRoles", actions, ["*"], condition)], [
        yes(writing.by_nobody(actions[1], role, owner, federated), "A federated caller takes a role of ours."),
        no(writing.by_nobody(actions[1], role, writing.stranger(values, place), elsewhere), "The role isn't ours."),
        no(writing.by_nobody("sts:AssumeRole", role, owner, federated), "Only federation needs no credentials."),
    ]


def _cloudformation(values: Values, place: Place) -> tuple[list[Statement], list[Expected]]:
    arn = place.arn("cloudformation", "transform/*", account="aws")
    statement = writing.allow(
        "AwsTransforms", ["cloudformation:CreateChangeSet"], [arn], writing.our_principals(values, place)
    )
    transform = arn.replace("*", "Serverless-2016-10-31")
    return [statement], [yes(to_aws(values, place, "cloudformation:CreateChangeSet", transform), "AWS's own macro.")]


def _build(values: Values, place: Place, *, form: _Form) -> Draft:
    who = writing.our_principals(values, place)
    both = {**who, "StringEquals": {**who["StringEquals"], **writing.our_resources(values, place)}}
    statements = [
        writing.allow("OurPrincipalsToOurResources", ["*"], ["*"], both),
        writing.allow("AwsServices", ["*"], ["*"], {"Bool": {"aws:PrincipalIsAWSService": "true"}}),
    ]
    if trusted := values.all("trusted_accounts"):
        third = {**who, "StringEquals": {**who["StringEquals"], "aws:ResourceAccount": trusted}}
        statements.append(writing.allow("OurPrincipalsToThirdParties", ["*"], ["*"], third))
    also, expected = form.more(values, place)
    return Draft((*statements, *also), (*_expected(values, place, form), *expected))


def _expected(values: Values, place: Place, form: _Form) -> list[Expected]:
    action, resource = form.sample
    ours = writing.our_accounts(values, place)[0]
    arn = resource.format(partition=place.partition, region=place.region, account=ours)
    service = Request("cloudformation.amazonaws.com", action, arn, ours)
    foreign = Request("*", action, arn, writing.stranger(values, place), {"aws:ResourceOrgID": "o-strangers000"})
    found = [
        yes(by_us(values, place, action, arn), "Our principal, our resource."),
        no(by_stranger(values, place, action, arn), "Somebody else's principal, even to our resource."),
        no(_strange(values, place, form), "Our principal, but somebody else's resource."),
        no(foreign, "No credentials, somebody else's resource."),
        yes(service, "AWS's own service, on our behalf."),
    ]
    for account in values.all("trusted_accounts")[:1]:
        third = resource.format(partition=place.partition, region=place.region, account=account)
        request = by_us(values, place, action, third)
        context = {**request.context, "aws:ResourceOrgID": "o-thirdparty0"}
        theirs = Request(request.principal, action, third, account, context)
        found.append(yes(theirs, "A resource of a trusted third party."))
    return found


def _strange(values: Values, place: Place, form: _Form) -> Request:
    action, resource = form.sample
    request = to_stranger(values, place, action, "*")
    arn = resource.format(partition=place.partition, region=place.region, account=request.resource_account)
    return replace(request, resource=arn)


_FORMS = (
    _Form(
        "s3",
        "S3",
        ("s3",),
        ("s3:GetObject", "arn:{partition}:s3:::payments-reports/2026/january.csv"),
        _s3,
        "Package updates, patching, ECR images and agents fetch from buckets that AWS owns: tick what you use.",
        (AWS_OWNED,),
    ),
    _Form(
        "ssm",
        "Systems Manager",
        ("ssm",),
        ("ssm:GetParameter", "arn:{partition}:ssm:{region}:{account}:parameter/payments/url"),
        _ssm,
        "AWS's own documents and public parameters stay reachable; the S3 endpoint needs AWS's buckets too.",
    ),
    _Form(
        "ecr",
        "ECR",
        ("ecr.api", "ecr.dkr"),
        ("ecr:BatchGetImage", "arn:{partition}:ecr:{region}:{account}:repository/payments/app"),
        _ecr,
        "EKS add-ons, GuardDuty and SageMaker pull images from registries of AWS: give their accounts.",
        (IMAGE_ACCOUNTS,),
    ),
    _Form(
        "sts",
        "STS",
        ("sts",),
        ("sts:AssumeRole", "arn:{partition}:iam::{account}:role/payments-app"),
        _sts,
        "Calls that assume a role by SAML or web identity (EKS service accounts) carry no principal of ours: they "
        "are allowed to roles of ours.",
    ),
    _Form(
        "cloudformation",
        "CloudFormation",
        ("cloudformation",),
        ("cloudformation:DescribeStacks", "arn:{partition}:cloudformation:{region}:{account}:stack/payments/1a2b"),
        _cloudformation,
        "AWS's own transforms (SAM, Include) stay usable. Custom resources and wait conditions answer through S3.",
        warnings={"resource-unmatched": "CloudFormation's guide names transforms, which AWS's reference leaves out."},
    ),
)
_OWN_FORM = tuple(service for form in _FORMS for service in form.services)
_GENERAL = _Form(
    "",
    "any service",
    (),
    ("sqs:SendMessage", "arn:{partition}:sqs:{region}:{account}:payments"),
    _nothing,
    "Actions whose context lacks the owner of the resource are denied: try it with the simulator first.",
)


def _template(form: _Form, organisation: bool) -> Template:
    who = "organisation" if organisation else "accounts"
    first = replace(writing.OUR_ORGANISATION, required=True) if organisation else writing.OUR_ACCOUNTS
    return Template(
        id=f"{who}-{form.suffix}" if form.suffix else who,
        title=f"Only our {who}" + (f", {form.title}" if form.suffix else ""),
        allows=f"Principals of our {who} reach resources of our {who}; AWS's own services act on our behalf.",
        denies=f"Credentials from outside our {who}, and copying data to resources outside, trusted accounts aside.",
        mind=form.mind,
        sources=(form.source, writing.GLOBAL_KEYS, writing.PRIVATELINK),
        build=partial(_build, form=form),
        parameters=(first, writing.OUR_ROLES, TRUSTED, *form.parameters),
        services=form.services,
        not_services=() if form.services else _OWN_FORM,
        types=("Gateway", "Interface") if form.suffix in ("", "s3") else ("Interface",),
        warnings=form.warnings or {},
    )


def _full_access(values: Values, place: Place) -> Draft:
    statement: Statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    anything = "arn:aws:s3:::somebody-elses-bucket/a"
    return Draft(
        (statement,),
        (
            yes(by_us(values, place, "s3:PutObject", anything), "Everything is allowed."),
            yes(by_stranger(values, place, "s3:GetObject", anything), "Even with somebody else's credentials."),
        ),
    )


FULL_ACCESS = Template(
    id="full-access",
    title="Full access",
    allows="Anyone, any action, any resource: what AWS sets when no policy is given.",
    denies="Nothing. Identity policies and resource policies still apply.",
    mind="Whoever reaches the endpoint may carry data to any account with credentials of that account. Protected "
    "accounts refuse it.",
    sources=(writing.PRIVATELINK,),
    build=_full_access,
    warnings={"full-access": "It is what the template is."},
)
TEMPLATES = (*(_template(form, organisation) for organisation in (True, False) for form in (*_FORMS, _GENERAL)),)
