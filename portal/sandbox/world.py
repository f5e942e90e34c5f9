"""The demo world's constants: accounts, keys, names. Everything here is made up and works only on the simulated AWS."""

from __future__ import annotations

from dataclasses import dataclass

REGIONS = ("eu-west-1", "us-east-1")
DEFAULT_REGION = "eu-west-1"

# The account the portal runs in, and the static keys it starts from.
TOOLING_ACCOUNT_ID = "111122223333"
TOOLING_ACCOUNT_NAME = "tooling"
AWS_ACCESS_KEY_ID = "AKIASANDBOXTOOLING01"
AWS_SECRET_ACCESS_KEY = "sandbox-only-secret-for-the-simulated-aws"  # noqa: S105 - opens nothing but the sandbox
TOOLING_USER_NAME = "endpoint-portal"

ROLE_NAME = "EndpointPortal"


@dataclass(frozen=True)
class Account:
    """A member account: its id, the role the portal assumes there, and the ExternalId that role asks for."""

    id: str
    name: str
    external_id: str

    @property
    def role_arn(self) -> str:
        """The ARN of the role the portal assumes."""
        return f"arn:aws:iam::{self.id}:role/{ROLE_NAME}"


PAYMENTS_PROD = Account("222233334444", "payments-prod", "portal-payments-prod-7Q2M")
DATA_DEV = Account("333344445555", "data-dev", "portal-data-dev-4XK9")
SHARED_SERVICES = Account("444455556666", "shared-services", "portal-shared-services-8TRB")
ACCOUNTS = (PAYMENTS_PROD, DATA_DEV, SHARED_SERVICES)
