"""What to do about an endpoint that was available once and that AWS now reports in a state it doesn't leave."""

from __future__ import annotations

ENDED = {
    "rejected": "The service's owner has ended the connection. Ask them why; then have it deleted, since a "
    "rejected one can't be used again and still costs, and ask for a new one.",
    "expired": "The service's owner let the connection expire. Ask them; then have it deleted and ask again.",
    "failed": "AWS reports that it no longer works. Read its message; if it stays so, have it deleted and ask again.",
    "partial": "Only a part of it is left. Read AWS's message; have this endpoint deleted and ask again.",
}
