"""What a service says when it can't: a sentence for the person, with the cure."""

from __future__ import annotations

from collections.abc import Mapping

SWITCHED_OFF = "This account is switched off. An administrator switches it on in the administration."


class ServiceError(Exception):
    """Base of the errors below; `str(error)` is fit to be shown."""


class Conflict(ServiceError):
    """Somebody or something was faster: the object isn't in the state any more that the act needs. Reload and look."""


class Invalid(ServiceError):
    """The input can't be taken. `problems` maps field names to sentences; `""` is about the whole."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(self.problems.values()))
