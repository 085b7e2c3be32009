#!/usr/bin/env python3
"""Precision and recall of the secrets gate over a labelled set.

usage: measure.py SET [--tribunal PROGRAM] [--misses] [--alarms]

SET is a file of JSON lines (plain or gzip), each with `text`, `filename`, `is_secret`, `tier` and
`kind`. Every line becomes a file of that name in a folder of its own in a new repository; `tribunal
check --all --format json` reads it, and a line counts as found when any finding of the gates
`secrets` or `sensitive-files` is in its folder (`--gates` chooses), as blocked when one of them
blocks. Nothing but Python's own library is used.
"""

import argparse
import collections
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def read(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def write(samples, root):
    for number, sample in enumerate(samples):
        parts = [p for p in pathlib.PurePosixPath(sample["filename"]).parts if p not in ("/", "..")]
        file = root / f"s{number:05}" / pathlib.Path(*parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(sample["text"].encode("utf-8", "surrogatepass"))


def check(program, root):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
    who = ["-c", "user.name=measure", "-c", "user.email=measure@localhost"]
    subprocess.run(["git", "init", "-q", root], **quiet)
    subprocess.run(["git", "-C", root, "add", "-A", "-f"], **quiet)
    subprocess.run(["git", "-C", root, *who, "commit", "-q", "--no-verify", "-m", "set"], **quiet)
    # In an empty home nothing but the program's own defaults holds.
    env = dict(os.environ, HOME=str(root.parent), XDG_CONFIG_HOME=str(root.parent))
    command = [program, "check", "--all", "--format", "json"]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{program} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return json.loads(done.stdout)["findings"]


def tally(samples, findings, gates):
    found, blocked, rules = set(), set(), collections.defaultdict(list)
    for finding in findings:
        path = finding.get("path") or ""
        if finding["gate"] not in gates or not path.startswith("s"):
            continue
        number = int(path.split("/")[0][1:])
        found.add(number)
        rules[number].append(finding["rule"])
        # A report may say what a finding does; where it does not, severity tells the tiers apart.
        effect = finding.get("effect") or ("block" if finding["severity"] == "critical" else "warn")
        if effect == "block":
            blocked.add(number)
    return found, blocked, rules


def ratio(part, whole):
    return f"{part / whole:.4f}" if whole else "-"


def report(samples, found, blocked):
    tiers = collections.defaultdict(lambda: [0, 0, 0])
    for number, sample in enumerate(samples):
        row = tiers[sample["tier"] if sample["is_secret"] else "negative"]
        row[0] += 1
        row[1] += number in found
        row[2] += number in blocked
    print(f"{'tier':12} {'lines':>6} {'found':>6} {'blocked':>8}")
    for tier, (lines, any_, block) in sorted(tiers.items()):
        print(f"{tier:12} {lines:6} {any_:6} {block:8}")
    secrets = [row for tier, row in tiers.items() if tier != "negative"]
    total, any_, block = (sum(column) for column in zip(*secrets))
    false_any, false_block = tiers["negative"][1:]
    structured = tiers["structured"]
    print(f"overall:  precision {ratio(any_, any_ + false_any)} recall {ratio(any_, total)}")
    print(
        f"blocking: precision {ratio(block, block + false_block)} "
        f"recall {ratio(block, total)}, of the structured {ratio(structured[2], structured[0])}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set")
    parser.add_argument("--tribunal", default="tribunal")
    parser.add_argument("--gates", default="secrets")
    parser.add_argument("--misses", action="store_true", help="list the secrets not found")
    parser.add_argument("--alarms", action="store_true", help="list what was found and is none")
    options = parser.parse_args()
    samples = read(options.set)
    program = options.tribunal
    if os.sep in program:
        program = os.path.abspath(program)
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "set"
        root.mkdir()
        write(samples, root)
        findings = check(program, root)
    found, blocked, rules = tally(samples, findings, set(options.gates.split(",")))
    report(samples, found, blocked)
    for number, sample in enumerate(samples):
        if options.misses and sample["is_secret"] and number not in found:
            print("missed", sample["tier"], sample["kind"], sample["filename"])
        if options.alarms and not sample["is_secret"] and number in found:
            print("alarm", ",".join(rules[number]), sample["kind"], sample["filename"])


if __name__ == "__main__":
    main()
