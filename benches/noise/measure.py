#!/usr/bin/env python3
"""Counts what the hooks would have said at the last commits of public repositories, and tries `init` in each.

    benches/noise/measure.py TRIBUNAL REPOSITORY... [--commits 200] [--wait 60] [--without-init]

Each REPOSITORY is a folder with a git repository; it is cloned (`git clone --shared`) and not changed. For each of its last commits that are no merges, HEAD stands at
the commit's parent and the index holds its tree, as when its author committed it; then `tribunal hook
pre-commit` and `tribunal hook commit-msg` run. What they print is counted, and `check --from PARENT --to
COMMIT --format json` says which gate it comes from. Then `init` runs in a clone that is checked out: what it
wrote, what it proposed, whether that starts (a command that still runs after WAIT seconds did), and what
`check --all` says before and once what was written is committed.
"""
import argparse, collections, json, os, re, statistics, subprocess, sys, tempfile, time


def git(repository, *arguments, text=None, env=None):
    done = subprocess.run(["git", "-C", repository, *arguments], capture_output=True, input=text, env=env)
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)} in {repository}: {done.stderr.decode()}")
    return done.stdout


def name_of(repository):
    path = os.path.abspath(repository).rstrip("/")
    parts = [part for part in path.split("/") if part not in ("repo", ".git")]
    return parts[-1].split("+")[-1]


class Replay:
    """A clone without a work tree, in which old commits are about to be made again."""

    def __init__(self, tribunal, repository, folder, env):
        self.tribunal, self.env = tribunal, env
        self.dir = os.path.join(folder, "replay")
        subprocess.run(["git", "clone", "--quiet", "--shared", "--no-checkout", repository, self.dir], check=True)
        self.message = os.path.join(self.dir, ".git", "COMMIT_EDITMSG")

    def call(self, *words):
        started = time.perf_counter()
        done = subprocess.run([self.tribunal, *words], cwd=self.dir, env=self.env, capture_output=True)
        return done, (time.perf_counter() - started) * 1000

    def commit(self, commit):
        """What the two hooks print and take, and the findings."""
        parent = git(self.dir, "rev-parse", commit + "^").decode().strip()
        git(self.dir, "update-ref", "--no-deref", "HEAD", parent)
        git(self.dir, "read-tree", commit)
        with open(self.message, "wb") as file:
            file.write(git(self.dir, "log", "-1", "--format=%B", commit))
        pre, took = self.call("hook", "pre-commit")
        msg, more = self.call("hook", "commit-msg", self.message)
        said = (pre.stdout + pre.stderr + msg.stdout + msg.stderr).decode(errors="replace").strip()
        blocked = pre.returncode != 0 or msg.returncode != 0
        findings = []
        if said:
            checked, _ = self.call("check", "--from", parent, "--to", commit, "--format", "json")
            findings = [f for f in json.loads(checked.stdout)["findings"] if f["effect"] != "shadow"]
        return said, blocked, took + more, findings


def noise(tribunal, repository, folder, env, count):
    replay = Replay(tribunal, repository, folder, env)
    commits = git(repository, "rev-list", "--no-merges", "--min-parents=1", f"--max-count={count}", "HEAD").decode().split()
    gates, lines, blocks, times, seen = collections.Counter(), 0, 0, [], []
    for commit in commits:
        said, blocked, took, findings = replay.commit(commit)
        times.append(took)
        if not said:
            continue
        lines += 1
        blocks += blocked
        gates.update({found["gate"] for found in findings} or {"other"})
        seen.append((commit[:10], said.splitlines()[0], findings))
    return {
        "name": name_of(repository), "commits": len(commits), "lines": lines, "blocked": blocks, "gates": gates,
        "median": statistics.median(times), "worst": max(times), "seen": seen,
    }


def init(tribunal, repository, folder, env, wait):
    """What `init` writes into a checkout, and whether the commands that it proposes start."""
    dir = os.path.join(folder, "init")
    subprocess.run(["git", "clone", "--quiet", "--shared", repository, dir], check=True)

    def call(*words):
        return subprocess.run([tribunal, *words], cwd=dir, env=env, capture_output=True, stdin=subprocess.DEVNULL)

    def all_files():
        findings = json.loads(call("check", "--all", "--format", "json").stdout)["findings"]
        effects = collections.Counter(found["effect"] for found in findings)
        return f"{effects['block']} blocked, {effects['warn']} warned"

    before = all_files()
    started = time.perf_counter()
    done = call("init")
    took = (time.perf_counter() - started) * 1000
    written = git(dir, "status", "--porcelain", "--untracked-files=all").decode().splitlines()
    policy = os.path.join(dir, "tribunal.toml")
    text = open(policy).read() if os.path.exists(policy) else ""
    again = call("init")
    starts = []
    for run in re.findall(r'^(?:# )?run = "(.*)"$', text, re.M):
        try:
            tried = subprocess.run(["sh", "-c", run], cwd=dir, capture_output=True, timeout=wait, stdin=subprocess.DEVNULL)
            starts.append((run, f"exit {tried.returncode}", tried.stderr.decode(errors="replace").strip()[-300:]))
        except subprocess.TimeoutExpired:
            starts.append((run, f"still running after {wait:.0f} s", ""))
    git(dir, "add", "--", *[line[3:] for line in written])
    made = subprocess.run(
        ["git", "-C", dir, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "chore: begin with tribunal"],
        env=env, capture_output=True)
    return {
        "ms": took, "code": done.returncode, "said": (done.stdout + done.stderr).decode(), "starts": starts,
        "written": [line[3:] for line in written], "again": (again.stdout + again.stderr).decode(),
        "commit": f"exit {made.returncode} {(made.stdout + made.stderr).decode().strip()}".strip(),
        "before": before, "after": all_files(),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tribunal")
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--wait", type=float, default=60)
    parser.add_argument("--without-init", action="store_true")
    options = parser.parse_args()
    tribunal = os.path.abspath(options.tribunal)
    rows = []
    for repository in map(os.path.abspath, options.repositories):
        with tempfile.TemporaryDirectory(prefix="noise-") as folder:
            home = os.path.join(folder, "home")
            os.mkdir(home)
            env = dict(os.environ, HOME=home, XDG_CONFIG_HOME=home, XDG_CACHE_HOME=home, TRIBUNAL_NO_DAEMON="1")
            row = noise(tribunal, repository, folder, env, options.commits)
            rows.append(row)
            print(f"## {row['name']}", flush=True)
            for commit, said, findings in row["seen"]:
                print(f"{commit}  {said}")
                for found in findings[:5]:
                    print(f"    {found['effect']} {found['gate']}/{found['rule']} {found['path']}:{found['line']}: {found['message']}")
            if not options.without_init:
                tried = init(tribunal, repository, folder, env, options.wait)
                row["init"] = tried
                print(f"init: exit {tried['code']} in {tried['ms']:.0f} ms\n{tried['said']}wrote: {tried['written']}")
                print(f"again: {tried['again'].strip()}\nits commit: {tried['commit']}")
                print(f"check --all: {tried['before']}; after the commit {tried['after']}")
                for run, how, end in tried["starts"]:
                    print(f"proposed: `{run}`: {how}" + (f"\n{end}" if end and how != "exit 0" else ""))
            sys.stdout.flush()
    print("\n| repository | commits | with a line | blocked | by gate | median | slowest |\n|---|---|---|---|---|---|---|")
    for row in rows:
        gates = ", ".join(f"{gate} {number}" for gate, number in row["gates"].most_common()) or "–"
        share = f"{row['lines']} ({100 * row['lines'] / row['commits']:.1f} %)"
        print(f"| {row['name']} | {row['commits']} | {share} | {row['blocked']} | {gates} | {row['median']:.0f} ms | {row['worst']:.0f} ms |")
    all_lines, all_commits = sum(row["lines"] for row in rows), sum(row["commits"] for row in rows)
    print(f"| all | {all_commits} | {all_lines} ({100 * all_lines / all_commits:.1f} %) | {sum(row['blocked'] for row in rows)} | | | |")
    if not options.without_init:
        inits = [row["init"] for row in rows]
        print("\n| repository | `init` writes | proposes | `check --all` before | after |\n|---|---|---|---|---|")
        for row, tried in zip(rows, inits):
            starts = "; ".join(f"`{run}`: {how}" for run, how, _ in tried["starts"]) or "–"
            print(f"| {row['name']} | {', '.join(tried['written'])} | {starts} | {tried['before']} | {tried['after']} |")


if __name__ == "__main__":
    main()
