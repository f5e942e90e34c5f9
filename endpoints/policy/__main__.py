"""`python -m endpoints.policy VERB`: see `command`."""

from endpoints.policy.command import main

if __name__ == "__main__":
    raise SystemExit(main())
