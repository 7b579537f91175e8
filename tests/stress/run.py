#!/usr/bin/env python3
"""Many mixed requests at once, some of whose clients leave: nothing may leak and nothing may fail
but as overloaded.

    run.py PROPUS [--requests 1000] [--rounds 3] [--seed 1] [-- MORE ARGUMENTS OF propus serve]

Starts a server of its own. Every round opens all requests at the same time: unary, streamed,
structured, counting and embedding ones; about a third leaves before or inside the reply. After each
round the server must come to rest (no running or waiting call); at the end its memory must not have
grown with the rounds. Exits with 1 where any of this does not hold.
"""

import argparse
import asyncio
import collections
import json
import random
import re
import subprocess
import sys
import tempfile
import time

MODEL = "smollm2-135m-instruct"


class Server:
    def __init__(self, propus, more):
        self.folder = tempfile.TemporaryDirectory()
        command = [propus, "serve", "--listen", "127.0.0.1:0", "--data-dir", self.folder.name, "--log", "error", *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"url=http://([^:]+):(\d+) key=(\S+)", line)
        if not found:
            raise SystemExit(f"the server did not start: {line!r}")
        self.host, self.port, self.key = found[1], int(found[2]), found[3]

    def memory(self):
        text = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def files(self):
        return len(list(__import__("os").scandir(f"/proc/{self.process.pid}/fd")))


def requests(chance, count):
    words = "sea stone lamp wheel bread cloud fox bell".split()
    for number in range(count):
        prompt = " ".join(chance.choices(words, k=chance.randint(3, 120)))
        contents = [{"role": "user", "parts": [{"text": prompt}]}]
        config = {"maxOutputTokens": chance.randint(1, 24), "temperature": chance.choice([0, 0.7, 1.5])}
        kind = chance.choices(["unary", "stream", "json", "count", "embed", "bad"], [4, 5, 1, 2, 2, 1])[0]
        if kind == "unary":
            config["candidateCount"] = chance.choice([1, 1, 1, 2, 4])
            method, body = "generateContent", {"contents": contents, "generationConfig": config}
        elif kind == "stream":
            method, body = "streamGenerateContent?alt=sse", {"contents": contents, "generationConfig": config}
        elif kind == "json":
            config |= {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}, "required": ["a"]}}
            method, body = "generateContent", {"contents": contents, "generationConfig": config}
        elif kind == "count":
            method, body = "countTokens", {"contents": contents}
        elif kind == "embed":
            method, body = "embedContent", {"content": contents[0]}
        else:
            method, body = "generateContent", {"contents": contents, "generationConfig": {"temperature": 9}}
        model = "all-minilm-l6-v2" if kind == "embed" else MODEL
        leaves = chance.choices([None, "at once", "inside"], [4, 1, 1])[0]
        yield kind, f"/v1beta/models/{model}:{method}", body, leaves


async def ask(server, kind, path, body, leaves, timeout):
    """What became of a request: ok, left, overloaded, or a fault."""
    payload = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {server.host}\r\nx-goog-api-key: {server.key}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(payload)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        writer.write(head.encode() + payload)
        await writer.drain()
        if leaves == "at once":
            return "left"
        if leaves == "inside":
            await asyncio.wait_for(reader.read(random.choice([1, 300, 900])), timeout)
            return "left"
        reply = await asyncio.wait_for(reader.read(), timeout)
    finally:
        writer.transport.abort() if leaves else writer.close()
    return judge(kind, reply)


def judge(kind, reply):
    head, _, rest = reply.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/1.1 ") else 0
    if status == 503 and b"UNAVAILABLE" in rest:
        return "overloaded"
    if kind == "bad":
        return "ok" if status == 400 else f"fault: {status} for a bad request"
    if status != 200:
        return f"fault: {status} {rest[:200]!r}"
    if kind == "stream" and (b'"finishReason"' not in rest or b'"error"' in rest):
        return f"fault: a stream without an end {rest[-200:]!r}"
    return "ok"


async def at_rest(server, patience):
    until = time.monotonic() + patience
    while True:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        body = (await reader.read()).partition(b"\r\n\r\n")[2]
        writer.close()
        engines = json.loads(body)["engines"].values()
        if all(engine["running"] == 0 and engine["waiting"] == 0 for engine in engines):
            return True
        if time.monotonic() > until:
            print("not at rest:", body)
            return False
        await asyncio.sleep(0.1)


async def one_round(server, chance, count, timeout):
    calls = [ask(server, *request, timeout) for request in requests(chance, count)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    return collections.Counter(r if isinstance(r, str) else f"fault: {type(r).__name__} {r}" for r in results)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("propus")
    arguments.add_argument("--requests", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--timeout", type=float, default=600)
    arguments.add_argument("more", nargs="*")
    given = arguments.parse_intermixed_args()
    chance = random.Random(given.seed)
    server = Server(given.propus, given.more)
    failed, sizes = False, []
    try:
        for number in range(given.rounds):
            began = time.monotonic()
            counts = asyncio.run(one_round(server, chance, given.requests, given.timeout))
            calm = asyncio.run(at_rest(server, 60))
            sizes.append((server.memory(), server.files()))
            faults = sum(count for what, count in counts.items() if what.startswith("fault"))
            failed |= bool(faults) or not calm
            print(
                f"round {number + 1}: {time.monotonic() - began:.1f} s, {dict(counts.most_common(8))}, "
                f"at rest: {calm}, RSS {sizes[-1][0]:.0f} MB, open files {sizes[-1][1]}"
            )
        # The first round fills caches; from then on nothing may grow.
        warm = sizes[min(1, len(sizes) - 1)]
        if sizes[-1][0] > warm[0] * 1.05 + 16 or sizes[-1][1] > warm[1] + 8:
            print("memory or open files grew with the rounds")
            failed = True
    finally:
        server.process.terminate()
        code = server.process.wait(60)
        if code != 0:
            print(f"the server ended with {code}")
            failed = True
    print("FAILED" if failed else "ok")
    sys.exit(failed)


main()
