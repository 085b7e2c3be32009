#!/usr/bin/env python3
"""Samples changed files of a repository's history, to measure how anchors of models are found.

    benches/anchors/sample.py REPOSITORY... > samples.jsonl
    TRIBUNAL_BENCH_ANCHORS=samples.jsonl cargo test anchors_of_models -- --nocapture

Of each repository: commits spread over the first-parent history; of each up to three text files that it
edits, with the lines that it touches (from 1, ends excluded), up to twelve places of one to three
lines, three in four of them touched by the change, and lines of other files that this one lacks.
One JSON object a file.
"""
import json, os, random, re, subprocess, sys

COMMITS, FILES, PLACES, FOREIGN = 80, 3, 12, 4
HUNK = re.compile(rb"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@", re.M)
SOURCES = (".rs", ".py", ".go", ".js", ".ts", ".toml", ".yml", ".yaml", ".md", ".sh")


def git(repository, *arguments):
    return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True).stdout


def telling(line):
    """A line that says something: no lone bracket."""
    return len(line.strip()) >= 8 and any(c.isalnum() for c in line)


def touched_by(repository, parent, commit, path):
    ranges = []
    for start, count in HUNK.findall(git(repository, "diff", "-U0", "--no-color", "--no-ext-diff", parent, commit, "--", path)):
        start, count = int(start), int(count) if count else 1
        ranges.append([start, start + count] if count else [start + 1, start + 1])
    return ranges


def main():
    rng = random.Random(11)
    for repository in sys.argv[1:]:
        name = os.path.basename(os.path.abspath(repository).removesuffix("/repo"))
        commits = git(repository, "rev-list", "--first-parent", "--no-merges", "-n", "4000", "HEAD").decode().split()
        pool = []
        for commit in commits[:: max(1, len(commits) // COMMITS)][:COMMITS]:
            parents = git(repository, "rev-list", "--parents", "-n", "1", commit).decode().split()[1:]
            if not parents:
                continue
            names = git(repository, "diff", "--name-only", "--diff-filter=AM", "-z", parents[0], commit).decode(errors="replace").split("\0")
            names = [path for path in names if path.endswith(SOURCES)]
            for path in rng.sample(names, min(FILES, len(names))):
                try:
                    text = git(repository, "show", f"{commit}:{path}").decode()
                except (UnicodeDecodeError, subprocess.CalledProcessError):
                    continue
                if not text or len(text) > 300_000:
                    continue
                lines = text.split("\n")
                touched = touched_by(repository, parents[0], commit, path)
                inside = [n for a, b in touched for n in range(a, b) if n <= len(lines) and telling(lines[n - 1])]
                every = [n for n in range(1, len(lines) + 1) if telling(lines[n - 1])]
                if not inside or len(every) < 5:
                    continue
                places = []
                for _ in range(PLACES):
                    first = rng.choice(inside if rng.random() < 0.75 else every)
                    last = min(len(lines), first + rng.choice([0, 0, 0, 1, 2]))
                    places.append([first, last if lines[last - 1].strip() else first])
                squeezed = {re.sub(r"\s", "", line) for line in lines}
                foreign = [line for line in rng.sample(pool, min(60, len(pool))) if re.sub(r"\s", "", line) not in squeezed]
                pool.extend(rng.sample([lines[n - 1] for n in every], min(20, len(every))))
                print(json.dumps({"repository": name, "text": text, "touched": touched, "places": places, "foreign": foreign[:FOREIGN]}))


main()
