#!/usr/bin/env python3
"""Times what tribunal adds to a run of twenty tasks beside git, the tests and the agents.

    benches/runs/overhead.py --tribunal target/release/tribunal [--files 5000] [--tasks 20] [--rounds 3]
                             [--out FILE]

The agents (agent.py) answer at once. Again and again it is looked which programs the run has
under way: git, agents, and the sandbox in which the tests run. What is left of the wall time, where there is
none of them, is tribunal's own, with the gates in it: an upper bound of what it adds. Its own processor time, without that of
what it started, is told beside it."""

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

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "reviews"))
from common import environment, run  # noqa: E402

WORDS = "ledger verdict commit finding branch object gate review policy change hunk tree blob ref rule".split()

RUNNER = """\
bad=0
{
  echo '<testsuites><testsuite name="sh">'
  for test in tests/*_test.sh; do
    if said=$(sh "$test" 2>&1); then
      echo "<testcase name=\\"$test\\"/>"
    else
      bad=1
      echo "<testcase name=\\"$test\\"><failure message=\\"$said\\">$said</failure></testcase>"
      echo "$test: $said" >&2
    fi
  done
  echo '</testsuite></testsuites>'
} >"$TRIBUNAL_REPORT"
exit $bad
"""

POLICY = """\
[gates]
scope = "off"
[[commands]]
name = "tests"
run = "sh run-tests"
format = "junit"
"""

SETTINGS = """\
[budget]
run = 1000.0
day = 1000000.0
[agents]
planner.use = "writer"
executor.use = "writer"
reviewer.use = "reader"
arbiter.use = "writer"
[prices]
writer = {{ input = 0, output = 0 }}
reader = {{ input = 0, output = 0 }}
[[command-agent]]
name = "writer"
family = "one"
run = ["{agent}"]
run-writing = ["{agent}"]
[[command-agent]]
name = "reader"
family = "two"
run = ["{agent}"]
"""


def make(folder, files, tasks):
    rng = random.Random(20260102)
    folder.mkdir()
    run(["git", "init", "-q", "-b", "main"], folder)
    for number in range(files):
        path = folder / f"pkg{number % 61:02}" / f"mod{number % 13:02}" / f"file{number:04}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = rng.randint(20, 160)
        path.write_text("".join(" ".join(rng.choices(WORDS, k=8)) + "\n" for _ in range(lines)))
    for path, text in {
        "tribunal.toml": POLICY, "run-tests": RUNNER, "src/hello.sh": "echo hello\n",
        "tests/hello_test.sh": '[ "$(sh src/hello.sh)" = hello ] || { echo "assert: no hello"; exit 1; }\n',
    }.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    run(["git", "add", "."], folder)
    run(["git", "commit", "-qm", "feat: begin"], folder)
    # As a clone has it.
    run(["git", "repack", "-adq"], folder)
    criteria = "".join(
        f"- **AC-{n}** WHEN `sh src/number_{n}.sh` is run THEN it prints `{n}`. verify: test\n"
        for n in range(1, tasks + 1)
    )
    spec = folder / "docs/specs/numbers.md"
    spec.parent.mkdir(parents=True)
    spec.write_text(
        "---\nid: numbers\nstatus: ready\nsize: M\n---\n# Print numbers\n\n## Goal\nEach has a script.\n\n"
        f"## Acceptance criteria\n{criteria}"
    )


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def watched(process, own):
    """What the process has under way until it ends: for how long which programs, in seconds."""
    kinds = {"git": "git", "bwrap": "tests", "agent": "agents"}
    known, spent, looks = {}, {"git": 0.0, "tests": 0.0, "agents": 0.0, "none": 0.0}, 0
    processor = 0
    last = time.perf_counter()
    while process.poll() is None:
        pids = " ".join(read(path) for path in pathlib.Path(f"/proc/{process.pid}/task").glob("*/children")).split()
        for pid in pids:
            # Until it has become its program it has the name of ours.
            if known.get(pid, own) == own:
                known[pid] = read(f"/proc/{pid}/comm").strip() or own
        # Of the process alone, without what it started.
        fields = read(f"/proc/{process.pid}/stat").rsplit(")", 1)[-1].split()
        processor = max(processor, sum(map(int, fields[11:13])) if fields else 0)
        now = time.perf_counter()
        names = [kinds.get(known[pid]) for pid in pids]
        kind = next((kind for kind in ("agents", "tests", "git") if kind in names), "none")
        spent[kind] += now - last
        last, looks = now, looks + 1
        time.sleep(0.001)
    spent["none"] += time.perf_counter() - last
    return spent, looks, processor / os.sysconf("SC_CLK_TCK")


def settle(work, home, seconds=0):
    """Has this process be a person at home there, whose agents are agent.py and take so many seconds more."""
    agent = work / "agent"
    wait = f"sleep {seconds}\n" if seconds else ""
    agent.write_text(f"#!/bin/sh\n{wait}'{sys.executable}' -I -S '{HERE / 'agent.py'}'\n")
    agent.chmod(0o755)
    settings = home / ".config/tribunal/config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(SETTINGS.format(agent=agent))
    os.environ.clear()
    os.environ.update(ENVIRONMENT | environment(home))


def measure(tribunal, work, files, tasks, number):
    folder, home = work / f"r{number}", work / f"home{number}"
    settle(work, home)
    make(folder, files, tasks)
    run([tribunal, "trust", "commands", "--yes"], folder)
    out = (work / "out").open("w+")
    began = time.perf_counter()
    process = subprocess.Popen([tribunal, "run", "numbers", "--format", "json", "--set=runs.tasks-at-once=1"], cwd=folder, stdout=out, stderr=subprocess.STDOUT)
    spent, looks, processor = watched(process, pathlib.Path(tribunal).name[:15])
    wall = time.perf_counter() - began
    out.seek(0)
    said = out.read()
    if process.returncode != 0:
        sys.exit(f"the run ended with {process.returncode}:\n{said}")
    commits = run(["git", "rev-list", "--count", "main..tribunal/numbers"], folder).stdout.decode().strip()
    if int(commits) != tasks + 2:
        sys.exit(f"{commits} commits were made")
    figures = {"wall_s": wall, "looks": looks, "between_looks_ms": 1000 * wall / looks}
    figures |= {f"{kind}_s": seconds for kind, seconds in spent.items()}
    figures["processor_ms_a_task"] = 1000 * processor / tasks
    figures["own_ms_a_task"] = 1000 * spent["none"] / tasks
    shutil.rmtree(folder)
    shutil.rmtree(home)
    return {name: round(value, 2) for name, value in figures.items()}


ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tribunal", required=True)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out")
    options = parser.parse_args()
    tribunal = str(pathlib.Path(options.tribunal).resolve())
    work = pathlib.Path(tempfile.mkdtemp(prefix="tribunal-runs-"))
    figures = {"load": os.getloadavg(), "rounds": []}
    try:
        for number in range(options.rounds):
            figure = measure(tribunal, work, options.files, options.tasks, number)
            figures["rounds"].append(figure)
            print(json.dumps(figure), flush=True)
        own = [figure["own_ms_a_task"] for figure in figures["rounds"]]
        figures |= {"own_ms_a_task_median": statistics.median(own), "load_after": os.getloadavg()}
        print(json.dumps(figures, indent=1))
        if options.out:
            pathlib.Path(options.out).write_text(json.dumps(figures, indent=1))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
