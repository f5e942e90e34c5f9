"""A cell of the matrix as pages show it: icon, words and tone, and where it leads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.urls import reverse

from endpoints.domain import lifecycle
from endpoints.domain.lifecycle import Tone
from endpoints.network.coverage import WORDS, Cell, State
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
    """One cell, in words that a template needs no more to choose from: a matrix has thousands.

    `tick` is what a form sends to ask for it; `url` leads to what is there, for who may see it.
    """

    look: status.Status
    about: str
    url: str = ""
    tick: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A VPC with its cells."""

    row: Row
    cells: tuple[ShownCell, ...]


_ENDPOINT = {value: status.of(state) for value, state in lifecycle.ENDPOINT.states.items()}


def shown(rows: Iterable[Row], *, can_ask: bool) -> list[ShownRow]:
    """Return rows as pages show them; `can_ask` tells whether the person may ask for what is missing."""
    return [ShownRow(row, tuple(_shown(cell, row, can_ask) for cell in row.cells)) for row in rows]


def _shown(cell: Cell, row: Row, can_ask: bool) -> ShownCell:
    look = _ENDPOINT[cell.status] if cell.state is State.MANAGED else _LOOKS[cell.state]
    about = f"{cell.service} in {row.vpc.aws_id}"
    tick = f"{row.key}/{cell.service_name}/{cell.kind}" if can_ask and cell.askable else ""
    return ShownCell(look, about, _url(cell), tick, tuple(_notes(cell)))


def _url(cell: Cell) -> str:
    if cell.endpoint:
        return reverse("endpoint_detail", args=[cell.endpoint])
    return reverse("request_detail", args=[cell.request]) if cell.request else ""


def _notes(cell: Cell) -> Iterator[str]:
    if cell.state is State.NEARBY:
        yield cell.vpc_id
    if cell.state is State.UNMANAGED:
        yield cell.vpc_endpoint_id
    if cell.private_dns_off:
        yield "private DNS off"
    for state, count in cell.besides:
        yield f"and {count} more" if state is cell.state else f"{count} {WORDS[state].lower()}"
