#!/usr/bin/env python3
"""Measures the watcher: what it costs to have it idle, and how long from a dropped spec to its record.

    benches/daemon/measure.py --tribunal target/release/tribunal [--repositories 20] [--minutes 1] [--rounds 5] [--specs 50]

So many repositories with so many known specs each are made and watched. All processes of the watcher are counted:
processor time (/proc/PID/stat in ticks of 10 ms, and schedstat in microseconds), resident memory and how often they
woke (/proc/PID/task/*/status, voluntary switches), before and after it was left alone for a while; it is given ten
seconds before, in which its first looks come. Then a spec is dropped in all repositories at once, round by round,
written beside and renamed in as editors do and, every other round, written in place; the clock of each runs from the
end of its write to its place in `.git/tribunal/specs.json`, which is looked at every millisecond.
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


def watchers(home):
    """The processes that were started by this home's user in the background."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"HOME={home}".encode() in variables and b"daemon" in words:
            found.append(int(entry.name))
    return found


def cost(pids):
    total = {"processes": len(pids), "ticks": 0, "ran_us": 0, "wakes": 0, "rss_kb": 0, "anon_kb": 0, "threads": 0}
    for pid in pids:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        field = lambda name: int(next(l for l in status.splitlines() if l.startswith(name)).split()[1])
        total["ticks"] += int(stat[11]) + int(stat[12])
        total["rss_kb"] += field("VmRSS")
        total["anon_kb"] += field("RssAnon")
        total["threads"] += field("Threads")
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total["ran_us"] += int((task / "schedstat").read_text().split()[0]) // 1000
            lines = (task / "status").read_text().splitlines()
            total["wakes"] += int(next(l for l in lines if l.startswith("voluntary_ctxt_switches")).split()[1])
    return total


SEEN = {}


def is_known(repo, id):
    """Reads the records only where they were replaced: parsing all of them at each look would take a processor."""
    path = repo / ".git/tribunal/specs.json"
    try:
        stat = path.stat()
        stamp = (id, stat.st_ino, stat.st_mtime_ns)
        if SEEN.get(repo) == stamp:
            return False
        SEEN[repo] = stamp
        return id in json.loads(path.read_text())["specs"]
    except (OSError, ValueError):
        return False


def await_known(repos, id, dropped=None, seconds=30):
    """How long each took, in ms; those that never came are an error."""
    times, left, deadline = [], dict(dropped or {repo: 0 for repo in repos}), time.perf_counter() + seconds
    while left:
        for repo in [repo for repo in left if is_known(repo, id)]:
            times.append((time.perf_counter() - left.pop(repo)) * 1000)
        if time.perf_counter() > deadline:
            sys.exit(f"{id} is lost in {len(left)} repositories")
        time.sleep(0.001)
    return times


def idle(home, minutes):
    before = cost(watchers(home))
    time.sleep(minutes * 60)
    after = cost(watchers(home))
    changed = {key: after[key] - before[key] for key in ("ticks", "ran_us", "wakes")}
    return {"minutes": minutes, **changed, **{key: after[key] for key in after if key not in changed}}


def drops(repos, rounds):
    times = []
    for number in range(rounds):
        id, dropped = f"drop-{number}", {}
        for repo in repos:
            final = repo / "docs/specs" / f"{id}.md"
            text = SPEC.format(id=id, goal=f"Drop number {number}.")
            if number % 2:
                final.write_text(text)
            else:
                beside = repo / "docs/specs" / f".{id}.tmp"
                beside.write_text(text)
                beside.rename(final)
            dropped[repo] = time.perf_counter()
        times += await_known(repos, id, dropped)
        time.sleep(0.5)
    times.sort()
    return {"drops": len(times), "median_ms": round(statistics.median(times), 1),
            "p95_ms": round(times[int(len(times) * 0.95) - 1], 1),
            "min_ms": round(times[0], 1), "max_ms": round(times[-1], 1)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tribunal", required=True)
    parser.add_argument("--repositories", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="how often a spec is dropped in each repository")
    parser.add_argument("--specs", type=int, default=50, help="how many specs each repository has while it idles")
    parser.add_argument("--out")
    args = parser.parse_args()
    tribunal = os.path.abspath(args.tribunal)
    root = pathlib.Path(tempfile.mkdtemp(prefix="tribunal-bench-"))
    home = root / "home"
    home.mkdir()
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        os.environ.pop(name, None)
    os.environ.update(HOME=str(home), GIT_CONFIG_NOSYSTEM="1", NO_COLOR="1")
    repos = [root / f"repo-{number}" for number in range(args.repositories)]
    try:
        starts = []
        for repo in repos:
            repo.mkdir()
            run(["git", "init", "-q"], repo)
            (repo / "docs/specs").mkdir(parents=True)
            for number in range(args.specs):
                name = f"known-{number}"
                (repo / "docs/specs" / f"{name}.md").write_text(SPEC.format(id=name, goal="Be known."))
            start = time.perf_counter()
            run([tribunal, "daemon", "start"], repo)
            starts.append((time.perf_counter() - start) * 1000)
        for number in range(args.specs):
            await_known(repos, f"known-{number}", seconds=120)
        start = time.perf_counter()
        run([tribunal, "daemon", "start"], repos[0])
        again_ms = (time.perf_counter() - start) * 1000
        result = {"first_start_ms": round(starts[0], 1), "start_ms": round(statistics.median(starts), 1),
                  "start_again_ms": round(again_ms, 1)}
        print(json.dumps(result), flush=True)
        time.sleep(10)
        result["idle"] = idle(home, args.minutes)
        print(json.dumps(result["idle"]), flush=True)
        result["latency"] = drops(repos, args.rounds)
        print(json.dumps(result["latency"]), flush=True)
        result["after"] = cost(watchers(home))
        print(json.dumps(result["after"]), flush=True)
        if args.out:
            pathlib.Path(args.out).write_text(json.dumps(result, indent=1) + "\n")
    finally:
        subprocess.run([tribunal, "daemon", "stop", "--all"], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(root, ignore_errors=True)


main()
