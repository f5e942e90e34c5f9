"""Accounts: adding one, its ExternalId, the policies that set its role up, and asking for a check.

Apart from `account_checks`, so that pages need not load boto3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError

from endpoints import permissions
from endpoints.domain.specs import ACCOUNT_ID, REGION
from endpoints.models import Account, AccountCheck
from endpoints.policy import role
from endpoints.queue import wake_account_check
from endpoints.services import administration, events, wording
from endpoints.services.actors import Who
from endpoints.services.errors import SWITCHED_OFF, Conflict, Invalid

KEPT = 20
"""How many checks of an account are kept."""
MAX_REGIONS = 40
PLACEHOLDER = "arn:aws:iam::<portal account>:role/<portal role>"


def add(
    *,
    account_id: str,
    name: str,
    regions: Sequence[str],
    role_name: str = role.ROLE_NAME,
    protected: bool = False,
    by: Who,
    now: datetime,
) -> Account:
    """Add an account with a new ExternalId and the ARN of its role. Raises PermissionDenied; Invalid by field."""
    permissions.check_can_administer(by.person())
    problems = _problems(account_id, name, regions, role_name)
    if problems:
        raise Invalid(problems)
    account = Account(
        account_id=account_id,
        name=name,
        role_arn=role.role_arn(account_id, regions, role_name),
        regions=sorted(set(regions)),
        protected=protected,
    )
    try:
        administration.save(item=account, by=by, now=now)
    except IntegrityError as error:
        raise Conflict(
            "Somebody added this account, or one of this name, at the same moment. Look at the list."
        ) from error
    return account


def _problems(account_id: str, name: str, regions: Sequence[str], role_name: str) -> dict[str, str]:
    problems = {}
    if not re.fullmatch(ACCOUNT_ID, account_id):
        problems["account_id"] = "An account id has twelve digits."
    elif Account.objects.filter(account_id=account_id).exists():
        problems["account_id"] = "This account is here already."
    if not name.strip():
        problems["name"] = "Give it a name."
    elif unreadable := wording.problem_of(name):
        problems["name"] = unreadable
    elif Account.objects.filter(name=name).exists():
        problems["name"] = "Another account has this name."
    if not re.match(role.ROLE_NAME_PATTERN, role_name, re.ASCII):
        problems["role_name"] = "A role's name has at most 64 letters, digits and +=,.@_-"
    wrong = [region for region in regions if not re.fullmatch(REGION, region)]
    if wrong:
        problems["regions"] = f"This is no region: {', '.join(wrong)}. Write them as eu-west-1."
    elif not 1 <= len(regions) <= MAX_REGIONS:
        problems["regions"] = f"Name one region at least, and {MAX_REGIONS} at most."
    else:
        try:
            role.partition_of(regions)
        except ValueError as error:
            problems["regions"] = str(error)
    return problems


def protect(*, account: Account, protected: bool, by: Who, now: datetime) -> None:
    """Protect an account, or stop protecting it, with an event. Requests that wait need a second reviewer from now on.

    Those that were submitted while it was protected keep theirs. Raises PermissionDenied.
    """
    permissions.check_can_administer(by.person())
    with events.recorded(administration.CHAIN):
        if not Account.objects.filter(pk=account.pk, protected=not protected).update(protected=protected):
            return
        account.protected = protected
        events.record(
            chain=administration.CHAIN,
            who=by,
            verb="account.protected" if protected else "account.unprotected",
            at=now,
            summary=str(account),
            data={"id": account.pk},
        )


def renew_external_id(*, account: Account, by: Who, now: datetime) -> None:
    """Give an account another ExternalId, with an event. Until the role's trust policy asks for it, nobody gets in.

    Raises PermissionDenied.
    """
    permissions.check_can_administer(by.person())
    with events.recorded(administration.CHAIN):
        account.external_id, account.external_id_at = administration.new_external_id(), now
        account.save(update_fields=["external_id", "external_id_at"])
        events.record(
            chain=administration.CHAIN,
            who=by,
            verb="account.external_id_renewed",
            at=now,
            summary=str(account),
            data={"id": account.pk},
        )


def request_check(*, account: Account, by: Who, now: datetime) -> AccountCheck:
    """Have a worker check an account, with an event; return the check that is under way where there is one.

    Raises PermissionDenied; Conflict for an account that is switched off.
    """
    permissions.check_can_check_accounts(by.person())
    if not account.is_active:
        raise Conflict(SWITCHED_OFF)
    with events.recorded(events.chain_of(account)):
        # The chain's lock is held: nobody else asks for this account now.
        running = account.checks.filter(finished_at=None).first()
        if running:
            return running
        check = AccountCheck.objects.create(account=account, requested_by=by.name, at=now)
        events.record(
            chain=events.chain_of(account),
            who=by,
            verb="account.check_requested",
            at=now,
            summary=str(account),
            data={"id": account.pk, "check": check.pk},
        )
        kept = account.checks.order_by("-pk").values("pk")[:KEPT]
        account.checks.exclude(pk__in=kept).delete()
        wake_account_check(check.pk)
    return check


def trust_policy(account: Account) -> str:
    """Return the role's trust policy as JSON; a placeholder stands where `PORTAL_AWS_PRINCIPAL` isn't set."""
    principal = settings.PORTAL_AWS_PRINCIPAL or PLACEHOLDER
    return _json(role.trust_policy(principal=principal, external_id=account.external_id))


def permission_policy(account: Account) -> str:
    """Return the role's permission policy as JSON."""
    partition = account.role_arn.split(":")[1]
    return _json(role.permission_policy(account_id=account.account_id, partition=partition))


def _json(document: object) -> str:
    return json.dumps(document, indent=2)
