"""Errors as `application/problem+json` (RFC 9457), whatever the client accepts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from rest_framework import exceptions, status
from rest_framework.views import set_rollback

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
_CURES: Mapping[type[exceptions.APIException], str] = {
    exceptions.NotAuthenticated: (
        "You are not signed in. Send an API token as “Authorization: Token …”; make one on the page “API tokens”."
    ),
    exceptions.AuthenticationFailed: (
        "This is no token that is valid now. Make another on the page “API tokens”, and send it as “Authorization: "
        "Token …”. Who can't sign in any more asks an administrator."
    ),
    exceptions.NotAcceptable: "This isn't offered in the form that you accept. Send “Accept: application/json”.",
    exceptions.UnsupportedMediaType: "Send JSON, and say so: “Content-Type: application/json”.",
}
"""What to do next, where the framework only says what is wrong."""
_NOT_FOUND = "There is nothing here that you may see. Check the id, and who you are signed in as."
MOST_NAMED = 20
"""How many parameters of those that nobody knows are named."""


class BadParameters(exceptions.APIException):
    """Query parameters that can't be taken: `problems` maps each to sentences that say the cure."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, problems: Mapping[str, list[str]]) -> None:
        self.problems = dict(problems)
        named = ", ".join(sorted(self.problems))
        super().__init__(f"Mend these query parameters: {named}.")


class TooManyParameters(exceptions.APIException):
    """More query parameters than Django reads."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = f"There are too many query parameters. Send at most {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,}."


class Unavailable(exceptions.APIException):
    """The database doesn't answer, which passes."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The portal's database doesn't answer. Try again in some seconds."
    wait = 5
    """Seconds, for `Retry-After`."""


class PreconditionFailed(exceptions.APIException):
    """An `If-Match` that doesn't hold: what the client knows is out of date."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "This has changed since you read it. Read it again."


class TooLarge(exceptions.APIException):
    """A body of more bytes than are read."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "This is too large. Send at most 1 MiB."


def handle(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """Return any error as a problem: DRF's `EXCEPTION_HANDLER`. Unexpected ones are logged and tell no details."""
    set_rollback()
    known = _known(error)
    if known is None:
        request = context.get("request")
        log.error("unexpected error at %s", getattr(request, "path", "?"), exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke here. Try again; if it stays, tell us when.")
    response = problem(
        HTTPStatus(known.status_code),
        _sentence(known, context),
        instance=getattr(context.get("request"), "path", ""),
        errors=known.problems if isinstance(known, BadParameters) else None,
    )
    if header := getattr(known, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(known, "wait", None):
        response["Retry-After"] = f"{wait:.0f}"
    return response


def unknown_parameters(given: Iterable[str], known: Collection[str]) -> dict[str, list[str]]:
    """Return the problem of each of the first parameters that aren't known; the first one's names those that are."""
    unknown = [name for name in given if name not in known]
    problems = {name: ["There is no such parameter here."] for name in unknown[:MOST_NAMED]}
    if unknown:
        others = f", nor for {len(unknown) - 1} others" if len(unknown) > MOST_NAMED else ""
        there_are = ", ".join(sorted(known))
        problems[unknown[0]] = [f"There is no such parameter here{others}. There are: {there_are}."]
    return problems


def problem(
    code: HTTPStatus, detail: str, *, instance: str = "", errors: Mapping[str, list[str]] | None = None
) -> HttpResponse:
    """Return one problem. `about:blank` says that the status is the whole type (RFC 9457, section 4.2.1)."""
    body: dict[str, Any] = {"type": "about:blank", "title": code.phrase, "status": code.value, "detail": detail}
    if instance:
        body["instance"] = instance
    if errors:
        body["errors"] = dict(errors)
    response = JsonResponse(body, status=code.value, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response


def _known(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, Http404):
        return exceptions.NotFound(_NOT_FOUND)
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied(str(error) or None)
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, TooManyFieldsSent):
        return TooManyParameters()
    if isinstance(error, InterfaceError | OperationalError):
        log.error("the database does not answer", exc_info=error)
        return Unavailable()
    return error if isinstance(error, exceptions.APIException) else None


def _sentence(error: exceptions.APIException, context: Mapping[str, Any]) -> str:
    if isinstance(error, exceptions.MethodNotAllowed):
        asked = getattr(context.get("request"), "method", "")
        return f"{asked} isn't taken here. Use {' or '.join(context['view'].allowed_methods)}."
    detail = next((cure for kind, cure in _CURES.items() if isinstance(error, kind)), error.detail)
    if isinstance(detail, list):
        return " ".join(str(item) for item in detail)
    return str(detail)
