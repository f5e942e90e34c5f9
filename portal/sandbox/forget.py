"""Removes the sandbox's data, so that the next start is a first one; `make clean-data` calls it."""

from __future__ import annotations

import os
import shutil
import sys

from portal.sandbox import postgres
from portal.sandbox.__main__ import sole_owner
from portal.sandbox.options import Options
from portal.sandbox.postgres import SandboxError


def main() -> int:
    """Return 0, or 1 when a sandbox runs on these data."""
    try:
        options = Options.read(os.environ)
        if options.folder.exists():
            with sole_owner(options.folder, "which removes the data"):
                postgres.forget(options.folder / "postgres")
                shutil.rmtree(options.folder)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The sandbox's data in {options.folder} are removed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
