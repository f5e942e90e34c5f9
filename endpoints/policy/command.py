"""The policy language for pipelines: JSON Lines in, JSON Lines out.

    python -m endpoints.policy evaluate [FILE ...]

Every line is one question, a JSON object; the module of the verb in `commands` says of which members. Every line gets
one line as its answer, in order. One that can't be answered gets `{"error": "…"}`, the rest goes on, and the exit
status is 1 in the end; it is 2 if the command itself can't be understood or a file can't be read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from difflib import get_close_matches
from importlib import import_module
from typing import IO, Any, TypeAlias

from endpoints.policy.nodes import Object
from endpoints.policy.reader import Reader, UnreadableError

Answer: TypeAlias = Callable[["Line"], "dict[str, Any]"]

VERBS = {
    "evaluate": "whether requests are allowed, by which policy and why",
    "compare": "what a change of a policy allows that was not allowed, and what no longer",
    "lint": "what is wrong with policies, or odd, and how to mend it",
    "replay": "which recorded requests a policy would deny",
    "suggest": "which small policy allows what was recorded",
}
"""What each verb finds out. It is answered by `answer` in the module of its name in `commands`."""

MAX_LINE_BYTES = 16 * 1024 * 1024
"""Far more than the policies of one request can have."""


class BadLineError(ValueError):
    """The line is no question; the message says why, and what to write."""


class Line:
    """One line of input: its text, and the JSON object in it with the places of its parts."""

    def __init__(self, text: str) -> None:
        """Read the line. Raises `BadLineError`."""
        if not text.strip():
            raise BadLineError("The line is empty. Write a JSON object on it.")
        self.text = text
        reader = Reader(text)
        root = None
        with suppress(UnreadableError):
            root = reader.read()
        if reader.findings:
            found = reader.findings[0]
            raise BadLineError(f"Column {found.column}: {found.message} {found.cure}")
        if not isinstance(root, Object):
            raise BadLineError("The line is no JSON object. Write { … } on one line.")
        self.root = root


def refuse_misspelt(node: Object, known: tuple[str, ...]) -> None:
    """Refuse a member whose name is nearly a known one: left unread, it would widen what is allowed, without a word.

    Other members are for whoever wrote the line. Raises `BadLineError`.
    """
    for member in node.members:
        meant = get_close_matches(member.name[:60].lower(), known, n=1, cutoff=0.8)
        if meant and member.name not in known:
            raise BadLineError(f'"{member.name[:60]}" is unknown. Write "{meant[0]}" if you mean that.')


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m endpoints.policy", description="Ask about AWS policies.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, what in VERBS.items():
        verb = verbs.add_parser(name, help=what, description=f"Find out {what}: one JSON object a line, in and out.")
        verb.add_argument("files", nargs="*", metavar="FILE", help="what to read; standard input if there is none")
    options = parser.parse_args(arguments)
    answer: Answer = import_module(f"endpoints.policy.commands.{options.verb}").answer
    try:
        return _run(answer, options.files)
    except BrokenPipeError:
        # Whoever read the answers has had enough; without this the interpreter complains once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = error.filename or "standard output"  # which has no name of its own: its disk may be full
        print(f"{where}: {error.strerror}", file=sys.stderr)  # noqa: T201 - this is a command
        return 2
    except KeyboardInterrupt:
        return 130  # as shells say of a command that was interrupted


def _run(answer: Answer, files: Sequence[str]) -> int:
    bad = False
    for file in files or ("-",):
        with nullcontext(sys.stdin.buffer) if file == "-" else open(file, "rb") as stream:
            for raw in _lines(stream):
                try:
                    found = answer(Line(_decoded(raw)))
                except BadLineError as error:
                    found, bad = {"error": str(error)}, True
                sys.stdout.write(json.dumps(found, separators=(", ", ": ")) + "\n")
                sys.stdout.flush()  # who asks line by line waits for each answer
    return int(bad)


def _lines(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Give each line without its end; None for one that is too long to be kept."""
    while raw := stream.readline(MAX_LINE_BYTES):
        if raw.endswith(b"\n") or len(raw) < MAX_LINE_BYTES:
            yield raw.rstrip(b"\r\n")
            continue
        while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass
        yield None


def _decoded(raw: bytes | None) -> str:
    if raw is None:
        raise BadLineError(f"The line is longer than {MAX_LINE_BYTES:,} bytes.")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadLineError(f"Byte {error.start + 1}: this is no UTF-8. Write the line in UTF-8.") from None
