"""A team's own system: takes events, checks their signature, refuses now and then."""

import base64
import collections
import hashlib
import hmac
import http.server
import json
import threading

Taken = collections.namedtuple("Taken", "is_signed id body headers")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        want = "v1," + base64.b64encode(hmac.new(self.server.secret, signed, hashlib.sha256).digest()).decode()
        self.server.calls += 1
        is_refused = self.server.calls in self.server.refuse
        if not is_refused:
            self.server.taken.append(Taken(want in self.headers["webhook-signature"].split(), self.headers["webhook-id"],
                                           json.loads(body), dict(self.headers)))
        answer = "지금은 안 됩니다".encode() if is_refused else b"thank you"
        self.send_response(503 if is_refused else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Hook:
    """with Hook(refuse={2, 3}) as hook: …; refuse counts the calls from 1."""

    def __init__(self, refuse=()):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.secret, self.server.refuse, self.server.calls, self.taken = b"0123456789abcdef" * 2, refuse, 0, []
        self.server.taken = self.taken
        self.secret = "whsec_" + base64.b64encode(self.server.secret).decode()
        self.settings = {"events.url": f"file:var/events.ndjson,http://127.0.0.1:{self.server.server_port}/hook",
                         "events.secret": self.secret}

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
