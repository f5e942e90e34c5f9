"""`manage.py docs`: write the generated pages of docs/, or with `--check` fail when one is stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import URLPattern, URLResolver, get_resolver

from endpoints.domain import lifecycle
from endpoints.domain.lifecycle import Lifecycle
from endpoints.network.preflight.catalogue import CATALOGUE
from endpoints.policy.lint import GROUPS, Rule
from endpoints.policy.templates import page as templates

HEADER = "<!-- Written by `make docs` from the code. Edit the code, not this page. -->\n"


class Command(BaseCommand):
    """Write the generated pages, or check that they are fresh."""

    help = "Write the generated pages of docs/ from the code."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--check`."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is stale")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write each page, or compare it."""
        stale = []
        pages = {
            "lifecycles.md": lifecycles,
            "who-may.md": who_may,
            "network-rules.md": network_rules,
            "policy-rules.md": policy_rules,
            "policy-templates.md": policy_templates,
        }
        for name, write in pages.items():
            text = write()
            path = Path(settings.BASE_DIR) / "docs" / name
            if options["check"]:
                if not path.exists() or path.read_text() != text:
                    stale.append(f"docs/{name}")
            else:
                path.write_text(text)
        if stale:
            raise CommandError(f"Stale: {', '.join(stale)}. Write them again with: make docs")


def lifecycles() -> str:
    """Return the page of state diagrams and transition tables."""
    parts = [HEADER, "# Lifecycles\n"]
    parts += [_lifecycle(item) for item in lifecycle.ALL]
    return "\n".join(parts)


def _lifecycle(item: Lifecycle) -> str:
    lines = [f"## The {item.name}\n", "```mermaid", "stateDiagram-v2", f"    [*] --> {item.initial}"]
    for move in item.transitions.values():
        lines += [f"    {source} --> {move.target}: {move.name}" for source in sorted(move.sources)]
    lines += [f"    {state.value} --> [*]" for state in item.states.values() if state.terminal]
    lines += ["```\n", "| state | shown as | meaning |", "|---|---|---|"]
    lines += [f"| `{state.value}` | {state.label} | {state.meaning} |" for state in item.states.values()]
    lines += ["\n| transition | from | to | who | event | tells |", "|---|---|---|---|---|---|"]
    for move in item.transitions.values():
        sources = ", ".join(f"`{source}`" for source in sorted(move.sources))
        tells = ", ".join(sorted(move.notifies)) or "–"
        who = ", ".join(sorted(move.who))
        lines.append(f"| {move.name} | {sources} | `{move.target}` | {who} | `{move.event}` | {tells} |")
    return "\n".join(lines) + "\n"


def who_may() -> str:
    """Return the page of routes, each with the rule of who may use it."""
    lines = [
        HEADER,
        "# Who may use which route\n",
        "The rule stands beside the route in `endpoints/urls.py`. What concerns one object (only what one may see,",
        "only one's own requests, never one's own decision) is checked by the services as well.\n",
        "| route | name | method | who |",
        "|---|---|---|---|",
    ]
    for route, pattern in _routes(get_resolver().url_patterns):
        rules = getattr(pattern.callback, "rules", {})
        for method in sorted(set(rules) - {"HEAD"}):
            lines.append(f"| `/{route}` | {pattern.name} | {method} | {rules[method].name} |")
    return "\n".join(lines) + "\n"


def network_rules() -> str:
    """Return the page of preflight's rules, each with its source."""
    lines = [
        HEADER,
        "# What is checked before AWS is called\n",
        "Each rule judges what workers last read (the inventory), in the form and bound to the request. `block` stops",
        "a submission; `warn` and `info` are for the requester and the approver to weigh. Each has a test with a VPC",
        "that breaks it and one that doesn't (`tests/unit/network/test_preflight.py`).\n",
        "A policy has checks of its own, by line and column. A private hosted zone of the VPC that answers for the",
        "service's name can't be seen without Route 53 permissions, which the portal doesn't ask for: AWS refuses the",
        "creation then, and the error's cure says so.\n",
        "| rule | severity | finds | source |",
        "|---|---|---|---|",
    ]
    for item in CATALOGUE:
        source = f"[AWS]({item.source})" if item.source else "the portal's own"
        lines.append(f"| `{item.rule}` | {item.severity} | {item.finds} | {source} |")
    return "\n".join(lines) + "\n"


def policy_templates() -> str:
    """Return the page of policy templates, with what each allows and the requests that prove it."""
    return HEADER + "\n" + templates.page()


def _routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, f"{prefix}{pattern.pattern}")
        else:
            yield f"{prefix}{pattern.pattern}", pattern


def policy_rules() -> str:
    """Return the page of the linter's rules."""
    lines = [
        HEADER,
        "# What is checked in an endpoint policy\n",
        "`block` means that a policy can't be used, `warn` that it probably doesn't mean what its author thinks,",
        "`info` that a reviewer wants to know. The editor says so while one types, the request's page shows it, and",
        "`python -m endpoints.policy lint` answers pipelines. The rules stand in `endpoints/policy/lint`.",
    ]
    for title, rules in GROUPS.items():
        lines += [f"\n## {title}\n", "| rule | | what | why | cure | source |", "|---|---|---|---|---|---|"]
        lines += [_rule(rule) for rule in rules]
    return "\n".join(lines) + "\n"


def _rule(rule: Rule) -> str:
    return f"| `{rule.id}` | {rule.severity} | {rule.title} | {rule.why} | {rule.cure} | {rule.source} |"
