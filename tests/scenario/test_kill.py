"""SIGKILL at random moments, under load, round after round of a moving world. The sandbox knows every change it made: each
must be told exactly once (recall and precision 1), the products must be what it shows, and no agent may have sent more
than its limit or a dead token, however often the process that keeps count of it died.

KKACHI_KILLS says how many (200), KKACHI_TEST_SEED which; the figures are printed (pytest -s)."""

import os
import random
import signal
import sqlite3
import statistics
import time

from conftest import assert_good_conduct, assert_truth, assert_versions, wait_for

KILLS = int(os.environ.get("KKACHI_KILLS", "200"))
SHOPS = ("luxmaison", "casaverde")
ORDINARY = "price,stock,option_gone,option_added,images,name,description,new,sold_out,back"
MOVES = 25  # in a round, each of another item
TYPES = {"new": "created", "removed": "removed", "returned": "returned"}


class Round:
    """What the world did between two crawls, and the crawl that has to find it."""

    def __init__(self, kk, sandbox, number):
        before = sandbox.stats()["lastChange"]
        if number % 4 == 0:  # two complete lists without it make a removal, so it stays away for two rounds
            sandbox.move(2, distinct=1, kinds="removed")
        sandbox.move(MOVES, distinct=1, kinds=ORDINARY)  # of what is shown, so that no item moves twice in a round
        sandbox.move(20, kinds="noise")
        if number % 4 == 2:
            sandbox.move(1, kinds="returned")
        self.changes = sandbox.changes(before)["changes"]
        kk.json("crawl", *SHOPS)


def open_runs(kk):
    """Read only: a reader that closes last would tidy up what the next start has to find."""
    path = os.path.join(kk.folder, "var", "kkachi.db")
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            return database.execute("SELECT count(*) FROM run WHERE open_key IS NOT NULL").fetchone()[0]
        finally:
            database.close()
    except sqlite3.OperationalError:
        return 1  # not now


class Killer:
    def __init__(self, kk, sandbox, dice):
        self.kk, self.sandbox, self.dice = kk, sandbox, dice
        self.kills = []  # (just before the signal, when it was dead)

    def live(self):
        """One life of the process: half of them from its start, half from its first request, for 20 to 400 ms."""
        before = self.sandbox.stats()["requests"]
        self.kk.up(wait=False)
        if self.dice.random() < 0.5:
            end = time.monotonic() + 20
            while self.sandbox.stats()["requests"] == before and time.monotonic() < end and open_runs(self.kk):
                time.sleep(0.01)
        time.sleep(self.dice.uniform(0.02, 0.4))
        child = self.kk.children[-1]
        assert child.is_running(), child.complained()[-3000:]
        at = time.time()
        child.process.send_signal(signal.SIGKILL)
        child.process.wait(30)
        self.kills.append((at, time.time()))


def all_requests(sandbox):
    entries, after = [], 0
    while True:
        page = sandbox.ask("log", after=after, limit=20000)["log"]
        if not page:
            return entries
        entries += page
        after = page[-1]["n"]


def told(event):
    kind = event["type"].removeprefix("kkachi.product.")
    fields = tuple(sorted((row["field"], repr(row["from"]), repr(row["to"])) for row in event["data"]["changes"]))
    return (event["data"]["itemNo"], kind, fields if kind == "changed" else ())


def made(change):
    kind = TYPES.get(change["kind"], "changed")
    fields = tuple(sorted((row["field"], repr(row["from"]), repr(row["to"])) for row in change["fields"]))
    return (change["itemNo"], kind, fields if kind == "changed" else ())


def count_of(rows):
    counts = {}
    for row in rows:
        counts[row] = counts.get(row, 0) + 1
    return counts


def recall_and_precision(expected, found):
    wanted, got = count_of(expected), count_of(found)
    right = sum(min(number, got.get(row, 0)) for row, number in wanted.items())
    missing = [row for row, number in wanted.items() if got.get(row, 0) < number]
    surplus = [row for row, number in got.items() if wanted.get(row, 0) < number]
    return right / len(expected), right / len(found), missing, surplus


def restart_times(kills, requests):
    """From each kill to the first request of a later process, in ms; kills that struck before one was made are left
    out, because their successor's time says it."""
    times, at = [], 0
    requests = sorted(entry["at"] for entry in requests)
    for number, (struck, dead) in enumerate(kills[:-1]):
        while at < len(requests) and requests[at] < dead * 1000:
            at += 1
        if at < len(requests) and requests[at] < kills[number + 1][0] * 1000:
            times.append(requests[at] - struck * 1000)
    return sorted(times)


def assert_counted_once(kk, sandbox):
    """M1: what was committed is counted once. A request whose answer a kill took is none of the attempts: its task is
    among the time-outs, or it asked for a token."""
    rows = {row["endpoint"]: row for row in kk.json("stats", "--by", "endpoint", "--from", "2000-01-01")}
    tasks = [rows[endpoint] for endpoint in ("list", "detail", "options")]
    attempts, lapsed = sum(row["attempts"] for row in tasks), sum(row["timeouts"] for row in tasks)
    seen = sum(1 for entry in all_requests(sandbox) if "/mustit-api/" in entry["path"])
    assert attempts <= seen <= attempts + lapsed, (attempts, seen, lapsed)
    for row in rows.values():
        assert row["attempts"] == row["success"] + row["failure"] + row["late"]
        assert row["attempts"] == sum(bucket["count"] for bucket in row["latencyBuckets"])
    assert sum(row["changes"] for row in tasks) == len(kk.changes())
    for by in ("day", "seller"):  # a token's issue belongs to no seller
        sums = kk.json("stats", "--by", by, "--from", "2000-01-01")
        assert sum(row["attempts"] for row in sums) == attempts + (rows["token"]["attempts"] if by == "day" else 0)
    print(f"{seen} requests seen by the site, {attempts} counted, {lapsed} leases lost to kills")


def test_every_change_is_told_exactly_once_however_often_it_is_killed(world):
    seed = int(os.environ.get("KKACHI_TEST_SEED", str(random.randrange(1 << 32))))
    print(f"KKACHI_TEST_SEED={seed}")
    sandbox, kk = world(f"{SHOPS[0]}:110,{SHOPS[1]}:41", "--seed", str(seed % 1000 + 1), window="5s", agents=12,
                        **{"limiter.gap": "20ms"})
    kk.add_sellers(*SHOPS)
    kk.first_crawl(*SHOPS)
    kk.settle()
    known = len(kk.events())
    kk.children[-1].kill()

    killer = Killer(kk, sandbox, random.Random(seed))
    rounds = []
    start = time.monotonic()
    while len(killer.kills) < KILLS:
        rounds.append(Round(kk, sandbox, len(rounds)))
        while open_runs(kk) and len(killer.kills) < KILLS:
            killer.live()
    seconds = time.monotonic() - start

    kk.up()
    for _ in range(3):  # the round under way, and two complete lists for the last removals
        wait_for("the crawls end", lambda: not open_runs(kk))
        kk.json("crawl", *SHOPS)
    wait_for("the last crawls end", lambda: not open_runs(kk))
    assert_truth(kk, sandbox)
    assert_versions(kk)
    assert_good_conduct(sandbox)
    assert kk.json("dead", "list") == [], "a crash is nobody's failure"

    assert_counted_once(kk, sandbox)

    expected = [made(change) for one in rounds for change in one.changes]
    found = [told(event) for event in kk.events()[known:]]
    recall, precision, missing, surplus = recall_and_precision(expected, found)
    times = restart_times(killer.kills, all_requests(sandbox))
    print(f"{len(killer.kills)} kills in {seconds:.0f} s and {len(rounds)} rounds, {sandbox.stats()['requests']} requests; "
          f"{len(expected)} changes made, {len(found)} told: recall {recall:.4f}, precision {precision:.4f}")
    print(f"from kill to the next request: median {statistics.median(times):.0f} ms, "
          f"p99 {times[int(len(times) * 0.99)]:.0f} ms, of {len(times)} restarts")
    assert not missing and not surplus, f"missing {missing[:5]}, surplus {surplus[:5]}"
    assert recall == precision == 1
    assert len(times) > len(killer.kills) // 4, "the kills came when there was nothing to do"
