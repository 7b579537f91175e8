#!/usr/bin/env python3
"""Overload: many times more callers than the model can serve.

    overload.py PROPUS [--times 20] [--seconds 60] [--sequences 4] [--tokens 16]

First as many clients as there are sequences ask the real default model, for the usual speed; then so
many times more do, each again at once after a pause. Accepted requests must keep their median within 1.3
times, refusals must be quick, memory must not grow. Exits with 1 where that does not hold.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time

from support import Caller, Server, request

CONFIG = """
[local]
threads = 1
sequences = {sequences}
queue = 0
context_tokens = 4096
"""


async def client(server, body, until, accepted, refused, faults):
    caller = Caller(server.host, server.port)
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            status, text = await caller.post("/v1beta/models/smollm2-135m-instruct:generateContent", server.key, body)
        except (OSError, asyncio.IncompleteReadError) as error:
            faults.append(repr(error))
            continue
        took = time.monotonic() - began
        if status == 200:
            accepted.append(took)
        elif status == 503 and json.loads(text)["error"]["status"] == "UNAVAILABLE":
            refused.append(took)
            await asyncio.sleep(0.2)
        else:
            faults.append(text.decode()[:200])


async def drive(server, clients, seconds, body):
    accepted, refused, faults = [], [], []
    until = time.monotonic() + seconds
    await asyncio.gather(*(client(server, body, until, accepted, refused, faults) for _ in range(clients)))
    return accepted, refused, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("propus")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--sequences", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=16)
    arguments = parser.parse_args()
    server = Server(arguments.propus, config=CONFIG.replace("{sequences}", str(arguments.sequences)))
    body = json.dumps(request("Tell me about the sea.", maxOutputTokens=arguments.tokens, temperature=0)).encode()
    asyncio.run(drive(server, arguments.sequences, 3, body))
    usual, _, _ = asyncio.run(drive(server, arguments.sequences, arguments.seconds / 3, body))
    before = server.memory()
    clients = arguments.sequences * arguments.times
    accepted, refused, faults = asyncio.run(drive(server, clients, arguments.seconds, body))
    after = server.memory()
    server.stop()
    ratio = statistics.median(accepted) / statistics.median(usual)
    slow = sorted(refused)[int(len(refused) * 0.99)] * 1000 if refused else 0
    print(f"usual: {len(usual)} answered, p50 {statistics.median(usual) * 1000:.0f} ms")
    print(f"{arguments.times} times the capacity for {arguments.seconds} s: {len(accepted)} answered, p50 {statistics.median(accepted) * 1000:.0f} ms, ratio {ratio:.2f}")
    print(f"refused: {len(refused)}, p50 {statistics.median(refused) * 1000:.2f} ms, p99 {slow:.2f} ms")
    print(f"memory: {before:.0f} MiB before, {after:.0f} MiB after")
    if ratio > 1.3:
        faults.append(f"accepted requests slowed down: {ratio:.2f}")
    if statistics.median(refused) > 0.010:
        faults.append("refusals take more than 10 ms")
    if after > before * 1.05 + 16:
        faults.append("memory grew")
    print("\n".join(faults[:5]) or "overload was borne")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
