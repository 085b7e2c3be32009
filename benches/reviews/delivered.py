#!/usr/bin/env python3
"""Counts what the reviews of large changes would send: calls, bytes of prompts, tokens and dollars.

    benches/reviews/delivered.py TRIBUNAL REPOSITORY RANGE... [--calls N] [--wrong N] [--out FILE]

REPOSITORY is a folder with a git repository; it is cloned (`git clone --shared`) and not changed. RANGE is
`11.0.2..12.0.0`. Reviewer and arbiter are a script (agent.py) that reads its question to the end and finds
nothing. What is counted is what arrives at it, beside the bytes of `git diff -M -U10` of the same range. A token is taken as
3.5 bytes, a dollar amount as that of `[prices] default` (5 for a million tokens in, 30 for a million out) with 50 tokens of
answer for each section; what a program adds to a prompt of its own is not in it. `--calls` sets `review.calls`, `--wrong N`
makes the count of the Nth section that is shown wrong, once.
"""
import argparse, json, pathlib, re, subprocess, sys, tempfile, time

from common import environment, run, write_settings

HERE = pathlib.Path(__file__).resolve().parent
AGENT = HERE / "agent.py"
BYTES_A_TOKEN, IN, OUT, ANSWER = 3.5, 5e-6, 30e-6, 50

# Answers as agent.py does, counts what it is asked, and miscounts one section once.
COUNTING = """\
import json, os, pathlib, subprocess, sys
agent, work, wrong, role = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
question = sys.stdin.buffer.read()
answered = subprocess.run([sys.executable, "-I", "-S", agent, role], input=question, stdout=subprocess.PIPE, check=True)
answer = json.loads(answered.stdout)
with open(work / "calls", "a") as log:
    log.write(f"{role} {len(question)} {len(answer.get('attestation', []))}\\n")
seen = sum(int(line.split()[2]) for line in (work / "calls").read_text().splitlines())
shown = answer.get("attestation", [])
if wrong and role == "reviewer" and seen - len(shown) < wrong <= seen and not (work / "was-wrong").exists():
    (work / "was-wrong").touch()
    shown[wrong - 1 - seen + len(shown)]["added_lines"] += 1000
print(json.dumps(answer))
"""

def git(repository, *words):
    return run(["git", *words], repository).stdout


def measure(options, span):
    with tempfile.TemporaryDirectory(prefix="tribunal-reviews-") as folder:
        work = pathlib.Path(folder)
        home, clone = work / "home", work / "clone"
        run(["git", "clone", "-q", "--shared", "--no-checkout", str(options.repository), str(clone)], work)
        program = work / "counting.py"
        program.write_text(COUNTING)
        (work / "calls").touch()
        command = [sys.executable, "-I", "-S", str(program), str(AGENT), str(work), str(options.wrong)]
        calls = f"calls = {options.calls}" if options.calls else ""
        write_settings(home, command, agents="parallel = 1", review=calls)
        old, new = span.split("..")
        began = time.perf_counter()
        words = [options.tribunal, "--format", "json", "review", "--from", old, "--to", new]
        done = subprocess.run(words, cwd=clone, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        took = time.perf_counter() - began
        said = json.loads(done.stdout) if done.stdout else {}
        asked = [line.split() for line in (work / "calls").read_text().splitlines()]
    sent, sections = sum(int(size) for _, size, _ in asked), sum(int(count) for *_, count in asked)
    whole = len(git(options.repository, "diff", "-M", "-U10", old, new))
    tokens = sent / BYTES_A_TOKEN
    return {
        "range": span, "exit": done.returncode, "verdict": said.get("verdict", done.stderr.decode()[-300:]),
        "reason": re.sub(r"\s+", " ", said.get("review", {}).get("reason") or "")[:200],
        "calls": len(asked), "sections": sections, "prompt_bytes": sent, "git_diff_bytes": whole,
        "ratio": round(sent / whole, 2), "tokens": round(tokens),
        "dollars": round(tokens * IN + sections * ANSWER * OUT, 2), "seconds": round(took, 1),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tribunal")
    parser.add_argument("repository")
    parser.add_argument("ranges", nargs="+")
    parser.add_argument("--calls", type=int)
    parser.add_argument("--wrong", type=int, default=0)
    parser.add_argument("--out")
    options = parser.parse_args()
    options.tribunal = str(pathlib.Path(options.tribunal).resolve())
    options.repository = pathlib.Path(options.repository).resolve()
    figures = []
    for span in options.ranges:
        figures.append(measure(options, span))
        print(json.dumps(figures[-1], indent=1), flush=True)
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
