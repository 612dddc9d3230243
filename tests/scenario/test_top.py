"""What people look at while crawls run: `kkachi top`, the time that is left, here and in the API."""

import json
import os
import pty
import re
import signal
import subprocess
import time

from conftest import wait_for
from test_api import Api


def test_top_tells_what_runs_and_how_long_it_takes(world):
    # Agents that cannot end it in this window: two with 80 requests each, for 800 and more.
    sandbox, kk = world("luxmaison:400,casa:3", agents=2, window="1h", start=False)
    api = Api(kk, kk.up())
    kk.add_sellers("luxmaison")

    def crawl():
        crawls = kk.json("top")["crawls"]
        return crawls[0] if crawls and crawls[0]["requestsLeft"] else None

    told = wait_for("its list is in", crawl)
    assert told["sellerId"] == "luxmaison" and told["done"] + told["requestsLeft"] >= 800
    wait_for("the agents are used up", lambda: kk.json("top")["requestsLeft"] == 0)
    told = kk.json("top")
    # 160 requests an hour, the next in an hour: about 640 left are four hours and some.
    assert 3.5 * 3600e3 < told["crawls"][0]["leftMs"] < 5.5 * 3600e3
    assert told["nextRequestAt"] and told["agents"] == 2
    progress = api.ask("GET", "/v1/sellers/luxmaison/progress", api.key("viewer")["key"])[2]
    assert abs(progress["leftMs"] - told["crawls"][0]["leftMs"]) < 60e3
    text = kk.run("top").stdout
    assert re.search(r"^luxmaison +█*·+ +\d+ % +\d+ +[345] h \d+ min$", text, re.MULTILINE), text
    assert "\033" not in text
    kk.run("pause")
    assert "All requests are paused" in kk.run("top").stdout
    assert kk.json("top")["crawls"][0]["leftMs"] is None
    assert "is not a duration" in kk.refuses("top", "--every", "soon", status=2)


def test_on_a_terminal_it_is_drawn_again_and_lines_fit_80_columns(make_kkachi):
    kk = make_kkachi()
    master, slave = pty.openpty()
    env = {key: value for key, value in kk.env.items() if key != "NO_COLOR"}
    child = subprocess.Popen([kk.binary, "top", "--every", "200ms", *kk.flags()], cwd=kk.folder, stdin=slave, stdout=slave,
                             stderr=slave, env={**env, "TERM": "xterm", "COLUMNS": "80"})
    os.close(slave)
    said = b""
    try:
        end = time.monotonic() + 30
        while said.count(b"\033[H") < 3 and time.monotonic() < end:
            said += os.read(master, 65536)
        child.send_signal(signal.SIGINT)
        child.wait(30)
    finally:
        child.kill()
        os.close(master)
    frames = said.decode().split("\033[H")
    assert len(frames) > 3, said
    plain = re.sub(r"\033\[[0-9;]*[A-Za-z]", "", frames[2]).splitlines()
    assert plain[0].startswith("kkachi  ") and all(len(line) <= 80 for line in plain), json.dumps(plain)
    assert any(line.startswith("Alerts    none") for line in plain)


def test_a_crawl_that_is_waited_for_tells_the_time_left(world):
    _, kk = world("luxmaison:400", agents=1, window="1h")
    kk.add_sellers("luxmaison")
    said = kk.run("crawl", "luxmaison", "--wait", "--timeout=7s", status=1)
    assert re.search(r"luxmaison \d+/\d+ \d+ h \d+ min left", said.stderr), said.stderr
