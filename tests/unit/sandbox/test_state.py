"""The state file, in process: what it keeps, and what it does with a file it can't read."""

from __future__ import annotations

import logging
import pickle
import threading
from pathlib import Path

import pytest

from portal.sandbox.aws import activate, overlay
from portal.sandbox.aws.state import StateFile
from portal.sandbox.aws.store import LOCK
from tests.unit.sandbox.network import Network, code_of

_PATIENCE_SECONDS = 30


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "aws.state")
    with activate():
        network = Network.build()
        made = network.interface(ClientToken="t-1")
        before = network.read(made)
        file.save()
        with LOCK:
            overlay.reset()
            assert file.load() is True
        assert network.read(made) == before
        assert network.interface(ClientToken="t-1")["VpcEndpointId"] == made["VpcEndpointId"]
        assert list(tmp_path.iterdir()) == [file.path]


def test_no_file_is_no_state(tmp_path: Path, aws: None) -> None:
    assert StateFile(tmp_path / "aws.state").load() is False


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", pickle.dumps({"format": 99}), pickle.dumps([1]), pickle.dumps({"format": 1})],
)
def test_a_file_that_cannot_be_read_is_set_aside(
    tmp_path: Path, aws: None, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = tmp_path / "aws.state"
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING, logger="simulated-aws"):
        assert StateFile(path).load() is False
    assert "set aside" in caplog.text
    assert [one.read_bytes() for one in tmp_path.glob("aws.state.damaged-*")] == [content]
    assert not path.exists()


def test_a_half_readable_file_leaves_nothing_half_loaded(network: Network, tmp_path: Path) -> None:
    made = network.interface()
    file = StateFile(tmp_path / "aws.state")
    file.save()
    document = pickle.loads(file.path.read_bytes())  # noqa: S301 - written two lines above
    document["store"] = None
    file.path.write_bytes(pickle.dumps(document))
    assert file.load() is False
    assert code_of(lambda: network.read(made)) == "AuthFailure"  # nothing is there, not even the key


class _ClosedInBetween(threading.Event):
    """The watcher's "something changed": the moment before it is cleared, somebody closes the file."""

    def __init__(self, file: StateFile) -> None:
        super().__init__()
        self.closer = threading.Thread(target=file.close, daemon=True)
        self._told = threading.Event()

    def set(self) -> None:
        super().set()
        if threading.current_thread() is self.closer:
            self._told.set()

    def clear(self) -> None:
        if not self._told.is_set():
            self.closer.start()
            assert self._told.wait(_PATIENCE_SECONDS)
        super().clear()


def test_whoever_closes_it_just_before_a_save_is_heard(tmp_path: Path, aws: None) -> None:
    file = StateFile(tmp_path / "aws.state")
    file._dirty = changed = _ClosedInBetween(file)
    file.watch()
    file.mark()
    assert changed._told.wait(_PATIENCE_SECONDS)
    changed.closer.join(_PATIENCE_SECONDS)
    assert not changed.closer.is_alive()
    assert file.path.exists()
