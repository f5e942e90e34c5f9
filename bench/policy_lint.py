"""How long it takes to lint a policy, from its text to all findings, and to import the linter.

Run it with `python -m bench.policy_lint`.
On the 20 policies of `policy_cases`, each the median of its rounds in a process that has seen their services once, as
a worker of the portal has; the first policy of all, which reads AWS's reference, stands beside it. The import is that
of a fresh process. The peer is parliament, in the same run and on the same texts, from requirements/bench.txt in an
environment of its own, bench/peers/.venv. It knows nothing of endpoints.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

from bench import policy_cases
from bench.stage import show
from endpoints.policy.lint import lint

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "bench" / "peers"
SERVICE = "com.amazonaws.eu-west-1.s3"
ROUNDS, PEER_ROUNDS, STARTS = 200, 15, 9
_IMPORT = "import time; t = time.perf_counter(); import endpoints.policy.lint; print(time.perf_counter() - t)"


def main() -> None:
    """Measure and print."""
    texts = [json.dumps(json.loads(text), indent=2) for text in policy_cases.policies()]
    started = time.perf_counter()
    lint(texts[1], vpc_endpoint_type="Interface", service_name=SERVICE)
    first = time.perf_counter() - started
    ours = [_seconds(text) for text in texts]
    importing = statistics.median(_import_seconds() for _ in range(STARTS))
    peer = _peer(texts)
    theirs = sorted(peer["policies"]) if peer else []
    show(
        "policy_lint",
        statistics.median(ours) * 1000,
        "ms",
        worst=round(max(ours) * 1000, 3),
        first_of_the_process=round(first * 1000, 1),
        characters=round(statistics.median(map(len, texts))),
        **({"parliament": _ms(statistics.median(theirs)), "parliament_worst": _ms(theirs[-1])} if peer else {}),
    )
    show("policy_lint_import", importing * 1000, "ms", **({"parliament": _ms(peer["import"])} if peer else {}))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _seconds(text: str) -> float:
    """Return how long one policy takes, the median of its rounds."""
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        lint(text, vpc_endpoint_type="Interface", service_name=SERVICE)
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def _import_seconds() -> float:
    ran = subprocess.run([sys.executable, "-c", _IMPORT], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(ran.stdout)


def _peer(texts: list[str]) -> dict[str, Any] | None:
    """Return the peer's figures; None, with a line that says how to get it, if it can't be installed."""
    python = PEERS / ".venv" / "bin" / "python"
    lock = str(ROOT / "requirements" / "bench.txt")
    if not python.exists():
        venv.create(PEERS / ".venv", with_pip=True)
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "-r",
        lock,
    ]
    if subprocess.run(install, check=False, capture_output=True).returncode:
        print(f"parliament is missing. Install it with: {' '.join(install)}", file=sys.stderr)
        return None
    asked = json.dumps({"policies": texts, "rounds": PEER_ROUNDS})
    script = str(PEERS / "parliament_lint.py")
    ran = subprocess.run([str(python), "-W", "ignore", script], input=asked, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


if __name__ == "__main__":
    main()
