"""Sessions of many accounts in one process."""

from __future__ import annotations

import pytest

from endpoints.aws import sessions


def test_accounts_have_sessions_of_their_own_and_share_what_botocore_knows_of_ec2(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sessions, "_gateways", {})
    monkeypatch.setattr(sessions, "_sessions", {})
    for account in ("111122223333", "444455556666"):
        role = f"arn:aws:iam::{account}:role/EndpointPortal"
        sessions.gateway_for(sessions.Target(account, "eu-west-1", role, "external"))
    first, second = sessions._sessions.values()
    assert first is not second
    assert first.get_credentials() is not second.get_credentials()
    loaders = [session._session.get_component("data_loader") for session in (first, second)]
    assert loaders[0] is loaders[1], "each further account would cost 24 MiB and a fifth of a second"
