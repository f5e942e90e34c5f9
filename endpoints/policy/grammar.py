"""Checks a policy's text against the policy language and the rules of endpoint policies.

Facts: IAM user guide, "Grammar of the IAM JSON policy language"; AWS PrivateLink guide, "Control access to
VPC endpoints using endpoint policies".
"""

from __future__ import annotations

import re
from typing import Literal

from endpoints.policy import words
from endpoints.policy.conditions import check_condition
from endpoints.policy.document import PolicyDocument, PolicySyntaxError, parse
from endpoints.policy.findings import Finding
from endpoints.policy.meaning import is_full_access
from endpoints.policy.nodes import Array, Member, Node, Object, Scalar
from endpoints.policy.principals import check_principal
from endpoints.policy.report import Report, quoted

VpcEndpointType = Literal["Gateway", "Interface"]

_ACTION = re.compile(r"\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9_*?-]+")
_SID = re.compile(r"[A-Za-z0-9 _-]*")
_ARN_PARTS = 6


def check(text: str, *, vpc_endpoint_type: VpcEndpointType | None) -> tuple[Finding, ...]:
    """Return everything found in the text, in its order; nothing that blocks means that it can be used.

    `vpc_endpoint_type` adds the rules of that type; None leaves them out. Never raises for any string.
    """
    try:
        document = parse(text)
    except PolicySyntaxError as error:
        return error.findings
    report = Report(document)
    _check_policy(report, vpc_endpoint_type)
    return report.findings()


def _check_policy(report: Report, vpc_endpoint_type: VpcEndpointType | None) -> None:
    document = report.document
    meant = _check_names(report, document.root, words.POLICY_ELEMENTS, "policy")
    _check_version(report, document)
    if (identifier := document.root.get("Id")) is not None and not _is_text(identifier):
        report.block("id-type", identifier, "Id must be a string.", "Put it in quotes, or remove it.")
    statements = document.root.get("Statement")
    if statements is None and "Statement" in meant:
        return
    if statements is None:
        report.block("statement-missing", document.root, "The policy has no Statement.", 'Add "Statement": [ … ].')
        return
    sids: set[str] = set()
    items = statements.items if isinstance(statements, Array) else (statements,)
    if not items:
        report.block("statement-empty", statements, "Statement is empty.", "Add at least one statement.")
    for item in items:
        if isinstance(item, Object):
            _check_statement(report, item, vpc_endpoint_type)
            _check_sid(report, item.get("Sid"), sids)
        else:
            report.block("statement-type", item, "A statement is an object.", 'Write { "Effect": … }.')
    if is_full_access(document):
        report.warn(
            "full-access",
            statements,
            "This policy lets anyone do anything through the endpoint.",
            "Name the principals, actions or resources that the workload needs, if you can.",
        )


def _check_names(report: Report, node: Object, known: tuple[str, ...], where: str) -> set[str]:
    """Report unknown names; return the known ones that they most likely mean."""
    meant_names: set[str] = set()
    for member in node.members:
        if member.name in known:
            continue
        meant = words.nearest(member.name, known)
        cure = f'Write "{meant}".' if meant else f"Use one of {', '.join(known)}."
        report.block("element-unknown", member.key, f"{quoted(member.name)} is no element of a {where}.", cure)
        if meant:
            meant_names.add(meant)
    return meant_names


def _check_version(report: Report, document: PolicyDocument) -> None:
    version = document.root.get("Version")
    if version is not None and (not isinstance(version, Scalar) or version.value not in words.VERSIONS):
        report.block(
            "version-unknown",
            version,
            "This Version does not exist.",
            f'Write "{words.VERSIONS[0]}": it names the language, not your revision.',
        )
    elif (version is None or version.value == words.VERSIONS[1]) and "${" in document.text:
        report.warn(
            "version-variables",
            version or document.root,
            "In this Version, ${…} is literal text and no variable.",
            f'Write "Version": "{words.VERSIONS[0]}".',
        )


def _check_statement(report: Report, statement: Object, vpc_endpoint_type: VpcEndpointType | None) -> None:
    meant = _check_names(report, statement, words.STATEMENT_ELEMENTS, "statement")
    effect = statement.get("Effect")
    if effect is None and "Effect" not in meant:
        report.block("effect-missing", statement, "The statement has no Effect.", 'Add "Effect": "Allow".')
    elif effect is not None and not (isinstance(effect, Scalar) and effect.value in words.EFFECTS):
        report.block("effect-unknown", effect, "Effect is Allow or Deny, in this letter case.", 'Write "Allow".')
    for name in ("Action", "Resource", "Principal"):
        member = _one_of(report, statement, name, meant)
        if member is None:
            continue
        if name == "Principal":
            check_principal(report, member, vpc_endpoint_type)
        else:
            _check_patterns(report, member)
    _warn_of_negations(report, statement)
    condition = statement.get("Condition")
    if condition is not None:
        check_condition(report, condition)


def _one_of(report: Report, statement: Object, name: str, misspelt: set[str]) -> Member | None:
    """Return the member `name` or `Not…`; a statement must have exactly one of the two.

    One that is only misspelt has been reported already, with the name that is meant.
    """
    present = [member for member in statement.members if member.name in (name, f"Not{name}")]
    if not present and {name, f"Not{name}"} & misspelt:
        return None
    if not present:
        cure = f'Add "{name}": "*" or a list.' if name != "Principal" else 'Add "Principal": "*".'
        why = "Endpoint policies need one in every statement." if name == "Principal" else ""
        message = f"The statement has neither {name} nor Not{name}. {why}".rstrip()
        report.block(f"{name.lower()}-missing", statement, message, cure)
        return None
    if len(present) > 1:
        report.block(
            f"{name.lower()}-twice",
            present[1].key,
            f"The statement has both {name} and Not{name}.",
            "Keep one; make two statements if you mean both.",
        )
    return present[0]


def _check_patterns(report: Report, member: Member) -> None:
    """Check the strings of Action, NotAction, Resource or NotResource."""
    for node in report.texts(member):
        if member.name.endswith("Action"):
            _check_action(report, node)
        else:
            _check_resource(report, node)


def _check_action(report: Report, node: Scalar) -> None:
    if not _ACTION.fullmatch(str(node.value)):
        report.block(
            "action-form",
            node,
            f"{quoted(str(node.value))} is no action.",
            'Write "service:Action", such as "s3:GetObject"; wildcards may stand after the colon.',
        )


def _check_resource(report: Report, node: Scalar) -> None:
    value = str(node.value)
    if value == "*" or "${" in value.split("/", 1)[0]:
        return
    parts = value.split(":", _ARN_PARTS - 1)
    if parts[0] != "arn" or len(parts) < _ARN_PARTS:
        report.block(
            "resource-form",
            node,
            f"{quoted(value)} is no ARN.",
            'Write "*" or an ARN such as "arn:aws:s3:::bucket/*".',
        )
    elif "*" in parts[2] or "?" in parts[2]:
        report.block(
            "resource-service",
            node,
            "A wildcard stands for the service of an ARN.",
            "Name the service, or write * for all resources.",
        )


def _warn_of_negations(report: Report, statement: Object) -> None:
    effect = statement.get("Effect")
    if not isinstance(effect, Scalar):
        return
    for member in statement.members:
        if statement.get(member.name.removeprefix("Not")) is not None:
            continue  # that both are given has been reported
        if effect.value == "Allow" and member.name in ("NotAction", "NotResource", "NotPrincipal"):
            what = member.name.removeprefix("Not").lower()
            report.warn(
                "allow-not",
                member.key,
                f"Allow with {member.name} allows every {what} but these, also those that AWS adds later.",
                f"Name what is allowed with {member.name.removeprefix('Not')}.",
            )
        if effect.value == "Deny" and member.name == "NotPrincipal":
            report.warn(
                "deny-not-principal",
                member.key,
                "Deny with NotPrincipal must name account, role and session, and always denies principals "
                "that have a permissions boundary.",
                'Write "Principal": "*" with a Condition on aws:PrincipalArn.',
            )


def _check_sid(report: Report, sid: Node | None, seen: set[str]) -> None:
    if sid is None:
        return
    if not isinstance(sid, Scalar) or not isinstance(sid.value, str):
        report.block("sid-type", sid, "Sid must be a string.", "Put it in quotes, or remove it.")
        return
    if not _SID.fullmatch(sid.value):
        report.warn("sid-characters", sid, "This Sid has unusual characters.", "Use letters, digits, - and _ only.")
    if sid.value and sid.value in seen:
        report.block("sid-twice", sid, f"The Sid {quoted(sid.value)} is used twice.", "Give each its own name.")
    seen.add(sid.value)


def _is_text(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, str)
