"""Finds statements that others contain, and entries that others of their list contain.

One statement is held against one other; that several together contain it is not looked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from endpoints.policy.globs import covers, is_wild, overlap
from endpoints.policy.lint.model import Policy, Statement, Test
from endpoints.policy.lint.report import Report, quoted
from endpoints.policy.nodes import Node, Scalar
from endpoints.policy.words import OPERATORS

_COST = 10  # of comparing two short patterns, in tenths of a microsecond


def check_shadows(policy: Policy) -> None:
    """Report statements that do nothing since another contains them, and entries that do nothing in their list."""
    reader = _Reader(policy.report)
    for statement in policy.statements:
        if policy.report.full:
            return
        for actions, nodes in ((True, statement.actions), (False, statement.resources)):
            if len(nodes) > 1:
                _check_entries(policy.report, nodes, reader.patterns(statement, actions=actions))
    sound = [item for item in policy.statements if item.sound and item.effect]
    for number, item in enumerate(sound):
        if policy.report.full or not policy.report.work.take(_COST * len(sound)):
            return
        for place, other in enumerate(sound):
            if other is item or (item.effect == "Deny" and other.effect == "Allow"):
                continue
            if reader.contains(other, item) and _report(policy.report, reader, item, other, first=number < place):
                break


def _report(report: Report, reader: _Reader, item: Statement, other: Statement, *, first: bool) -> bool:
    """Say what became of a statement that another contains; False if that is said of the other."""
    place: Node = item.node.get("Sid") or item.node
    if other.effect != item.effect:
        report.add(
            "statement-denied",
            place,
            f"All that this statement allows is denied by {other.label}.",
            "Narrow the Deny, or remove this statement.",
        )
    elif reader.contains(item, other):
        if first:
            return False
        report.add("statement-twice", place, f"This statement says the same as {other.label}.", "Remove one of them.")
    else:
        report.add(
            "statement-shadowed",
            place,
            f"All that this statement {'allows' if item.effect == 'Allow' else 'denies'} stands in {other.label} too.",
            "Remove it, or narrow the other if that was meant.",
        )
    return True


class _Reader:
    """Compares statements, each read once."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._lists: dict[tuple[int, bool], list[str]] = {}

    def contains(self, wide: Statement, narrow: Statement) -> bool:
        """Tell whether every request that `narrow` matches is matched by `wide`; never true where it isn't so."""
        return (
            _principals(wide, narrow)
            and self._list(wide, narrow, actions=False)
            and self._list(wide, narrow, actions=True)
            and all(any(_implies(mine, test) for mine in narrow.tests) for test in wide.tests)
        )

    def patterns(self, statement: Statement, *, actions: bool) -> list[str]:
        """Return the entries of a statement's actions or resources as patterns."""
        key = (statement.number, actions)
        if key not in self._lists:
            nodes = statement.actions if actions else statement.resources
            self._lists[key] = [_text(node, fold=actions) for node in nodes]
        return self._lists[key]

    def _list(self, wide: Statement, narrow: Statement, *, actions: bool) -> bool:
        a, b = self.patterns(wide, actions=actions), self.patterns(narrow, actions=actions)
        a_not = wide.not_action if actions else wide.not_resource
        b_not = narrow.not_action if actions else narrow.not_resource
        if not a_not and "*" in a:
            return True
        if not self._report.work.take(_COST * len(a) * len(b) + sum(map(len, a)) + sum(map(len, b))):
            return False
        if a_not and b_not:  # it leaves out less
            return all(any(covers(mine, other) for mine in b) for other in a)
        if a_not:
            return not any("${" in text for text in (*a, *b)) and not any(overlap(x, y) for x in a for y in b)
        return not b_not and all(any(_covers(other, mine) for other in a) for mine in b)


def _text(node: Scalar, *, fold: bool) -> str:
    text = str(node.value)
    if not text.strip("*") or (fold and text == "*:*"):
        return "*"
    return text.lower() if fold else text


def _covers(wide: str, narrow: str) -> bool:
    """Tell whether one pattern contains another; a variable equals only itself, or lies under a star."""
    if "${" in wide or ("${" in narrow and "?" in wide):
        return wide == narrow
    return covers(wide, narrow)


def _principals(wide: Statement, narrow: Statement) -> bool:
    if wide.not_principal or narrow.not_principal:
        return wide.not_principal == narrow.not_principal and (
            wide.principals == narrow.principals and wide.anyone == narrow.anyone
        )
    return wide.anyone or (not narrow.anyone and narrow.principals <= wide.principals)


def _implies(mine: Test, other: Test) -> bool:
    """Tell whether a test holds wherever another of the same key and operator does."""
    if mine.key != other.key or mine.operator != other.operator:
        return False
    if mine.texts == other.texts:
        return True
    if mine.operator.set_operator or OPERATORS[mine.operator.name] not in ("string", "arn", "boolean", "address"):
        return False
    if mine.negated:
        return set(other.texts) <= set(mine.texts)
    return bool(mine.texts) and set(mine.texts) <= set(other.texts)


# --- Entries of one list -----------------------------------------------------------------------
def _check_entries(report: Report, nodes: Sequence[Scalar], texts: list[str]) -> None:
    wild = [(at, text) for at, text in enumerate(texts) if is_wild(text)]
    if not wild and len(set(texts)) == len(texts):
        return
    if not report.work.take(_COST * len(texts) * (len(wild) + 1) + sum(map(len, texts))):
        return
    seen: dict[str, int] = {}
    for at, text in enumerate(texts):
        by = seen.setdefault(text, at)
        if by == at:
            by = next((other for other, wide in wild if wide != text and _covers(wide, text)), at)
        if by != at:
            report.add(
                "entry-covered",
                nodes[at],
                f"{quoted(str(nodes[at].value))} is contained in {quoted(str(nodes[by].value))} of the same list.",
                "Remove it, or narrow the wider one if that was meant.",
            )
