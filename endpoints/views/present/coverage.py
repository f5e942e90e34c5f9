"""A cell of the matrix as pages show it: icon, words and tone, and where it leads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from endpoints.domain import lifecycle
from endpoints.domain.lifecycle import Tone
from endpoints.network.coverage import Cell, State
from endpoints.services.coverage import Row
from endpoints.templatetags import status

_LOOKS = {
    State.UNMANAGED: status.Status("Not managed", Tone.WARN.value, "cloud"),
    State.ASKED: status.Status("Asked for", Tone.BUSY.value, "hourglass-split"),
    State.NEARBY: status.Status("Nearby", Tone.MUTED.value, "diagram-3"),
    State.MISSING: status.Status("Missing", Tone.MUTED.value, "circle"),
    State.NOT_OFFERED: status.Status("Not offered", Tone.MUTED.value, "dash-circle"),
}


@dataclass(frozen=True, slots=True)
class ShownCell:
    """One cell. `tick` is what a form sends to ask for it; `url` leads to what is there, for who may see it."""

    cell: Cell
    look: status.Status
    url: str = ""
    tick: str = ""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A VPC with its cells."""

    row: Row
    cells: tuple[ShownCell, ...]


_ENDPOINT = {value: status.of(state) for value, state in lifecycle.ENDPOINT.states.items()}


def shown(rows: Iterable[Row]) -> list[ShownRow]:
    """Return rows as pages show them."""
    return [ShownRow(row, tuple(_shown(cell, row.key) for cell in row.cells)) for row in rows]


def _shown(cell: Cell, key: str) -> ShownCell:
    look = _ENDPOINT[cell.status] if cell.state is State.MANAGED else _LOOKS[cell.state]
    if cell.endpoint:
        return ShownCell(cell, look, reverse("endpoint_detail", args=[cell.endpoint]))
    if cell.request:
        return ShownCell(cell, look, reverse("request_detail", args=[cell.request]))
    return ShownCell(cell, look, tick=f"{key}/{cell.service_name}/{cell.kind}" if cell.askable else "")
