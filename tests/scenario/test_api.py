"""The HTTP API of the real binary: keys and roles, the trigger, sellers, pages, and a server that keeps its manners."""

import json
import socket
import sqlite3

import pytest

from api_client import ROLES, Api
from conftest import wait_for


@pytest.fixture
def api(make_kkachi):
    kk = make_kkachi()
    return Api(kk, kk.start("run", "api"))


ROUTES = [("GET", "/v1/sellers", "viewer"), ("GET", "/v1/tasks", "viewer"), ("GET", "/v1/dead", "viewer"),
          ("GET", "/v1/products", "viewer"), ("GET", "/v1/changes", "viewer"), ("POST", "/crawl/start", "trigger"),
          ("POST", "/v1/sellers", "operator"), ("POST", "/v1/dead/retry", "operator"), ("POST", "/v1/pause", "operator"),
          ("POST", "/v1/resume", "operator"), ("GET", "/v1/alerts", "viewer"), ("GET", "/v1/keys", "admin"), ("GET", "/v1/audit", "admin")]


def test_each_route_wants_a_key_of_its_role_or_above(api):
    keys = {role: api.key(role) for role in ROLES}
    revoked = api.key("admin")
    api.kk.run("key", "revoke", str(revoked["id"]))
    for method, path, needs in ROUTES:
        for role in ROLES:
            status = api.ask(method, path, keys[role]["key"])[0]
            assert (status == 403) == (ROLES.index(role) < ROLES.index(needs)), (method, path, role, status)
            assert status != 401 and status < 500
        for key in (None, revoked["key"], keys["admin"]["key"][:-1] + "x", "kk_1_" + "0" * 64, "kk_x"):
            status, headers, problem = api.ask(method, path, key)
            assert (status, problem["status"]) == (401, 401), (method, path, key)
            assert headers["WWW-Authenticate"].startswith("Bearer")
            assert headers["Content-Type"] == "application/problem+json"
    assert api.ask("GET", "/healthz")[0] == api.ask("GET", "/readyz")[0] == api.ask("GET", "/metrics")[0] == 200


def test_a_key_is_shown_once_and_nowhere_else(api):
    made = api.key()
    assert made["key"] not in json.dumps(api.kk.json("key", "list"))
    assert made["key"] not in json.dumps(api.ask("GET", "/v1/keys", made["key"])[2])
    assert api.ask("DELETE", f"/v1/keys/{made['id']}", made["key"])[0] == 200
    assert api.ask("GET", "/v1/keys", made["key"])[0] == 401
    assert [row["revokedAt"] is not None for row in api.kk.json("key", "list")] == [True]
    assert api.kk.json("key", "list")[0]["lastUsedAt"]


def test_sellers_are_registered_changed_and_locked_by_their_revision(api):
    key = api.key()["key"]
    status, headers, seller = api.ask("POST", "/v1/sellers", key, {"sellerId": "luxmaison", "period": "10d"})
    assert (status, seller["state"], headers["ETag"]) == (201, "ACTIVE", '"1"')
    assert api.ask("POST", "/v1/sellers", key, {"sellerId": "luxmaison", "period": "1d"})[0] == 409
    status, headers, seller = api.ask("PATCH", "/v1/sellers/luxmaison", key, {"period": "1h", "name": "럭스메종"},
                                      {"If-Match": '"1"'})
    assert (status, seller["period"], seller["name"], headers["ETag"]) == (200, "1h", "럭스메종", '"2"')
    assert api.ask("PATCH", "/v1/sellers/luxmaison", key, {"period": "2h"}, {"If-Match": '"1"'})[0] == 412
    for body, pointer in (({"period": "90m"}, "#/period"), ({"period": 6}, "#/period"), ({"mode": "some"}, "#/mode"),
                          ({"state": "GONE"}, "#/state"), ({"colour": 1}, "#/colour")):
        status, _, problem = api.ask("PATCH", "/v1/sellers/luxmaison", key, body)
        assert (status, problem["errors"][0]["pointer"]) == (422, pointer)
    audit = api.ask("GET", "/v1/audit", key)[2]["items"]
    change = next(row for row in audit if row["what"] == "seller.change")
    assert (change["before"]["period"], change["after"]["period"]) == ("10d", "1h")
    assert change["who"].startswith("key 1")


def test_a_crawl_starts_once_and_a_repeated_call_gets_its_answer_again(api):
    key = api.key("admin")["key"]
    trigger = api.key("trigger")["key"]
    api.ask("POST", "/v1/sellers", key, {"sellerId": "luxmaison", "period": "1d"})
    # as EventBridge's API destinations send it
    status, _, first = api.ask("POST", "/crawl/start", None, {"sellerId": "luxmaison"},
                               {"X-API-Key": trigger, "Content-Type": "application/json; charset=utf-8",
                                "User-Agent": "Amazon/EventBridge/ApiDestinations", "Idempotency-Key": "e1"})
    assert (status, first["created"], first["sellerId"]) == (202, True, "luxmaison")
    status, headers, again = api.ask("POST", "/crawl/start", trigger, {"sellerId": "luxmaison"},
                                     {"Idempotency-Key": "e1"})
    assert (status, again, headers["Idempotency-Replayed"]) == (202, first, "true")
    assert api.ask("POST", "/crawl/start", trigger, {"sellerId": "luxmaison"})[2] == {**first, "created": False}
    assert api.ask("POST", "/crawl/start", trigger, {"sellerId": "other"}, {"Idempotency-Key": "e1"})[0] == 422
    assert api.ask("POST", "/crawl/start", trigger, {"sellerId": "nobody"})[0] == 404
    api.ask("PATCH", "/v1/sellers/luxmaison", key, {"state": "PAUSED"})
    status, _, problem = api.ask("POST", "/crawl/start", trigger, {"sellerId": "luxmaison"})
    assert status == 409 and "PAUSED" in problem["detail"]


def test_lists_page_by_cursors_that_belong_to_them(api):
    key = api.key()["key"]
    for number in range(7):
        api.ask("POST", "/v1/sellers", key, {"sellerId": f"shop{number}", "period": "1d"})
    seen, cursor, given = [], "", ""
    while cursor is not None:
        page = api.ask("GET", f"/v1/sellers?limit=3{cursor and '&cursor=' + cursor}", key)[2]
        seen.append([row["sellerId"] for row in page["items"]])
        cursor = page["cursor"]
        given = cursor or given
    assert seen == [["shop0", "shop1", "shop2"], ["shop3", "shop4", "shop5"], ["shop6"]]
    for query in (f"cursor={given}x", "cursor=zz", "cursor=" + "61" * 200, "limit=0", "limit=1001", "limit=x"):
        assert api.ask("GET", f"/v1/sellers?{query}", key)[0] == 400, query
    assert api.ask("GET", f"/v1/products?cursor={given}", key)[0] == 400


def test_what_is_crawled_is_read_over_http_while_up_runs(world):
    _, kk = world("luxmaison:5")
    api = Api(kk, kk.children[-1])
    key = api.key()["key"]
    api.ask("POST", "/v1/sellers", key, {"sellerId": "luxmaison", "period": "365d"})
    assert api.ask("POST", "/crawl/start", key, {"sellerId": "luxmaison"})[0] == 202
    wait_for("the crawl ends", lambda: api.ask("GET", "/v1/sellers/luxmaison/progress", key)[2]["state"] == "COMPLETE")
    products = api.ask("GET", "/v1/products?sellerId=luxmaison", key)[2]["items"]
    assert products == kk.json("product", "list")
    assert api.ask("GET", "/v1/changes?after=2", key)[2]["items"] == kk.changes(2)
    item = products[0]["itemNo"]
    assert api.ask("GET", f"/v1/products/{item}", key)[2] == products[0]
    assert [row["version"] for row in api.ask("GET", f"/v1/products/{item}/versions", key)[2]["items"]] == [1]
    assert kk.children[-1].stop()[0] == 0


def test_wrong_methods_bodies_and_paths_are_told(api):
    key = api.key()["key"]
    status, headers, _ = api.ask("DELETE", "/v1/sellers", key)
    assert (status, headers["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert api.ask("OPTIONS", "/v1/sellers")[0] == 204
    assert api.ask("HEAD", "/v1/sellers", key)[0] == 200
    assert api.ask("GET", "/nothing", key)[0] == api.ask("GET", "/v1", key)[0] == 404
    assert api.ask("POST", "/v1/sellers", key, b"{}", {"Content-Type": "text/plain"})[0] == 415
    assert api.ask("POST", "/v1/sellers", key, b"{")[0] == api.ask("POST", "/v1/sellers", key, b"[]")[0] == 400
    assert api.ask("POST", "/v1/sellers", key, b" " * 70000)[0] == 413


def test_a_request_whose_end_could_be_read_in_two_ways_is_refused(api):
    host, port = api.url.removeprefix("http://").split(":")
    for head in (b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Content-Length: 5\r\nContent-Length: 6",
                 b"Transfer-Encoding: xchunked", b"Content-Length: +5"):
        with socket.create_connection((host, int(port)), 10) as wire:
            wire.sendall(b"POST /healthz HTTP/1.1\r\nHost: a\r\n" + head +
                         b"\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            said = b""
            while chunk := wire.recv(4096):
                said += chunk
        assert b" 200 " not in said and said.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")), (head, said)


def test_it_listens_elsewhere_only_with_a_key(make_kkachi):
    kk = make_kkachi(**{"api.listen": "0.0.0.0:0"})
    assert "kkachi key create" in kk.refuses("run", "api", status=1)


def test_a_store_in_trouble_is_told_to_the_asker_in_short_and_to_the_log_in_full(make_kkachi):
    kk = make_kkachi()
    child = kk.start("run", "api")
    api = Api(kk, child)
    key = api.key()["key"]
    lock = sqlite3.connect(kk.folder + "/var/kkachi.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        status, headers, answer = api.ask("POST", "/v1/sellers", key, {"sellerId": "luxmaison", "period": "6h"})
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert (status, headers["Retry-After"]) == (503, "2")
    assert "locked" not in answer["detail"]
    line = next(json.loads(line) for line in child.complained().splitlines() if '"api.failed"' in line)
    assert line["path"] == "/v1/sellers" and "locked" in line["error"], line
    assert api.ask("POST", "/v1/sellers", key, {"sellerId": "luxmaison", "period": "6h"})[0] == 201


def test_alerts_are_told_with_their_rules(api):
    page = api.ask("GET", "/v1/alerts", api.key("viewer")["key"])[2]
    assert [row["name"] for row in page["items"]] == [row["name"] for row in api.kk.json("alert", "list")]
    assert all(row["state"] == "well" and row["meaning"] and row["action"] for row in page["items"])


def test_a_rare_status_is_found_by_short_pages_not_by_a_long_look(api):
    key = api.key("viewer")["key"]
    with sqlite3.connect(api.kk.folder + "/var/kkachi.db", timeout=30) as store:
        store.execute("INSERT INTO product_snapshot (id, snapshot_json) VALUES (1, '{}')")
        store.executemany("INSERT INTO product (item_no, snapshot_id, seller_id, status, version, hash, first_seen_at_ms, "
                          "last_changed_at_ms, last_checked_at_ms) VALUES (?, 1, 'luxmaison', ?, 1, zeroblob(32), 1, 1, 1)",
                          [(7 * row, "REMOVED" if row in (9000, 12001) else "ON_SALE") for row in range(1, 12002)])
    found, pages, cursor = [], 0, ""
    while cursor is not None:
        page = api.ask("GET", f"/v1/products?status=REMOVED&limit=1{cursor and '&cursor=' + cursor}", key)[2]
        found += [item["itemNo"] for item in page["items"]]
        pages, cursor = pages + 1, page["cursor"]
    assert found == [7 * 9000, 7 * 12001] and 3 <= pages <= 4
    assert len(api.ask("GET", "/v1/products?status=ON_SALE&limit=1000", key)[2]["items"]) == 1000
    assert [item["itemNo"] for item in api.ask("GET", "/v1/products?status=REMOVED&sellerId=luxmaison", key)[2]["items"]] \
        == found


def test_a_pause_and_its_end_stand_in_the_audit(api):
    key = api.key()["key"]
    assert api.ask("POST", "/v1/pause", key, {"why": "점검"})[2]["isPaused"]
    assert not api.ask("POST", "/v1/resume", key)[2]["isPaused"]
    end, start = api.ask("GET", "/v1/audit?limit=2", key)[2]["items"]
    assert (start["what"], end["what"], start["target"]) == ("pause", "resume", "site")
    assert (start["before"]["isPaused"], start["after"]["isPaused"], start["after"]["why"]) == (False, True, "점검")
    assert start["who"] == "key 1 (a admin)" and end["before"]["why"] == "점검"
