"""Decisions a second of 20 compiled endpoint policies on 100 requests: `python -m bench.policy_evaluate`.

The peer is the core of iam-simulate (npm), in the same run and on the same cases, with its policies loaded and its
requests made beforehand. It asks for identity policies: it gets one that allows everything, and our figure for a chain
with the same stands beside it. All answers are compared; the peer doesn't look at who an endpoint policy's Principal
names, so that those of policies for anyone stand apart. It is installed into bench/peers from its lock when npm is
there. It is under the AGPL: nothing of it is part of the portal.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import policy_cases
from bench.stage import show
from endpoints.policy.document import parse
from endpoints.policy.evaluate import Chain, Request, compile_policy, evaluate
from endpoints.policy.meaning import FULL_ACCESS

PEERS = Path(__file__).parent / "peers"
SECONDS = 2.0
"""For how long each engine decides."""


def main() -> None:
    """Measure and print."""
    texts, requests = policy_cases.policies(), policy_cases.requests()
    started = time.perf_counter()
    compiled = [compile_policy(parse(text)) for text in texts]
    reading = (time.perf_counter() - started) / len(texts)
    alone = [Chain(endpoint_policies=(one,)) for one in compiled]
    everything = (compile_policy(parse(FULL_ACCESS)),)
    both = [Chain(endpoint_policies=(one,), identity_policies=everything) for one in compiled]
    peer = _peer(texts, requests)
    mine = _rate(lambda: [evaluate(request, chain) for chain in alone for request in requests])
    with_identity = _rate(lambda: [evaluate(request, chain) for chain in both for request in requests])
    asked = _rate(lambda: [one.decide(request) for one in compiled for request in requests])
    more: dict[str, Any] = {"read_and_compile_milliseconds": round(reading * 1000, 3), "one_policy_asked": round(asked)}
    if peer is not None:
        more |= {"iam_simulate": round(peer["rate"]), "times_iam_simulate": round(with_identity / peer["rate"], 1)}
        ours = [[evaluate(request, chain).decision for request in requests] for chain in both]
        theirs = [peer["answers"][at : at + len(requests)] for at in range(0, len(peer["answers"]), len(requests))]
        for_anyone = [number for number, text in enumerate(texts) if '"Principal": {' not in text]
        more["same_answers"] = _same(ours, theirs, range(len(texts)))
        more["same_answers_of_policies_for_anyone"] = _same(ours, theirs, for_anyone)
    show("policy_decisions", mine, "1/s", with_identity_policy=round(with_identity), **more)


def _same(ours: list[list[str]], theirs: list[list[str]], which: Sequence[int]) -> float:
    """Return the share of equal answers of some of the policies."""
    pairs = [pair for number in which for pair in zip(ours[number], theirs[number], strict=True)]
    return round(sum(a == b for a, b in pairs) / len(pairs), 4)


def _rate(decide_all: Callable[[], Sequence[object]]) -> float:
    """Return decisions a second, of the quickest round."""
    best, until = 0.0, time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        started = time.perf_counter()
        count = len(decide_all())
        best = max(best, count / (time.perf_counter() - started))
    return best


def _peer(texts: list[str], requests: list[Request]) -> dict[str, Any] | None:
    """Return the peer's rate and answers; None, with a line that says how to get it, if it isn't there."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node and not (PEERS / "node_modules").exists():
        subprocess.run([npm, "ci", "--silent", "--prefix", str(PEERS)], check=False, stdout=subprocess.DEVNULL)
    if not (node and (PEERS / "node_modules").exists()):
        print("iam-simulate is missing: install Node.js 20, then run: npm ci --prefix bench/peers", file=sys.stderr)
        return None
    cases = {
        "policies": [json.loads(text) for text in texts],
        "requests": [
            {
                "principal": one.principal,
                "action": one.action,
                "resource": one.resource,
                "account": one.resource_account,
                "context": one.context,
            }
            for one in requests
        ],
        "seconds": SECONDS,
    }
    ran = subprocess.run(
        [node, str(PEERS / "iam_simulate.mjs")], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


if __name__ == "__main__":
    main()
