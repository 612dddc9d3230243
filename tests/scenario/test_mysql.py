"""Several of every role on one MariaDB, killed at random, with a server that is killed and a line that breaks: the
sandbox's own count against what a webhook was told, recall and precision 1.

KKACHI_MYSQL_KILLS says how many (8 processes, 1 server), KKACHI_TEST_SEED which; the figures are printed (pytest -s)."""

import json
import os
import random
import shutil
import time

import pytest

from conftest import assert_good_conduct, assert_truth, wait_for
from mariadb import Line, MariaDb
from redisd import Redis
from test_kill import ORDINARY, made, recall_and_precision, told
from webhook import SECRET, Hook

SHOPS = ("luxmaison", "casaverde")
KILLS = int(os.environ.get("KKACHI_MYSQL_KILLS", "8"))
ROLES = ("scheduler", "scheduler", "relay", "relay", "worker", "worker", "worker", "janitor", "janitor")


@pytest.fixture
def mariadb():
    server = MariaDb()
    yield server
    server.stop()


@pytest.fixture
def hook():
    hook = Hook()
    yield hook
    hook.stop()


@pytest.fixture
def redis(folder):
    if not shutil.which("redis-server"):
        pytest.skip("no redis-server on this machine")
    place = folder / "redis"
    place.mkdir()
    redis = Redis(place, "--appendonly", "yes")
    yield redis
    redis.kill()


def seed_of():
    seed = int(os.environ.get("KKACHI_TEST_SEED", str(random.randrange(1 << 32))))
    print(f"KKACHI_TEST_SEED={seed}")
    return seed


def settings_of(url, hook, **more):
    return {"store.url": url, "events.url": hook.url, "events.secret": SECRET, "limiter.gap": "20ms",
            "task.lease": "5s", "task.silence": "5s", **more}


class Team:
    """Processes of all roles, each of which may be killed and is started again."""

    def __init__(self, kk, dice):
        self.kk, self.dice = kk, dice
        self.lives = [kk.start("run", role) for role in ROLES]

    def kill_one(self):
        at = self.dice.randrange(len(ROLES))
        self.lives[at].kill()
        self.lives[at] = self.kk.start("run", ROLES[at], wait=False)

    def all_run(self):
        return all(life.is_running() for life in self.lives)


def open_runs(mariadb):
    return int(mariadb.ask("SELECT COUNT(*) FROM run WHERE open_key IS NOT NULL", "kkachi")[0][0])


def assert_told_once(kk, sandbox, hook, changes, known):
    """What the world did, against what came; versions of an item in order, and every version that is stored."""
    versions = {f"{change['itemNo']}-{change['version']}" for change in kk.changes()}
    wait_for("every change has come", lambda: {key for key, _, _ in hook.came} >= versions)
    assert {key for key, _, _ in hook.came} == versions
    chains = {}
    for event in hook.events():
        chains.setdefault(event["data"]["itemNo"], []).append(event["data"]["version"])
    for item, chain in chains.items():
        assert chain == list(range(1, len(chain) + 1)), f"item {item}: {chain}"
    expected = [made(change) for change in changes]
    found = [told(event) for event in hook.events() if event["id"] not in known]
    recall, precision, missing, surplus = recall_and_precision(expected, found)
    print(f"{len(expected)} changes made, {len(found)} told: recall {recall:.4f}, precision {precision:.4f}; "
          f"{len(hook.came) - len(versions)} came twice")
    assert not missing and not surplus, f"missing {missing[:5]}, surplus {surplus[:5]}"
    assert recall == precision == 1


def assert_counted_once(mariadb):
    """Counters against the rows that they count."""
    assert mariadb.ask("SELECT r.id FROM run r WHERE r.success_count + r.dead_count <> r.task_count OR r.open_count <> 0 "
                       "OR r.state = 'OPEN'", "kkachi") == []
    assert mariadb.ask("SELECT item_no FROM product_version GROUP BY item_no HAVING COUNT(*) <> MAX(version)",
                       "kkachi") == []
    made_count, counted = mariadb.ask("SELECT (SELECT COUNT(*) FROM product_version), (SELECT SUM(change_count) FROM stat)",
                                      "kkachi")[0]
    assert made_count == counted


def first_crawl(kk, sandbox, mariadb, hook):
    """Everything is new: known before the count begins."""
    wait_for("the first crawls end", lambda: open_runs(mariadb) == 0 and all(kk.runs(shop) for shop in SHOPS), 180)
    wait_for("every product has come", lambda: len(hook.events()) >= len(sandbox.truth()))
    return {event["id"] for event in hook.events()}


def play(kk, sandbox, mariadb, team, kills, strike):
    """Rounds of a moving world, each crawled to its end among kills; gives what the world did."""
    changes = []
    while kills > 0:
        before = sandbox.stats()["lastChange"]
        sandbox.move(12, distinct=1, kinds=ORDINARY)
        sandbox.move(10, kinds="noise")
        changes += sandbox.changes(before)["changes"]
        wait_for("the crawl begins", lambda: kk.run("crawl", *SHOPS, status=None).returncode == 0)
        while kills > 0 and open_runs(mariadb):
            time.sleep(team.dice.uniform(0.1, 0.7))
            strike()
            kills -= 1
        wait_for("the crawl ends", lambda: open_runs(mariadb) == 0, 180)
    return changes


def run_team(world, mariadb, hook, limiter=None):
    seed = seed_of()
    dice = random.Random(seed)
    more = {"limiter.url": limiter} if limiter else {}
    sandbox, kk = world(f"{SHOPS[0]}:60,{SHOPS[1]}:25", "--seed", str(seed % 1000 + 1), window="5s", agents=0, start=False,
                        **settings_of(mariadb.url(), hook, **more))
    team = Team(kk, dice)
    kk.add_agents(12)
    kk.add_sellers(*SHOPS)
    known = first_crawl(kk, sandbox, mariadb, hook)
    server_kills = max(1, KILLS // 12)
    strikes = ["process"] * KILLS + ["server"] * server_kills
    dice.shuffle(strikes)

    def strike():
        if strikes.pop() == "process":
            team.kill_one()
            return
        mariadb.kill()
        time.sleep(0.3)
        mariadb.start()

    start = time.monotonic()
    changes = play(kk, sandbox, mariadb, team, len(strikes), strike)
    print(f"{KILLS} processes and {server_kills} times the server killed in {time.monotonic() - start:.0f} s, "
          f"{sandbox.stats()['requests']} requests")
    assert team.all_run()
    assert_truth(kk, sandbox)
    assert_told_once(kk, sandbox, hook, changes, known)
    assert_good_conduct(sandbox)
    assert_counted_once(mariadb)
    assert kk.json("dead", "list") == [], "a crash is nobody's failure"


def test_several_of_every_role_and_kills_on_the_stores_own_limiter(world, mariadb, hook):
    run_team(world, mariadb, hook)


def test_several_of_every_role_and_kills_on_redis(world, mariadb, hook, redis):
    run_team(world, mariadb, hook, redis.url())


@pytest.fixture
def line(mariadb):
    line = Line(mariadb.port, seed_of())
    yield line
    line.stop()


def test_commits_whose_answer_never_comes_are_neither_lost_nor_doubled(world, mariadb, hook, line):
    """One of three commits meets a fault, and now and then every connection is cut at once; the processes live on."""
    sandbox, kk = world(f"{SHOPS[0]}:40,{SHOPS[1]}:15", window="5s", agents=0, start=False,
                        **settings_of(mariadb.url(line.port), hook))
    team = Team(kk, line.dice)
    kk.settings["store.url"] = mariadb.url()  # the commands of people do not go over that line
    kk.add_agents(12)
    kk.add_sellers(*SHOPS)
    known = first_crawl(kk, sandbox, mariadb, hook)
    line.share = 0.3
    changes = play(kk, sandbox, mariadb, team, KILLS, line.cut)
    met = sum(line.met.values())
    line.share = 0.0
    print(f"{met} commits met a fault: {line.met}; {KILLS} times all connections were cut")
    assert met > 2 * KILLS and all(line.met.values())
    assert team.all_run(), "a lost connection ends no process"
    assert_truth(kk, sandbox)
    assert_told_once(kk, sandbox, hook, changes, known)
    assert_good_conduct(sandbox)
    assert_counted_once(mariadb)
    assert kk.json("dead", "list") == []
    said = "".join(life.complained() for life in team.lives)
    assert f"the database mysql://127.0.0.1:{line.port}/kkachi" in said
    assert "p@ss" not in said and "p%40ss" not in said


def test_a_server_that_is_gone_is_named_and_its_return_is_found(world, mariadb, hook):
    sandbox, kk = world(f"{SHOPS[0]}:5", agents=0, start=False, **settings_of(mariadb.url(), hook))
    kk.add_agents(3)
    life = kk.start("run", "scheduler", "relay", "worker", "janitor")
    kk.add_sellers(SHOPS[0])
    kk.first_crawl(SHOPS[0])
    mariadb.kill()
    said = kk.refuses("seller", "list", status=3)
    assert f"store.url: the database mysql://127.0.0.1:{mariadb.port}/kkachi is not reachable: see that it runs" in said
    assert "p@ss" not in said
    wait_for("the process says it too", lambda: "is not reachable" in life.complained())
    mariadb.start()
    sandbox.move(3, distinct=1, kinds="price")
    kk.crawl(SHOPS[0])
    assert_truth(kk, sandbox)
    assert life.is_running()


def test_a_users_password_and_rights_are_told_apart(make_kkachi, mariadb):
    kk = make_kkachi(**{"store.url": f"mysql://kk@127.0.0.1:{mariadb.port}/kkachi"})
    assert "user or password is refused: see store.url and store.password" in kk.refuses("migrate", status=3)
    assert "from schema 0" in kk.run("migrate", env={"KKACHI_STORE_PASSWORD": "p@ss"}).stdout
    mariadb.ask("CREATE USER 'reader'@'127.0.0.1'; GRANT SELECT ON kkachi.* TO 'reader'@'127.0.0.1'")
    kk.settings["store.url"] = f"mysql://reader@127.0.0.1:{mariadb.port}/kkachi"
    assert kk.run("seller", "list").stdout
    assert "the user lacks a right: GRANT ALL ON the database" in kk.refuses("seller", "add", "x", "--period", "6h", status=3)


def test_doctor_tells_what_server_it_is_and_what_the_user_may(make_kkachi, mariadb):
    kk = make_kkachi(**{"store.url": mariadb.url()})
    rows = {row["check"]: row for row in json.loads(kk.run("doctor", "--json", status=None).stdout)}
    assert rows["store"]["result"] == "ok"
    assert "max_allowed_packet" in rows["database"]["text"], "MariaDB's own default is as small as site.max_body"
    kk.settings["site.max_body"] = "4MiB"
    rows = {row["check"]: row for row in json.loads(kk.run("doctor", "--json", status=None).stdout)}
    assert rows["database"]["text"].startswith("MariaDB 1") and "READ-COMMITTED" in rows["database"]["text"]
    assert rows["database rights"]["text"] == "may change the schema"
    assert rows["database clock"]["result"] == rows["database TLS"]["result"] == "ok"
    mariadb.ask("CREATE USER 'few'@'127.0.0.1'; GRANT SELECT, INSERT, UPDATE, DELETE ON kkachi.* TO 'few'@'127.0.0.1'")
    kk.settings["store.url"] = f"mysql://few@127.0.0.1:{mariadb.port}/kkachi"
    rows = {row["check"]: row for row in json.loads(kk.run("doctor", "--json", status=None).stdout)}
    assert "may not make tables" in rows["database rights"]["text"]
