"""Principal and NotPrincipal: what their entries name, and whether a caller is among them.

Source: IAM user guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from endpoints.policy import words
from endpoints.policy.evaluate.request import Caller
from endpoints.policy.nodes import Array, Node, Object, Scalar

EntryKind = Literal["anyone", "account", "arn", "service", "federated", "canonical", "deleted"]

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ROOT = re.compile(r"arn:([a-z0-9-]+):iam::([0-9]{12}):root", re.ASCII)
_ARN = re.compile(r"arn:[a-z0-9-]+:(?:iam|sts)::[^:]*:[^/]+/.+", re.ASCII | re.DOTALL)
_UNIQUE_ID = re.compile(r"(AIDA|AROA)[A-Z0-9]{12,}", re.ASCII)
_KINDS: dict[str, EntryKind] = {"Service": "service", "Federated": "federated", "CanonicalUser": "canonical"}


class Grant(IntEnum):
    """How a Principal element names a caller, the weakest first. What an Allow in a resource policy is worth without
    help from other policies depends on it."""

    NONE = 0
    ACCOUNT = 1
    """By its account: the account's own policies must allow as well."""
    ROLE = 2
    """By its session's role: permissions boundary and session policies must allow as well."""
    DIRECT = 3
    """By itself, or as anyone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One principal. `text` is an account id for an account, empty for anyone, and else as written.

    `partition` is that of an account's root ARN, and empty for a bare account id.
    "deleted" is the unique id that AWS shows in place of a deleted user or role: it matches nobody.
    """

    kind: EntryKind
    text: str = ""
    partition: str = ""


@dataclass(frozen=True, slots=True)
class PrincipalForm:
    """A Principal or NotPrincipal element."""

    negated: bool
    entries: tuple[Entry, ...]


def read_principal(node: Node) -> tuple[tuple[Entry, ...], list[str]]:
    """Return the entries, and in words those that can't be read. A wildcard stands for all of a principal or none."""
    if isinstance(node, Scalar) and node.value == "*":
        return (Entry("anyone"),), []
    if not isinstance(node, Object):
        return (), ["neither * nor an object"]
    entries: list[Entry] = []
    bad: list[str] = []
    for member in node.members:
        for item in member.value.items if isinstance(member.value, Array) else (member.value,):
            text = item.value if isinstance(item, Scalar) and isinstance(item.value, str) else None
            entry = None if text is None else _entry(member.name, text)
            if entry is None:
                bad.append(f'"{text[:60]}"' if text is not None else "what is no string")
            else:
                entries.append(entry)
    return tuple(entries), bad


def _entry(kind: str, text: str) -> Entry | None:
    if kind not in words.PRINCIPAL_TYPES or not text:
        return None
    if kind != "AWS":
        return Entry(_KINDS[kind], text) if text == "*" or not set("*?") & set(text) else None
    if text == "*":
        return Entry("anyone")
    if _ACCOUNT.fullmatch(text):
        return Entry("account", text)
    if root := _ROOT.fullmatch(text):
        return Entry("account", root[2], root[1])
    if _UNIQUE_ID.fullmatch(text):
        return Entry("deleted", text)
    return Entry("arn", text) if _ARN.fullmatch(text) and not set("*?") & set(text) else None


# --- Matching ------------------------------------------------------------------------------------------------------


class PrincipalSet:
    """The entries of an element, ready to be asked."""

    __slots__ = ("_accounts", "_anyone", "_arns", "_kinds", "_negated", "_roles", "_roots")

    def __init__(self, form: PrincipalForm) -> None:
        self._negated = form.negated
        self._anyone = any(entry.kind == "anyone" for entry in form.entries)
        accounts = [entry for entry in form.entries if entry.kind == "account"]
        self._accounts = {entry.text for entry in accounts if not entry.partition}
        self._roots = {(entry.partition, entry.text) for entry in accounts if entry.partition}
        self._arns = {entry.text for entry in form.entries if entry.kind == "arn"}
        self._roles = {_role(entry.text) for entry in form.entries if entry.kind == "arn"}
        self._kinds = {
            (entry.kind, entry.text) for entry in form.entries if entry.kind in ("service", "federated", "canonical")
        }

    def grant(self, caller: Caller) -> Grant:
        """Return in which way the entries name a caller."""
        if self._anyone:
            return Grant.DIRECT
        if caller.kind == "anonymous":
            return Grant.NONE
        if self._itself(caller):
            return Grant.ROLE if caller.kind == "role" else Grant.DIRECT
        if self._role(caller):
            return Grant.ROLE
        if self._account(caller):
            return Grant.DIRECT if caller.kind == "root" else Grant.ACCOUNT
        return Grant.NONE

    def excepts(self, caller: Caller) -> bool:
        """Tell whether, as NotPrincipal of a Deny, they leave a caller alone.

        All that a caller is must be named: a user and its account; a session, its role and its account.
        """
        if self._anyone:
            return True
        if caller.kind in ("anonymous", "service", "other"):
            return self._itself(caller)
        named = self._account(caller)
        if caller.kind in ("role", "session"):
            named = named and self._role(caller)
        return named if caller.kind == "root" else named and self._itself(caller)

    def _itself(self, caller: Caller) -> bool:
        if caller.kind == "service":
            return ("service", caller.text) in self._kinds or ("service", "*") in self._kinds
        if caller.kind == "other":
            return bool({("federated", caller.text), ("federated", "*"), ("canonical", caller.text)} & self._kinds)
        return caller.text in self._arns

    def _role(self, caller: Caller) -> bool:
        """Tell whether a caller's role is named. Role names are unique in an account, whatever the path, so that one
        whose path isn't known is compared by name."""
        if not caller.role_arn:
            return False
        if caller.path_known:
            return caller.role_arn in self._arns
        return (caller.partition, caller.account, caller.name) in self._roles

    def _account(self, caller: Caller) -> bool:
        if not caller.account or caller.kind == "other":
            return False
        return caller.account in self._accounts or (
            any(account == caller.account for _, account in self._roots)
            if not caller.partition
            else (caller.partition, caller.account) in self._roots
        )


def _role(arn: str) -> tuple[str, str, str] | None:
    """Return partition, account and name of a role; None for what is none."""
    _, partition, _, _, account, rest = arn.split(":", 5)
    return (partition, account, rest.rpartition("/")[2]) if rest.startswith("role/") else None
