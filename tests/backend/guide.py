#!/usr/bin/env python3
"""Each row and example of Google's troubleshooting guide, brought about by its real condition.

    guide.py PROPUS        prints a table (Markdown); exits with 1 where a row is not as the guide has it

Nothing is provoked here but what a model on this machine cannot do by itself (filters for safety and
recitation), and that is said.
"""

import json
import sys

from support import Server, request

CONFIG = """
[regions]
country_header = "cf-ipcountry"
[quotas]
enabled = true
limits = "{folder}/limits.toml"
prices = "{folder}/prices.toml"
[local]
context_tokens = 4096
sequences = {sequences}
queue = {queue}
threads = 1
"""
LIMITS = """
[current.free]
"gemini-2.5-flash" = { rpm = 1000, tpm = 1_000_000, rpd = 10_000 }
"gemini-2.5-flash-lite" = { rpm = 2, tpm = 1_000_000, rpd = 10_000 }
"gemini-3.1-flash-lite" = { rpm = 1000, tpm = 40, rpd = 10_000 }
"gemini-2.5-pro" = { rpm = 1000, tpm = 1_000_000, rpd = 1 }
"gemini-3.6-flash" = { rpm = 1, tpm = 1_000_000, rpd = 1 }
"gemini-3.1-pro-preview" = { rpm = 0, tpm = 0, rpd = 0 }
"""
FLASH = "/v1beta/models/gemini-2.5-flash:generateContent"
ROWS = []


def row(guide, condition, status, name=None):
    """Adds a row; the function gives what the server answered."""

    def add(function):
        ROWS.append((guide, condition, status, name, function))
        return function

    return add


def call(server, body=None, path=FLASH, **more):
    return server.ask(path, request(maxOutputTokens=4) if body is None else body, **more)


def free_key(server, **more):
    return server.admin("POST", "keys", more)["key"]


@row("400 INVALID_ARGUMENT: a typo", "`generationConfig.temprature`", 400, "INVALID_ARGUMENT")
def _(server):
    return call(server, request(temprature=1))


@row("400 INVALID_ARGUMENT: a required field is missing", "no `contents`", 400, "INVALID_ARGUMENT")
def _(server):
    return call(server, {})


@row("400 INVALID_ARGUMENT: malformed", "a body that is no JSON", 400, "INVALID_ARGUMENT")
def _(server):
    return call(server, '{"contents": [')


@row("400 INVALID_ARGUMENT: a feature newer than the endpoint", "`tools` on /v1 of 2025 (--legacy-v1)", 400, "INVALID_ARGUMENT")
def _(server):
    body = {**request(), "tools": [{"functionDeclarations": [{"name": "f"}]}]}
    return call(server, body, FLASH.replace("v1beta", "v1"))


@row("400 FAILED_PRECONDITION: free tier, unsupported country", "a call from Belarus, a project without billing", 400, "FAILED_PRECONDITION")
def _(server):
    return call(server, headers={"cf-ipcountry": "BY"})


@row("400 FAILED_PRECONDITION: and with billing", "the same, a project of tier 1", 200)
def _(server):
    return call(server, key=server.paid, headers={"cf-ipcountry": "BY"})


@row("API key issues: not valid", "a key that was never made", 400, "INVALID_ARGUMENT")
def _(server):
    return call(server, key="AIzaSyWRONGWRONGWRONGWRONGWRONGWRONG00")


@row("API key issues: expired", "a key whose time is over", 400, "INVALID_ARGUMENT")
def _(server):
    return call(server, key=free_key(server, expires="2020-01-01T00:00:00Z"))


@row("403 PERMISSION_DENIED: no key", "no key at all", 403, "PERMISSION_DENIED")
def _(server):
    return call(server, key="")


@row("403 PERMISSION_DENIED: the wrong key", "a key for another API", 403, "PERMISSION_DENIED")
def _(server):
    return call(server, key=free_key(server, restrictions={"apis": ["maps.googleapis.com"]}))


@row("403 PERMISSION_DENIED: the wrong key", "a key for other web pages", 403, "PERMISSION_DENIED")
def _(server):
    return call(server, key=free_key(server, restrictions={"referrers": ["https://example.com/*"]}))


@row("403 PERMISSION_DENIED: the wrong key", "a key for other addresses", 403, "PERMISSION_DENIED")
def _(server):
    return call(server, key=free_key(server, restrictions={"ips": ["203.0.113.0/24"]}))


@row("403 PERMISSION_DENIED: the wrong key", "a key for an Android app", 403, "PERMISSION_DENIED")
def _(server):
    app = {"package": "com.example", "certificate": "AA:BB"}
    return call(server, key=free_key(server, restrictions={"android": [app]}))


@row("403 PERMISSION_DENIED: the wrong key", "a key that was reported as leaked", 403, "PERMISSION_DENIED")
def _(server):
    key = server.admin("POST", "keys", {})
    server.admin("PATCH", f"keys/{key['id']}", {"leaked": True})
    return call(server, key=key["key"])


@row("403 PERMISSION_DENIED: the project", "a suspended project", 403, "PERMISSION_DENIED")
def _(server):
    server.admin("POST", "projects", {"name": "closed"})
    server.admin("PATCH", "projects/closed", {"suspended": True})
    return call(server, key=free_key(server, project="closed"))


@row("403 PERMISSION_DENIED: the project", "the API is off in the project", 403, "PERMISSION_DENIED")
def _(server):
    server.admin("POST", "projects", {"name": "off"})
    server.admin("PATCH", "projects/off", {"apiDisabled": True})
    return call(server, key=free_key(server, project="off"))


@row("403 PERMISSION_DENIED: a tuned model without authentication", "tunedModels/mine with an API key", 403, "PERMISSION_DENIED")
def _(server):
    return call(server, path="/v1beta/tunedModels/mine:generateContent")


MISSING = {"fileData": {"mimeType": "text/plain", "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/none"}}


@row("404 NOT_FOUND: a file (guide of May 2025)", "`fileData` with a file that is not there, --profile 2025-05", 404, "NOT_FOUND")
def _(server):
    return call(server.old, {"contents": [{"parts": [MISSING]}]})


@row("404 NOT_FOUND: a file (today)", "`fileData` with a file that is not there", 403, "PERMISSION_DENIED")
def _(server):
    return call(server, {"contents": [{"parts": [MISSING]}]})


@row("404 NOT_FOUND: parameters for the API version", "a model that v1 does not have", 404, "NOT_FOUND")
def _(server):
    return call(server, path="/v1/models/gemini-2.0-flash-exp:generateContent")


@row("429 RESOURCE_EXHAUSTED: requests per minute", "3 calls at 2 per minute", 429, "RESOURCE_EXHAUSTED")
def _(server):
    path = FLASH.replace("2.5-flash", "2.5-flash-lite")
    return [call(server, path=path) for _ in range(3)][-1]


@row("429 RESOURCE_EXHAUSTED: tokens per minute", "a prompt of more tokens than the minute has", 429, "RESOURCE_EXHAUSTED")
def _(server):
    path = FLASH.replace("2.5-flash", "3.1-flash-lite")
    return call(server, request("a long way " * 30), path)


@row("429 RESOURCE_EXHAUSTED: requests per day", "2 calls at 1 per day", 429, "RESOURCE_EXHAUSTED")
def _(server):
    path = FLASH.replace("2.5-flash", "2.5-pro")
    return [call(server, path=path) for _ in range(2)][-1]


@row("429 RESOURCE_EXHAUSTED: several at once", "minute and day used up by one call", 429, "RESOURCE_EXHAUSTED")
def _(server):
    path = FLASH.replace("2.5-flash", "3.6-flash")
    return [call(server, path=path) for _ in range(2)][-1]


@row("429 RESOURCE_EXHAUSTED: a limit of 0", "a model that the free tier lacks", 429, "RESOURCE_EXHAUSTED")
def _(server):
    return call(server, path=FLASH.replace("2.5-flash", "3.1-pro-preview"))


@row("429 RESOURCE_EXHAUSTED: a quota increase", "asked for and approved: the next call passes", 200)
def _(server):
    asked = server.admin("POST", "quota/requests", {"model": "gemini-2.5-flash-lite", "limits": {"rpm": 60}})
    server.admin("POST", f"quota/requests/{asked['id']}/approve")
    return call(server, path=FLASH.replace("2.5-flash", "2.5-flash-lite"))


@row("429 RESOURCE_EXHAUSTED: spend cap", "a cap of a millionth of a dollar", 429, "RESOURCE_EXHAUSTED")
def _(server):
    return spend(server, "capped", {"tier": "tier1", "spendCap": "0.000001"})


@row("429 RESOURCE_EXHAUSTED: prepaid credit", "credit of a millionth of a dollar", 429, "RESOURCE_EXHAUSTED")
def _(server):
    return spend(server, "prepaid", {"tier": "tier1", "credit": "0.000001"})


@row("429 RESOURCE_EXHAUSTED: spend in ten minutes", "more than tier 2 may spend so fast (the limit set low)", 429, "RESOURCE_EXHAUSTED")
def _(server):
    return spend(server, "fast", {"tier": "tier2"})


def spend(server, name, change):
    server.admin("POST", "projects", {"name": name})
    server.admin("PATCH", f"projects/{name}", change)
    return call(server, key=free_key(server, project=name))


@row("500 INTERNAL: the context is too long (guide of May 2025)", "a prompt over the window, --profile 2025-05", 500, "INTERNAL")
def _(server):
    return call(server.old, request("a long way " * 3000))


@row("Token limits: the context is too long (today)", "a prompt over the window", 400, "INVALID_ARGUMENT")
def _(server):
    return call(server, request("a long way " * 3000))


@row("503 UNAVAILABLE: out of capacity", "one more call than sequences and queue hold", 503, "UNAVAILABLE")
def _(server):
    import concurrent.futures

    body = request(maxOutputTokens=300, temperature=0)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(call, server.small, body) for _ in range(8)]
        replies = [one.result() for one in asked]
    assert any(status == 200 for status, _, _ in replies), "nobody was answered"
    return next((reply for reply in replies if reply[0] == 503), replies[0])


@row("504 DEADLINE_EXCEEDED: the answer takes too long", "X-Server-Timeout: 1, 4000 tokens asked for", 504, "DEADLINE_EXCEEDED")
def _(server):
    body = request("Write a very long story.", maxOutputTokens=3900, stopSequences=["\u2603"])
    return call(server, body, headers={"x-server-timeout": "1"})


@row("504 DEADLINE_EXCEEDED: the prompt is too large for the time", "3000 tokens in 0.2 s, given up before they are read", 504, "DEADLINE_EXCEEDED")
def _(server):
    return call(server, request("Every word counts here. " * 600), headers={"x-server-timeout": "0.2"})


def parameter(name, value, old=False):
    @row("Parameters: " + name, f"`{name}: {value}`" + (" with --profile 2025-05" if old else ""), 400, "INVALID_ARGUMENT")
    def _(server):
        return call(server.old if old else server, request(**{name: value}))


parameter("candidateCount", -1)
parameter("candidateCount", 9)
parameter("temperature", 2.1)
parameter("temperature", 1.1, old=True)
parameter("topP", 1.1)
parameter("maxOutputTokens", -1)


@row("Parameters: maxOutputTokens", "more than `models.get` says: taken and capped", 200)
def _(server):
    return call(server, request(maxOutputTokens=10_000_000, stopSequences=["a", "e"]))


@row("The right model: a name that is none", "gemini-2.5-flahs", 404, "NOT_FOUND")
def _(server):
    return call(server, path=FLASH.replace("flash", "flahs"))


@row("The right model: one that is gone", "gemini-1.5-pro", 404, "NOT_FOUND")
def _(server):
    return call(server, path=FLASH.replace("2.5-flash", "1.5-pro"))


def provoked(guide, name, reason):
    @row(guide, f"`x-propus-inject: {name}` (a model here has no such filter)", 200)
    def _(server):
        reply = call(server, headers={"x-propus-inject": name})
        assert reason.encode() in reply[2], reply
        return reply


provoked("Safety: a blocked prompt", "blocked-safety-prompt", "blockReason")
provoked("Safety: BlockedReason.OTHER", "block-reason-other", "OTHER")
provoked("Recitation", "recitation", "RECITATION")


def told(status, body):
    """The first line of the message and the kinds of its details."""
    reply = json.loads(body)
    if status == 200:
        feedback = reply.get("promptFeedback") or {"finishReason": reply.get("candidates", [{}])[0].get("finishReason")}
        return "", json.dumps(feedback), ""
    error = reply["error"]
    kinds = [detail["@type"].rsplit(".", 1)[-1] for detail in error.get("details", [])]
    return error["status"], error["message"].strip().split("\n")[0], ", ".join(kinds)


def main(propus):
    import tempfile

    folder = tempfile.mkdtemp()
    with open(f"{folder}/limits.toml", "w") as file:
        file.write(LIMITS)
    with open(f"{folder}/prices.toml", "w") as file:
        file.write("[tiers.tier2]\nten_minutes = '0.000001'\n")
    config = CONFIG.replace("{folder}", folder)
    usual = config.replace("{sequences}", "4").replace("{queue}", "16")
    server = Server(propus, "--legacy-v1", "--inject", config=usual)
    server.old = Server(propus, "--profile", "2025-05", config=usual)
    server.small = Server(propus, config=config.replace("{sequences}", "1").replace("{queue}", "1"))
    server.admin("POST", "projects", {"name": "paid"})
    server.admin("PATCH", "projects/paid", {"tier": "tier1"})
    server.paid = free_key(server, project="paid")
    # The speed of prompts is measured by a first one.
    call(server, request("A first prompt. " * 100, maxOutputTokens=1))
    print("| guide | condition | status | `status` | first line | details | failure |")
    print("|---|---|---|---|---|---|---|")
    wrong = 0
    for guide, condition, expected, name, function in ROWS:
        status, headers, body = function(server)
        said, line, kinds = told(status, body)
        fits = status in (expected if isinstance(expected, tuple) else (expected,)) and (name is None or said == name)
        wrong += not fits
        mark = "" if fits else " **expected " + str(expected) + "**"
        failure = headers.get("x-propus-failure", "")
        print(f"| {guide} | {condition} | {status}{mark} | {said} | {line} | {kinds} | {failure} |")
    for one in (server, server.old, server.small):
        one.stop()
    print(f"\n{len(ROWS)} rows, {wrong} not as the guide has them")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    sys.exit(main(sys.argv[1]))
