"""Many workers on one store and one Redis, with an hour of ten seconds: workers die, Redis dies and comes back with or
without its memory, the line to it is cut. Judged by the site's own log: no agent above its limit in any window, the
budget used up while work waits and nothing is broken, and no agent used more than another. The store is in memory where
there is a place for that: SQLite lets one process write at a time, and eight that wait for a slow disk would be measured
instead.

KKACHI_FLEET_SECONDS says how long (24), KKACHI_FLEET_WORKERS and _AGENTS how many (8, 50), KKACHI_FLEET_SHARE how much of
the budget must be used (0.5), KKACHI_TEST_SEED which; the figures are printed (pytest -s)."""

import bisect
import os
import pathlib
import random
import shutil
import tempfile
import time

import pytest

from conftest import assert_good_conduct, wait_for
from redisd import Line, Redis

pytestmark = pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server here: tools/setup test")

SECONDS = int(os.environ.get("KKACHI_FLEET_SECONDS", "24"))
WORKERS = int(os.environ.get("KKACHI_FLEET_WORKERS", "8"))
AGENTS = int(os.environ.get("KKACHI_FLEET_AGENTS", "50"))
SHARE = float(os.environ.get("KKACHI_FLEET_SHARE", "0.5"))  # sanitizers on a busy machine are slow
WINDOW, LIMIT = 10.0, 80
CALM = 2 * WINDOW + 3  # after a blow: what was lost is out of the window, and the budget is in use again
SHOPS = [f"shop{number}" for number in range(8)]


@pytest.fixture
def folder():
    place = tempfile.mkdtemp(prefix="kkachi-fleet-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    yield pathlib.Path(place)
    shutil.rmtree(place, ignore_errors=True)


class Fleet:
    def __init__(self, world, redis, dice):
        self.redis, self.dice, self.line = redis, dice, Line(redis.port)
        self.sandbox, self.kk = world(
            ",".join(f"{shop}:{max(200, AGENTS * 40)}" for shop in SHOPS), "--no-noise", "--no-gzip", agents=AGENTS,
            start=False, window=f"{int(WINDOW)}s", **{
                "limiter.url": redis.url(self.line.port), "limiter.gap": "4ms", "limiter.grant_ttl": "300ms",
                "site.timeout": "1s", "task.lease": "5s", "relay.seller_cap": "400", "worker.inflight": "16"})
        self.kk.add_sellers(*SHOPS)
        self.rest = self.kk.start("run", "scheduler", "relay", "janitor")
        self.workers = [self.kk.start("run", "worker") for _ in range(WORKERS)]
        self.sent, self.read, self.blows = {}, 0, []

    def watch(self, seconds):
        """Goes on reading the site's log, so that it need not be kept there; each seller always has work."""
        end = time.monotonic() + seconds
        while True:
            for entry in self.sandbox.ask("log", after=self.read, limit=20000)["log"]:
                self.sent.setdefault(entry["agent"], []).append(entry["at"] / 1000)
                self.read = entry["n"]
            if time.monotonic() >= end:
                return
            time.sleep(min(1, max(0, end - time.monotonic())))
            self.kk.run("crawl", *SHOPS, status=None)

    def blow(self, what):
        """One thing goes wrong; when it began and when it was over."""
        begun = time.time()
        if what == "worker":
            victim = self.dice.randrange(len(self.workers))
            self.workers[victim].kill()
            self.workers[victim] = self.kk.start("run", "worker")
        elif what == "restart":
            self.redis.kill()
            self.redis.start()
        elif what == "empty":
            self.redis.forget()
            self.redis.start()
        else:
            self.line.cut()
            time.sleep(self.dice.uniform(0.2, 3))
            self.line.mend()
        self.blows.append((begun, time.time(), what))

    def finish(self):
        for child in [*self.workers, self.rest]:
            assert child.is_running(), child.complained()[-2000:]
            child.stop()
        self.watch(0)
        self.line.close()


def busiest_window(times):
    busiest, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= WINDOW:
            first += 1
        busiest = max(busiest, last - first + 1)
    return busiest


def shares(sent, begin, end, blows):
    """Of the budget, used in each calm window between begin and end."""
    found, at = [], begin
    while at + WINDOW <= end:
        if all(at + WINDOW <= begun or at >= over + CALM for begun, over, _ in blows):
            used = sum(bisect.bisect_left(times, at + WINDOW) - bisect.bisect_left(times, at) for times in sent.values())
            found.append(used / (AGENTS * LIMIT))
        at += 1
    return found


def test_a_fleet_keeps_to_the_budget_and_uses_it_whatever_breaks(world, folder):
    seed = int(os.environ.get("KKACHI_TEST_SEED", str(random.randrange(1 << 32))))
    print(f"KKACHI_TEST_SEED={seed}")
    (folder / "redis").mkdir()
    redis = Redis(folder / "redis", "--appendonly", "yes", "--appendfsync", "always")
    fleet = Fleet(world, redis, random.Random(seed))
    try:
        wait_for("all agents are at work", lambda: fleet.sandbox.stats()["requests"] > AGENTS * LIMIT / 2)
        begin = time.time() + 3
        end = time.monotonic() + SECONDS
        fleet.watch(WINDOW + 5)
        while time.monotonic() < end:
            fleet.blow(fleet.dice.choice(["worker", "worker", "restart", "empty", "cut"]))
            fleet.watch(min(fleet.dice.choice([1, 3, CALM + WINDOW + 5]), max(1, end - time.monotonic())))
        over = time.time()
        fleet.finish()
    finally:
        redis.kill()
    counts = sorted(len(times) for times in fleet.sent.values())
    busiest = max(busiest_window(sorted(times)) for times in fleet.sent.values())
    used = shares({agent: sorted(times) for agent, times in fleet.sent.items()}, begin, over, fleet.blows)
    kinds = {what: sum(1 for blow in fleet.blows if blow[2] == what) for _, _, what in fleet.blows}
    print(f"{WORKERS} workers, {AGENTS} agents, {SECONDS} s, {sum(counts)} requests; {kinds}\n"
          f"busiest window of any agent {busiest}; in {len(used)} calm windows "
          f"{100 * sum(used) / max(1, len(used)):.2f} % of the budget used, the least {100 * min(used, default=0):.2f} %; "
          f"least used agent {counts[0]}, most used {counts[-1]}")
    assert_good_conduct(fleet.sandbox)
    assert busiest <= LIMIT
    assert len(counts) == AGENTS
    assert used and sum(used) / len(used) >= SHARE
    assert counts[-1] - counts[0] <= LIMIT + counts[-1] // 20  # an emptied Redis costs those that were in use a window
