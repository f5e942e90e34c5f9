"""The heaviest common subsequence of two lists, and a budget for how much of such work may be done."""

from __future__ import annotations

from collections.abc import Sequence


class Budget:
    """How much quadratic work one comparison may do, in table cells.

    What exceeds it is aligned more coarsely.
    """

    def __init__(self, cells: int = 600_000) -> None:
        self._cells = cells

    def take(self, cells: int) -> bool:
        """Reserve the cells; False, and nothing reserved, when so many are not left."""
        if cells > self._cells:
            return False
        self._cells -= cells
        return True


def subsequence(left: Sequence[str], right: Sequence[str], weights: Sequence[int]) -> list[tuple[int, int]]:
    """Return the heaviest common subsequence as index pairs; `weights` are those of the left side."""
    rows = [[0] * (len(right) + 1)]
    for i in range(len(left) - 1, -1, -1):
        below, line, weight = rows[-1], left[i], weights[i]
        row = [0] * (len(right) + 1)
        for j in range(len(right) - 1, -1, -1):
            best = below[j] if below[j] >= row[j + 1] else row[j + 1]
            if line == right[j] and below[j + 1] + weight > best:
                best = below[j + 1] + weight
            row[j] = best
        rows.append(row)
    rows.reverse()
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] == right[j] and rows[i][j] == rows[i + 1][j + 1] + weights[i]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif rows[i][j] == rows[i + 1][j]:
            i += 1
        else:
            j += 1
    return found
