#!/usr/bin/env python3
"""Quota exactness: many clients against limits that are known, on one server and on several that share a
Redis.

    exact.py PROPUS [--clients 64] [--seconds 130] [--nodes 1,3] [--outages]

Three models have one binding limit each: 60 requests a minute, 50,000 input tokens a minute, 500
requests a day. Every client asks all the time. In any 60 seconds no more may be admitted than the limit,
and of what the limit allows in the whole time no more than 1 % may be missing. With --outages the store
is stopped amid the run and started again, once for each choice of `on_outage`; the choice must hold.
Exits with 1 where any of this does not hold.
"""

import argparse
import asyncio
import collections
import json
import sys
import tempfile
import time

from support import Caller, Server, request, store

MODELS = {"rpm": "gemini-2.5-flash", "tpm": "gemini-2.5-pro", "rpd": "gemini-2.5-flash-lite"}
LIMITS = """
[current.free]
"gemini-2.5-flash" = { rpm = 60, tpm = "unlimited", rpd = "unlimited" }
"gemini-2.5-pro" = { rpm = "unlimited", tpm = 50_000, rpd = "unlimited" }
"gemini-2.5-flash-lite" = { rpm = "unlimited", tpm = "unlimited", rpd = 500 }
"""
CONFIG = """
[quotas]
enabled = true
limits = "{limits}"
{store}
[engines.scripted]
kind = "scripted"
[models]
default = "scripted"
"""
# The scripted engine counts words: 20 of these prompts fill the minute's 50,000 tokens.
LONG = request("word " * 2500)
TOKENS = 2500
BODIES = {"rpm": json.dumps(request()).encode(), "tpm": json.dumps(LONG).encode(), "rpd": json.dumps(request()).encode()}


class Count:
    """When which call was admitted, and what else came."""

    def __init__(self):
        self.admitted = collections.defaultdict(list)
        self.refused = collections.Counter()
        self.slowest = 0.0


async def client(number, servers, kind, count, until, pause):
    server = servers[number % len(servers)]
    caller = Caller(server.host, server.port)
    path = f"/v1beta/models/{MODELS[kind]}:generateContent"
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            status, body = await caller.post(path, servers[0].key, BODIES[kind])
        except (OSError, asyncio.IncompleteReadError) as error:
            count.refused[f"{kind} {type(error).__name__}"] += 1
            continue
        ended = time.monotonic()
        count.slowest = max(count.slowest, ended - began)
        if status == 200:
            count.admitted[kind].append((began, ended))
        else:
            error = json.loads(body)["error"]
            count.refused[f"{kind} {status} {error['status']}"] += 1
            await asyncio.sleep(pause)


async def drive(servers, clients, seconds, events=(), pause=0.05):
    count, began = Count(), time.monotonic()
    until = began + seconds
    kinds = list(MODELS)
    tasks = [
        asyncio.create_task(client(number, servers, kinds[number % len(kinds)], count, until, pause))
        for number in range(clients)
    ]
    for at, event in events:
        await asyncio.sleep(max(0, began + at - time.monotonic()))
        event()
    await asyncio.gather(*tasks)
    return count, began


def most_in_a_minute(calls):
    """The most calls that were surely admitted within 60 seconds: from the start of the first to the
    end of the last."""
    most = first = 0
    by_end = sorted(calls, key=lambda call: call[1])
    starts = sorted(call[0] for call in calls)
    for number, (_, ended) in enumerate(by_end):
        while starts[first] < ended - 60:
            first += 1
        most = max(most, number + 1 - first)
    return most


def check(name, count, seconds, began, nodes_factor=1):
    faults = []
    minutes = int(seconds // 60.2) + 1
    for kind, limit, per_minute in (("rpm", 60, True), ("tpm", 50_000 // TOKENS, True), ("rpd", 500, False)):
        calls = count.admitted[kind]
        allowed = limit * (minutes if per_minute else 1)
        peak = most_in_a_minute(calls) if per_minute else len(calls)
        print(f"  {kind}: admitted {len(calls)} of {allowed}" + (f", at most {peak} in any 60 s (limit {limit})" if per_minute else ""))
        if peak > limit * nodes_factor:
            faults.append(f"{name}: {kind} went beyond: {peak} > {limit * nodes_factor}")
        if nodes_factor == 1 and len(calls) < allowed * 0.99:
            faults.append(f"{name}: {kind} fell short: {len(calls)} < {allowed}")
    print(f"  others: {dict(count.refused)}; slowest answer {count.slowest * 1000:.0f} ms")
    return faults


def servers_of(propus, limits, nodes, line):
    config = CONFIG.replace("{limits}", limits).replace("{store}", line)
    if nodes == 1:
        return [Server(propus, config=config)]
    # Nodes share the accounts, as they would through a volume; the counts are in the store.
    first = Server(propus, config=config)
    rest = [Server(propus, config=config, folder=first.folder) for _ in range(nodes - 1)]
    return [first, *rest]


def plain(propus, limits, nodes, arguments):
    line = ""
    if nodes > 1:
        port, start = store()
        redis = start()
        line = f'store = "redis://127.0.0.1:{port}/"\non_outage = "refuse"'
    servers = servers_of(propus, limits, nodes, line)
    print(f"{nodes} node(s), {arguments.clients} clients, {arguments.seconds} s")
    count, began = asyncio.run(drive(servers, arguments.clients, arguments.seconds))
    faults = check(f"{nodes} nodes", count, arguments.seconds, began)
    for server in servers:
        server.stop()
    if nodes > 1:
        redis.terminate()
    return faults


def outage(propus, limits, choice, arguments):
    """The store is away while the first minute ends: from 55 seconds to 75, of 90."""
    port, start = store()
    redis = [start()]
    servers = servers_of(propus, limits, 3, f'store = "redis://127.0.0.1:{port}/"\non_outage = "{choice}"')
    print(f"3 nodes, store away from 55 s to 75 s, on_outage = {choice}")

    def stop():
        redis[0].terminate()
        redis[0].wait()

    def begin():
        redis[0] = start()

    count, began = asyncio.run(drive(servers, arguments.clients, 90, [(55, stop), (75, begin)]))
    away = [call for calls in count.admitted.values() for call in calls if 55.5 < call[0] - began < 74.5]
    print(f"  admitted while the store was away: {len(away)}")
    faults = check(choice, count, 90, began, nodes_factor=1 if choice == "refuse" else 3)
    if choice == "refuse" and away:
        faults.append(f"refuse: {len(away)} were admitted without the store")
    if choice == "refuse" and not any("UNAVAILABLE" in name for name in count.refused):
        faults.append("refuse: nobody was told UNAVAILABLE")
    if choice == "count-locally" and not away:
        faults.append("count-locally: nobody was admitted without the store")
    if choice == "count-locally" and any("UNAVAILABLE" in name for name in count.refused):
        faults.append("count-locally: some were refused for the outage")
    for server in servers:
        server.stop()
    log = "".join(open(server.log.name).read() for server in servers[:1])
    if "the quota store is away" not in log:
        faults.append(f"{choice}: the log does not say that the store is away")
    redis[0].terminate()
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("propus")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=130)
    parser.add_argument("--nodes", default="1,3")
    parser.add_argument("--outages", action="store_true")
    arguments = parser.parse_args()
    faults = []
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as limits:
        limits.write(LIMITS)
        limits.flush()
        for nodes in arguments.nodes.split(","):
            faults += plain(arguments.propus, limits.name, int(nodes), arguments)
        for choice in ("refuse", "count-locally") if arguments.outages else ():
            faults += outage(arguments.propus, limits.name, choice, arguments)
    print("\n".join(faults) or "all limits held")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
