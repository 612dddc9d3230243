"""The OpenAPI document of the real binary, and the API held against it: every route for every role, every parameter and
member refused by name. A route that is added is tested here without a line."""

import json
import os
import subprocess
import time
import urllib.parse

import pytest

from api_client import ROLES, Api
from conftest import ROOT

RANK = {"anyone": -1, **{role: rank for rank, role in enumerate(ROLES)}}


@pytest.fixture
def api(make_kkachi):
    kk = make_kkachi(**{"api.rate": "0"})
    return Api(kk, kk.start("run", "api"))


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def plain(path):
    for name in ("sellerId", "itemNo", "runId", "id"):
        path = path.replace("{" + name + "}", "999999" if name != "sellerId" else "nobody")
    return path


def ask(api, method, path, key, headers=None):
    """The status alone: a stream does not end."""
    if path.split("?")[0] == "/v1/stream" and method == "GET":
        reader = api.stream(key or "", path[len("/v1/stream"):], **(headers or {}))
        reader.until("it answers", lambda r: r.head)
        reader.close()
        return int(reader.head.split(" ")[1])
    return api.ask(method, path, key, {} if method in ("POST", "PATCH") else None, headers)[0]


def test_every_route_wants_a_key_of_its_role_or_above(api):
    keys = {role: api.key(role)["key"] for role in ROLES}
    revoked = api.key("admin")
    api.kk.run("key", "revoke", str(revoked["id"]))
    expired = api.key("admin", "--expires", "1s")["key"]
    assert api.ask("GET", "/v1/keys", expired)[0] in (200, 401)
    document = api.ask("GET", "/openapi.json", keys["viewer"])[2]
    asked = 0
    time.sleep(1.1)
    for method, path, operation in operations(document):
        needs = RANK[operation["x-role"]]
        for role in ROLES:
            status = ask(api, method, plain(path), keys[role])
            assert (status == 403) == (RANK[role] < needs), (method, path, role, status)
            assert status != 401 and status < 500, (method, path, role, status)
            assert str(status) in operation["responses"], (method, path, role, status)
            asked += 1
        for key in (None, revoked["key"], expired, keys["admin"][:-1] + "x", "kk_1_" + "0" * 64, "kk_x"):
            status = ask(api, method, plain(path), key)
            assert (status == 401) == (needs >= 0), (method, path, key, status)
    assert asked >= 4 * 30


def test_the_document_is_the_one_that_is_kept(api):
    with open(os.path.join(ROOT, "docs", "openapi.json"), encoding="utf-8") as file:
        assert json.load(file) == api.ask("GET", "/openapi.json", api.key("viewer")["key"])[2]


BAD = {"integer": ["x", "-1", "1.5", "99999999999999999999", ""], "string": ["\x01", "x" * 2000]}


def test_every_parameter_is_checked_by_name(api):
    key = api.key()["key"]
    document = api.ask("GET", "/openapi.json", key)[2]
    checked = 0
    for method, path, operation in operations(document):
        if method != "GET":
            continue
        assert api.ask(method, plain(path) + "?colour=1", key)[0] == 400, path
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                continue
            for value in BAD[parameter["schema"]["type"]]:
                if parameter["in"] == "query":
                    query = urllib.parse.urlencode({parameter["name"]: value})
                    status, _, problem = api.ask(method, f"{plain(path)}?{query}", key)
                elif value.isprintable() and value:
                    status, _, problem = api.ask(method, plain(path), key, None, {parameter["name"]: value})
                else:
                    continue
                assert status == 400, (path, parameter["name"], value, status)
                assert problem["errors"][0]["pointer"] == f"{parameter['in']}/{parameter['name']}"
                checked += 1
    assert checked > 100


def test_every_member_of_a_body_is_checked_by_name(api):
    key = api.key()["key"]
    document = api.ask("GET", "/openapi.json", key)[2]
    good = {"sellerId": "luxmaison", "period": "1d", "userAgent": "Mozilla/5.0 (Linux)", "isEnabled": True}
    checked = 0
    for method, path, operation in operations(document):
        body = operation.get("requestBody")
        if not body:
            continue
        schema = body["content"]["application/json"]["schema"]
        full = {name: good[name] for name in schema.get("required", [])}
        for name in [*schema["properties"], "colour"]:
            for value in (1, None, ["x"], "\x00", "x" * 2000):
                status, _, problem = api.ask(method, plain(path), key, {**full, name: value})
                assert (status, problem["errors"][0]["pointer"]) == (422, f"#/{name}"), (path, name, value, problem)
                checked += 1
        for name in full:
            left = {other: value for other, value in full.items() if other != name}
            status, _, problem = api.ask(method, plain(path), key, left)
            assert (status, problem["errors"][0]) == (422, {"pointer": f"#/{name}", "detail": "it is needed"})
    assert checked > 50


SCHEMATHESIS = os.path.join(ROOT, "build", "api-venv", "bin", "schemathesis")


def test_all_that_the_document_allows_is_answered_as_it_says(world):
    if not os.path.exists(SCHEMATHESIS):
        pytest.skip("tools/test-venv api was not run")
    _, kk = world("luxmaison:3", start=False, **{"api.rate": "0"})
    api = Api(kk, kk.start("up"))
    key = api.key()["key"]
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    done = subprocess.run([SCHEMATHESIS, "--config-file", os.path.join(ROOT, "tests", "api", "schemathesis.toml"), "run",
                           f"{api.url}/openapi.json"], cwd=kk.folder, capture_output=True, text=True, timeout=600,
                          check=False, env={**os.environ, "KEY": key, "HYPOTHESIS_STORAGE_DIRECTORY": kk.folder})
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
    assert api.ask("GET", "/healthz")[0] == 200


def test_the_readmes_lines_do_what_they_say(world):
    _, kk = world("luxmaison:3", start=False)
    api = Api(kk, kk.start("up"))
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read()
    start = text.index("KEY=$(build/kkachi key create")
    lines = text[start:text.index("```", start)].strip().splitlines()
    assert len(lines) == 6 and all("curl " in line for line in lines[1:])
    lines[0] = (lines[0].replace("build/kkachi", kk.binary).replace("--json", "--json " + " ".join(kk.flags()))
                .replace("http://127.0.0.1:8620", api.url))
    wait = 'until curl -s -H "X-API-Key: $KEY" $API/v1/sellers/luxmaison/progress | grep -q COMPLETE; do sleep .1; done'
    script = "\n".join(["set -e", *[line.replace("curl ", "curl -sf ") + "; echo" for line in lines[:4]], wait,
                        *[line.replace("curl ", "curl -sf ") + "; echo" for line in lines[4:]]])
    done = subprocess.run(["bash", "-c", script], cwd=kk.folder, capture_output=True, text=True, timeout=90, check=False,
                          env=kk.env)
    assert done.returncode == 0, (script, done.stdout, done.stderr)
    said = [json.loads(line) for line in done.stdout.splitlines() if line]
    assert said[0]["sellerId"] == "luxmaison" and said[1]["runId"] and said[2]["state"] in ("OPEN", "COMPLETE")
    assert len(said[3]["items"]) == 3 and said[4]["revokedAt"]
