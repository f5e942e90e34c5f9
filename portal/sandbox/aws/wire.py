"""EC2's XML from plain dictionaries, by botocore's model.

moto's serialiser looks for every member under several names, on objects too: half the time of a create, and a
second for a thousand endpoints. The overlay's answers are dictionaries with botocore's names, so a plain walk
does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
Emit = Callable[[Any, list[str]], None]


def answer(action: str, result: dict[str, Any], request_id: str) -> tuple[int, dict[str, Any], str]:
    """Return status, headers and body of a successful EC2 answer."""
    from moto.core.utils import get_service_model

    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{action}Response xmlns="{_NAMESPACE}"><requestId>{request_id}</requestId>'
    ]
    shape = get_service_model("ec2").operation_model(action).output_shape
    if shape is not None:
        _emitter(shape)(result, parts)
    parts.append(f"</{action}Response>")
    return 200, {"Content-Type": "text/xml;charset=UTF-8", "server": "simulated-aws"}, "".join(parts)


@cache
def _emitter(shape: Any) -> Emit:
    """Return what writes a value of a shape, without its own tag."""
    if shape.type_name == "structure":
        return _structure(shape)
    if shape.type_name == "list":
        return _list(shape)
    return _text


def _structure(shape: Any) -> Emit:
    tags = {name: member.serialization.get("name", name) for name, member in shape.members.items()}
    emitters: dict[str, Emit] = {}

    def emit(value: Any, parts: list[str]) -> None:
        for name, item in value.items():
            if item is None:
                continue
            # Resolved when first met: shapes may contain themselves.
            write = emitters.get(name)
            if write is None:
                write = emitters[name] = _emitter(shape.members[name])
            tag = tags[name]
            parts.append(f"<{tag}>")
            write(item, parts)
            parts.append(f"</{tag}>")

    return emit


def _list(shape: Any) -> Emit:
    tag = shape.member.serialization.get("name", "item")
    write = _emitter(shape.member)

    def emit(value: Any, parts: list[str]) -> None:
        for item in value:
            parts.append(f"<{tag}>")
            write(item, parts)
            parts.append(f"</{tag}>")

    return emit


def _text(value: Any, parts: list[str]) -> None:
    if isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, datetime):
        parts.append(value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z")
    else:
        parts.append(escape(str(value)))
