"""The dimension of actions."""

from __future__ import annotations

import re

from endpoints.policy.compare import globs
from endpoints.policy.compare.automaton import Letters, Shape
from endpoints.policy.compare.dimension import Atoms, Dimension
from endpoints.policy.compare.limits import Budget
from endpoints.policy.compare.patterns import Located, forms_of, negated
from endpoints.policy.compare.strings import Texts
from endpoints.policy.evaluate.patterns import any_of

_ACTION = re.compile(r"[a-z0-9-]+:[a-z0-9]+", re.ASCII)
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789"
_SHAPE: Shape = (
    Letters(1, None, frozenset(_NAME + "-"), "xqzjwvkyuhbfgmnopdlrtscieaj0123456789-"),
    ":",
    Letters(1, None, frozenset(_NAME), "xqzjwvkyuhbfgmnopdlrtscieaj0123456789"),
)


def actions(atoms: Atoms, budget: Budget) -> Dimension[str]:
    """Return the classes of actions, in lower case. An action is a service, a colon and a name."""
    forms = forms_of(atoms)
    flipped = negated(forms)
    texts = Texts([[globs.like(template) for template in form.templates] for form in forms])
    dimension: Dimension[str] = Dimension(atoms, Located([any_of(form.templates) for form in forms], flipped))
    found = texts.explore(_SHAPE, budget, _finish, _is_action)
    for signature, text in found.items():
        dimension.add(signature ^ flipped, text)
    return dimension


def _finish(prefix: str) -> str:
    if ":" not in prefix:
        return f"{prefix or 'x'}:x"
    return prefix + "x" if prefix.endswith(":") else prefix


def _is_action(text: str) -> bool:
    return _ACTION.fullmatch(text) is not None
