"""The main job: list → detail → options, products with versions, changes found and delivered."""

import json

from conftest import assert_good_conduct, assert_truth, assert_versions, wait_for


def test_a_new_seller_is_crawled_at_once_and_its_products_equal_the_truth(world):
    sandbox, kk = world("luxmaison:30,tiny:1,empty:0")
    kk.add_sellers("luxmaison", "tiny", "empty")
    kk.first_crawl("luxmaison", "tiny", "empty")
    assert_truth(kk, sandbox)
    assert len(kk.products()) == 31
    assert kk.products("empty") == {}
    assert_versions(kk)
    assert {event["type"] for event in kk.events()} == {"kkachi.product.created"}
    assert_good_conduct(sandbox)


def test_a_list_longer_than_a_page_comes_in_whole(world):
    sandbox, kk = world("long:23", **{"site.page_size": "10"})
    kk.add_sellers("long")
    kk.first_crawl("long")
    assert_truth(kk, sandbox)
    assert sandbox.stats()["byPath"]["list"]["200"] == 3


def test_a_site_that_serves_smaller_pages_than_asked_is_followed(world):
    sandbox, kk = world("long:23", "--page-max", "7")
    kk.add_sellers("long")
    kk.first_crawl("long")
    assert_truth(kk, sandbox)


def test_every_change_is_found_and_delivered_once_and_noise_is_not(world):
    sandbox, kk = world("luxmaison:40,tiny:3")
    kk.add_sellers("luxmaison", "tiny")
    kk.first_crawl("luxmaison", "tiny")
    kk.settle()
    before, known = sandbox.stats()["lastChange"], len(kk.events())
    sandbox.move(20, distinct=1)
    sandbox.move(15, kinds="noise")
    kk.crawl("luxmaison", "tiny")
    kk.crawl("luxmaison", "tiny")  # what is gone is missed by two complete lists (R11)
    assert_truth(kk, sandbox)
    assert_versions(kk)
    made = sorted((entry["itemNo"], f"kkachi.product.{entry['type']}") for entry in sandbox.changes(before)["net"])
    told = sorted((event["data"]["itemNo"], event["type"]) for event in kk.events()[known:])
    assert told == made
    assert len(made) == 20
    assert_good_conduct(sandbox)


def test_an_event_says_which_field_changed_from_what_to_what(world):
    sandbox, kk = world("luxmaison:4")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    item, was = next(iter(sandbox.truth().items()))
    sandbox.set(item, "sellingPrice", was["sellingPrice"] + 1000)
    kk.crawl("luxmaison")
    kk.settle()
    event = kk.events()[-1]
    row = kk.products()[item]
    assert event["specversion"] == "1.0" and event["source"] == "kkachi/mustit"
    assert event["type"] == "kkachi.product.changed" and event["datacontenttype"] == "application/json"
    assert event["id"] == f"{item}-2" and event["subject"] == str(item)
    assert event["data"]["version"] == row["version"] == 2
    assert event["data"]["hash"] == row["hash"] and row["hash"].startswith("sha256:")
    assert event["data"]["previousHash"] != row["hash"]
    assert {"field": "sellingPrice", "from": was["sellingPrice"], "to": was["sellingPrice"] + 1000} in (
        event["data"]["changes"])
    assert event["data"]["product"] == row["product"] == sandbox.truth()[item]


def test_an_item_is_removed_after_two_lists_without_it_and_returns(world):
    sandbox, kk = world("luxmaison:5")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    item = next(iter(sandbox.truth()))
    sandbox.set(item, "status", "REMOVED")
    kk.crawl("luxmaison")
    assert kk.products()[item]["product"]["status"] != "REMOVED"
    kk.crawl("luxmaison")
    assert kk.products()[item]["product"]["status"] == "REMOVED"
    sandbox.set(item, "status", "SHOWN")
    kk.crawl("luxmaison")
    assert_truth(kk, sandbox)
    kk.settle()
    assert [event["type"].split(".")[-1] for event in kk.events() if event["data"]["itemNo"] == item] == [
        "created", "removed", "returned"]


def test_an_item_whose_page_is_gone_stays_as_it_was(world):
    sandbox, kk = world("luxmaison:3")
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    before = kk.products()
    sandbox.fault("404", count=1, path="detail")
    result = kk.crawl("luxmaison")[0]
    assert result["state"] == "COMPLETE" and result["dead"] == 0
    assert {item: row["version"] for item, row in kk.products().items()} == {
        item: row["version"] for item, row in before.items()}


def test_in_delta_mode_what_did_not_change_in_the_list_costs_nothing(world):
    sandbox, kk = world("luxmaison:20")
    kk.run("seller", "add", "luxmaison", "--period", "365d", "--mode", "delta")
    kk.first_crawl("luxmaison")
    item, was = next(iter(sandbox.truth().items()))
    sandbox.set(item, "name", was["name"] + " II")
    before = sandbox.stats()["byPath"]
    assert kk.crawl("luxmaison")[0]["productsChanged"] == 1
    after = sandbox.stats()["byPath"]
    assert after["detail"]["200"] - before["detail"]["200"] == 1
    assert_truth(kk, sandbox)


def test_a_crawl_that_is_under_way_is_not_started_twice(world):
    sandbox, kk = world("luxmaison:5", start=False)
    kk.add_sellers("luxmaison")
    first, second = kk.json("crawl", "luxmaison"), kk.json("crawl", "luxmaison")
    assert first[0]["created"] and not second[0]["created"]
    assert first[0]["runId"] == second[0]["runId"]
    assert sandbox.stats()["requests"] == 0


def test_two_destinations_each_get_every_event(world):
    _, kk = world("luxmaison:3", **{"events.url": "file:var/events.ndjson,file:var/copy.ndjson"})
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    kk.settle()

    def copied():
        with open(f"{kk.folder}/var/copy.ndjson", encoding="utf-8") as file:
            return [json.loads(line)["id"] for line in file]

    wait_for("the copy has them all", lambda: sorted(copied()) == sorted(event["id"] for event in kk.events()))


def test_a_worker_and_a_relay_of_their_own_do_it_together(world):
    sandbox, kk = world("luxmaison:10", start=False)
    kk.add_sellers("luxmaison")
    for roles in (["worker"], ["relay"], ["scheduler", "janitor"]):
        kk.start("run", *roles)
    kk.first_crawl("luxmaison")
    assert_truth(kk, sandbox)
    assert_versions(kk)
    assert_good_conduct(sandbox)
