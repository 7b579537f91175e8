"""Writes what fuzzing begins with: the examples of the pages and the lists of requests.

    python3 seeds.py FOLDER
"""

import pathlib
import re
import sys

CRATE = pathlib.Path(__file__).parent.parent / "crates" / "failures"
METHODS = ["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"]


def main():
    folder = pathlib.Path(sys.argv[1])
    evidence, requests = [], []
    for page in sorted(CRATE.glob("src/*/*.md")):
        for kind, body in re.findall(r"```(evidence|request [^\n]*)\n(.*?)```", page.read_text(), re.S):
            if kind == "evidence":
                evidence.append(body)
            else:
                requests.append((kind.split()[1], body))
    for name in ["broken", "good"]:
        text = (CRATE / "tests" / "it" / "requests" / f"{name}.txt").read_text()
        for case in text.split("\n## ")[1:]:
            how, body = case.split("\n", 2)[1:3]
            requests.append((how.split()[0], body.split("\n! ")[0].strip()))
    for target, bodies in {
        "diagnose": evidence,
        "request": [body for _, body in requests],
        # The first byte chooses the method, the model and the version.
        "check": [chr(METHODS.index(method) + 5 * (number % 12)) + body for number, (method, body) in enumerate(requests)],
        "events": [f"data: {' '.join(body.split())}\r\n\r\n" + body for body in evidence],
    }.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for number, body in enumerate(bodies):
            (folder / target / f"seed-{number}").write_text(body)


main()
