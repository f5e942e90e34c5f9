"""The server: werkzeug's threaded one, as a command's main loop or as a thread for tests."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from portal.sandbox.aws import overlay
from portal.sandbox.aws.control_api import ControlApi
from portal.sandbox.aws.state import StateFile
from portal.sandbox.aws.store import LOCK, STORE
from portal.sandbox.aws.wsgi import SimulatedAwsApp


class SimulatedAws:
    """A simulated AWS on a port of this machine, in a thread. One at a time in a process: moto's memory is
    global.

    `pace` scales how long states last (0: over at the next call), `rate` scales the token buckets (0: no
    throttling), `state` is a file that keeps everything between two starts. Port 0 takes a free one.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        pace: float = 1.0,
        rate: float = 1.0,
        state: Path | str | None = None,
        seed_demo: bool = False,
        control_token: str | None = None,
    ) -> None:
        self._address = (host, port)
        self._pace, self._rate, self._seed = pace, rate, seed_demo
        self._state = StateFile(Path(state)) if state else None
        self._control = ControlApi(token=control_token, changed=self._changed)
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._installed = False

    def start(self) -> SimulatedAws:
        """Load the state, seed where asked, listen and serve."""
        self.listen()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def listen(self) -> None:
        """Take the port and get everything ready, without serving yet. Raises OSError for a port in use."""
        from werkzeug.serving import make_server

        from portal.sandbox.aws import seed
        from portal.sandbox.aws.handler import QuietHandler

        # The port first: who does not get it must not touch the state of who has it.
        host, port = self._address
        taken = socket.create_server(
            self._address, family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
        self._installed = not overlay.installed()
        overlay.install()
        with LOCK:
            overlay.reset()
            if self._state is not None:
                self._state.load()
            STORE.pace, STORE.rate = self._pace, self._rate
            seed.tooling()
            if self._seed:
                seed.demo()
        self._server = make_server(
            host,
            port,
            SimulatedAwsApp(self._control),
            threaded=True,
            request_handler=QuietHandler,
            fd=taken.fileno(),
        )
        taken.close()  # the server has its own descriptor of it
        self._server.daemon_threads = True
        if self._state is not None:
            self._state.watch()

    def serve_forever(self) -> None:
        """Serve in this thread until `shutdown`."""
        self._server.serve_forever(0.1)

    def shutdown(self) -> None:
        """End `serve_forever`; call it from another thread."""
        self._server.shutdown()

    def stop(self) -> None:
        """Stop serving, save the state, give the port back."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self.close()

    def close(self) -> None:
        """Save the state, give the port back, and moto as it was."""
        if self._server is not None:
            self._server.server_close()
            self._server = None
        if self._state is not None:
            self._state.close()
        if self._installed:
            self._installed = False
            overlay.uninstall()

    @property
    def url(self) -> str:
        """Where it answers, for `endpoint_url` or `AWS_ENDPOINT_URL`."""
        host, port = self._server.server_address[:2]
        return f"http://{host}:{port}"

    def _changed(self) -> None:
        if self._state is not None:
            self._state.mark()

    def __enter__(self) -> SimulatedAws:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
