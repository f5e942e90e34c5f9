"""A policy as its author wrote it: the text, and its parts with their places.

`parse` is the only way in. It is stricter than `json.loads`, because what it lets through is stored, hashed,
reviewed and sent to AWS: a duplicate key that one reader resolves to the first value and another to the last
would make two policies of one document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from endpoints.policy import words
from endpoints.policy.findings import Finding
from endpoints.policy.nodes import Array, Node, Object, Places, Plain, Scalar, plain, strings
from endpoints.policy.reader import Reader, UnreadableError

MAX_CHARACTERS = 20_480
"""AWS's limit on an endpoint policy, white space included (AWS PrivateLink guide, endpoint policies)."""

MAX_AUTHORED_CHARACTERS = 4 * MAX_CHARACTERS
"""Our limit on the text an author indents; the portal sends the minified form."""

_SPACE_OUTSIDE_STRINGS = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')
_INDENT = "  "


class PolicySyntaxError(ValueError):
    """The text is no policy document at all. `findings` says where and how to mend it."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


@dataclass(frozen=True)
class PolicyDocument:
    """A syntactically valid policy: a JSON object. Its grammar is not yet checked.

    `text` is exactly what the author wrote; everything else derives from it.
    """

    text: str
    root: Object

    @cached_property
    def _places(self) -> Places:
        return Places(self.text)

    def place(self, node: Node) -> tuple[int, int]:
        """Return the line and column, from 1, at which the node starts."""
        return self._places.of(node.start)

    @cached_property
    def data(self) -> dict[str, Plain]:
        """The document as plain dictionaries, lists and scalars."""
        return {member.name: plain(member.value) for member in self.root.members}

    @cached_property
    def mentions_variables(self) -> bool:
        """Whether a text in it holds `${`, however its author wrote that: `\\u0024{` reads the same."""
        return any("${" in text for text in strings(self.root))

    @cached_property
    def takes_variables(self) -> bool:
        """Whether `${…}` are variables in it: they are in Version 2012-10-17 only (IAM's user guide, Version)."""
        version = self.root.get("Version")
        current = isinstance(version, Scalar) and version.value == words.VERSIONS[0]
        return current and self.mentions_variables

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PolicyDocument) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def parse(text: str) -> PolicyDocument:
    """Return the document that the text holds.

    Raises `PolicySyntaxError` with every mistake that could be found, in the order of the text. Never raises
    anything else for any string, and works in time linear in its length.
    """
    if len(text) > MAX_AUTHORED_CHARACTERS:
        raise PolicySyntaxError((_too_long(len(text), MAX_AUTHORED_CHARACTERS, "with its white space"),))
    reader = Reader(text)
    try:
        root = reader.read()
        if not isinstance(root, Object):
            reader.report("json-object", root.start, "A policy is a JSON object.", 'Write { "Version": … } round it.')
    except UnreadableError:
        raise PolicySyntaxError(tuple(reader.findings)) from None
    if reader.findings:
        raise PolicySyntaxError(tuple(sorted(reader.findings, key=lambda found: (found.line, found.column))))
    assert isinstance(root, Object)  # anything else was reported above
    document = PolicyDocument(text, root)
    if len(text) > MAX_CHARACTERS and (size := len(minified(document))) > MAX_CHARACTERS:
        raise PolicySyntaxError((_too_long(size, MAX_CHARACTERS, "without its white space"),))
    return document


def _too_long(size: int, limit: int, how: str) -> Finding:
    return Finding(
        "policy-too-long",
        "block",
        1,
        1,
        f"The policy has {size:,} characters {how}; the limit is {limit:,}.",
        "Join statements, or use wildcards in place of long lists.",
    )


def minified(document: PolicyDocument) -> str:
    """Return the text without white space between its parts: what is sent to AWS.

    The author's order of keys and way of writing strings and numbers stay.
    """
    return _SPACE_OUTSIDE_STRINGS.sub(lambda match: match.group(1) or "", document.text)


def pretty(document: PolicyDocument) -> str:
    """Return the text with one member or item a line, indented by two spaces, in the author's order."""
    return "\n".join(pretty_lines(document, document.root))


def pretty_lines(document: PolicyDocument, node: Node) -> list[str]:
    """Return one node of the document, laid out as `pretty` does, as unindented lines."""
    if isinstance(node, Scalar):
        return [document.text[node.start : node.end]]
    inside: list[list[str]] = []
    if isinstance(node, Array):
        opening, closing = "[", "]"
        inside = [pretty_lines(document, item) for item in node.items]
    else:
        opening, closing = "{", "}"
        for member in node.members:
            first, *rest = pretty_lines(document, member.value)
            inside.append([f"{document.text[member.key.start : member.key.end]}: {first}", *rest])
    if not inside:
        return [opening + closing]
    for part in inside[:-1]:
        part[-1] += ","
    return [opening, *(_INDENT + line for part in inside for line in part), closing]
