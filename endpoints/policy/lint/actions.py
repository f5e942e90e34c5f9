"""Checks actions against AWS's reference, and works out which ones a statement names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from endpoints.policy import reference
from endpoints.policy.globs import is_wild
from endpoints.policy.lint.model import Policy, Statement
from endpoints.policy.lint.report import Report, listed
from endpoints.policy.nodes import Scalar
from endpoints.policy.reference import Action, Service

_ANYWHERE = frozenset({"iam"})
"""Services whose actions are asked for within calls to others, such as iam:PassRole: they may stand in any policy."""


class Named(NamedTuple):
    """One entry of an Action list with the actions that it covers; `exact` when it has no wildcard."""

    node: Scalar
    service: Service
    actions: tuple[Action, ...]
    exact: bool


@dataclass(slots=True)
class Reach:
    """What a statement's list of actions covers. `whole` is true when something in it could not be told."""

    whole: bool = False
    entries: list[Named] = field(default_factory=list)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes of the services, each once."""
        return tuple(dict.fromkeys(entry.service.prefix for entry in self.entries))


def check_actions(policy: Policy, statement: Statement) -> Reach:
    """Report entries that cover no action, or none that comes through the endpoint; return what the others cover."""
    report = policy.report
    reach = Reach()
    for node in statement.actions:
        text = str(node.value)
        if text in ("*", "*:*"):
            reach.whole = True
            continue
        prefix, _, name = text.partition(":")
        service = reference.service(prefix)
        if service is None:
            _unknown_service(report, node, prefix)
            continue
        if policy.prefixes and not statement.not_action and service.prefix not in policy.prefixes | _ANYWHERE:
            _elsewhere(policy, node, service)
        _read_entry(report, reach, node, service, name)
    if statement.not_action:
        reach.whole = True
    return reach


def _read_entry(report: Report, reach: Reach, node: Scalar, service: Service, name: str) -> None:
    wild = is_wild(name)
    if wild and not report.work.take(10 * len(service.actions)):
        reach.whole = True
        return
    actions = service.matching(name)
    if actions:
        reach.entries.append(Named(node, service, actions, not wild))
    elif wild:
        report.add(
            "action-matches-none",
            node,
            f"No action of {service.title} matches {node.value}.",
            "Correct the name before the wildcard, or remove the entry.",
        )
    else:
        meant = service.nearest_action(name) if report.guesses.take(1) else None
        cure = f'Write "{service.prefix}:{meant}".' if meant else f"See the actions of {service.title} in AWS's guide."
        report.add("action-unknown", node, f"{service.title} has no action {name[:80]}.", cure)


def _unknown_service(report: Report, node: Scalar, prefix: str) -> None:
    meant = reference.nearest_service(prefix) if report.guesses.take(1) else None
    cure = f'Write "{meant}:…".' if meant else "Write the prefix that AWS's guide names for the service."
    report.add("service-unknown", node, f"No service has the prefix {prefix[:40]}.", cure)


def _elsewhere(policy: Policy, node: Scalar, service: Service) -> None:
    policy.report.add(
        "action-elsewhere",
        node,
        f"{node.value} never comes through this endpoint: it leads to {policy.service_name}, "
        f"with the actions of {listed(sorted(policy.prefixes))}.",
        f"Put it in the policy of the endpoint for {service.title}, or remove it.",
    )
