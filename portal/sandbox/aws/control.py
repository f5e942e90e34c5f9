"""A client of the simulated AWS's control API, with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


class SimControlError(Exception):
    """The control API refused: its message says why."""


@dataclass(frozen=True)
class Credentials:
    """A static key of the simulation."""

    access_key_id: str
    secret_access_key: str


class SimControl:
    """Steers a simulated AWS at `url`. Methods raise SimControlError for a refusal, OSError when nobody
    answers."""

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 30.0) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._token, self._timeout = token, timeout

    def health(self) -> dict[str, Any]:
        """Return status, pace, rate, and whether the demo world is there (`seeded`).

        `touched` tells whether something may have changed since the last `keep_point` or `go_back`.
        """
        return self._ask("health")

    def reset(self) -> None:
        """Empty everything but pace and rate."""
        self._ask("reset")

    def keep_point(self, name: str) -> None:
        """Remember everything as it is now, until the process ends."""
        self._ask("keep-point", name=name)

    def go_back(self, name: str) -> bool:
        """Return to a point that was kept; False when there is none. Faults and recorded calls are forgotten."""
        return bool(self._ask("go-back", name=name)["back"])

    def seed_demo(self) -> bool:
        """Make the demo world; False when it is there already."""
        return bool(self._ask("seed-demo")["seeded"])

    def set_pace(self, pace: float) -> None:
        """Scale how long states last from now on; 0 ends them at the next call."""
        self._ask("pace", pace=pace)

    def set_rate(self, rate: float) -> None:
        """Scale the token buckets and fill them; 0 means no throttling."""
        self._ask("rate", rate=rate)

    def set_quota(self, name: str, value: int, account: str | None = None, region: str | None = None) -> None:
        """Set `interface-per-vpc` or `gateway-per-region`."""
        self._ask("quota", name=name, value=value, account=account, region=region)

    def add_account(self, account: str) -> Credentials:
        """Return a key that may do everything in an account of 12 digits."""
        return Credentials(**self._ask("add-account", account=account))

    def add_fault(
        self,
        *,
        action: str,
        kind: str,
        times: int | None = 1,
        account: str | None = None,
        region: str | None = None,
        **params: Any,
    ) -> int:
        """Add a fault (kinds and their parameters: `faults.py`) and return its id. `times=None` fires
        always."""
        rule = {"action": action, "kind": kind, "times": times, "account": account, "region": region}
        return int(self._ask("add-fault", **rule, params=params)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Return the rules, each with how often it `fired`."""
        rules: list[dict[str, Any]] = self._ask("faults")["faults"]
        return rules

    def clear_faults(self) -> None:
        """Remove every fault."""
        self._ask("clear-faults")

    def calls(self) -> list[dict[str, Any]]:
        """Return the recorded calls, oldest first: number, service, action, account, region, request_id,
        started, status, error, params.
        """
        recorded: list[dict[str, Any]] = self._ask("calls")["calls"]
        return recorded

    def clear_calls(self) -> None:
        """Forget the recorded calls."""
        self._ask("clear-calls")

    def expire_credentials(self, account: str | None = None) -> int:
        """Let temporary credentials run out now and return how many."""
        return int(self._ask("expire-credentials", account=account)["expired"])

    def associate_direct_connect(self, account: str, region: str, gateway: str, direct_connect_gateway: str) -> None:
        """Let a Direct Connect gateway reach a VPN gateway or a transit gateway."""
        self._ask(
            "associate-direct-connect",
            account=account,
            region=region,
            gateway=gateway,
            direct_connect_gateway=direct_connect_gateway,
        )

    def remove_out_of_band(self, vpc_endpoint_id: str) -> None:
        """Delete an endpoint at once, behind everybody's back."""
        self._ask("remove-out-of-band", vpc_endpoint_id=vpc_endpoint_id)

    def set_state(self, vpc_endpoint_id: str, state: str, error: dict[str, str] | None = None) -> None:
        """Put an endpoint into a state, where it stays; `error` gives its LastError (`Code`, `Message`)."""
        self._ask("set-state", vpc_endpoint_id=vpc_endpoint_id, state=state, error=error)

    def set_policy_out_of_band(self, vpc_endpoint_id: str, policy_document: str | None) -> None:
        """Change an endpoint's policy behind everybody's back; None resets it."""
        self._ask("set-policy-out-of-band", vpc_endpoint_id=vpc_endpoint_id, policy_document=policy_document)

    def set_requester_managed(self, vpc_endpoint_id: str, *, managed: bool = True) -> None:
        """Let an AWS service manage an endpoint, or nobody but its account."""
        self._ask("set-requester-managed", vpc_endpoint_id=vpc_endpoint_id, managed=managed)

    def populate(self, like: str, count: int, vpc_ids: Sequence[str] = ()) -> list[str]:
        """Put `count` more endpoints like this one beside it, or into `vpc_ids` by turns, without its places.

        Returns their ids.
        """
        asked = {"like": like, "count": count, "vpc_ids": list(vpc_ids)}
        made: list[str] = self._ask("populate", **asked)["vpc_endpoint_ids"]
        return made

    def _ask(self, act: str, /, **body: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["X-Sim-Token"] = self._token
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", f"/_sim/{act}", json.dumps(body), headers)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise SimControlError(str(answer.get("error", response.status)))
        return answer
