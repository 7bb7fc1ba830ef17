"""An S3 server on loopback: moto's, behind a gate that knows one access key and can refuse requests."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.request import Request, urlopen

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

KEY = "raysc-tests"
BUCKET = "bucket"


class SilentHandler(WSGIRequestHandler):
    """A handler that writes no log and keeps connections open."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Log nothing."""


@dataclass
class Gate:
    """A WSGI application in front of the server that checks the access key and can refuse requests.

    Attributes:
        application: the server.
        refuses: method, path -> True for a request that is answered with 403.
        loses: method, path -> True for a request that is carried out and answered with 500.
        requests: number of requests by method.
    """

    application: Any
    refuses: Callable[[str, str], bool] = lambda method, path: False
    loses: Callable[[str, str], bool] = lambda method, path: False
    requests: dict[str, int] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Handle one request."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests[method] = self.requests.get(method, 0) + 1
        if f"Credential={KEY}/" not in environ.get("HTTP_AUTHORIZATION", ""):
            return self._refuse(environ, start_response, "InvalidAccessKeyId", "There is no such key.")
        if self.refuses(method, path):
            return self._refuse(environ, start_response, "AccessDenied", "Access Denied by the test.")
        if self.loses(method, path):
            b"".join(self.application(environ, lambda status, headers, error=None: None))
            return _error_response(
                start_response, "500 Internal Server Error", "InternalError", "The test lost the answer."
            )
        answer: Iterable[bytes] = self.application(environ, start_response)
        return answer

    def _refuse(self, environ: dict[str, Any], start_response: Any, code: str, message: str) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return _error_response(start_response, "403 Forbidden", code, message)


def _error_response(start_response: Any, status: str, code: str, message: str) -> Iterable[bytes]:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


@dataclass(frozen=True)
class S3:
    """The running server.

    Attributes:
        gate: to refuse requests.
        environment: environment variables with which a client reaches it.
    """

    gate: Gate
    environment: dict[str, str]

    @contextmanager
    def refusing(self, refuses: Callable[[str, str], bool]) -> Iterator[None]:
        """Answer some requests with 403 inside the context."""
        previous, self.gate.refuses = self.gate.refuses, refuses
        try:
            yield
        finally:
            self.gate.refuses = previous

    @contextmanager
    def losing_one_answer(self, method: str, path: str) -> Iterator[None]:
        """Carry out the next request to a path, and answer it with an error."""
        pending = [path]
        self.gate.loses = lambda verb, target: (
            verb == method and path in target and bool(pending) and bool(pending.pop())
        )
        try:
            yield
        finally:
            self.gate.loses = lambda method, path: False


@contextmanager
def serving() -> Iterator[S3]:
    """Run the server in a thread of this process."""
    gate = Gate(DomainDispatcherApplication(create_backend_app))
    server: BaseWSGIServer = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=SilentHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    signed = {"Authorization": f"AWS4 Credential={KEY}/x/us-east-1/s3/"}
    urlopen(Request(f"{endpoint}/{BUCKET}", method="PUT", headers=signed)).close()
    yield S3(
        gate,
        {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": "secret",
        },
    )
    server.shutdown()
    thread.join()
