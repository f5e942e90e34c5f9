"""A question about one request as a page keeps it: what `python -m endpoints.policy evaluate` reads, as data.

Policies are kept as their authors' texts, so that an answer can point at lines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from endpoints.policy.command import Line
from endpoints.policy.commands.evaluate import read_question
from endpoints.policy.document import PolicyDocument, PolicySyntaxError, parse
from endpoints.policy.evaluate import Decision, evaluate
from endpoints.policy.evaluate.decisions import PolicyKind, Step
from endpoints.policy.nodes import Array, Node, Places
from endpoints.policy.reader import Reader, UnreadableError

Question: TypeAlias = "Mapping[str, Any]"

MEMBERS: dict[PolicyKind, str] = {
    "service_control": "service_control_policies",
    "resource_control": "resource_control_policies",
    "endpoint": "endpoint_policies",
    "resource": "resource_policy",
    "identity": "identity_policies",
    "permissions_boundary": "permissions_boundaries",
    "session": "session_policies",
}
"""Under which name a question holds the policies of each kind; a kind without its member doesn't take part."""
LEVELLED: tuple[PolicyKind, ...] = ("service_control", "resource_control")
"""What comes in levels, from the organization's root to the account: a list of lists."""

MAX_POLICIES = 20
"""Of one kind. An identity has at most 20 managed policies (IAM user guide, quotas)."""
MAX_LEVELS = 7
"""Of control policies: the root, organizational units nested five deep (AWS Organizations quotas), the account."""


class Place(NamedTuple):
    """Lines of a text, from 1, both included."""

    first: int
    last: int

    @property
    def words(self) -> str:
        """The place in words."""
        return f"Line {self.first}" if self.first == self.last else f"Lines {self.first}–{self.last}"

    def __contains__(self, line: object) -> bool:
        return isinstance(line, int) and self.first <= line <= self.last


class PoliciesError(ValueError):
    """A text is neither a policy nor a list of them; the message says where and how to mend it."""


def answer(question: Question) -> Decision:
    """Return the decision with its explanation. Raises `BadLineError` if this is no question."""
    return evaluate(*read_question(Line(json.dumps(question))), explain=True)


def text_of(question: Question, step: Step) -> str:
    """Return the text of the policy that a step of the answer is about."""
    held = question[MEMBERS[step.policy]]
    if step.policy == "resource":
        return str(held)
    return str(held[step.level][step.index] if step.level is not None else held[step.index])


def statement_lines(document: PolicyDocument) -> tuple[Place, ...]:
    """Return on which lines each statement of a policy stands, in their order."""
    node = document.root.get("Statement")
    statements: tuple[Node, ...] = node.items if isinstance(node, Array) else (node,) if node else ()
    places = Places(document.text)
    # `end` is the offset after the last character, so that character's line is the last.
    return tuple(Place(places.of(item.start)[0], places.of(item.end - 1)[0]) for item in statements)


def read_policies(text: str) -> list[str]:
    """Return the texts of one policy, or of a list of policies. Raises `PoliciesError`."""
    levels = read_levels(text)
    if len(levels) > 1:
        raise PoliciesError("This is a list of lists. Write one policy, or one list of policies.")
    return levels[0] if levels else []


def read_levels(text: str) -> list[list[str]]:
    """Return the texts of policies by level: of one, of a list (all on one level), or of a list of lists.

    Raises `PoliciesError`.
    """
    root = _root(text)
    if not isinstance(root, Array):
        return [[_policy(text, "")]]
    if any(isinstance(item, Array) for item in root.items):
        if len(root.items) > MAX_LEVELS:
            raise PoliciesError(f"{len(root.items)} levels are too many; an organization has at most {MAX_LEVELS}.")
        return [_list(text, item, f"Level {number}: ") for number, item in enumerate(root.items, 1)]
    return [_list(text, root, "")]


def _root(text: str) -> Node:
    reader = Reader(text)
    root: Node | None = None
    with suppress(UnreadableError):
        root = reader.read()
    if reader.findings or root is None:
        raise PoliciesError(str(reader.findings[0]) if reader.findings else "Write a policy in JSON.")
    return root


def _list(text: str, node: Node, where: str) -> list[str]:
    if not isinstance(node, Array):
        raise PoliciesError(f"{where}this is no list. Either all levels are lists of policies, or none.")
    if len(node.items) > MAX_POLICIES:
        raise PoliciesError(f"{where}{len(node.items)} policies are too many; give at most {MAX_POLICIES}.")
    return [
        _policy(text[item.start : item.end], f"{where}policy {number}: ") for number, item in enumerate(node.items, 1)
    ]


def _policy(text: str, where: str) -> str:
    try:
        parse(text)
    except PolicySyntaxError as error:
        raise PoliciesError(f"{where}{error.findings[0]}") from None
    return text
