"""An unmanaged endpoint as the list shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from endpoints.models import UnmanagedEndpoint
from endpoints.services import adoption
from endpoints.templatetags import status


@dataclass(frozen=True, slots=True)
class UnmanagedRow:
    """One line of the list. `refusal` says why it can't be adopted; `request` is what waits to adopt it."""

    item: UnmanagedEndpoint
    state: status.Status
    created_at: datetime | None
    refusal: str
    request: int | None
    can_adopt: bool


def row_of(item: UnmanagedEndpoint, *, can_adopt: bool) -> UnmanagedRow:
    """Return the line of an endpoint that `with_open_adoption` has read."""
    refusal = adoption.refusal(item)
    request: int | None = item.adoption  # type: ignore[attr-defined]  # annotated
    return UnmanagedRow(
        item=item,
        state=status.of_aws(item.aws_state),
        created_at=parse_datetime(item.data.get("creation_timestamp") or ""),
        refusal=refusal,
        request=request,
        can_adopt=can_adopt and not refusal and request is None,
    )
