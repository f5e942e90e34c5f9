"""How long it takes to compare two policies by meaning: `python -m bench.policy_compare`.

Typical pairs are 20 policies as teams have them, each changed in ten ways that people change policies in; large pairs
fill the 20,480 characters as large organizations do, hostile ones as only an attacker would. Times are of the thread,
with compiling, replayed witnesses and sentences, without reading the documents.
"""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from bench import policy_cases
from bench.stage import show
from endpoints.policy.compare import Comparison, compare
from endpoints.policy.document import PolicyDocument, parse
from tests.unit.policy.compare import heavy

ROUNDS = 5

Policy = dict[str, Any]


def main() -> None:
    """Measure and print."""
    typical = [(parse(text), parse(changed)) for text in policy_cases.policies() for changed in _changed(text)]
    for before, after in typical:
        compare(before, after)  # the action reference is read once, when it is first asked
    timed = [_timed(before, after) for before, after in typical]
    times = sorted(seconds for seconds, _ in timed)
    differing = [seconds for seconds, found in timed if found.relation != "equivalent"]
    relations = Counter(found.relation for _, found in timed)
    show(
        "policy_compare_typical_median",
        statistics.median(times) * 1000,
        "ms",
        limit=1,
        pairs=len(typical),
        median_of_those_that_differ=round(statistics.median(differing) * 1000, 3),
        p95=round(times[len(times) * 95 // 100] * 1000, 3),
        worst=round(times[-1] * 1000, 3),
        **relations,
    )
    _heavy("large", heavy.large, limit=200)
    _heavy("hostile", heavy.hostile, limit=2000)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show("policy_compare_memory_after_all", memory, "MiB", limit=256)


def _heavy(name: str, pairs: Callable[[], Any], limit: int) -> None:
    timed = {of: _timed(before, after) for of, (before, after) in pairs()}
    worst = max(timed, key=lambda of: timed[of][0])
    undecided = sorted(of for of, (_, found) in timed.items() if found.relation == "undecided")
    show(
        f"policy_compare_{name}_worst",
        timed[worst][0] * 1000,
        "ms",
        limit=limit,
        pairs=len(timed),
        worst=worst,
        median=round(statistics.median(seconds for seconds, _ in timed.values()) * 1000, 1),
        undecided=undecided,
    )


def _timed(before: PolicyDocument, after: PolicyDocument) -> tuple[float, Comparison]:
    """Return the quickest of some rounds, in seconds, and the answer."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.thread_time()
        found = compare(before, after)
        best = min(best, time.thread_time() - started)
        if best > 0.3:
            break
    return best, found


def _changed(text: str) -> list[str]:
    """Return the policy after each of ten changes of its first statement or of the whole."""
    changes: list[Callable[[Policy], None]] = [
        lambda policy: None,
        lambda policy: policy["Statement"].reverse(),
        lambda policy: policy["Statement"].pop(),
        lambda policy: _first(policy, "Action", "s3:PutObjectTagging"),
        lambda policy: _first(policy, "Resource", "arn:aws:s3:::another-bucket/*"),
        lambda policy: _replace(policy, "Action", "s3:*"),
        lambda policy: _replace(policy, "Resource", "*"),
        lambda policy: policy["Statement"][0].pop("Condition", None),
        lambda policy: _when(policy, "StringEquals", "aws:PrincipalOrgID", ["o-a1b2c3d4e5", "o-another"]),
        lambda policy: policy["Statement"].append(
            {"Effect": "Deny", "Principal": "*", "Action": "s3:Delete*", "Resource": "*"}
        ),
    ]
    found = []
    for change in changes:
        policy = json.loads(text)
        change(policy)
        found.append(json.dumps(policy, indent=2))
    return found


def _first(policy: Policy, name: str, more: str) -> None:
    statement = policy["Statement"][0]
    if name in statement:
        listed = statement[name] if isinstance(statement[name], list) else [statement[name]]
        statement[name] = [*listed, more]


def _replace(policy: Policy, name: str, value: str) -> None:
    statement = policy["Statement"][0]
    statement.pop(f"Not{name}", None)
    statement[name] = value


def _when(policy: Policy, operator: str, key: str, value: object) -> None:
    policy["Statement"][0].setdefault("Condition", {}).setdefault(operator, {})[key] = value


if __name__ == "__main__":
    main()
