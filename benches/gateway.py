#!/usr/bin/env python3
"""Propus as a gateway beside its peers: CPU, latency, memory and start, all before one upstream.

    gateway.py PROPUS TARGET_FOLDER PEERS_FOLDER [--rounds 5] [--seconds 4] [--servers nginx,envoy,...]

`gateway/` is built into the target folder: an upstream that speaks the Gemini API and a load of a
fixed rate; so is the minimal proxy of `peers/`. `gateway/install PEERS_FOLDER` installs the peers;
those that are not there are named and left out. The servers take turns, in another order in each
round; differences and ratios are taken round by round and shown as median (least to most). CPU is
what the kernel counts for a server's processes; latency counts from when a request was due.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/gateway")

import servers  # noqa: E402


class Kind:
    """A kind of load."""

    def __init__(self, title, size, rate, stream=False):
        self.title, self.size, self.rate, self.stream = title, size, rate, stream


KINDS = [
    Kind("1 kB", "1k", 1000),
    Kind("100 kB", "100k", 200),
    Kind("streams", "1k", 50, stream=True),
]
# At most: CPU as a multiple of the proxy's, added milliseconds, megabytes, milliseconds to the first reply.
BAR = {"cpu": 1.5, "added": 0.2, "memory": 30, "start": 50}


def build(target):
    """The folders of the gateway's programs and of the peers', each of which has an `upstream`."""
    for name in ("gateway", "peers"):
        manifest = f"{HERE}/{name}/Cargo.toml"
        command = ["cargo", "build", "--release", "--quiet", "--locked", "--manifest-path", manifest]
        subprocess.run(command + ["--target-dir", f"{target}/{name}"], check=True)
    return f"{target}/gateway/release", f"{target}/peers/release"


def upstream(programs):
    process = subprocess.Popen([f"{programs}/upstream"], stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().removeprefix("ready ").strip()


class Bench:
    def __init__(self, given, programs, proxy, folder, upstream):
        self.given, self.programs, self.proxy, self.folder = given, programs, proxy, folder
        self.bodies = servers.bodies(folder)
        self.direct = servers.direct(upstream)
        self.upstream = upstream
        self.servers, self.starts, self.idle = [], {}, {}
        self.rates, self.runs = {}, {}

    def set_up(self):
        wanted = self.given.servers.split(",")
        makers = [
            lambda: servers.proxy(self.proxy, self.upstream),
            lambda: servers.propus(os.path.abspath(self.given.propus), self.upstream, self.folder),
        ]
        for name in wanted:
            if os.path.exists(f"{self.given.peers}/{name}"):
                maker = servers.PEERS[name]
                makers.append(lambda maker=maker: maker(self.given.peers, self.upstream, self.folder))
            else:
                print(f"{name} is not installed and left out\n")
        for make in makers:
            server = make()
            try:
                self.start(server)
            except RuntimeError as error:
                if server.name in ("proxy", "propus"):
                    raise
                print(f"{error}\n\n{server.name} is left out\n")

    def start(self, server):
        body = self.bodies[server.form, "1k", False]
        times = []
        # Some take half a minute: those are started twice, not as often as there are rounds.
        while len(times) < self.given.rounds and sum(times) < 20_000:
            server.stop()
            times.append(server.start(self.folder, body))
        self.servers.append(server)
        self.starts[server.name] = times
        self.idle[server.name] = server.memory()
        note(f"{server.name}: started in {times[0]:.0f} ms, {server.memory():.0f} MB")

    def load(self, server, kind, rate, seconds):
        url = f"http://127.0.0.1:{server.port}{server.path(kind.stream)}"
        body = self.bodies[server.form, kind.size, kind.stream]
        lanes = 64 if kind.stream else 32
        command = [f"{self.programs}/load", url, body, str(rate), str(seconds), str(lanes), server.expected()]
        command += [f"{name}:{value}" for name, value in server.headers.items()]
        before = server.cpu() if server.process else 0
        text = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
        run = json.loads(text)
        run["cpu"] = (server.cpu() - before) / max(run["good"], 1) * 1000 if server.process else 0
        run["kept"] = run["bad"] == run["missed"] == 0 and run["rate"] > 0.9 * rate
        return run

    def find_rate(self, server, kind):
        """The kind's rate, or a tenth of it, and so on, until the server keeps it. Warms it up, too."""
        rate = kind.rate
        while rate >= 1:
            run = self.load(server, kind, rate, min(2, self.given.seconds))
            if run["kept"]:
                return rate
            note(f"{kind.title}, {server.name}: does not keep {rate} a second: {run['why'] or run['rate']}")
            rate //= 10
        return None

    def measure(self):
        everyone = [self.direct, *self.servers]
        for kind in KINDS:
            for server in everyone:
                self.rates[kind, server] = self.find_rate(server, kind)
            for turn in range(self.given.rounds):
                for server in everyone[turn % len(everyone) :] + everyone[: turn % len(everyone)]:
                    rate = self.rates[kind, server]
                    if rate:
                        run = self.load(server, kind, rate, self.given.seconds)
                        self.runs.setdefault((kind, server), []).append(run)
                note(f"{kind.title}: round {turn + 1}, load {os.getloadavg()[0]:.1f}")

    def against(self, kind, server, other, figure, by):
        """A figure of a server by that of another one, round by round."""
        pairs = zip(self.runs.get((kind, server), []), self.runs.get((kind, other), []))
        return [by(figure(mine), figure(its)) for mine, its in pairs if figure(its) or by is minus]

    def ratio(self, kind, server, other):
        return self.against(kind, server, other, lambda run: run["cpu"], lambda mine, its: mine / its)

    def added(self, kind, server, what="whole_us"):
        return self.against(kind, server, self.direct, lambda run: run[what]["p50"] / 1000, minus)

    def named(self, name):
        return next((server for server in self.servers if server.name == name), None)


def minus(mine, its):
    return mine - its


def note(text):
    print(f"# {text}", file=sys.stderr, flush=True)


def spread(values, form="{:.2f}"):
    if not values:
        return "–"
    shown = [form.format(value) for value in (statistics.median(values), min(values), max(values))]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def show_kind(bench, kind):
    proxy, propus = bench.named("proxy"), bench.named("propus")
    titles = ["server", "asked/s", "CPU s per 1000", "times proxy's", "times propus's", "p50 added, ms", "p99, ms"]
    titles += ["first byte added, ms"] if kind.stream else []
    size = "20 events each, one every 5 ms" if kind.stream else f"requests of {kind.title}, replies of 1 kB"
    print(f"\n**{kind.title}**: {size}\n\n| {' | '.join(titles)} |")
    print("|---" * len(titles) + "|")
    for server in [bench.direct, *bench.servers]:
        runs = bench.runs.get((kind, server), [])
        if not runs:
            print(f"| {server.name} | {' | '.join('–' for _ in titles[1:])} |")
            continue
        cells = [server.name, f"{bench.rates[kind, server]}"]
        has_cpu = server.process is not None
        cells += [spread([run["cpu"] for run in runs], "{:.3f}") if has_cpu else "–"]
        for other in (proxy, propus):
            cells += [spread(bench.ratio(kind, server, other)) if has_cpu and server is not other else "–"]
        is_direct = server is bench.direct
        cells += ["–" if is_direct else spread(bench.added(kind, server), "{:.3f}")]
        cells += [spread([run["whole_us"]["p99"] / 1000 for run in runs])]
        if kind.stream:
            cells += ["–" if is_direct else spread(bench.added(kind, server, "first_us"), "{:.3f}")]
        bad = sum(run["bad"] + run["missed"] for run in runs)
        cells[0] += f" ({bad} failed)" if bad else ""
        print(f"| {' | '.join(cells)} |")


def show_processes(bench):
    print("\n| server | exec to first reply, ms | RSS after it, MB | RSS after all, MB |\n|---|---|---|---|")
    for server in bench.servers:
        name = server.name
        print(f"| {name} | {spread(bench.starts[name], '{:.0f}')} | {bench.idle[name]:.0f} | {server.memory():.0f} |")


def show_bar(bench):
    propus, proxy, envoy = (bench.named(name) for name in ("propus", "proxy", "envoy"))
    print("\n| bar | at most | measured | |\n|---|---|---|---|")

    def row(title, most, values, form="{:.2f}"):
        held = "held" if values and statistics.median(values) <= most else "missed" if values else "not measured"
        print(f"| {title} | {most} | {spread(values, form)} | {held} |")

    for kind in KINDS:
        row(f"{kind.title}: CPU, times the proxy's", BAR["cpu"], bench.ratio(kind, propus, proxy))
        if envoy:
            row(f"{kind.title}: CPU, times envoy's", 1, bench.ratio(kind, propus, envoy))
    row("1 kB at 1000/s: p50 added, ms", BAR["added"], bench.added(KINDS[0], propus), "{:.3f}")
    row("RSS after all, MB", BAR["memory"], [propus.memory()], "{:.0f}")
    row("exec to first reply, ms", BAR["start"], bench.starts["propus"], "{:.0f}")


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    return f"{model}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}, load before {os.getloadavg()[0]:.1f}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("propus")
    arguments.add_argument("target")
    arguments.add_argument("peers")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=4)
    arguments.add_argument("--servers", default=",".join(servers.PEERS))
    given = arguments.parse_args()
    given.peers = os.path.abspath(given.peers)
    programs, peers = build(given.target)
    print(f"{machine()}; {given.rounds} rounds of {given.seconds:g} s")
    with tempfile.TemporaryDirectory() as folder:
        process, address = upstream(programs)
        bench = Bench(given, programs, f"{peers}/proxy", folder, address)
        try:
            bench.set_up()
            bench.measure()
            for kind in KINDS:
                show_kind(bench, kind)
            show_processes(bench)
            show_bar(bench)
        finally:
            process.terminate()
            for server in bench.servers:
                server.stop()


main()
