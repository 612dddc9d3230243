"""The site on a bad day: each failure costs time, is told in a sentence, and loses nothing."""

import pytest

from conftest import assert_good_conduct, assert_truth, assert_versions, wait_for


def attempts(kk):
    """Causes of the failed attempts of all tasks."""
    tasks = kk.json("task", "list")
    return [attempt for task in tasks for attempt in kk.json("task", "show", str(task["id"]))["attempts"]]


@pytest.mark.parametrize("fault, cause, words", [
    ("500", "server_error", "500"),
    ("503", "server_error", "503"),
    ("hang", "lost", ""),
    ("cut", "lost", ""),
    ("garble", "", ""),
    ("short", "", ""),
    ("empty200", "", ""),
    ("huge", "lost", ""),
    ("wrong_shape", "schema_mismatch", ""),
    ("off_host", "redirected", ""),
    ("401", "unauthorized", "401"),
    ("429", "limited", "429"),
    ("429_retry_after", "limited", "429"),
    ("challenge", "challenge", ""),
    ("challenge_403", "challenge", ""),
])
def test_a_detail_that_fails_once_is_tried_again_and_comes_in(world, fault, cause, words):
    sandbox, kk = world("luxmaison:4", "--hang", "1s", "--huge", "3MiB", "--fault-retry-after", "1s",
                        **{"site.max_body": "2MiB", "site.timeout": "2s"})
    sandbox.fault(fault, count=1, path="detail")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    assert_truth(kk, sandbox)
    assert_versions(kk)
    failed = attempts(kk)
    assert len(failed) == 1, failed
    assert failed[0]["error"], failed
    assert cause in failed[0]["cause"], failed
    assert words in failed[0]["error"] or words == str(failed[0]["httpStatus"]), failed
    assert kk.runs("luxmaison")[0]["retries"] == 1
    assert_good_conduct(sandbox)


def test_a_slow_answer_is_waited_for(world):
    sandbox, kk = world("luxmaison:2", "--slow", "500ms")
    sandbox.fault("slow", count=3)
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    assert_truth(kk, sandbox)
    assert attempts(kk) == []


def test_a_429_rests_the_agent_and_its_token_is_never_sent_again(world):
    sandbox, kk = world("luxmaison:6", **{"agent.cooldown": "1h", "agent.cooldown_max": "24h"})
    sandbox.fault("429", count=2, path="detail")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    assert_truth(kk, sandbox)
    assert_good_conduct(sandbox)
    resting = [agent for agent in kk.json("agent", "list") if agent["state"] == "DISABLED"]
    assert len(resting) == 2
    assert all(agent["limited"] == 1 and not agent["hasToken"] and "429" in agent["reason"] for agent in resting)


def test_an_agent_recovers_by_itself_and_by_hand(world):
    sandbox, kk = world("luxmaison:2", agents=1, **{"agent.cooldown": "500ms"})
    sandbox.fault("429", count=1, path="list")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")  # the one agent there is had to recover for that
    assert_truth(kk, sandbox)
    kk.run("agent", "disable", "agent-1")
    assert kk.json("agent", "list")[0]["state"] == "DISABLED"
    kk.run("agent", "enable", "agent-1")
    assert kk.crawl("luxmaison")[0]["state"] == "COMPLETE"
    assert_good_conduct(sandbox)


def test_a_shape_that_stays_wrong_is_dead_archived_and_can_be_sent_back(world):
    sandbox, kk = world("luxmaison:3")
    sandbox.fault("wrong_shape", path="options")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    assert kk.products() == {}  # a new item waits until it has been complete once
    dead = kk.json("dead", "list")
    assert len(dead) == 3
    assert all(task["kind"] == "options" and task["state"] == "FAILED" and task["isDead"] for task in dead)
    shown = kk.json("dead", "show", str(dead[0]["id"]))
    assert [attempt["cause"] for attempt in shown["attempts"]] == ["schema_mismatch"] * 2
    assert shown["attempts"][-1]["archiveKey"].startswith("sha256:")
    assert kk.run("dead", "show", str(dead[0]["id"]), "--raw").stdout.strip()
    assert "dead letters" in kk.refuses("crawl", "luxmaison", "--wait", status=1)

    sandbox.fault("wrong_shape", count=0)
    kk.json("dead", "retry", str(kk.json("dead", "list")[0]["id"]))
    kk.json("dead", "retry", "--all")
    wait_for("no dead letters are left", lambda: kk.json("dead", "list") == [])
    wait_for("its crawl ends", lambda: kk.runs("luxmaison")[0]["state"] != "OPEN")
    assert kk.crawl("luxmaison")[0]["state"] == "COMPLETE"
    assert_truth(kk, sandbox)
    assert_versions(kk)


def test_a_rejected_request_is_dead_at_once(world):
    sandbox, kk = world("luxmaison:2")
    sandbox.fault("400", path="detail")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    dead = kk.json("dead", "list")
    assert [(task["attempt"], task["httpStatus"]) for task in dead] == [(1, 400)] * 2


def test_an_item_of_another_seller_is_left_alone(world):
    sandbox, kk = world("luxmaison:3")
    sandbox.fault("foreign", count=1, path="detail")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    assert len(kk.products()) == 2
    kk.crawl("luxmaison")
    assert_truth(kk, sandbox)


def test_a_list_that_does_not_come_in_proves_nothing(world):
    sandbox, kk = world("luxmaison:6", **{"seller.removal_misses": "1", "task.attempts": "2"})
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    gone = next(iter(sandbox.truth()))
    sandbox.set(gone, "status", "REMOVED")
    sandbox.fault("500", path="list")
    said = kk.refuses("crawl", "luxmaison", "--wait", status=1)
    assert "ended incomplete or left dead letters" in said
    assert kk.products()[gone]["product"]["status"] != "REMOVED"
    sandbox.fault("500", count=0)
    kk.crawl("luxmaison")
    assert kk.products()[gone]["product"]["status"] == "REMOVED"


def test_a_site_nobody_can_reach_is_told_in_the_log_and_waited_for(make_kkachi):
    kk = make_kkachi("http://127.0.0.1:1", **{"task.attempts": "2"})
    kk.add_agents(2)
    kk.add_sellers("luxmaison")
    kk.up()
    said = wait_for("the log tells of it", lambda: [
        line for line in kk.children[0].complained().splitlines() if "127.0.0.1:1" in line])
    assert "could not connect" in said[0]
    assert kk.runs("luxmaison")[0]["state"] == "OPEN"
    assert kk.json("task", "list")[0]["attempt"] == 0, "without a token no task is blamed"
    assert kk.children[0].is_running()


def test_without_a_token_nothing_is_asked_of_the_api(world):
    sandbox, kk = world("luxmaison:2", "--home", "no_cookie", agents=2)
    kk.add_sellers("luxmaison")
    wait_for("the log tells of it", lambda: "token.refused" in kk.children[0].complained())
    assert all(path in ("home", "hop") for path, statuses in sandbox.stats()["byPath"].items() if statuses)
    assert_good_conduct(sandbox)


def test_a_challenge_on_the_home_page_stops_the_agent(world):
    sandbox, kk = world("luxmaison:2", "--home", "forbidden", agents=1)
    kk.add_sellers("luxmaison")
    wait_for("the agent rests", lambda: kk.json("agent", "list")[0]["state"] in ("DISABLED", "RECOVERED"))
    assert_good_conduct(sandbox)


def test_a_storm_of_everything_ends_in_the_truth(world):
    sandbox, kk = world("luxmaison:40", "--hang", "500ms", "--fault-retry-after", "1s", agents=40,
                        **{"site.timeout": "2s", "task.attempts": "8", "agent.cooldown": "200ms",
                           "agent.cooldown_max": "500ms"})
    for fault in ("429", "500", "503", "cut", "hang", "garble", "401"):
        sandbox.fault(fault, rate="0.03")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    sandbox.fault("all", count=0)
    kk.json("dead", "retry", "--all")
    wait_for("nothing is open", lambda: all(run["state"] != "OPEN" for run in kk.runs("luxmaison")))
    kk.crawl("luxmaison")
    assert_truth(kk, sandbox)
    assert_versions(kk)
    assert_good_conduct(sandbox)
