"""The HTTP side: AWS's services, the control API under `/_sim/`, and what faults do to the socket."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import socket
import struct
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from portal.sandbox.aws.errors import AwsError, render
from portal.sandbox.aws.gate import TRANSPORT_HEADER

log = logging.getLogger("simulated-aws")

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
StartResponse = Callable[..., Any]
Control = Callable[[dict[str, Any], bytes], tuple[int, Any]]


class SimulatedAwsApp:
    """The WSGI application. `control` answers what comes under `/_sim/`."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._others: Any = None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; whatever goes wrong inside, the answer is one botocore can parse."""
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith("/_sim/"):
            return self._answer_control(environ, start_response)
        match = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        service = match.group(2) if match else ""
        protocol = "ec2" if service == "ec2" else "query"
        try:
            if path.startswith("/moto-api") or not match:
                raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
            status, headers, body = self._dispatch(service, environ)
        except AwsError as error:
            status, headers, body = render(protocol, error, str(uuid.uuid4()))
        except Exception as error:
            log.warning("%s failed inside the simulation", service, exc_info=True)
            failure = AwsError("InternalError", f"An internal error has occurred: {error!r}")
            status, headers, body = render(protocol, failure, str(uuid.uuid4()))
        return _send(environ, start_response, status, dict(headers), body)

    def _dispatch(self, service: str, environ: dict[str, Any]) -> tuple[int, Any, Any]:
        from botocore.model import OperationNotFoundError
        from moto.core.request import Request

        response_class = _response_class(service)
        if response_class is None:
            return self._dispatch_by_moto(environ)
        request = Request(environ)
        request.from_wsgi_server = True
        try:
            answer: tuple[int, Any, Any] = response_class.dispatch(request)
        except OperationNotFoundError:
            action = request.form.get("Action", "")
            raise AwsError("InvalidAction", f"The action {action} is not valid for this web service.") from None
        return answer

    def _dispatch_by_moto(self, environ: dict[str, Any]) -> tuple[int, Any, Any]:
        # Services beside the main ones go moto's own way, loaded when first asked for.
        if self._others is None:
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

            self._others = DomainDispatcherApplication(create_backend_app)
        from werkzeug.test import run_wsgi_app

        chunks, status, headers = run_wsgi_app(self._others, environ)
        body = b"".join(chunks)
        code = int(status.split(" ", 1)[0])
        if code >= 500 and "html" in headers.get("Content-Type", ""):
            raise AwsError("InvalidAction", "The action is not valid for this web service: it is not simulated.")
        return code, dict(headers.items()), body

    def _answer_control(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        status, answer = self._control(environ, body)
        text = json.dumps(answer)
        return _send(environ, start_response, status, {"Content-Type": "application/json"}, text)


def _response_class(service: str) -> Any:
    if service == "ec2":
        from moto.ec2.responses import EC2Response

        return EC2Response
    if service == "sts":
        from moto.sts.responses import TokenResponse

        return TokenResponse
    if service == "iam":
        from moto.iam.responses import IamResponse

        return IamResponse
    return None


def _send(
    environ: dict[str, Any], start_response: StartResponse, status: int, headers: dict[str, Any], body: Any
) -> Iterable[bytes]:
    if any(name.lower() == TRANSPORT_HEADER for name in headers):
        _break(environ)
    data = body.encode() if isinstance(body, str) else bytes(body or b"")
    headers = {
        name: str(value)
        for name, value in headers.items()
        if name.lower() not in ("status", "content-length", "date", "connection")
    }
    headers["Content-Length"] = str(len(data))
    start_response(f"{status} Simulated", list(headers.items()))
    return [data]


def _break(environ: dict[str, Any]) -> None:
    """Reset the client's connection, without an answer. Raises ConnectionResetError, for the server."""
    connection = environ["werkzeug.socket"]
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Reader and writer hold the socket too: only closing its descriptor sends the reset now.
        os.close(connection.detach())
    raise ConnectionResetError("cut by a fault")
