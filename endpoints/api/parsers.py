"""How the JSON that programs send is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """Reads JSON, but not halves of surrogate pairs: nothing that quotes them could be sent or stored.

    What is nested too deeply to be read is told as well: Python gives up at about a thousand levels.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what was sent. Raises ParseError."""
        try:
            found = super().parse(stream, media_type, parser_context)
            json.dumps(found, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("This is nested too deeply to be read.") from None
        except UnicodeEncodeError:
            raise ParseError("Half of a surrogate pair (\\ud800 to \\udfff) stands alone. Remove it.") from None
        return found
