"""Servers on loopback that answer as S3, Google Cloud Storage and Azure Blob Storage do, with their peculiarities.

S3 refuses a conditional write with 409 while another request for the same name is under way. Google and Azure answer
404 to the deletion of an absent object, where S3 succeeds.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 1000
"""Objects of one page of a listing."""


@dataclass
class Bucket:
    """The objects of a server.

    Attributes:
        objects: path -> bytes and time of the last write.
        conflicts: number of conditional writes that are refused with 409.
        late_seconds: time after which a refused write arrives all the same; None: never.
        lock: held while the objects change.
    """

    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    conflicts: int = 0
    late_seconds: float | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def write(self, path: str, data: bytes, only_if_absent: bool) -> bool:
        """Write an object; return False if it exists and must not."""
        with self.lock:
            if only_if_absent and path in self.objects:
                return False
            self.objects[path] = data, datetime.now(UTC)
            return True

    def delete(self, path: str) -> bool:
        """Delete an object; return False if it is absent."""
        with self.lock:
            return self.objects.pop(path, None) is not None

    def page(self, below: str, after: str) -> tuple[list[tuple[str, int, datetime]], bool]:
        """Return (path, size, time) of a page of objects whose paths begin with ``below``, and True if more follow."""
        with self.lock:
            names = sorted(path for path in self.objects if path.startswith(below) and path > after)
            entries = [(path, len(self.objects[path][0]), self.objects[path][1]) for path in names[:PAGE]]
        return entries, len(names) > PAGE

    def conflict(self, path: str, data: bytes) -> bool:
        """Return True if a conditional write is refused; it may arrive later."""
        with self.lock:
            if not self.conflicts:
                return False
            self.conflicts -= 1
        if self.late_seconds is not None:
            threading.Timer(self.late_seconds, self.write, (path, data, True)).start()
        return True


class _Handler(BaseHTTPRequestHandler):
    """What the three dialects share: reading, and writing of single objects."""

    protocol_version = "HTTP/1.1"
    bucket: ClassVar[Bucket]
    condition: ClassVar[tuple[str, str]]
    """Header, with its value, of a write that is to fail where the object exists."""
    exists_status: ClassVar[int] = 412
    write_status: ClassVar[int] = 200

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing."""

    @property
    def _object(self) -> str:
        return unquote(urlsplit(self.path).path)

    @property
    def _query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def _body(self) -> bytes:
        if (length := self.headers.get("Content-Length")) is not None:
            return self.rfile.read(int(length))
        chunks = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
        self._answer(status, body, Content_Type="application/xml", x_ms_error_code=code)

    def do_PUT(self) -> None:
        """Write an object."""
        data, (header, value) = self._body(), self.condition
        only_if_absent = self.headers.get(header) == value
        if only_if_absent and self.bucket.conflict(self._object, data):
            self._refuse(409, "ConditionalRequestConflict")
        elif self.bucket.write(self._object, data, only_if_absent):
            self._answer(self.write_status, b"", ETag='"1"', Last_Modified=format_datetime(datetime.now(UTC), True))
        else:
            self._refuse(self.exists_status, "AlreadyExists")

    def do_GET(self) -> None:
        """Read an object, or list a page of objects."""
        if "list-type" in self._query or self._query.get("comp") == "list":
            self._list()
            return
        stored = self.bucket.objects.get(self._object)
        if stored is None:
            self._refuse(404, "NoSuchKey")
        else:
            self._answer(200, stored[0], ETag='"1"', Last_Modified=format_datetime(stored[1], usegmt=True))

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        """Delete an object, as Google and Azure do."""
        if self.bucket.delete(self._object):
            self._answer(204)
        else:
            self._refuse(404, "NoSuchKey")

    def _page(self, marker: str) -> tuple[list[tuple[str, int, datetime]], str]:
        """Return (name, size, time) of a page, and the marker of the next one, "" at the end."""
        container = self._object.rstrip("/") + "/"
        after = container + self._query[marker] if marker in self._query else ""
        entries, more = self.bucket.page(container + self._query.get("prefix", ""), after)
        named = [(path.removeprefix(container), size, time) for path, size, time in entries]
        return named, named[-1][0] if more else ""

    def _list(self) -> None:
        """List as S3 and Google do."""
        entries, following = self._page("continuation-token")
        items = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z')}</LastModified>"
            f"<ETag>1</ETag><Size>{size}</Size></Contents>"
            for name, size, time in entries
        )
        token = f"<NextContinuationToken>{escape(following)}</NextContinuationToken>" if following else ""
        truncated = str(bool(following)).lower()
        body = f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{token}{items}</ListBucketResult>"
        self._answer(200, body.encode(), Content_Type="application/xml")


class S3Handler(_Handler):
    """S3."""

    condition = "If-None-Match", "*"

    def do_POST(self) -> None:
        """Delete many objects; absent ones count as deleted."""
        names = re.findall(r"<Key>(.*?)</Key>", self._body().decode())
        for name in names:
            self.bucket.delete(f"{self._object.rstrip('/')}/{name}")
        deleted = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
        self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode(), Content_Type="application/xml")


class GoogleHandler(_Handler):
    """Google Cloud Storage."""

    condition = "x-goog-if-generation-match", "0"


class AzureHandler(_Handler):
    """Azure Blob Storage."""

    condition = "If-None-Match", "*"
    exists_status = 409
    write_status = 201

    def do_POST(self) -> None:
        """Delete a batch of objects; the answer has a part for each."""
        answer = ""
        for number, target in re.findall(r"Content-ID: (\d+).*?DELETE (\S+) HTTP", self._body().decode(), re.DOTALL):
            if self.bucket.delete(unquote(urlsplit(target).path)):
                status = "HTTP/1.1 202 Accepted\r\n\r\n"
            else:
                status = "HTTP/1.1 404 Absent\r\nx-ms-error-code: BlobNotFound\r\nContent-Length: 0\r\n\r\n"
            answer += f"--batch\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n{status}\r\n"
        self._answer(202, f"{answer}--batch--\r\n".encode(), Content_Type="multipart/mixed; boundary=batch")

    def _list(self) -> None:
        """List as Azure does."""
        entries, following = self._page("marker")
        blobs = "".join(
            f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{format_datetime(time, usegmt=True)}"
            f"</Last-Modified><Content-Length>{size}</Content-Length><Content-Type>x</Content-Type><Etag>1</Etag>"
            "</Properties></Blob>"
            for name, size, time in entries
        )
        body = (
            "<EnumerationResults><Prefix/><MaxResults>1000</MaxResults>"
            f"<Blobs>{blobs}</Blobs><NextMarker>{escape(following)}</NextMarker></EnumerationResults>"
        )
        self._answer(200, body.encode(), Content_Type="application/xml")


def _s3(endpoint: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
    return {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true", **keys}


def _google(endpoint: str) -> dict[str, str]:
    account = {
        "gcs_base_url": endpoint,
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    return {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account), "GOOGLE_ALLOW_HTTP": "true"}


def _azure(endpoint: str) -> dict[str, str]:
    account = {"AZURE_STORAGE_ACCOUNT_NAME": "account", "AZURE_STORAGE_ACCOUNT_KEY": "a2V5"}
    return {"AZURE_ENDPOINT": f"{endpoint}/account", "AZURE_ALLOW_HTTP": "true", **account}


DIALECTS: dict[str, tuple[type[_Handler], Any]] = {
    "s3": (S3Handler, _s3),
    "gs": (GoogleHandler, _google),
    "az": (AzureHandler, _azure),
}
"""Scheme -> handler, and the function from an endpoint to environment variables."""


@contextmanager
def serving(scheme: str) -> Iterator[tuple[Bucket, dict[str, str]]]:
    """Run a server; yield its bucket and the environment variables with which a client reaches it."""
    handler, environment = DIALECTS[scheme]
    bucket = Bucket()
    bound: Any = type(handler.__name__, (handler,), {"bucket": bucket})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield bucket, environment(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    thread.join()
