"""What a template is: parameters, a builder, and requests that prove what it builds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from endpoints.policy.document import MAX_CHARACTERS, minified, parse
from endpoints.policy.evaluate.request import Request
from endpoints.policy.templates.kinds import Kind, Place, RefusedError

VpcEndpointType = Literal["Gateway", "Interface"]
Given: TypeAlias = "Mapping[str, str | Sequence[str]]"
Json: TypeAlias = "str | list[str] | dict[str, Json]"
Statement: TypeAlias = dict[str, Json]

MAX_VALUES = 100
"""Values in one list. A policy's size limit is reached sooner by most."""
_SEPARATORS = re.compile(r"[\s,]+")
_PARTITION_OF = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))
PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field, and what to do about it."""

    field: str
    message: str
    cure: str

    def __str__(self) -> str:
        return f"{self.message} {self.cure}"


class ParameterError(ValueError):
    """Values that a template can't take. `problems` holds all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(f"{problem.field}: {problem}" for problem in problems))
        self.problems = tuple(problems)

    def by_field(self) -> dict[str, list[Problem]]:
        """Return the problems under the names of their fields."""
        found: dict[str, list[Problem]] = {}
        for problem in self.problems:
            found.setdefault(problem.field, []).append(problem)
        return found


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value, or list of values, that a template asks for.

    `examples` are valid in eu-west-1 of account 111122223333; the first shows in the form.
    """

    name: str
    label: str
    help: str
    kind: Kind
    examples: tuple[str, ...]
    many: bool = False
    required: bool = True
    default: tuple[str, ...] = ()

    def read(self, given: str | Sequence[str] | None, place: Place) -> tuple[tuple[str, ...], list[Problem]]:
        """Return the values in their normal form, each once, and what is wrong with them."""
        values = self._split(given)
        if not values:
            problem = Problem(self.name, f"{self.label}: nothing is given.", f"Write it as {self.examples[0]}.")
            return (), [problem] if self.required else []
        if not self.many and len(values) > 1:
            return (), [Problem(self.name, f"{self.label} takes one value.", "Remove the others.")]
        if len(values) > MAX_VALUES:
            return (), [
                Problem(
                    self.name, f"{len(values)} values are too many.", f"Give at most {MAX_VALUES}, or a wider template."
                )
            ]
        found: list[str] = []
        problems: list[Problem] = []
        for value in values:
            try:
                found.append(self.kind.normal(value, place))
            except RefusedError as refused:
                problems.append(Problem(self.name, refused.message, refused.cure))
        return tuple(dict.fromkeys(found)), problems

    def _split(self, given: str | Sequence[str] | None) -> list[str]:
        if given is None:
            return [*self.default]
        parts = [given] if isinstance(given, str) else [*given]
        if self.many:
            parts = [piece for part in parts for piece in _SEPARATORS.split(str(part))]
        return [part.strip() for part in map(str, parts) if part.strip()]


@dataclass(frozen=True, slots=True)
class Values:
    """The values of all parameters, in their normal form."""

    found: Mapping[str, tuple[str, ...]]

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of a list; empty if none is given."""
        return self.found.get(name, ())

    def one(self, name: str) -> str:
        """Return the one value; empty if none is given."""
        return next(iter(self.all(name)), "")


@dataclass(frozen=True, slots=True)
class Expected:
    """A request, and what a template's policy answers to it."""

    request: Request
    allowed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a builder returns: statements, and requests that show what they mean."""

    statements: tuple[Statement, ...]
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """An endpoint policy for a purpose.

    `services` are the ends of endpoint service names (`s3`, `ecr.api`); empty means every service that takes a
    policy, but those of `not_services`. `allows`, `denies` and `mind` are sentences for people; `sources` names
    the guide pages that the facts come from, and `partitions` those that the facts hold for. `warnings` are the
    lint rules whose warning is expected, each with the reason.
    """

    id: str
    title: str
    allows: str
    denies: str
    mind: str
    sources: tuple[str, ...]
    build: Callable[[Values, Place], Draft]
    parameters: tuple[Parameter, ...] = ()
    services: tuple[str, ...] = ()
    not_services: tuple[str, ...] = ()
    types: tuple[VpcEndpointType, ...] = ("Gateway", "Interface")
    partitions: tuple[str, ...] = PARTITIONS
    warnings: Mapping[str, str] = field(default_factory=dict)

    def render(self, values: Given, *, region: str, partition: str, account: str) -> str:
        """Return the policy's text, laid out for reading. The same values give the same text.

        `account` is the endpoint's own account. Raises `ParameterError` with every problem.
        """
        return text_of(self._draft(values, region, partition, account).statements)

    def expected(self, values: Given, *, region: str, partition: str, account: str) -> tuple[Expected, ...]:
        """Return requests with the answers that `render`'s policy gives. Raises as `render` does."""
        return self._draft(values, region, partition, account).expected

    def example_values(self) -> dict[str, tuple[str, ...]]:
        """Return values for every parameter: the examples of the required ones, the defaults of the others."""
        return {item.name: item.examples if item.required else item.default for item in self.parameters}

    def _draft(self, given: Given, region: str, partition: str, account: str) -> Draft:
        place = _place(region, partition, account)
        problems = [
            Problem(name[:64], "This template has no such parameter.", "Remove it.")
            for name in given
            if name not in {item.name for item in self.parameters}
        ]
        found: dict[str, tuple[str, ...]] = {}
        for item in self.parameters:
            found[item.name], wrong = item.read(given.get(item.name), place)
            problems += wrong
        if problems:
            raise ParameterError(problems)
        if partition not in self.partitions:
            message = f"AWS's guides don't tell the names that this template needs in {partition}."
            raise ParameterError((Problem("partition", message, "Choose named buckets, and name them yourself."),))
        draft = self.build(Values(found), place)
        self._refuse_long(draft, found)
        return draft

    def _refuse_long(self, draft: Draft, found: Mapping[str, tuple[str, ...]]) -> None:
        size = len(json.dumps({"Version": "2012-10-17", "Statement": draft.statements}, separators=(",", ":")))
        if size > MAX_CHARACTERS:
            longest = max(found, key=lambda name: sum(map(len, found[name])))
            message = f"The policy would have {size:,} characters; the limit is {MAX_CHARACTERS:,}."
            raise ParameterError((Problem(longest, message, "Name fewer, or choose a wider template."),))


def text_of(statements: Sequence[Statement]) -> str:
    """Return a policy of these statements, indented by two spaces, one item a line."""
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]}, indent=2, ensure_ascii=True) + "\n"


def size_of(text: str) -> int:
    """Return the characters that count against AWS's limit, as the portal sends the policy."""
    return len(minified(parse(text)))


def _place(region: str, partition: str, account: str) -> Place:
    problems = []
    if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}", region, re.ASCII):
        problems.append(Problem("region", "This is no region.", "Write it as eu-west-1."))
    elif partition != next((name for start, name in _PARTITION_OF if region.startswith(start)), partition):
        problems.append(
            Problem("partition", "The region is in another partition.", "cn-… is aws-cn, us-gov-… aws-us-gov.")
        )
    elif partition != "aws" and not region.startswith(("cn-", "us-gov-")):
        problems.append(Problem("partition", "The region is in another partition.", "Write aws."))
    if partition not in PARTITIONS:
        problems.append(Problem("partition", "This is no partition.", f"Write one of {', '.join(PARTITIONS)}."))
    if not re.fullmatch(r"[0-9]{12}", account, re.ASCII):
        problems.append(Problem("account", "This is no account.", "Write its twelve digits."))
    if problems:
        raise ParameterError(problems)
    return Place(region, partition, account)
