#!/usr/bin/env python3
"""What the Rust SDKs cost: CPU per 1000 calls and per 1000 chunks of a stream, and what they bring
into a build.

    sdk.py TARGET_FOLDER [--rounds 7] [--calls 2000] [--streams 200] [--compile]

The programs of `sdk-peers` are built into the folder, each by itself. They ask the same upstream on
127.0.0.1 and take turns, in another order each round; ratios are taken round by round. CPU is the process's
own, the system's part included, after a warm-up. The upstream and the callers have a processor each. `--compile` also builds, in turns and from nothing, a project that
depends on each SDK: minutes.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = f"{HERE}/sdk-peers"
SDKS = {"propus-client": "sdk-propus", "genai 0.7": "sdk-genai", "gemini-rust 2.1": "sdk-gemini-rust"}
LOADS = [
    ("1000 calls, one at a time", "unary", 1),
    ("1000 calls, 16 at once", "unary", 16),
    ("1000 chunks, one stream at a time", "stream", 1),
    ("1000 chunks, 16 streams at once", "stream", 16),
]
# What a project has to say to depend on each.
DEPENDENCIES = {
    "propus-client": f'propus-client = {{ path = "{HERE}/../crates/client" }}',
    "propus-client, no default features": f'propus-client = {{ path = "{HERE}/../crates/client", default-features = false }}',
    "genai 0.7": 'genai = "0.7"',
    "genai 0.7, no default features": 'genai = { version = "0.7", default-features = false }',
    "gemini-rust 2.1": 'gemini-rust = "2.1"',
}


def build(target, package):
    command = ["cargo", "build", "--release", "--quiet", "--locked", "--manifest-path", f"{PEERS}/Cargo.toml"]
    subprocess.run(command + ["--target-dir", target, "-p", package], check=True)


def on(processor):
    """Keeps a process to one processor, where there are several."""
    processors = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {processors[processor % len(processors)]})


def measure(target, url, given):
    seconds = {}
    for turn in range(given.rounds):
        for title, kind, at_once in LOADS:
            calls = given.calls if kind == "unary" else given.streams
            sdks = list(SDKS.items())
            for sdk, program in sdks[turn % len(sdks) :] + sdks[: turn % len(sdks)]:
                command = [f"{target}/release/{program}", url, kind, str(calls), str(at_once)]
                run = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, preexec_fn=on(1))
                text = run.stdout
                seconds.setdefault((title, sdk), []).append(float(text))
    return seconds


def show(seconds):
    first, *peers = SDKS
    print(f"| CPU s per | {' | '.join(SDKS)} | {' | '.join(f'{peer} / {first}' for peer in peers)} |")
    print("|---" * (1 + len(SDKS) + len(peers)) + "|")
    for title, _, _ in LOADS:
        medians = [f"{statistics.median(seconds[title, sdk]):.4f}" for sdk in SDKS]
        own = seconds[title, first]
        ratios = [[b / a for a, b in zip(own, seconds[title, peer])] for peer in peers]
        shown = [f"{statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" for r in ratios]
        print(f"| {title} | {' | '.join(medians + shown)} |")


def project(folder, dependency):
    os.makedirs(f"{folder}/src")
    with open(f"{folder}/src/main.rs", "w") as file:
        file.write("fn main() {}\n")
    with open(f"{folder}/Cargo.toml", "w") as file:
        file.write(
            '[package]\nname = "project"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n'
            f"[dependencies]\n{dependency}\n"
        )
    # The versions are those that are measured.
    shutil.copy(f"{PEERS}/Cargo.lock", f"{folder}/Cargo.lock")


def brought(compiles):
    print("| a project that depends on | crates |" + (" clean debug build, s |" if compiles else ""))
    print("|---|---|" + ("---|" if compiles else ""))
    with tempfile.TemporaryDirectory() as folder:
        for number, (title, dependency) in enumerate(DEPENDENCIES.items()):
            place = f"{folder}/{number}"
            project(place, dependency)
            command = ["cargo", "tree", "--quiet", "--edges", "normal", "--prefix", "none"]
            tree = subprocess.run(command, cwd=place, stdout=subprocess.PIPE, check=True, text=True).stdout
            # A crate that is shown again carries a mark; the project itself is none.
            crates = {line.removesuffix(" (*)").strip() for line in tree.splitlines()} - {""}
            row = f"| {title} | {len(crates) - 1} |"
            if compiles:
                begin = time.monotonic()
                subprocess.run(["cargo", "build", "--quiet", "--target-dir", f"{place}/target"], cwd=place, check=True)
                row += f" {time.monotonic() - begin:.0f} |"
                shutil.rmtree(f"{place}/target")
            print(row, flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("target")
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--calls", type=int, default=2000)
    arguments.add_argument("--streams", type=int, default=200)
    arguments.add_argument("--compile", action="store_true")
    given = arguments.parse_args()
    for package in ["sdk-upstream", *SDKS.values()]:
        build(given.target, package)
    upstream = [f"{given.target}/release/sdk-upstream"]
    upstream = subprocess.Popen(upstream, stdout=subprocess.PIPE, text=True, preexec_fn=on(0))
    try:
        url = "http://" + upstream.stdout.readline().removeprefix("ready ").strip()
        show(measure(given.target, url, given))
    finally:
        upstream.terminate()
    print()
    brought(given.compile)


main()
