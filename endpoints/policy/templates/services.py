"""Templates for named resources of the services whose endpoints are Interface only."""

from __future__ import annotations

from endpoints.policy.templates import kinds
from endpoints.policy.templates.kinds import Place
from endpoints.policy.templates.listed import Grant, Listed, listed, several
from endpoints.policy.templates.model import Parameter

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


class _ApiKind(kinds.Named):
    """An API of API Gateway: its id, with nothing before it in the ARN."""


API = _ApiKind(
    "API id", r"[a-z0-9]{10}", "Write the ten letters and digits that its address starts with.", "execute-api"
)


class _ModelKind(kinds.Named):
    """A foundation model of Bedrock, which belongs to no account."""

    def arn(self, name: str, place: Place) -> str:
        return place.arn(self.service, f"{self.lead}{name}", account="")


MODEL = _ModelKind(
    "model id",
    r"[a-z0-9-]{1,63}\.[A-Za-z0-9][A-Za-z0-9.-]{0,62}(:[A-Za-z0-9.:-]{1,16})?",
    "Write it as the Bedrock console shows it, such as amazon.titan-embed-text-v2:0.",
    *("bedrock", "foundation-model/", "", True, False),
)

TEMPLATES = (
    listed(
        "secretsmanager-named",
        "Named secrets: read",
        Listed(
            several(
                "secrets",
                "Secrets",
                kinds.SECRET,
                "payments/database",
                "payments/api-key",
                help="One a line: names (without the six characters that AWS adds) or whole ARNs.",
            ),
            (Grant("Secrets", ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")),),
            "not-listed",
            "secretsmanager:PutSecretValue",
        ),
        services=("secretsmanager",),
        allows="Our principals read these secrets.",
        mind="A secret encrypted with a key of yours needs the KMS endpoint as well, unless Secrets Manager decrypts.",
        sources=("Secrets Manager user guide, “Using an AWS Secrets Manager VPC endpoint”",),
    ),
    listed(
        "kms-named",
        "Named keys: use",
        Listed(
            several(
                "keys",
                "Keys",
                kinds.KEY,
                "1234abcd-12ab-34cd-56ef-1234567890ab",
                help="One a line: key ids or key ARNs. A request by alias counts as one for its key.",
            ),
            (
                Grant(
                    "Keys",
                    (
                        *("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
                        *("kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
                    ),
                ),
            ),
            "0000abcd-12ab-34cd-56ef-1234567890ab",
            "kms:ScheduleKeyDeletion",
        ),
        services=("kms",),
        allows="Our principals encrypt and decrypt with these keys.",
        mind="Signing and MACs are not in. Services such as S3 use keys from their side, not through this endpoint.",
        sources=("KMS developer guide, “Connect to AWS KMS through a VPC endpoint”",),
    ),
    listed(
        "sqs-named",
        "Named queues: send and receive",
        Listed(
            several("queues", "Queues", kinds.QUEUE, "payments", "payments-dead"),
            (
                Grant(
                    "Queues",
                    (
                        *("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
                        *("sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"),
                    ),
                ),
            ),
            "not-listed",
            "sqs:PurgeQueue",
        ),
        services=("sqs",),
        allows="Our principals send, receive and delete messages of these queues.",
        mind="Batches count as their single actions. Queues can't be created, purged or deleted.",
        sources=("SQS developer guide, “Internetwork traffic privacy in Amazon SQS”",),
    ),
    listed(
        "sns-named",
        "Named topics: publish",
        Listed(
            several("topics", "Topics", kinds.TOPIC, "payments"),
            (Grant("Topics", ("sns:Publish",)),),
            "not-listed",
            "sns:Subscribe",
        ),
        services=("sns",),
        allows="Our principals publish to these topics.",
        mind="Subscribing and text messages to phone numbers are denied.",
        sources=("SNS developer guide, “Creating an Amazon VPC endpoint policy for Amazon SNS”",),
    ),
    listed(
        "sts-assume",
        "Named roles: assume",
        Listed(
            several("targets", "Roles to assume", kinds.ROLE, "deployer"),
            (
                Grant("Roles", ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")),
                Grant("WhoAmI", ("sts:GetCallerIdentity",), anywhere=True),
            ),
            "not-listed",
            "sts:AssumeRoleWithWebIdentity",
        ),
        services=("sts",),
        allows="Our principals assume these roles, and ask who they are.",
        mind="Web identity (EKS service accounts) is denied, as such callers are not principals of ours: choose our "
        "organisation for it.",
        sources=("IAM user guide, “Interface VPC endpoints” for AWS STS",),
    ),
    listed(
        "lambda-invoke",
        "Named functions: invoke",
        Listed(
            several("functions", "Functions", kinds.FUNCTION, "charge-card"),
            (Grant("Functions", ("lambda:InvokeFunction",), ("", ":*")),),
            "not-listed",
            "lambda:UpdateFunctionCode",
        ),
        services=("lambda",),
        allows="Our principals invoke these functions, their versions and aliases.",
        mind="Function URLs don't travel through this endpoint.",
        sources=("Lambda developer guide, “Configuring interface VPC endpoints for Lambda”",),
    ),
    listed(
        "execute-api-named",
        "Named private APIs: call",
        Listed(
            several("apis", "APIs", API, "a1b2c3d4e5", help="One a line: the ids that their addresses start with."),
            (Grant("Apis", ("execute-api:Invoke",), ("/*",)),),
            "z9z9z9z9z9",
            "execute-api:ManageConnections",
        ),
        services=("execute-api",),
        allows="Our principals call these APIs, every stage and method.",
        mind="Calls must be signed (IAM): an API without IAM authorisation has anonymous callers, which are not ours. "
        "The API's own resource policy must allow the endpoint too.",
        sources=("API Gateway developer guide, “Use VPC endpoint policies for private APIs in API Gateway”",),
    ),
    listed(
        "kinesis-named",
        "Named data streams: write and read",
        Listed(
            several("streams", "Streams", kinds.STREAM, "clicks"),
            (
                Grant(
                    "Streams",
                    (
                        *("kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator"),
                        *("kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords"),
                    ),
                ),
            ),
            "not-listed",
            "kinesis:DeleteStream",
        ),
        services=("kinesis-streams",),
        allows="Our principals put records into these streams and read them.",
        mind="The Kinesis Client Library also needs DynamoDB and CloudWatch. Enhanced fan-out is not in.",
        sources=("Kinesis Data Streams developer guide, “Using Kinesis Data Streams with interface VPC endpoints”",),
    ),
    listed(
        "events-named",
        "Named event buses: put events",
        Listed(
            several("buses", "Event buses", kinds.BUS, "payments"),
            (Grant("EventBuses", ("events:PutEvents",)),),
            "not-listed",
            "events:PutRule",
        ),
        services=("events",),
        allows="Our principals put events on these buses.",
        mind="The account's first bus is called default. Rules can't be changed.",
        sources=("EventBridge user guide, “Using Amazon EventBridge with interface VPC endpoints”",),
    ),
    listed(
        "bedrock-invoke",
        "Named Bedrock models: invoke",
        Listed(
            several("models", "Models", MODEL, "amazon.titan-embed-text-v2:0", help="One a line: model ids."),
            (Grant("Models", ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")),),
            "amazon.not-listed-v1:0",
            "bedrock:CreateModelCustomizationJob",
        ),
        services=("bedrock-runtime",),
        allows="Our principals invoke these models; Converse counts as invoking.",
        mind="A call through an inference profile needs that profile and the models in its other regions as well.",
        sources=("Bedrock user guide, “Use interface VPC endpoints (AWS PrivateLink)”",),
    ),
    listed(
        "logs-named",
        "Named log groups: write",
        Listed(
            several("groups", "Log groups", kinds.LOG_GROUP, "/payments/app", "/ecs/payments"),
            (
                Grant(
                    "LogGroups",
                    ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
                    ("", ":*"),
                ),
                Grant("LookUpGroups", ("logs:DescribeLogGroups",), anywhere=True),
            ),
            "not-listed",
            "logs:DeleteLogGroup",
        ),
        services=("logs",),
        allows="Our principals create streams in these groups and write to them, and look up groups.",
        mind="The groups must exist: agents can't create them through the endpoint.",
        sources=("CloudWatch Logs user guide, “Using CloudWatch Logs with interface VPC endpoints”",),
    ),
    listed(
        "ecr-pull",
        "Named repositories: pull images",
        Listed(
            several("repositories", "Repositories", kinds.ECR_REPOSITORY, "payments/app"),
            (
                Grant("Repositories", (*_PULL,)),
                Grant("SignIn", ("ecr:GetAuthorizationToken",), anywhere=True),
            ),
            "not-listed",
            "ecr:PutImage",
        ),
        services=("ecr.api", "ecr.dkr"),
        allows="Our principals sign in and pull images of these repositories. Set it on ecr.api and ecr.dkr alike.",
        mind="Layers come from S3: the S3 endpoint must allow “ECR image layers”. Images of AWS (EKS add-ons) need "
        "their repositories' ARNs.",
        sources=("ECR user guide, “Amazon ECR interface VPC endpoints (AWS PrivateLink)”",),
    ),
    listed(
        "codeartifact-read",
        "Named CodeArtifact repositories: install packages",
        Listed(
            several("repositories", "Repositories", kinds.PACKAGE_REPOSITORY, "payments/python"),
            (
                Grant("Repositories", ("codeartifact:ReadFromRepository", "codeartifact:GetRepositoryEndpoint")),
                Grant("SignIn", ("codeartifact:GetAuthorizationToken",), anywhere=True),
            ),
            "payments/not-listed",
            "codeartifact:DeleteRepository",
        ),
        services=("codeartifact.api", "codeartifact.repositories"),
        allows="Our principals sign in and install packages of these repositories. Set it on both endpoints.",
        mind="Assets come from S3 (Python and Swift aside): the S3 endpoint must allow CodeArtifact's buckets. STS "
        "must allow sts:GetServiceBearerToken.",
        sources=("CodeArtifact user guide, “Create the Amazon S3 gateway endpoint” and “Create VPC endpoints”",),
    ),
    listed(
        "cloudformation-signal",
        "Named stacks: instances read and signal",
        Listed(
            Parameter(
                "stacks", "Stacks", "One a line: names.",
                kinds.Named("stack", r"[A-Za-z][A-Za-z0-9-]{0,127}", "Write its name.", "cloudformation", "stack/"),
                ("payments",), many=True,
            ),
            (
                Grant(
                    "Stacks",
                    (
                        *("cloudformation:DescribeStackResource", "cloudformation:DescribeStackResources"),
                        *("cloudformation:DescribeStacks", "cloudformation:SignalResource"),
                    ),
                    ("/*",),
                ),
            ),
            "not-listed",
            "cloudformation:DeleteStack",
        ),
        services=("cloudformation",),
        allows="Instances read the metadata of these stacks (cfn-init, cfn-hup) and signal them (cfn-signal).",
        mind="Wait conditions answer through S3: the S3 endpoint must allow CloudFormation's buckets.",
        sources=("CloudFormation user guide, “Access CloudFormation using an interface endpoint”",),
    ),
    listed(
        "ssm-parameters",
        "Named parameters: read",
        Listed(
            several(
                "parameters", "Parameters", kinds.PARAMETER_NAME, "payments/url", "payments/key",
                help="One a line: names without the first /, or ARNs.",
            ),
            (Grant("Parameters", ("ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters")),),
            "not-listed",
            "ssm:PutParameter",
        ),
        services=("ssm",),
        allows="Our principals read these parameters.",
        mind="The Systems Manager agent does not work through this. SecureString parameters need the KMS key.",
        sources=("Systems Manager user guide, “Improve the security of EC2 instances by using VPC endpoints”",),
    ),
)  # fmt: skip
