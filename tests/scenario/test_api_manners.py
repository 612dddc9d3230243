"""The HTTP server of the real binary among clients that are slow, many, greedy or stuck."""

import gzip
import json
import socket
import time

import pytest

from api_client import Api
from conftest import wait_for


@pytest.fixture
def make_api(make_kkachi):
    def make(**settings):
        kk = make_kkachi(**settings)
        return Api(kk, kk.start("run", "api"))

    return make


def read_to_the_end(wire, deadline=20):
    wire.settimeout(deadline)
    said = b""
    try:
        while chunk := wire.recv(65536):
            said += chunk
    except ConnectionError:
        pass
    return said


def test_a_long_answer_is_packed_for_who_takes_it(make_api):
    api = make_api()
    key = api.key("viewer")["key"]
    status, headers, plain = api.ask("GET", "/openapi.json", key)
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, None, "Accept-Encoding")
    for accept in ("gzip", "br, GZIP;q=0.5"):
        status, headers, packed = api.ask("GET", "/openapi.json", key, None, {"Accept-Encoding": accept})
        assert (status, headers["Content-Encoding"]) == (200, "gzip")
        assert json.loads(gzip.decompress(packed)) == plain and len(packed) < len(json.dumps(plain)) / 4
    assert api.ask("GET", "/openapi.json", key, None, {"Accept-Encoding": "gzip;q=0"})[1]["Content-Encoding"] is None
    assert api.ask("GET", "/healthz", None, None, {"Accept-Encoding": "gzip"})[1]["Content-Encoding"] is None


def test_who_asks_too_often_waits_and_nobody_else_does(make_api):
    api = make_api(**{"api.rate": "5"})
    greedy, calm = api.key("viewer")["key"], api.key("viewer")["key"]
    said = [api.ask("GET", "/v1/sellers", greedy) for _ in range(30)]
    refused = [(headers, problem) for status, headers, problem in said if status == 429]
    assert [status for status, _, _ in said[:10]] == [200] * 10 and len(refused) >= 10
    assert refused[0][0]["Retry-After"] == "1" and refused[0][1]["status"] == 429
    assert api.ask("GET", "/v1/sellers", calm)[0] == 200
    time.sleep(1.1)
    assert api.ask("GET", "/v1/sellers", greedy)[0] == 200
    guesses = [api.ask("GET", "/v1/keys", f"kk_1_{number:064x}")[0] for number in range(30)]
    assert guesses[0] == 401 and 429 in guesses  # by address, or guessing would cost nothing
    assert api.ask("GET", "/v1/sellers", calm)[0] == 200


def test_a_request_that_never_ends_is_cut_however_it_dawdles(make_api):
    api = make_api(**{"api.timeout": "1s"})
    key = api.key("viewer")["key"]
    head = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
    body = b"POST /crawl/start HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\nContent-Type: application/json\r\n\r\n"
    for beginning, more in ((b"", b""), (head, b""), (head, b"X"), (body, b" ")):
        with socket.create_connection(api.address, 10) as wire:
            start = time.monotonic()
            wire.sendall(beginning)
            wire.settimeout(0.2)
            is_cut = False
            while not is_cut:
                assert time.monotonic() - start < 10, (beginning, more)
                try:
                    wire.sendall(more)
                    is_cut = wire.recv(1) == b""
                except TimeoutError:
                    pass
                except ConnectionError:
                    is_cut = True
    assert api.ask("GET", "/v1/sellers", key)[0] == 200
    with socket.create_connection(api.address, 10) as wire:  # one that is only slow is answered
        for byte in (head + b"Connection: close\r\n\r\n"):
            wire.sendall(bytes([byte]))
            time.sleep(0.005)
        assert b" 200 " in read_to_the_end(wire)


def test_connections_are_bounded_and_come_free_again(make_api):
    api = make_api(**{"api.connections_per_address": "20", "api.timeout": "2s"})
    wires = [socket.create_connection(api.address, 10) for _ in range(60)]
    time.sleep(0.3)
    still = 0
    for wire in wires:
        wire.settimeout(0.05)
        try:
            still += wire.recv(1) != b""
        except TimeoutError:
            still += 1
        except ConnectionError:
            pass
    assert still <= 20
    for wire in wires:
        wire.close()

    def is_answered():
        try:
            return api.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False

    wait_for("the API answers again", is_answered, 20)


def test_a_head_that_is_too_long_or_no_http_is_refused_and_the_next_client_is_answered(make_api):
    api = make_api(**{"api.timeout": "1s"})
    for bad in (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, b"GET\r\n\r\n", b"\r\n" * 2000,
                b"GET / HTTP/9.9\r\n\r\n", b"GET /healthz HTTP/1.1\r\n\r\n",
                b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                b"POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
        with socket.create_connection(api.address, 10) as wire:
            try:
                wire.sendall(bad)
            except OSError:
                pass
            said = read_to_the_end(wire)
            assert b" 200 " not in said.split(b"\r\n")[0], (bad[:60], said[:200])
        assert api.ask("GET", "/healthz")[0] == 200


def test_what_is_under_way_is_answered_while_the_process_stops(make_api):
    api = make_api()
    key = api.key("admin")["key"]
    body = json.dumps({"sellerId": "luxmaison", "period": "1d"}).encode()
    with socket.create_connection(api.address, 10) as wire:
        wire.sendall(f"POST /v1/sellers HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        status, seconds = api.child.stop()
        said = read_to_the_end(wire)
    assert status == 0 and seconds < 5
    is_stored = [seller["sellerId"] for seller in api.kk.json("seller", "list")] == ["luxmaison"]
    assert (b" 201 " in said) == is_stored  # a whole answer or none, and what was answered is stored
