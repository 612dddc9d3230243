"""A real MariaDB server for one test, and a line to it that is cut where it hurts."""

import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import ROOT, wait_for

SCRIPT = os.path.join(ROOT, "tools", "test-mariadb")
SAFE = ["--innodb-flush-log-at-trx-commit=1"]  # what was committed outlives a kill of the server
COMMIT = b"INSERT INTO commit_token"


class MariaDb:
    def __init__(self):
        self.server, self.folder, self.port = None, "", 0
        self.start()
        self.ask("CREATE DATABASE kkachi CHARACTER SET utf8mb4; CREATE USER 'kk'@'127.0.0.1' IDENTIFIED BY 'p@ss'; "
                 "GRANT ALL ON kkachi.* TO 'kk'@'127.0.0.1'")

    def start(self):
        again = ["--again", self.folder, str(self.port)] if self.folder else []
        self.server = subprocess.Popen([SCRIPT, *again, *SAFE], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.server.stdout.readline().split()
        if not line and self.server.wait(30) == 77:
            pytest.skip("no MariaDB server on this machine")
        self.folder, self.port = line[0], int(line[1])
        wait_for("MariaDB answers", self.answers)

    def answers(self):
        assert self.server.poll() is None, "MariaDB does not start"
        return self.run("SELECT 1").returncode == 0

    def run(self, sql, database=""):
        return subprocess.run(["mariadb", "--no-defaults", "-uroot", f"--socket={self.folder}/sock", "-BN", "-e", sql,
                               *([database] if database else [])], capture_output=True, text=True, timeout=60, check=False)

    def ask(self, sql, database=""):
        done = self.run(sql, database)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def url(self, port=None, options=""):
        return f"mysql://kk:p%40ss@127.0.0.1:{port or self.port}/kkachi{options}"

    def kill(self):
        self.server.send_signal(signal.SIGKILL)
        self.server.wait(30)
        self.server.stdout.close()

    def stop(self):
        if self.server.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Line:
    """A proxy to the server. While `share` > 0, that share of the commits meets one of the faults:

    before     the connection is reset before the COMMIT reaches the server
    after      the server has done it, and its answer never comes
    half       of the answer only a part comes
    late       our side is reset, and the COMMIT reaches the server half a second later
    slow       the answer is late"""

    FAULTS = ("before", "after", "half", "late", "slow")

    def __init__(self, port, seed=0, faults=FAULTS):
        self.target, self.dice, self.faults, self.share = port, random.Random(seed), faults, 0.0
        self.met = dict.fromkeys(faults, 0)
        self.open = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 10)
        except OSError:
            reset(client)
            return
        both = (client, server)
        state = {"fault": None}
        self.open.add(both)
        threading.Thread(target=self.answers, args=(both, state), daemon=True).start()
        try:
            while data := client.recv(1 << 16):
                state["fault"] = self.choose(data)
                if state["fault"] == "before":
                    break
                if state["fault"] == "late":
                    reset(client)
                    time.sleep(0.5)
                server.sendall(data)
                if state["fault"] in ("after", "half", "late"):
                    time.sleep(0.2)  # the other thread ends it with the answer
                    break
        except OSError:
            pass
        self.close(both)

    def choose(self, data):
        if COMMIT not in data or self.dice.random() >= self.share:
            return None
        fault = self.dice.choice(self.faults)
        self.met[fault] += 1
        return fault

    def answers(self, both, state):
        client, server = both
        try:
            while data := server.recv(1 << 16):
                fault = state["fault"]
                if fault == "slow":
                    time.sleep(0.3)
                if fault == "half":
                    client.sendall(data[:max(1, len(data) // 2)])
                if fault in ("after", "half", "late"):
                    break
                client.sendall(data)
        except OSError:
            pass
        self.close(both)

    def close(self, both):
        self.open.discard(both)
        for end in both:
            reset(end)

    def cut(self):
        """All connections at once, wherever they are."""
        for both in list(self.open):
            self.close(both)

    def stop(self):
        self.listener.close()
        self.cut()


def reset(end):
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
