"""The mock site by itself, over real sockets: what it serves, how it breaks, how it starts and stops. The reading of
its answers here is a second one, written from design.md section 6, so that truth and answers are held to a stranger."""

import concurrent.futures
import gzip
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import unicodedata
import urllib.error
import urllib.parse
import urllib.request

import pytest
from conftest import BINARY, clean_environment, wait_for

BROWSER = "Mozilla/5.0 (Linux; Android 14; Test) AppleWebKit/537.36 Mobile Safari/537.36"
LIST = "/mustit-api/facade-api/v1/search/mini-shop-search"
DETAIL = "/mustit-api/facade-api/v1/item/{}/detail/top"
OPTIONS = "/mustit-api/legacy-api/v1/auction_products/{}/options"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


class Visitor:
    """One browser: a user agent and the token it was given."""

    def __init__(self, url, agent=BROWSER):
        self.url, self.agent, self.token = url, agent, None

    def get(self, path, timeout=20, encoding=None, **headers):
        """Status, headers, body as JSON if it is any."""
        headers = {"User-Agent": self.agent, **headers}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if encoding:
            headers["Accept-Encoding"] = encoding
        try:
            answer = OPENER.open(urllib.request.Request(self.url + path, headers=headers), timeout=timeout)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
            if answer.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            try:
                return answer.status, answer.headers, json.loads(body)
            except ValueError:
                return answer.status, answer.headers, body

    def enter(self, path="/"):
        status, headers, _ = self.get(path)
        assert status == 200
        cookies = [cookie.split(";")[0].split("=", 1) for cookie in headers.get_all("Set-Cookie")]
        self.token = dict(cookies)["token"]
        return dict(cookies)

    def list(self, seller, page=0, size=500):
        return self.get(f"{LIST}?sellerId={seller}&pageNo={page}&pageSize={size}&order=LATEST")


def visit(sandbox, agent=BROWSER):
    visitor = Visitor(sandbox.url, agent)
    visitor.enter()
    return visitor


# --- a second reader ---

def number(value):
    return int(value.replace(",", "").rstrip("%")) if isinstance(value, str) else value


def text(value):
    return unicodedata.normalize("NFC", value or "")


def snapshot(detail, options):
    modules = {module["type"]: module["data"] for module in detail["moduleList"]}
    info, about = modules["ProductInfoModule"], modules["ProductDetailInfoModule"]
    shipping = next(item["data"] for item in modules["ShippingModule"]["items"] if item["type"] == "SHIPPING")
    rows = sorted(({"optionNo": number(row["optionNo"]), "color": text(row["color"]), "size": text(row["size"]),
                    "stock": number(row["stock"])} for row in options), key=lambda row: row["optionNo"])
    stocks = [row["stock"] for row in rows] or [number(info["stock"])]
    digest = hashlib.sha256(text(about["descriptionMarkUp"]).encode()).hexdigest()
    return {
        "itemNo": number(info["itemNo"]),
        "sellerId": info["sellerId"],
        "status": "SOLD_OUT" if info["isSoldOut"] or not any(stocks) else "ON_SALE",
        "name": text(info["itemName"]),
        "brandName": text(info["brandName"]),
        "brandNameKr": text(info["brandNameKr"]),
        "brandCode": number(info["brandCode"]),
        "category": {level: text(info.get(f"{level}CategoryCode")) for level in ("header", "large", "medium", "small")},
        "normalPrice": number(info["normalPrice"]),
        "sellingPrice": number(info["sellingPrice"]),
        "discountPrice": number(info["discountPrice"]),
        "stock": number(info["stock"]),
        "images": [image.split("/_dims_/")[0] for image in modules["ProductBannersModule"]["images"]],
        "options": rows,
        "shippingType": text(shipping["shippingType"]),
        "shippingFee": number(shipping["shippingFee"]),
        "shippingFeeType": text(shipping["shippingFeeType"]),
        "itemStatus": text(about["itemStatus"]),
        "originCountry": text(about["originCountry"]),
        "shippingLocation": text(about["shippingLocation"]),
        "salesMethod": text(about.get("salesMethod")),
        "descriptionHash": f"sha256:{digest}",
    }


def read_shop(visitor, seller, size=50):
    """item number → snapshot, as a crawler goes: list, details, options."""
    _, _, first = visitor.list(seller, 0, 1)
    count, items = number(first["count"]), []
    for page in range((count + size - 1) // size):
        status, _, body = visitor.list(seller, page, size)
        assert status == 200
        items += [number(item["itemNo"]) for item in body["items"]]
    assert items == sorted(set(items), reverse=True) and len(items) == count
    return {item: snapshot(visitor.get(DETAIL.format(item))[2], visitor.get(OPTIONS.format(item))[2]) for item in items}


@pytest.mark.parametrize("seed", [1, 20261122])
def test_what_it_shows_is_what_its_truth_says(make_sandbox, seed):
    sandbox = make_sandbox("--seed", str(seed), "--sellers", "luxmaison:120,emptyshop:0", "--limit", "0")
    visitor = visit(sandbox)
    assert read_shop(visitor, "luxmaison") == sandbox.truth("luxmaison")
    assert sandbox.move(60)["made"] == 60
    assert read_shop(visitor, "luxmaison") == sandbox.truth("luxmaison")
    assert read_shop(visitor, "emptyshop") == sandbox.truth("emptyshop") == {}


def test_its_changes_are_the_difference_of_two_truths(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:80", "--limit", "0")
    before = sandbox.truth()
    sandbox.move(150, kinds="price,stock,option_gone,option_added,images,name,description,new,removed,returned,noise")
    after, changes = sandbox.truth(), sandbox.changes()
    differing = {item for item in before.keys() | after.keys() if before.get(item) != after.get(item)}
    assert {row["itemNo"] for row in changes["net"]} == differing
    kinds = {row["itemNo"]: row["type"] for row in changes["net"]}
    assert {item for item in differing if kinds[item] == "created"} == after.keys() - before.keys()
    assert {item for item in differing if kinds[item] == "removed"} == before.keys() - after.keys()
    assert [row["seq"] for row in changes["changes"]] == list(range(1, changes["last"] + 1))


def test_one_field_can_be_set_exactly(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:5", "--limit", "0")
    item = next(iter(sandbox.truth()))
    assert sandbox.set(item, "sellingPrice", 529000)["changed"]
    assert sandbox.set(item, "name", "새 이름 é 100% & more")["changed"]
    assert not sandbox.set(item, "sellingPrice", 529000)["changed"]
    assert sandbox.truth()[item]["sellingPrice"] == 529000
    assert sandbox.truth()[item]["name"] == "새 이름 é 100% & more"
    assert read_shop(visit(sandbox), "luxmaison") == sandbox.truth()


# --- the way in ---

def test_the_81st_request_is_refused_and_a_window_later_it_is_not(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:3", "--window", "4s", "--retry-after", "seconds")
    visitor = visit(sandbox)
    start = time.monotonic()
    assert [visitor.list("luxmaison", size=1)[0] for _ in range(79)] == [200] * 79
    status, headers, _ = visitor.list("luxmaison", size=1)
    assert time.monotonic() - start < 4, "too slow a machine for this test's window"
    assert status == 429 and 1 <= int(headers["Retry-After"]) <= 4
    assert visit(sandbox, BROWSER + " Other").list("luxmaison", size=1)[0] == 200  # another agent has its own limit
    stats = sandbox.stats()
    assert stats["busiest"] == 81 and stats["violations"] == {"overLimit": 1, "deadToken": 0}
    time.sleep(4.1)
    assert visitor.list("luxmaison", size=1)[0] == 401  # the token died of the 429
    assert sandbox.stats()["violations"]["deadToken"] == 1
    visitor.token = None
    visitor.enter()
    assert visitor.list("luxmaison", size=1)[0] == 200


def test_only_a_browser_with_its_own_token_comes_in(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:3", "--limit", "0")
    visitor = Visitor(sandbox.url)
    assert visitor.list("luxmaison")[0] == 400
    cookies = visitor.enter()
    assert cookies["token_type"] == "Bearer" and cookies["token"].count(".") == 2
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", cookies["nid"])
    assert re.fullmatch(r"\d{13}\.\d{6}", cookies["mustit_uid"])
    assert visitor.list("luxmaison")[0] == 200
    assert visitor.get(LIST + "?sellerId=luxmaison", Cookie=f"token={visitor.token}")[0] == 400
    assert visitor.get(LIST + "?sellerId=luxmaison", Authorization="Bearer a.b.c")[0] == 401
    visitor.agent = BROWSER + " Other"
    assert visitor.list("luxmaison")[0] == 403
    assert Visitor(sandbox.url, "curl/8").get("/")[1].get("Set-Cookie") is None


@pytest.mark.parametrize("form", ["hop", "expires", "no_cookie", "forbidden"])
def test_the_home_page_has_other_forms(make_sandbox, form):
    visitor = Visitor(make_sandbox("--sellers", "luxmaison:1", "--home", form).url)
    status, headers, _ = visitor.get("/")
    cookies = " ".join(headers.get_all("Set-Cookie") or [])
    if form == "hop":
        assert status == 302 and "nid=" in cookies and "token=" not in cookies
        assert "token" in visitor.enter(headers["Location"])
    else:
        assert status == (403 if form == "forbidden" else 200)
        assert ("Expires=" in cookies and "Max-Age" not in cookies) == (form == "expires")


def test_gzip_comes_where_it_was_asked_for(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:30", "--limit", "0")
    visitor = visit(sandbox)
    for item in sandbox.truth():
        status, headers, body = visitor.get(DETAIL.format(item), encoding="gzip, deflate")
        assert status == 200 and headers["Content-Encoding"] == "gzip"
        options = visitor.get(OPTIONS.format(item), encoding="gzip")[2]
        assert snapshot(body, options) == sandbox.truth()[item]


# --- breaking ---

def test_connections_break_as_told(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:40", "--limit", "0", "--slow", "600ms", "--hang", "300ms")
    visitor = visit(sandbox)
    sandbox.fault("cut", path="list")
    for _ in range(6):
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            visitor.list("luxmaison")
    sandbox.fault("all", rate=0)
    sandbox.fault("hang", path="list", count=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        visitor.list("luxmaison")
    sandbox.fault("slow", path="list", count=1)
    start = time.monotonic()
    assert visitor.list("luxmaison")[0] == 200
    assert 0.25 < time.monotonic() - start < 10
    log = sandbox.log()
    assert [line.get("fault") for line in log[1:]] == ["cut"] * 6 + ["hang", "slow"]
    assert log[7]["status"] == 0


def test_bodies_break_as_told(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:10", "--limit", "0", "--huge", "3MiB")
    visitor = visit(sandbox)
    item = next(iter(sandbox.truth()))
    for name, check in {"garble": lambda body: isinstance(body, bytes),
                         "short": lambda body: isinstance(body, bytes),
                         "empty200": lambda body: body == b"",
                         "challenge": lambda body: b"<title>" in body,
                         "wrong_shape": lambda body: isinstance(body, dict)}.items():
        sandbox.fault(name, path="detail", count=5)
        for _ in range(5):
            status, _, body = visitor.get(DETAIL.format(item))
            assert status == 200 and check(body), name
            with pytest.raises(Exception):
                snapshot(body, [])
    sandbox.fault("huge", path="detail", count=1)
    assert int(visitor.get(DETAIL.format(item))[1]["Content-Length"]) == 3 * 1024 * 1024
    assert {row["name"]: row["struck"] for row in sandbox.stats()["faults"]} == {
        "garble": 5, "short": 5, "empty200": 5, "challenge": 5, "wrong_shape": 5, "huge": 1}


def test_faults_can_be_on_from_the_start(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:1", "--fault", "503=1,slow=0")
    assert Visitor(sandbox.url).get("/")[0] == 503


# --- being a server ---

def test_one_connection_serves_many_requests(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:20", "--limit", "0")
    visitor = visit(sandbox)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(sandbox.url).netloc, timeout=20)
    for _ in range(30):
        connection.request("GET", LIST + "?sellerId=luxmaison&pageNo=0&pageSize=20",
                           headers={"User-Agent": BROWSER, "Authorization": f"Bearer {visitor.token}"})
        answer = connection.getresponse()
        assert answer.status == 200 and not answer.will_close
        json.loads(answer.read())
    connection.request("POST", "/", body=b"x" * 100000, headers={"User-Agent": BROWSER})
    assert connection.getresponse().status == 405
    connection.close()


def test_many_visitors_at_once_all_get_their_answers(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:60", "--slow", "200ms", "--fault", "slow=0.2", "--limit", "0")
    items = list(sandbox.truth())

    def crawl(number):
        visitor = visit(sandbox, f"{BROWSER} {number}")
        return all(visitor.get(DETAIL.format(item))[0] == 200 for item in items[number::4])

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert all(pool.map(crawl, range(16)))
    stats = sandbox.stats()
    assert stats["requests"] == sum(agent["requests"] for agent in stats["agents"]) == len(sandbox.log())


def test_nonsense_on_the_wire_does_not_hurt_it(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:1")
    host, port = urllib.parse.urlsplit(sandbox.url).netloc.split(":")
    for noise in [b"\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 4096, b"GET / HTTP/9.9\r\n\r\n", b"A" * 200000,
                  b"GET /%00?%ff&= HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                  b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: " + b"u" * 30000 + b"\r\n\r\n",
                  b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nabc"]:
        with socket.create_connection((host, int(port)), timeout=1) as wire:
            try:
                wire.sendall(noise)
                wire.shutdown(socket.SHUT_WR)
                wire.recv(4096)
            except OSError:
                pass
    assert visit(sandbox).list("luxmaison")[0] == 200


def test_it_says_where_it_is_and_stops_when_told(folder):
    for ask, line in (([], r"sandbox: http://127\.0\.0\.1:\d+  seed 4, limit 80 in 1h\n"),
                      (["--json"], r'\{"url":"http://127\.0\.0\.1:\d+","pid":\d+\}\n')):
        for stop in (signal.SIGTERM, signal.SIGINT):
            process = subprocess.Popen([BINARY, "sandbox", "--seed=4", *ask], stdout=subprocess.PIPE, text=True,
                                       cwd=folder, env=clean_environment())
            try:
                assert re.fullmatch(line, process.stdout.readline())
                process.send_signal(stop)
                assert process.wait(20) == 0
            finally:
                process.kill()
                process.wait(20)


def test_it_stops_at_once_while_an_answer_hangs(make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:1", "--fault", "hang=1", "--hang", "1h")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Visitor(sandbox.url).get, "/", timeout=60)
        wait_for("the request hangs", lambda: sandbox.log())
        status, took = sandbox.child.stop()
        assert status == 0 and took < 10
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            waiting.result(20)


def test_with_parent_it_ends_with_whoever_started_it(folder):
    script = ("import subprocess, sys\n"
              "child = subprocess.Popen([sys.argv[1], 'sandbox', '--json', '--with-parent'], stdout=subprocess.PIPE)\n"
              "print(child.stdout.readline().decode(), end='', flush=True)\n")
    done = subprocess.run([sys.executable, "-c", script, BINARY], capture_output=True, text=True, timeout=60, cwd=folder,
                          env=clean_environment(), check=True)
    url = json.loads(done.stdout)["url"]

    def is_gone():
        try:
            urllib.request.urlopen(f"{url}/__sandbox/faults", timeout=5).close()
            return False
        except urllib.error.URLError:
            return True

    wait_for("the sandbox ends with its parent", is_gone, 30)


@pytest.mark.parametrize("words, sentence", [
    (["--sede", "1"], "sandbox has no option --sede; did you mean --seed?"),
    (["--limit"], "--limit needs a value: N"),
    (["--limit", "many"], "--limit 'many': not a value for it"),
    (["--limit", "-1"], "--limit '-1': not a value for it"),
    (["--window", "5"], "--window '5': not a value for it"),
    (["--home", "moon"], "--home 'moon': not a value for it"),
    (["--json=1"], "--json takes no value"),
    (["extra"], "sandbox takes options only, and not 'extra'"),
    (["--sellers", "a:1,a:2"], "seller 'a' is named twice"),
    (["--fault", "storm=1"], "no fault is called 'storm'"),
    (["--listen", "nowhere"], "'nowhere' is no address to listen on, such as 127.0.0.1:8080"),
    (["--page-max", "0"], "the largest page is 0, and must be from 1 to 1000"),
])
def test_a_bad_option_is_one_clear_sentence(folder, words, sentence):
    done = subprocess.run([BINARY, "sandbox", *words], capture_output=True, text=True, timeout=60, cwd=folder,
                          env=clean_environment(), check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert sentence in done.stderr and done.stderr.count("\n") == 1


def test_help_has_an_example_that_works(folder):
    done = subprocess.run([BINARY, "sandbox", "--help"], capture_output=True, text=True, timeout=60, cwd=folder,
                          env=clean_environment(), check=True)
    example = re.search(r"kkachi (sandbox --listen \S+) (.*)", done.stdout)
    process = subprocess.Popen([BINARY, "sandbox", "--listen", "127.0.0.1:0", *example[2].split()], cwd=folder,
                               stdout=subprocess.PIPE, text=True, env=clean_environment())
    try:
        assert process.stdout.readline().startswith("sandbox: http://")
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_recorded_answers_are_served_for_their_own(folder, make_sandbox):
    place = folder / "recorded"
    place.mkdir()
    body = ('{"count": 1, "items": [{"itemNo": 5, "imageUrlList": '
            '["https://image.mustit.co.kr/lib/upload/product/dalshop/2026/01/a.jpeg/_dims_/resize/300x300"]}]}')
    (place / "mini_shop.json").write_text(body, encoding="utf-8")
    visitor = visit(make_sandbox("--replay", str(place)))
    assert visitor.list("dalshop")[2] == json.loads(body)
    assert visitor.list("luxmaison")[0] == 404
    assert visitor.get(DETAIL.format(5))[0] == 404
    done = subprocess.run([BINARY, "sandbox", "--replay", str(folder / "nothing")], capture_output=True, text=True,
                          timeout=60, env=clean_environment(), check=False)
    assert done.returncode == 1 and "cannot be read" in done.stderr
    assert os.path.exists(place)
