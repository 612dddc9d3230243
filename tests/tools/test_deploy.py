"""deploy/: each file by the checker of its own kind, and all of them against the program that they start."""

import hashlib
import http.server
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import signal
import site
import subprocess
import sys
import threading
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEPLOY = os.path.join(ROOT, "deploy")
BUILD = os.environ.get("KK_BUILD") or os.path.join(ROOT, "build")
KKACHI = os.environ.get("KKACHI_BIN") or os.path.join(BUILD, "dev", "kkachi")
HEALTH = os.path.join(DEPLOY, "container", "health")
REGION = "ap-northeast-2"
STACKS = ("queues", "database", "rights", "services", "schedule", "watch")  # in the order in which they are made
ROLES = {"api", "scheduler", "relay", "worker", "janitor"}


def text_of(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def stack(name):
    return text_of("deploy", "aws", name + ".yaml")


def deploy_files():
    for folder, _, names in os.walk(DEPLOY):
        if os.path.basename(folder) not in ("prometheus", "grafana"):
            yield from (os.path.join(folder, name) for name in sorted(names))


def run(*command, **how):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **how)


@pytest.fixture(scope="session", name="checkers")
def make_checkers():
    """The folder of the checkers' commands: an environment of their own under build/, made once for each list."""
    wanted = os.path.join(ROOT, "tests", "tools", "deploy-requirements.txt")
    with open(wanted, "rb") as file:
        tag = hashlib.sha256(file.read() + sys.version.encode()).hexdigest()[:12]
    venv = os.path.join(BUILD, "checkers-" + tag)
    if not os.path.exists(os.path.join(venv, "whole")):
        shutil.rmtree(venv, ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", venv], [venv + "/bin/pip", "install", "-q", "-r", wanted]):
            done = run(*command)
            if done.returncode != 0:
                shutil.rmtree(venv, ignore_errors=True)
                pytest.skip("cfn-lint, check-jsonschema and hadolint cannot be had here: " + done.stderr.strip()[-300:])
        with open(os.path.join(venv, "whole"), "w", encoding="utf-8"):
            pass
    site.addsitedir(f"{venv}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")  # its yaml
    return os.path.join(venv, "bin")


def load_yaml(text):
    import yaml  # pylint: disable=import-outside-toplevel; it comes with the checkers
    return yaml.safe_load(text)


@pytest.fixture(scope="session", name="config_table")
def read_config_table():
    """{variable: key} of every setting, from the page that the program prints."""
    rows = re.findall(r"^\| `([a-z_.]+)` \|.*?`(KKACHI_[A-Z0-9_]+)`", text_of("docs", "config.md"), re.MULTILINE)
    assert len(rows) > 20
    return {variable: key for key, variable in rows}


# ---- each file by its own checker ----

@pytest.mark.parametrize("template", [f"aws/{name}.yaml" for name in STACKS] + ["codepipeline/pipeline.yaml"])
def test_cloudformation_templates_are_clean(checkers, template):
    done = run(checkers + "/cfn-lint", "--regions", REGION, "--", os.path.join(DEPLOY, template))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("schema, name", [("compose-spec", "deploy/compose.yaml"), ("gitlab-ci", "deploy/gitlab-ci.yml"),
                                          ("gitlab-ci", ".gitlab-ci.yml")])
def test_files_fit_their_published_schema(checkers, schema, name):
    done = run(checkers + "/check-jsonschema", "--builtin-schema", "vendor." + schema, os.path.join(ROOT, name))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_containerfile_is_clean(checkers):
    done = run(checkers + "/hadolint", os.path.join(DEPLOY, "container", "Containerfile"))
    assert done.returncode == 0, done.stdout


def test_the_buildspec_names_an_image_for_the_step_after_it(checkers):
    assert checkers
    spec = load_yaml(text_of("deploy", "codepipeline", "buildspec.yml"))
    commands = [line for phase in spec["phases"].values() for line in phase["commands"]]
    assert all(isinstance(line, str) for line in commands)
    for variable in spec["env"]["exported-variables"]:
        assert any(line.startswith(f"export {variable}=") for line in commands)


@pytest.mark.parametrize("unit", ["kkachi.service", "kkachi@.service"])
def test_systemd_takes_the_units_and_finds_them_locked_in(tmp_path, unit):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here: tools/setup test")
    copy = tmp_path / unit.replace("@", "@worker")  # an instance, with the binary that is here
    copy.write_text(text_of("deploy", "systemd", unit).replace("/usr/local/bin/kkachi", KKACHI), encoding="utf-8")
    done = run("systemd-analyze", "verify", "--man=no", str(copy))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    done = run("systemd-analyze", "security", "--offline=yes", "--threshold=14", str(copy))
    assert done.returncode == 0, done.stdout[-2000:]


def test_both_units_are_locked_in_alike():
    parts = [text_of("deploy", "systemd", unit).split("# It needs files of its own")[1]
             for unit in ("kkachi.service", "kkachi@.service")]
    assert len(parts[0].splitlines()) > 25
    assert parts[0] == parts[1]


@pytest.mark.parametrize("name", ["deploy/container/health", "deploy/aws/release"])
def test_scripts_are_scripts(name):
    first = text_of(name).splitlines()[0]
    assert os.access(os.path.join(ROOT, name), os.X_OK)
    assert run(first[2:], "-n", os.path.join(ROOT, name)).returncode == 0


# ---- all of them against the program ----

def test_every_variable_is_a_setting(config_table):
    for path in deploy_files():
        for variable in set(re.findall(r"\bKKACHI_[A-Z0-9_]+", text_of(path))):
            assert re.sub(r"_FILE$", "", variable) in config_table, f"{os.path.relpath(path, ROOT)} names {variable}"


def test_the_page_on_aws_names_only_settings_and_their_own_keys(config_table):
    page = text_of("docs", "aws.md")
    for variable in set(re.findall(r"\bKKACHI_[A-Z0-9_]+", page)):
        assert re.sub(r"_FILE$", "", variable) in config_table, f"docs/aws.md names {variable}"
    rows = re.findall(r"^\| `(KKACHI_[A-Z_]+)` \| `([a-z_.]+)` \|", page, re.MULTILINE)
    assert rows
    for variable, key in rows:
        assert config_table[variable] == key
    given = set(re.findall(r"Name: (KKACHI_[A-Z_]+)", stack("services")))
    assert given == {variable for variable, _ in rows}


def test_the_program_takes_the_configuration_of_compose(checkers, tmp_path):
    assert checkers
    compose = load_yaml(text_of("deploy", "compose.yaml"))
    environment = compose["services"]["worker"]["environment"]
    done = run(KKACHI, "config", "--json", cwd=tmp_path, env={"PATH": os.environ["PATH"], **environment})
    assert done.returncode == 0, done.stderr
    assert "for-this-laptop" in environment["KKACHI_STORE_URL"]
    assert "for-this-laptop" not in done.stdout


def test_what_compose_makes_in_the_emulator_is_what_the_stack_makes(checkers, tmp_path):
    assert checkers
    compose = load_yaml(text_of("deploy", "compose.yaml"))["services"]
    (tmp_path / "aws").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{tmp_path}/words"\n', encoding="utf-8")
    (tmp_path / "aws").chmod(0o755)
    done = run("/bin/sh", "-ec", compose["make"]["command"][0].replace("$$", "$"),
               env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 0, done.stderr
    words = (tmp_path / "words").read_text(encoding="utf-8").splitlines()
    redrives = [json.loads(json.loads(word)["RedrivePolicy"]) for word in words if word.startswith("{")]
    dead = [redrive["deadLetterTargetArn"].rsplit(":", 1)[1] for redrive in redrives]
    assert dead == ["kkachi-tasks-dead", "kkachi-changes-dead"]
    assert {int(redrive["maxReceiveCount"]) for redrive in redrives} == {3}
    assert set(re.findall(r"maxReceiveCount: (\d+)", stack("queues"))) == {"3"}
    made = {words[i + 1] for i, word in enumerate(words) if word in ("--queue-name", "--bucket")}
    used = re.findall(r"(?:sqs://ap-northeast-2|s3:/)/([a-z-]+)", str(compose["worker"]["environment"]))
    assert len(used) == 3 and set(used) <= made


def test_every_role_runs_in_compose_and_on_ecs(checkers):
    assert checkers
    services = load_yaml(text_of("deploy", "compose.yaml"))["services"].values()
    assert {role for s in services if (s.get("command") or [""])[0] == "run" for role in s["command"][1:]} == ROLES
    assert set(re.findall(r"Command: \[run, (\w+)\]", stack("services"))) == ROLES
    copies = {s["command"][1]: s.get("deploy", {}).get("replicas", 1) for s in services if s.get("command", [""])[0] == "run"}
    assert copies["worker"] == copies["relay"] == 2


def test_alarms_and_scaling_use_figures_that_the_program_prints(tmp_path):
    done = run(KKACHI, "metrics", "--format", "emf", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rule = json.loads(done.stdout)["_aws"]["CloudWatchMetrics"][0]
    assert (rule["Namespace"], rule["Dimensions"]) == ("kkachi", [[]])
    printed = {metric["Name"] for metric in rule["Metrics"]}
    text = stack("watch") + stack("services")
    used = set(re.findall(r"Namespace: kkachi,? *(?:\n +)?MetricName: (\w+)", text))
    used |= set(re.findall(r'\["kkachi","(\w+)"', text))
    assert len(used) > 8
    assert used <= printed


def test_the_dashboard_is_json_and_its_widgets_do_not_overlap():
    body = re.search(r"^ +(\{\"widgets\":\[.*?^ .*?\]\})$", stack("watch"), re.MULTILINE | re.DOTALL)[1]
    widgets = json.loads(body)["widgets"]
    assert len(widgets) == 12
    assert len({(widget["x"], widget["y"]) for widget in widgets}) == 12
    assert all(widget["properties"]["metrics"] for widget in widgets)


def test_log_filters_name_log_events():
    named = re.findall(r'\$\.event = "([a-z_.]+)"', stack("watch"))
    assert named
    for event in named:
        assert f"| `{event}` |" in text_of("docs", "events.md")


def test_each_alarm_has_its_part_in_the_runbook():
    alarms = set(re.findall(r'AlarmName: !Sub "\$\{Name\}-([a-z-]+)"', stack("watch")))
    assert len(alarms) == stack("watch").count("AWS::CloudWatch::Alarm")
    assert alarms == set(re.findall(r"^### `([a-z-]+)`$", text_of("docs", "runbook.md"), re.MULTILINE))


# ---- stacks among each other ----

def names_in(pattern, text):
    found = set()
    for name in re.findall(pattern, text):
        names = [name.replace("${Role}", role) for role in ("Api", "Scheduler", "Relay", "Worker", "Janitor", "Metrics")]
        found.update(names)
    return found


def test_a_stack_takes_in_only_what_one_before_it_puts_out():
    exported = set()
    for name in STACKS:
        text = stack(name)
        missing = names_in(r'"?Fn::ImportValue"?: !Sub "\$\{Name\}-([\w${}-]+)"', text) - exported
        assert not missing, f"{name} needs {missing}"
        exported |= names_in(r'Export: \{Name: !Sub "\$\{Name\}-([\w-]+)"\}', text)
    assert len(exported) > 15


@pytest.mark.parametrize("path", ["aws/rights.yaml", "aws/schedule.yaml", "codepipeline/pipeline.yaml"])
def test_each_right_says_why(path):
    text = text_of("deploy", path)
    for line in text.splitlines():
        if re.match(r' +- "?(ecr|ecs|ec2|logs|sqs|s3|secretsmanager|scheduler|iam|events|code\w+|cloud\w+|elastic\w+):', line):
            assert re.search(r" # \w", line), line.strip()
    assert not re.search(r'Action: "?\*|Action: "?\w+:\*"?\n +Resource: "\*"\n(?! +Condition)', text)


# ---- the image ----

@pytest.fixture(name="image_tool")
def load_image_tool():
    loader = importlib.machinery.SourceFileLoader("image_tool", os.path.join(ROOT, "tools", "image"))
    spec = importlib.util.spec_from_loader("image_tool", loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


def test_what_is_copied_into_the_builder_is_enough_to_configure_the_build(image_tool, tmp_path):
    stage = image_tool.Stage(str(tmp_path))
    for word, rest in image_tool.steps(os.path.join(DEPLOY, "container", "Containerfile")):
        names = rest.split()
        if word == "COPY" and not names[0].startswith("--from="):
            for name in names[:-1]:
                assert os.path.exists(os.path.join(ROOT, name)), f"COPY {name}: there is no such file"
            stage.copy(ROOT, names[:-1], names[-1])
    done = run("cmake", "--preset", "release", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    # Nothing else came along.
    assert set(os.listdir(tmp_path)) <= {"CMakeLists.txt", "CMakePresets.json", "src", "sandbox", "docs", "web",
                                                       "tools", "usr", "build"}


def test_the_builder_installs_what_setup_lists_and_the_image_runs_as_nobody_special(image_tool):
    steps = list(image_tool.steps(os.path.join(DEPLOY, "container", "Containerfile")))
    assert any(word == "RUN" and rest.startswith("tools/setup run") for word, rest in steps)
    last = [word for word, _ in steps].index("FROM", 1)
    image = dict(steps[last:])
    assert re.fullmatch(r"\d{4,}:\d{4,}", image["USER"])
    assert image["VOLUME"] == image["WORKDIR"] == "/var/lib/kkachi"
    assert json.loads(image["ENTRYPOINT"]) == ["kkachi"]
    assert "kkachi-health" in image["HEALTHCHECK"]


def health(pid, **more):
    environment = {**os.environ, "KK_HEALTH_PID": str(pid), "KK_HEALTH_SECONDS": "3", **more}
    return run(HEALTH, env=environment)


def test_the_health_check_knows_a_loop_that_turns_from_one_that_hangs(tmp_path):
    with subprocess.Popen([KKACHI, "run", "janitor"], cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 20
            while not (tmp_path / "var" / "kkachi.db").exists() and time.monotonic() < deadline:
                time.sleep(0.1)
            assert health(process.pid).returncode == 0
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.3)
            stopped = health(process.pid)
            process.send_signal(signal.SIGCONT)
            assert stopped.returncode == 1
            assert f"process {process.pid} has not moved for 3 s" in stopped.stderr
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(timeout=15)
    assert "there is no process" in health(process.pid).stderr


@pytest.mark.parametrize("answer, status", [(200, 0), (503, 1)])
def test_the_health_check_asks_an_api_over_http(answer, status):
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            asked.append(self.path)
            self.send_response(answer)
            self.end_headers()

        def log_message(self, *args):  # pylint: disable=arguments-differ
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "run", "api"]) as stand_in:
        try:
            done = health(stand_in.pid, KKACHI_API_LISTEN=f"0.0.0.0:{server.server_port}")
        finally:
            stand_in.kill()
            server.shutdown()
            server.server_close()
    assert (done.returncode, asked) == (status, ["/healthz"])


def test_the_health_check_says_that_nothing_listens():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "run", "api"]) as stand_in:
        try:
            done = health(stand_in.pid, KKACHI_API_LISTEN="127.0.0.1:1")
        finally:
            stand_in.kill()
    assert done.returncode == 1
    assert "nothing listens on 127.0.0.1:1" in done.stderr


# ---- release ----

@pytest.fixture(name="aws_calls")
def fake_aws(tmp_path):
    """An aws that notes what it is asked. The list is read by calling it."""
    (tmp_path / "aws").write_text(f'#!/bin/sh\necho "$*" >>"{tmp_path}/calls"\n', encoding="utf-8")
    (tmp_path / "aws").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def release(*arguments):
        done = run(os.path.join(DEPLOY, "aws", "release"), *arguments, env=environment)
        calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines() if (tmp_path / "calls").exists() else []
        return done, calls
    return release


def test_release_deploys_an_image_and_waits_for_every_service(aws_calls):
    image = "1.dkr.ecr.ap-northeast-2.amazonaws.com/kkachi@sha256:00ff"
    done, calls = aws_calls("kkachi", image)
    assert done.returncode == 0, done.stderr
    assert "--stack-name kkachi-services" in calls[0] and f"Image={image}" in calls[0]
    waited = {re.search(r"--services kkachi-(\w+)", call)[1] for call in calls[1:]}
    mapping = stack("services").split("Resources:")[0].split("Mappings:")[1]
    assert waited == set(re.findall(r"^    ([A-Z]\w+):", mapping, re.MULTILINE))


@pytest.mark.parametrize("arguments", [(), ("kkachi",), ("kkachi", "kkachi:latest")])
def test_release_refuses_what_it_cannot_stand_for(aws_calls, arguments):
    done, calls = aws_calls(*arguments)
    assert (done.returncode, calls) == (2, [])
    assert done.stderr
