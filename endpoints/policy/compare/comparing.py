"""Compare two policies by meaning: what does each allow that the other does not?

After AWS's Zelkova (Backes et al., "Semantic-based Automated Reasoning for AWS Access Policies using SMT", FMCAD 2018):
a policy is the set of requests it allows, and both differences are looked at. Every region that is shown carries a
request that the evaluator has answered as the sentence says; what no request shows is never claimed.

Compared are the requests that can be: an action is a service and a name, the keys that AWS derives from the caller
(`aws:PrincipalArn`…) follow from it, a caller that is anonymous or a service has no organization, path or tags, the
account of a resource is the one that its ARN names, and a key has several values only where a policy asks about sets
of them. Every other key may be absent. Actions that AWS doesn't have yet, and resources that no action acts on, count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Literal

from endpoints.policy.compare import examples
from endpoints.policy.compare.boxes import Box, Difference
from endpoints.policy.compare.callers import DERIVED, Who, callers
from endpoints.policy.compare.limits import Budget, Limits, UndecidedError
from endpoints.policy.compare.model import Model
from endpoints.policy.compare.question import Question
from endpoints.policy.compare.sentences import Direction, Sentences
from endpoints.policy.compare.witnesses import Witness, Witnesses
from endpoints.policy.document import PolicyDocument
from endpoints.policy.evaluate.compiled import CompiledPolicy
from endpoints.policy.evaluate.forms import read_statements
from endpoints.policy.evaluate.request import Request, Value

Relation = Literal["equivalent", "wider", "narrower", "incomparable", "undecided"]

_MOST_TRIED = 200  # regions looked at for those worth showing
_MOST_WITNESSES = 16
_MOST_WORLDS = 12
_FEWEST_WORLDS = 2
_MOST_CALLERS = 6
_MIRRORED: dict[Relation, Relation] = {"wider": "narrower", "narrower": "wider"}
_UNSHOWN = "The policies may differ, but no example request could be found that shows it."
_VARIABLES = "Whether the policies differ depends on values of policy variables that could not be settled."


@dataclass(frozen=True, slots=True)
class Region:
    """Requests that one policy allows and the other does not: in words, and one of them."""

    text: str
    witness: Request


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the second policy relates to the first. `reason` says why, if it is undecided."""

    relation: Relation
    gained: tuple[Region, ...] = ()
    lost: tuple[Region, ...] = ()
    reason: str | None = None


@dataclass(slots=True)
class _Side:
    """One direction of the difference, as far as it is known."""

    direction: Direction
    regions: list[Region] = field(default_factory=list)
    unreal: list[Region] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    more: bool = False
    unsettled: str | None = None
    """Why there may be differences that are not in `regions`, if there may."""

    @property
    def found(self) -> bool:
        return bool(self.regions or self.unreal)

    def shown(self, most: int) -> tuple[Region, ...]:
        """Return the regions, those that AWS could see first, and as the last one how many more there are."""
        regions = [*self.regions, *self.unreal]
        rest = regions[most - 1 :]
        if len(rest) > 1 or (rest and self.more):
            count = "More regions" if self.more else f"{len(rest)} more regions"
            word = "gained" if self.direction == "gained" else "lost"
            return (*regions[: most - 1], Region(f"{count} are {word}, for example this one.", rest[0].witness))
        return tuple(regions)


def compare(before: PolicyDocument, after: PolicyDocument, *, limits: Limits | None = None) -> Comparison:
    """Tell how `after` relates to `before`. Never raises for documents that the parser gave.

    Takes at most `Limits.seconds`, or a little more: what would take longer is undecided, and the reason says so.
    """
    # In one order, so that the comparison the other way round is this one's mirror to the letter.
    if after.text < before.text:
        found = _Comparing(after, before, limits or Limits(), mirrored=True).result()
        relation = _MIRRORED.get(found.relation, found.relation)
        return Comparison(relation, found.lost, found.gained, found.reason)
    return _Comparing(before, after, limits or Limits()).result()


class _Comparing:
    def __init__(
        self, before: PolicyDocument, after: PolicyDocument, limits: Limits, *, mirrored: bool = False
    ) -> None:
        self._texts = (before.text, after.text)
        self._limits = limits
        self._budget = Budget(limits)
        self._forms = (read_statements(before), read_statements(after))
        self._gained = _Side("lost" if mirrored else "gained")
        self._lost = _Side("gained" if mirrored else "lost")

    @cached_property
    def _policies(self) -> tuple[CompiledPolicy, CompiledPolicy]:
        """The policies to replay requests on; most comparisons find them equivalent, and need none."""
        return CompiledPolicy(self._forms[0]), CompiledPolicy(self._forms[1])

    def result(self) -> Comparison:
        if self._texts[0] == self._texts[1]:
            return Comparison("equivalent")
        try:
            question = Question.of(*self._forms)
            if question.is_settled:
                return Comparison("equivalent")
            if question.variables():
                self._with_variables(question)
            else:
                self._in_world(Model(question, self._budget), settle=True)
        except UndecidedError as error:
            for side in (self._gained, self._lost):
                side.unsettled = side.unsettled or str(error)
        return self._concluded()

    def _concluded(self) -> Comparison:
        gained, lost = self._gained, self._lost
        most = self._limits.regions
        relation: Relation = "incomparable" if gained.found and lost.found else "undecided"
        reason = None
        if relation == "undecided":
            unsettled = next((side.unsettled for side in (gained, lost) if side.unsettled and not side.found), None)
            if unsettled is not None:
                reason = unsettled
            else:
                relation = "wider" if gained.found else "narrower" if lost.found else "equivalent"
        return Comparison(relation, gained.shown(most), lost.shown(most), reason)

    # --- Without variables, every difference is found -----------------------------------------------------------------
    def _in_world(self, model: Model, *, settle: bool, where: str = "") -> None:
        """Add the differences of a model. `settle`: what it doesn't show doesn't exist. `where` says when it is so."""
        shower = _Shower(model, where)
        before, after = model.policy("before"), model.policy("after")
        for side, more, less in ((self._gained, after, before), (self._lost, before, after)):
            try:
                self._show(side, Difference(more, less, model.possible, self._budget).regions(), shower)
            except UndecidedError as error:
                side.more = True
                if settle or side.unsettled is None:
                    side.unsettled = str(error)

    def _show(self, side: _Side, regions: Iterator[Box], shower: _Shower) -> None:
        for box in islice(regions, _MOST_TRIED):
            before, after = self._policies
            allowing, other = (after, before) if side is self._gained else (before, after)
            region, real = shower.region(box, side.direction, allowing, other, self._budget)
            if region is None:
                side.unsettled = side.unsettled or _UNSHOWN
            elif region.text not in side.said:
                side.said.add(region.text)
                region = Region(shower.where + region.text, region.witness)
                (side.regions if real else side.unreal).append(region)
            if len(side.regions) >= self._limits.regions:
                break
        side.more = side.more or next(regions, None) is not None

    # --- With variables, from two sides ------------------------------------------------------------------------------
    def _with_variables(self, question: Question) -> None:
        """Bound the differences from above, where a variable may do anything, and show some with values for them."""
        above = Model(question, self._budget, unknown=True)
        before, after = above.policy("before"), above.policy("after")
        possible = [
            next(Difference(more, less, above.possible, self._budget).regions(), None) is not None
            for more, less in ((after, before), (before, after))
        ]
        if not any(possible):
            return
        sides = [side for side, may in zip((self._gained, self._lost), possible, strict=True) if may]
        for number, (context, who) in enumerate(islice(self._worlds(question), _MOST_WORLDS)):
            if number >= _FEWEST_WORLDS and all(side.found for side in sides):
                break
            model = Model(question, self._budget, context=context, who=who, like=above)
            self._in_world(model, settle=False, where=_where(question, model))
        for side, may in zip((self._gained, self._lost), possible, strict=True):
            if not may:
                side.unsettled = None
            elif not side.found:
                side.unsettled = side.unsettled or _VARIABLES

    def _worlds(self, question: Question) -> Iterator[tuple[dict[str, Value], Who | None]]:
        """Yield values for the variables and, if some follow from the caller, callers to try."""
        variables = question.variables()
        given = {key: named for key, named in variables.items() if key not in DERIVED}
        who: list[Who | None] = [None]
        if len(given) < len(variables):
            asked = callers(
                question.principals, question.principal_tests, {}, unknown=True, only=None, budget=self._budget
            )
            user = Who("arn:aws:iam::111122223333:user/example-user")
            others = [one for one in dict.fromkeys(asked.values) if one != user]
            who = [user, *others[: _MOST_CALLERS - 1]]
        contexts: list[dict[str, Value]] = [{key: _likely(key, named) for key, named in given.items()}]
        if given:
            contexts.append(dict.fromkeys(given, ()))
        for key, named in given.items():
            contexts += [{**contexts[0], key: value} for value in named[:3]]
        for context in contexts:
            for one in who:
                yield context, one


def _likely(key: str, named: list[str]) -> str:
    """Return a value for a variable that no policy names."""
    return next((value for value in (*examples.values(key), "x1y2z3") if value not in named), "x1y2z3")


def _where(question: Question, model: Model) -> str:
    """Return in words which values the variables have in a model."""
    parts = []
    for key in question.variables():
        value = model.context.get(key) or None
        parts.append(f"{question.spelt.get(key, key)} is {'absent' if value is None else value}")
    return f"For example, when {' and '.join(parts)}: "


class _Shower:
    """Makes regions of a model to show: a replayed request, and a sentence."""

    def __init__(self, model: Model, where: str) -> None:
        self.where = where
        self._witnesses = Witnesses(model)
        self._sentences = Sentences(model)

    def region(
        self, box: Box, direction: Direction, allowing: CompiledPolicy, other: CompiledPolicy, budget: Budget
    ) -> tuple[Region | None, bool]:
        """Return the region, and whether AWS could receive its request; None if no request shows it."""
        witness = self._replayed(box, allowing, other, budget)
        if witness is None:
            return None, False
        text = self._sentences.of(box, direction, witness.lacks)
        return Region(text, witness.request), witness.lacks is None

    def _replayed(self, box: Box, allowing: CompiledPolicy, other: CompiledPolicy, budget: Budget) -> Witness | None:
        for witness in islice(self._witnesses.of(box), _MOST_WITNESSES):
            budget.spend(20)
            if allowing.decide(witness.request).effect == "Allow" and other.decide(witness.request).effect != "Allow":
                return witness
        return None
