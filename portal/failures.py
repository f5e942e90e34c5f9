"""What is answered where a page fails: Django's `handler500`. It asks no database, which may be what failed."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

RETRY_AFTER_SECONDS = 5


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 503 where the database doesn't answer, which passes, and 500 where the portal is at fault."""
    if isinstance(sys.exc_info()[1], InterfaceError | OperationalError):
        page = loader.get_template("503.html").render()
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return defaults.server_error(request)
