"""JSON under `/api/v1/`: read-only, for people with a session and programs with a token."""
