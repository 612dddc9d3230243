"""moto's server and boto3, from build/aws-venv: an emulator of AWS, and a client of it that is not ours."""

import json
import os
import socket
import subprocess

import pytest

from conftest import ROOT, Child, wait_for

PYTHON = os.path.join(ROOT, "build", "aws-venv", "bin", "python")
KEYS = {"AWS_ACCESS_KEY_ID": "kkachi", "AWS_SECRET_ACCESS_KEY": "of-the-tests", "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Aws:
    def __init__(self, folder, **env):
        if not os.access(PYTHON, os.X_OK):
            pytest.skip("no build/aws-venv; run tools/aws-venv")
        self.folder, self.env = str(folder), {**os.environ, **KEYS, **env}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.child = Child([PYTHON, os.path.join(ROOT, "tests", "aws", "moto_clock.py"), "-p", str(self.port)],
                           self.folder, "moto", env=self.env)
        wait_for("moto's server answers", self.answers, 60)

    def answers(self):
        assert self.child.is_running(), self.child.complained()[-2000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def boto(self, code, **values):
        """Runs Python with `aws(service)`, a client of the emulator, and gives what it leaves in `result`."""
        text = (f"import boto3, json\nvalues = json.loads({json.dumps(json.dumps(values))})\n"
                f"aws = lambda service: boto3.client(service, 'us-east-1', endpoint_url={self.url!r})\nresult = None\n{code}\n"
                "print(json.dumps(result, default=str))")
        done = subprocess.run([PYTHON, "-c", text], env=self.env, cwd=self.folder, capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    def settings(self, prefix="raw", queue="tasks"):
        """Queue and archive there."""
        return {"queue.url": f"sqs://us-east-1/{queue}?endpoint={self.url}",
                "archive.url": f"s3://kkachi-raw/{prefix}?endpoint={self.url}"}

    def requests(self, what=""):
        """How many it has answered; of what alone: "POST / " are SQS's."""
        return sum(f'"{what}' in line and ' HTTP/1.1" ' in line for line in self.child.complained().splitlines())

    def stop(self):
        self.child.kill()
