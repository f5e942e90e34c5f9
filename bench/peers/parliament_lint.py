"""Lints policies with parliament, as `bench.policy_lint` asks; runs in the peers' own environment.

In: JSON with the policies' texts and how many rounds. Out: seconds that the import took, and seconds of each policy.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

started = time.perf_counter()
import parliament  # noqa: E402  # timed

imported = time.perf_counter() - started


def seconds(text: str, rounds: int) -> float:
    """Return the median of the rounds."""
    found = []
    for _ in range(rounds):
        before = time.perf_counter()
        parliament.analyze_policy_string(text)
        found.append(time.perf_counter() - before)
    return statistics.median(found)


asked = json.load(sys.stdin)
print(json.dumps({"import": imported, "policies": [seconds(text, asked["rounds"]) for text in asked["policies"]]}))
