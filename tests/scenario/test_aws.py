"""The whole way with the queue on SQS and the archive on S3, of an emulator: what one machine finds, and what is left after
kills, is the same."""

import json
import random
import time

import pytest

from aws import KEYS, Aws
from conftest import assert_good_conduct, assert_truth, assert_versions, wait_for

SHOP = "luxmaison"


@pytest.fixture
def aws(folder):
    place = folder / "aws"
    place.mkdir()
    aws = Aws(place)
    yield aws
    aws.stop()


def on_aws(kk, aws):
    kk.env.update(KEYS)
    kk.settings.update(aws.settings())
    return kk


def depth(aws):
    return aws.boto("""
sqs = aws("sqs")
result = {}
for name in ("tasks", "tasks-dead"):
    got = sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=["All"])
    result[name] = sum(int(got["Attributes"]["ApproximateNumberOfMessages" + end]) for end in ("", "NotVisible"))
""")


def receive_all(aws, name):
    """What a team's own program takes out of a queue with AWS's own library."""
    return aws.boto("""
sqs = aws("sqs")
url = sqs.get_queue_url(QueueName=values["name"])["QueueUrl"]
result, got = [], True
while got:
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages", [])
    for message in got:
        assert message["MessageAttributes"]["content_type"]["StringValue"].startswith("application/cloudevents+json")
        assert len(message["MessageAttributes"]["trace_id"]["StringValue"]) == 32
        result.append(json.loads(message["Body"]))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
""", name=name)


def test_a_crawl_over_sqs_and_s3_ends_as_on_one_machine(world, aws):
    sandbox, kk = world(f"{SHOP}:60", start=False)
    on_aws(kk, aws)
    said = kk.run("doctor", "--create", status=None).stdout
    assert "tasks: 0 waiting, 0 in tasks-dead" in said, said
    kk.add_sellers(SHOP)
    kk.up()
    kk.first_crawl(SHOP)
    sandbox.move(10, distinct=1, kinds="price,stock,name")
    start = time.monotonic()
    kk.crawl(SHOP)
    print(f"a crawl of 60 items over SQS: {time.monotonic() - start:.1f} s")
    assert_truth(kk, sandbox)
    assert_versions(kk)
    assert_good_conduct(sandbox)
    assert kk.json("dead", "list") == []
    wait_for("every message is deleted", lambda: depth(aws) == {"tasks": 0, "tasks-dead": 0})
    objects = aws.boto("result = [o['Key'] for o in aws('s3').list_objects_v2(Bucket='kkachi-raw')['Contents']]")
    assert len(objects) >= 60 and all(key.startswith("raw/") for key in objects)


def test_several_of_every_role_and_kills_end_with_equal_numbers(world, aws):
    """Two relays, three workers, a scheduler and a janitor; workers and relays are killed, and events go to SQS."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    sandbox, kk = world(f"{SHOP}:80", start=False, agents=12, window="5s",
                        **{"limiter.gap": "20ms", "task.lease": "5s", "task.silence": "20s"})
    on_aws(kk, aws)
    kk.settings["events.url"] = f"sqs://us-east-1/changes?endpoint={aws.url}"
    said = kk.run("doctor", "--create", status=None).stdout
    assert "changes: 0 waiting" in said, said
    kk.add_sellers(SHOP)
    roles = [("relay",), ("relay",), ("worker",), ("worker",), ("worker",)]
    kk.start("run", "scheduler", "janitor")
    lives = [kk.start("run", *role) for role in roles]
    for _ in range(12):
        time.sleep(dice.uniform(0.2, 0.8))
        at = dice.randrange(len(roles))
        lives[at].kill()
        lives[at] = kk.start("run", *roles[at], wait=False)
    wait_for("the crawl ends", lambda: all(run["state"] != "OPEN" for run in kk.runs(SHOP)) and kk.runs(SHOP), 180)
    sandbox.move(10, distinct=1, kinds="price,stock,name")
    kk.crawl(SHOP, deadline=180)
    assert_truth(kk, sandbox)
    assert_good_conduct(sandbox)
    assert kk.json("dead", "list") == [], "a crash is nobody's failure"

    events, told = [], {f"{change['itemNo']}-{change['version']}" for change in kk.changes()}

    def all_came():
        events.extend(receive_all(aws, "changes"))
        return {event["id"] for event in events} >= told

    wait_for("every change is in the queue", all_came)
    assert {event["id"] for event in events} == told
    print(f"{len(events)} events came of {len(told)}: {len(events) - len(told)} twice, for relays were killed")
    assert all(event["specversion"] == "1.0" and event["data"]["sellerId"] == SHOP for event in events)


def test_what_others_put_into_the_queue_does_no_harm(world, aws):
    sandbox, kk = world(f"{SHOP}:5", start=False)
    on_aws(kk, aws)
    kk.run("doctor", "--create", status=None)
    aws.boto("""
sqs = aws("sqs")
url = sqs.get_queue_url(QueueName="tasks")["QueueUrl"]
for body in ("hello", "{", '{"v":1,"task_id":99,"serial":1,"seller_id":"luxmaison"}', "x" * 200000, "\\u00e9" * 1000):
    sqs.send_message(QueueUrl=url, MessageBody=body)
""")
    kk.add_sellers(SHOP)
    up = kk.up()
    kk.first_crawl(SHOP)
    assert_truth(kk, sandbox)
    wait_for("they are gone", lambda: depth(aws) == {"tasks": 0, "tasks-dead": 0})
    bad = [json.loads(line) for line in up.complained().splitlines() if '"message.bad"' in line]
    assert len(bad) == 4, "each but the one that looks like ours, whose task is not there"


def test_a_message_carries_its_trace_id_and_is_one_that_others_can_read(world, aws):
    _, kk = world(f"{SHOP}:1", start=False, **{"log.level": "debug"})
    on_aws(kk, aws)
    kk.run("doctor", "--create", status=None)
    kk.add_sellers(SHOP)
    relay = kk.start("run", "scheduler", "relay")
    got = wait_for("the list's task is in the queue", lambda: aws.boto("""
sqs = aws("sqs")
url = sqs.get_queue_url(QueueName="tasks")["QueueUrl"]
result = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0).get("Messages")
"""))
    body = json.loads(got[0]["Body"])
    assert body["v"] == 1 and body["seller_id"] == SHOP
    trace_id = got[0]["MessageAttributes"]["trace_id"]["StringValue"]
    wait_for("the log tells the same", lambda: any(
        json.loads(line).get("trace_id") == trace_id for line in relay.complained().splitlines() if "task.published" in line))
