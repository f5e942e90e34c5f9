"""Templates that allow named resources of one service: the shape that most of them have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from endpoints.policy.templates import writing
from endpoints.policy.templates.kinds import Kind, Place
from endpoints.policy.templates.model import Draft, Expected, Parameter, Template, Values, VpcEndpointType
from endpoints.policy.templates.writing import by_stranger, by_us, no, yes


@dataclass(frozen=True, slots=True)
class Grant:
    """Some actions on each named resource, or with `anywhere` on `*` because they act on no resource.

    `ends` are put behind each ARN: a table and its indexes have ("", "/index/*").
    """

    sid: str
    actions: tuple[str, ...]
    ends: tuple[str, ...] = ("",)
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """Builds the policy of one such template.

    `parameter` names the resources; `other` is one that the examples don't name, and `refused` an action that no
    grant allows: both for requests that must be denied. `sample` is put behind an ARN to make a request's resource.
    """

    parameter: Parameter
    grants: tuple[Grant, ...]
    other: str
    refused: str
    sample: str = ""

    def __call__(self, values: Values, place: Place) -> Draft:
        who = writing.our_principals(values, place)
        arns = values.all(self.parameter.name)
        statements = tuple(
            writing.allow(
                grant.sid,
                grant.actions,
                ["*"] if grant.anywhere else [arn + end for arn in arns for end in grant.ends],
                who,
            )
            for grant in self.grants
        )
        return Draft(statements, tuple(self._expected(values, place, arns)))

    def _expected(self, values: Values, place: Place, arns: Sequence[str]) -> list[Expected]:
        found = []
        for grant in self.grants:
            for arn in dict.fromkeys((arns[0], arns[-1])):
                resource = "*" if grant.anywhere else _real(arn + grant.ends[-1]) + self.sample
                for action in dict.fromkeys((grant.actions[0], grant.actions[-1])):
                    found.append(yes(by_us(values, place, action, resource), f"{grant.sid} allows it."))
                    found.append(no(by_stranger(values, place, action, resource), "The caller is not ours."))
        main = next(grant for grant in self.grants if not grant.anywhere)
        named = _real(arns[0] + main.ends[0]) + self.sample
        other = _real(self.parameter.kind.normal(self.other, place)) + self.sample
        if other not in {_real(arn) + self.sample for arn in arns}:
            found.append(no(by_us(values, place, main.actions[0], other), "It is not named."))
        found.append(no(by_us(values, place, self.refused, named), "No statement has this action."))
        return found


def _real(pattern: str) -> str:
    """Return a resource that the pattern matches."""
    return pattern.replace("??????", "AbCdEf").replace("*", "anything")


def listed(
    id: str,
    title: str,
    what: Listed,
    *,
    services: tuple[str, ...],
    allows: str,
    mind: str,
    sources: tuple[str, ...],
    types: tuple[VpcEndpointType, ...] = ("Interface",),
) -> Template:
    """Return the template. What it denies follows from its shape."""
    return Template(
        id=id,
        title=title,
        allows=allows,
        denies="Everything else: other resources, other actions, and callers that are not ours.",
        mind=mind,
        sources=(*sources, writing.PRIVATELINK),
        build=what,
        parameters=(what.parameter, *writing.WHO),
        services=services,
        types=types,
    )


def several(name: str, label: str, kind: Kind, *examples: str, help: str = "One a line: names or ARNs.") -> Parameter:
    """Return the parameter that lists the resources."""
    return Parameter(name, label, help, kind, examples, many=True)
