#!/usr/bin/env python3
"""Generation speed of servers side by side, interleaved in one run.

    generate.py NAME=gemini,URL,KEY,MODEL NAME=openai,URL,KEY,MODEL ...

Every round asks each server the same prompts, greedily and streamed: one long prompt (time to the
first text, prompt speed, decode speed) and N short ones at once (tokens a second over all). Tokens
are those that the server reports. Prints medians over the rounds and ratios to the last server.
"""

import argparse
import json
import statistics
import threading
import time
import urllib.parse
from http.client import HTTPConnection

THINGS = "harbours windmills violins glaciers markets lanterns orchards tunnels comets quarries".split()


def short_prompt(number, turn):
    a, b = THINGS[number % 10], THINGS[(number + turn + 3) % 10]
    return f"Invent a long tale of {a} and {b}, part {turn * 100 + number}. Tell it slowly and do not stop."


def long_prompt(words, turn):
    list_ = " ".join(f"{THINGS[(n * 3 + turn) % 10]} {n}" for n in range(words // 2))
    return f"Reading {turn}. Make a long story of all these: {list_}"


class Target:
    def __init__(self, text):
        self.name, rest = text.split("=", 1)
        self.kind, url, self.key, self.model = rest.split(",")
        self.url = urllib.parse.urlsplit(url)

    def request(self, prompt, tokens):
        if self.kind == "gemini":
            path = f"/v1beta/models/{self.model}:streamGenerateContent?alt=sse"
            config = {"maxOutputTokens": tokens, "temperature": 0, "seed": 1}
            body = {"contents": [{"parts": [{"text": prompt}]}], "generationConfig": config}
            return path, body, {"x-goog-api-key": self.key}
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": tokens,
            "temperature": 0,
            "seed": 1,
            "stream": True,
            "stream_options": {"include_usage": True},
            "cache_prompt": False,
            "ignore_eos": True,
        }
        return "/v1/chat/completions", body, {"Authorization": f"Bearer {self.key}"}

    def read(self, event):
        """The text, prompt tokens and output tokens of one event."""
        if self.kind == "gemini":
            candidate = (event.get("candidates") or [{}])[0]
            parts = candidate.get("content", {}).get("parts", [])
            usage = event.get("usageMetadata", {})
            text = "".join(part.get("text", "") for part in parts)
            return text, usage.get("promptTokenCount"), usage.get("candidatesTokenCount")
        usage = event.get("usage") or {}
        text = "".join((choice.get("delta") or {}).get("content") or "" for choice in event.get("choices", []))
        return text, usage.get("prompt_tokens"), usage.get("completion_tokens")

    def ask(self, prompt, tokens):
        """Seconds to the first text, seconds in all, prompt tokens, output tokens."""
        path, body, headers = self.request(prompt, tokens)
        connection = HTTPConnection(self.url.hostname, self.url.port, timeout=600)
        began, first, given, made = time.perf_counter(), None, 0, 0
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
        reply = connection.getresponse()
        if reply.status != 200:
            raise SystemExit(f"{self.name}: {reply.status} {reply.read()[:300]!r}")
        for line in reply:
            if not line.startswith(b"data: {"):
                continue
            text, prompt_tokens, output_tokens = self.read(json.loads(line[6:]))
            given, made = prompt_tokens or given, output_tokens or made
            if text and first is None:
                first = time.perf_counter() - began
        connection.close()
        return first or 0.0, time.perf_counter() - began, given, made


def together(target, prompts, tokens):
    results = [None] * len(prompts)

    def ask(place):
        results[place] = target.ask(prompts[place], tokens)

    began = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(prompts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(result[3] for result in results) / (time.perf_counter() - began)


def measure(targets, rounds, tokens, concurrencies, words):
    figures = {target.name: {} for target in targets}

    def note(target, figure, value):
        figures[target.name].setdefault(figure, []).append(value)

    for target in targets:
        target.ask("Hello", 4)
    for turn in range(rounds):
        for target in targets:
            first, whole, given, made = target.ask(long_prompt(words, turn), tokens)
            note(target, "first text, s", first)
            note(target, "prompt tok/s", given / first if first else 0)
            note(target, "decode tok/s", (made - 1) / (whole - first) if made > 1 else 0)
        for many in concurrencies:
            for target in targets:
                prompts = [short_prompt(number, turn) for number in range(many)]
                note(target, f"tok/s, {many} at once", together(target, prompts, tokens))
    return figures


def show(figures):
    names = list(figures)
    print("| " + " | ".join(["figure"] + [f"{name} | ratio" for name in names]) + " |")
    print("|---" * (1 + 2 * len(names)) + "|")
    for figure, reference in figures[names[-1]].items():
        base = statistics.median(reference)
        cells = []
        for name in names:
            median = statistics.median(figures[name][figure])
            cells.append(f"{median:.2f} | {median / base if base else 0:.2f}")
        print(f"| {figure} | " + " | ".join(cells) + " |")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("targets", nargs="+", type=Target)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--tokens", type=int, default=64)
    arguments.add_argument("--concurrency", default="1,4,16")
    arguments.add_argument("--words", type=int, default=350)
    given = arguments.parse_args()
    concurrencies = [int(many) for many in given.concurrency.split(",")]
    show(measure(given.targets, given.rounds, given.tokens, concurrencies, given.words))


main()
