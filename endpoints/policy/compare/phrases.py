"""The parts of a sentence: lists of things, resources and conditions as a person would say them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from endpoints.policy.evaluate.forms import ConditionForm
from endpoints.policy.evaluate.principals import Entry, PrincipalForm

MOST_NAMED = 6

_OBJECTS = re.compile(r"arn:aws[a-z-]*:s3:::([^/*?${}]+)/\*")
_BUCKET = re.compile(r"arn:aws[a-z-]*:s3:::([^/*?${}]+)")
_LONGEST = 120

_IS = {
    "StringEquals": "is",
    "StringEqualsIgnoreCase": "is, in any letter case,",
    "StringLike": "is like",
    "NumericEquals": "is the number",
    "NumericLessThan": "is less than",
    "NumericLessThanEquals": "is at most",
    "NumericGreaterThan": "is greater than",
    "NumericGreaterThanEquals": "is at least",
    "DateEquals": "is at",
    "DateLessThan": "is before",
    "DateLessThanEquals": "is not after",
    "DateGreaterThan": "is after",
    "DateGreaterThanEquals": "is not before",
    "Bool": "is",
    "BinaryEquals": "is the bytes",
    "IpAddress": "is in",
    "ArnEquals": "is like",
    "ArnLike": "is like",
}
_POSITIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def listed(items: Sequence[str], word: str, *, last: str = "and") -> str:
    """Return the items as a list of words; of many their number, and some for example. `word` is their plural."""
    shown = [cut(item) for item in items]
    if len(shown) > MOST_NAMED:
        return f"{len(shown)} {word}, for example {_joined(shown[:3], 'and')}"
    return _joined(shown, last)


def _joined(items: Sequence[str], last: str) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def cut(text: str) -> str:
    """Return a word of a policy in a readable length."""
    text = " ".join(text.split()) or '""'
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def resource(pattern: str) -> str:
    """Return a resource's pattern in words."""
    if pattern == "*":
        return "every resource"
    if objects := _OBJECTS.fullmatch(pattern):
        return f"every object in bucket {objects[1]}"
    if bucket := _BUCKET.fullmatch(pattern):
        return f"bucket {bucket[1]}"
    return pattern


def action(pattern: str) -> str:
    """Return an action's pattern in words."""
    if pattern in ("*", "*:*"):
        return "every action"
    service, _, name = pattern.partition(":")
    return f"every {service} action" if name == "*" else pattern


def callers(named: Sequence[PrincipalForm], excepted: Sequence[PrincipalForm]) -> str:
    """Return who is named by all of the first, and by none of the others."""
    without = {_same(entry) for form in excepted for entry in form.entries}
    groups = [[one for one in map(_same, form.entries) if one not in without] or list(form.entries) for form in named]
    who = " who is also ".join(_listed(entries) for entries in groups) or "anyone"
    if len(groups) == 1:
        entries = groups[0]
        if all(entry.kind == "account" for entry in entries):
            who = f"anyone in {who}"
        accounts = {_account(entry) for entry in entries}
        without = {
            entry for entry in without if _account(entry) in accounts and entry not in map(_same, named[0].entries)
        }
    left = [one for form in excepted for one in map(_same, form.entries) if one in without]
    return f"{who} except {_listed(list(dict.fromkeys(left)))}" if left else who


def _same(entry: Entry) -> Entry:
    """Return the entry as it is compared: an account by its id or by its root is one."""
    return Entry("account", entry.text) if entry.kind == "account" else entry


def _account(entry: Entry) -> str:
    """Return the account that an entry belongs to; what is of no account may meet any."""
    if entry.kind == "account":
        return entry.text
    return entry.text.split(":", 5)[4] if entry.kind == "arn" else ""


def principals(form: PrincipalForm) -> str:
    """Return the entries of a Principal or NotPrincipal in words."""
    return _listed(form.entries)


def _listed(entries: Sequence[Entry]) -> str:
    return listed([_entry(entry) for entry in entries], "principals", last="or")


def _entry(entry: Entry) -> str:
    if entry.kind == "anyone":
        return "anyone"
    if entry.kind == "account":
        return f"account {entry.text}"
    if entry.kind == "arn":
        kind, _, name = entry.text.split(":", 5)[-1].partition("/")
        account = entry.text.split(":", 5)[4]
        words = {"user": "user", "role": "role", "assumed-role": "session", "federated-user": "federated user"}
        return f"{words.get(kind, kind)} {name} of account {account}" if kind in words else entry.text
    kinds = {"service": "the service", "federated": "whoever is signed in by", "canonical": "the canonical user"}
    return f"{kinds.get(entry.kind, 'the principal')} {entry.text}"


def condition(form: ConditionForm) -> str:
    """Return a positive statement of what a condition asks for: `aws:PrincipalOrgID is o-1`.

    For negated operators it is what must not be; see `asks`.
    """
    operator = form.operator
    values = listed([value.written for value in form.values], "values", last="or") or "one of no values"
    if operator.name == "Null":
        wanted = {value.content for value in form.values}
        if len(wanted) > 1:
            return f"{form.written_key} is absent or present"
        return f"{form.written_key} is {'absent' if True in wanted else 'present'}"
    name = _POSITIVE.get(operator.name, operator.name)
    if operator.set_operator is None:
        absent = " or absent" if operator.if_exists and not form.negated else ""
        return f"{form.written_key} {_IS[name]} {values}{absent}"
    # For every or any value, a negated operator says of each that it is not one of these.
    verb = _IS[name].replace("is", "is not", 1) if form.negated else _IS[name]
    if operator.set_operator == "ForAnyValue":
        return f"some value of {form.written_key} {verb} {values}"
    return f"each value of {form.written_key} {verb} {values}"


def asks(form: ConditionForm) -> bool:
    """Tell whether `condition` says what holds, rather than what must not hold."""
    return not form.negated or form.operator.set_operator is not None
