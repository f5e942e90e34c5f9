"""`manage.py verify_events`: whether the record is as it was written, chain by chain."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from endpoints.services import events


class Command(BaseCommand):
    """Verify the chains of events; end with 1 where one is broken."""

    help = (
        "Verify that no event was changed, added or removed behind the portal's back. Prints each chain's last digest: "
        "keep a copy elsewhere, and give it with --head to see that the newest events are still there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the chain, a digest that it must still hold, and the form of the answer."""
        parser.add_argument("--chain", help="an account's twelve digits, or portal; all chains without it")
        parser.add_argument("--head", help="a digest printed earlier for --chain, which must still be in it")
        parser.add_argument("--json", action="store_true", help="one line of JSON for each chain")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what each chain's reading showed."""
        if options["head"] and not options["chain"]:
            raise CommandError("Name the chain that --head belongs to, with --chain.", returncode=2)
        names = [options["chain"]] if options["chain"] else events.chains()
        found = [events.verify(name) for name in names]
        for item in found:
            self.stdout.write(json.dumps(asdict(item)) if options["json"] else _in_words(item))
        broken = [item.chain for item in found if item.broken_at is not None]
        if broken:
            raise CommandError(f"{', '.join(broken)}: not as it was written, or PORTAL_AUDIT_KEY is another one.")
        if options["head"] and not events.holds(options["chain"], options["head"]):
            raise CommandError(f"{options['chain']} no longer holds that digest: its newest events were removed.")


def _in_words(item: events.Verified) -> str:
    count = f"{item.events} event{'' if item.events == 1 else 's'}"
    if item.broken_at is not None:
        return f"{item.chain}: broken at event {item.broken_at}; the {count} before it verify"
    return f"{item.chain}: {count}, last digest {item.head}"
