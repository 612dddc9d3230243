"""`kkachi why` and its routes: what a thing waits for, what came of it, whom it was told; and one trace through it all."""

import json

from conftest import wait_for
from hook import Hook
from test_api import Api


def why(kk, what):
    return kk.json("why", str(what))


def test_an_item_tells_its_whole_story_and_one_trace_runs_through_it(world):
    with Hook(refuse={1}) as hook:
        sandbox, kk = world("luxmaison:2", **hook.settings)
        kk.add_sellers("luxmaison")
        kk.first_crawl("luxmaison")
        item = next(iter(sandbox.truth()))
        sandbox.set(item, "sellingPrice", 123400)
        kk.crawl("luxmaison")
        wait_for("the hook has all of them", lambda: {f"{item}-1", f"{item}-2"} <= {event.id for event in hook.taken})
        wait_for("and that is known", lambda: all(told["delivered"] for version in why(kk, item)["versions"]
                                                  for told in version["deliveries"]))
        story = why(kk, item)
        assert story["sellerId"] == "luxmaison" and story["version"] == 2
        assert story["waits"]["reason"] == "PERIOD" and story["waits"]["until"] > story["lastCheckedAt"]
        assert [task["state"] for task in story["tasks"]] == ["SUCCESS", "SUCCESS"]
        newest, first = story["versions"]
        assert [change["field"] for change in newest["changes"]] == ["sellingPrice"]
        assert (newest["type"], first["type"]) == ("kkachi.product.changed", "kkachi.product.created")
        webhook = [told for told in newest["deliveries"] if told["sink"].startswith("webhook-")][0]
        assert (webhook["httpStatus"], webhook["answer"]) == (200, "thank you")
        assert {told["sink"] for told in newest["deliveries"]} == {"file", webhook["sink"]}
        assert first["traceId"] != newest["traceId"]
        # The same trace stands in the log's lines of that run, in the webhook's header, and in the seller's story.
        headers = [event.headers for event in hook.taken if event.id == f"{item}-2"][0]
        assert headers["traceparent"].split("-")[1] == newest["traceId"]
        lines = [json.loads(line) for line in kk.children[0].complained().splitlines() if line.startswith("{")]
        of_trace = {line["event"] for line in lines if line.get("trace_id") == first["traceId"]}
        assert {"run.started", "event.refused", "run.ended"} <= of_trace
        assert {run["id"]: run["traceId"] for run in why(kk, "luxmaison")["runs"]}[newest["runId"]] == newest["traceId"]
        said = kk.run("why", str(item)).stdout
        assert "version 2, ON_SALE" in said and newest["traceId"] in said and "thank you" in said


def test_what_a_destination_refused_is_told_with_its_answer(world):
    with Hook(refuse=range(1000)) as hook:
        sandbox, kk = world("luxmaison:1", **hook.settings)
        kk.add_sellers("luxmaison")
        kk.first_crawl("luxmaison")
        item = next(iter(sandbox.truth()))

        def refused():
            told = [told for told in why(kk, item)["versions"][0]["deliveries"] if told["sink"].startswith("webhook-")]
            return told[0] if told[0]["attempts"] else None

        told = wait_for("it was refused", refused)
        assert not told["delivered"] and told["httpStatus"] == 503 and told["dueAt"]
        assert told["answer"] == "지금은 안 됩니다" and "503" in told["error"]


def test_what_stands_in_the_way_is_named(world):
    sandbox, kk = world("luxmaison:3", agents=0)
    kk.add_sellers("luxmaison")
    wait_for("the crawl has begun", lambda: kk.runs("luxmaison"))
    assert why(kk, "luxmaison")["waits"]["reason"] == "NO_AGENT"
    kk.run("pause", "--reason", "a test")
    assert why(kk, "luxmaison")["waits"]["reason"] == "ALL_PAUSED"
    kk.run("seller", "pause", "luxmaison")
    assert why(kk, "luxmaison")["waits"]["reason"] == "SELLER_PAUSED"
    kk.run("seller", "resume", "luxmaison")
    kk.run("resume")
    kk.add_agents(2)
    kk.first_crawl("luxmaison")
    item = next(iter(sandbox.truth()))
    assert why(kk, item)["waits"]["reason"] == "PERIOD"
    kk.refuses("why", "999999999", status=1)
    assert 'did you mean luxmaison?' in kk.refuses("why", "luxmaisom", status=1)


def test_the_same_over_http(world):
    _, kk = world("luxmaison:1", start=False, **{"api.listen": "127.0.0.1:0"})
    api = Api(kk, kk.up())
    key = api.key("viewer")["key"]
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    item = next(iter(kk.products()))
    for path, what in ((f"/v1/why/{item}", item), ("/v1/sellers/luxmaison/why", "luxmaison")):
        status, _, answer = api.ask("GET", path, key)
        assert status == 200 and answer == why(kk, what)
    assert api.ask("GET", "/v1/why/12", key)[0] == 404
    assert api.ask("GET", "/v1/sellers/nobody/why", key)[0] == 404
