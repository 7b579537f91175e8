"""Proves that a server's structured answers are valid: many schemas, three prompts each.

    python3 tests/structured/schemas.py --url http://127.0.0.1:8080 --key KEY

Schemas are made from a seed, so a run can be repeated. They come in Google's form, as JSON Schema,
as `text/x.enum` and as parameters of functions. Every answer that ended with STOP must parse and
satisfy the schema by the judgement of the `jsonschema` package and of the format checks below; an
answer cut off by `maxOutputTokens` is counted apart. Exits with 1 if a finished answer is invalid
or a request fails.
"""

import argparse
import collections
import concurrent.futures
import datetime
import ipaddress
import json
import random
import re
import sys
import time
import urllib.error
import urllib.request
import uuid

import jsonschema

PROMPTS = [
    ("Describe a person who works in a small town library.", 0.0),
    ("Give me some example data, please.", 0.7),
    ("Was wissen Sie über das Wetter in Köln? Antworten Sie kurz.", 1.0),
]

WORDS = """name title city country street email phone age count price rating score weight color
status kind tags items notes summary author year month day id code url active verified owner parent
children steps ingredients total currency language level reason result""".split()

ENUMS = [
    ["low", "medium", "high"],
    ["red", "green", "blue", "dark blue"],
    ["yes", "no"],
    ["A", "AB", "B", "0"],
    ['with "quotes"', "with \\ backslash", "mit Umlaut ü"],
]

PATTERNS = [r"^[A-Z]{2}-\d{3}$", r"^\d{5}$", r"^(Mr|Ms)\. [A-Z][a-z]+$", r"^#[0-9a-f]{6}$", r"^\w+$"]

FORMATS = ["date", "time", "date-time", "email", "uuid", "uri", "ipv4", "ipv6", "hostname", "duration"]


class Maker:
    """Makes JSON Schemas; `google` keeps to what Google's own form can say."""

    def __init__(self, seed, google):
        self.random = random.Random(seed)
        self.google = google
        self.definitions = {}

    def chance(self, probability):
        return self.random.random() < probability

    def schema(self, depth):
        kinds = [self.text, self.text, self.number, self.integer, self.boolean, self.enum]
        if depth > 0:
            kinds += [self.array, self.array, self.object, self.object, self.choice]
        if not self.google:
            kinds += [self.constant, self.mixed_enum, self.several_types]
            if depth > 0:
                kinds += [self.tuple, self.recursive, self.map]
        schema = self.random.choice(kinds)(depth)
        if self.chance(0.2):
            schema["description"] = "The " + self.random.choice(WORDS) + "."
        if self.google and "anyOf" not in schema and self.chance(0.1):
            schema["nullable"] = True
        return schema

    def text(self, _depth):
        schema = {"type": "string"}
        roll = self.random.randrange(6)
        if roll == 0:
            schema["minLength"] = self.random.randrange(6)
            schema["maxLength"] = schema["minLength"] + self.random.randrange(1, 30)
        elif roll == 1:
            schema["pattern"] = self.random.choice(PATTERNS)
        elif roll == 2:
            # Google's own form knows no other format of texts.
            schema["format"] = "date-time" if self.google else self.random.choice(FORMATS)
        elif roll == 3:
            schema["maxLength"] = self.random.choice([10, 40, 200])
        return schema

    def bounds(self, schema, scale):
        low = self.random.randrange(-500, 500) / scale
        high = low + self.random.randrange(1, 1000) / scale
        low, high = (int(low), int(high)) if scale == 1 else (low, high)
        if self.chance(0.6):
            schema["minimum"] = low
        if self.chance(0.6):
            schema["maximum"] = high
        return schema

    def number(self, _depth):
        schema = self.bounds({"type": "number"}, self.random.choice([1, 4, 10, 100]))
        if self.chance(0.3):
            schema["format"] = self.random.choice(["float", "double"])
        return schema

    def integer(self, _depth):
        schema = self.bounds({"type": "integer"}, 1)
        if self.chance(0.3):
            schema["format"] = self.random.choice(["int32", "int64"])
        elif not self.google and self.chance(0.2):
            return {"type": "integer", "multipleOf": self.random.choice([2, 5, 7, 100])}
        return schema

    def boolean(self, _depth):
        return {"type": "boolean"}

    def enum(self, _depth):
        return {"type": "string", "enum": self.random.choice(ENUMS)}

    def constant(self, _depth):
        return {"const": self.random.choice(["fixed", 7, None, True, {"a": [1, 2]}])}

    def mixed_enum(self, _depth):
        return {"enum": [1, "one", 1.5, None, False][: self.random.randrange(1, 6)]}

    def several_types(self, _depth):
        return {"type": self.random.sample(["string", "null", "integer", "boolean"], 2), "maxLength": 20}

    def array(self, depth):
        schema = {"type": "array", "items": self.schema(depth - 1)}
        if self.chance(0.5):
            schema["minItems"] = self.random.randrange(3)
        if self.chance(0.5):
            schema["maxItems"] = schema.get("minItems", 0) + self.random.randrange(1, 4)
        if not self.google and "enum" in schema["items"] and self.chance(0.5):
            schema = {"type": "array", "items": schema["items"], "uniqueItems": True}
        return schema

    def tuple(self, depth):
        items = [self.schema(depth - 1) for _ in range(self.random.randrange(1, 4))]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}

    def object(self, depth):
        names = self.random.sample(WORDS, self.random.randrange(1, 6))
        schema = {
            "type": "object",
            "properties": {name: self.schema(depth - 1) for name in names},
            "required": [name for name in names if self.chance(0.6)],
        }
        if self.google and self.chance(0.5):
            schema["propertyOrdering"] = self.random.sample(names, len(names))
        if not self.google and self.chance(0.5):
            schema["additionalProperties"] = False
        if self.chance(0.1):
            schema["minProperties"] = self.random.randrange(len(names) + 1)
        return schema

    def map(self, depth):
        return {"type": "object", "additionalProperties": self.schema(depth - 1), "maxProperties": 3}

    def choice(self, depth):
        return {"anyOf": [self.schema(depth - 1) for _ in range(self.random.randrange(2, 4))]}

    def recursive(self, depth):
        name = "node%d" % len(self.definitions)
        self.definitions[name] = {}
        self.definitions[name] = {
            "type": "object",
            "properties": {
                "value": self.schema(0),
                "children": {"type": "array", "items": {"$ref": "#/$defs/" + name}, "maxItems": 2},
                "next": {"$ref": "#/$defs/" + name},
            },
            "required": ["value"],
        }
        return {"$ref": "#/$defs/" + name}

    def whole(self, only_object=False):
        schema = self.object(3) if only_object or self.chance(0.8) else self.schema(3)
        if self.definitions:
            schema = dict(schema, **{"$defs": self.definitions})
        return schema


def google_form(schema):
    """The same schema with Google's upper-case types."""
    out = dict(schema)
    if "type" in out:
        out["type"] = out["type"].upper()
    if out.get("type") == "STRING" and "enum" in out:
        out["format"] = "enum"
    for name in ["items"]:
        if name in out:
            out[name] = google_form(out[name])
    if "properties" in out:
        out["properties"] = {name: google_form(inner) for name, inner in out["properties"].items()}
    if "anyOf" in out:
        out["anyOf"] = [google_form(inner) for inner in out["anyOf"]]
    return out


def plain_form(schema):
    """The same schema for the validator: `nullable` written out."""
    if not isinstance(schema, dict):
        return schema
    out = {name: value for name, value in schema.items() if name not in ("nullable", "propertyOrdering")}
    for name in ["items", "additionalProperties"]:
        if name in out:
            out[name] = plain_form(out[name])
    for name in ["properties", "$defs"]:
        if name in out:
            out[name] = {key: plain_form(inner) for key, inner in out[name].items()}
    for name in ["anyOf", "prefixItems"]:
        if name in out:
            out[name] = [plain_form(inner) for inner in out[name]]
    return {"anyOf": [out, {"type": "null"}]} if schema.get("nullable") else out


Case = collections.namedtuple("Case", "index kind body check")


def cases(seed, count):
    """`count` schemas as parts of a request, with what their answers must satisfy."""
    kinds = ["google", "json schema", "google", "json schema", "tool google", "tool json schema"]
    for index in range(count):
        kind = "enum" if index % 20 == 19 else kinds[index % len(kinds)]
        maker = Maker(seed * 100003 + index, "google" in kind)
        yield make(index, kind, maker)


def make(index, kind, maker):
    if kind == "enum":
        schema = maker.enum(0)
        config = {"responseMimeType": "text/x.enum", "responseSchema": google_form(schema)}
        return Case(index, kind, {"generationConfig": config}, schema)
    schema = maker.whole(only_object=kind.startswith("tool"))
    if kind == "google":
        config = {"responseMimeType": "application/json", "responseSchema": google_form(schema)}
        return Case(index, kind, {"generationConfig": config}, schema)
    if kind == "json schema":
        config = {"responseMimeType": "application/json", "responseJsonSchema": schema}
        return Case(index, kind, {"generationConfig": config}, schema)
    field = "parameters" if kind == "tool google" else "parametersJsonSchema"
    parameters = google_form(schema) if kind == "tool google" else schema
    declaration = {"name": "record_data", "description": "Records data.", field: parameters}
    body = {
        "tools": [{"functionDeclarations": [declaration]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    }
    return Case(index, kind, body, schema)


def is_date(text):
    datetime.date.fromisoformat(text)
    return len(text) == 10


def is_time(text):
    match = re.fullmatch(r"(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    datetime.time.fromisoformat(match.group(1))
    return True


def is_moment(text):
    date, time_of_day = text.split("T")
    return is_date(date) and is_time(time_of_day)


CHECKS = {
    "date": is_date,
    "time": is_time,
    "date-time": is_moment,
    "uuid": lambda text: str(uuid.UUID(text)) == text.lower(),
    "ipv4": lambda text: bool(ipaddress.IPv4Address(text)),
    "ipv6": lambda text: bool(ipaddress.IPv6Address(text)),
    "email": lambda text: bool(re.fullmatch(r"[^@\s]{1,64}@[^@\s]+\.[a-z]+", text)),
    "uri": lambda text: bool(re.fullmatch(r"[a-z][a-z0-9+.-]*:[^\s\\<>\"{}|^`]*", text)),
    "hostname": lambda text: bool(re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})*", text)),
    "duration": lambda text: bool(re.fullmatch(r"P(?!$)(\d+[YMWD])*(T(\d+[HMS])+)?", text)),
}


def checker():
    formats = jsonschema.FormatChecker(formats=())
    for name, check in CHECKS.items():
        def judge(value, check=check):
            return not isinstance(value, str) or bool(check(value))

        formats.checks(name, raises=Exception)(judge)
    return formats


FORMAT_CHECKER = checker()


def complaint(schema, value):
    """Why a value is invalid, or None."""
    validator = jsonschema.Draft202012Validator(plain_form(schema), format_checker=FORMAT_CHECKER)
    error = next(validator.iter_errors(value), None)
    return error and error.message or misordered(schema, value)


def misordered(schema, value):
    """Google's `propertyOrdering` holds for the answer's text."""
    ordering = schema.get("propertyOrdering", [])
    if not isinstance(value, dict) or not ordering:
        return None
    expected = [name for name in ordering if name in value]
    found = [name for name in value if name in ordering]
    return None if expected == found else "order %s instead of %s" % (found, expected)


def ask(args, case, prompt):
    """An answer as (verdict, detail)."""
    text, temperature = prompt
    body = dict(case.body, contents=[{"role": "user", "parts": [{"text": text}]}])
    config = dict(body.get("generationConfig", {}), temperature=temperature, seed=case.index)
    if args.tokens:
        config["maxOutputTokens"] = args.tokens
    body["generationConfig"] = config
    request = urllib.request.Request(
        "%s/v1beta/models/%s:generateContent" % (args.url.rstrip("/"), args.model),
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json", "x-goog-api-key": args.key},
    )
    try:
        with urllib.request.urlopen(request, timeout=args.timeout) as reply:
            return judge(case, json.load(reply))
    except urllib.error.HTTPError as error:
        return "failed", "%d %s" % (error.code, error.read().decode(errors="replace")[:500])
    except (OSError, ValueError) as error:
        return "failed", repr(error)


def judge(case, reply):
    candidate = reply["candidates"][0]
    reason = candidate.get("finishReason")
    if reason != "STOP":
        return "unfinished", reason
    parts = candidate.get("content", {}).get("parts", [])
    if case.kind.startswith("tool"):
        # A reply may end with an empty text, as Google's streams do.
        parts = [part for part in parts if part.get("text") != ""]
        values = [part["functionCall"].get("args", {}) for part in parts if "functionCall" in part]
        if not values or len(values) != len(parts):
            return "invalid", "not only calls: %s" % json.dumps(parts)
    else:
        text = "".join(part.get("text", "") for part in parts)
        try:
            values = [text if case.kind == "enum" else json.loads(text)]
        except ValueError as error:
            return "invalid", "%s: %s" % (error, text)
    for value in values:
        why = complaint(case.check, value)
        if why:
            return "invalid", "%s: %s" % (why, json.dumps(value, ensure_ascii=False))
    return "valid", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--key", default="")
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--count", type=int, default=200, help="how many schemas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=0, help="maxOutputTokens; 0 leaves the default")
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--show", action="store_true", help="print the schemas and ask nobody")
    args = parser.parse_args()
    made = list(cases(args.seed, args.count))
    if args.show:
        for case in made:
            print(json.dumps({"kind": case.kind, "schema": case.check}, ensure_ascii=False))
        return 0
    return run(args, made)


def run(args, made):
    started = time.monotonic()
    jobs = [(case, prompt) for case in made for prompt in PROMPTS]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        verdicts = list(pool.map(lambda job: ask(args, *job), jobs))
    table = collections.defaultdict(collections.Counter)
    for (case, prompt), (verdict, detail) in zip(jobs, verdicts):
        table[case.kind][verdict] += 1
        if verdict in ("invalid", "failed"):
            print("%s: schema %d (%s), prompt %r\n  %s\n  %s" % (
                verdict, case.index, case.kind, prompt[0], detail, json.dumps(case.check)))
    columns = ["valid", "invalid", "unfinished", "failed"]
    total = sum(table.values(), collections.Counter())
    print("%-18s" % "" + "".join("%12s" % name for name in columns))
    for kind, counts in sorted(table.items()) + [("all", total)]:
        print("%-18s" % kind + "".join("%12d" % counts[name] for name in columns))
    finished = total["valid"] + total["invalid"]
    print("%d schemas x %d prompts in %.0f s: %d of %d finished answers are valid, %d were cut off" % (
        len(made), len(PROMPTS), time.monotonic() - started, total["valid"], finished, total["unfinished"]))
    return 1 if total["invalid"] or total["failed"] or not finished else 0


if __name__ == "__main__":
    sys.exit(main())
