#!/usr/bin/env python3
"""What HTTP costs: CPU per 1000 requests of `propus serve` with the scripted engine against a
minimal Rust proxy that forwards to a fixed reply.

    overhead.py PROPUS PEERS_FOLDER [--rounds 3] [--seconds 4] [--connections 32]

The load generator is wrk; CPU is what the kernel counts for each server's process. The runs
alternate, so that the machine's other load falls on both; ratios are taken pair by pair.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile

PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
STORY = "Tell me about the river and the old bridge beside the mill. " * 12
BODY = json.dumps(
    {
        "contents": [{"role": "user", "parts": [{"text": STORY}]}],
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
        "generationConfig": {"temperature": 0.7, "maxOutputTokens": 64},
    }
)


class Server:
    def __init__(self, name, command, pattern):
        self.name = name
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        found = re.search(pattern, line)
        if not found:
            raise SystemExit(f"{name} did not start: {line!r}")
        self.address = found[1]
        key = re.search(r"key=(\S+)", line)
        self.key = key[1] if key else "none"

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        text = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


def load(server, script, connections, seconds):
    before = server.cpu()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script]
    environment = dict(os.environ, KEY=server.key)
    text = subprocess.run(
        command + [f"http://{server.address}{PATH}"], env=environment, capture_output=True, text=True, check=True
    ).stdout
    done = int(re.search(r"(\d+) requests in", text)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if bad:
        raise SystemExit(f"{server.name}: {bad[0]}")
    p50 = re.search(r"50%\s+(\S+)", text)[1]
    return dict(cpu=(server.cpu() - before) / done * 1000, rate=done / seconds, p50=p50)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("propus")
    arguments.add_argument("peers")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=4)
    arguments.add_argument("--connections", type=int, default=32)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        script = f"{folder}/post.lua"
        with open(script, "w") as file:
            file.write(
                f"wrk.method = 'POST'\nwrk.body = [==[{BODY}]==]\n"
                "wrk.headers['Content-Type'] = 'application/json'\n"
                "wrk.headers['x-goog-api-key'] = os.getenv('KEY')\n"
            )
        config = f"{folder}/propus.toml"
        with open(config, "w") as file:
            file.write(
                f"data_dir = '{folder}/state'\n[engines.fixed]\nkind = 'scripted'\nscript = '{folder}/script.toml'\n"
                "[models]\ndefault = 'fixed'\n"
            )
        with open(f"{folder}/script.toml", "w") as file:
            file.write("[[reply]]\ntext = 'The bridge stands where the river is slow.'\n")
        upstream = Server("upstream", [f"{given.peers}/upstream", "127.0.0.1:0"], r"ready (\S+)")
        proxy = Server("proxy", [f"{given.peers}/proxy", "127.0.0.1:0", upstream.address], r"ready (\S+)")
        propus = Server(
            "propus", [given.propus, "serve", "--listen", "127.0.0.1:0", "--config", config], r"url=http://(\S+)"
        )
        try:
            pairs = []
            for server in (proxy, propus):
                load(server, script, 8, 1)
            for _ in range(given.rounds):
                pairs.append([load(server, script, given.connections, given.seconds) for server in (proxy, propus)])
            print("| server | requests/s | CPU s per 1000 | p50 | RSS MB |\n|---|---|---|---|---|")
            for place, server in enumerate((proxy, propus)):
                runs = [pair[place] for pair in pairs]
                median = lambda figure: statistics.median(run[figure] for run in runs)
                print(
                    f"| {server.name} | {median('rate'):.0f} | {median('cpu'):.3f} | {runs[-1]['p50']} "
                    f"| {server.memory():.0f} |"
                )
            ratio = statistics.median(b["cpu"] / a["cpu"] for a, b in pairs)
            print(f"\nCPU ratio, propus / minimal proxy: {ratio:.2f}")
        finally:
            for server in (upstream, proxy, propus):
                server.process.terminate()


main()
