"""Which recorded requests would a proposed policy deny? Grouped, so that a reviewer reads lines and not events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from endpoints.policy.document import PolicyDocument
from endpoints.policy.evaluate import CompiledPolicy, Request, compile_policy
from endpoints.policy.use.groups import group_of
from endpoints.policy.use.recorded import Recorded, Seen

MAX_REASONS = 3
EXPLAINED = 200
"""Groups that get a reason; nobody reads so many, and each takes a look at every statement."""


@dataclass(slots=True)
class Denied:
    """Requests of one caller, one action and one resource (a whole bucket, say) that the policy would deny.

    `count` is of events, `first` and `last` their times; `sample` is one of the requests and `reason` why it is
    denied. `unsure` says what of the sample is not recorded, so that the answer may be wrong.
    """

    who: str
    action: str
    resource: str
    count: int
    first: str
    last: str
    sample: Request
    reason: str = ""
    unsure: str = ""
    explicit: bool = False


@dataclass(frozen=True, slots=True)
class Replay:
    """The answer. `allowed` and `denied` count events; groups come by count, the most first.

    The first `EXPLAINED` of them say why.
    """

    allowed: int
    denied: int
    groups: tuple[Denied, ...]

    @property
    def clean(self) -> bool:
        """Whether everything that was recorded stays allowed."""
        return not self.groups


def replay(policy: PolicyDocument | CompiledPolicy, recorded: Recorded | Sequence[Seen]) -> Replay:
    """Ask the policy about each recorded request that AWS allowed. Requests that AWS denied are not asked about."""
    compiled = policy if isinstance(policy, CompiledPolicy) else compile_policy(policy)
    seen = recorded.requests if isinstance(recorded, Recorded) else recorded
    allowed = denied = 0
    groups: dict[tuple[str, str, str], Denied] = {}
    for one in seen:
        outcome = compiled.decide(one.request)
        if outcome.effect == "Allow":
            allowed += one.count
            continue
        denied += one.count
        key = (one.who, one.request.action, group_of(one.request.resource))
        group = groups.get(key)
        if group is None:
            group = groups[key] = Denied(*key, 0, one.first, one.last, one.request, unsure=one.unsure)
            group.explicit = outcome.effect == "Deny"
        group.count += one.count
        group.first, group.last = min(group.first, one.first), max(group.last, one.last)
    ordered = sorted(groups.values(), key=lambda group: (-group.count, group.who, group.action))
    for group in ordered[:EXPLAINED]:
        group.reason = reason(compiled, group.sample)
    return Replay(allowed, denied, tuple(ordered))


def reason(policy: CompiledPolicy, request: Request) -> str:
    """Return why the policy denies the request, in a sentence or a few."""
    said = policy.explain(request)
    denying = next((one for one in said if one.matched and one.effect == "Deny"), None)
    if denying is not None:
        return f"{_named(denying.index, denying.sid)} denies it."
    why = [f"{_named(one.index, one.sid)}: {one.why}" for one in said if one.effect == "Allow" and one.why]
    if not why:
        return "No statement allows it."
    more = len(why) - MAX_REASONS
    return " ".join(("No statement allows it.", *why[:MAX_REASONS], *([f"And {more} more."] if more > 0 else [])))


def _named(index: int, sid: str | None) -> str:
    return f"Statement {index + 1}" + (f' ("{sid}")' if sid else "")
