"""Two policies as sets of boxes over the same cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from endpoints.policy.compare.actions import actions
from endpoints.policy.compare.boxes import Box, Boxes, Part, Possible
from endpoints.policy.compare.callers import ANONYMOUS, DERIVED, Who, callers
from endpoints.policy.compare.keys import values_of
from endpoints.policy.compare.limits import Budget
from endpoints.policy.compare.question import Question, Row, Side
from endpoints.policy.compare.resources import resources
from endpoints.policy.evaluate.forms import PatternsForm
from endpoints.policy.evaluate.patterns import fields
from endpoints.policy.evaluate.request import Request, Value, caller_of
from endpoints.policy.reference import condition_key

PRINCIPAL, ACTION, RESOURCE, FIRST_KEY = 0, 1, 2, 3
RESOURCE_ACCOUNT = "aws:resourceaccount"

_ID = re.compile(r"[0-9]{12}", re.ASCII)
_OF_THE_CALLER = ("aws:principal", "aws:userid", "aws:federatedprovider")


class Model:
    """The cells of two policies, and their statements as boxes over them.

    `context` are keys, in lower case, that have the same value in every request; `who` is the one caller, if there is
    but one. With `unknown`, whatever depends on a policy variable may hold or not. What depends on none of this is
    taken from the model that this one is `like`.
    """

    def __init__(
        self,
        question: Question,
        budget: Budget,
        *,
        context: Mapping[str, Value] | None = None,
        who: Who | None = None,
        unknown: bool = False,
        like: Model | None = None,
    ) -> None:
        self.question = question
        self.context = dict(context or {})
        if who is not None:
            asked = Request(who.principal, "x:x", "*", context={**self.context, **dict(who.context)})
            self.context.update({key: value for key, value in asked.facts.context.items() if key in DERIVED})
        self.keys = tuple(question.keys)
        fixed = {name: value for name, value in self.context.items() if isinstance(value, str)}
        principal = callers(
            question.principals,
            question.principal_tests,
            self.context,
            unknown=unknown,
            only=who,
            budget=budget,
        )
        self._key_dimensions = {
            key: values_of(
                key,
                question.keys[key],
                self.context,
                unknown=unknown,
                single=_is_single(key),
                budget=budget,
            )
            for key in self.keys
        }
        accounts = self._accounts()
        resource = resources(question.resources, fixed, unknown=unknown, accounts=accounts, budget=budget)
        # Any, for the resources may be `Formulas`, whose sets are used like those of a `Dimension`.
        self.dimensions: tuple[Any, ...] = (
            principal,
            actions(question.actions, budget) if like is None else like.dimensions[ACTION],
            resource,
            *self._key_dimensions.values(),
        )
        self.whole: Box = tuple(dimension.full for dimension in self.dimensions)
        parts = [Part.of(self._box(row), self.whole) for row in question.rows]
        budget.spend(len(parts) * len(self.dimensions) // 4)
        # A statement that holds for nothing at all, because its conditions contradict each other, is no box.
        self._parts = [(row, part) for row, part in zip(question.rows, parts, strict=True) if all(part.box)]
        self.callers_keys = frozenset(key for key in self.keys if key.startswith(_OF_THE_CALLER))
        self.possible = self._possible(accounts)

    def policy(self, side: Side) -> Boxes:
        """Return one of the policies."""
        return Boxes(
            tuple(dict.fromkeys(part for row, part in self._parts if row.side == side and row.allows)),
            tuple(dict.fromkeys(part for row, part in self._parts if row.side == side and not row.allows)),
        )

    def _box(self, row: Row) -> Box:
        needs = dict(row.keys)
        return (
            self.dimensions[PRINCIPAL].holding(row.principal),
            self.dimensions[ACTION].holding(row.action),
            self.dimensions[RESOURCE].holding(row.resource),
            *(self.dimensions[FIRST_KEY + number].holding(needs.get(key, 0)) for number, key in enumerate(self.keys)),
        )

    def has_many(self, key: str) -> bool:
        """Tell whether requests have several values of the key, as far as the reference knows."""
        known = condition_key(key)
        return known is not None and known.many

    # --- Dimensions that hang together --------------------------------------------------------------------------------

    def _accounts(self) -> list[str]:
        """Return the accounts that matter to the ARNs of resources, if the resource's account is asked for at all."""
        if RESOURCE_ACCOUNT not in self.keys:
            return []
        forms = [atom.subject for atom in self.question.resources.found if isinstance(atom.subject, PatternsForm)]
        named = [
            found[4].constant
            for form in forms
            for template in form.templates
            if not template.anything and len(found := fields(template)) > 4
        ]
        if all(account == "" for account in named):
            return []  # S3: no ARN names an account, so that every account goes with every resource
        asked = [value for value in self._key_dimensions[RESOURCE_ACCOUNT].values if isinstance(value, str)]
        return [one for one in dict.fromkeys((*asked, *filter(None, named))) if _ID.fullmatch(one)]

    def _possible(self, accounts: list[str]) -> Possible:
        """Return the test of whether a box has a point that a request can be: its parts agree."""
        parts: list[Possible] = []
        callers_keys = [
            (FIRST_KEY + number, self.absent(FIRST_KEY + number))
            for number, key in enumerate(self.keys)
            if key in self.callers_keys
        ]
        users_resources = getattr(self.dimensions[RESOURCE], "users", 0)
        if users_resources:
            parts.append(_users(self.dimensions[PRINCIPAL].users, users_resources))
        if callers_keys:
            parts.append(_callers_keys(self.without_keys(), callers_keys))
        if accounts:
            parts.append(self._same_account(accounts))
        if not parts:
            return lambda box: all(box)
        return lambda box: all(box) and all(part(box) for part in parts)

    def absent(self, dimension: int) -> int:
        """Return the cell of a key in which it is absent; a value may be in it, too."""
        found: int = self.dimensions[dimension].cell(None)
        return found

    def without_keys(self) -> int:
        """Return the cells of callers of whom AWS knows no organization, path or tags."""
        found = 0
        for number, who in enumerate(self.dimensions[PRINCIPAL].values):
            if who == ANONYMOUS or caller_of(who.principal).kind == "service":
                found |= 1 << number
        return found

    def _same_account(self, accounts: list[str]) -> Possible:
        """Return the test of whether a resource's ARN and its account can agree."""
        resource, owner = self.dimensions[RESOURCE], self._key_dimensions[RESOURCE_ACCOUNT]
        place = FIRST_KEY + self.keys.index(RESOURCE_ACCOUNT)
        known = len(self.question.resources.found)
        others = owner.full & ~self.absent(place)
        fits: list[int] = []
        for mask in resource.masks:
            named = mask >> known
            if not named:
                fits.append(owner.full)
                continue
            one = next((account for number, account in enumerate(accounts) if named >> number & 1), None)
            fits.append(others if one is None else owner.cell(one))

        def agree(box: Box) -> bool:
            cells, of_owner = box[RESOURCE], box[place]
            return any(cells >> number & 1 and fit & of_owner for number, fit in enumerate(fits))

        return agree


def _users(users: int, resources: int) -> Possible:
    """Return the test of whether what takes a user's name has a user."""

    def agree(box: Box) -> bool:
        return bool(box[PRINCIPAL] & users or box[RESOURCE] & ~resources)

    return agree


def _callers_keys(without: int, keys: list[tuple[int, int]]) -> Possible:
    def agree(box: Box) -> bool:
        return bool(box[PRINCIPAL] & ~without) or all(box[number] & absent for number, absent in keys)

    return agree


def _is_single(key: str) -> bool:
    known = condition_key(key)
    return known is not None and not known.many
