"""What must hold of any two policies. `FUZZ_PAIRS` and `FUZZ_REQUESTS` make it as many as one likes (`make fuzz`)."""

from __future__ import annotations

import json
import os
import random
from typing import Any

import pytest

from endpoints.policy.compare import Comparison, compare
from endpoints.policy.document import PolicyDocument, parse
from endpoints.policy.evaluate import CompiledPolicy, compile_policy
from tests.unit.policy.compare import making

PAIRS = int(os.environ.get("FUZZ_PAIRS", "120"))
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "25"))
FIRST_SEED = int(os.environ.get("FUZZ_FIRST_SEED", "0"))
MIRRORED = {"wider": "narrower", "narrower": "wider"}

Case = tuple[int, PolicyDocument, PolicyDocument, Comparison]


@pytest.fixture(scope="module", params=[False, True], ids=["without variables", "with variables"])
def cases(request: pytest.FixtureRequest) -> list[Case]:
    found = []
    for seed in range(FIRST_SEED, FIRST_SEED + PAIRS // (2 if request.param else 1)):
        before, after = making.pair(random.Random(seed), variables=request.param)
        found.append((seed, before, after, compare(before, after)))
    return found


@pytest.mark.skipif(PAIRS < 100, reason="among fewer than 100 pairs a relation may be missing by chance")
def test_every_relation_comes_up_and_hardly_any_pair_is_undecided(cases: list[Case]) -> None:
    relations = [found.relation for *_, found in cases]
    assert {"equivalent", "wider", "narrower", "incomparable"} <= set(relations)
    assert relations.count("undecided") <= len(cases) // 20


def test_every_witness_replays(cases: list[Case]) -> None:
    shown = 0
    for seed, before, after, found in cases:
        old, new = compile_policy(before), compile_policy(after)
        for regions, allowing, other in ((found.gained, new, old), (found.lost, old, new)):
            for region in regions:
                shown += 1
                assert allowing.decide(region.witness).effect == "Allow", (seed, region)
                assert other.decide(region.witness).effect != "Allow", (seed, region)
    assert shown > len(cases) // 2 or PAIRS < 100


def test_random_requests_agree_with_the_relation(cases: list[Case]) -> None:
    differing = 0
    for seed, before, after, found in cases:
        chance = random.Random(f"requests {seed}")
        old, new = compile_policy(before), compile_policy(after)
        for _ in range(REQUESTS):
            request = making.request(chance)
            was, is_now = (_allows(policy, request) for policy in (old, new))
            differing += was is not is_now
            if is_now and not was:
                assert found.relation in ("wider", "incomparable", "undecided"), (seed, request)
            if was and not is_now:
                assert found.relation in ("narrower", "incomparable", "undecided"), (seed, request)
    assert differing > len(cases) * REQUESTS // 200 or PAIRS < 100, "the requests hardly ever tell the policies apart"


def _allows(policy: CompiledPolicy, request: Any) -> bool:
    return policy.decide(request).effect == "Allow"


def test_the_other_way_round_is_the_mirror(cases: list[Case]) -> None:
    for seed, before, after, found in cases:
        back = compare(after, before)
        assert back.relation == MIRRORED.get(found.relation, found.relation), seed
        assert [_mirrored(one.text) for one in back.gained] == [one.text for one in found.lost], seed
        assert [_mirrored(one.text) for one in back.lost] == [one.text for one in found.gained], seed


def _mirrored(text: str) -> str:
    for one, other in ((" may now ", " may no longer "), (" are gained,", " are lost,")):
        if one in text:
            return text.replace(one, other)
        text = text.replace(other, one)
    return text


def test_order_splitting_and_repetition_change_nothing(cases: list[Case]) -> None:
    for seed, before, *_ in cases:
        chance = random.Random(f"order {seed}")
        again = parse(json.dumps({"Version": "2012-10-17", "Statement": _rewritten(chance, before)}))
        assert compare(before, again) == Comparison("equivalent"), seed


def _rewritten(chance: random.Random, document: PolicyDocument) -> list[Any]:
    """Return the statements, each of their lists split or shuffled, some of them repeated, in another order."""
    found: list[Any] = []
    for statement in json.loads(document.text)["Statement"]:
        parts = [dict(sorted(statement.items(), key=lambda _: chance.random()))]
        for name in ("Action", "Resource"):
            if name in statement and chance.random() < 0.5:
                parts = [{**part, name: one} for part in parts for one in statement[name]]
        found += parts
        found += chance.sample(parts, 1) if chance.random() < 0.3 else []
    chance.shuffle(found)
    return found
