"""A record of the last calls, for tests that ask what AWS was asked."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass
class Record:
    """One call. `status` and `error` are None while it runs; `params` as botocore's model parses them."""

    number: int
    service: str
    action: str
    account: str | None
    region: str
    request_id: str
    started: str
    params: dict[str, Any]
    status: int | None = None
    error: str | None = None


@dataclass
class Calls:
    """The last 20,000 calls, numbered from 1 since the start."""

    records: deque[Record] = field(default_factory=lambda: deque(maxlen=20_000))
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, service: str, action: str, region: str, request_id: str, params: dict[str, Any]) -> Record:
        """Add a call that starts now."""
        with self.lock:
            record = Record(
                next(self.numbers),
                service,
                action,
                None,
                region,
                request_id,
                datetime.now(UTC).isoformat(),
                params,
            )
            self.records.append(record)
        return record

    def shown(self) -> list[dict[str, Any]]:
        """Return the calls as plain data, oldest first."""
        with self.lock:
            return [asdict(record) for record in self.records]

    def clear(self) -> None:
        """Forget the calls; the numbers go on."""
        with self.lock:
            self.records.clear()


CALLS = Calls()
