"""Lists as CSV files, which no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import chain

from django.http import HttpResponse

Cell = str | int | Decimal | None


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """Return a CSV file (RFC 4180, UTF-8) to be saved under `name`."""
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    writer = csv.writer(response)
    # The heads too: those of the coverage matrix are names that an address gives.
    writer.writerows([_harmless(cell) for cell in row] for row in chain([columns], rows))
    return response


def _harmless(cell: Cell) -> Cell:
    """Return a text that no spreadsheet takes for a formula (OWASP, "CSV injection"); numbers stay numbers."""
    starts = ("=", "+", "-", "@", "\t", "\r", "\n")
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(starts) else cell
