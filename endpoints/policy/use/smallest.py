"""A readable endpoint policy that allows what was used, and little more.

It is built as narrowly as the record tells, and made wider step by step only until it fits into AWS's limit; every
step is told. What is returned has been asked about every recorded request.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from endpoints.policy.document import MAX_CHARACTERS, PolicyDocument, minified, parse
from endpoints.policy.evaluate import CompiledPolicy, compile_policy
from endpoints.policy.lint import lint
from endpoints.policy.lint.endpoint_services import action_prefixes
from endpoints.policy.use.callers import Caller, caller_of, principal_and_condition
from endpoints.policy.use.generalise import FEW_PREFIXES, Wideness, patterns_of
from endpoints.policy.use.recorded import Recorded, Seen

MAX_LINES = 60

VpcEndpointType = Literal["Gateway", "Interface"]
Row = tuple[Caller, str, str]
"""A caller, an action and a pattern of resources."""


class CannotAllowError(ValueError):
    """No policy can be suggested; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A policy's text, laid out for reading, and what to know about it, a line each."""

    text: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How wide to build."""

    resources: Wideness = field(default_factory=Wideness)
    callers_together: bool = False
    """Every caller gets what any of them used."""
    actions_together: bool = False
    """Every action on every resource of its service that was used at all."""
    accounts: bool = False
    """Callers are named by their account."""
    whole_service: bool = False
    """`service:*` in place of actions."""


@dataclass(frozen=True, slots=True)
class _Step:
    what: str
    fields: dict[str, Any]
    wide: dict[str, Any]


_STEPS = (
    _Step("Each bucket has at most three prefixes.", {}, {"prefixes": FEW_PREFIXES}),
    _Step("Buckets are allowed whole, not by prefix.", {}, {"prefixes": 0}),
    _Step("Indexes, versions and streams are allowed with their table, function or group.", {}, {"groups": True}),
    _Step("Every caller gets what any of them used.", {"callers_together": True}, {}),
    _Step("Callers are named by their account.", {"accounts": True}, {}),
    _Step("Every action used is allowed on every resource used.", {"actions_together": True}, {}),
    _Step("Resources are allowed by service, region and account.", {}, {"services": True}),
    _Step("All actions of the services are allowed.", {"whole_service": True}, {}),
)


def smallest_policy(
    recorded: Recorded | Sequence[Seen],
    *,
    vpc_endpoint_type: VpcEndpointType,
    service_name: str,
    organization: str | None = None,
    keep: PolicyDocument | None = None,
) -> Suggestion:
    """Return a policy that allows every recorded request, made for that endpoint.

    `service_name` is as AWS writes it (`com.amazonaws.eu-west-1.s3`); requests to other services never come through
    the endpoint and are left out. `organization` is asked of callers whose requests carry it. The Deny statements of
    `keep` stay. Raises `CannotAllowError` if nothing was recorded, if a kept Deny denies what was, or if no policy
    fits into AWS's limit.
    """
    seen = recorded.requests if isinstance(recorded, Recorded) else tuple(recorded)
    mine, lines = _of_service(seen, service_name)
    if not mine:
        raise CannotAllowError("No request to this service was recorded. Record for longer, or choose a template.")
    builder = _Builder(mine, vpc_endpoint_type, organization, _kept(keep))
    plan, steps = _plan(builder)
    text, told = builder.text(plan)
    _check(text, mine, vpc_endpoint_type, service_name)
    lines += [*(f"To fit into {MAX_CHARACTERS:,} characters: {step}" for step in steps), *told, *_doubts(mine, text)]
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"And {len(lines) - MAX_LINES} lines more."]
    return Suggestion(text, tuple(lines))


def _of_service(seen: Sequence[Seen], service_name: str) -> tuple[list[Seen], list[str]]:
    prefixes = action_prefixes(service_name)
    mine = [one for one in seen if not prefixes or one.request.action.partition(":")[0] in prefixes]
    events, left = sum(one.count for one in mine), sum(one.count for one in seen) - sum(one.count for one in mine)
    lines = [f"It allows {_calls(events, 'recorded ')}, {len(mine):,} different ones."] if mine else []
    if left:
        those = "is of another service" if left == 1 else "are of other services"
        lines.append(f"{_calls(left)} {those}, which this endpoint does not carry: left out.")
    return mine, lines


def _kept(keep: PolicyDocument | None) -> list[Any]:
    if keep is None:
        return []
    statements = keep.data.get("Statement")
    items = statements if isinstance(statements, list) else [statements]
    return [item for item in items if isinstance(item, dict) and item.get("Effect") == "Deny"]


def _plan(builder: _Builder) -> tuple[Plan, list[str]]:
    """Return the narrowest plan that fits, and its steps in words."""
    taken: list[_Step] = []
    for step in (None, *_STEPS):
        if step is not None:
            taken.append(step)
        if builder.fits(_planned(taken)):
            break
    else:
        raise CannotAllowError(f"No policy of {MAX_CHARACTERS:,} characters allows all of it. Choose a template.")
    for step in [*taken[:-1]]:  # an earlier step may not be needed once a later one is taken
        fewer = [one for one in taken if one is not step]
        if builder.fits(_planned(fewer)):
            taken = fewer
    return _planned(taken), [step.what for step in taken]


def _planned(steps: Iterable[_Step]) -> Plan:
    plan, wide = Plan(), Wideness()
    for step in steps:
        plan, wide = replace(plan, **step.fields), replace(wide, **step.wide)
    return replace(plan, resources=wide)


class _Builder:
    """Builds the text for a plan."""

    def __init__(
        self, seen: Sequence[Seen], vpc_endpoint_type: VpcEndpointType, organization: str | None, kept: list[Any]
    ) -> None:
        self._type = vpc_endpoint_type
        self._kept = kept
        self._patterns: dict[Wideness, tuple[dict[str, str], list[str]]] = {}
        self._used = {(caller_of(one.request, organization), one.request.action, one.request.resource) for one in seen}

    def fits(self, plan: Plan) -> bool:
        """Tell whether the plan's policy is short enough for AWS."""
        patterns = set(self._generalised(plan)[0].values())
        callers = {caller.of_account() if plan.accounts else caller for caller, _, _ in self._used}
        if sum(map(len, patterns)) > 2 * MAX_CHARACTERS or sum(len(one.name) for one in callers) > MAX_CHARACTERS:
            return False  # without building it: that takes its time for 100,000 requests
        document = {"Version": "2012-10-17", "Statement": self._statements(plan)[0]}
        return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False)) <= MAX_CHARACTERS

    def _generalised(self, plan: Plan) -> tuple[dict[str, str], list[str]]:
        """Return the pattern of each resource, and what to say about that."""
        if plan.resources not in self._patterns:
            self._patterns[plan.resources] = patterns_of({one[2] for one in self._used}, plan.resources)
        return self._patterns[plan.resources]

    def text(self, plan: Plan) -> tuple[str, list[str]]:
        """Return the policy's text and what was generalised, in words."""
        statements, lines = self._statements(plan)
        document = {"Version": "2012-10-17", "Statement": statements}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n", lines

    def _statements(self, plan: Plan) -> tuple[list[Any], list[str]]:
        patterns, lines = self._generalised(plan)
        rows = {
            (caller.of_account() if plan.accounts else caller, _action(action, plan), patterns[resource])
            for caller, action, resource in self._used
        }
        found = _merged(rows, plan)
        counts: Counter[str] = Counter()
        taken = {item.get("Sid") for item in self._kept}
        statements = [*self._kept]
        for callers, actions, resources in found:
            principal, condition = principal_and_condition(callers, self._type)
            taken.add(sid := _free_sid(_sid(actions, resources), counts, taken))
            statement = {
                "Sid": sid,
                "Effect": "Allow",
                "Principal": principal,
                "Action": _short(actions),
                "Resource": _short(resources),
            }
            statements.append(statement | ({"Condition": condition} if condition else {}))
        return statements, lines


def _action(action: str, plan: Plan) -> str:
    return f"{action.partition(':')[0]}:*" if plan.whole_service else action


def _merged(rows: set[Row], plan: Plan) -> list[tuple[list[Caller], list[str], list[str]]]:
    """Return statements that allow the rows, and nothing else unless the plan says so."""
    by_pair: dict[tuple[tuple[Caller, ...], str, str], set[str]] = defaultdict(set)
    together: dict[str, list[Caller]] = defaultdict(list)
    if plan.callers_together:
        for caller in sorted({caller for caller, _, _ in rows}):
            together[caller.mixes].append(caller)
    for caller, action, resource in rows:
        callers = tuple(together.get(caller.mixes, (caller,)))
        by_pair[callers, action.partition(":")[0], resource].add(action)
    if plan.actions_together:
        by_pair = _together(by_pair)
    by_actions: dict[tuple[tuple[Caller, ...], tuple[str, ...]], set[str]] = defaultdict(set)
    for (callers, _, resource), actions in by_pair.items():
        by_actions[callers, tuple(sorted(actions))].add(resource)
    by_both: dict[tuple[str, tuple[str, ...], tuple[str, ...]], set[Caller]] = defaultdict(set)
    for (callers, names), resources in by_actions.items():
        by_both[callers[0].mixes, names, _uncovered(resources)].update(callers)
    found = [(sorted(who), [*names], [*what]) for (_, names, what), who in by_both.items()]
    return sorted(found, key=lambda one: (one[1], one[2], one[0]))


def _together(
    by_pair: dict[tuple[tuple[Caller, ...], str, str], set[str]],
) -> dict[tuple[tuple[Caller, ...], str, str], set[str]]:
    everything: dict[tuple[tuple[Caller, ...], str], set[str]] = defaultdict(set)
    for (callers, service, _), actions in by_pair.items():
        everything[callers, service] |= actions
    return defaultdict(set, {key: everything[key[0], key[1]] for key in by_pair})


def _uncovered(resources: set[str]) -> tuple[str, ...]:
    """Return the resources in order, without those that a prefix among them takes in."""
    if "*" in resources:
        return ("*",)
    heads = {one[:-1] for one in resources if one.endswith("*") and "*" not in one[:-1] and "?" not in one}
    ends = sorted({len(head) for head in heads})
    kept = [one for one in resources if not any(one[:end] in heads and one[:end] + "*" != one for end in ends)]
    return tuple(sorted(kept))


def _sid(actions: Sequence[str], resources: Sequence[str]) -> str:
    """Return a name that tells what a statement is about, such as ReadPaymentsReports."""
    service = actions[0].partition(":")[0]
    name = resources[0].rpartition(":")[2].partition("/")[0] if len(resources) == 1 else ""
    words = [service, *(word for word in "".join(c if c.isalnum() and c.isascii() else " " for c in name).split())]
    return "".join(word[:1].upper() + word[1:] for word in words)[:60]


def _free_sid(base: str, counts: Counter[str], taken: Collection[Any]) -> str:
    """Return the name, with a number where it is taken. `counts` are the numbers tried for each name."""
    while True:
        counts[base] += 1
        sid = base if counts[base] == 1 else f"{base}{counts[base]}"
        if sid not in taken:
            return sid


def _short(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else [*values]


# --- Proof ------------------------------------------------------------------------------------------------------
def _check(text: str, seen: Sequence[Seen], vpc_endpoint_type: VpcEndpointType, service_name: str) -> None:
    document = parse(text)
    assert len(minified(document)) <= MAX_CHARACTERS
    blocking = [
        found
        for found in lint(document, vpc_endpoint_type=vpc_endpoint_type, service_name=service_name)
        if found.severity == "block"
    ]
    if blocking:
        raise CannotAllowError(f"What was recorded makes no valid policy: {blocking[0].message} Choose a template.")
    policy = compile_policy(document)
    for one in seen:
        if policy.decide(one.request).effect != "Allow":
            raise CannotAllowError(_refused(policy, one))


def _refused(policy: CompiledPolicy, one: Seen) -> str:
    denying = policy.decide(one.request)
    if denying.effect == "Deny":
        return f"A statement that is kept denies {one.request.action} by {one.who}. Leave that statement out."
    return f"{one.request.action} by {one.who} on {one.request.resource} can't be allowed by name. Choose a template."


def _doubts(seen: Sequence[Seen], text: str) -> list[str]:
    doubts: dict[tuple[str, str], int] = defaultdict(int)
    for one in seen:
        if one.unsure:
            doubts[one.request.action, one.unsure] += one.count
    lines = [f"{action}, {_calls(count)}: {why}" for (action, why), count in sorted(doubts.items())]
    if any(caller_of(one.request, None).kind == "anonymous" for one in seen):
        lines.append("Some calls carried no credentials, so anyone may make them: only the resource guards them.")
    if '"AWS":' in text:
        lines.append("A role that is named as Principal must exist; when it is deleted, AWS shows its id in its place.")
    return lines


def _calls(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}call{'' if count == 1 else 's'}"
