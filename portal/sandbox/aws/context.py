"""What a handler is given: who calls, what with, and where it acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.sandbox.aws.iam import Principal
from portal.sandbox.aws.store import STORE, Region


@dataclass
class Context:
    """One call, past authentication: `params` are parsed by botocore's model, `principal` is the caller."""

    action: str
    account: str
    region: str
    params: dict[str, Any]
    principal: Principal

    @property
    def backend(self) -> Any:
        """moto's EC2 backend of this account and region: the store of VPCs, subnets, groups, routes."""
        from moto.ec2.models import ec2_backends

        return ec2_backends[self.account][self.region]

    @property
    def here(self) -> Region:
        """The endpoints of this account and region."""
        return STORE.region(self.account, self.region)

    def text(self, name: str) -> str | None:
        """Return a string parameter, or None."""
        value = self.params.get(name)
        return None if value is None else str(value)

    def flag(self, name: str) -> bool | None:
        """Return a boolean parameter, or None when it was not sent."""
        value = self.params.get(name)
        return None if value is None else str(value).lower() == "true"

    def items(self, name: str) -> list[Any]:
        """Return a list parameter, empty when it was not sent."""
        return list(self.params.get(name) or [])
