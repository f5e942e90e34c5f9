"""`suggest`: a small readable endpoint policy that allows what was recorded.

In: `{"events": [event] or text, "endpoint_type": "Gateway" | "Interface", "service": "com.amazonaws.eu-west-1.s3",
"endpoint"?: "vpce-…", "organization"?: "o-…", "keep"?: policy}`. Events are as for `replay`. The Deny statements of
`keep` stay.

Out: `{"policy": text, "lines": ["…"], "recorded": {…}}`; the lines say what was made wider and what is not sure.
"""

from __future__ import annotations

from typing import Any, Literal

from endpoints.policy.command import BadLineError, Line
from endpoints.policy.commands.replay import policy, recorded, refuse_unknown, summary, text
from endpoints.policy.use.smallest import CannotAllowError, smallest_policy

_MEMBERS = ("events", "endpoint_type", "service", "endpoint", "organization", "keep")
_TYPES: dict[str | None, Literal["Gateway", "Interface"]] = {"Gateway": "Gateway", "Interface": "Interface"}


def answer(line: Line) -> dict[str, Any]:
    """Answer one line. Raises `BadLineError`."""
    refuse_unknown(line, _MEMBERS)
    kind, service = _TYPES.get(text(line, "endpoint_type")), text(line, "service")
    if kind is None:
        raise BadLineError('"endpoint_type" is "Gateway" or "Interface".')
    if service is None:
        raise BadLineError('"service" is missing. Write the endpoint service, such as "com.amazonaws.eu-west-1.s3".')
    found = recorded(line)
    try:
        suggestion = smallest_policy(
            found,
            vpc_endpoint_type=kind,
            service_name=service,
            organization=text(line, "organization"),
            keep=policy(line, "keep") if line.root.get("keep") is not None else None,
        )
    except CannotAllowError as error:
        raise BadLineError(str(error)) from None
    return {"policy": suggestion.text, "lines": list(suggestion.lines), "recorded": summary(found)}
