"""What is stored, with its constraints and querysets: one module per noun."""

from endpoints.models.accounts import Account, AccountCheck, AccountRegion
from endpoints.models.bundles import Bundle
from endpoints.models.drift import Drift
from endpoints.models.endpoints import Endpoint
from endpoints.models.events import Event
from endpoints.models.inventory import InventoryItem
from endpoints.models.operations import Operation, OperationAttempt
from endpoints.models.people import Membership, Role, RoleAssignment, Team, User
from endpoints.models.policies import PolicyRevision
from endpoints.models.requests import Change, Check, EndpointRequest
from endpoints.models.reviews import Review
from endpoints.models.simulations import SavedSimulation
from endpoints.models.unmanaged import UnmanagedEndpoint
from endpoints.models.use import EndpointUse, UseRecord, UseReplay

__all__ = [
    "Account",
    "AccountCheck",
    "AccountRegion",
    "Bundle",
    "Change",
    "Check",
    "Drift",
    "Endpoint",
    "EndpointRequest",
    "EndpointUse",
    "Event",
    "InventoryItem",
    "Membership",
    "Operation",
    "OperationAttempt",
    "PolicyRevision",
    "Review",
    "Role",
    "RoleAssignment",
    "SavedSimulation",
    "Team",
    "UnmanagedEndpoint",
    "UseRecord",
    "UseReplay",
    "User",
]
