#!/usr/bin/env python3
"""Times what tribunal adds to a review beside the time of the agents themselves.

    benches/reviews/overhead.py --tribunal target/release/tribunal [--repository R] [--rounds 5]
                              [--receipts 20] [--seconds 1.0] [--sizes small,large]
                              [--only loop,receipt,push,empty] [--out FILE]

The agents are scripts (agent.py) that take a second, answer well and log when they began and ended.
A loop is `tribunal review --fix` over a change with two mistakes: gates, a review, two calls to the
arbiter, a fix, gates, a second review: five calls. What tribunal adds is the wall time of the whole
process without the agents' own. It is measured in a small repository and in one of 5,053 files (made, or
a given one cloned). Receipts: the same question again; pushes: with a receipt for each commit, beside
a push without hooks, in turn.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from common import environment, run, write_settings

HERE = pathlib.Path(__file__).resolve().parent
FILES = 5053
WORDS = "ledger verdict commit finding branch object gate review policy change hunk tree blob ref rule".split()
FAULT = "unheard-of"  # as in agent.py


def covered(spans):
    """How long at least one of these spans lasted: agents may work side by side."""
    total, until = 0.0, 0.0
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


WRAPPER = """\
#!/bin/bash
began=$EPOCHREALTIME
answer=$('{python}' -I -S '{agent}' "$1")
left=$(( {micros} - (${{EPOCHREALTIME/./}} - ${{began/./}}) ))
[ "$left" -gt 0 ] && sleep "$(printf '%d.%06d' $((left / 1000000)) $((left % 1000000)))"
printf '%s\\n' "$answer"
printf '%s %s %s\\n' "$1" "$began" "$EPOCHREALTIME" >> '{log}'
"""

def text(rng, lines):
    """Python that parses: over what does not, a parser takes many times as long."""
    def line():
        words = rng.choices(WORDS, k=7)
        return f"{words[0]}_{words[1]} = {words[2]}({words[3]}, {words[4]}.{words[5]}) + {words[6]}\n"

    return "".join(line() for _ in range(lines))


def make(folder, files):
    rng = random.Random(20260102)
    folder.mkdir()
    run(["git", "init", "-q", "-b", "work"], folder)
    for number in range(files):
        path = folder / f"pkg{number % 61:02}" / f"mod{number % 13:02}" / f"file{number:04}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(rng, rng.randint(20, 160)))
    run(["git", "add", "."], folder)
    run(["git", "commit", "-qm", "feat: begin"], folder)
    # As a clone has it: every object in a file of its own is what no repository of that size looks like.
    run(["git", "repack", "-adq"], folder)


def change(folder, rng, faults):
    """Commits a change of three files; `faults` of them hold a mistake."""
    listed = run(["git", "ls-files", "-z", "*.py"], folder).stdout.decode().split("\0")
    paths = [folder / path for path in listed if path and not (folder / path).is_symlink()]
    for number, path in enumerate(rng.sample([path for path in paths if path.stat().st_size], 3)):
        lines = path.read_text().splitlines(keepends=True)
        at = rng.randint(0, len(lines))
        new = [f"name_{rng.getrandbits(60):x} = {rng.getrandbits(60)}\n" for _ in range(4)]
        if number < faults:
            new.append(f"wrong_{rng.getrandbits(60):x} = '{FAULT}'\n")
        path.write_text("".join(lines[:at] + new + lines[at:]))
    run(["git", "commit", "-qnam", "feat: measure one change"], folder)
    return run(["git", "rev-parse", "HEAD"], folder).stdout.decode().strip()


class Bench:
    def __init__(self, tribunal, work, seconds):
        self.tribunal, self.work, self.log = tribunal, work, work / "agents.log"
        program = work / "agent"
        micros = int(seconds * 1_000_000)
        program.write_text(
            WRAPPER.format(python=sys.executable, agent=HERE / "agent.py", log=self.log, micros=micros)
        )
        program.chmod(0o755)
        self.home = work / "home"
        write_settings(self.home, [str(program)], review="rounds = { s = 4, m = 4, l = 4 }")

    def timed(self, args, cwd, codes=(0,)):
        start = time.perf_counter()
        result = subprocess.run(args, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wall = (time.perf_counter() - start) * 1000
        if result.returncode not in codes:
            sys.exit(f"{args} in {cwd}: {result.returncode}: {result.stdout.decode()}{result.stderr.decode()}")
        return wall, result

    def review(self, cwd, *more):
        self.log.write_text("")
        wall, result = self.timed([self.tribunal, "--format", "json", "review", *more], cwd)
        calls = [line.split() for line in self.log.read_text().splitlines()]
        own = covered([(float(began), float(ended)) for _, began, ended in calls]) * 1000
        return wall, own, [call[0] for call in calls], result

    def loops(self, cwd, rounds, rng):
        added = []
        for number in range(rounds + 1):
            commit = change(cwd, rng, 2)
            wall, own, calls, result = self.review(cwd, "--commit", commit, "--fix")
            if calls != ["reviewer", "arbiter", "arbiter", "executor", "reviewer"]:
                sys.exit(f"not a loop: {calls}\n{result.stdout.decode()}{result.stderr.decode()}")
            if number:  # the first one fills the caches of the machine
                added.append((wall - own, own))
        return {
            "added_ms": [round(a, 1) for a, _ in added],
            "added_ms_median": statistics.median(a for a, _ in added),
            "percent_median": statistics.median(100 * a / own for a, own in added),
            "percent_least": min(100 * a / own for a, own in added),
        }

    def receipts(self, cwd, rounds, rng):
        commit = change(cwd, rng, 0)
        wall, own, calls, _ = self.review(cwd, "--commit", commit)
        first = wall - own
        times = []
        for _ in range(rounds):
            wall, _, calls, _ = self.review(cwd, "--commit", commit)
            if calls:
                sys.exit(f"a receipt was not used: {calls}")
            times.append(wall)
        return {"first_added_ms": first, "receipt_ms_median": statistics.median(times), "receipt_ms_least": min(times)}

    def pushes(self, cwd, count, rounds, rng):
        begun = run(["git", "rev-parse", "HEAD"], cwd).stdout.decode().strip()
        for _ in range(count):
            self.review(cwd, "--commit", change(cwd, rng, 0))
        bare = pathlib.Path(f"{cwd}-{count}.git")
        run(["git", "clone", "-q", "--bare", str(cwd), str(bare)], cwd)
        times = {"without": [], "with": []}
        run([self.tribunal, "hooks", "install"], cwd)
        for number in range(rounds + 1):
            for name in times:
                run(["git", "update-ref", "refs/heads/measured", begun], bare)
                run(["git", "update-ref", "refs/remotes/measured/measured", begun], cwd)
                hooks = [] if name == "with" else ["-c", "core.hooksPath=/dev/null"]
                words = ["git", *hooks, "push", "-q", str(bare), "HEAD:refs/heads/measured"]
                wall, _ = self.timed(words, cwd)
                if number:
                    times[name].append(wall)
        run([self.tribunal, "hooks", "uninstall"], cwd)
        both = list(zip(times["with"], times["without"]))
        return {
            "commits": count,
            "with_ms": statistics.median(times["with"]),
            "without_ms": statistics.median(times["without"]),
            "added_ms": statistics.median(a - b for a, b in both),
        }

    def empty(self, cwd, rounds):
        run(["git", "commit", "-qnm", "chore: nothing", "--allow-empty"], cwd)
        return statistics.median(self.review(cwd, "--commit", "HEAD")[0] for _ in range(rounds))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tribunal", required=True)
    parser.add_argument("--repository")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--receipts", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--only", default="loop,receipt,push,empty")
    parser.add_argument("--sizes", default="small,large")
    parser.add_argument("--out")
    options = parser.parse_args()
    only, rng = options.only.split(","), random.Random(7)
    work = pathlib.Path(tempfile.mkdtemp(prefix="tribunal-review-"))
    bench = Bench(str(pathlib.Path(options.tribunal).resolve()), work, options.seconds)
    env = environment(bench.home)
    os.environ.clear()
    os.environ.update(env)
    figures = {"load": os.getloadavg()}
    try:
        for size in options.sizes.split(","):
            folder = work / size
            if size == "large" and options.repository:
                run(["git", "clone", "-q", options.repository, str(folder)], work)
                run(["git", "checkout", "-qB", "work"], folder)
            else:
                make(folder, 12 if size == "small" else FILES)
            count = len(run(["git", "ls-files", "-z"], folder).stdout.split(b"\0")) - 1
            figure = figures[f"{size} ({count} files)"] = {}
            if "loop" in only:
                figure["loop"] = bench.loops(folder, options.rounds, rng)
            if "receipt" in only:
                figure["receipt"] = bench.receipts(folder, options.receipts, rng)
            if "empty" in only:
                figure["empty_ms"] = bench.empty(folder, options.receipts)
            if "push" in only:
                figure["push"] = [bench.pushes(folder, count, options.receipts, rng) for count in (1, 20)]
            print(size, json.dumps(figure, indent=1), flush=True)
        figures["load_after"] = os.getloadavg()
        if options.out:
            pathlib.Path(options.out).write_text(json.dumps(figures, indent=1))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
