"""Collects findings on one document, each at its node's place."""

from __future__ import annotations

from endpoints.policy.document import PolicyDocument
from endpoints.policy.findings import Finding, Severity
from endpoints.policy.nodes import Array, Member, Node, Scalar

MAX_FINDINGS = 200


class Report:
    """What one check has found so far. Beyond `MAX_FINDINGS` it keeps no more: nobody reads them."""

    def __init__(self, document: PolicyDocument) -> None:
        self.document = document
        self._findings: list[Finding] = []

    def block(self, rule: str, node: Node, message: str, cure: str) -> None:
        """Note what makes the document unusable."""
        self._add(rule, "block", node, message, cure)

    def warn(self, rule: str, node: Node, message: str, cure: str) -> None:
        """Note what probably isn't meant."""
        self._add(rule, "warn", node, message, cure)

    def info(self, rule: str, node: Node, message: str, cure: str) -> None:
        """Note what a reviewer wants to know."""
        self._add(rule, "info", node, message, cure)

    def _add(self, rule: str, severity: Severity, node: Node, message: str, cure: str) -> None:
        if len(self._findings) < MAX_FINDINGS:
            line, column = self.document.place(node)
            self._findings.append(Finding(rule, severity, line, column, message, cure))

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings in the order of the text."""
        return tuple(sorted(self._findings, key=lambda found: (found.line, found.column)))

    def texts(self, member: Member) -> list[Scalar]:
        """Return the strings of an element that is a string or a list of strings; report what is neither."""
        nodes = member.value.items if isinstance(member.value, Array) else (member.value,)
        if not nodes:
            self.block("list-empty", member.value, f"{member.name} is an empty list.", "Name at least one.")
        found: list[Scalar] = []
        for node in nodes:
            if isinstance(node, Scalar) and isinstance(node.value, str):
                found.append(node)
            else:
                self.block("value-type", node, f"{member.name} takes strings only.", "Write it in double quotes.")
        return found


def quoted(text: str) -> str:
    """Return the text in quotation marks, shortened so that a message stays a message."""
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"
