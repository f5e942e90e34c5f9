"""What two documents have in common when they mean the same.

`canonical` removes the differences that never matter: white space, the order of keys, statements and lists,
a scalar against a list of one, Sid and Id, letter case where AWS ignores it, and the spellings of "anyone".
Equal canonical forms of documents that `lint` passes mean the same; documents that mean the same in
subtler ways (one statement split in two) may still differ here.
"""

from __future__ import annotations

import json
import re

from endpoints.policy import words
from endpoints.policy.document import PolicyDocument, minified, parse
from endpoints.policy.nodes import Array, Node, Object, Plain, Scalar, plain, value_text

__all__ = ["FULL_ACCESS", "canonical", "equivalent", "is_full_access", "minified"]

FULL_ACCESS = """\
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": "*",
      "Action": "*",
      "Resource": "*"
    }
  ]
}
"""
"""Full access, written as the portal sends it. AWS's own default has Version 2008-10-17 for Gateway endpoints
and none for Interface endpoints, and the same meaning."""

_ROOT_ARN = re.compile(r"arn:[a-z0-9-]+:iam::([0-9]{12}):root")
_STARS = re.compile(r"(\$\{[^{}]*\})|\*{2,}")  # in a variable they are no wildcards: ${**} is another one than ${*}
_SAME_OPERATOR = {"ArnEquals": "ArnLike", "ArnNotEquals": "ArnNotLike"}  # AWS: they behave identically


def equivalent(a: PolicyDocument, b: PolicyDocument) -> bool:
    """Tell whether two documents are the same policy, differently written."""
    return a.text == b.text or canonical(a) == canonical(b)


def is_full_access(document: PolicyDocument) -> bool:
    """Tell whether the document allows everything: one statement does, and none denies anything."""
    statements = _statements(document)
    return _ALLOW_ALL in statements and not any('"Effect":"Deny"' in text for text in statements)


def canonical(document: PolicyDocument) -> str:
    """Return the policy's canonical form, as JSON text: equal for documents that differ in writing only."""
    form: dict[str, Plain] = {"Variables": document.takes_variables, "Statement": list(_statements(document))}
    return _json(form)


def _statements(document: PolicyDocument) -> tuple[str, ...]:
    node = document.root.get("Statement")
    if node is None:
        return ()
    items = node.items if isinstance(node, Array) else (node,)
    return tuple(sorted({_json(_statement(item)) for item in items}))


def _statement(node: Node) -> Plain:
    if not isinstance(node, Object):
        return plain(node)
    form: dict[str, Plain] = {}
    for member in node.members:
        name = member.name
        if name in ("Action", "NotAction"):
            form[name] = _patterns(member.value, fold=True)
        elif name in ("Resource", "NotResource"):
            form[name] = _patterns(member.value, fold=False)
        elif name in ("Principal", "NotPrincipal"):
            form[name] = _principal(member.value)
        elif name == "Condition":
            if condition := _condition(member.value):
                form[name] = condition
        elif name != "Sid":
            form[name] = plain(member.value)
    return form


def _patterns(node: Node, *, fold: bool) -> Plain:
    """Return the sorted patterns; `fold` ignores letter case. A lone star takes in all others."""
    found = {_STARS.sub(lambda match: match[1] or "*", text.lower() if fold else text) for text in _texts(node)}
    if "*" in found or (fold and "*:*" in found):
        return ["*"]
    return [*sorted(found)]


def _principal(node: Node) -> Plain:
    if not isinstance(node, Object):
        return {"AWS": [*_principals(node)]}
    return {member.name: [*_principals(member.value)] for member in node.members}


def _principals(node: Node) -> list[str]:
    found = {_ROOT_ARN.sub(r"\1", text) for text in _texts(node)}
    return ["*"] if "*" in found else sorted(found)


def _condition(node: Node) -> Plain:
    """Return sorted [operator, key, values] triples: all of them must hold, in whatever order."""
    if not isinstance(node, Object):
        return plain(node)
    triples: set[tuple[str, str, tuple[str, ...]]] = set()
    odd: list[str] = []
    for member in node.members:
        if isinstance(member.value, Object):
            for key in member.value.members:
                triples.add((_operator(member.name), key.name.lower(), tuple(sorted(set(_texts(key.value))))))
        else:
            odd.append(_json([member.name, plain(member.value)]))
    form: list[Plain] = [[name, key, [*values]] for name, key, values in sorted(triples)]
    return [*form, *sorted(odd)]


def _operator(text: str) -> str:
    operator = words.operator(text)
    if operator is None:
        return text
    name = _SAME_OPERATOR.get(operator.name, operator.name)
    if operator.set_operator:
        return f"{operator.set_operator}:{name}"  # IfExists after a set operator changes nothing
    return name + ("IfExists" if operator.if_exists else "")


def _texts(node: Node) -> list[str]:
    items = node.items if isinstance(node, Array) else (node,)
    return [value_text(item) if isinstance(item, Scalar) else _json(plain(item)) for item in items]


def _json(value: Plain) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


_ALLOW_ALL = _statements(parse(FULL_ACCESS))[0]
