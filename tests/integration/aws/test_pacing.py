"""The buckets on a real Valkey: arithmetic at an injected time, and bounds under threads and processes."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import socket
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from endpoints.aws import Kind
from endpoints.aws.pacing import (
    CREATE,
    DELETE,
    MARGIN,
    SLACK,
    TIMEOUT,
    Bucket,
    History,
    NotYet,
    Pacer,
    Reads,
    Size,
    Urgency,
    tokens_left,
)
from portal.sandbox.aws import buckets as awss
from tests import workers

EACH = 1 / (0.3 * MARGIN)
"""Seconds that a token of a slow bucket takes."""
BUCKET = Bucket("555566667777", "eu-west-1", CREATE)


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Line:
    """One bucket at a time of the test's own, with all that goes through written down."""

    def __init__(self, clock: Clock, bucket: Bucket = BUCKET) -> None:
        self.clock, self.bucket = clock, bucket
        self.pacer = Pacer(os.environ["REDIS_URL"], clock=clock)
        self.went: list[float] = []
        self.history = History()

    def ask(self, urgency: Urgency = Urgency.URGENT, *, promised: bool = False) -> float:
        """Ask for a token; return 0 or the seconds to wait."""
        try:
            self.pacer.take(self.bucket, urgency, lambda: self.history, promised=promised)
        except NotYet as later:
            return later.seconds
        self.went.append(self.clock.now)
        return 0


@pytest.fixture
def clock(valkey: redis.Redis) -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Line:
    return Line(clock)


def throttles_at_aws(moments: list[float], *, delay: float = 0) -> int:
    """Return how many calls at these times AWS's own bucket refuses; none arrives before the first `delay`."""
    held = awss.Buckets()
    earliest = min(moments) + delay
    return sum(not held.take(CREATE, "1", "r", 1.0, max(now, earliest)) for now in sorted(moments))


def test_sizes_are_awss() -> None:
    for action, (burst, rate) in awss.SIZES.items():
        assert Bucket("1", "r", action).size == Size(burst, rate)
    assert Bucket("1", "r", "DescribeVpcEndpoints").size == Size(*awss._DESCRIBE)


def test_a_full_bucket_lets_its_burst_through_at_once_and_then_one_at_a_time(line: Line) -> None:
    waits = [line.ask() for _ in range(7)]

    assert waits[:4] == [0, 0, 0, 0]
    assert waits[4:] == pytest.approx([SLACK + EACH, SLACK + 2 * EACH, SLACK + 3 * EACH], abs=1e-3)


def test_who_comes_back_at_its_turn_goes_and_takes_no_second_one(line: Line, clock: Clock) -> None:
    waits = [line.ask() for _ in range(40)]
    start = clock.now
    for wait in waits[4:]:
        clock.now = start + wait
        assert line.ask(promised=True) == 0

    assert throttles_at_aws(line.went) == 0
    assert throttles_at_aws(line.went, delay=SLACK) == 0
    assert line.went[-1] - start <= (40 - 4) / 0.3 * 1.05


def test_who_comes_too_early_or_all_too_late_never_makes_the_pace_faster(line: Line, clock: Clock) -> None:
    waits = [line.ask() for _ in range(20)]
    clock.now += waits[-1]  # the workers were away: everybody's turn is over
    late = [line.ask(promised=True) for _ in waits[4:]]

    assert late.count(0) == 4
    assert [wait for wait in late if wait] == sorted(set(late) - {0}), "each is told a time of its own"
    start = clock.now
    for wait in sorted(wait for wait in late if wait):
        clock.now = start + wait
        assert line.ask(promised=True) == 0
    assert len(line.went) == 20
    assert throttles_at_aws(line.went) == 0


def test_a_new_one_does_not_overtake_those_in_line(line: Line, clock: Clock) -> None:
    waits = [line.ask() for _ in range(6)]
    clock.now += waits[4]  # a token is there, and it is the fifth's

    assert line.ask() == pytest.approx(waits[5] - waits[4] + EACH, abs=1e-3)
    assert line.ask(promised=True) == 0


def test_a_token_that_was_not_used_is_there_again(line: Line) -> None:
    for _ in range(4):
        line.ask()
    line.pacer.give_back(line.bucket)

    assert line.ask() == 0
    assert line.ask() > 0


def test_routine_gives_way_to_every_urgent_one_in_line(line: Line, clock: Clock) -> None:
    assert [line.ask(Urgency.ROUTINE) for _ in range(4)] == [0, 0, 0, 0]
    routine = [line.ask(Urgency.ROUTINE) for _ in range(100)]
    assert routine == sorted(routine), "each is told a time of its own"

    urgent = [line.ask() for _ in range(3)]
    assert urgent == pytest.approx([SLACK + EACH, SLACK + 2 * EACH, SLACK + 3 * EACH], abs=1e-3)

    start = clock.now
    for wait in urgent:
        clock.now = start + wait
        assert line.ask(Urgency.ROUTINE, promised=True) > 0, "the token is the urgent one's"
        assert line.ask(promised=True) == 0
    clock.now = start + urgent[-1] + EACH
    assert line.ask(Urgency.ROUTINE, promised=True) == 0
    assert throttles_at_aws(line.went) == 0


def test_accounts_regions_and_actions_have_buckets_of_their_own(clock: Clock) -> None:
    for _ in range(50):
        Line(clock).ask()

    others = [
        Bucket("111111111111", BUCKET.region, CREATE),
        Bucket(BUCKET.account_id, "us-east-1", CREATE),
        Bucket(BUCKET.account_id, BUCKET.region, DELETE),
    ]
    assert [Line(clock, other).ask() for other in others] == [0, 0, 0]


def test_a_throttle_empties_the_bucket_slows_down_and_is_forgotten_in_time(line: Line, clock: Clock) -> None:
    line.ask()
    turn = line.pacer.throttled(line.bucket)

    assert turn == pytest.approx(SLACK + EACH / 0.75, abs=1e-3), "the refused call is the next"
    assert line.ask() == pytest.approx(turn + EACH / 0.75, abs=1e-2), "a new one lines up behind it"
    clock.now += turn
    assert line.ask(promised=True) == 0

    clock.now += 1800
    waits = [line.ask() for _ in range(6)]
    assert waits[:4] == [0, 0, 0, 0]
    assert waits[5] - waits[4] == pytest.approx(EACH, abs=1e-3), "half an hour later all is as before"


def test_the_throttles_of_calls_that_were_under_way_together_count_once(line: Line) -> None:
    for _ in range(4):
        line.ask()
    turns = [line.pacer.throttled(line.bucket) for _ in range(4)]

    between = [later - sooner for sooner, later in itertools.pairwise(turns)]
    assert between == pytest.approx([EACH / 0.75] * 3, abs=1e-3)


def test_throttles_over_and_over_slow_down_a_lot_and_never_stop(line: Line, clock: Clock) -> None:
    line.ask()
    for _ in range(50):
        clock.now += line.pacer.throttled(line.bucket)
    first, second = line.ask(), line.ask()

    assert EACH * 4 < second - first <= EACH * 10


def test_sharing_with_somebody_else_settles_with_few_throttles(line: Line, clock: Clock) -> None:
    """Terraform takes half of AWS's bucket; ours learns it. All by the clock of this test."""
    held = awss.Buckets()
    throttled = made = 0
    theirs = clock.now
    turn, promised = 0.0, False
    while made + throttled < 300:
        clock.now += turn
        while theirs <= clock.now:
            held.take(CREATE, "1", "r", 1.0, theirs)
            theirs += 1 / 0.15
        turn = line.ask(promised=promised)
        promised = bool(turn)
        if turn:
            continue
        if held.take(CREATE, "1", "r", 1.0, clock.now):
            made += 1
        else:
            throttled, promised = throttled + 1, True
            turn = line.pacer.throttled(line.bucket)

    assert 0 < throttled <= 30, f"{throttled} of 300"


def test_a_bucket_that_redis_forgot_is_rebuilt_from_the_calls_and_lines_that_are_known(
    line: Line, clock: Clock, valkey: redis.Redis
) -> None:
    waits = [line.ask() for _ in range(6)]
    clock.now += 1
    valkey.flushall()
    line.history = History(calls=[1.0] * 4, urgent=waits[-1] - 1)

    assert line.ask() == pytest.approx(waits[-1] - 1 + EACH, abs=1e-3), "it lines up behind who was promised a turn"
    clock.now += waits[4] - 1
    assert line.ask(promised=True) == 0
    assert throttles_at_aws(line.went) == 0


def test_an_unknown_bucket_without_history_lets_the_first_go_at_once(line: Line) -> None:
    assert [line.ask() for _ in range(4)] == [0, 0, 0, 0]


@pytest.mark.parametrize("gap", [0.0, 0.5, 3.0, 10.0])
def test_what_is_rebuilt_is_never_more_than_aws_holds(gap: float) -> None:
    held, size, now = awss.Buckets(), Size(4, 0.3), 1000.0
    calls: list[float] = []
    for number in range(60):
        at = 900 + gap * number if gap else 900 + (number % 7) * 15.0
        if at < now and held.take(CREATE, "1", "r", 1.0, max(at, max(calls, default=0))):
            calls.append(max(at, max(calls, default=0)))
    left = 0
    while held.take(CREATE, "1", "r", 1.0, now):
        left += 1

    assert tokens_left(size, [now - at for at in calls]) <= left + 1
    assert tokens_left(size, []) == 4


@pytest.mark.parametrize("scale", [0.25, 1, 100])
def test_a_fifth_of_an_unknown_bucket_of_reads_is_there_at_any_scale(valkey: redis.Redis, scale: float) -> None:
    reads = Reads(Pacer(os.environ["REDIS_URL"], scale=scale, clock=Clock()), "1", "r", patience=0)
    for _ in range(int(100 * scale / 5)):
        reads.before("DescribeVpcEndpoints")
    with pytest.raises(NotYet):
        deque((reads.before("DescribeVpcEndpoints") for _ in range(10)), maxlen=0)


def test_reads_wait_for_a_moment_and_else_give_up(valkey: redis.Redis) -> None:
    pacer = Pacer(os.environ["REDIS_URL"])
    hasty = Reads(pacer, "1", "r", patience=0)
    patient = Reads(pacer, "1", "r", patience=30)
    for _ in range(20):  # reads that nobody wrote down leave a fifth of the bucket
        hasty.before("DescribeVpcEndpoints")
    with pytest.raises(NotYet) as caught:
        deque((hasty.before("DescribeVpcEndpoints") for _ in range(1000)), maxlen=0)

    assert not caught.value.promised
    assert caught.value.kind is Kind.THROTTLED
    patient.before("DescribeVpcEndpoints")
    hasty.before("DescribeSubnets")


# --- Many at once -----------------------------------------------------------------------------------------------------

FAST = 100
"""The scale for tests that run: a burst of 400, 30 a second."""


def _storm(url: str, calls: int, journal: list[float] | None = None, *, known: bool = True) -> list[float]:
    """Ask until so many calls were let through, by all that share a journal; return their times on the server."""
    pacer, server = Pacer(url, scale=FAST), redis.Redis.from_url(url)
    journal = [] if journal is None else journal
    went: list[float] = []
    while len(journal) < calls:
        try:
            pacer.take(BUCKET, Urgency.URGENT, lambda: _history(server, journal if known else []), promised=True)
        except NotYet as later:
            time.sleep(min(later.seconds, 0.01))
        else:
            went.append(_now(server))
            journal.append(went[-1])
    return went


def _history(server: redis.Redis, journal: list[float]) -> History:
    now = _now(server)
    return History([now - at for at in list(journal)])


def _now(server: redis.Redis) -> float:
    whole, micro = server.time()
    return float(whole + micro / 1e6)


def _excess(moments: list[float]) -> float:
    """Return by how many calls the worst stretch of time is over AWS's bound of burst + rate x time."""
    moments.sort()
    worst, lowest = 0.0, float("inf")
    for number, moment in enumerate(moments):
        lowest = min(lowest, number - 0.3 * FAST * moment)
        worst = max(worst, number + 1 - 0.3 * FAST * moment - lowest - 4 * FAST)
    return worst


def test_processes_and_threads_together_never_exceed_the_bound(valkey: redis.Redis) -> None:
    url = os.environ["REDIS_URL"]
    with multiprocessing.get_context("fork").Pool(2) as processes:
        others = processes.starmap_async(_storm, [(url, 110)] * 2)
        with ThreadPoolExecutor(2) as threads:
            mine = list(threads.map(lambda _: _storm(url, 110), range(2)))
        moments = [moment for part in mine + others.get(60) for moment in part]

    assert len(moments) > 4 * FAST, "the storm went beyond the burst"
    assert _excess(moments) <= 0


@pytest.mark.parametrize("known", [True, False], ids=["with a history", "control: without"])
def test_wipes_in_the_middle_do_not_make_the_pace_faster(valkey: redis.Redis, known: bool) -> None:
    url, crowd, burst = os.environ["REDIS_URL"], 3, 4 * FAST
    wipes = [burst - 10, burst + 5, burst + 15]
    total = burst + 25 if known else 2 * burst
    journal: list[float] = []
    with ThreadPoolExecutor(crowd) as threads:
        parts = [threads.submit(_storm, url, total, journal, known=known) for _ in range(crowd)]
        for wipe in wipes if known else wipes[:1]:
            workers.until(lambda after=wipe: len(journal) >= after, f"call {wipe}")  # type: ignore[misc]
            valkey.flushall()
        moments = [moment for part in parts for moment in part.result()]

    assert len(moments) >= total
    # Each may have got its token just before a wipe and not yet have written down its call.
    allowed = crowd * len(wipes)
    if known:
        assert _excess(moments) <= allowed
    else:
        assert _excess(moments) > allowed, "what forgets lets a whole burst through again"


def test_hung_redis_ends_in_a_bounded_time_and_lets_nothing_through() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hung:
        pacer = Pacer(f"redis://127.0.0.1:{hung.getsockname()[1]}/0")
        started = time.monotonic()
        with pytest.raises(NotYet) as caught:
            pacer.take(BUCKET, Urgency.URGENT, History)

        assert time.monotonic() - started < 10 * TIMEOUT
        assert not caught.value.promised
        pacer.give_back(BUCKET)
        assert pacer.throttled(BUCKET) > 0


def test_a_redis_that_is_away_lets_nothing_through() -> None:
    with pytest.raises(NotYet):
        Pacer("redis://127.0.0.1:9/0").take(BUCKET, Urgency.URGENT, History)
