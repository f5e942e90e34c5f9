"""From stored accounts to the gateway that works in them."""

from __future__ import annotations

from django.conf import settings

from endpoints.aws import Ec2Gateway, Target, gateway_for
from endpoints.aws.sessions import Timeouts
from endpoints.models import Account


def timeouts() -> Timeouts:
    """Return the configured time-outs of AWS calls."""
    return Timeouts(
        connect=settings.PORTAL_AWS_CONNECT_SECONDS,
        read=settings.PORTAL_AWS_READ_SECONDS,
        read_attempts=settings.PORTAL_AWS_READ_ATTEMPTS,
    )


def gateway(account: Account, region: str) -> Ec2Gateway:
    """Return the gateway to one account and region, from this process's cache."""
    return gateway_for(target_of(account, region), timeouts())


def target_of(account: Account, region: str) -> Target:
    """Return where to work, in words of the AWS floor."""
    return Target(
        account_id=account.account_id, region=region, role_arn=account.role_arn, external_id=account.external_id
    )
