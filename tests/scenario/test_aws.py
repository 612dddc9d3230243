"""The whole way with the queue on SQS and the archive on S3, of an emulator: what one machine finds, and what is left after
kills, is the same."""

import json
import random
import time
import urllib.request

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
    start, before = time.monotonic(), aws.requests("POST / ")
    kk.crawl(SHOP)
    spent = aws.requests("POST / ") - before
    print(f"a crawl of 60 items, 121 tasks, over SQS: {time.monotonic() - start:.1f} s, {spent} requests to SQS")
    assert spent < 3 * 121, "a send, a receive and a delete for each task is what batches are better than"
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
                        **{"limiter.gap": "20ms", "task.lease": "5s", "task.silence": "5s"})
    on_aws(kk, aws)
    kk.settings["events.url"] = f"sqs://us-east-1/changes?endpoint={aws.url}"
    said = kk.run("doctor", "--create", status=None).stdout
    assert "changes: 0 waiting" in said, said
    kk.add_sellers(SHOP)
    roles = [("relay",), ("relay",), ("worker",), ("worker",), ("worker",)]
    kk.start("run", "scheduler", "janitor")
    lives = [kk.start("run", *role) for role in roles]
    for _ in range(8):
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


def test_a_message_that_was_carried_over_by_another_client_is_done_all_the_same(world, aws):
    """boto3 takes a message of ours out and puts one of the same text in; what our worker archives, boto3 reads."""
    sandbox, kk = world(f"{SHOP}:3", start=False)
    on_aws(kk, aws)
    kk.run("doctor", "--create", status=None)
    kk.add_sellers(SHOP)
    kk.start("run", "scheduler", "relay", "janitor")
    wait_for("the list's task is in the queue", lambda: depth(aws)["tasks"])
    moved = aws.boto("""
sqs = aws("sqs")
url = sqs.get_queue_url(QueueName="tasks")["QueueUrl"]
result = [message["Body"] for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
sqs.purge_queue(QueueUrl=url)
for body in result:
    sqs.send_message(QueueUrl=url, MessageBody=body)
""")
    assert len(moved) == 1
    kk.start("run", "worker")
    kk.first_crawl(SHOP)
    assert_truth(kk, sandbox)
    assert aws.boto("""
import hashlib
s3 = aws("s3")
result = all(hashlib.sha256(s3.get_object(Bucket="kkachi-raw", Key=row["Key"])["Body"].read()).hexdigest() ==
             row["Key"].rsplit("/", 1)[1] for row in s3.list_objects_v2(Bucket="kkachi-raw")["Contents"])
""")


def test_doctor_names_a_missing_right_a_wrong_secret_and_a_missing_queue(world, aws):
    """The emulator checks signatures and policies here, as AWS does."""
    _, kk = world(f"{SHOP}:1", start=False, agents=0)
    on_aws(kk, aws)
    kk.run("doctor", "--create", status=None)
    keys = aws.boto("""
iam = aws("iam")
iam.create_user(UserName="worker")
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
    "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "s3:*"]}]}
iam.put_user_policy(UserName="worker", PolicyName="p", PolicyDocument=json.dumps(policy))
key = iam.create_access_key(UserName="worker")["AccessKey"]
result = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
""")
    request = urllib.request.Request(f"{aws.url}/moto-api/reset-auth", method="POST", data=b"0",
                                     headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(request, timeout=10).close()

    def rows(**env):
        return {row["check"]: row for row in kk.json("doctor", status=None, env={**keys, **env})}

    found = rows()
    assert found["queue"]["result"] == "warning", "whoever is no worker can do without"
    assert "a worker could not work here" in found["queue"]["text"]
    assert "the role lacks the right sqs:DeleteMessage" in found["queue"]["text"], found["queue"]
    assert found["archive"]["result"] == "ok", "what is allowed goes, so the signature is right"
    found = rows(AWS_SECRET_ACCESS_KEY="wrong")
    assert "the secret key does not belong to the access key" in found["queue"]["text"], found["queue"]
    found = rows(AWS_ACCESS_KEY_ID="AKIANOBODY")
    assert "the access key is not known" in found["queue"]["text"], found["queue"]
    kk.settings["queue.url"] = f"sqs://us-east-1/elsewhere?endpoint={aws.url}"
    found = rows()
    assert "there is no such queue here: check region and name" in found["queue"]["text"], found["queue"]
    assert "--create" in found["queue"]["text"]


def test_who_is_idle_asks_aws_for_nothing(world, aws):
    """But for the janitor, once a minute: the figures of docs/aws.md."""
    _, kk = world(f"{SHOP}:3", start=False)
    on_aws(kk, aws)
    kk.run("doctor", "--create", status=None)
    kk.add_sellers(SHOP)
    kk.up()
    kk.first_crawl(SHOP)
    wait_for("every message is deleted", lambda: depth(aws) == {"tasks": 0, "tasks-dead": 0})
    time.sleep(1)
    before = aws.requests()
    time.sleep(5)
    assert aws.requests() == before
