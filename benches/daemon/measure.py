#!/usr/bin/env python3
"""Measures the daemon: what it costs to have it idle, and how long from a dropped spec to its record.

    benches/daemon/measure.py --tribunal target/release/tribunal [--minutes 1] [--drops 100] [--specs 50]

A repository with so many known specs is made and the daemon started in it. Its processor time
(/proc/PID/stat in ticks of 10 ms, and schedstat in microseconds), its resident memory and how often it woke
(/proc/PID/task/*/status, voluntary switches) are read before and after it was left alone. Then specs
are dropped one at a time, written beside and renamed in as editors do and, every other time, written
in place; the clock runs from the end of the write to the record's appearance, which is awaited by
looking every half millisecond.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SPEC = """---
id: {id}
---
# Spec {id}

## Goal
{goal}

## Acceptance criteria
- **AC-1** WHEN it is called THEN it answers within 200 ms
  - verify: test
- **AC-2** WHEN the input is empty THEN it refuses with exit code 2
  - verify: `make check`
"""


def run(args, cwd):
    return subprocess.run(args, cwd=cwd, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode()


def cost(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    field = lambda name: int(next(l for l in status.splitlines() if l.startswith(name)).split()[1])
    wakes = ran = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        ran += int((task / "schedstat").read_text().split()[0]) // 1000
        wakes += int(next(l for l in lines if l.startswith("voluntary_ctxt_switches")).split()[1])
    return {"utime": int(stat[11]), "stime": int(stat[12]), "rss_kb": field("VmRSS"), "anon_kb": field("RssAnon"),
            "peak_kb": field("VmHWM"), "threads": field("Threads"), "wakes": wakes, "ran_us": ran}


def await_path(path, seconds=30):
    deadline = time.perf_counter() + seconds
    while not path.exists():
        if time.perf_counter() > deadline:
            sys.exit(f"{path} did not appear within {seconds} s")
        time.sleep(0.0005)


def idle(pid, minutes):
    before = cost(pid)
    time.sleep(minutes * 60)
    after = cost(pid)
    return {"minutes": minutes, "utime_ticks": after["utime"] - before["utime"],
            "stime_ticks": after["stime"] - before["stime"], "wakes": after["wakes"] - before["wakes"],
            "ran_us": after["ran_us"] - before["ran_us"],
            "rss_kb": after["rss_kb"], "anon_kb": after["anon_kb"], "peak_kb": after["peak_kb"],
            "threads": after["threads"]}


def drops(repo, count):
    times = []
    for number in range(count):
        name = f"drop-{number}"
        final = repo / "docs/specs" / f"{name}.md"
        text = SPEC.format(id=name, goal=f"Drop number {number}.")
        if number % 2:
            final.write_text(text)
        else:
            beside = repo / "docs/specs" / f".{name}.tmp"
            beside.write_text(text)
            beside.rename(final)
        start = time.perf_counter()
        await_path(repo / "docs/progress" / f"{name}.md")
        times.append((time.perf_counter() - start) * 1000)
        time.sleep(0.15)
    times.sort()
    return {"drops": count, "median_ms": round(statistics.median(times), 1), "p95_ms": round(times[int(count * 0.95) - 1], 1),
            "min_ms": round(times[0], 1), "max_ms": round(times[-1], 1)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tribunal", required=True)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--drops", type=int, default=100)
    parser.add_argument("--specs", type=int, default=50, help="how many specs are known while it idles")
    parser.add_argument("--out")
    args = parser.parse_args()
    tribunal = os.path.abspath(args.tribunal)
    root = pathlib.Path(tempfile.mkdtemp(prefix="tribunal-bench-"))
    (root / "home").mkdir()
    os.environ.update(HOME=str(root / "home"), GIT_CONFIG_NOSYSTEM="1", NO_COLOR="1")
    repo = root / "repo"
    repo.mkdir()
    try:
        run(["git", "init", "-q"], repo)
        (repo / "docs/specs").mkdir(parents=True)
        for number in range(args.specs):
            name = f"known-{number}"
            (repo / "docs/specs" / f"{name}.md").write_text(SPEC.format(id=name, goal="Be known."))
        start = time.perf_counter()
        run([tribunal, "daemon", "start"], repo)
        started_ms = (time.perf_counter() - start) * 1000
        for number in range(args.specs):
            await_path(repo / "docs/progress" / f"known-{number}.md")
        time.sleep(1)
        pid = json.loads((repo / ".git/tribunal/daemon.lock").read_text())["pid"]
        start = time.perf_counter()
        run([tribunal, "daemon", "start"], repo)
        again_ms = (time.perf_counter() - start) * 1000
        result = {"start_ms": round(started_ms, 1), "start_again_ms": round(again_ms, 1)}
        print(json.dumps(result), flush=True)
        result["idle"] = idle(pid, args.minutes)
        print(json.dumps(result["idle"]), flush=True)
        result["latency"] = drops(repo, args.drops)
        print(json.dumps(result["latency"]), flush=True)
        result["after"] = cost(pid)
        print(json.dumps(result["after"]), flush=True)
        if args.out:
            pathlib.Path(args.out).write_text(json.dumps(result, indent=1) + "\n")
    finally:
        subprocess.run([tribunal, "daemon", "stop"], cwd=repo, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(root, ignore_errors=True)


main()
