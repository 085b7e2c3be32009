"""An agent that reads its question to the end and answers in its form, at once. See measure.py.

    agent.py ROLE [FAULT]        the question on standard input, the answer on standard output

The reviewer finds each line of the judged files that holds the word FAULT; the executor, in its
folder, takes that word out.
"""

import json
import pathlib
import re
import sys

FAULT = "unheard-of"


def sections(prompt):
    added = []
    for line in prompt.splitlines():
        line = line.removeprefix("| ")
        end = re.fullmatch(r"=== end of (.*), nonce ([0-9a-f]+)", line)
        if end:
            yield end[1], end[2], added
            added = []
        elif line.startswith("+") and " | " in line:
            added.append(line.split(" | ", 1)[1])


def reviewer(prompt):
    attested, findings = [], []
    for path, nonce, added in sections(prompt):
        telling = [line for line in added if line.strip()]
        first = telling[0] if telling else ""
        quote = next((line for line in telling if line.strip() != first.strip()), first)
        attested.append({"path": path, "nonce": nonce, "added_lines": len(added), "quote": quote})
        for line in telling:
            if FAULT in line:
                findings.append({
                    "class": "error-handling/unchecked-result", "severity": "critical", "basis": "invariant",
                    "title": f"{line.split()[0]} is lost", "path": path, "anchor": line,
                    "failure": "a full disk makes the call fail and nobody is told", "evidence": [],
                    "fix": "pass the error on", "sweep": "",
                })
    answer = {"findings": findings, "criteria": [], "attestation": attested, "unscanned": []}
    open_findings = prompt.split("# Open findings", 1)
    if len(open_findings) == 2:
        shown = [(path, added[-1]) for path, _, added in sections(prompt) if added]
        path, text = shown[0] if shown else ("", "")
        ids = dict.fromkeys(re.findall(r"\bF-\d+\b", open_findings[1].split("# What has changed since")[0]))
        answer["verified"] = [
            {"id": name, "resolved": True, "quote": {"path": path, "text": text}} for name in ids
        ]
    return answer


def arbiter(prompt):
    name = re.search(r"^\| id: (\S+)$", prompt, re.M)
    return {
        "id": name[1] if name else "", "word": "upheld", "evidence": [], "breaks": "", "criterion": None,
        "duplicate_of": None, "extends_scope": False, "reason": "it can happen",
        "instruction": "pass the error on",
    }


def executor(prompt):
    for path in dict.fromkeys(re.findall(r"^\| F-\d+: (.*), lines? ", prompt, re.M)):
        file = pathlib.Path(path)
        file.write_text(file.read_text().replace(FAULT, "heard-of"))
    return {"done": True}


print(json.dumps({"reviewer": reviewer, "arbiter": arbiter, "executor": executor}[sys.argv[1]](sys.stdin.read())))
