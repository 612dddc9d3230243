"""The demo is the main job in small, and judges itself: its numbers are its verdict."""

import json
import os
import pty
import select
import signal
import subprocess
import time

from conftest import BINARY, clean_environment, wait_for


def test_the_demo_finds_and_delivers_what_the_shops_did(tmp_path):
    start = time.monotonic()
    done = subprocess.run([BINARY, "demo", "--json"], cwd=tmp_path, env={**clean_environment(), "TMPDIR": str(tmp_path)},
                          capture_output=True, text=True, timeout=240, check=False)
    seconds = time.monotonic() - start
    assert done.returncode == 0, done.stderr + done.stdout
    result = json.loads(done.stdout)
    assert result["agree"] and result["sameItems"]
    assert result["made"] == result["found"] == result["delivered"]
    assert result["made"]["all"] >= 40
    assert all(result["made"][what] > 0 for what in ("created", "changed", "removed"))
    assert result["products"] == result["productsEqual"] >= 590
    assert result["versions"] == result["events"]
    assert result["limit"] == 80 and result["busiest"] <= 80
    assert result["overLimit"] == result["deadTokens"] == result["eventsRepeated"] == 0
    assert os.listdir(tmp_path) == [], "it leaves nothing behind"
    print(f"{seconds:.0f} s, {result}")


def test_the_demo_on_a_terminal_shows_bars_and_ends_cleanly_on_ctrl_c(tmp_path):
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execve(BINARY, ["kkachi", "demo"], {**clean_environment(), "TERM": "xterm", "TMPDIR": str(tmp_path)})
    seen = b""

    def more():
        nonlocal seen
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                pass
        return "█".encode() in seen

    try:
        wait_for("a bar is drawn", more)
        assert b"limiter.window" in seen and "(까치)".encode() in seen
        os.write(terminal, b"\x03")  # Ctrl-C, as a person types it
        ended = wait_for("it ends", lambda: (more(), os.waitpid(pid, os.WNOHANG))[1][0], 60)
        assert ended == pid
        pid = 0
        assert os.listdir(tmp_path) == [], "it leaves nothing behind"
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(terminal)


def test_the_demo_can_be_kept_and_looked_into(tmp_path):
    place = tmp_path / "kept"
    with open(tmp_path / "out", "wb") as out:
        demo = subprocess.Popen([BINARY, "demo", "--keep", "--dir", str(place)], env=clean_environment(), stdout=out,
                                stderr=subprocess.STDOUT, cwd=tmp_path)
    try:
        wait_for("it invites", lambda: "Ctrl-C" in (tmp_path / "out").read_text(encoding="utf-8"), 240)
        sellers = subprocess.run([BINARY, "seller", "list", "--json"], cwd=place, env=clean_environment(),
                                 capture_output=True, text=True, timeout=60, check=True).stdout
        assert len(json.loads(sellers)) == 5
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
        assert (place / "var" / "kkachi.db").exists()
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait(30)
