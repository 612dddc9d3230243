"""A team's own end of a webhook: it takes every event and remembers when."""

import datetime
import http.server
import json
import threading
import time

SECRET = "whsec_a2thY2hpLW9mLXRoZS10ZXN0cy1hbG9uZQ=="


class Hook:
    def __init__(self):
        hook = self
        self.came = []  # (id, event, Unix time)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                hook.came.append((self.headers["webhook-id"], json.loads(body), time.time()))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self):
        """Each once, in the order of its first coming."""
        first = {}
        for key, event, _ in list(self.came):
            first.setdefault(key, event)
        return list(first.values())

    def delays_ms(self):
        """From the time an event names, which is its commit's, to its first coming."""
        first = {}
        for key, event, at in list(self.came):
            first.setdefault(key, (event, at))
        return sorted(at * 1000 - unix_ms(event["time"]) for event, at in first.values())

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def unix_ms(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000
