"""Processes that are stopped, and processes that are killed: what was begun ends as if nothing had been."""

import os
import random
import signal
import sqlite3
import time

from conftest import assert_good_conduct, assert_truth, assert_versions, wait_for

KILLS = int(os.environ.get("KKACHI_TEST_KILLS", "10"))


def test_sigterm_ends_soon_and_the_crawl_goes_on_afterwards(world):
    sandbox, kk = world("luxmaison:60", "--slow", "300ms")
    sandbox.fault("slow", rate="0.5")
    kk.add_sellers("luxmaison")
    wait_for("the crawl is under way", lambda: sandbox.stats()["requests"] > 20)
    status, seconds = kk.children[0].stop()
    assert status == 0
    assert seconds < 10
    assert "process.stopped" in kk.children[0].complained()
    assert not kk.json("task", "list", "--state", "RUNNING"), "what was in flight ended or went back"
    assert kk.runs("luxmaison")[0]["state"] == "OPEN"
    kk.up()
    kk.first_crawl("luxmaison")
    assert_truth(kk, sandbox)
    assert_versions(kk)
    assert_good_conduct(sandbox)


def test_sigterm_does_not_wait_for_a_site_that_hangs(world):
    sandbox, kk = world("luxmaison:5", "--hang", "60s", **{"site.timeout": "60s"})
    sandbox.fault("hang", path="detail")
    kk.add_sellers("luxmaison")
    wait_for("details hang", lambda: kk.json("task", "list", "--state", "RUNNING"))
    status, seconds = kk.children[0].stop()
    assert status == 0
    assert seconds < 10
    sandbox.fault("hang", count=0)
    kk.up()
    kk.first_crawl("luxmaison")
    assert_truth(kk, sandbox)
    assert kk.runs("luxmaison")[0]["dead"] == 0, "a stop is nobody's failure"


def test_a_second_signal_ends_at_once(world):
    sandbox, kk = world("luxmaison:5", "--hang", "60s", **{"site.timeout": "60s"})
    sandbox.fault("hang", path="detail")
    kk.add_sellers("luxmaison")
    wait_for("details hang", lambda: kk.json("task", "list", "--state", "RUNNING"))
    kk.children[0].process.send_signal(signal.SIGINT)
    wait_for("it heard", lambda: "process.stopping" in kk.children[0].complained())
    status, seconds = kk.children[0].stop()
    assert status == 0
    assert seconds < 4


def kill_and_start_again(kk, sandbox, sellers, dice, kills):
    """Kills in mid-crawl, at a random moment, and starts again; gives how often requests were under way."""
    struck = 0
    for _ in range(kills):
        kk.json("crawl", *sellers)  # joins the crawl that is under way; begins another one where none is
        before = sandbox.stats()["requests"]
        time.sleep(dice.uniform(0.02, 0.8))
        kk.children[-1].kill()
        struck += sandbox.stats()["requests"] > before
        kk.up(wait=False)
    return struck


def wait_for_ends(kk, sellers):
    wait_for("every crawl has ended", lambda: all(
        run["state"] != "OPEN" for seller in sellers for run in kk.runs(seller)))


def test_kills_at_random_moments_change_nothing_in_the_end(world):
    """The site counts every request, knows every change it made, and has the last word."""
    seed = int(os.environ.get("KKACHI_TEST_SEED", str(random.randrange(1 << 32))))
    print(f"KKACHI_TEST_SEED={seed}")
    dice = random.Random(seed)
    sandbox, kk = world("luxmaison:120,casaverde:37", window="5s", agents=12,
                        **{"limiter.gap": "20ms", "task.attempts": "5"})
    sellers = ("luxmaison", "casaverde")
    kk.add_sellers(*sellers)
    struck = kill_and_start_again(kk, sandbox, sellers, dice, (KILLS + 1) // 2)
    wait_for_ends(kk, sellers)
    assert_truth(kk, sandbox)
    before = sandbox.stats()["lastChange"]
    known = len(kk.changes())
    sandbox.move(25, distinct=1)
    sandbox.move(10, kinds="noise")
    struck += kill_and_start_again(kk, sandbox, sellers, dice, KILLS // 2)
    wait_for_ends(kk, sellers)
    kk.crawl(*sellers)
    kk.crawl(*sellers)
    assert_truth(kk, sandbox)
    assert_versions(kk)
    made = sorted((entry["itemNo"], f"kkachi.product.{entry['type']}") for entry in sandbox.changes(before)["net"])
    found = sorted((change["itemNo"], change["type"]) for change in kk.changes()[known:])
    assert found == made
    assert kk.json("dead", "list") == [], "a crash is nobody's failure"
    assert_good_conduct(sandbox)
    print(f"{struck} of {KILLS} kills struck while requests were under way")
    assert struck >= KILLS // 3, "too many kills came before the process had begun"


def test_an_event_that_was_written_and_not_marked_is_not_written_twice(world):
    """The file is ahead of the outbox: what a kill between the two leaves."""
    _, kk = world("luxmaison:10")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    kk.settle()
    kk.children[0].kill()
    with sqlite3.connect(os.path.join(kk.folder, "var", "kkachi.db")) as database:
        marked = database.execute("UPDATE outbox SET published_at_ms = 0 WHERE topic LIKE 'event:%' AND id IN "
                                  "(SELECT id FROM outbox WHERE topic LIKE 'event:%' ORDER BY id DESC LIMIT 3)")
        assert marked.rowcount == 3
    database.close()
    kk.up()
    wait_for("they are published again", lambda: count_unpublished(kk) == 0)
    assert_versions(kk)


def count_unpublished(kk):
    with sqlite3.connect(os.path.join(kk.folder, "var", "kkachi.db")) as database:
        return database.execute("SELECT count(*) FROM outbox WHERE topic LIKE 'event:%' AND published_at_ms = 0"
                                ).fetchone()[0]
