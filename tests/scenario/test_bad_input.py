"""What people get wrong, and what the machine does to them: a clear sentence each, and nothing lost."""

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess

import pytest

from conftest import BINARY, Child, assert_truth, assert_versions, wait_for


def config_file(kk, text):
    path = os.path.join(kk.folder, "kkachi.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


# --- configuration ---

@pytest.mark.parametrize("text, says", [
    ("site.urk = http://h\n", 'kkachi.conf:1: unknown key "site.urk"; did you mean site.url?'),
    ("# x\n[limiter]\ncapcity = 3\n", 'kkachi.conf:3: unknown key "limiter.capcity"; did you mean limiter.capacity?'),
    ("\nsite.timeout = 15\n", 'kkachi.conf:2: site.timeout: "15" is not a duration; write it like 500ms, 90s, 10m, '
                              "1h or 2d"),
    ("task.attempts = 0\n", "kkachi.conf:1: task.attempts: 0 is out of range: from 1 to 100"),
    ("[limitr]\n", "kkachi.conf:1: unknown section [limitr]; did you mean [limiter]?"),
    ("events.url = redis://h\n", "events.url: redis: is no scheme that is known; valid here: file:, https:, http:"),
    ("store.url = mysql://u:hush@h\n", "store.url: the database is missing, too long or wrongly written"),
    ("queue.url = kafka://r/q\n", "queue.url: kafka: is no scheme that is known; valid here: store:, sqs:"),
    ("archive.url = gs://b/p\n", "archive.url: gs: is no scheme that is known; valid here: file:, s3:"),
    ("limiter.url = redis://h:0\n", "limiter.url: it has no valid host and port, as in redis://host:6379/0"),
    ("schedule.url = cron://r/g\n", "schedule.url: cron: is no scheme that is known; valid here: store:, eventbridge:"),
])
def test_a_bad_file_is_told_with_place_and_nearest_key(make_kkachi, text, says):
    kk = make_kkachi()
    config_file(kk, text)
    said = kk.refuses("seller", "list", flags=False, status=2)
    assert says in said
    assert not os.path.exists(os.path.join(kk.folder, "var")), "a bad configuration touches nothing"


def test_a_bad_variable_and_a_bad_flag_are_told_too(make_kkachi):
    kk = make_kkachi()
    said = kk.refuses("seller", "list", status=2, env={"KKACHI_SITE_TIMEOT": "3s"})
    assert "unknown variable KKACHI_SITE_TIMEOT; did you mean KKACHI_SITE_TIMEOUT?" in said
    said = kk.refuses("seller", "list", "--site.timeot=3s", status=2)
    assert 'unknown key "site.timeot"; did you mean site.timeout?' in said
    said = kk.refuses("seller", "lsit", status=2)
    assert "did you mean `kkachi seller list`?" in said


def test_configuration_comes_from_file_environment_and_flags_and_hides_secrets(make_kkachi):
    kk = make_kkachi()
    config_file(kk, "site.rate = 3\nsite.inflight = 4\n")
    secret = os.path.join(kk.folder, "secret")
    with open(secret, "w", encoding="utf-8") as file:
        file.write("hush-hush\n")
    rows = kk.run("config", "--json", "--site.timeout=2s", flags=False,
                  env={"KKACHI_SITE_INFLIGHT": "5", "KKACHI_EVENTS_SECRET_FILE": secret}).stdout
    assert "hush" not in rows
    found = {row["key"]: (row["value"], row["where"]) for row in json.loads(rows)}
    assert found["site.rate"] == (3, "kkachi.conf:1")
    assert found["site.inflight"] == (5, "KKACHI_SITE_INFLIGHT")
    assert found["site.timeout"] == ("2s", "--site.timeout")
    assert found["events.secret"] == ("***", "KKACHI_EVENTS_SECRET_FILE")
    assert found["limiter.capacity"] == (80, "default")


def test_a_webhook_without_a_secret_is_refused(make_kkachi):
    kk = make_kkachi(**{"events.url": "http://127.0.0.1:9/hook"})
    said = Child([BINARY, "up", *kk.flags()], kk.folder, "up")
    kk.children.append(said)
    assert said.process.wait(60) == 2
    assert "events.url: a webhook is signed: give the key in events.secret" in said.complained()


# --- sellers, agents, tasks ---

@pytest.mark.parametrize("seller, says", [("", "seller"), ("a b", "seller"), ("a/b", "seller"), ("가게", "seller"),
                                          ("x" * 65, "64")])
def test_a_malformed_seller_id_is_refused(make_kkachi, seller, says):
    kk = make_kkachi()
    said = kk.refuses("seller", "add", seller, "--period", "6h", status=2)
    assert says in said
    assert kk.json("seller", "list") == []


def test_an_unknown_seller_is_told_with_the_nearest(make_kkachi):
    kk = make_kkachi()
    kk.add_sellers("luxmaison")
    for command in (["seller", "show"], ["seller", "pause"], ["crawl"]):
        assert kk.refuses(*command, "luxmaisn", status=1) == (
            'kkachi: there is no seller "luxmaisn"; did you mean luxmaison?')
    assert "there is no seller" in kk.refuses("product", "list", "--seller", "nobody", status=1)


def test_a_seller_registered_twice_is_refused_and_stays_as_it_was(make_kkachi):
    kk = make_kkachi()
    kk.run("seller", "add", "luxmaison", "--period", "6h", "--name", "럭스메종")
    said = kk.refuses("seller", "add", "luxmaison", "--period", "1d", status=1)
    assert "luxmaison is registered already" in said
    assert [(row["period"], row["name"]) for row in kk.json("seller", "list")] == [("6h", "럭스메종")]


@pytest.mark.parametrize("words, says", [
    (["seller", "add", "a"], "seller add needs --period"),
    (["seller", "add", "a", "--period", "90m"], "--period"),
    (["seller", "add", "a", "--period", "6h", "--mode", "some"], "neither full nor delta"),
    (["seller", "set", "a"], "nothing to change"),
    (["agent", "add", "curl/8.0.1"], "Mozilla"),
    (["agent", "add"], "--file LIST"),
    (["task", "show", "x"], "is no task id"),
    (["product", "show", "-5"], "no option"),
    (["dead", "retry"], "--all"),
    (["run", "ap"], "there is no role"),
    (["key", "create", "--role", "root", "--name", "x"], "none of viewer, trigger, operator, admin"),
    (["run", "worke"], "did you mean worker?"),
    (["task", "list", "--state", "DONE"], "WAITING"),
])
def test_wrong_usage_is_told_with_status_2(make_kkachi, words, says):
    assert says in make_kkachi().refuses(*words, status=2)


@pytest.mark.parametrize("words", [["task", "show", "7"], ["dead", "retry", "7"], ["product", "show", "7"],
                                   ["agent", "enable", "nobody"]])
def test_what_is_not_there_is_told_with_status_1(make_kkachi, words):
    said = make_kkachi().refuses(*words, status=1)
    assert "no " in said and (words[2] in said)


# --- the machine ---

def test_a_second_up_on_one_folder_is_refused_with_the_pid_of_the_first(make_kkachi):
    kk = make_kkachi("http://127.0.0.1:1")
    first = kk.up()
    said = kk.refuses("up", status=1)
    assert f"`kkachi up`, pid {first.pid} runs on the folder var already" in said
    assert "already" in kk.refuses("run", "worker", status=1)
    first.stop()
    kk.up()


def test_a_port_that_is_taken_is_told(make_kkachi):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        kk = make_kkachi()
        said = kk.run("sandbox", "--listen", f"127.0.0.1:{port}", flags=False, status=3).stderr
        assert str(port) in said


def binary_for_anyone(folder):
    """A copy that another user may run."""
    copy = os.path.join(folder, "kkachi-copy")
    shutil.copy(BINARY, copy)
    os.chmod(copy, 0o755)
    return copy


def test_a_database_that_may_not_be_written_is_told(make_kkachi, folder):
    kk = make_kkachi()
    kk.run("seller", "list")
    if os.getuid() == 0:  # root may write anything
        for path in (folder, *folder.parents):
            if path.stat().st_uid == 0 and str(path) not in ("/", "/tmp"):
                path.chmod(path.stat().st_mode | 0o055)
        kk.binary = binary_for_anyone(str(folder))
        kk.how = {"user": 65534, "group": 65534, "extra_groups": []}
        os.chmod(kk.folder, 0o755)
        os.chmod(os.path.join(kk.folder, "var"), 0o755)
        for name in os.listdir(os.path.join(kk.folder, "var")):
            os.chmod(os.path.join(kk.folder, "var", name), 0o644)
    else:
        for name in os.listdir(os.path.join(kk.folder, "var")):
            os.chmod(os.path.join(kk.folder, "var", name), 0o444)
    said = kk.refuses("seller", "add", "luxmaison", "--period", "6h", status=3)
    assert "store.url: var/kkachi.db cannot be " in said
    assert "right" in said


def test_a_folder_that_cannot_be_made_is_told(make_kkachi):
    kk = make_kkachi(**{"store.url": "sqlite:/proc/kkachi/kkachi.db"})
    assert "the folder /proc/kkachi cannot be made" in kk.refuses("seller", "list", status=3)


def test_a_file_that_is_no_database_is_told_and_left_alone(make_kkachi):
    kk = make_kkachi()
    path = os.path.join(kk.folder, "notes.txt")
    text = "these are my notes\n" * 100
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    kk.settings["store.url"] = "sqlite:notes.txt"
    said = kk.refuses("seller", "list", status=1)
    assert "notes.txt is not a kkachi database" in said
    with open(path, encoding="utf-8") as file:
        assert file.read() == text


def test_a_damaged_database_is_told(make_kkachi):
    kk = make_kkachi()
    kk.add_sellers("luxmaison")
    path = os.path.join(kk.folder, "var", "kkachi.db")
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xA5" * (size - 4096))
    said = kk.refuses("seller", "list", status=1)
    assert "kkachi.db is damaged" in said and "restore the file from a backup" in said


def test_a_database_of_a_newer_program_is_refused(make_kkachi):
    kk = make_kkachi()
    kk.run("migrate")
    with sqlite3.connect(os.path.join(kk.folder, "var", "kkachi.db")) as database:
        database.execute("INSERT INTO schema_version VALUES (999, '0999_future', 0)")
    database.close()
    for words in (["seller", "list"], ["migrate"], ["up"]):
        said = kk.refuses(*words, status=1)
        assert "the database has schema 999" in said and "newer kkachi" in said


def test_a_full_archive_disk_costs_time_and_nothing_else(world):
    """The archive may grow to a size that a list fits in and all the details do not."""
    sandbox, kk = world("luxmaison:40", "--no-gzip", start=False)
    small = 96 * 1024

    def no_more_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (small, resource.RLIM_INFINITY))

    # The database must go on, so the limit is for a process of its own: all of it stands still, and says why.
    kk.add_sellers("luxmaison")
    full = Child([BINARY, "up", *kk.flags()], kk.folder, "full", env=kk.env, preexec_fn=no_more_room)
    kk.children.append(full)
    wait_for("somebody says that the disk is full", lambda: "failed" in full.complained() and any(
        word in full.complained() for word in ("archive.failed", "store.failed")))
    full.stop()
    kk.up()
    kk.first_crawl("luxmaison")
    assert_truth(kk, sandbox)
    assert_versions(kk)
    assert kk.runs("luxmaison")[0]["dead"] == 0


def tiny_disk(place):
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True,
                          check=False)
    return done.returncode == 0


def test_a_full_disk_of_the_archive_alone_is_told_and_ends_when_there_is_room(world, folder):
    place = folder / "tiny"
    if not tiny_disk(place):
        return  # only root may mount; the test above does without
    try:
        sandbox, kk = world("luxmaison:60", "--no-gzip", **{"archive.url": f"file:{place}/archive",
                                                          "task.attempts": "1"})
        kk.add_sellers("luxmaison")
        wait_for("the log tells of it", lambda: "archive.failed" in kk.children[0].complained())
        line = [text for text in kk.children[0].complained().splitlines() if "archive.failed" in text][0]
        assert "full" in line or "space" in line
        subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
        kk.first_crawl("luxmaison")
        assert_truth(kk, sandbox)
        assert_versions(kk)
        assert kk.runs("luxmaison")[0]["dead"] == 0
        kk.children[0].stop()
    finally:
        for child in kk.children:
            child.kill()
        subprocess.run(["umount", str(place)], check=False)


def test_the_doctor_says_what_to_do(make_kkachi, make_sandbox):
    sandbox = make_sandbox("--sellers", "luxmaison:2")
    kk = make_kkachi(sandbox.url)
    found = {row["check"]: row for row in kk.json("doctor")}
    assert found["agents"]["result"] == "warning" and "kkachi agent add" in found["agents"]["text"]
    assert found["sellers"]["result"] == "warning" and "kkachi seller add" in found["sellers"]["text"]
    assert found["process"]["result"] == "warning" and "kkachi up" in found["process"]["text"]
    assert all(found[name]["result"] == "ok" for name in ("store", "queue", "limiter", "archive", "events", "site"))
    kk.settings["site.url"] = "http://127.0.0.1:1"
    found = {row["check"]: row for row in kk.json("doctor", status=3)}
    assert found["site"]["result"] == "bad" and "does not answer" in found["site"]["text"]


def test_up_in_an_empty_folder_says_what_to_do_next(make_kkachi):
    kk = make_kkachi("http://127.0.0.1:1")
    up = kk.up()
    said = wait_for("it says what to do", lambda: "What to do next" in up.said() and up.said())
    assert "kkachi agent add --file" in said and "kkachi seller add" in said
    assert oct(os.stat(os.path.join(kk.folder, "var")).st_mode & 0o777) == "0o700"
