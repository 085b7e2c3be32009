"""Measures how long two independent tasks of a run take side by side, against the longer of the two alone.

    python3 side_by_side.py --tribunal ../../target/release/tribunal [--files 5000] [--seconds 3] [--rounds 3]
                            [--out FILE]

The agents (agent.py) take so many seconds for each answer. A run is made with `runs.tasks-at-once` 1 and with 2; what its
tasks took is read from its journal: from the beginning of a task's tests to the end of its commit."""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import statistics
import tempfile

import overhead
from common import run

TASKS = 2


def times(folder):
    """When the tasks of the run began and ended, in seconds."""
    states = [json.loads(path.read_text()) for path in folder.glob(".git/tribunal/runs/*/run.json")]
    state = next(state for state in states if "spec" in state["machine"])
    began, ended = {}, {}
    for entry in state["journal"]:
        words = entry["job"].split("-")
        if words[0] == "task":
            at = datetime.datetime.fromisoformat(entry["at"]).timestamp()
            began.setdefault(words[1], at)
            ended[words[1]] = at
    return began, ended


def measure(tribunal, work, files, seconds, at_once):
    folder, home = work / "r", work / "home"
    overhead.settle(work, home, seconds)
    overhead.make(folder, files, TASKS)
    run([tribunal, "trust", "commands", "--yes"], folder)
    run([tribunal, "run", "numbers", f"--set=runs.tasks-at-once={at_once}"], folder)
    began, ended = times(folder)
    shutil.rmtree(folder)
    shutil.rmtree(home)
    return began, ended


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tribunal", required=True)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out")
    options = parser.parse_args()
    tribunal = str(pathlib.Path(options.tribunal).resolve())
    work = pathlib.Path(tempfile.mkdtemp(prefix="tribunal-runs-"))
    figures = {"load": os.getloadavg(), "rounds": []}
    try:
        for _ in range(options.rounds):
            began, ended = measure(tribunal, work, options.files, options.seconds, 1)
            longer = max(ended[task] - began[task] for task in began)
            began, ended = measure(tribunal, work, options.files, options.seconds, 2)
            both = max(ended.values()) - min(began.values())
            figure = {"longer_s": round(longer, 2), "both_s": round(both, 2), "times": round(both / longer, 3)}
            figures["rounds"].append(figure)
            print(json.dumps(figure), flush=True)
        figures["times_median"] = statistics.median(figure["times"] for figure in figures["rounds"])
        figures["load_after"] = os.getloadavg()
        print(json.dumps(figures, indent=1))
        if options.out:
            pathlib.Path(options.out).write_text(json.dumps(figures, indent=1))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
