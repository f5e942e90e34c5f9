"""What AWS says to a trial of a permission."""

from __future__ import annotations

from dataclasses import dataclass

REFUSALS = frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"})

NO_DRY_RUN = "NoDryRun"
"""Our own code for an answer to a dry run as if it were none: AWS itself never gives one, its doubles do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS said to one trial: its code and message, both empty when it did what was asked."""

    code: str = ""
    message: str = ""

    @property
    def allowed(self) -> bool:
        """Tell whether AWS would have done it (or did, for a read)."""
        return self.code in ("", "DryRunOperation")

    @property
    def refused(self) -> bool:
        """Tell whether a permission is missing."""
        return self.code in REFUSALS
