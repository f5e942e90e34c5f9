"""Errors as `application/problem+json` (RFC 9457), whatever the client accepts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.http import Http404, HttpResponse, JsonResponse
from rest_framework import exceptions, status
from rest_framework.views import set_rollback

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
_NOT_FOUND = "There is nothing here that you may see. Check the id, and who you are signed in as."


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
        _sentence(known),
        instance=getattr(context.get("request"), "path", ""),
        errors=known.problems if isinstance(known, BadParameters) else None,
    )
    if header := getattr(known, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(known, "wait", None):
        response["Retry-After"] = f"{wait:.0f}"
    return response


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
    return error if isinstance(error, exceptions.APIException) else None


def _sentence(error: exceptions.APIException) -> str:
    detail = error.detail
    if isinstance(detail, list):
        return " ".join(str(item) for item in detail)
    return str(detail)
