"""What the walks share: the server under test, its clients, and a receiver of notifications."""

import contextlib
import http.server
import json
import queue
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from ngsildclient import AsyncClient, Client
from ngsildclient.model.constants import CORE_CONTEXT

from table import Wire

PARKING_CONTEXT = "https://parking.example/context.jsonld"
"""The server knows it as a static context: parking.jsonld, beside this folder."""

CONTEXT = [CORE_CONTEXT, PARKING_CONTEXT]

PATIENCE_S = 20
"""How long a notification may take on a busy machine."""


def eventually(asked, enough):
    """What `asked` answers once `enough` holds of it; the last answer when it does not within a while."""
    until = time.monotonic() + PATIENCE_S
    while not enough(found := asked()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


class Receiver:
    """Takes notifications over HTTP on a free port of this machine."""

    def __init__(self):
        received = self._received = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.put((self.path, self.headers, json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def uri(self, path):
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def next(self, path):
        """The next notification at `path`; those at other paths are left out."""
        while True:
            at, headers, body = self._received.get(timeout=PATIENCE_S)
            if at == path:
                return headers, body

    def none(self, path, within_s=1.0):
        """Whether nothing arrives at `path` for a while."""
        try:
            while True:
                at, _, _ = self._received.get(timeout=within_s)
                if at == path:
                    return False
        except queue.Empty:
            return True


@dataclass
class World:
    base: str
    folder: str
    client: Client
    wire: Wire
    receiver: Receiver

    @classmethod
    def of(cls, base, folder):
        parts = urlsplit(base)
        wire = Wire()
        client = Client(hostname=parts.hostname, port=parts.port, verbose=False)
        client.session.hooks["response"].append(wire.requests_hook)
        return cls(base, folder, client, wire, Receiver())

    def another(self, **options):
        """A further synchronous client."""
        parts = urlsplit(self.base)
        client = Client(hostname=parts.hostname, port=parts.port, verbose=False, **options)
        client.session.hooks["response"].append(self.wire.requests_hook)
        return client

    @contextlib.asynccontextmanager
    async def asynchronous(self, **options):
        parts = urlsplit(self.base)
        client = AsyncClient(hostname=parts.hostname, port=parts.port, port_temporal=parts.port, **options)
        client.client.event_hooks["response"].append(self.wire.httpx_hook)
        async with client:
            yield client


def without_context(entity):
    """The members of an entity but its @context."""
    payload = json.loads(entity.to_json()) if hasattr(entity, "to_json") else dict(entity)
    payload.pop("@context", None)
    return payload
