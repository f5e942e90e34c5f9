"""The faults of a soak: which, in what order and when, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

CALLS = ("CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints", "DescribeVpcEndpoints", "CreateTags")
ANSWERS = ("cut", "delay", "refuse", "reset", "throttle")


@dataclass
class Fault:
    """One fault of the schedule: when, in seconds from the start, and what."""

    at: float
    kind: str
    what: dict[str, Any] = field(default_factory=dict)


def schedule(rng: random.Random, count: int, seconds: float) -> list[Fault]:
    """Draw the faults of a seed, over so many seconds. Each kind comes at least once."""
    kinds = ["kill worker", "stop worker", "kill beat", "wipe redis", "hang redis", "restart redis", "restart postgres"]
    kinds += ["duplicate"]
    kinds += ["aws"] * max(8, count // 4)
    faults = []
    for kind in kinds:
        what: dict[str, Any] = {"number": rng.randrange(2)}
        if kind == "aws":
            answer = rng.choice(ANSWERS)
            what = {"action": rng.choice(CALLS), "kind": answer, "times": rng.randint(1, 4)}
            what |= {"seconds": 6.0} if answer == "delay" else {}
        faults.append(Fault(rng.uniform(0.5, seconds), kind, what))
    faults.append(
        Fault(0, "aws", {"action": "CreateVpcEndpoint", "kind": "not_found", "times": count // 4, "reads": 2})
    )
    return sorted(faults, key=lambda fault: fault.at)
