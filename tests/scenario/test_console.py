"""The console's server side, without a browser: files, headers, sessions. What people see: tests/console/."""

import gzip
import http.client
import json
import os
import re
import shutil
import subprocess
import urllib.parse

import pytest

from conftest import ROOT, wait_for


class Console:
    def __init__(self, kk, child):
        self.kk = kk
        url = wait_for("the API listens", lambda: (re.findall(r'"api.listening","url":"([^"]+)"',
                                                              child.complained()) or [None])[0])
        self.host = urllib.parse.urlsplit(url).netloc

    def ask(self, method, path, body=None, **headers):
        """status, headers, bytes"""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        if body is not None:
            named["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def log_in(self, role="operator", **headers):
        """the cookie, the token"""
        made = self.kk.json("key", "create", "--role", role, "--name", "an operator")
        status, answer, body = self.ask("POST", "/console/login", {"key": made["key"]}, **headers)
        assert status == 200
        return answer["Set-Cookie"], json.loads(body)["session"]["csrf"], made["id"]


@pytest.fixture
def console(make_kkachi):
    kk = make_kkachi()
    return Console(kk, kk.start("run", "api"))


def short(cookie):
    return cookie.split(";")[0]


def test_the_page_comes_packed_with_a_policy_and_is_asked_for_once(console):
    status, headers, body = console.ask("GET", "/", Accept_Encoding="br, gzip;q=0.9")
    page = gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body
    plain = console.ask("GET", "/")
    assert (status, plain[0], plain[1]["Content-Encoding"]) == (200, 200, None)
    assert page == plain[2] and b"<title>kkachi" in page
    assert console.ask("GET", "/", Accept_Encoding="gzip;q=0")[1]["Content-Encoding"] is None
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert b"http://" not in page and b"https://" not in page and b"<script>" not in page
    assert (headers["X-Content-Type-Options"], headers["Vary"]) == ("nosniff", "Accept-Encoding")
    assert headers["Cache-Control"] == "no-cache"
    status, headers, body = console.ask("GET", "/", If_None_Match=headers["ETag"])
    assert (status, body) == (304, b"")
    assert console.ask("HEAD", "/")[0] == 200 and console.ask("HEAD", "/")[2] == b""
    for path in re.findall(rb'(?:src|href)="(/assets/[^"]+)"', page):
        status, headers, _ = console.ask("GET", path.decode())
        assert (status, headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable"), path
    assert console.ask("GET", "/assets/../../etc/passwd")[0] == console.ask("GET", "/assets/nothing.js")[0] == 404


def test_a_session_stands_for_its_key_and_writes_need_its_token(console):
    cookie, csrf, _ = console.log_in()
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; ")) and "Secure" not in cookie
    assert re.search(r"Max-Age=\d+", cookie)
    cookie = short(cookie)
    assert console.ask("GET", "/v1/sellers", Cookie=cookie)[0] == 200
    assert console.ask("GET", "/v1/sellers", Cookie=f"a=b; {cookie}; c=d")[0] == 200
    assert console.ask("GET", "/v1/sellers", Cookie=cookie[:-1])[0] == 401
    assert console.ask("GET", "/v1/sellers")[0] == 401
    seller = {"sellerId": "luxmaison", "period": "6h"}
    assert console.ask("POST", "/v1/sellers", seller, Cookie=cookie)[0] == 401
    assert console.ask("POST", "/v1/sellers", seller, Cookie=cookie, X_CSRF_Token="0" * 64)[0] == 401
    assert console.kk.json("seller", "list") == []
    assert console.ask("POST", "/v1/sellers", seller, Cookie=cookie, X_CSRF_Token=csrf)[0] == 201
    assert console.ask("GET", "/v1/keys", Cookie=cookie)[0] == 403
    other, other_csrf, _ = console.log_in()
    assert console.ask("POST", "/v1/pause", {}, Cookie=cookie, X_CSRF_Token=other_csrf)[0] == 401
    assert short(other) != cookie and other_csrf != csrf


def test_a_session_ends_with_its_key_and_by_logging_out(console):
    cookie, csrf, key_id = console.log_in()
    other, other_csrf, _ = console.log_in()
    console.kk.run("key", "revoke", str(key_id))
    assert console.ask("GET", "/v1/sellers", Cookie=short(cookie))[0] == 401
    assert json.loads(console.ask("GET", "/console/session", Cookie=short(cookie))[2])["session"] is None
    session = json.loads(console.ask("GET", "/console/session", Cookie=short(other))[2])["session"]
    assert (session["role"], session["name"], session["csrf"]) == ("operator", "an operator", other_csrf)
    assert "POST /v1/sellers" in session["routes"] and "GET /v1/keys" not in session["routes"]
    assert console.ask("POST", "/console/logout", Cookie=short(other))[0] == 403
    status, headers, _ = console.ask("POST", "/console/logout", Cookie=short(other), X_CSRF_Token=other_csrf)
    assert status == 200 and "Max-Age=0" in headers["Set-Cookie"]
    assert console.ask("GET", "/v1/sellers", Cookie=short(other))[0] == 401
    assert console.ask("POST", "/console/logout", Cookie=short(cookie), X_CSRF_Token=csrf)[0] == 200


def test_a_key_that_is_none_opens_nothing(console):
    for key in ("", "kk_1_x", "x" * 5000, "kk_1_" + "0" * 64):
        status, headers, _ = console.ask("POST", "/console/login", {"key": key})
        assert (status, headers["Set-Cookie"]) == (401, None)
    assert console.ask("POST", "/console/login", {"key": 7})[0] == 422
    assert console.ask("POST", "/console/login", {})[0] == 422
    connection = http.client.HTTPConnection(console.host, timeout=30)
    connection.request("POST", "/console/login", "key=x", {"Content-Type": "application/x-www-form-urlencoded"})
    assert connection.getresponse().status == 415  # a form of another site cannot log anybody in


def test_the_newest_changes_come_first_page_by_page(world):
    _, kk = world("luxmaison:12", start=False)
    console = Console(kk, kk.up())
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    cookie = short(console.log_in()[0])
    seen, path = [], "/v1/changes?order=newest&limit=5"
    while True:
        page = json.loads(console.ask("GET", path, Cookie=cookie)[2])
        seen += [change["id"] for change in page["items"]]
        if not page["cursor"]:
            break
        path = f"/v1/changes?order=newest&limit=5&cursor={page['cursor']}"
    assert seen == sorted((change["id"] for change in kk.changes()), reverse=True) and len(seen) == 12
    assert console.ask("GET", "/v1/changes?order=none", Cookie=cookie)[0] == 400


def test_behind_tls_the_cookie_is_for_tls_alone(console):
    assert "; Secure" in console.log_in(X_Forwarded_Proto="https")[0]


def test_where_npm_is_missing_the_build_goes_on_and_the_page_tells(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for command in ("bash", "cat", "sed", "wc", "touch", "mkdir", "dirname", "env"):
        os.symlink(shutil.which(command), tools / command)
    out = tmp_path / "out & |more|"
    done = subprocess.run([os.path.join(ROOT, "web", "build"), str(out)], env={"PATH": str(tools)}, capture_output=True,
                          text=True, check=True)
    assert "console: not built; missing: Node.js" in done.stderr
    page = (out / "files" / "missing.html").read_text()
    assert "Node.js 18 or newer, and npm" in page and "@MISSING@" not in page
    assert os.path.getmtime(out / "files.c") < 1  # so that the next build tries again


@pytest.mark.skipif(not shutil.which("npm"), reason="no npm")
def test_where_the_registry_is_out_of_reach_the_build_goes_on_and_the_page_tells(tmp_path):
    environment = {**os.environ, "npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": str(tmp_path / "cache"),
                   "npm_config_fetch_retries": "0"}
    done = subprocess.run([os.path.join(ROOT, "web", "build"), str(tmp_path / "out")], env=environment, capture_output=True,
                          text=True, check=True)
    assert "missing: an answer from npm's registry" in done.stderr
    assert "an answer from npm" in (tmp_path / "out" / "files" / "missing.html").read_text()
