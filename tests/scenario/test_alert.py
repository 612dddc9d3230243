"""Alerts of the real binary at a Slack and a webhook that also fail and stall."""

import base64
import hashlib
import hmac
import http.server
import json
import threading

import pytest

from conftest import wait_for

KEY = b"0123456789abcdef0123456789abcdef"
LOOKS = {"alert.every": "1s", "alert.calm": "1s"}  # as in life, in less time


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes /slack as Slack does, and /hook as a team's own system: with a look at the signature."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        place = self.path.split("/")[1]
        with self.server.lock:
            self.server.calls[place] += 1
            answer = self.server.answers[place].pop(0) if self.server.answers[place] else 200
            if answer == 200:
                self.server.taken[place].append((self.is_signed(body), json.loads(body)))
        if answer == "stall":
            self.rfile.read(1)  # until the other side has lost its patience
            self.close_connection = True
            return
        self.send_response(answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def is_signed(self, body):
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        want = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        return want in (self.headers["webhook-signature"] or "").split()

    def log_message(self, *_):
        pass


class Places:
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        self.server.daemon_threads = True
        self.server.lock = threading.Lock()
        self.server.calls = {"slack": 0, "hook": 0}
        self.server.answers = {"slack": [], "hook": []}
        self.server.taken = {"slack": [], "hook": []}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self.server.server_port}"
        self.settings = {**LOOKS, "alert.slack": f"{url}/slack/T0/B0/hushhush", "alert.webhook": f"{url}/hook",
                         "events.secret": "whsec_" + base64.b64encode(KEY).decode()}

    def answer(self, place, *answers):
        with self.server.lock:
            self.server.answers[place] = list(answers)

    def slack(self):
        """The line that phones show, of each message."""
        return [body["text"] for _, body in self.server.taken["slack"]]

    def news(self, name):
        """What the webhook was told of an alert, in order."""
        return [alert["news"] for _, body in self.server.taken["hook"] for alert in body["data"]["alerts"]
                if alert["name"] == name]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def places():
    made = Places()
    yield made
    made.close()


def alert(kk, name):
    return next(row for row in kk.json("alert", "list") if row["name"] == name)


def test_challenge_pages_are_told_though_slack_fails_and_stalls_and_are_resolved(world, places):
    sandbox, kk = world("luxmaison:4", agents=3, **places.settings,
                        **{"agent.cooldown": "4s", "agent.cooldown_max": "4s", "alert.console": "https://kkachi.example"})
    places.answer("slack", 500, "stall", 503)
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    sandbox.fault("challenge")
    kk.run("crawl", "luxmaison")
    wait_for("it is raised", lambda: alert(kk, "KkachiAgentsBlocked")["state"] == "raised")
    wait_for("the webhook is told", lambda: places.news("KkachiAgentsBlocked") == ["raised"])
    assert all(is_signed for is_signed, _ in places.server.taken["hook"])
    body = places.server.taken["hook"][0][1]
    assert (body["type"], body["data"]["console"]) == ("kkachi.alert", "https://kkachi.example")
    assert alert(kk, "KkachiAgentsBlocked")["detail"].startswith("agents at rest after a challenge page: ")
    sandbox.fault("challenge", count=0)
    wait_for("it is resolved", lambda: "resolved" in places.news("KkachiAgentsBlocked"))
    wait_for("Slack, which refused it, stalled and said 503, has both at last",
             lambda: any("KkachiAgentsBlocked raised" in text for text in places.slack()) and
             any("KkachiAgentsBlocked resolved" in text for text in places.slack()))
    assert places.server.calls["slack"] >= 5
    texts = " ".join(places.slack())
    assert texts.index("KkachiAgentsBlocked raised") < texts.index("KkachiAgentsBlocked resolved")
    assert texts.count("KkachiAgentsBlocked raised") == places.news("KkachiAgentsBlocked").count("raised")
    assert [block["text"]["text"] for block in places.server.taken["slack"][0][1]["blocks"]][-1] == (
        "<https://kkachi.example|Open the console>")
    assert not any(row["type"] == "kkachi.alert" for row in kk.events())
    said = kk.children[0].complained()
    assert '"alert.raised"' in said and '"alert.resolved"' in said
    assert "hushhush" not in said + kk.run("config", "--json").stdout + kk.run("doctor", status=None).stdout


def test_an_alert_is_not_raised_again_by_a_new_process(world, places):
    sandbox, kk = world("luxmaison:4", **{**places.settings, "alert.calm": "1m"})
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    sandbox.fault("wrong_shape", path="options")
    kk.crawl("luxmaison", status=None)
    kk.crawl("luxmaison", status=None)
    wait_for("it is told", lambda: places.news("KkachiSchemaDrift") == ["raised"])
    kk.children[0].kill()
    kk.up()
    wait_for("the new process looks", lambda: kk.run("alert", "test").returncode == 0)
    since = alert(kk, "KkachiSchemaDrift")["since"]
    kk.crawl("luxmaison", status=None)
    assert alert(kk, "KkachiSchemaDrift")["state"] == "raised"
    assert alert(kk, "KkachiSchemaDrift")["since"] == since
    assert places.news("KkachiSchemaDrift") == ["raised"]


def test_a_seller_for_which_the_site_only_fails_is_paused_told_of_and_goes_on(world, places):
    sandbox, kk = world("luxmaison:12,casa:4", **places.settings, **{"seller.rest": "3s", "seller.rest_after": "10"})
    kk.add_sellers("luxmaison")
    kk.first_crawl("luxmaison")
    for item, was in sandbox.truth("luxmaison").items():
        sandbox.set(item, "sellingPrice", was["sellingPrice"] + 1000)
    sandbox.fault("503")
    kk.run("crawl", "luxmaison", status=None)
    wait_for("the list fails three times, and again with each crawl, until it rests",
             lambda: kk.run("crawl", "luxmaison", status=None).returncode != 0)
    wait_for("Slack is told", lambda: any("KkachiSellersRested raised" in text for text in places.slack()))
    assert alert(kk, "KkachiSellersRested")["detail"] == "1 seller: luxmaison"
    assert '"seller.rested","seller_id":"luxmaison"' in kk.children[0].complained()
    sandbox.fault("503", count=0)
    wait_for("it goes on by itself", lambda: kk.json("seller", "list")[0]["state"] == "ACTIVE")
    kk.crawl("luxmaison")
    assert {row["product"]["sellingPrice"] for row in kk.products().values()} == {
        row["sellingPrice"] for row in sandbox.truth("luxmaison").values()}
    wait_for("and that is told", lambda: "resolved" in places.news("KkachiSellersRested"))


def test_the_test_says_whether_it_arrived(make_kkachi, places):
    kk = make_kkachi(**places.settings)
    assert "nothing runs on the folder" in kk.run("alert", "test", status=1).stderr
    kk.up()
    wait_for("the message that waited is sent", lambda: places.news("KkachiTest") == ["raised"])
    said = kk.run("alert", "test").stdout
    assert sorted(line.split()[0].split("-")[0] for line in said.splitlines()) == ["slack", "webhook"]
    assert all(line.endswith("has it.") for line in said.splitlines())
    places.answer("slack", *[404] * 1000)
    rows = {row["place"].split("-")[0]: row for row in kk.json("alert", "test", status=1)}
    assert (rows["webhook"]["delivered"], rows["slack"]["delivered"]) == (True, False)
    assert rows["slack"]["error"] == "Slack answered 404"
    assert make_kkachi().refuses("alert", "test", status=1) == (
        "kkachi: alerts go nowhere yet: set alert.slack or alert.webhook")


def test_alerts_are_listed_for_people_programs_and_the_api(make_kkachi):
    kk = make_kkachi()
    rows = kk.json("alert", "list")
    assert len(rows) == len({row["name"] for row in rows}) >= 14
    assert {row["state"] for row in rows} == {"well"}
    table = kk.run("alert", "list").stdout
    assert all(row["name"] in table for row in rows)


@pytest.mark.parametrize("setting, says", [
    ({"alert.slack": "http://hooks.slack.com/services/x"}, "alert.slack: an incoming webhook of Slack begins with https"),
    ({"alert.webhook": "http://127.0.0.1:9/hook"}, "alert.webhook: a webhook is signed"),
    ({"alert.quiet": "10pm-7am"}, 'alert.quiet: "10pm-7am" are no hours, as in 22:00-07:00 +09:00'),
    ({"alert.every": "1ms"}, "alert.every"),
])
def test_a_bad_setting_stops_the_start_with_a_sentence(make_kkachi, setting, says):
    kk = make_kkachi(**setting)
    child = kk.start("up", wait=False)
    assert child.process.wait(60) == 2
    assert says in child.complained()
