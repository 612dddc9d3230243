"""Sellers' schedules at EventBridge, of an emulator, seen with AWS's own library: they follow each change, also over a
crash, and what somebody else changed is mended."""

import json

import pytest

from aws import KEYS, Aws
from conftest import wait_for

BUS = "arn:aws:events:us-east-1:123456789012:event-bus/kkachi"
ROLE = "arn:aws:iam::123456789012:role/kkachi-schedule"


@pytest.fixture
def aws(folder):
    place = folder / "aws"
    place.mkdir()
    aws = Aws(place)
    yield aws
    aws.stop()


@pytest.fixture
def kk(aws, make_sandbox, make_kkachi):
    sandbox = make_sandbox("--sellers", "luxmaison:3,casaverde:3", "--window", "2s")
    kk = make_kkachi(sandbox.url, **{
        "schedule.url": f"eventbridge://us-east-1/kkachi?bus={BUS}&role={ROLE}&endpoint={aws.url}"})
    kk.env.update(KEYS)
    kk.add_agents(5)
    assert "group kkachi at EventBridge: 0 schedules" in kk.run("doctor", "--create", status=None).stdout
    return kk


def schedules(aws):
    """sellerId → (expression, state)"""
    rows = aws.boto("""
scheduler = aws("scheduler")
result = []
for page in scheduler.get_paginator("list_schedules").paginate(GroupName="kkachi"):
    for row in page["Schedules"]:
        one = scheduler.get_schedule(GroupName="kkachi", Name=row["Name"])
        result.append([one["Target"], one["ScheduleExpression"], one["State"]])
""")
    for target, _, _ in rows:
        assert (target["Arn"], target["RoleArn"]) == (BUS, ROLE)
        assert target["EventBridgeParameters"] == {"DetailType": "kkachi.seller.due", "Source": "kkachi"}
    return {json.loads(target["Input"])["sellerId"]: (expression, state) for target, expression, state in rows}


def comes_to(aws, wanted):
    wait_for(f"the schedules are {wanted}", lambda: schedules(aws) == wanted, 30)


def test_a_schedule_is_made_changed_and_removed_with_its_seller(aws, kk):
    kk.start("run", "relay")
    kk.run("seller", "add", "luxmaison", "--period", "6h")
    kk.run("seller", "add", "casaverde", "--period", "1d")
    comes_to(aws, {"luxmaison": ("rate(6 hours)", "ENABLED"), "casaverde": ("rate(1 day)", "ENABLED")})
    kk.run("seller", "set", "luxmaison", "--period", "1h")
    kk.run("seller", "pause", "casaverde")
    comes_to(aws, {"luxmaison": ("rate(1 hour)", "ENABLED"), "casaverde": ("rate(1 day)", "DISABLED")})
    kk.run("seller", "resume", "casaverde")
    kk.run("seller", "disable", "luxmaison")
    comes_to(aws, {"casaverde": ("rate(1 day)", "ENABLED")})


def test_a_seller_that_was_added_is_crawled_at_once_and_no_scheduler_doubles_it(aws, kk):
    kk.start("run", "relay", "scheduler")
    kk.run("seller", "add", "luxmaison", "--period", "6h")
    wait_for("its first crawl begins", lambda: kk.runs("luxmaison"))
    comes_to(aws, {"luxmaison": ("rate(6 hours)", "ENABLED")})
    assert len(kk.runs("luxmaison")) == 1


def test_a_change_reaches_it_after_a_crash_too(aws, kk):
    relay = kk.start("run", "relay")
    kk.run("seller", "add", "luxmaison", "--period", "6h")
    comes_to(aws, {"luxmaison": ("rate(6 hours)", "ENABLED")})
    relay.kill()
    kk.run("seller", "set", "luxmaison", "--period", "12h")
    assert schedules(aws) == {"luxmaison": ("rate(6 hours)", "ENABLED")}
    kk.start("run", "relay")
    comes_to(aws, {"luxmaison": ("rate(12 hours)", "ENABLED")})


def test_what_somebody_else_changed_is_found_and_mended(aws, kk):
    kk.start("run", "relay")
    for seller in ("luxmaison", "casaverde"):
        kk.run("seller", "add", seller, "--period", "6h")
    wanted = {"luxmaison": ("rate(6 hours)", "ENABLED"), "casaverde": ("rate(6 hours)", "ENABLED")}
    comes_to(aws, wanted)
    aws.boto("""
scheduler = aws("scheduler")
rows = scheduler.list_schedules(GroupName="kkachi")["Schedules"]
scheduler.delete_schedule(GroupName="kkachi", Name=rows[0]["Name"])
one = scheduler.get_schedule(GroupName="kkachi", Name=rows[1]["Name"])
how = {key: one[key] for key in ("GroupName", "Name", "FlexibleTimeWindow", "Target")}
scheduler.update_schedule(**how, ScheduleExpression="rate(5 days)", State="DISABLED")
scheduler.create_schedule(**{**how, "Name": "of-nobody"}, ScheduleExpression="rate(1 minutes)")
""")
    assert schedules(aws) != wanted
    janitor = kk.start("run", "janitor")
    comes_to(aws, wanted)
    said = [json.loads(line)["event"] for line in janitor.complained().splitlines() if '"schedule.' in line]
    assert said.count("schedule.drifted") == 2 and said.count("schedule.dropped") == 1


def test_while_it_does_not_answer_the_change_waits(aws, kk):
    kk.start("run", "relay")
    aws.stop()
    kk.run("seller", "add", "luxmaison", "--period", "6h")
    log = kk.children[-1]
    said = wait_for("it is told", lambda: [line for line in log.complained().splitlines() if '"schedule.failed"' in line])
    assert "luxmaison" in said[0] and "make a schedule" in said[0] or "change a schedule" in said[0], said[0]
