#!/usr/bin/env python3
"""Samples lines of a repository's history with git's own mapping, for the locators' measure.

    benches/locators/sample.py REPOSITORY... > pairs.jsonl
    TRIBUNAL_BENCH_LOCATORS=pairs.jsonl cargo test --release locate -- --nocapture measure

Of each repository: pairs of commits 5, 50 and 300 first-parent steps apart, spread over the
history; of each pair the Rust files that differ (renames followed), and of those up to 40 lines
that `git diff -w -M` maps unchanged. One JSON object a file pair: repository, distance, both
texts, and the mapping `[[old line, new line], …]` of the sampled lines, counted from 1.
"""
import json, os, random, re, subprocess, sys

STARTS, LINES_A_FILE, FILES_A_PAIR = 12, 40, 30
HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def git(repository, *arguments):
    return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True).stdout


def mapping(repository, old, new, old_lines):
    """Old line to new line, for the lines outside every hunk."""
    diff = git(repository, "diff", "-w", "-M", "-U0", "--no-color", "--no-ext-diff", old, new)
    lines, at, shift = {}, 1, 0
    for line in diff.split(b"\n"):
        if found := HUNK.match(line):
            start, count, new_start, new_count = (int(x) if x else 1 for x in found.groups())
            first = start if count else start + 1
            lines.update((n, n + shift) for n in range(at, first))
            at = first + count
            shift = (new_start + new_count if new_count else new_start + 1) - at
    lines.update((n, n + shift) for n in range(at, old_lines + 1))
    return lines


def telling(line):
    """A line that says something: no lone bracket, no comment."""
    line = line.strip()
    return len(line) >= 4 and any(c.isalnum() for c in line) and not line.startswith(("//", "/*", "*"))


def main():
    rng = random.Random(7)
    for repository in sys.argv[1:]:
        name = os.path.basename(os.path.dirname(os.path.abspath(repository) + "/").removesuffix("/repo"))
        commits = git(repository, "rev-list", "--first-parent", "HEAD").decode().split()
        for distance in (5, 50, 300):
            last = len(commits) - distance - 1
            if last < 1:
                continue
            for step in range(STARTS):
                head = last * step // STARTS
                new, old = commits[head], commits[head + distance]
                raw = git(repository, "diff", "-M", "--raw", "--abbrev=40", "-z", old, new, "--", "*.rs")
                fields = raw.decode(errors="replace").split("\0")
                pairs, at = [], 0
                while at < len(fields) - 1:
                    _, _, old_blob, new_blob, status = fields[at].split(" ")
                    at += 3 if status[0] in "RC" else 2
                    if status[0] in "MR" and old_blob != new_blob:
                        pairs.append((old_blob, new_blob))
                rng.shuffle(pairs)
                for old_blob, new_blob in pairs[:FILES_A_PAIR]:
                    old_text, new_text = (git(repository, "cat-file", "blob", b) for b in (old_blob, new_blob))
                    try:
                        old_text, new_text = old_text.decode(), new_text.decode()
                    except UnicodeDecodeError:
                        continue
                    lines = old_text.split("\n")
                    held = mapping(repository, old_blob, new_blob, len(lines) - 1)
                    held = [(o, n) for o, n in held.items() if telling(lines[o - 1])]
                    rng.shuffle(held)
                    record = dict(repository=name, distance=distance, old=old_text, new=new_text,
                                  map=sorted(held[:LINES_A_FILE]))
                    print(json.dumps(record))


main()
