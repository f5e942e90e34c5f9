"""What every page knows: the sandbox's banner, the version, what waits for the person, and what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from endpoints import permissions
from endpoints.models import EndpointRequest, Role, User
from endpoints.permissions import Person
from endpoints.services import deadletters


class Can:
    """What a person may use, for links in the header. Answered from roles that are read once."""

    def __init__(self, user: Person) -> None:
        self._user = user

    @property
    def create_request(self) -> bool:
        """Tell whether the person may ask for changes."""
        return permissions.ENGINEERS.allows(self._user)

    @property
    def see_approvals(self) -> bool:
        """Tell whether the person decides for some account."""
        return permissions.APPROVERS.allows(self._user)

    @property
    def see_events(self) -> bool:
        """Tell whether the person may read the record, at least that of what they see."""
        return permissions.ANY_ROLE.allows(self._user)

    @property
    def see_network(self) -> bool:
        """Tell whether the person may look at services, costs, permissions and reachability."""
        return permissions.ANY_ROLE.allows(self._user)

    @property
    def see_operations(self) -> bool:
        """Tell whether the person may look at the workers' operations."""
        return permissions.AUDITORS.allows(self._user)

    @property
    def see_accounts(self) -> bool:
        """Tell whether the person looks at AWS accounts."""
        return permissions.ACCOUNT_READERS.allows(self._user)

    @property
    def use_admin(self) -> bool:
        """Tell whether the person may open the administrators' desk."""
        return isinstance(self._user, User) and self._user.is_active and self._user.is_staff


class Portal:
    """Read when a template asks: fragments and JSON pay nothing."""

    def __init__(self, user: Person) -> None:
        self._user = user
        self.version = settings.VERSION
        self.sandbox = settings.SANDBOX
        self.aws_simulated = settings.PORTAL_AWS_SIMULATED
        self.aws_endpoint_url = settings.AWS_ENDPOINT_URL

    @cached_property
    def can(self) -> Can:
        """Return what the person may use."""
        return Can(self._user)

    @property
    def roles(self) -> list[str]:
        """Return the names of the person's roles."""
        held = permissions.roles_of(self._user).names
        return [role.label for role in Role if role in held]

    @cached_property
    def waiting_for_me(self) -> int:
        """Return how many requests wait for the person's decision."""
        if not isinstance(self._user, User) or not self.can.see_approvals:
            return 0
        return EndpointRequest.objects.waiting_for(self._user).count()

    @cached_property
    def dead_letters(self) -> int:
        """Return how many operations need a person, for who works on them; 0 for everybody else."""
        return deadletters.count() if permissions.can_operate(self._user) else 0

    @property
    def demo_users(self) -> Sequence[Any]:
        """Return the sandbox's people, for the login page; none anywhere else."""
        return getattr(settings, "PORTAL_DEMO_USERS", ()) if settings.SANDBOX else ()


def portal(request: HttpRequest) -> dict[str, Portal]:
    """Return the context of every page."""
    # Error pages are rendered for requests that never met the middleware which names the person.
    return {"portal": Portal(getattr(request, "user", AnonymousUser()))}
