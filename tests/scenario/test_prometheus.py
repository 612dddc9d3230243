"""Debian's Prometheus scrapes the real binary by the files of deploy/: its own checker finds nothing, the rules raise what
kkachi raises, and every query of the dashboards answers."""

import glob
import json
import math
import os
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest

from conftest import ROOT, Child, clean_environment, wait_for
from test_api import Api

RULES = os.path.join(ROOT, "deploy", "prometheus", "kkachi.rules.yml")
CONFIG = os.path.join(ROOT, "deploy", "prometheus", "prometheus.yml")
DASHBOARDS = sorted(glob.glob(os.path.join(ROOT, "deploy", "grafana", "dashboards", "*.json")))
# What a dashboard stands for when it asks, at the pace of this test.
STANDS_FOR = {"$__rate_interval": "20s", "$__interval": "5s", "$__range": "5m"}

pytestmark = pytest.mark.skipif(not shutil.which("promtool"), reason="no prometheus; run tools/setup test")


def promtool(*words, stdin=None):
    done = subprocess.run(["promtool", *words], input=stdin, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Prometheus:
    def __init__(self, folder, target):
        for file in (RULES, CONFIG):
            with open(file, encoding="utf-8") as kept, open(os.path.join(folder, os.path.basename(file)), "w",
                                                            encoding="utf-8") as used:
                used.write(kept.read().replace("15s", "1s").replace("127.0.0.1:8620", target))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.child = Child(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
                            f"--web.listen-address={self.url[7:]}"], folder, "prometheus", env=clean_environment())
        wait_for("Prometheus is ready", self.is_ready)

    def is_ready(self):
        assert self.child.is_running(), self.child.complained()[-2000:]
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=5):
                return True
        except OSError:
            return False

    def get(self, path, **query):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
            return json.load(answer)["data"]

    def ask(self, expr):
        """The values of an expression now; NaN is no value."""
        rows = self.get("query", query=expr)["result"]
        return [float(row["value"][1]) for row in rows if not math.isnan(float(row["value"][1]))]

    def firing(self):
        return {row["labels"]["alertname"] for row in self.get("alerts")["alerts"] if row["state"] == "firing"}


def queries():
    """(dashboard, panel, query) of every panel."""
    found = []
    for path in DASHBOARDS:
        with open(path, encoding="utf-8") as file:
            board = json.load(file)
        for panel in board["panels"]:
            found += [(board["title"], panel["title"], target["expr"]) for target in panel["targets"]]
    return found


def test_the_rules_have_the_names_of_kkachis_own_alerts(make_kkachi):
    with open(RULES, encoding="utf-8") as file:
        text = file.read()
    assert "SUCCESS" in promtool("check", "rules", RULES)
    assert "SUCCESS" in promtool("check", "config", CONFIG)
    kk = make_kkachi()
    assert kk.run("alert", "rules", flags=False).stdout == text
    names = {line.split()[-1] for line in text.splitlines() if "- alert:" in line}
    assert names == {row["name"] for row in kk.json("alert", "list")} | {"KkachiSilent"}


# Each rule: series that make it so (values a minute), and others that do not. promtool plays the hours.
CASES = {
    "KkachiLimiterAway": ({"kkachi_limiter_up": "0x30"}, {"kkachi_limiter_up": "1x30"}),
    "KkachiAgentsBlocked": ({"kkachi_agents_blocked": "1x30"}, {"kkachi_agents_blocked": "0x30"}),
    "KkachiAgentsFew": ({'kkachi_agents{state="DISABLED"}': "6x30", 'kkachi_agents{state="ACTIVE"}': "5x30"},
                        {'kkachi_agents{state="DISABLED"}': "5x30", 'kkachi_agents{state="ACTIVE"}': "5x30"}),
    "KkachiSchemaDrift": ({'kkachi_requests_total{endpoint="list",outcome="schema_mismatch"}': "0+1x30"},
                          {'kkachi_requests_total{endpoint="list",outcome="schema_mismatch"}': "4x30"}),
    "KkachiEndpointSilent": ({'kkachi_requests_total{endpoint="list",outcome="success"}': "9x30",
                              'kkachi_requests_total{endpoint="list",outcome="limited"}': "0+2x30"},
                             {'kkachi_requests_total{endpoint="list",outcome="success"}': "0+1x30",
                              'kkachi_requests_total{endpoint="list",outcome="limited"}': "0+2x30"}),
    "KkachiOutboxOld": ({'kkachi_outbox_age_seconds{topic="event:file"}': "601x30"},
                        {'kkachi_outbox_age_seconds{topic="event:file"}': "599x30"}),
    "KkachiRelayStuck": ({"kkachi_task_outbox_age_seconds": "1801x30", 'kkachi_tasks{state="published",endpoint="list"}': "0x30",
                          "kkachi_paused": "0x30"},
                         {"kkachi_task_outbox_age_seconds": "1801x30", 'kkachi_tasks{state="published",endpoint="list"}': "0x30",
                          "kkachi_paused": "1x30"}),
    "KkachiSellersFailing": ({"kkachi_sellers_failing": "1x30"}, {"kkachi_sellers_failing": "0x30"}),
    "KkachiSellersRested": ({"kkachi_sellers_resting": "1x30"}, {"kkachi_sellers_resting": "0x30"}),
    "KkachiSellersEmpty": ({"kkachi_sellers_empty": "1x30"}, {"kkachi_sellers_empty": "0x30"}),
    "KkachiSellersIncomplete": ({"kkachi_sellers_incomplete": "1x30"}, {"kkachi_sellers_incomplete": "0x30"}),
    "KkachiSellersStale": ({"kkachi_sellers_stale": "1x30", "kkachi_paused": "0x30"},
                           {"kkachi_sellers_stale": "1x30", "kkachi_paused": "1x30"}),
    "KkachiDeadLetters": ({'kkachi_tasks{state="dead",endpoint="detail"}': "11x30", 'kkachi_tasks{state="dead",endpoint="list"}': "10x30"},
                          # two processes that tell of the same store
                          {'kkachi_tasks{state="dead",endpoint="list",instance="a"}': "11x30",
                           'kkachi_tasks{state="dead",endpoint="list",instance="b"}': "11x30"}),
    "KkachiDiskFull": ({"kkachi_disk_free_bytes": "4x30", "kkachi_disk_size_bytes": "100x30"},
                       {"kkachi_disk_free_bytes": "5x30", "kkachi_disk_size_bytes": "100x30"}),
    "KkachiClockJumped": ({"kkachi_time_seconds": "6+60x30"}, {"kkachi_time_seconds": "4+60x30"}),
    "KkachiSilent": ({"up": "0x30"}, {"kkachi_build_info": "1x30"}),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_rule_fires_when_it_is_so_and_else_not(name, tmp_path):
    tests = []
    for series, fires in zip(CASES[name], (True, False)):
        tests.append({"interval": "1m", "input_series": [{"series": key, "values": values} for key, values in series.items()],
                      "promql_expr_test": [{"expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)',
                                            "eval_time": "29m", "exp_samples": [{"value": 1 if fires else 0}]}]})
    path = tmp_path / "test.json"  # JSON is YAML
    path.write_text(json.dumps({"rule_files": [RULES], "evaluation_interval": "1m", "tests": tests}))
    promtool("test", "rules", str(path))


def test_every_rule_has_such_a_case():
    with open(RULES, encoding="utf-8") as file:
        assert {line.split()[-1] for line in file if "- alert:" in line} == set(CASES)


def test_prometheus_scrapes_it_and_every_dashboard_has_data(world, folder):
    sandbox, kk = world("luxmaison:40,casa:4", agents=20, start=False,
                        **{"alert.every": "1s", "agent.cooldown": "3s", "agent.cooldown_max": "5s", "events.secret": "hush",
                           "events.url": "file:var/events.ndjson,http://127.0.0.1:9/nobody"})
    api = Api(kk, kk.up())
    with urllib.request.urlopen(api.url + "/metrics", timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert promtool("check", "metrics", stdin=answer.read().decode()) == ""
    place = folder / "prometheus"
    place.mkdir()
    prometheus = Prometheus(str(place), api.url[7:])
    try:
        wait_for("it is scraped", lambda: prometheus.ask("up") == [1])
        kk.add_sellers("luxmaison", "casa")
        kk.first_crawl("luxmaison", "casa")
        sandbox.fault("500", path="options", rate=0.7)
        sandbox.fault("challenge", count=2, path="detail")
        kk.crawl("luxmaison", status=None)
        sandbox.fault("500", count=0)
        # A list that says more than it shows.
        sandbox.fault("wrong_shape", path="list")
        kk.crawl("casa", status=None)
        sandbox.fault("wrong_shape", count=0)
        wait_for("Prometheus raises what kkachi raises", lambda: "KkachiSellersIncomplete" in prometheus.firing())
        wait_for("kkachi raises it too", lambda: any(row["state"] == "raised" for row in kk.json("alert", "list")
                                                     if row["name"] == "KkachiSellersIncomplete"))
        asked = queries()
        assert len(asked) > 50 and len(DASHBOARDS) == 5

        def silent():
            told = []
            for board, panel, expr in asked:
                for name, stand in STANDS_FOR.items():
                    expr = expr.replace(name, stand)
                if not prometheus.ask(expr):
                    told.append(f"{board}, {panel}: {expr}")
            return told

        last = [None]

        def all_speak():
            last[0] = silent()
            if last[0]:
                kk.crawl("luxmaison", status=None)  # rates are of what happens now
            return not last[0]

        try:
            wait_for("every query answers", all_speak, deadline=90)
        finally:
            assert not last[0], "\n".join(last[0])
    finally:
        prometheus.child.stop()
