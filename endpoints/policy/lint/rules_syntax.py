"""Rules about the text: that it is JSON, and only that."""

from __future__ import annotations

from endpoints.policy.findings import Severity

Row = tuple[str, Severity, str, str, str, str]

_JSON = "RFC 8259, The JavaScript Object Notation Data Interchange Format"
_LIMIT = "AWS PrivateLink guide, Control access to VPC endpoints using endpoint policies"
_OURS = "This portal"

SYNTAX: tuple[Row, ...] = (
    (
        "json-empty",
        "block",
        "The policy is empty",
        "AWS takes a JSON document only.",
        "Write one, or choose full access.",
        _JSON,
    ),
    (
        "json-object",
        "block",
        "A policy is a JSON object",
        "A list, string or number is no policy.",
        "Write { … } round it.",
        "IAM user guide, Grammar of the IAM JSON policy language",
    ),
    (
        "json-key",
        "block",
        "A key in double quotes is missing",
        "An object's members each begin with one.",
        'Write "key": value.',
        _JSON,
    ),
    ("json-colon", "block", "A colon is missing", "It stands between key and value.", 'Write "key": value.', _JSON),
    ("json-comma", "block", "A comma is missing", "Members and items are parted by one.", "Add it.", _JSON),
    (
        "json-trailing-comma",
        "block",
        "A comma stands before a closing bracket",
        "JSON has none there, and AWS refuses it.",
        "Remove it.",
        _JSON,
    ),
    (
        "json-value",
        "block",
        "No value starts so",
        "AWS refuses the document.",
        "Write a string, list or object.",
        _JSON,
    ),
    ("json-word", "block", "A word has no quotes", "Only true, false and null do.", "Put it in double quotes.", _JSON),
    (
        "json-quotes",
        "block",
        "The quotes aren't straight double quotes",
        "JSON knows no others.",
        'Write "text".',
        _JSON,
    ),
    (
        "json-comment",
        "block",
        "JSON has no comments",
        "AWS refuses the document.",
        "Remove it; a Sid can name a statement.",
        _JSON,
    ),
    ("json-number", "block", "That is no JSON number", "AWS refuses the document.", "Write digits or a string.", _JSON),
    ("json-unclosed", "block", "A bracket isn't closed", "The text ends too early.", "Add what is missing.", _JSON),
    ("json-unclosed-string", "block", "A string has no closing quote", "It ends with its line.", 'Add a ".', _JSON),
    ("json-control", "block", "A control character stands in a string", "JSON has none there.", "Remove it.", _JSON),
    ("json-escape", "block", "That is no escape", "JSON knows a few only.", "Write \\\\ for a backslash.", _JSON),
    (
        "json-after-end",
        "block",
        "Text follows the end of the document",
        "Of two documents only one can be meant.",
        "Remove what follows the last }.",
        _JSON,
    ),
    (
        "json-duplicate-key",
        "block",
        "A key appears twice in one object",
        "Readers differ in which one they keep, and so in what the policy means. AWS refuses it.",
        "Keep one, or join their values in a list.",
        "IAM user guide, IAM JSON policy elements reference",
    ),
    (
        "json-depth",
        "block",
        "Brackets are nested too deep",
        "No policy needs more than a few levels, and some readers fail.",
        "Write it flatter.",
        _OURS,
    ),
    (
        "json-bom",
        "block",
        "A byte order mark opens the text",
        "AWS takes none.",
        "Save it as UTF-8 without BOM.",
        _JSON,
    ),
    (
        "json-nul",
        "block",
        "The text holds a NUL character",
        "No name in AWS has one, and it can't be stored.",
        "Remove it.",
        _OURS,
    ),
    (
        "json-surrogate",
        "block",
        "Half of a surrogate pair stands alone",
        "It is no character and can't be sent.",
        "Remove it.",
        "The Unicode Standard, 3.9",
    ),
    (
        "policy-too-long",
        "block",
        "The policy is longer than AWS takes",
        "An endpoint policy has 20,480 characters at most; the portal sends it without white space.",
        "Join statements, or use wildcards in place of long lists.",
        _LIMIT,
    ),
)
