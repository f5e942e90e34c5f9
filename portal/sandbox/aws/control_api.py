"""The control API under `/_sim/`: POST JSON, get JSON. Only this machine may use it, or who shows the
token."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Callable
from typing import Any

from portal.sandbox.aws import overlay, scenes, state
from portal.sandbox.aws.buckets import BUCKETS
from portal.sandbox.aws.calls import CALLS
from portal.sandbox.aws.faults import FAULTS
from portal.sandbox.aws.store import LOCK, STORE

Body = dict[str, Any]


class ControlApi:
    """Answers `(environ, body)` with `(status, JSON-able)`; `changed` is told after each act that changes
    something."""

    def __init__(self, *, token: str | None = None, changed: Callable[[], None] = lambda: None) -> None:
        self._token = token
        self._changed = changed

    def __call__(self, environ: dict[str, Any], body: bytes) -> tuple[int, Any]:
        """Answer one request."""
        name = str(environ.get("PATH_INFO", "")).removeprefix("/_sim/").strip("/")
        if name == "health":
            shown = {name: getattr(STORE, name) for name in ("pace", "rate", "seeded", "touched")}
            return 200, {"status": "ok", **shown}
        if not self._admits(environ):
            return 403, {"error": "The control API answers to this machine only, or with the header X-Sim-Token."}
        act = _ACTS.get(name)
        if act is None:
            return 404, {"error": f"There is no {name!r}: choose one of {', '.join(sorted(_ACTS))}."}
        try:
            given = json.loads(body) if body else {}
            with LOCK:
                STORE.touched = STORE.touched or name not in _TOUCHES_NOTHING
                answer = act(given)
        except (KeyError, TypeError, ValueError) as error:
            return 400, {"error": f"{name}: {error}"}
        if name not in _ONLY_TELLS:
            self._changed()
        return 200, answer

    def _admits(self, environ: dict[str, Any]) -> bool:
        shown = str(environ.get("HTTP_X_SIM_TOKEN", ""))
        if self._token:
            return hmac.compare_digest(shown.encode(), self._token.encode())
        try:
            return ipaddress.ip_address(str(environ.get("REMOTE_ADDR", ""))).is_loopback
        except ValueError:
            return False


def _reset(body: Body) -> Body:
    from portal.sandbox.aws import seed

    overlay.reset()
    seed.tooling()
    return {}


def _seed_demo(body: Body) -> Body:
    from portal.sandbox.aws import seed

    return {"seeded": seed.demo()}


def _set_pace(body: Body) -> Body:
    STORE.pace = _not_negative(body["pace"])
    return {}


def _set_rate(body: Body) -> Body:
    STORE.rate = _not_negative(body["rate"])
    BUCKETS.held.clear()
    return {}


_OF_A_FAULT = frozenset({"action", "kind", "times", "account", "region", "params"})


def _add_fault(body: Body) -> Body:
    if alien := sorted(body.keys() - _OF_A_FAULT):
        # Passed over, they would leave another fault than the one that was meant.
        raise ValueError(f"what a kind of fault takes belongs into params: {', '.join(alien)}")
    rule = FAULTS.add(
        action=str(body["action"]),
        kind=str(body["kind"]),
        times=body.get("times", 1),
        account=body.get("account"),
        region=body.get("region"),
        params=body.get("params"),
    )
    return {"id": rule.id}


def _faults(body: Body) -> Body:
    return {"faults": [rule.shown() for rule in FAULTS.rules]}


def _clear_faults(body: Body) -> Body:
    FAULTS.rules.clear()
    return {}


def _calls(body: Body) -> Body:
    return {"calls": CALLS.shown()}


def _clear_calls(body: Body) -> Body:
    CALLS.clear()
    return {}


def _not_negative(value: Any) -> float:
    number = float(value)
    if number < 0:
        raise ValueError("give a number of at least 0")
    return number


def _keep_point(body: Body) -> Body:
    state.keep_point(str(body["name"]))
    return {}


_ONLY_TELLS = frozenset({"calls", "faults"})
_TOUCHES_NOTHING = _ONLY_TELLS | {"keep-point", "go-back", "clear-calls"}
_ACTS: dict[str, Callable[[Body], Body]] = {
    "reset": _reset,
    "seed-demo": _seed_demo,
    "keep-point": _keep_point,
    "go-back": lambda body: {"back": state.go_back(str(body["name"]))},
    "pace": _set_pace,
    "rate": _set_rate,
    "add-fault": _add_fault,
    "faults": _faults,
    "clear-faults": _clear_faults,
    "calls": _calls,
    "clear-calls": _clear_calls,
    "add-account": lambda body: scenes.add_account(str(body["account"])),
    "quota": lambda body: scenes.set_quota(
        str(body["name"]), int(body["value"]), body.get("account"), body.get("region")
    ),
    "associate-direct-connect": lambda body: scenes.associate_direct_connect(
        *(str(body[name]) for name in ("account", "region", "gateway", "direct_connect_gateway"))
    ),
    "expire-credentials": lambda body: scenes.expire_credentials(body.get("account")),
    "remove-out-of-band": lambda body: scenes.remove(str(body["vpc_endpoint_id"])),
    "set-state": lambda body: scenes.set_state(str(body["vpc_endpoint_id"]), str(body["state"]), body.get("error")),
    "set-requester-managed": lambda body: scenes.set_requester_managed(
        str(body["vpc_endpoint_id"]), bool(body.get("managed", True))
    ),
    "populate": lambda body: scenes.populate(
        str(body["like"]), int(body["count"]), [str(one) for one in body.get("vpc_ids", ())]
    ),
    "set-policy-out-of-band": lambda body: scenes.set_policy(str(body["vpc_endpoint_id"]), body.get("policy_document")),
}
