"""The tables themselves: complete, reachable, and without a way to decide on one's own."""

from __future__ import annotations

import pytest

from endpoints.domain import lifecycle
from endpoints.domain.lifecycle import Actor, Lifecycle

TABLES = pytest.mark.parametrize("table", lifecycle.ALL, ids=lambda table: table.name)


@TABLES
def test_every_state_can_be_reached(table: Lifecycle) -> None:
    reached = {table.initial}
    while True:
        more = {move.target for move in table.transitions.values() if move.sources & reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(table.states)


@TABLES
def test_every_state_that_is_not_terminal_has_a_way_on(table: Lifecycle) -> None:
    for state in table.states.values():
        assert bool(table.allowed_from(state.value)) != state.terminal, state.value


@TABLES
def test_every_state_says_what_it_means(table: Lifecycle) -> None:
    for state in table.states.values():
        assert state.label
        assert state.meaning.endswith(".")


@TABLES
def test_every_event_names_its_subject(table: Lifecycle) -> None:
    subject = "policy" if table is lifecycle.POLICY_REVISION else table.name
    assert all(move.event.startswith(f"{subject}.") for move in table.transitions.values())


def test_only_approvers_decide_on_a_request() -> None:
    decisions = {name for name, move in lifecycle.REQUEST.transitions.items() if "submitted" in move.sources}
    for name in decisions - {"withdraw"}:
        assert lifecycle.REQUEST.transitions[name].who == {Actor.APPROVER}


def test_a_failed_request_can_be_retried_edited_or_withdrawn_or_parked() -> None:
    moves = {move.name for move in lifecycle.REQUEST.allowed_from("failed")}
    assert moves == {"retry", "resubmit", "withdraw", "park"}


def test_what_is_parked_goes_on_by_an_operator_or_is_withdrawn() -> None:
    assert {move.name for move in lifecycle.REQUEST.allowed_from("parked")} == {"resume", "withdraw"}
    assert {move.name for move in lifecycle.OPERATION.allowed_from("parked")} == {"resume", "cancel"}
    assert Actor.WORKER not in lifecycle.OPERATION.transitions["resume"].who


def test_a_table_that_names_an_unknown_state_is_refused() -> None:
    state = lifecycle.State("a", "A", lifecycle.Tone.OK, "A.")
    move = lifecycle.Transition("go", frozenset({"a"}), "nowhere", frozenset(), "x.go")
    with pytest.raises(ValueError, match="nowhere"):
        lifecycle._lifecycle("x", [state], [move])
