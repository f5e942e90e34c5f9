"""A request to show a region by: one that AWS could really receive, if the region has such a one.

The action is one that exists, the resource is of a type that it acts on, and the caller's keys agree with the caller.
Where the region has no such request (an action on a type of resource that it never acts on), it is shown by one that
is right to the letter of the policy, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, TypeAlias

from endpoints.policy import reference
from endpoints.policy.compare import examples
from endpoints.policy.compare.boxes import Box
from endpoints.policy.compare.callers import DERIVED, Who
from endpoints.policy.compare.dimension import Dimension
from endpoints.policy.compare.model import ACTION, FIRST_KEY, PRINCIPAL, RESOURCE, RESOURCE_ACCOUNT, Model
from endpoints.policy.evaluate.forms import PatternsForm
from endpoints.policy.evaluate.patterns import Template
from endpoints.policy.evaluate.request import Request, Value, account_of

_POPULAR = (
    *("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject", "dynamodb:GetItem", "dynamodb:PutItem"),
    *("sts:GetCallerIdentity", "ec2:DescribeInstances", "kms:Decrypt", "secretsmanager:GetSecretValue"),
    *("ecr:BatchGetImage", "ssm:GetParameter", "logs:PutLogEvents", "sqs:SendMessage", "lambda:InvokeFunction"),
)
_FILLED = {"Partition": "aws", "Region": "eu-west-1", "Account": examples.ACCOUNTS[0], "BucketName": "example-bucket"}
_MOST_ACTIONS = 500
_MOST_TEXTS = 60
_MOST_CELLS = 12


Lack: TypeAlias = Literal["action", "resource"]


@dataclass(frozen=True, slots=True)
class Witness:
    """A request. `lacks` is what AWS lacks to receive such a one, as far as the action reference knows: such an action,
    or one that acts on such a resource; None if it lacks nothing."""

    request: Request
    lacks: Lack | None


class Witnesses:
    """Finds requests for regions of a model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._principals: Dimension[Who] = model.dimensions[PRINCIPAL]
        self._actions: Dimension[str] = model.dimensions[ACTION]
        self._resources: Any = model.dimensions[RESOURCE]
        self._without = model.without_keys()
        self._written: list[tuple[str, Any]] | None = None

    def of(self, box: Box) -> Iterator[Witness]:
        """Yield requests of the region, the likeliest first, and at last its plainest one."""
        lacks: Lack = "action"
        for action, resource, real in self._pairs(box):
            lacks = "resource"
            yield self._witness(box, action, resource, None if real else lacks)
        action = next(self._actions.examples(box[ACTION]))
        for resource in islice(self._resources.examples(box[RESOURCE]), _MOST_CELLS):
            yield self._witness(box, action, resource, lacks)

    def _witness(self, box: Box, action: str, resource: str, lacks: Lack | None) -> Witness:
        known = box[PRINCIPAL] & ~self._without
        who = next(self._principals.examples(known or box[PRINCIPAL]))
        context = {
            self._spelt(key): value for key, value in self._model.context.items() if key not in DERIVED and value
        }
        owner = None
        for number, key in enumerate(self._model.keys):
            place = number + FIRST_KEY
            unnamed = not known and key in self._model.callers_keys and box[place] & self._model.absent(place)
            value = None if unnamed else self._value(key, place, box)
            if key == RESOURCE_ACCOUNT and isinstance(value, str):
                owner = account_of(resource) or value
            elif value is not None:
                context[self._spelt(key)] = value
        return Witness(Request(who.principal, action, resource, owner, {**context, **dict(who.context)}), lacks)

    def _value(self, key: str, place: int, box: Box) -> Value | None:
        """Return a value; none where it makes no difference, and else one if there can be one."""
        dimension: Dimension[Value | None] = self._model.dimensions[place]
        if key != RESOURCE_ACCOUNT and box[place] == dimension.full and dimension.cell(None):
            return None
        value = next((one for one in dimension.examples(box[place]) if one is not None), None)
        if (
            isinstance(value, str)
            and self._model.has_many(key)
            and dimension.locate((value,)) == dimension.locate(value)
        ):
            return (value,)
        return value

    def _spelt(self, key: str) -> str:
        return self._model.question.spelt.get(key, key)

    # --- An action and a resource that go together ----------------------------------------------------------------
    def _pairs(self, box: Box) -> Iterator[tuple[str, str, bool]]:
        """Yield the likeliest pair, if there is a real one; or else pairs of which the action at least is real."""
        lame: list[tuple[str, str, bool]] = []
        known: dict[tuple[str, str], str | None] = {}
        for service, action in islice(self._real_actions(box), _MOST_ACTIONS):
            name = f"{service.prefix}:{action.name}"
            if (resource := self._resource_for(service, action, box, known)) is not None:
                yield name, resource, True
                return
            if not lame:
                lame = [(name, text, False) for text in islice(self._resources.examples(box[RESOURCE]), _MOST_CELLS)]
        yield from lame

    def _real_actions(self, box: Box) -> Iterator[tuple[reference.Service, reference.Action]]:
        seen: set[tuple[str, str]] = set()
        for service, action in self._candidates():
            name = f"{service.prefix}:{action.name}".lower()
            if (service.prefix, action.name) not in seen and self._actions.cell(name) & box[ACTION]:
                seen.add((service.prefix, action.name))
                yield service, action

    def _candidates(self) -> Iterator[tuple[reference.Service, reference.Action]]:
        """Yield actions that the policies name, then those that they mean by wildcards, then others."""
        named = [template.written.lower() for template in self._templates(ACTION)]
        services = dict.fromkeys(name.partition(":")[0] for name in named if ":" in name)
        services |= dict.fromkeys(_service(template) for template in self._templates(RESOURCE))
        for name in named:
            if not set("*?") & set(name):
                yield from _found(name)
        popular = [name for name in _POPULAR if not services or name.partition(":")[0] in services]
        for name in popular:
            yield from _found(name)
        for name in named:
            prefix, _, pattern = name.partition(":")
            service = reference.service(prefix)
            if service is not None and set("*?") & set(pattern):
                yield from ((service, action) for action in service.matching(pattern))
        for prefix in services:
            if (service := reference.service(prefix)) is not None:
                yield from ((service, action) for action in service.actions.values())
        for name in _POPULAR:
            yield from _found(name)

    def _resource_for(
        self,
        service: reference.Service,
        action: reference.Action,
        box: Box,
        known: dict[tuple[str, str], str | None],
    ) -> str | None:
        """Return a resource of the region that the action acts on. `known` are those of types, by service and name."""
        if not action.types:
            return "*" if self._resources.cell("*") & box[RESOURCE] else None
        for name in sorted(action.types, key=lambda name: len(service.types[name].arn) if name in service.types else 0):
            if (service.prefix, name) not in known:
                kind = service.types.get(name)
                known[service.prefix, name] = None if kind is None else self._of_type(kind, box)
            if (found := known[service.prefix, name]) is not None:
                return found
        return None

    def _of_type(self, kind: reference.ResourceType, box: Box) -> str | None:
        cells = islice(self._resources.examples(box[RESOURCE]), _MOST_CELLS)
        for text in (*self._texts(box), *cells, _example(kind.arn)):
            if set("*?") & set(text) or not kind.may_be(reference.WrittenArn.of(text)):
                continue
            if self._resources.cell(text) & box[RESOURCE] and self._owned(text, box):
                return str(text)
        return None

    def _owned(self, resource: str, box: Box) -> bool:
        """Tell whether the account that a resource's ARN names is one of the region's."""
        account = account_of(resource)
        if not account or RESOURCE_ACCOUNT not in self._model.keys:
            return True
        place = FIRST_KEY + self._model.keys.index(RESOURCE_ACCOUNT)
        return bool(self._model.dimensions[place].cell(account) & box[place])

    def _texts(self, box: Box) -> list[str]:
        """Return resources of the region that are like the policies' own, something likely in place of wildcards."""
        if self._written is None:
            owners = examples.ACCOUNTS[:2] if RESOURCE_ACCOUNT in self._model.keys else examples.ACCOUNTS[:1]
            texts = dict.fromkeys(
                examples.filled(template, star, owner)
                for template in islice(self._templates(RESOURCE), _MOST_TEXTS)
                for star in ("example", "example/example-object")
                for owner in owners
            )
            self._written = [(text, self._resources.cell(text)) for text in texts]
        return [text for text, cell in self._written if cell & box[RESOURCE]]

    def _templates(self, place: int) -> Iterator[Template]:
        for atom in self._model.dimensions[place].atoms.found:
            if isinstance(atom.subject, PatternsForm):
                yield from atom.subject.templates


def _found(name: str) -> Iterable[tuple[reference.Service, reference.Action]]:
    prefix, _, word = name.partition(":")
    service = reference.service(prefix)
    action = None if service is None else service.action(word)
    return () if service is None or action is None else ((service, action),)


def _service(template: Template) -> str:
    """Return the service that a resource's pattern names."""
    return template.written.split(":", 3)[2] if template.written.count(":") > 2 else ""


def _example(arn: str) -> str:
    """Return an ARN of a type: `arn:${Partition}:s3:::${BucketName}` with its parts filled in."""
    pieces = arn.split("${")
    text = pieces[0]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}")
        text += _FILLED.get(name, "example") + rest
    return text
