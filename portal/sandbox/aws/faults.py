"""Faults on request: rules that match action, account and region, fire a number of times, and count it.

| kind | what happens | parameters |
|---|---|---|
| `throttle` | `RequestLimitExceeded` (503), nothing is done | |
| `error` | the given error, nothing is done | `code`, `message`, `status` |
| `refuse` | `Unavailable` (503), nothing is done | `code`, `message`, `status` |
| `reset` | the connection is reset, nothing is done | |
| `cut` | the call is done, then the socket is cut without an answer | |
| `delay` | the call is done, then the answer waits | `seconds` |
| `not_found` | a new endpoint is invisible to its first reads | `reads` |
| `hold` | a new endpoint stays in its first state for some reads, whatever the time | `reads` |
| `fail` | a new endpoint goes from `pending` to `failed` | `code`, `message` |
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from portal.sandbox.aws.errors import AwsError
from portal.sandbox.aws.store import Endpoint

BEFORE = frozenset({"throttle", "error", "refuse", "reset"})
AFTER = frozenset({"cut", "delay"})
ENDPOINT = frozenset({"not_found", "hold", "fail"})


@dataclass
class Rule:
    """One fault. `times` is how often it may fire, None for always; `fired` how often it did."""

    id: int
    action: str
    kind: str
    times: int | None
    account: str | None
    region: str | None
    params: dict[str, Any]
    fired: int = 0

    def matches(self, action: str, account: str, region: str) -> bool:
        """Tell whether it fires for a call now."""
        return (
            (self.times is None or self.fired < self.times)
            and self.action in ("*", action)
            and self.account in (None, account)
            and self.region in (None, region)
        )

    def error(self) -> AwsError:
        """Return the error of a kind that answers with one."""
        if self.kind == "throttle":
            return AwsError("RequestLimitExceeded", "Request limit exceeded.")
        if self.kind == "refuse":
            code, message, status = (
                "Unavailable",
                "The server is overloaded and can't handle the request.",
                503,
            )
        else:
            code, message, status = "InternalError", "An internal error has occurred", None
        given = self.params.get("status", status)
        return AwsError(
            str(self.params.get("code", code)),
            str(self.params.get("message", message)),
            None if given is None else int(given),
        )

    def shown(self) -> dict[str, Any]:
        """Return it as the control API shows it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass
class Faults:
    """The rules in force, oldest first: the first that matches fires."""

    rules: list[Rule] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def add(
        self,
        *,
        action: str,
        kind: str,
        times: int | None = 1,
        account: str | None = None,
        region: str | None = None,
        params: dict[str, Any] | None = None,
    ) -> Rule:
        """Add a rule; raises ValueError for a kind that does not exist."""
        if kind not in BEFORE | AFTER | ENDPOINT:
            known = ", ".join(sorted(BEFORE | AFTER | ENDPOINT))
            raise ValueError(f"There is no fault {kind!r}: choose one of {known}.")
        rule = Rule(next(self.numbers), action, kind, times, account, region, dict(params or {}))
        self.rules.append(rule)
        return rule

    def take(self, kinds: frozenset[str], action: str, account: str, region: str) -> Rule | None:
        """Return the rule that fires for a call, counted, or None."""
        for rule in self.rules:
            if rule.kind in kinds and rule.matches(action, account, region):
                rule.fired += 1
                return rule
        return None

    def mark_new(self, endpoint: Endpoint) -> None:
        """Let the rules about new endpoints fire on one that was just made."""
        for kind in sorted(ENDPOINT):
            rule = self.take(frozenset({kind}), "CreateVpcEndpoint", endpoint.account, endpoint.region)
            if rule is None:
                continue
            if kind == "not_found":
                endpoint.hidden_reads = int(rule.params.get("reads", 1))
            elif kind == "hold":
                endpoint.held_reads = int(rule.params.get("reads", 1))
            else:
                endpoint.failure = {
                    "Code": str(rule.params.get("code", "InternalError")),
                    "Message": str(rule.params.get("message", "The VPC endpoint could not be created.")),
                }


FAULTS = Faults()
