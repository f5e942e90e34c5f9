"""Who acts, and from where: part of every service call and of every event."""

from __future__ import annotations

from dataclasses import dataclass

from endpoints.models import User
from endpoints.models.events import Channel


@dataclass(frozen=True, slots=True)
class Who:
    """A person or a worker, and the way they came in."""

    name: str
    channel: Channel
    user: User | None = None

    def person(self) -> User:
        """Return the person. Raises PermissionError for a worker, who may not do what people do."""
        if self.user is None:
            raise PermissionError(f"{self.name} is not a person.")
        return self.user


def person(user: User, channel: Channel = Channel.BROWSER) -> Who:
    """Return a person who acts through the browser, the admin or a token."""
    return Who(name=user.get_username(), channel=channel, user=user)


WORKER = Who(name="worker", channel=Channel.WORKER)
