"""`manage.py account_policies <account-id>`: the trust and permission policies of an account's role, as JSON."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from endpoints.models import Account
from endpoints.services import accounts


class Command(BaseCommand):
    """Print both policies as one JSON object."""

    help = "Print the trust policy and the permission policy of an account's role as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the account's twelve digits."""
        parser.add_argument("account_id", help="the account's twelve digits")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them; say on stderr when the trust policy has no principal yet."""
        account = Account.objects.filter(account_id=options["account_id"]).first()
        if account is None:
            raise CommandError(f"There is no account {options['account_id']}. Add it in the portal first.")
        if not settings.PORTAL_AWS_PRINCIPAL:
            self.stderr.write("PORTAL_AWS_PRINCIPAL isn't set: the trust policy holds a placeholder.")
        policies = {
            "role_arn": account.role_arn,
            "trust_policy": json.loads(accounts.trust_policy(account)),
            "permission_policy": json.loads(accounts.permission_policy(account)),
        }
        self.stdout.write(json.dumps(policies, indent=2))
