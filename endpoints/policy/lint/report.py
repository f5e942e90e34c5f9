"""Collects findings on one document, each at its node's place, and keeps count of the work that checks may do."""

from __future__ import annotations

from endpoints.policy.document import PolicyDocument
from endpoints.policy.findings import Finding
from endpoints.policy.lint.rules import RULES
from endpoints.policy.nodes import Array, Member, Node, Scalar
from endpoints.policy.subsequence import Budget

MAX_FINDINGS = 200


class Report:
    """What one check has found so far. Beyond `MAX_FINDINGS` it keeps no more: nobody reads them.

    `work` bounds what may take more than linear time, in about tenths of a microsecond; `guesses` bounds how many
    nearest names are looked for. What exceeds them is left unsaid.
    """

    def __init__(self, document: PolicyDocument) -> None:
        self.document = document
        self.blocks = 0
        self.work = Budget(1_000_000)
        self.guesses = Budget(10)
        self._findings: list[Finding] = []

    def add(self, rule: str, node: Node, message: str, cure: str) -> None:
        """Note a finding of that rule, in whose table its severity stands."""
        severity = RULES[rule].severity
        if severity == "block":
            self.blocks += 1
        if len(self._findings) < MAX_FINDINGS:
            line, column = self.document.place(node)
            self._findings.append(Finding(rule, severity, line, column, message, cure))

    @property
    def full(self) -> bool:
        """Whether nothing more is kept."""
        return len(self._findings) >= MAX_FINDINGS

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings in the order of the text."""
        return tuple(sorted(self._findings, key=lambda found: (found.line, found.column)))

    def texts(self, member: Member) -> list[Scalar]:
        """Return the strings of an element that is a string or a list of strings; report what is neither."""
        nodes = member.value.items if isinstance(member.value, Array) else (member.value,)
        if not nodes:
            self.add("list-empty", member.value, f"{member.name} is an empty list.", "Name at least one.")
        found: list[Scalar] = []
        for node in nodes:
            if isinstance(node, Scalar) and isinstance(node.value, str):
                found.append(node)
            else:
                self.add("value-type", node, f"{member.name} takes strings only.", "Write it in double quotes.")
        return found


def quoted(text: str) -> str:
    """Return the text in quotation marks, shortened so that a message stays a message."""
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"


def listed(names: list[str], most: int = 3) -> str:
    """Return the first names as a list in a sentence."""
    shown = names[:most]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")
