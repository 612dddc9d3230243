"""tools/test: what a program printed and how it ended becomes passed, failed and skipped."""

import importlib.machinery
import importlib.util
import os
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture(scope="module")
def runner():
    loader = importlib.machinery.SourceFileLoader("kkachi_test_runner", os.path.join(ROOT, "tools", "test"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("script,counts", [
    ("echo 1..2; echo 'ok 1 - a'; echo 'ok 2 - b'", (2, 0, 0)),
    ("echo 1..2; echo 'ok 1 - a'; echo 'not ok 2 - b'; exit 1", (1, 1, 0)),
    ("echo 1..1; echo 'not ok 1 # SKIP a'", (0, 0, 1)),
    ("echo 1..2; echo 'ok 1 - a'; exit 134", (1, 1, 0)),
    ("echo 1..2; echo 'ok 1 - a'", (1, 1, 0)),
    ("echo 1..1; echo 'ok 1 - a'; exit 1", (1, 1, 0)),
    ("echo 'not ok 0 - x [  FAILED  ] GROUP SETUP'; exit 11", (0, 1, 0)),
    ("echo hello", (1, 0, 0)),
    ("exit 3", (0, 1, 0)),
], ids=["all well", "one fails", "one is skipped", "a crash after one", "a case that never came", "a leak at the end",
        "setup fails", "no TAP, well", "no TAP, failed"])
def test_a_program_is_counted_by_what_it_said_and_how_it_ended(runner, script, counts):
    count = runner.run_program("x", ["sh", "-c", script], 10)
    assert (count.passed, count.failed, count.skipped) == counts


def test_a_program_that_does_not_end_is_stopped_with_its_children(runner):
    count = runner.run_program("x", ["sh", "-c", "echo 'ok 1 - a'; sleep 60 & sleep 60"], 0.5)
    assert (count.passed, count.failed) == (1, 1)
    assert "it took more than" in count.output
    assert count.seconds < 10
