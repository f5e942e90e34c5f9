"""docs/policy-templates.md: every template as people read it, with its policy for example values."""

from __future__ import annotations

from endpoints.policy.evaluate.request import Request
from endpoints.policy.templates import catalogue
from endpoints.policy.templates.model import Parameter, Template

_PLACE = {"region": "eu-west-1", "partition": "aws", "account": "111122223333"}


def page() -> str:
    """Return the page's text, in Markdown."""
    lines = [
        "# Templates of endpoint policies\n",
        "Each is filled in for an endpoint's own region, partition and account. The examples are for eu-west-1 of",
        "account 111122223333. The requests under each are asked of the evaluator by the tests.\n",
        "| template | for | title |",
        "|---|---|---|",
    ]
    lines += [f"| [{item.id}](#{item.id}) | {_services(item)} | {item.title} |" for item in catalogue()]
    for item in catalogue():
        lines += ["", *_section(item)]
    return "\n".join(lines) + "\n"


def _services(item: Template) -> str:
    services = ", ".join(f"`{name}`" for name in item.services) if item.services else "every service"
    return f"{services} ({' and '.join(item.types)})"


def _section(item: Template) -> list[str]:
    values = item.example_values()
    lines = [f"## {item.id}", "", f"**{item.title}.** For {_services(item)}.", ""]
    lines += [f"- Allows: {item.allows}", f"- Denies: {item.denies}", f"- Mind: {item.mind}"]
    lines += [f"- Lint warns of `{rule}`: {why}" for rule, why in sorted(item.warnings.items())]
    lines += [f"- From: {'; '.join(item.sources)}", ""]
    if item.parameters:
        lines += ["| parameter | | example |", "|---|---|---|", *(_parameter(one) for one in item.parameters), ""]
    lines += ["```json", item.render(values, **_PLACE).rstrip(), "```", ""]
    lines += ["| request | answer | why |", "|---|---|---|"]
    for one in item.expected(values, **_PLACE):
        lines.append(f"| {_request(one.request)} | {'allowed' if one.allowed else 'denied'} | {one.why} |")
    return lines


def _parameter(one: Parameter) -> str:
    needed = "" if one.required else " (optional)"
    examples = ", ".join(f"`{text}`" for text in one.examples)
    return f"| `{one.name}`{needed} | {one.label}. {one.help} | {examples} |"


def _request(request: Request) -> str:
    caller = request.principal.replace("*", "nobody signed in")
    return f"{caller}: `{request.action}` on `{request.resource}`"
