"""The real binary against the mock site, on loopback, in a folder of its own. Only what these tests start is stopped,
by its pid; every wait has a deadline that says what did not happen."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEADLINE = int(os.environ.get("KKACHI_TEST_DEADLINE", "120"))  # seconds; sanitizers and a busy machine are slow


def find_binary():
    named = os.environ.get("KKACHI_BIN")
    places = [named] if named else [os.path.join(ROOT, "build", tree, "kkachi") for tree in ("dev", "asan", "release")]
    for place in places:
        if os.path.exists(place):
            return os.path.abspath(place)
    pytest.exit(f"no kkachi in {places}; build it, or name it in KKACHI_BIN", returncode=2)


BINARY = find_binary()


def clean_environment():
    return {**{key: value for key, value in os.environ.items() if not key.startswith("KKACHI_")}, "NO_COLOR": "1"}


def user_agents(count):
    return [f"Mozilla/5.0 (Linux; Android 14; SM-S9{number:03}N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 "
            f"Mobile Safari/537.36" for number in range(count)]


def wait_for(what, ask, deadline=DEADLINE):
    """Asks until the answer is true, and gives it."""
    end = time.monotonic() + deadline
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            pytest.fail(f"in {deadline} s it did not come to this: {what}")
        time.sleep(0.05)


class Child:
    """A process of ours, in a file of its own what it says. Never left behind."""

    def __init__(self, command, cwd, name, env=None, **how):
        self.output = os.path.join(cwd, f"{name}.out")
        self.errors = os.path.join(cwd, f"{name}.err")
        with open(self.output, "ab") as out, open(self.errors, "ab") as err:
            self.process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                            env=env or clean_environment(), **how)

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def said(self):
        with open(self.output, encoding="utf-8", errors="replace") as file:
            return file.read()

    def complained(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def kill(self):
        if self.is_running():
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self, deadline=30):
        """Asks it to end; its status and how long it took."""
        start = time.monotonic()
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
            pytest.fail(f"pid {self.pid} did not end in {deadline} s; it said:\n{self.complained()[-3000:]}")
        return status, time.monotonic() - start


class Sandbox:
    def __init__(self, folder, *options):
        self.child = Child([BINARY, "sandbox", "--json", "--with-parent", *options], folder, "sandbox")

        def first_line():
            assert self.child.is_running(), f"the sandbox ended: {self.child.complained()}"
            return "\n" in self.child.said()

        wait_for("the sandbox prints its address", first_line)
        self.url = json.loads(self.child.said().splitlines()[0])["url"]

    def ask(self, what, method="GET", **query):
        text = urllib.parse.urlencode({key: value for key, value in query.items() if value is not None})
        request = urllib.request.Request(f"{self.url}/__sandbox/{what}{'?' if text else ''}{text}", method=method,
                                         data=b"" if method == "POST" else None)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            pytest.fail(f"the sandbox refuses {what}: {error.read().decode()}")

    def truth(self, seller=None):
        """item number → the snapshot that should be stored, of what is shown."""
        return {item["itemNo"]: item for item in self.ask("truth", sellerId=seller)["items"]}

    def changes(self, after=0):
        return self.ask("changes", after=after)

    def move(self, count, **how):
        return self.ask("move", "POST", count=count, **how)

    def set(self, item, field, value):
        return self.ask("set", "POST", itemNo=item, field=field, value=value)

    def fault(self, name, **how):
        return self.ask("fault", "POST", name=name, **how)

    def stats(self):
        return self.ask("stats")

    def log(self, after=0):
        return self.ask("log", after=after)["log"]


class Kkachi:
    """One installation: a folder, settings, and the commands in it."""

    def __init__(self, folder, site=None, **settings):
        self.folder = str(folder)
        self.env = clean_environment()
        self.settings = {**QUICK, **({"site.url": site} if site else {}), **settings}
        self.children = []
        self.binary = BINARY
        self.how = {}

    def flags(self):
        return [f"--{key}={value}" for key, value in self.settings.items() if value is not None]

    def run(self, *words, status=0, stdin=None, flags=True, env=None, deadline=DEADLINE):
        done = subprocess.run([self.binary, *words, *(self.flags() if flags else [])], cwd=self.folder,
                              env={**self.env, **(env or {})}, capture_output=True, text=True, timeout=deadline,
                              input=stdin, check=False, **self.how)
        assert status is None or done.returncode == status, (
            f"kkachi {' '.join(words)}: status {done.returncode}, not {status}\n{done.stdout[-2000:]}\n"
            f"{done.stderr[-2000:]}")
        return done

    def json(self, *words, **how):
        return json.loads(self.run(*words, "--json", **how).stdout)

    def refuses(self, *words, status, **how):
        """What it says on standard error while refusing."""
        return self.run(*words, status=status, **how).stderr.strip()

    def start(self, *words, wait=True, flags=True):
        child = Child([self.binary, *words, *(self.flags() if flags else [])], self.folder, words[0], env=self.env,
                      **self.how)
        self.children.append(child)
        if wait:
            pid = f'"pid":{child.pid}'

            def started():
                assert child.is_running(), f"kkachi {words[0]} ended: {child.complained()[-3000:]}"
                return any('"process.started"' in line and pid in line for line in child.complained().splitlines())

            wait_for(f"kkachi {words[0]} starts", started)
        return child

    def up(self, wait=True):
        return self.start("up", wait=wait)

    def add_agents(self, count):
        path = os.path.join(self.folder, "agents.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(user_agents(count)) + "\n")
        return self.json("agent", "add", "--file", path)

    def add_sellers(self, *sellers):
        for seller in sellers:
            self.run("seller", "add", seller, "--period", "365d")

    def crawl(self, *sellers, status=0, deadline=DEADLINE):
        return self.json("crawl", *sellers, "--wait", f"--timeout={deadline}s", status=status, deadline=deadline + 30)

    def runs(self, seller):
        return self.json("seller", "show", seller)["runs"]

    def first_crawl(self, *sellers):
        """A seller that was added is due at once: its own first crawl, to the end."""
        for seller in sellers:
            wait_for(f"the first crawl of {seller} ends",
                     lambda seller=seller: any(run["state"] != "OPEN" for run in self.runs(seller)))

    def products(self, seller=None):
        rows = self.json("product", "list", *(["--seller", seller] if seller else []))
        assert len({row["itemNo"] for row in rows}) == len(rows)
        return {row["itemNo"]: row for row in rows}

    def events(self):
        path = os.path.join(self.folder, "var", "events.ndjson")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def changes(self, after=0):
        return self.json("changes", "--after", str(after))

    def settle(self):
        """Until every version has its event in the file."""
        wait_for("every change is delivered", lambda: len(self.events()) >= len(self.changes()))


# No patience where the sandbox is the site: the limits stay, the hour and the waits are short.
QUICK = {
    "api.listen": "127.0.0.1:0",
    "limiter.window": "2s",
    "limiter.gap": "1ms",
    "limiter.grant_ttl": "500ms",
    "agent.issue_gap": "1ms",
    "agent.cooldown": "1s",
    "agent.cooldown_max": "2s",
    "site.rate": "0",
    "site.inflight": "0",
    "site.timeout": "5s",
    "task.backoff": "50ms",
    "task.backoff_max": "500ms",
}


def snapshots(products):
    return {item: row["product"] for item, row in products.items()}


def assert_truth(kk, sandbox, seller=None):
    """What is stored is what the site shows, field by field; what is gone there is REMOVED here, or not yet."""
    stored, truth = kk.products(seller), sandbox.truth(seller)
    gone = set(sandbox.ask("truth", sellerId=seller)["removed"])
    shown = {item for item, row in stored.items() if row["product"]["status"] != "REMOVED"}
    assert shown - gone == set(truth)
    for item in truth:
        assert stored[item]["product"] == truth[item], f"item {item}"


def assert_versions(kk):
    """R6, R7: versions without a gap, neighbours that differ, one event for each, in order for an item."""
    kk.settle()
    versions, events = {}, {}
    for change in kk.changes():
        versions.setdefault(change["itemNo"], []).append((change["version"], change["hash"]))
    for event in kk.events():
        events.setdefault(event["data"]["itemNo"], []).append((event["data"]["version"], event["data"]["hash"]))
    for item, chain in versions.items():
        assert [version for version, _ in chain] == list(range(1, len(chain) + 1)), f"item {item}: {chain}"
        assert all(a[1] != b[1] for a, b in zip(chain, chain[1:])), f"item {item}: {chain}"
    ids = [event["id"] for event in kk.events()]
    assert len(ids) == len(set(ids)), "an event came twice"
    assert events == versions


def assert_good_conduct(sandbox, limit=80):
    """R1, R2: counted by the site's own clock."""
    stats = sandbox.stats()
    assert stats["violations"] == {"overLimit": 0, "deadToken": 0}, stats
    assert stats["busiest"] <= limit, stats["agents"]


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)  # archives are large, and pytest would keep three of each


@pytest.fixture
def make_sandbox(folder):
    made = []

    def make(*options):
        made.append(Sandbox(str(folder), *options))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.child.kill()


@pytest.fixture
def make_kkachi(folder):
    made = []

    def make(site=None, **settings):
        place = folder / f"kk{len(made)}"
        place.mkdir()
        made.append(Kkachi(place, site, **settings))
        return made[-1]

    yield make
    for kkachi in made:
        for child in kkachi.children:
            child.kill()


@pytest.fixture
def world(make_sandbox, make_kkachi):
    """A sandbox, an installation that knows it, its `kkachi up`, agents enough for these few items."""

    def make(sellers, *options, agents=20, start=True, window="2s", limit=80, **settings):
        sandbox = make_sandbox("--sellers", sellers, "--window", window, "--limit", str(limit), *options)
        kkachi = make_kkachi(sandbox.url, **{"limiter.window": window, **settings})
        if agents:
            kkachi.add_agents(agents)
        if start:
            kkachi.up()
        return sandbox, kkachi

    return make
