"""The limiter in a real Redis: while it is in trouble no request is sent, `kkachi doctor` and the log say which, and work
goes on by itself. Two workers on one store share one budget."""

import json
import shutil
import signal
import time

import pytest

from conftest import assert_good_conduct, assert_truth, assert_versions, wait_for
from redisd import Line, Redis

pytestmark = pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server here: tools/setup test")


@pytest.fixture
def redis(folder):
    (folder / "redis").mkdir()
    server = Redis(folder / "redis", "--appendonly", "yes", "--appendfsync", "always")
    yield server
    server.thaw()
    server.kill()


def findings(kk):
    """Exit status, and check → what it says, of those that are not well."""
    done = kk.run("doctor", "--json", status=None)
    return done.returncode, {row["check"]: row["text"] for row in json.loads(done.stdout)
                             if row["result"] != "ok"}


def lines(child, event):
    return [json.loads(line) for line in child.complained().splitlines() if f'"{event}"' in line]


def lock_out(redis):
    redis.ask("CONFIG", "SET", "requirepass", "another")
    redis.login = "another"
    redis.ask("CLIENT", "KILL", "TYPE", "normal")


def let_in(redis):
    redis.ask("CONFIG", "SET", "requirepass", "")
    redis.login = ""


TROUBLE = {
    "gone": (Redis.kill, Redis.start, "Connection refused", 3),
    "frozen": (Redis.freeze, Redis.thaw, "did not answer in time", 3),
    "full": (lambda redis: redis.ask("CONFIG", "SET", "maxmemory", "1"),
             lambda redis: redis.ask("CONFIG", "SET", "maxmemory", "0"), "Redis is full", 3),
    "locked": (lock_out, let_in, "Redis wants a password", None),
}


@pytest.mark.parametrize("what", TROUBLE)
def test_nothing_is_sent_while_redis_is_in_trouble_and_then_it_goes_on_by_itself(world, redis, what):
    begin, end, says, status = TROUBLE[what]
    sandbox, kk = world("luxmaison:40", **{"limiter.url": redis.url()})
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    begin(redis)
    kk.json("crawl", "luxmaison")
    failure = wait_for("the log says so", lambda: lines(kk.children[0], "limiter.failed"))[0]
    assert says in failure["error"], failure
    before = sandbox.stats()["requests"]
    found_status, found = findings(kk)
    assert says in " ".join(found.values()), found
    assert found_status == status or status is None and found_status != 0
    time.sleep(1.5)
    assert sandbox.stats()["requests"] == before
    end(redis)
    wait_for("the crawl ends", lambda: all(run["state"] != "OPEN" for run in kk.runs("luxmaison")))
    assert lines(kk.children[0], "limiter.back")
    assert sandbox.stats()["requests"] > before
    assert_good_conduct(sandbox)
    assert findings(kk)[0] == 0


def test_a_redis_that_restarted_empty_gives_no_agent_a_second_budget(world, redis):
    sandbox, kk = world("luxmaison:60", agents=3, limit=20,
                        **{"limiter.url": redis.url(), "limiter.capacity": "20", "site.timeout": "1s"})
    kk.add_sellers("luxmaison")
    for _ in range(3):
        wait_for("some were sent", lambda seen=sandbox.stats()["requests"]: sandbox.stats()["requests"] > seen + 15)
        redis.forget()
        redis.start()
    kk.first_crawl("luxmaison")
    restored = lines(kk.children[0], "limiter.restored")
    assert restored and max(row["agents"] for row in restored) > 0
    assert_good_conduct(sandbox, limit=20)
    assert_truth(kk, sandbox)


def test_doctor_names_what_is_unsafe_about_a_redis(world, redis):
    _, kk = world("luxmaison:4", start=False, **{"limiter.url": redis.url()})
    redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    redis.ask("CONFIG", "SET", "appendonly", "no")
    status, found = findings(kk)
    assert status == 1
    assert "set noeviction" in found["redis memory"]
    assert "appendonly yes" in found["redis disk"]
    kk.settings["limiter.url"] = "redis://me:hunter2@127.0.0.1:1/0"
    status, found = findings(kk)
    assert status == 3
    assert "hunter2" not in str(found)


def test_two_workers_share_one_budget_and_one_may_die(world, redis):
    line = Line(redis.port)
    sandbox, kk = world("luxmaison:150", agents=4, start=False, limit=20,
                        **{"limiter.url": redis.url(line.port), "limiter.capacity": "20", "site.timeout": "2s", "task.lease": "3s"})
    kk.add_sellers("luxmaison")
    kk.start("run", "scheduler", "relay", "janitor")
    workers = [kk.start("run", "worker"), kk.start("run", "worker")]
    wait_for("both are at work", lambda: sandbox.stats()["requests"] > 40)
    line.cut()
    time.sleep(1.5)
    line.mend()
    workers[0].process.send_signal(signal.SIGKILL)
    kk.first_crawl("luxmaison")
    line.close()
    assert_good_conduct(sandbox, limit=20)
    assert_truth(kk, sandbox)
    assert_versions(kk)
