"""From stored accounts to the gateway that works in them."""

from __future__ import annotations

from django.conf import settings

from endpoints.aws import Ec2Gateway, Target, gateway_for
from endpoints.aws.sessions import Timeouts
from endpoints.models import Account
from endpoints.services.turns import reads

PATIENCE = 2.0
"""Seconds that a reader of a whole account-region waits for a token: there is one such reader at a time."""


def timeouts() -> Timeouts:
    """Return the configured time-outs of AWS calls."""
    return Timeouts(
        connect=settings.PORTAL_AWS_CONNECT_SECONDS,
        read=settings.PORTAL_AWS_READ_SECONDS,
        read_attempts=settings.PORTAL_AWS_READ_ATTEMPTS,
    )


def target_of(account: Account, region: str) -> Target:
    """Return where to work, in words of the AWS floor."""
    return Target(
        account_id=account.account_id, region=region, role_arn=account.role_arn, external_id=account.external_id
    )


def gateway(account: Account, region: str, *, patience: float = 0) -> Ec2Gateway:
    """Return the gateway to one account and region, with this process's clients, reading at AWS's pace.

    A read for which there is no token waits up to `patience` seconds, and then raises NotYet.
    """
    return gateway_for(target_of(account, region), timeouts()).paced(reads(account, region, patience=patience))
