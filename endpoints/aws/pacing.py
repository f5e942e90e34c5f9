"""AWS's own pace, kept by all workers together: one token bucket per account, region and action, in Redis.

AWS throttles EC2's calls so: a bucket of `burst` tokens that refills at `rate` a second (Amazon EC2 Developer Guide,
"Request throttling for the Amazon EC2 API"). Retrying alone wastes it, and no client sees another's calls. Here every
call takes a token first, at the server's time and in one atomic script (`pacing.lua`); who gets none is told when to
ask again and sleeps in the database. What AWS throttles nevertheless, since others call too, lowers the pace for some
minutes.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from endpoints.aws.errors import AwsError, Kind

CREATE, MODIFY, DELETE = "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"
AUTHORIZE_IN, AUTHORIZE_OUT = "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"
REVOKE_IN, REVOKE_OUT = "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"
MARGIN = 0.99
"""Our share of AWS's rate: clocks differ a little, and a throttle costs more than it."""
SLACK = 0.5
"""Seconds after which AWS's full bucket begins to refill: a process's first call assumes a role on its way there."""
TIMEOUT = 1.0
"""Seconds that a worker waits for Redis."""
ASK_AGAIN = 2.0
"""Seconds after which who got no answer asks again, and up to as much more, so that not all come at once."""

log = logging.getLogger(__name__)
_SCRIPT = (Path(__file__).parent / "pacing.lua").read_text()


@dataclass(frozen=True, slots=True)
class Size:
    """A bucket: its tokens when full, and tokens a second."""

    burst: float
    rate: float

    @property
    def fills_in(self) -> float:
        """Return the seconds from empty to full."""
        return self.burst / self.rate


_SLOW = Size(4, 0.3)
_RULES = Size(50, 5)
"""Of changes that the guide names no bucket for: "resource-intensive" and "mutating" actions alike."""
_SIZES = {
    CREATE: _SLOW,
    MODIFY: _SLOW,
    DELETE: _SLOW,
    "AcceptVpcEndpointConnections": Size(10, 1),
    "RejectVpcEndpointConnections": Size(10, 1),
    "CreateTags": Size(100, 10),
    "DeleteTags": Size(100, 10),
    **dict.fromkeys((AUTHORIZE_IN, AUTHORIZE_OUT, REVOKE_IN, REVOKE_OUT), _RULES),
}
_READ = Size(100, 20)


class Urgency(StrEnum):
    """Who goes first where tokens are few."""

    URGENT = "urgent"
    ROUTINE = "routine"
    READ = "read"
    """Doesn't line up: it waits for a moment or gives up."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Which bucket: AWS counts per account, region and action."""

    account_id: str
    region: str
    action: str

    @property
    def size(self) -> Size:
        """Return the bucket's size at AWS, unscaled. Raises KeyError for an action that has none here."""
        return _READ if self.action.startswith(("Describe", "Get")) else _SIZES[self.action]

    @property
    def key(self) -> str:
        """Return its name in Redis."""
        return f"portal:pace:{self.account_id}:{self.region}:{self.action}"


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a bucket without Redis, in seconds: how long ago calls were made, how far the lines reach.

    `used` are tokens that are taken for used just now, beside those of the calls.
    """

    calls: Sequence[float] = ()
    used: float = 0
    urgent: float = 0
    routine: float = 0


class NotYet(AwsError):
    """A call's turn comes later, in `seconds`; nothing was asked of AWS.

    `promised` tells whether that is the caller's own turn. Without it: ask again then.
    """

    def __init__(self, *, action: str, seconds: float, promised: bool) -> None:
        self.action, self.seconds, self.promised = action, seconds, promised
        super().__init__(
            code="Portal.NotYet",
            message=f"{action} is due in {seconds:.1f} s: AWS limits how often it may be called.",
            kind=Kind.THROTTLED,
            cure="The portal goes on by itself.",
        )


class Pacer:
    """The buckets in one Redis. Safe to share by threads, and after a fork.

    `scale` multiplies AWS's sizes, for a simulated AWS that is scaled alike. `clock` replaces the server's time.
    """

    def __init__(self, url: str, *, scale: float = 1, clock: Callable[[], float] | None = None) -> None:
        self._scale, self._clock = scale, clock
        # A connection that Redis closed meanwhile is opened anew; who doesn't answer isn't asked twice.
        retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        store = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=retry, decode_responses=True
        )
        self._script = store.register_script(_SCRIPT)

    def size(self, bucket: Bucket) -> Size:
        """Return a bucket's size, scaled."""
        return Size(max(1.0, bucket.size.burst * self._scale), bucket.size.rate * self._scale)

    def take(self, bucket: Bucket, urgency: Urgency, history: Callable[[], History], *, promised: bool = False) -> None:
        """Take a token for one call, now; `promised` says that the caller was told to come now.

        `history` is asked when Redis knows nothing of the bucket: for the first time, or because it was wiped.
        Raises NotYet when there is none, or Redis doesn't answer: never is a call made unpaced.
        """
        arguments = ("take", bucket, str(urgency), "promised" if promised else "")
        try:
            answer = self._ask(*arguments)
            if answer == "unknown":
                self._rebuild(bucket, history())
                answer = self._ask(*arguments)
        except redis.RedisError as error:
            log.warning("no pace for %s: Redis does not answer: %s", bucket.key, error)
            raise self._later(bucket) from error
        if answer == "unknown":  # wiped between two breaths
            raise self._later(bucket)
        if answer != "go":
            raise NotYet(action=bucket.action, seconds=float(answer), promised=urgency is not Urgency.READ)

    def give_back(self, bucket: Bucket) -> None:
        """Return a token that was taken and not used."""
        try:
            self._ask("give back", bucket)
        except redis.RedisError as error:
            log.warning("a token of %s is lost: %s", bucket.key, error)

    def throttled(self, bucket: Bucket) -> float:
        """Learn that AWS's bucket was empty; return the seconds after which the refused call has its turn again."""
        log.warning("AWS throttles %s: going slower for a while", bucket.key)
        try:
            answer = self._ask("throttled", bucket)
        except redis.RedisError as error:
            log.warning("%s can't learn: %s", bucket.key, error)
            answer = "unknown"
        return bucket.size.fills_in * random.uniform(0.5, 1) if answer == "unknown" else float(answer)  # noqa: S311

    def _later(self, bucket: Bucket) -> NotYet:
        seconds = ASK_AGAIN * random.uniform(1, 2)  # noqa: S311  # jitter, not a secret
        return NotYet(action=bucket.action, seconds=seconds, promised=False)

    def _rebuild(self, bucket: Bucket, history: History) -> None:
        size = self.size(bucket)
        self._ask("rebuild", bucket, tokens_left(size, history.calls) - history.used, history.urgent, history.routine)

    def _ask(self, verb: str, bucket: Bucket, *arguments: str | float) -> str:
        size = self.size(bucket)
        clock = "" if self._clock is None else self._clock()
        values = (verb, size.burst, size.rate * MARGIN, SLACK, clock, *arguments)
        return cast("str", self._script(keys=[bucket.key], args=values))


def tokens_left(size: Size, calls: Sequence[float]) -> float:
    """Return the tokens in a bucket after calls that were made so many seconds ago: never more than AWS holds.

    It counts from an empty bucket two fillings ago; calls before that make no difference then.
    """
    window = 2 * size.fills_in
    tokens, at = 0.0, window
    for age in sorted((age for age in calls if age <= window), reverse=True):
        age = max(age, 0.0)
        tokens, at = min(size.burst, tokens + (at - age) * size.rate * MARGIN) - 1, age
    return min(size.burst, tokens + at * size.rate * MARGIN)


class Reads:
    """The pace of reading in one account and region.

    A read waits up to `patience` seconds by itself, since tokens come 20 a second; beyond that it raises NotYet.
    """

    def __init__(self, pacer: Pacer, account_id: str, region: str, *, patience: float) -> None:
        self._pacer, self._account_id, self._region, self._patience = pacer, account_id, region, patience

    def before(self, action: str) -> None:
        """Take a token for one call. Raises NotYet."""
        bucket, deadline = self._bucket(action), time.monotonic() + self._patience
        size = self._pacer.size(bucket)
        while True:
            try:
                return self._pacer.take(bucket, Urgency.READ, lambda: _unknown_reads(size))
            except NotYet as later:
                if time.monotonic() + later.seconds > deadline:
                    raise
                time.sleep(later.seconds)

    def failed(self, action: str, error: AwsError) -> None:
        """Learn from a call's error."""
        if error.kind is Kind.THROTTLED:
            self._pacer.throttled(self._bucket(action))

    def _bucket(self, action: str) -> Bucket:
        return Bucket(self._account_id, self._region, action)


def _unknown_reads(size: Size) -> History:
    """Return the history of reads, which nobody wrote down: as if nearly all of the bucket had just been used."""
    return History(used=int(size.burst * 0.8))
