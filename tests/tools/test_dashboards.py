"""The dashboards of deploy/ are what tools/dashboards writes, and fit Grafana's own types."""

import json
import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PYTHON = os.path.join(ROOT, "build", "grafana-venv", "bin", "python")

pytestmark = pytest.mark.skipif(not os.path.exists(PYTHON), reason="no build/grafana-venv; run tools/test-venv grafana")


def check(root):
    return subprocess.run([PYTHON, os.path.join(root, "tools", "dashboards"), "--check"], capture_output=True, text=True,
                          check=False, timeout=120)


def test_the_dashboards_fit_grafanas_schema_and_are_not_stale():
    done = check(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_misspelt_member_and_a_stale_file_are_found(tmp_path):
    shutil.copytree(os.path.join(ROOT, "deploy", "grafana"), tmp_path / "deploy" / "grafana")
    (tmp_path / "tools").mkdir()
    shutil.copy(os.path.join(ROOT, "tools", "dashboards"), tmp_path / "tools" / "dashboards")
    path = tmp_path / "deploy" / "grafana" / "dashboards" / "agents.json"
    board = json.loads(path.read_text(encoding="utf-8"))
    board["panels"][0]["gridpos"] = board["panels"][0].pop("gridPos")
    path.write_text(json.dumps(board), encoding="utf-8")
    done = check(str(tmp_path))
    assert done.returncode == 1
    assert "agents.json: /panels/0/gridpos is not in Grafana's schema" in done.stdout
    assert "agents.json: stale" in done.stdout
