"""Puts the gate into moto and takes it out again. The contract tests hold every symbol named here."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import Any

import botocore.session
from botocore.loaders import create_loader

from portal.sandbox.aws import gate, iam, prefix_lists
from portal.sandbox.aws.buckets import BUCKETS
from portal.sandbox.aws.calls import CALLS
from portal.sandbox.aws.faults import FAULTS
from portal.sandbox.aws.store import LOCK, STORE

# The overlay leans on moto's inner workings: another version needs another look at every patched symbol.
MOTO_VERSION = "5.2.5"

_ORIGINALS: list[tuple[Any, str, Any]] = []
_CREDENTIAL = re.compile(r"Credential=([^/\s]+)/")


def installed() -> bool:
    """Tell whether moto is strict in this process."""
    return bool(_ORIGINALS)


def install() -> None:
    """Make moto strict in this process. Doing it again does nothing. Raises RuntimeError on another moto."""
    if _ORIGINALS:
        return
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    import moto

    if moto.__version__ != MOTO_VERSION:
        raise RuntimeError(
            f"The simulated AWS needs moto {MOTO_VERSION}, found {moto.__version__}: install requirements/sandbox.txt."
        )
    # moto asks new sessions for AWS's regions, and each would parse the description of EC2 for it: a third of a start.
    _patch(botocore.session, "create_loader", cache(create_loader))
    from moto.core.responses import BaseResponse
    from moto.ec2.models.managed_prefixes import ManagedPrefixListBackend

    moto_call = BaseResponse.call_action
    moto_account = BaseResponse.get_current_account
    moto_key = BaseResponse.get_access_key

    def call_action(self: Any) -> Any:
        return gate.pass_through(self, moto_call)

    def get_access_key(self: Any) -> str:
        # moto only sees keys of exactly 20 capitals and digits, and takes every other for one it knows.
        match = _CREDENTIAL.search(self.headers.get("Authorization", ""))
        return match.group(1) if match else str(moto_key(self))

    def get_current_account(self: Any) -> str:
        return iam.account_of(self.get_access_key()) or str(moto_account(self))

    _patch(BaseResponse, "call_action", call_action)
    _patch(BaseResponse, "get_access_key", get_access_key)
    _patch(BaseResponse, "get_current_account", get_current_account)
    _patch(ManagedPrefixListBackend, "_create_aws_managed_prefix_list", prefix_lists.create_aws_managed)


def uninstall() -> None:
    """Give moto back as it was."""
    while _ORIGINALS:
        owner, name, original = _ORIGINALS.pop()
        setattr(owner, name, original)


def reset() -> None:
    """Empty everything: moto's backends, endpoints, credentials, faults, buckets and recorded calls."""
    from moto.core.base_backend import BackendDict

    with LOCK:
        BackendDict.reset()
        STORE.clear()
        FAULTS.rules.clear()
        BUCKETS.held.clear()
        CALLS.clear()


def _patch(owner: Any, name: str, replacement: Any) -> None:
    _ORIGINALS.append((owner, name, getattr(owner, name)))
    setattr(owner, name, replacement)
