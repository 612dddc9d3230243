"""A real redis-server on a free port of the loopback, in a folder of its own, and a line to it that can be cut."""

import os
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

SERVER = shutil.which("redis-server")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Redis:
    def __init__(self, folder, *options):
        self.folder, self.options, self.port, self.process, self.login = str(folder), options, free_port(), None, ""
        self.start()

    def start(self):
        command = [SERVER, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
                   "--logfile", "redis.log", "--maxmemory-policy", "noeviction", *self.options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, "redis-server does not start"
                time.sleep(0.02)

    def url(self, port=None, login=""):
        return f"redis://{login}127.0.0.1:{port or self.port}/0"

    def ask(self, *words):
        login = ["-a", self.login, "--no-auth-warning"] if self.login else []
        done = subprocess.run(["redis-cli", "-p", str(self.port), *login, *words], capture_output=True, text=True,
                              timeout=20, check=True)
        return done.stdout.strip()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """As a power cut. What it had not written is gone."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def forget(self):
        self.kill()
        for name in ("appendonlydir", "dump.rdb"):
            path = os.path.join(self.folder, name)
            shutil.rmtree(path, ignore_errors=True)
            if os.path.exists(path):
                os.unlink(path)


class Line:
    """Passes bytes on between clients and a server. Cut: it is as a network that is gone; what comes is lost."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.is_cut = self.is_over = False
        self.peer = {}
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def cut(self):
        self.is_cut = True

    def mend(self):
        self.is_cut = False

    def close(self):
        self.is_over = True
        self.thread.join(10)
        for end in list(self.peer):
            self.drop(end)
        self.listener.close()

    def drop(self, end):
        for side in (end, self.peer.pop(end, None)):
            if side:
                self.peer.pop(side, None)
                side.close()

    def welcome(self):
        client, _ = self.listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self.to_port), 1)
        except OSError:
            client.close()
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.settimeout(1)
        self.peer[client], self.peer[server] = server, client

    def pass_on(self, end):
        try:
            data = end.recv(65536)
            if data and not self.is_cut:
                self.peer[end].sendall(data)
            if data:
                return
        except OSError:
            pass
        self.drop(end)

    def serve(self):
        while not self.is_over:
            ready, _, _ = select.select([self.listener, *self.peer], [], [], 0.2)
            for end in ready:
                if end is self.listener:
                    self.welcome()
                elif end in self.peer:
                    self.pass_on(end)
