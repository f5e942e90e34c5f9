"""`python -m portal.sandbox.manage COMMAND ...`: manage.py on the running sandbox's servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from portal.sandbox.options import ROOT, Options
from portal.sandbox.postgres import SandboxError

_FILE = "environment.json"


def publish(folder: Path, env: Mapping[str, str]) -> None:
    """Write down what the sandbox's processes have in their environment beyond ours; it holds a password."""
    file = folder / _FILE
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps({name: value for name, value in env.items() if os.environ.get(name) != value}))


def main() -> int:
    """Return the command's exit code, or 1 when no sandbox was started here yet."""
    try:
        file = Options.read(os.environ).folder / _FILE
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    if not file.exists():
        print("There is no sandbox yet. Start it with: make run", file=sys.stderr)
        return 1
    env = {**os.environ, **json.loads(file.read_text())}
    return subprocess.run([sys.executable, str(ROOT / "manage.py"), *sys.argv[1:]], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
