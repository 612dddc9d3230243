"""What the scenarios of the HTTP API share: a client of a running `kkachi run api`, and a reader of its stream."""

import json
import re
import socket
import sqlite3
import time
import urllib.error
import urllib.request

from conftest import DEADLINE, wait_for

ROLES = ["viewer", "trigger", "operator", "admin"]


class Api:
    def __init__(self, kk, child):
        self.kk = kk
        self.child = child
        self.url = wait_for("the API listens", lambda: (re.findall(r'"api.listening","url":"([^"]+)"',
                                                                   child.complained()) or [None])[0])

    @property
    def address(self):
        host, port = self.url.split("//")[1].split(":")
        return host, int(port)

    def key(self, role="admin", *more):
        return self.kk.json("key", "create", "--role", role, "--name", f"a {role}", *more)

    def ask(self, method, path, key=None, body=None, headers=None):
        """status, headers, the JSON of the answer"""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        head = {**({"Content-Type": "application/json"} if data is not None else {}),
                **({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=head)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return answer.status, answer.headers, json.loads(text) if text[:1] in (b"{", b"[") else text
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, error.headers, json.loads(text) if text else None

    def stream(self, key, query="", **headers):
        return Reader(self, key, query, headers)

    def tell(self, count, seller="luxmaison", changes="[]"):
        """Puts changes into the store as a worker would, and gives the number of the last."""
        with sqlite3.connect(self.kk.folder + "/var/kkachi.db", timeout=30) as store:
            row = store.execute("SELECT coalesce(max(id), 0) FROM product_version").fetchone()[0]
            store.executemany(
                "INSERT INTO product_version (item_no, version, seller_id, type, at_ms, hash, detail_key, options_key, "
                "changes_json) VALUES (?, 1, ?, 'kkachi.product.created', 1700000000000, zeroblob(32), zeroblob(32), "
                "zeroblob(32), ?)", [(1000 + row + i, seller, changes) for i in range(count)])
        return row + count


class Reader:
    """Reads the stream as a browser does: events with their number, which it remembers."""

    def __init__(self, api, key, query, headers):
        self.wire = socket.create_connection(api.address, 30)
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.wire.sendall(f"GET /v1/stream{query} HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer {key}\r\n{head}\r\n"
                          .encode())
        self.last_id = headers.get("Last_Event_ID")
        self.events, self.text, self.is_over, self.head = [], b"", False, None

    def read(self, patience=0.2):
        """Takes what is there."""
        self.wire.settimeout(patience)
        try:
            chunk = self.wire.recv(65536)
            self.is_over = not chunk
            self.text += chunk
        except TimeoutError:
            return
        except ConnectionError:
            self.is_over = True
        if self.head is None and b"\r\n\r\n" in self.text:
            head, self.text = self.text.split(b"\r\n\r\n", 1)
            self.head = head.decode()
        while self.head and b"\n\n" in self.text:
            event, self.text = self.text.split(b"\n\n", 1)
            self.take(event.decode())

    def take(self, text):
        lines = [line.split(": ", 1) for line in text.split("\n") if not line.startswith(":")]
        fields = dict(lines)
        self.last_id = fields.get("id", self.last_id)
        if "data" in fields:
            self.events.append((fields.get("event"), json.loads(fields["data"])))

    def until(self, what, is_true, deadline=DEADLINE):
        end = time.monotonic() + deadline
        while not is_true(self):
            assert time.monotonic() < end, f"the stream did not come to this: {what}; {self.head} {self.events[-3:]}"
            self.read()
        return self

    def changes(self):
        return [data["id"] for event, data in self.events if event == "change"]

    def close(self):
        self.wire.close()
