"""An endpoint as code: Terraform, CloudFormation and AWS CLI, to be taken elsewhere or made again.

Whatever a name, a tag or a policy holds comes out as the same text on the other side, and never as code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from endpoints.domain.specs import EndpointSpec

_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
MAX_NAME = 48


@dataclass(frozen=True, slots=True)
class Exported:
    """What is exported: the spec as approved, and the endpoint's id in AWS, empty while there is none."""

    spec: EndpointSpec
    vpc_endpoint_id: str = ""

    @property
    def words(self) -> list[str]:
        """Return the name in words of lower-case letters and digits, beginning with a letter."""
        found = _NOT_A_WORD.sub(" ", (self.spec.name or self.spec.short_service).lower())[:MAX_NAME].split()
        return found if found and found[0][0].isalpha() else ["endpoint", *found]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write an endpoint down: its key in addresses, its name, and the file that it makes."""

    key: str
    name: str
    suffix: str
    about: str
    write: Callable[[Exported], str]

    def filename(self, item: Exported) -> str:
        """Return a name for the file."""
        return f"{item.vpc_endpoint_id or '-'.join(item.words)}{self.suffix}"


def policy_of(document: str) -> Any:
    """Return a policy's document as JSON says, or None where it isn't a JSON object that every reader reads alike."""
    try:
        found = json.loads(document, object_pairs_hook=_once, parse_constant=_no_number)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def formats() -> Mapping[str, Format]:
    """Return the formats by key, in the order in which pages show them."""
    from endpoints.domain.export import cli, cloudformation, terraform

    found = (
        Format(
            "terraform",
            "Terraform",
            ".tf",
            "The resource and, where AWS has the endpoint, the import block that takes it over (Terraform 1.5 and up).",
            terraform.write,
        ),
        Format(
            "cloudformation",
            "CloudFormation",
            ".yaml",
            "A template with the endpoint alone; its comments say how to import it.",
            cloudformation.write,
        ),
        Format("cli", "AWS CLI", ".sh", "The command that would make such an endpoint again.", cli.write),
    )
    return {item.key: item for item in found}
