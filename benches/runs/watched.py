#!/usr/bin/env python3
"""Measures a watcher that builds one spec after the other: its memory, and how soon it answers meanwhile.

    benches/runs/watched.py --tribunal target/release/tribunal [--runs 200] [--out FILE]

Specs of one task each are saved one after the other, once the run before has ended; the agents (agent.py) answer at
once. After each run the memory of the watcher is read (resident, from /proc), and all the while it is asked how it is
(`tribunal daemon status`)."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "reviews"))
from common import run  # noqa: E402
from overhead import make, settle  # noqa: E402

FILES = 12
SETTLED = 10
LONGEST = 120


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def spec(number):
    return (
        f"---\nid: number-{number}\nstatus: ready\nsize: S\n---\n# Print {number}\n\n## Goal\nIt has a script.\n\n"
        f"## Acceptance criteria\n- **AC-{number}** WHEN `sh src/number_{number}.sh` is run THEN it prints "
        f"`{number}`. verify: test\n"
    )


def status(tribunal, folder):
    said = run([tribunal, "daemon", "status", "--format", "json"], folder).stdout
    return json.loads(said)


def await_branch(folder, number):
    """Waits until the run of that spec has published its branch."""
    deadline = time.monotonic() + LONGEST
    ref = folder / ".git/refs/heads/tribunal" / f"number-{number}"
    while not ref.exists():
        if time.monotonic() > deadline:
            sys.exit(f"the spec {number} was not built within {LONGEST} s")
        time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tribunal", required=True)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--out")
    options = parser.parse_args()
    tribunal = str(pathlib.Path(options.tribunal).resolve())
    work = pathlib.Path(tempfile.mkdtemp(prefix="tribunal-watched-"))
    folder, home = work / "r", work / "home"
    settle(work, home)
    del os.environ["TRIBUNAL_NO_DAEMON"]
    make(folder, FILES, 1)
    (folder / "docs/specs/numbers.md").unlink()
    # The watcher has none of the variables of who saves a spec.
    run(["git", "config", "user.name", "A Person"], folder)
    run(["git", "config", "user.email", "person@example.invalid"], folder)
    for words in (["trust", "commands", "--yes"], ["trust", "runs", "--yes"], ["daemon", "start"]):
        run([tribunal, *words], folder)
    pid = status(tribunal, folder)["daemon"]["pid"]
    kilobytes, answers, over = [], [], threading.Event()

    def ask():
        while not over.wait(0.5):
            began = time.perf_counter()
            status(tribunal, folder)
            answers.append(1000 * (time.perf_counter() - began))

    asking = threading.Thread(target=ask)
    asking.start()
    began = time.perf_counter()
    try:
        for number in range(1, options.runs + 1):
            (folder / f"docs/specs/number-{number}.md").write_text(spec(number))
            await_branch(folder, number)
            kilobytes.append(resident(pid))
    finally:
        over.set()
        asking.join()
        subprocess.run([tribunal, "daemon", "stop"], cwd=folder, check=False)
    settled = statistics.median(kilobytes[: SETTLED])
    last = statistics.median(kilobytes[-SETTLED:])
    figures = {
        "load": os.getloadavg(), "runs": options.runs, "seconds_a_run": (time.perf_counter() - began) / options.runs,
        "first_kib": settled, "last_kib": last, "most_kib": max(kilobytes), "last_to_first": last / settled,
        "answers": len(answers), "answer_ms_median": statistics.median(answers), "answer_ms_most": max(answers),
    }
    print(json.dumps(figures, indent=1))
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
