"""The engine without Django: look, plan, act, look again, against the simulated AWS in this process."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from endpoints.aws.gateway import Ec2Gateway
from endpoints.aws.parameters import create_parameters
from endpoints.domain.actions import Action, CreateEndpoint
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.plan import plan
from endpoints.domain.specs import EndpointSpec, EndpointType
from endpoints.policy.document import parse
from endpoints.policy.meaning import FULL_ACCESS, equivalent
from portal.sandbox.aws import IN_PROCESS_ACCOUNT
from tests.unit.sandbox.network import Network

MOST_PASSES = 6


@dataclass
class Engine:
    """Brings one endpoint of a network to what is desired, and keeps what it did for that."""

    network: Network
    endpoint_id: str = ""
    done: list[Action] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gateway = Ec2Gateway(reads=lambda: self.network.ec2, writes=lambda: self.network.ec2)

    def spec(self, kind: str, service: str, **more: Any) -> EndpointSpec:
        """Return a spec in the network's VPC; `service` is a short name, or a full one."""
        name = service if service.startswith("com.") else self.network.service(service)
        return EndpointSpec(
            account_id=IN_PROCESS_ACCOUNT,
            region=self.network.region,
            vpc_id=self.network.vpc,
            service_name=name,
            vpc_endpoint_type=EndpointType(kind),
            **more,
        )

    def observed(self) -> ObservedEndpoint | None:
        """Return the endpoint with its interfaces, as AWS has it now."""
        seen = self.gateway.describe_vpc_endpoint(self.endpoint_id) if self.endpoint_id else None
        if seen is None:
            return None
        interfaces = self.gateway.network_interfaces(seen.network_interface_ids)
        return replace(seen, network_interfaces=tuple(interfaces.values()))

    def plan(self, desired: EndpointSpec | None, former: EndpointSpec | None = None) -> tuple[Action, ...]:
        """Return what is to be done now."""
        seen = self.observed()
        return plan(
            desired=desired,
            observed=seen,
            same_policy=lambda a, b: equivalent(parse(a or FULL_ACCESS), parse(b or FULL_ACCESS)),
            full_access=FULL_ACCESS,
            former=former,
            private_dns_allowed=seen is not None and seen.state == "available",
        )

    def converge(self, desired: EndpointSpec | None, former: EndpointSpec | None = None) -> list[Action]:
        """Act until nothing is left to do; return the actions of this call, in order."""
        done: list[Action] = []
        for _ in range(MOST_PASSES):
            actions = self.plan(desired, former)
            if not actions:
                self.done += done
                return done
            for action in actions:
                self._carry_out(action)
                done.append(action)
        raise AssertionError(f"still not there after {MOST_PASSES} passes: {self.plan(desired, former)}")

    def _carry_out(self, action: Action) -> None:
        if not isinstance(action, CreateEndpoint):
            self.gateway.carry_out(action)
            return
        spec = (
            replace(action.spec, private_dns_enabled=False) if action.spec.private_dns_when_available else action.spec
        )
        made = self.gateway.create_vpc_endpoint(
            create_parameters(spec, client_token=uuid.uuid4().hex, tags=spec.all_tags | {"portal:operation": "test"})
        )
        self.endpoint_id = made.endpoint.vpc_endpoint_id
