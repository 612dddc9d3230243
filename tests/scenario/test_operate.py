"""What operators do: pause and resume, sellers, agents, the listings that people and programs read."""

import datetime
import json
import os
import stat
import time
import urllib.request

from conftest import BINARY, ROOT, Child, assert_good_conduct, assert_truth, assert_versions, user_agents, wait_for
from hook import Hook


def still(sandbox, seconds=1.0):
    """No request comes for so long."""
    before = sandbox.stats()["requests"]
    time.sleep(seconds)
    return sandbox.stats()["requests"] == before


def test_pause_stops_all_requests_within_seconds_and_resume_lets_them_go_on(world):
    sandbox, kk = world("luxmaison:200", **{"limiter.gap": "50ms"})
    kk.add_sellers("luxmaison")
    wait_for("the crawl is under way", lambda: sandbox.stats()["requests"] > 30)
    assert kk.json("pause", "--why", "the site asked us to")["isPaused"]
    wait_for("nothing is sent", lambda: still(sandbox), 5)
    assert kk.runs("luxmaison")[0]["state"] == "OPEN"
    found = {row["check"]: row["text"] for row in kk.json("doctor")}
    assert "the site asked us to" in found["pause"]
    kk.settings["limiter.gap"] = "1ms"
    assert not kk.json("resume")["isPaused"]
    kk.first_crawl("luxmaison")
    assert_truth(kk, sandbox)
    assert_good_conduct(sandbox)


def test_a_paused_seller_gets_no_request_and_the_others_go_on(world):
    sandbox, kk = world("luxmaison:120,casaverde:30", **{"limiter.gap": "20ms"})
    kk.add_sellers("luxmaison")
    wait_for("the crawl is under way", lambda: sandbox.stats()["requests"] > 30)
    kk.run("seller", "pause", "luxmaison")
    wait_for("nothing is sent", lambda: still(sandbox), 5)
    assert "PAUSED" in kk.refuses("crawl", "luxmaison", status=1)
    kk.add_sellers("casaverde")
    kk.first_crawl("casaverde")
    assert kk.runs("luxmaison")[0]["state"] == "OPEN"
    kk.run("seller", "resume", "luxmaison")
    kk.first_crawl("luxmaison")
    assert_truth(kk, sandbox)
    assert_good_conduct(sandbox)


def test_a_disabled_seller_is_not_crawled_and_keeps_its_data(world):
    sandbox, kk = world("luxmaison:3")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    kk.run("seller", "disable", "luxmaison")
    assert "DISABLED" in kk.refuses("crawl", "luxmaison", status=1)
    assert len(kk.products("luxmaison")) == 3
    assert kk.json("seller", "list")[0]["state"] == "DISABLED"


def test_a_changed_period_moves_the_next_crawl_at_once(world):
    _, kk = world("luxmaison:1")
    kk.run("seller", "add", "luxmaison", "--period", "10d")
    kk.first_crawl("luxmaison")
    before = kk.json("seller", "show", "luxmaison")
    kk.run("seller", "set", "luxmaison", "--period", "1h", "--name", "럭스메종")
    after = kk.json("seller", "show", "luxmaison")
    assert after["nextRunAt"] < before["nextRunAt"]
    assert (after["period"], after["name"]) == ("1h", "럭스메종")


def test_listings_are_whole_in_json_and_limited_when_asked(world):
    _, kk = world("luxmaison:12")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    rows = kk.json("product", "list", "--seller", "luxmaison")
    assert len(rows) == 12
    assert set(rows[0]) >= {"itemNo", "sellerId", "version", "hash", "lastChangedAt", "product"}
    assert [row["itemNo"] for row in rows] == sorted(row["itemNo"] for row in rows)
    first = kk.json("product", "list", "--limit", "5")
    rest = kk.json("product", "list", "--after", str(first[-1]["itemNo"]))
    assert first + rest == rows
    assert len(kk.json("task", "list")) == 25
    assert len(kk.json("task", "list", "--kind", "detail", "--state", "SUCCESS")) == 12
    assert len(kk.json("task", "list", "--limit", "3")) == 3
    item = str(rows[0]["itemNo"])
    assert kk.json("product", "show", item)["product"] == rows[0]["product"]
    assert [row["version"] for row in kk.json("product", "show", item, "--history")] == [1]
    raw = json.loads(kk.run("product", "show", item, "--raw").stdout)
    assert item in json.dumps(raw["detail"])
    assert isinstance(raw["options"], list)


def test_tables_are_for_people(world):
    _, kk = world("luxmaison:2")
    kk.run("seller", "add", "luxmaison", "--period", "6h", "--name", "럭스메종")
    kk.first_crawl("luxmaison")
    table = kk.run("seller", "list").stdout.splitlines()
    assert table[0].startswith("SELLER") and "럭스메종" in table[1] and "ACTIVE" in table[1]
    assert "\033[" not in kk.run("task", "list").stdout
    for words in (["agent", "list"], ["agent", "stats"], ["product", "list"], ["changes"], ["config", "--origin"],
                  ["seller", "show", "luxmaison"], ["states"], ["version"], ["help"]):
        assert kk.run(*words, flags=words[0] not in ("states", "version", "help")).stdout.strip(), words
    assert kk.run("dead", "list").stdout == "No dead letters.\n"


def test_the_token_is_shown_nowhere(world):
    sandbox, kk = world("luxmaison:2", agents=1)
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    said = "".join(kk.run(*words).stdout for words in (
        ["agent", "list", "--json"], ["agent", "stats", "--json"], ["task", "list", "--json"], ["config", "--json"]))
    said += kk.children[0].complained() + json.dumps(kk.events())
    assert "eyJ" not in said, "a JWT begins so"
    assert "Bearer" not in said
    assert sandbox.stats()["byPath"]["home"]


def test_a_token_stands_sealed_and_nowhere_else(world):
    sandbox, kk = world("luxmaison:5", agents=2)
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    request = urllib.request.Request(sandbox.url + "/", headers={"User-Agent": user_agents(1)[0]})
    with urllib.request.urlopen(request, timeout=30) as answer:
        cookies = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    token = next(value for value in cookies if value.startswith("token=")).split(";")[0].removeprefix("token=")
    beginning = token.split(".")[0].encode()  # that of every token, and long enough to be nothing else
    assert len(beginning) > 10
    assert any(agent["hasToken"] for agent in kk.json("agent", "list"))
    said = [kk.run(*words).stdout for words in (
        ["agent", "list", "--json"], ["agent", "show", "1", "--json"], ["agent", "stats"], ["config"], ["doctor"])]
    assert beginning.decode() not in "".join(said)
    looked = 0
    for place, _, names in os.walk(kk.folder):  # database, WAL, archive, events, logs
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    assert beginning not in file.read(), path
                looked += 1
    assert looked > 4
    key = os.path.join(kk.folder, "var", "token.key")
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600


def test_a_wrong_key_stops_the_start_until_the_tokens_are_forgotten(world):
    sandbox, kk = world("luxmaison:2", agents=1)
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    kk.children[0].stop()
    assert {row["check"]: row["result"] for row in kk.json("doctor", status=None)}["token key"] == "ok"
    key = os.path.join(kk.folder, "var", "token.key")
    os.chmod(key, 0o640)
    assert "others may read" in kk.refuses("up", status=3)
    os.chmod(key, 0o600)
    kk.settings["token.key"] = "ab" * 32
    said = kk.refuses("up", status=3)
    assert "sealed with another key" in said and "kkachi agent forget" in said
    assert {row["check"]: row["result"] for row in kk.json("doctor", status=3)}["token key"] == "bad"
    assert "ab" * 32 not in kk.run("config", "--json").stdout
    kk.settings["token.key"] = "not a key"
    assert "openssl rand -hex 32" in kk.refuses("up", status=2)
    kk.settings["token.key"] = "ab" * 32
    assert kk.json("agent", "forget") == {"forgotten": 1}
    kk.up()
    kk.crawl("luxmaison")
    moves = kk.json("agent", "show", "agent-1")["moves"]
    assert [move["event"] for move in moves if move["event"] == "GOT_TOKEN"] == ["GOT_TOKEN", "GOT_TOKEN"]
    assert moves[-1]["from"] == "IDLE" and moves[-1]["to"] == "ACTIVE" and moves[-1]["cause"]
    assert_truth(kk, sandbox)


def test_pause_and_resume_reach_two_workers_on_one_store_within_two_seconds(world):
    sandbox, kk = world("luxmaison:400", start=False, agents=8, limit=100000,
                        **{"limiter.gap": "100ms", "limiter.capacity": "100000"})
    kk.add_sellers("luxmaison")
    kk.start("run", "scheduler", "relay", "janitor")
    workers = [kk.start("run", "worker"), kk.start("run", "worker")]
    wait_for("the crawl is under way", lambda: sandbox.stats()["requests"] > 60)
    assert all(worker.is_running() for worker in workers)
    paused = kk.json("pause", "--reason", "the site asked us to")
    at = datetime.datetime.fromisoformat(paused["at"].replace("Z", "+00:00")).timestamp()
    time.sleep(3)
    last = max(line["at"] for line in sandbox.log()) / 1000
    print(f"last request {last - at:.3f} s after the pause")
    assert last - at < 2
    assert still(sandbox, 1)
    assert paused["why"] == "the site asked us to" and "@" in paused["who"]
    assert kk.json("pause", "--show") == paused
    assert "the site asked us to" in kk.run("pause", "--show").stdout
    start = time.time()
    kk.run("resume")
    wait_for("requests go on", lambda: not still(sandbox, 0.1), 10)
    first = min(line["at"] / 1000 for line in sandbox.log() if line["at"] / 1000 > at + 3)
    print(f"first request {first - start:.3f} s after the resume")
    assert first - start < 2


def test_a_plan_counts_what_a_crawl_then_asks_for(world):
    sandbox, kk = world("luxmaison:30", agents=3)
    assert kk.run("plan").stdout.startswith("No active sellers")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    plan = kk.json("plan", "--period", "1h")
    assert (plan["agents"], plan["requests"], plan["unknownSellers"]) == (3, 61, 0)
    assert plan["sellers"][0]["items"] == 30
    stats = sandbox.stats()
    assert stats["requests"] - sum(stats["byPath"]["home"].values()) == plan["requests"], stats["byPath"]
    what_if = kk.json("plan", "--sellers", "2", "--items", "1500", "--period", "6h", "--mode", "delta")
    assert len(what_if["sellers"]) == 2 and what_if["requests"] < 2 * 3003
    assert "--items and --period" in kk.refuses("plan", "--sellers", "2", status=2)
    assert "not a number" in kk.refuses("plan", "--agents", "many", status=2)
    assert "REQUESTS" in kk.run("plan").stdout


def test_changes_can_be_followed(world):
    sandbox, kk = world("luxmaison:3")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    follow = Child([BINARY, "changes", "--follow", "--json", "--after", "3", *kk.flags()], kk.folder, "follow",
                   env=kk.env)
    kk.children.append(follow)
    item, was = next(iter(sandbox.truth().items()))
    sandbox.set(item, "sellingPrice", was["sellingPrice"] + 500)
    kk.crawl("luxmaison")
    line = wait_for("the change is shown", lambda: follow.said().splitlines())
    change = json.loads(line[0])
    assert (change["itemNo"], change["version"]) == (item, 2)


def test_a_crawl_that_nobody_runs_says_what_is_missing(world):
    _, kk = world("luxmaison:1", agents=0, start=False)
    kk.add_sellers("luxmaison")
    said = kk.run("crawl", "luxmaison").stderr
    assert "start `kkachi up`" in said
    assert "kkachi agent add" in said


def test_agents_are_added_from_a_list_once(make_kkachi):
    kk = make_kkachi()
    assert kk.add_agents(5) == {"added": 5, "known": 0}
    assert kk.add_agents(7) == {"added": 2, "known": 5}
    agents = kk.json("agent", "list")
    assert [agent["name"] for agent in agents] == [f"agent-{number}" for number in range(1, 8)]
    assert all(agent["state"] == "IDLE" and agent["tokensLeft"] == 80 for agent in agents)
    said = kk.refuses("agent", "add", "--file", "-", status=2,
                      stdin="# good ones\nMozilla/5.0 (X11) fine enough\ncurl/8\n")
    assert "standard input:3" in said
    assert len(kk.json("agent", "list")) == 7, "all of a list or nothing of it"


def test_a_list_may_be_json_and_what_is_alike_or_no_user_agent_is_refused_with_its_place(world):
    _, kk = world("luxmaison:2", agents=0)
    good = user_agents(3)
    add = ("agent", "add", "--file", "-")
    assert kk.json(*add, stdin=json.dumps([good[0], {"name": "galaxy", "userAgent": good[1]}])) == {
        "added": 2, "known": 0}
    assert kk.json("agent", "list")[1]["name"] == "galaxy"
    assert "standard input:3" in kk.refuses(*add, status=1, stdin=f"# one\n{good[2]}\n{good[2].lower().title()}\n")
    assert "standard input:1" in kk.refuses(*add, status=1, stdin=good[0].replace(" ", "  ") + "\n")
    assert "standard input:2" in kk.refuses(*add, status=2, stdin=json.dumps([good[2], 7]))
    assert len(kk.json("agent", "list")) == 2
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    rows = kk.json("agent", "list")
    assert sum(row["today"]["requests"] for row in rows) == sum(row["week"]["requests"] for row in rows) >= 6
    assert sum(row["today"]["successes"] for row in rows) == sum(row["successes"] for row in rows)
    assert "7 DAYS" in kk.run("agent", "stats").stdout
    shipped = os.path.join(ROOT, "share", "agents.txt")
    assert kk.json("agent", "add", "--file", shipped)["added"] > 10


def test_a_webhook_gets_every_event_signed_in_order_and_again_after_a_refusal(world):
    with Hook(refuse={2, 3, 7}) as hook:
        sandbox, kk = world("luxmaison:8", **hook.settings)
        kk.add_sellers("luxmaison")
        kk.first_crawl("luxmaison")
        for step in range(3):
            for item, was in sandbox.truth().items():
                sandbox.set(item, "sellingPrice", was["sellingPrice"] + 100 * (step + 1))
            kk.crawl("luxmaison")
        wait_for("the hook has all of them", lambda: len({event.id for event in hook.taken}) >= 32)
        assert all(event.is_signed for event in hook.taken)
        assert all(event.id == event.body["id"] for event in hook.taken)
        for item in sandbox.truth():
            chain = [event.body["data"]["version"] for event in hook.taken if event.body["data"]["itemNo"] == item]
            assert list(dict.fromkeys(chain)) == [1, 2, 3, 4], f"item {item}: {chain}"
        assert_versions(kk)
        assert hook.secret not in kk.children[0].complained() + kk.run("config", "--json").stdout


def test_the_first_request_leaves_soon_after_the_start(world):
    sandbox, kk = world("luxmaison:1", start=False)
    kk.add_sellers("luxmaison")
    start = time.time()
    kk.up()
    line = wait_for("a request comes", lambda: sandbox.log())[0]
    at = line["at"] / 1000
    print(f"first request {1000 * (at - start):.0f} ms after the start")
    assert at - start < 5, "sanitizers are slow; a release build needs less than 100 ms"
