"""GET /v1/stream of the real binary: nothing is missed, nothing comes twice, and nobody can hold it up."""

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
        kk.env["ASAN_OPTIONS"] = "quarantine_size_mb=1"  # or freed memory counts as used
        return Api(kk, kk.start("run", "api"))

    return make


@pytest.fixture
def api(make_api):
    return make_api()


def ids_until(reader, last):
    return reader.until(f"change {last}", lambda r: last in r.changes()).changes()


def test_a_crawl_is_told_with_its_progress_and_every_change(world):
    _, kk = world("luxmaison:25", start=False)
    api = Api(kk, kk.start("up"))
    key = api.key("viewer")["key"]
    reader = api.stream(key)
    reader.until("it begins", lambda r: r.head)
    assert reader.head.split(" ")[1] == "200" and "text/event-stream" in reader.head
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    reader.until("the crawl's end", lambda r: any(event == "progress" and data["state"] != "OPEN"
                                                  for event, data in r.events))
    stored = [change["id"] for change in kk.changes()]
    assert ids_until(reader, stored[-1]) == stored
    end = [data for event, data in reader.events if event == "progress"][-1]
    assert (end["open"], end["created"], end["sellerId"]) == (0, len(stored), "luxmaison")
    assert api.ask("GET", "/v1/changes", key)[2]["items"] == [data for event, data in reader.events
                                                              if event == "change"]


def test_who_comes_back_goes_on_where_it_was(api):
    key = api.key("viewer")["key"]
    api.tell(3)
    first = api.stream(key)
    first.until("a place before the first event", lambda r: r.last_id)
    assert (first.last_id, first.events) == ("3", [])  # what was before is no news
    first.close()
    last = api.tell(300)  # more than one look's worth, while nobody reads
    second = api.stream(key, Last_Event_ID=first.last_id)
    assert ids_until(second, last) == list(range(4, last + 1))
    second.close()
    last = api.tell(2)
    third = api.stream(key, Last_Event_ID=second.last_id)
    assert ids_until(third, last) == [last - 1, last]
    again = api.stream(key, "?after=300")
    assert ids_until(again, last) == list(range(301, last + 1))
    api.stream(key, Last_Event_ID=last + 1000).until("the place of now", lambda r: r.last_id == str(last))


def test_one_sellers_stream_holds_that_seller_alone_and_moves_on(api):
    key = api.key("viewer")["key"]
    reader = api.stream(key, "?sellerId=luxmaison&after=0")
    api.tell(2, "another")
    last = api.tell(1)
    assert ids_until(reader, last) == [last]
    last = api.tell(2, "another")
    reader.until("its place moves on without an event", lambda r: r.last_id == str(last))
    assert reader.changes() == [last - 2]


def test_what_is_no_place_is_refused(api):
    key = api.key("viewer")["key"]
    for query, headers in (("?after=x", {}), ("?after=-1", {}), ("", {"Last-Event-ID": "x"}),
                           ("?sellerId=" + "x" * 200, {})):
        status, _, problem = api.ask("GET", "/v1/stream" + query, key, None, headers)
        assert status == 400 and problem["errors"][0]["pointer"], (query, headers)
    assert api.ask("GET", "/v1/stream")[0] == 401
    assert api.ask("HEAD", "/v1/stream", key)[0] == 200


def test_a_revoked_keys_stream_ends_before_anything_more_is_told(api):
    key = api.key("viewer")
    reader = api.stream(key["key"])
    reader.until("it begins", lambda r: r.last_id)
    api.kk.run("key", "revoke", str(key["id"]))
    api.tell(1)
    reader.until("the end", lambda r: r.is_over)
    assert reader.events == []


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])


def test_who_does_not_read_is_cut_and_holds_up_nobody(make_api):
    api = make_api(**{"api.timeout": "2s"})
    key = api.key("viewer")["key"]
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(api.address)
    slow.sendall(f"GET /v1/stream?after=0 HTTP/1.1\r\nHost: a\r\nX-API-Key: {key}\r\n\r\n".encode())
    good = api.stream(key, "?after=0")
    good.until("it begins", lambda r: r.last_id)
    before = memory_kib(api.child.pid)
    last = api.tell(20000, changes=json.dumps([{"field": "name", "from": "a" * 400, "to": "b" * 400}]))
    start = time.monotonic()
    assert ids_until(good, last) == list(range(1, last + 1))
    assert time.monotonic() - start < 60

    def others():
        with open("/proc/net/tcp", encoding="ascii") as table:
            mine = f":{slow.getsockname()[1]:04X}"
            return [line for line in table if line.split()[2].endswith(mine) and line.split()[3] == "01"]

    wait_for("the server cuts it", lambda: not others(), 30)
    assert memory_kib(api.child.pid) - before < 20 * 1024  # 18 MB of changes were told
    slow.close()


def test_many_readers_are_told_the_same(make_api):
    api = make_api(**{"api.connections_per_address": "400", "api.rate": "0"})
    key = api.key("viewer")["key"]
    readers = [api.stream(key) for _ in range(300)]
    for reader in readers:
        reader.until("it begins", lambda r: r.last_id)
    last = api.tell(5)
    for reader in readers:
        assert ids_until(reader, last) == list(range(1, last + 1))
        reader.close()
    assert api.ask("GET", "/v1/changes", key)[0] == 200


def test_a_stop_ends_the_streams_at_once(api):
    reader = api.stream(api.key("viewer")["key"])
    reader.until("it begins", lambda r: r.last_id)
    status, seconds = api.child.stop()
    assert status == 0 and seconds < 5
    reader.until("the end", lambda r: r.is_over)
