"""The demo world's constants: accounts, keys, names and ids. All of it is made up, for the simulated AWS
only.

Ids are the same on every fresh seed, so that documentation and tests can speak of them.
"""

from __future__ import annotations

from dataclasses import dataclass

REGIONS = ("eu-west-1", "us-east-1")
DEFAULT_REGION = "eu-west-1"
ZONES = ("a", "b", "c")
TIERS = ("public", "private", "isolated")

# The account the portal runs in, and the static keys it starts from.
TOOLING_ACCOUNT_ID = "111122223333"
TOOLING_ACCOUNT_NAME = "tooling"
AWS_ACCESS_KEY_ID = "AKIASANDBOXTOOLING01"
AWS_SECRET_ACCESS_KEY = "sandbox-only-secret-for-the-simulated-aws"  # noqa: S105 - opens the sandbox only
TOOLING_USER_NAME = "endpoint-portal"
TOOLING_PRINCIPAL = f"arn:aws:iam::{TOOLING_ACCOUNT_ID}:user/{TOOLING_USER_NAME}"

ROLE_NAME = "EndpointPortal"
READ_ONLY_ROLE_NAME = "EndpointPortalReadOnly"  # may describe and nothing else


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

    @property
    def read_only_role_arn(self) -> str:
        """The ARN of a role that may describe only, to see what a missing permission looks like."""
        return f"arn:aws:iam::{self.id}:role/{READ_ONLY_ROLE_NAME}"


@dataclass(frozen=True)
class Vpc:
    """A VPC of the demo: /16, with a public, a private and an isolated subnet in each of three zones.

    Names derive from the VPC's: subnets `<name>-<tier>-<zone letter>`, route tables `<name>-<tier>`, groups
    `<name>-endpoints` (443 from the VPC only), `<name>-open`, `<name>-restricted-outbound`.
    """

    id: str
    name: str
    account: Account
    region: str
    cidr: str
    environment: str
    dns_hostnames: bool = True

    def subnet_cidr(self, tier: str, index: int) -> str:
        """Return the block of a tier's subnet in the zone with this index: /24, private ones /20."""
        first, second, *_ = self.cidr.split(".")
        third = {"public": index, "private": 16 * (index + 1), "isolated": 64 + index}[tier]
        return f"{first}.{second}.{third}.0/{20 if tier == 'private' else 24}"


PAYMENTS_PROD = Account("222233334444", "payments-prod", "portal-payments-prod-7Q2M")
DATA_DEV = Account("333344445555", "data-dev", "portal-data-dev-4XK9")
SHARED_SERVICES = Account("444455556666", "shared-services", "portal-shared-services-8TRB")
ACCOUNTS = (PAYMENTS_PROD, DATA_DEV, SHARED_SERVICES)

PAYMENTS = Vpc("vpc-8c0deda8dc853d353", "payments-prod-eu", PAYMENTS_PROD, "eu-west-1", "10.10.0.0/16", "production")
PAYMENTS_US = Vpc("vpc-794a65984d5584a46", "payments-prod-us", PAYMENTS_PROD, "us-east-1", "10.11.0.0/16", "production")
LAKE = Vpc("vpc-2d2b55baeb704f963", "data-dev-lake", DATA_DEV, "eu-west-1", "10.20.0.0/16", "development")
LEGACY = Vpc(
    "vpc-6f2959dc77a3b1ebc",
    "data-dev-legacy",
    DATA_DEV,
    "us-east-1",
    "10.21.0.0/16",
    "development",
    dns_hostnames=False,
)
HUB = Vpc("vpc-31d5f675786f9917e", "shared-services-hub", SHARED_SERVICES, "eu-west-1", "10.30.0.0/16", "production")
VPCS = (PAYMENTS, PAYMENTS_US, LAKE, LEGACY, HUB)

# A service that shared-services provides and whose owner accepts each endpoint; the other accounts may ask.
PARTNER_SERVICE_NAME = "partner-ledger"
PARTNER_SERVICE_PRIVATE_DNS = "ledger.partner.example"
PARTNER_SERVICE_ID = "vpce-svc-cc995939"
PARTNER_SERVICE = f"com.amazonaws.vpce.{HUB.region}.{PARTNER_SERVICE_ID}"

# What joins them: the payments VPC is peered with the hub, and the hub is led to the data centre.
DATA_CENTRE = "192.168.0.0/16"
DIRECT_CONNECT_ID = "7f3c2a10-5d1e-4c8e-9b7a-2f0d6e5c1b34"

# Endpoints that exist already: nobody asked the portal for them.
EXISTING_GATEWAY_ID = "vpce-6af52a455410e1235"  # S3, in data-dev-lake, on its private route table
EXISTING_INTERFACE_ID = "vpce-7c6012c7ef700f6b8"  # KMS, in shared-services-hub, private subnets a and b
REQUESTER_MANAGED_ID = "vpce-0730abc2ddb75d8b8"  # GuardDuty's own, in shared-services-hub; nobody else may change it
