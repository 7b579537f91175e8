#!/usr/bin/env python3
"""kill -9 amid many admitted requests: afterwards keys and counters are there.

    crash.py PROPUS [--requests 10000] [--clients 32] [--rounds 3]

Each round asks until the server is killed at a random moment, starts it again on the same folder and
compares. All keys must work; what was admitted until a second (and a tick of writing) before the kill
must be counted, and nothing that was not asked. Exits with 1 where that does not hold.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time

from support import Caller, Server, request

MODEL = "gemini-2.5-flash"
CONFIG = """
[quotas]
enabled = true
[engines.scripted]
kind = "scripted"
[models]
default = "scripted"
"""
# What may be forgotten: counters are written once a second.
FORGOTTEN = 1.5


async def client(server, key, share, done):
    caller, body = Caller(server.host, server.port), json.dumps(request()).encode()
    for _ in range(share):
        began = time.monotonic()
        try:
            status, _ = await caller.post(f"/v1beta/models/{MODEL}:generateContent", key, body)
        except (OSError, asyncio.IncompleteReadError):
            done.append((began, None, None))
            return
        done.append((began, time.monotonic(), status))


async def drive(server, key, requests, clients, kill_after):
    done = []
    share = requests // clients
    tasks = [asyncio.create_task(client(server, key, share, done)) for _ in range(clients)]
    await asyncio.sleep(kill_after)
    killed = time.monotonic()
    server.process.kill()
    await asyncio.gather(*tasks)
    return done, killed


def counted(server):
    usage = server.admin("GET", f"quota?model={MODEL}")
    return usage["models"][0]["used"]["day"]["requests"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("propus")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    faults, chance = [], random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(arguments.propus, config=CONFIG, folder=folder)
        keys = [server.key]
        server.admin("PUT", "quota/limits", {"model": MODEL, "limits": {"rpm": "unlimited", "tpm": "unlimited", "rpd": "unlimited"}})
        for number in range(arguments.rounds):
            before = counted(server)
            keys.append(server.admin("POST", "keys", {"name": f"of round {number}"})["key"])
            done, killed = asyncio.run(
                drive(server, keys[0], arguments.requests, arguments.clients, chance.uniform(1.5, 3.5))
            )
            server.process.wait()
            answered = sum(status == 200 for _, _, status in done)
            early = sum(status == 200 and ended < killed - FORGOTTEN for _, ended, status in done)
            server = Server(arguments.propus, config=CONFIG, folder=folder)
            after = counted(server) - before
            print(
                f"round {number + 1}: {answered} answered and {len(done) - answered} broken off by the kill; "
                f"{after} counted after the restart, {early} were answered {FORGOTTEN} s before: "
                f"{answered - after} forgotten"
            )
            if after < early:
                faults.append(f"round {number + 1}: {early - after} older ones were forgotten")
            if after > len(done):
                faults.append(f"round {number + 1}: {after} counted of {len(done)} asked")
            for key in keys:
                status, _, text = server.ask(f"/v1beta/models/{MODEL}:countTokens", request(), key=key)
                if status != 200:
                    faults.append(f"round {number + 1}: a key was lost: {text}")
        server.stop()
    print("\n".join(faults) or "keys and counters were there")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
