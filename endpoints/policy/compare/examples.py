"""Values for requests that show a difference: such as AWS would send, and made up where AWS documents made-up ones."""

from __future__ import annotations

from endpoints.policy.evaluate.patterns import Template, Variable, Wild

ACCOUNTS = ("111122223333", "444455556666", "123456789012", "210987654321", "555566667777")
"""Accounts that AWS's documentation uses, or could; the likeliest first."""

_VALUES: dict[str, tuple[str, ...]] = {
    "aws:principalorgid": ("o-exampleorgid", "o-anotherorgid"),
    "aws:resourceorgid": ("o-exampleorgid", "o-anotherorgid"),
    "aws:sourceorgid": ("o-exampleorgid", "o-anotherorgid"),
    "aws:vpceorgid": ("o-exampleorgid", "o-anotherorgid"),
    "aws:principalorgpaths": ("o-exampleorgid/r-exam/ou-exam-11111111/", "o-anotherorgid/r-othe/ou-othe-22222222/"),
    "aws:resourceorgpaths": ("o-exampleorgid/r-exam/ou-exam-11111111/", "o-anotherorgid/r-othe/ou-othe-22222222/"),
    "aws:resourceaccount": ("111122223333", "444455556666", "123456789012"),
    "aws:sourceaccount": ("111122223333", "444455556666", "123456789012"),
    "aws:vpceaccount": ("111122223333", "444455556666", "123456789012"),
    "s3:resourceaccount": ("111122223333", "444455556666", "123456789012"),
    "aws:sourcevpc": ("vpc-0a1b2c3d4e5f67890", "vpc-0f1e2d3c4b5a69780"),
    "aws:sourcevpce": ("vpce-0a1b2c3d4e5f67890", "vpce-0f1e2d3c4b5a69780"),
    "aws:vpcsourceip": ("10.0.0.1", "192.0.2.1"),
    "aws:sourceip": ("203.0.113.10", "198.51.100.7"),
    "aws:requestedregion": ("eu-west-1", "us-east-1"),
    "aws:principaltype": ("AssumedRole", "User"),
    "aws:userid": ("AROAEXAMPLEID:session", "AIDAEXAMPLEID"),
    "aws:securetransport": ("true", "false"),
    "aws:multifactorauthpresent": ("true", "false"),
    "aws:viaawsservice": ("true", "false"),
    "aws:calledvia": ("athena.amazonaws.com", "cloudformation.amazonaws.com"),
    "aws:useragent": ("aws-cli/2.0", "Boto3/1.0"),
    "s3:prefix": ("home/", "reports/"),
    "s3:x-amz-acl": ("private", "public-read"),
    "s3:x-amz-server-side-encryption": ("aws:kms", "AES256"),
    "s3:tlsversion": ("1.2", "1.3"),
}


def values(key: str) -> tuple[str, ...]:
    """Return likely values of a key, given in lower case."""
    return _VALUES.get(key, ("example", "another"))


def filled(template: Template, star: str = "example", account: str = ACCOUNTS[0]) -> str:
    """Return a text that a pattern of ARNs matches: `star` for each `*`, but in the place of a region or an account."""
    in_field = {1: "aws", 3: "eu-west-1", 4: account}
    texts: list[str] = []
    colons = 0
    for part in template.parts:
        if isinstance(part, str):
            text = part
        elif isinstance(part, Variable):
            text = "example"
        else:
            text = "x" if part is Wild.ONE else in_field.get(colons, star)
        texts.append(text)
        colons += text.count(":")
    return "".join(texts)
