"""tools/setup: at once where nothing is missing, and a clear list where it can install nothing."""

import os
import shutil
import subprocess
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SETUP = os.path.join(ROOT, "tools", "setup")


def machine(tmp_path, *commands):
    """A PATH with these commands and the few the script itself is made of."""
    for command in ("bash", "env", "cat", "id", *commands):
        os.symlink(shutil.which(command), tmp_path / command)
    return {"PATH": str(tmp_path), "HOME": str(tmp_path)}


def setup(*arguments, env=None):
    return subprocess.run([shutil.which("bash"), SETUP, *arguments], env=env, capture_output=True, text=True,
                          check=False)


@pytest.mark.parametrize("part", ["run", "test"])
def test_a_machine_that_has_everything_is_left_alone_within_a_second(part):
    start = time.monotonic()
    done = setup(part)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - start < 1


def test_without_apt_it_lists_what_is_missing_and_stops(tmp_path):
    done = setup("run", env=machine(tmp_path))
    assert done.returncode == 1
    assert "missing Debian packages: gcc" in done.stdout
    for package in ("cmake", "ninja-build", "libcurl4-openssl-dev", "libyyjson-dev"):
        assert package in done.stdout
    assert "this machine has no apt-get" in done.stderr
    assert "libcmocka-dev" not in done.stdout


def test_what_the_tests_need_is_asked_for_only_by_the_tests(tmp_path):
    assert "libcmocka-dev" in setup("test", env=machine(tmp_path)).stdout


def test_another_word_is_wrong_usage():
    done = setup("everything")
    assert done.returncode == 2
    assert "usage: tools/setup [run|test]" in done.stderr
