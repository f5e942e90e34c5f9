"""A request of many changes in one line."""

from __future__ import annotations

import pytest

from endpoints.domain import lifecycle
from endpoints.domain.sums import ORDER, Told, counted, in_words, word_of


def told(*statuses: str, action: str = "create") -> list[Told]:
    return [Told(action, f"vpc-{number % 2}", status) for number, status in enumerate(statuses)]


def test_five_endpoints_in_two_vpcs() -> None:
    statuses = ("succeeded", "failed", "succeeded", "observing", "succeeded")
    assert in_words(told(*statuses)) == "5 endpoints in 2 VPCs: 3 available, 1 failed, 1 provisioning"
    assert counted(told(*statuses)) == {"available": 3, "failed": 1, "provisioning": 1}


def test_before_its_approval_only_how_many() -> None:
    assert in_words(told("", "")) == "2 endpoints in 2 VPCs"
    assert in_words(told("")) == "1 endpoint in 1 VPC"


def test_others_than_new_ones_are_changes() -> None:
    mixed = [*told("succeeded", action="delete"), *told("succeeded"), *told("cancelled", action="policy")]
    assert in_words(mixed) == "3 changes in 1 VPC: 1 available, 1 deleted, 1 withdrawn"


@pytest.mark.parametrize("status", lifecycle.OPERATION.states)
def test_every_status_has_a_word_of_the_order(status: str) -> None:
    assert word_of(Told("create", "vpc-1", status)) in ORDER
