"""`python -m portal.sandbox.aws --port 4566`: the simulated AWS in the foreground."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from portal.garbage import keep_what_is_there


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the state is saved then."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # The simulation must not read the credentials or region of whoever starts it.
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    from portal.sandbox.aws.server import SimulatedAws

    server = SimulatedAws(
        host=options.host,
        port=options.port,
        pace=options.pace,
        rate=options.rate,
        state=options.state,
        seed_demo=options.seed_demo,
        control_token=options.control_token,
    )
    try:
        server.listen()
    except OSError as error:
        print(f"The simulated AWS can't listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    keep_what_is_there()
    print(f"Simulated AWS on {server.url}", flush=True)
    server.serve_forever()
    server.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m portal.sandbox.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=4566, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine only")
    parser.add_argument("--state", type=Path, help="a file that keeps everything between two starts")
    parser.add_argument("--pace", type=float, default=1.0, help="scales how long states last; 0: not at all")
    parser.add_argument("--rate", type=float, default=1.0, help="scales the token buckets; 0: no throttling")
    parser.add_argument("--seed-demo", action="store_true", help="make the demo world where it is not there yet")
    parser.add_argument("--control-token", help="who shows it may use /_sim/ from elsewhere")
    return parser


if __name__ == "__main__":
    sys.exit(main())
