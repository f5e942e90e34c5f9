"""What failed, for people: changes that AWS answered in the same words are told once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from endpoints.models import Operation


@dataclass(frozen=True, slots=True)
class Failure:
    """One answer of AWS, and the operations that it ended or holds up."""

    operations: tuple[Operation, ...]

    @property
    def first(self) -> Operation:
        """Return the operation whose words stand for all."""
        return self.operations[0]


def failures_of(operations: Iterable[Operation]) -> list[Failure]:
    """Return one failure for all operations of the same status, error and cure, in the order of the first of each."""
    found: dict[tuple[str, ...], list[Operation]] = {}
    for one in operations:
        found.setdefault((one.status, one.last_error_code, one.last_error, one.last_cure), []).append(one)
    return [Failure(tuple(same)) for same in found.values()]
