"""What the scripts here share: servers of their own, and callers."""

import asyncio
import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
import time

TEXT = "one two three"


class Server:
    """`propus serve` on a free port with a fresh data folder, or one that is given."""

    def __init__(self, propus, *flags, config="", folder=None, env=None):
        self.propus = propus
        self.made = None if folder else tempfile.TemporaryDirectory()
        self.folder = folder or self.made.name
        self.file = os.path.join(self.folder, "propus.toml")
        with open(self.file, "w") as file:
            file.write(config)
        command = [propus, "--log", "warn", "serve", "--listen", "127.0.0.1:0", "--data-dir", self.folder]
        self.log = open(os.path.join(self.folder, "log"), "a")
        self.process = subprocess.Popen(
            [*command, "--config", self.file, *flags],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, "PROPUS_ADMIN_TOKEN": "propus-admin-of-the-tests", **(env or {})},
        )
        line = self.process.stdout.readline()
        found = re.search(r"url=http://([^:]+):(\d+)(?: key=(\S+))?", line)
        if not found:
            raise SystemExit(f"the server did not start: {open(self.log.name).read()}")
        self.host, self.port, self.key = found[1], int(found[2]), found[3]

    def ask(self, path, body=None, key=None, headers=None, method=None, timeout=120):
        """Status, headers and body of one call."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        method = method or ("GET" if body is None else "POST")
        text = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        send = {"content-type": "application/json", **(headers or {})}
        key = self.key if key is None else key
        if key:
            send["x-goog-api-key"] = key
        connection.request(method, path, text, send)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()

    def admin(self, method, path, body=None):
        token = {"authorization": "Bearer propus-admin-of-the-tests"}
        status, _, text = self.ask(f"/propus/v1/{path}", body, key="", headers=token, method=method)
        assert status == 200, (method, path, text)
        return json.loads(text)

    def memory(self):
        """Resident memory in MiB."""
        text = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def stop(self, kill=False):
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


class Caller:
    """One connection that asks again and again."""

    def __init__(self, host, port):
        self.host, self.port = host, port
        self.reader = self.writer = None

    async def post(self, path, key, body, headers=()):
        """Status and body; the connection is made anew where it broke."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {self.host}\r\nx-goog-api-key: {key}\r\n{lines}"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        try:
            self.writer.write(head.encode() + body)
            return await self.read()
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            raise

    async def read(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = int(head.split(" ", 2)[1])
        length = re.search(r"content-length: (\d+)", head)
        if length:
            return status, await self.reader.readexactly(int(length[1]))
        whole = b""
        while True:
            size = int((await self.reader.readline()).strip() or b"0", 16)
            piece = await self.reader.readexactly(size + 2)
            if size == 0:
                return status, whole
            whole += piece[:-2]

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


def request(text=TEXT, **config):
    body = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    if config:
        body["generationConfig"] = config
    return body


def store():
    """A Redis on a free port: its port, and a function that starts it."""
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    folder = tempfile.mkdtemp()

    def start():
        process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes",
             "--appendfsync", "always", "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                connection = socket.create_connection(("127.0.0.1", port), 1)
                connection.sendall(b"PING\r\n")
                if connection.recv(64).startswith(b"+PONG"):
                    return process
            except OSError:
                pass
            time.sleep(0.02)
        raise SystemExit("redis-server did not start")

    return port, start
