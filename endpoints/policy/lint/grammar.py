"""Checks a policy against the grammar of the policy language, and reads its statements for the other checks."""

from __future__ import annotations

import re

from endpoints.policy import words
from endpoints.policy.document import PolicyDocument
from endpoints.policy.lint.conditions import check_condition
from endpoints.policy.lint.model import Statement, VpcEndpointType
from endpoints.policy.lint.principals import check_principal
from endpoints.policy.lint.report import Report, quoted
from endpoints.policy.nodes import Array, Member, Node, Object, Scalar

_ACTION = re.compile(r"\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9_*?-]+")
_SID = re.compile(r"[A-Za-z0-9 _-]*")
_ARN_PARTS = 6
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_CHARACTERS = ("*", "?", "$")  # ${*} is the character


def check(report: Report, vpc_endpoint_type: VpcEndpointType | None) -> list[Statement]:
    """Report what breaks the grammar; return the statements, in order, with what of them is well formed."""
    document = report.document
    meant = _check_names(report, document.root, words.POLICY_ELEMENTS, "policy")
    _check_version(report, document)
    if (identifier := document.root.get("Id")) is not None and not _is_text(identifier):
        report.add("id-type", identifier, "Id must be a string.", "Put it in quotes, or remove it.")
    statements = document.root.get("Statement")
    if statements is None and "Statement" in meant:
        return []
    if statements is None:
        report.add("statement-missing", document.root, "The policy has no Statement.", 'Add "Statement": [ … ].')
        return []
    sids: set[str] = set()
    items = statements.items if isinstance(statements, Array) else (statements,)
    if not items:
        report.add("statement-empty", statements, "Statement is empty.", "Add at least one statement.")
    found: list[Statement] = []
    for number, item in enumerate(items, start=1):
        if isinstance(item, Object):
            blocks = report.blocks
            statement = _check_statement(report, item, number, vpc_endpoint_type)
            statement.sid = _check_sid(report, item.get("Sid"), sids)
            statement.sound = report.blocks == blocks
            found.append(statement)
        else:
            report.add("statement-type", item, "A statement is an object.", 'Write { "Effect": … }.')
    return found


def _check_names(report: Report, node: Object, known: tuple[str, ...], where: str) -> set[str]:
    """Report unknown names; return the known ones that they most likely mean."""
    meant_names: set[str] = set()
    for member in node.members:
        if member.key.value in known:
            continue
        meant = words.nearest(member.name, known)
        cure = f'Write "{meant}".' if meant else f"Use one of {', '.join(known)}."
        report.add("element-unknown", member.key, f"{quoted(member.name)} is no element of a {where}.", cure)
        if meant:
            meant_names.add(meant)
    return meant_names


def _check_version(report: Report, document: PolicyDocument) -> None:
    version = document.root.get("Version")
    if version is not None and (not isinstance(version, Scalar) or version.value not in words.VERSIONS):
        report.add(
            "version-unknown",
            version,
            "This Version does not exist.",
            f'Write "{words.VERSIONS[0]}": it names the language, not your revision.',
        )
    elif (version is None or version.value == words.VERSIONS[1]) and document.mentions_variables:
        report.add(
            "version-variables",
            version or document.root,
            "In this Version, ${…} is literal text and no variable.",
            f'Write "Version": "{words.VERSIONS[0]}".',
        )


def _check_statement(report: Report, node: Object, number: int, vpc_endpoint_type: VpcEndpointType | None) -> Statement:
    statement = Statement(node, number)
    meant = _check_names(report, node, words.STATEMENT_ELEMENTS, "statement")
    effect = node.get("Effect")
    if isinstance(effect, Scalar) and effect.value in words.EFFECTS:
        statement.effect = str(effect.value)
    elif effect is not None:
        report.add("effect-unknown", effect, "Effect is Allow or Deny, in this letter case.", 'Write "Allow".')
    elif "Effect" not in meant:
        report.add("effect-missing", node, "The statement has no Effect.", 'Add "Effect": "Allow".')
    if member := _one_of(report, node, "Action", meant):
        statement.not_action = member.name == "NotAction"
        statement.actions = [text for text in report.texts(member) if _check_action(report, text)]
    if member := _one_of(report, node, "Resource", meant):
        statement.not_resource = member.name == "NotResource"
        statement.resources = [text for text in report.texts(member) if _check_resource(report, text)]
    # Without a type of endpoint it may be an identity policy, which has none.
    if member := _one_of(report, node, "Principal", meant, needed=vpc_endpoint_type is not None):
        check_principal(report, statement, member, vpc_endpoint_type)
    if statement.not_action or statement.not_resource or statement.not_principal:
        _warn_of_negations(report, node)
    condition = node.get("Condition")
    if condition is not None:
        statement.tests = check_condition(report, condition)
    return statement


def _one_of(report: Report, statement: Object, name: str, misspelt: set[str], *, needed: bool = True) -> Member | None:
    """Return the member `name` or `Not…`; a statement must have exactly one of the two.

    One that is only misspelt has been reported already, with the name that is meant.
    """
    names = (name, f"Not{name}")
    present = [member for member in statement.members if member.key.value in names]
    if not present and (not needed or {name, f"Not{name}"} & misspelt):
        return None
    if not present:
        cure = f'Add "{name}": "*" or a list.' if name != "Principal" else 'Add "Principal": "*".'
        why = "Endpoint policies need one in every statement." if name == "Principal" else ""
        message = f"The statement has neither {name} nor Not{name}. {why}".rstrip()
        report.add(f"{name.lower()}-missing", statement, message, cure)
        return None
    if len(present) > 1:
        report.add(
            f"{name.lower()}-twice",
            present[1].key,
            f"The statement has both {name} and Not{name}.",
            "Keep one; make two statements if you mean both.",
        )
    return present[0]


def _check_action(report: Report, node: Scalar) -> bool:
    if _ACTION.fullmatch(str(node.value)):
        return True
    report.add(
        "action-form",
        node,
        f"{quoted(str(node.value))} is no action.",
        'Write "service:Action", such as "s3:GetObject"; wildcards may stand after the colon.',
    )
    return False


def _check_resource(report: Report, node: Scalar) -> bool:
    value = str(node.value)
    if not value.strip("*") and value:
        return True
    variables = report.document.takes_variables
    if variables and (head := _VARIABLE.match(value)) and head[1] not in _CHARACTERS:
        return True  # the whole ARN, or its head, comes out of the request
    # What a variable stands for is unknown, and a colon in its name separates nothing.
    parts = (_VARIABLE.sub("$", value) if variables else value).split(":", _ARN_PARTS - 1)
    if parts[0] != "arn" or len(parts) < _ARN_PARTS:
        report.add(
            "resource-form",
            node,
            f"{quoted(value)} is no ARN.",
            'Write "*" or an ARN such as "arn:aws:s3:::bucket/*".',
        )
    elif "*" in parts[2] or "?" in parts[2]:
        report.add(
            "resource-service",
            node,
            "A wildcard stands for the service of an ARN.",
            "Name the service, or write * for all resources.",
        )
    else:
        return True
    return False


def _warn_of_negations(report: Report, statement: Object) -> None:
    effect = statement.get("Effect")
    if not isinstance(effect, Scalar):
        return
    for member in statement.members:
        if statement.get(member.name.removeprefix("Not")) is not None:
            continue  # that both are given has been reported
        if effect.value == "Allow" and member.name in ("NotAction", "NotResource", "NotPrincipal"):
            what = member.name.removeprefix("Not").lower()
            report.add(
                "allow-not",
                member.key,
                f"Allow with {member.name} allows every {what} but these, also those that AWS adds later.",
                f"Name what is allowed with {member.name.removeprefix('Not')}.",
            )
        if effect.value == "Deny" and member.name == "NotPrincipal":
            report.add(
                "deny-not-principal",
                member.key,
                "Deny with NotPrincipal must name account, role and session, and always denies principals "
                "that have a permissions boundary.",
                'Write "Principal": "*" with a Condition on aws:PrincipalArn.',
            )


def _check_sid(report: Report, sid: Node | None, seen: set[str]) -> str:
    """Return the Sid, empty where there is none."""
    if sid is None:
        return ""
    if not isinstance(sid, Scalar) or not isinstance(sid.value, str):
        report.add("sid-type", sid, "Sid must be a string.", "Put it in quotes, or remove it.")
        return ""
    if not _SID.fullmatch(sid.value):
        report.add("sid-characters", sid, "This Sid has unusual characters.", "Use letters, digits, - and _ only.")
    if sid.value and sid.value in seen:
        report.add("sid-twice", sid, f"The Sid {quoted(sid.value)} is used twice.", "Give each its own name.")
    seen.add(sid.value)
    return sid.value


def _is_text(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, str)
