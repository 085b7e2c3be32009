#!/usr/bin/env python3
"""Times `git commit` and `git push` with tribunal's hooks beside other hook managers, in one run.

    benches/commit/measure.py --tribunal target/release/tribunal [--prek P] [--lefthook L] [--pre-commit P]
                              [--previous P] [--rounds 20] [--out FILE]

A repository of 5,053 files is made (or a given one cloned), and one clone of it for each manager, with its usual four checks
configured (trailing whitespace, large files, merge conflicts, private keys); tribunal runs all its
default gates and all the hooks that it installs. A round commits the same staged files once in every
clone, in turn, so that a busy machine is busy for all; what is quoted is the median over the rounds of
the ratio to the clone without hooks in the same round. Managers that are not given are named as
skipped.
"""

import argparse
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

FILES = 5053
WORDS = "ledger verdict commit finding branch object gate review policy change hunk tree blob ref rule".split()


def run(args, cwd, **more):
    return subprocess.run(args, cwd=cwd, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def text(rng, lines):
    return "".join(" ".join(rng.choices(WORDS, k=8)) + "\n" for _ in range(lines))


def make_origin(folder):
    rng = random.Random(20260102)
    folder.mkdir()
    run(["git", "init", "-q", "-b", "work"], folder)
    for number in range(FILES):
        path = folder / f"pkg{number % 61:02}" / f"mod{number % 13:02}" / f"file{number:04}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(rng, rng.randint(20, 160)))
    run(["git", "add", "."], folder)
    run(["git", "commit", "-qm", "feat: begin"], folder)


PRE_COMMIT_HOOKS = """\
  - repo: local
    hooks:
      - {{id: trailing-whitespace, name: a, entry: {bin}/trailing-whitespace-fixer, language: system, types: [text]}}
      - {{id: large, name: b, entry: {bin}/check-added-large-files, language: system}}
      - {{id: conflict, name: c, entry: {bin}/check-merge-conflict, language: system, types: [text]}}
      - {{id: key, name: d, entry: {bin}/detect-private-key, language: system, types: [text]}}
"""
PREK = """\
repos:
  - repo: builtin
    hooks:
      - id: trailing-whitespace
      - id: check-added-large-files
      - id: check-merge-conflict
      - id: detect-private-key
"""
LEFTHOOK = """\
pre-commit:
  parallel: true
  commands:
    a: {{run: "{bin}/trailing-whitespace-fixer {{staged_files}}"}}
    b: {{run: "{bin}/check-added-large-files {{staged_files}}"}}
    c: {{run: "{bin}/check-merge-conflict {{staged_files}}"}}
    d: {{run: "{bin}/detect-private-key {{staged_files}}"}}
pre-push:
  commands:
    a: {{run: "true"}}
"""


def install(name, program, clone):
    if name in ("tribunal", "previous"):
        run([program, "hooks", "install"], clone)
    elif name == "sh":
        for hook in ("pre-commit", "pre-push"):
            shim = clone / ".git/hooks" / hook
            shim.write_text("#!/bin/sh\nexit 0\n")
            shim.chmod(0o755)
    elif name == "prek":
        (clone / ".pre-commit-config.yaml").write_text(PREK)
        run([program, "install", "-t", "pre-commit", "-t", "pre-push"], clone)
    elif name == "pre-commit":
        bin_dir = pathlib.Path(program).parent
        (clone / ".pre-commit-config.yaml").write_text("repos:\n" + PRE_COMMIT_HOOKS.format(bin=bin_dir))
        run([program, "install", "-t", "pre-commit", "-t", "pre-push"], clone)
    elif name == "lefthook":
        (clone / "lefthook.yml").write_text(LEFTHOOK.format(bin=pathlib.Path(CHECKERS)))
        run([program, "install"], clone)
    if name not in ("none", "sh", "tribunal", "previous"):
        run(["git", "add", "."], clone)
        run(["git", "commit", "-qnm", "chore: configure"], clone)


def stage(clone, count):
    rng = random.Random(count)
    listed = run(["git", "ls-files", "-z", "*.py"], clone).stdout.decode().split("\0")
    paths = [clone / path for path in listed if path and not (clone / path).is_symlink()]
    paths = paths[:: max(1, len(paths) // count)][:count]
    for path in paths:
        path.write_text(path.read_text() + text(rng, 3))
    run(["git", "add", "."], clone)


def timed(args, cwd):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    result = subprocess.run(args, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if result.returncode != 0:
        sys.exit(f"{args} in {cwd}: {result.stderr.decode(errors='replace')}")
    return wall * 1000, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def commit_rounds(clones, count, rounds):
    heads = {}
    for name, clone in clones.items():
        run(["git", "reset", "-q", "--hard"], clone)
        stage(clone, count)
        heads[name] = run(["git", "rev-parse", "HEAD"], clone).stdout.decode().strip()
    times = {name: [] for name in clones}
    for number in range(rounds + 2):
        names = list(clones)
        for name in names[number % len(names):] + names[: number % len(names)]:
            wall, _ = timed(["git", "commit", "-qm", "feat: measure one commit"], clones[name])
            run(["git", "update-ref", "HEAD", heads[name]], clones[name])
            if number >= 2:
                times[name].append(wall)
    for clone in clones.values():
        run(["git", "reset", "-q", "--hard"], clone)
    return times


def push_rounds(clones, rounds):
    times = {name: [] for name in clones}
    for name, clone in clones.items():
        run(["git", "clone", "-q", "--bare", str(clone), str(clone) + ".git"], clone)
        run(["git", "remote", "add", "upstream", str(clone) + ".git"], clone)
        run(["git", "fetch", "-q", "upstream"], clone)
    for number in range(rounds + 2):
        names = list(clones)
        for name in names[number % len(names):] + names[: number % len(names)]:
            clone = clones[name]
            (clone / "pushed.txt").write_text(f"{number}\n")
            run(["git", "add", "."], clone)
            run(["git", "commit", "-qnm", "feat: measure one push"], clone)
            wall, _ = timed(["git", "push", "-q", "upstream", "HEAD:refs/heads/topic"], clone)
            if number >= 2:
                times[name].append(wall)
    return times


def table(title, times):
    base = times["none"]
    print(f"\n{title}: no hook {statistics.median(base):.1f} ms")
    rows = {}
    for name, values in times.items():
        ratios = [value / floor for value, floor in zip(values, base)]
        rows[name] = {"ms": statistics.median(values), "ratio": statistics.median(ratios)}
        print(f"  {name:12} {rows[name]['ms']:8.1f} ms  ratio {rows[name]['ratio']:.2f}"
              f"  [{min(ratios):.2f}–{max(ratios):.2f}]")
    return rows


def main():
    parser = argparse.ArgumentParser()
    for name in ("tribunal", "prek", "lefthook", "pre-commit"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--previous", help="an earlier build of tribunal, beside this one")
    parser.add_argument("--checkers", help="the folder of the pre-commit-hooks programs")
    parser.add_argument("--repository", help="clone this one instead of making one")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--out")
    args = vars(parser.parse_args())
    global CHECKERS
    CHECKERS = args["checkers"] or os.path.dirname(args["pre_commit"] or "")
    managers = {"none": None, "sh": None}
    for name in ("tribunal", "previous", "prek", "lefthook", "pre_commit"):
        if args[name]:
            managers[name.replace("_", "-")] = os.path.abspath(args[name])
        else:
            print(f"skipped {name.replace('_', '-')}: no path was given")
    root = pathlib.Path(tempfile.mkdtemp(prefix="tribunal-bench-"))
    home = root / "home"
    home.mkdir()
    os.environ.update(HOME=str(home), GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@a.invalid",
                      GIT_COMMITTER_NAME="A", GIT_COMMITTER_EMAIL="a@a.invalid", NO_COLOR="1")
    try:
        origin = args["repository"] or str(root / "origin")
        if not args["repository"]:
            make_origin(root / "origin")
        clones = {}
        for name, program in managers.items():
            clone = root / name
            run(["git", "clone", "-q", origin, str(clone)], root)
            install(name, program, clone)
            clones[name] = clone
        results = {}
        for count in (1, 100):
            results[f"commit{count}"] = table(f"commit, {count} staged", commit_rounds(clones, count, args["rounds"]))
        results["push"] = table("push of one commit", push_rounds(clones, args["rounds"]))
        if args["out"]:
            pathlib.Path(args["out"]).write_text(json.dumps(results, indent=1) + "\n")
    finally:
        # A commit starts the watcher, as it does for a person.
        for name in ("tribunal", "previous"):
            if name in managers and (root / name).exists():
                subprocess.run([managers[name], "daemon", "stop"], cwd=root / name, stdout=subprocess.DEVNULL)
        shutil.rmtree(root, ignore_errors=True)


main()
