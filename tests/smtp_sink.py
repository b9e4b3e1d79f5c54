"""A real SMTP server on this machine that keeps what it is sent."""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default


class Sink:
    """The mails that came in, parsed, with their envelopes."""

    def __init__(self):
        self.mails, self.recipients, self.port, self.refuses = [], [], 0, False


@contextmanager
def smtp_sink():
    """Run a sink."""
    sink = Sink()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self._say("220 here")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self._say("354 go on")
                    text = b""
                    while (more := self.rfile.readline()) not in (b".\r\n", b""):
                        text += more.removeprefix(b".") if more.startswith(b"..") else more
                    sink.mails.append(message_from_bytes(text, policy=default))
                elif verb == b"RCPT":
                    if sink.refuses:
                        self._say("550 nobody here")
                        continue
                    sink.recipients.append(line.decode().strip())
                self._say("221 bye" if verb == b"QUIT" else "250 fine")
                if verb == b"QUIT":
                    return

        def _say(self, text):
            self.wfile.write(f"{text}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
