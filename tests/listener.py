"""A real web server on this machine that remembers what it was asked and answers as it was told."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Listener:
    """What came in, and what goes out."""

    def __init__(self):
        self.asked = []
        """Method, path, headers with lower-case names, body; in order."""
        self.answers = {}
        """Status and document by ``METHOD path`` without the query; else 200 and ``{}``."""
        self.port = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method, path, headers, body):
        """Give status, headers and document; tests may put something else here."""
        status, document = self.answers.get(f"{method} {path.partition('?')[0]}", (200, {}))
        return status, {}, document


@contextmanager
def listening():
    """Run a listener."""
    kept = Listener()

    class Handler(BaseHTTPRequestHandler):
        def _any(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept.asked.append((self.command, self.path, headers, body))
            status, more, document = kept.answer(self.command, self.path, headers, body)
            out = json.dumps(document).encode() if status != 204 else b""
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        do_GET = do_POST = do_PATCH = do_DELETE = _any

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
