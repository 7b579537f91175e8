#!/usr/bin/env python3
"""What clients and gateways make of failures: the calls of `soak plans` go to `soak upstream`, which fails
30 % of first attempts in ten ways, once for each way to get there.

    faults.py SOAK [PROPUS] [--folder FOLDER] [--calls 5000] [--at-once 32] [--only WORD]

SOAK is the example of propus-server: `cargo build --release -p propus-server --example soak`. PROPUS is the
program; without it the gateway is the example's, which has the same router. All waits are what each has by
itself. google-genai and LiteLLM are installed into the folder, each into an environment of its own.
LiteLLM has no caches, so nothing is created through it. What got through to the callers goes to stderr.
"""

import argparse
import asyncio
import json
import logging
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ANSWER = "The bridge is old."
GENAI = "google-genai==3.6.1"
LITELLM = "litellm[proxy]==1.106.0"
MODEL = "gemini-2.5-flash"


def environment(folder, name, package):
    """The folder of a virtual environment that holds the package."""
    place = f"{folder}/{name}"
    if not os.path.exists(f"{place}/{package}"):
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        subprocess.run([f"{place}/bin/pip", "install", "-q", package], check=True)
        open(f"{place}/{package}", "w").close()
    return place


class Served:
    """A program that serves and says where."""

    def __init__(self, command, pattern=r"ready (\S+)"):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        found = re.search(pattern, self.process.stdout.readline())
        if not found:
            raise SystemExit(f"{command[0]} did not start")
        self.url, self.key = (*found.groups(), "soak")[:2]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def propus(given, upstream, folder):
    """The gateway: the program's, or the example's."""
    place = tempfile.mkdtemp(dir=folder)
    engine = f"[engines.upstream]\nbase_url = '{upstream}'\napi_key = 'soak'\n"
    rest = "[models]\ndefault = 'upstream'\n"
    if not given.propus:
        written(f"{place}/gateway.toml", engine + rest)
        return Served([given.soak, "gateway", f"{place}/gateway.toml"])
    written(f"{place}/propus.toml", f"data_dir = '{place}/state'\n{engine}kind = 'google'\n{rest}")
    command = [given.propus, "serve", "--listen", "127.0.0.1:0", "--config", f"{place}/propus.toml", "--log", "error"]
    return Served(command, r"url=(\S+) key=(\S+)")


def written(path, text):
    with open(path, "w") as file:
        file.write(text)


class LiteLlm:
    key = "sk-soak-0123456789"

    def __init__(self, place, upstream, folder):
        config = f"{folder}/litellm.yaml"
        written(
            config,
            f"model_list:\n  - model_name: {MODEL}\n    litellm_params: {{model: gemini/{MODEL}, "
            f"api_base: {upstream}/v1beta, api_key: soak}}\n"
            "router_settings: {num_retries: 4}\nlitellm_settings: {telemetry: false}\n",
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        variables = dict(
            os.environ,
            LITELLM_MASTER_KEY=self.key,
            LITELLM_LOCAL_MODEL_COST_MAP="True",
            LITELLM_MODE="PRODUCTION",
            LITELLM_LOG="ERROR",
        )
        command = [f"{place}/bin/litellm", "--config", config, "--host", "127.0.0.1", "--port", str(port)]
        self.log = open(f"{folder}/litellm.log", "w")
        self.process = subprocess.Popen(command, env=variables, stdout=self.log, stderr=self.log)
        self.wait()

    def wait(self):
        while self.process.poll() is None:
            try:
                return urllib.request.urlopen(f"{self.url}/health/liveliness").read()
            except OSError:
                time.sleep(0.2)
        raise SystemExit(f"litellm did not start: {self.log.name}")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def asked(upstream, path, data=None):
    return urllib.request.urlopen(f"{upstream}{path}", data).read()


def report(upstream):
    return json.loads(asked(upstream, "/soak/report"))


def client(url, key, attempts):
    from google import genai
    from google.genai import types

    retries = types.HttpRetryOptions(attempts=attempts) if attempts else None
    # LiteLLM does not serve v1, the default of newer versions.
    options = types.HttpOptions(base_url=url, api_version="v1beta", retry_options=retries)
    return genai.Client(api_key=key, http_options=options).aio


async def text_of(client, plan):
    if plan["kind"] == "unary":
        reply = await client.models.generate_content(model=MODEL, contents=plan["prompt"])
        return reply.text or ""
    chunks = await client.models.generate_content_stream(model=MODEL, contents=plan["prompt"])
    return "".join([chunk.text or "" async for chunk in chunks])


async def created(client, plan):
    from google.genai import types

    config = types.CreateCachedContentConfig(contents=plan["prompt"])
    cache = await client.caches.create(model=MODEL, config=config)
    return ANSWER if cache.name else ""


async def came_of(client, plan):
    """What the caller sees: an answer, an error, or less than an answer without an error."""
    try:
        text = await (created if plan["kind"] == "creating" else text_of)(client, plan)
    except Exception as error:  # whatever the way raises is what its caller gets
        return "error", f"{type(error).__name__}: {error}"
    return {ANSWER: "answer", "": "empty"}.get(text, "cut"), text


async def drive(client, plans, at_once):
    """What came of each call."""
    left, came = iter(plans), []

    async def work():
        for plan in left:
            what, told = await came_of(client, plan)
            came.append((plan, what, told))

    await asyncio.gather(*[work() for _ in range(at_once)])
    return came


def run(upstream, way, plans, at_once):
    """Drives the calls that answer and then those that create, and gives a line of the table."""
    name, server, attempts, creates = way
    answering = [plan for plan in plans if plan["kind"] != "creating"]
    creating = [plan for plan in plans if plan["kind"] == "creating"]
    asked(upstream, "/soak/reset", b"")
    begin = time.monotonic()
    came = asyncio.run(drive(client(server.url, server.key, attempts), answering, at_once))
    seconds = time.monotonic() - begin
    seen = report(upstream)
    amplification = seen["attempts"] / max(seen["calls"], 1)
    twice = "-"
    if creates:
        asked(upstream, "/soak/reset", b"")
        asyncio.run(drive(client(server.url, server.key, attempts), creating, at_once))
        twice = f"{report(upstream)['created_twice']} of {len(creating)}"
    tell(name, came)
    saveable = [what for plan, what, _ in came if not plan["lost"]]
    all_of = [what for _, what, _ in came]
    part = lambda whats, what: f"{whats.count(what) / len(whats) * 100:.2f}"
    return (
        f"| {name} | {part(all_of, 'answer')} | {part(saveable, 'answer')} | {all_of.count('cut')} "
        f"| {all_of.count('empty')} | {all_of.count('error')} | {amplification:.2f} | {twice} | {seconds:.0f} |"
    )


def tell(name, came):
    """Which failures got through to the caller, to stderr: how often, and as what once."""
    got = {}
    for plan, what, told in came:
        if what != "answer":
            got.setdefault((plan["fails"], plan["kind"], what), []).append(told)
    for (fails, kind, what), tolds in sorted(got.items(), key=str):
        print(f"{name}: {fails}, {kind}: {what} {len(tolds)}: {tolds[0][:160]!r}", file=sys.stderr)


def ways(given, upstream, folder):
    """Name, server, attempts of google-genai, and whether it creates; each server when its turn has come."""

    class Direct:
        url, key = upstream, "soak"

        def stop(self):
            pass

    yield "google-genai", Direct, 0, True
    yield "google-genai, 5 attempts", Direct, 5, True
    litellm = lambda: LiteLlm(environment(given.folder, "litellm", LITELLM), upstream, folder)
    yield "google-genai, LiteLLM", litellm, 0, False
    yield "google-genai, Propus", lambda: propus(given, upstream, folder), 0, True


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("soak")
    arguments.add_argument("propus", nargs="?")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    arguments.add_argument("--folder", default=f"{cache}/propus/bench")
    arguments.add_argument("--calls", type=int, default=5000)
    arguments.add_argument("--at-once", type=int, default=32)
    arguments.add_argument("--only", default="", help="ways whose names hold this word")
    given = arguments.parse_args()
    # google-genai lives in an environment of its own: go on there.
    python = f"{environment(given.folder, 'genai', GENAI)}/bin/python"
    if os.path.abspath(sys.executable) != os.path.abspath(python):
        os.execv(python, [python, *sys.argv])
    os.environ["NO_PROXY"] = "127.0.0.1"
    # What breaks off is counted; libraries log it, too.
    logging.disable()
    lines = subprocess.run([given.soak, "plans", str(given.calls)], stdout=subprocess.PIPE, check=True, text=True)
    plans = [json.loads(line) for line in lines.stdout.splitlines()]
    upstream = Served([given.soak, "upstream"])
    print(f"{given.calls} calls, {given.at_once} at once\n")
    print("| way | answered, % | of what could be saved, % | cut, no error | empty, no error | errors "
          "| attempts per call | created twice | s |\n" + "|---" * 9 + "|")
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, start, attempts, creates in ways(given, upstream.url, folder):
                if given.only in name:
                    server = start()
                    try:
                        print(run(upstream.url, (name, server, attempts, creates), plans, given.at_once), flush=True)
                    finally:
                        server.stop()
    finally:
        upstream.stop()


main()
