"""Endpoints as code: read back by YAML's own reader, a real shell and a reader of HCL strings, with hostile texts."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from typing import Any

import pytest
import yaml
from botocore.loaders import Loader
from hypothesis import example, given
from hypothesis import strategies as st

from endpoints.domain.export import Exported, cli, cloudformation, formats, policy_of, terraform
from endpoints.domain.rules import GroupRule
from endpoints.domain.specs import EndpointSpec, EndpointType, SubnetConfiguration

ID = "vpce-0123456789abcdef0"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Own",
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": "arn:aws:s3:::home/${aws:username}/*",
                "Condition": {"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"s3:max-keys": 10.5}},
            }
        ],
    },
    indent=2,
)
GATEWAY = EndpointSpec(
    account_id="111122223333",
    region="eu-west-1",
    vpc_id="vpc-0123456789abcdef0",
    service_name="com.amazonaws.eu-west-1.s3",
    vpc_endpoint_type=EndpointType.GATEWAY,
    route_table_ids=("rtb-0123456789abcdef0", "rtb-0123456789abcdef1"),
    policy_document=POLICY,
    name="batch s3",
    tags=(("cost-center", "4711"),),
)
INTERFACE = EndpointSpec(
    account_id="111122223333",
    region="eu-west-1",
    vpc_id="vpc-0123456789abcdef0",
    service_name="com.amazonaws.eu-west-1.s3",
    vpc_endpoint_type=EndpointType.INTERFACE,
    subnet_ids=("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
    security_group_ids=("sg-0123456789abcdef0",),
    private_dns_enabled=True,
    ip_address_type="dualstack",
    dns_record_ip_type="dualstack",
    subnet_configurations=(SubnetConfiguration(subnet_id="subnet-0123456789abcdef0", ipv4="10.0.0.9"),),
)
HOSTILE = [
    '"; rm -rf / #',
    "'$(touch /tmp/owned)' `id`",
    '${file("/etc/passwd")} %{ if true }x%{ endif } $${a} $$${b} %%{c} $',
    'line\nEOT\n"""\n--- !!python/object:os.system',
    "tab\tcr\rbell\x07 del\x7f nel\x85 ls\u2028 bom\ufeff nbsp\u00a0",
    "emoji 😀 and * & ! | > @ ` : # {{ }} [ ] yes null ~",
    "\\n \\${x} \\",
    "!Sub ${AWS::AccountId}",
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)


def of_hcl(text: str) -> str:
    """Return what a quoted template of HCL means: written from the language's own words, not from the writer."""
    assert text[0] == text[-1] == '"'
    body, found, position = text[1:-1], [], 0
    while position < len(body):
        if match := re.match(r'\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|([nrt"\\]))', body[position:]):
            short, long, letter = match.groups()
            found.append(
                {"n": "\n", "r": "\r", "t": "\t"}.get(letter, letter) if letter else chr(int(short or long, 16))
            )
            position += match.end()
        elif body[position : position + 3] in ("$${", "%%{"):
            found.append(body[position : position + 1] + "{")
            position += 3
        else:
            assert body[position] not in '"\\\n', "an end, an escape or a line that nobody meant"
            assert body[position : position + 2] not in ("${", "%{"), "a template that would be evaluated"
            found.append(body[position])
            position += 1
    return "".join(found)


def arguments_of(script: str) -> list[str]:
    """Return what the AWS CLI would be given, by a real shell."""
    shell = "aws() { for argument; do printf '%s\\0' \"$argument\"; done; }\n"
    done = subprocess.run(["sh", "-eu", "-c", shell + script], capture_output=True, check=True, timeout=30)
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


def template_of(item: Exported) -> tuple[str, dict[str, Any]]:
    found = yaml.safe_load(cloudformation.write(item))
    ((name, resource),) = found["Resources"].items()
    assert resource["Type"] == "AWS::EC2::VPCEndpoint"
    return name, resource["Properties"]


def options_of(arguments: list[str]) -> dict[str, list[str]]:
    assert arguments[:2] == ["ec2", "create-vpc-endpoint"]
    found: dict[str, list[str]] = {}
    for item in arguments[2:]:
        if item.startswith("--") and " " not in item:
            name = item
            found[name] = []
        else:
            found[name].append(item)
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts_in_every_format(text: str) -> None:
    document = json.dumps({"Statement": [{"Sid": text, "Effect": "Allow", text: [text]}]})
    spec = replace(GATEWAY, name=text, tags=((f"key {text}"[:100], text),), policy_document=document)
    item = Exported(spec, ID)
    _, properties = template_of(item)
    tags = {pair["Key"]: pair["Value"] for pair in properties["Tags"]}
    assert tags == spec.all_tags
    assert properties["PolicyDocument"] == json.loads(document)
    options = options_of(arguments_of(cli.write(item)))
    assert json.loads(options["--policy-document"][0]) == json.loads(document)
    (given_tags,) = json.loads(options["--tag-specifications"][0])
    assert {pair["Key"]: pair["Value"] for pair in given_tags["Tags"]} == spec.all_tags
    code = terraform.write(item)
    assert re.search(r'^resource "aws_vpc_endpoint" "[a-z][a-z0-9_]*" \{$', code, re.MULTILINE)
    written = [of_hcl(match) for match in re.findall(r'"(?:[^"\\\n]|\\.)*"', code)]
    assert written.count(text) >= 4
    assert len(code.splitlines()) == len(terraform.write(Exported(_named(spec, "x"), ID)).splitlines())


def _named(spec: EndpointSpec, text: str) -> EndpointSpec:
    document = json.dumps({"Statement": [{"Sid": text, "Effect": "Allow", text: [text]}]})
    return replace(spec, name=text, tags=(("key", text),), policy_document=document)


@given(TEXTS)
@example("$${")
@example("%%{")
@example("\\u0024{")
def test_any_text_survives_quoting(text: str) -> None:
    assert of_hcl(terraform.quoted(text)) == text
    assert yaml.safe_load(f"a: {cloudformation.quoted(text)}") == {"a": text}
    assert len(terraform.quoted(text).splitlines()) == len(cloudformation.quoted(text).splitlines()) == 1


def test_terraform_has_every_argument_and_the_import_block() -> None:
    code = terraform.write(Exported(INTERFACE, ID))
    for line in (
        'resource "aws_vpc_endpoint" "s3" {',
        '  vpc_endpoint_type = "Interface"',
        "  private_dns_enabled = true",
        '    ipv4      = "10.0.0.9"',
        "    private_dns_only_for_inbound_resolver_endpoint = false",
        f'  id = "{ID}"',
        "  to = aws_vpc_endpoint.s3",
    ):
        assert line in code.splitlines()
    assert "route_table_ids" not in code
    assert "import {" not in terraform.write(Exported(INTERFACE))


def test_terraform_writes_a_policy_as_code_and_keeps_its_variables() -> None:
    code = terraform.write(Exported(GATEWAY, ID))
    assert "policy = jsonencode({" in code
    assert '"arn:aws:s3:::home/$${aws:username}/*"' in code
    assert re.search(r'"aws:SecureTransport" += true', code)
    assert re.search(r'"s3:max-keys" += 10\.5', code)


@pytest.mark.parametrize("document", ["[1]", "{", '{"a": 1, "a": 2}', '{"a": NaN}', "file:///etc/passwd"])
def test_a_document_that_is_no_object_stays_the_authors_text(document: str) -> None:
    assert policy_of(document) is None
    item = Exported(replace(GATEWAY, policy_document=document))
    assert f"policy = {terraform.quoted(document)}" in re.sub(" +=", " =", terraform.write(item))
    assert options_of(arguments_of(cli.write(item)))["--policy-document"] == [f" {document}"]
    assert "PolicyDocument" not in template_of(item)[1]
    assert "attach it by other means" in cloudformation.write(item)


def test_cloudformation_says_all_that_it_can_and_names_what_it_cant() -> None:
    name, properties = template_of(Exported(INTERFACE, ID))
    assert name == "S3"
    assert properties == {
        "VpcId": "vpc-0123456789abcdef0",
        "ServiceName": "com.amazonaws.eu-west-1.s3",
        "VpcEndpointType": "Interface",
        "SubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "IpAddressType": "dualstack",
        "PrivateDnsEnabled": True,
        "DnsOptions": {"DnsRecordIpType": "dualstack", "PrivateDnsOnlyForInboundResolverEndpoint": "AllResolvers"},
    }
    code = cloudformation.write(Exported(INTERFACE, ID))
    assert "no fixed addresses; approved are 10.0.0.9" in code
    match = re.search(r"--resources-to-import '(.*)'", code)
    assert match
    assert json.loads(match[1])[0]["ResourceIdentifier"] == {"Id": ID}


@pytest.mark.parametrize("key", ["Ref", "Fn::Sub", "Fn::Transform"])
def test_cloudformation_never_evaluates_a_policy(key: str) -> None:
    document = json.dumps({"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": {key: "x"}}}]})
    item = Exported(replace(GATEWAY, policy_document=document))
    assert "PolicyDocument" not in template_of(item)[1]


def test_cloudformation_never_resolves_a_reference_in_a_text() -> None:
    """A dynamic reference is replaced wherever it stands by a secret of the account, and nothing escapes it."""
    secret = "{{resolve:secretsmanager:prod/db}}"
    document = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": secret}]})
    tags = (("note", f"x{secret}"), (f"k\n{secret}", "x"), ("plain", "{{ resolve }}"))
    item = Exported(replace(GATEWAY, policy_document=document, name=secret, tags=tags))
    _, properties = template_of(item)
    assert properties["Tags"] == [{"Key": "plain", "Value": "{{ resolve }}"}]
    assert "PolicyDocument" not in properties
    told = [line for line in cloudformation.write(item).splitlines() if secret in line or "note" in line]
    assert [line[0] for line in told] == ["#"]
    assert '"note, k\\n{{resolve:secretsmanager:prod/db}}, Name"' in told[0]


def test_the_command_has_only_options_that_the_call_has() -> None:
    """The CLI derives its options from botocore's model: CreateVpcEndpoint's members in lower case with hyphens."""
    shape = Loader().load_service_model("ec2", "service-2")["shapes"]["CreateVpcEndpointRequest"]
    known = {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower() for name in shape["members"]}
    for item in (Exported(GATEWAY, ID), Exported(INTERFACE)):
        options = options_of(arguments_of(cli.write(item)))
        names = {name.removeprefix("--").removeprefix("no-") for name in options}
        assert names - known == {"region"}
    assert options["--subnet-ids"] == list(INTERFACE.subnet_ids)
    assert json.loads(options["--dns-options"][0]) == {
        "DnsRecordIpType": "dualstack",
        "PrivateDnsOnlyForInboundResolverEndpoint": False,
    }


IN = GroupRule(group_id="sg-0123456789abcdef0", direction="ingress", from_port=443, to_port=443, cidr="2001:db8::/56")
OUT = GroupRule(
    group_id="sg-0123456789abcdef1",
    direction="egress",
    from_port=443,
    to_port=443,
    prefix_list_id="pl-6da54004",
    description="HTTPS to s3",
)


def test_the_rules_that_it_carries_come_with_it() -> None:
    item = Exported(replace(GATEWAY, group_rules=(IN, OUT)), ID)
    resources = yaml.safe_load(cloudformation.write(item))["Resources"]
    assert {name: found["Type"] for name, found in resources.items()} == {
        "BatchS3": "AWS::EC2::VPCEndpoint",
        "BatchS3Rule1": "AWS::EC2::SecurityGroupIngress",
        "BatchS3Rule2": "AWS::EC2::SecurityGroupEgress",
    }
    ports = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    assert resources["BatchS3Rule1"]["Properties"] == {**ports, "GroupId": IN.group_id, "CidrIpv6": IN.cidr}
    assert resources["BatchS3Rule2"]["Properties"] == {
        **ports,
        "GroupId": OUT.group_id,
        "DestinationPrefixListId": "pl-6da54004",
        "Description": "HTTPS to s3",
    }
    code = terraform.write(item).splitlines()
    for line in (
        'resource "aws_vpc_security_group_ingress_rule" "batch_s3_1" {',
        'resource "aws_vpc_security_group_egress_rule" "batch_s3_2" {',
        '  cidr_ipv6         = "2001:db8::/56"',
        '  prefix_list_id    = "pl-6da54004"',
        "  to_port           = 443",
    ):
        assert line in code
    script = cli.write(item)
    said = arguments_of(script[script.index("aws ec2 authorize-security-group-ingress") :])
    assert said[:6] == ["ec2", "authorize-security-group-ingress", "--region", "eu-west-1", "--group-id", IN.group_id]
    assert json.loads(said[7]) == [{**ports, "Ipv6Ranges": [{"CidrIpv6": IN.cidr}]}]
    assert json.loads(said[15])[0]["PrefixListIds"] == [{"PrefixListId": "pl-6da54004", "Description": "HTTPS to s3"}]


@pytest.mark.parametrize("spec", [GATEWAY, INTERFACE, replace(GATEWAY, name="…", policy_document=None, tags=())])
def test_every_format_names_its_file_and_its_resource_safely(spec: EndpointSpec) -> None:
    for found in formats().values():
        assert re.fullmatch(r"[a-z0-9-]+\.(tf|yaml|sh)", found.filename(Exported(spec)))
        assert found.filename(Exported(spec, ID)).startswith(f"{ID}.")
        assert found.write(Exported(spec)).endswith("\n")
    assert Exported(replace(spec, name="123 go")).words == ["endpoint", "123", "go"]
