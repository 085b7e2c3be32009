#!/usr/bin/env python3
"""Counts what the reviews of large changes would send: calls, bytes of prompts, tokens and dollars.

    benches/reviews/measure.py TRIBUNAL REPOSITORY RANGE... [--calls N] [--wrong N] [--out FILE]

REPOSITORY is a folder with a git repository; it is cloned (`git clone --shared`) and not changed. RANGE is
`11.0.2..12.0.0`. Reviewer and arbiter are a script (../review/agent.py) that reads its question to the end and finds
nothing. What is counted is what arrives at it, beside the bytes of `git diff -M -U10` of the same range. A token is taken as
3.5 bytes, a dollar amount as that of `[prices] default` (5 for a million tokens in, 30 for a million out) with 50 tokens of
answer for each section; what a program adds to a prompt of its own is not in it. `--calls` sets `review.calls`, `--wrong N`
makes the count of the Nth section that is shown wrong, once.
"""
import argparse, json, os, pathlib, re, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
AGENT = HERE.parent / "review" / "agent.py"
BYTES_A_TOKEN, IN, OUT, ANSWER = 3.5, 5e-6, 30e-6, 50

# Answers as agent.py does, counts what it is asked, and miscounts one section once.
COUNTING = """\
import json, os, pathlib, subprocess, sys
role, work, wrong = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
question = sys.stdin.buffer.read()
answered = subprocess.run([sys.executable, "-I", "-S", sys.argv[4], role], input=question, stdout=subprocess.PIPE, check=True)
answer = json.loads(answered.stdout)
with open(work / "calls", "a") as log:
    log.write(f"{role} {len(question)} {len(answer.get('attestation', []))}\\n")
seen = sum(int(line.split()[2]) for line in (work / "calls").read_text().splitlines())
shown = answer.get("attestation", [])
if wrong and seen - len(shown) < wrong <= seen and not (work / "was-wrong").exists():
    (work / "was-wrong").touch()
    shown[wrong - 1 - seen + len(shown)]["added_lines"] += 1000
print(json.dumps(answer))
"""

SETTINGS = """\
[budget]
run = 1000.0
day = 1000000.0
[agents]
executor = {{ use = "writer" }}
reviewer = {{ use = "reader" }}
arbiter = {{ use = "writer" }}
parallel = 1
[review]
background = "off"
{calls}
[[command-agent]]
name = "writer"
family = "one"
run = ["{python}", "-I", "-S", "{program}", "arbiter", "{work}", "0", "{agent}"]
[[command-agent]]
name = "reader"
family = "two"
run = ["{python}", "-I", "-S", "{program}", "reviewer", "{work}", "{wrong}", "{agent}"]
"""


def git(repository, *words):
    return subprocess.run(["git", "-C", repository, *words], check=True, stdout=subprocess.PIPE).stdout


def measure(options, span):
    with tempfile.TemporaryDirectory(prefix="tribunal-reviews-") as folder:
        work = pathlib.Path(folder)
        home, clone = work / "home", work / "clone"
        subprocess.run(["git", "clone", "-q", "--shared", "--no-checkout", options.repository, str(clone)], check=True)
        program = work / "counting.py"
        program.write_text(COUNTING)
        (work / "calls").touch()
        settings = home / ".config/tribunal/config.toml"
        settings.parent.mkdir(parents=True)
        calls = f"calls = {options.calls}" if options.calls else ""
        settings.write_text(SETTINGS.format(
            calls=calls, python=sys.executable, program=program, work=work, agent=AGENT, wrong=options.wrong,
        ))
        old, new = span.split("..")
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        env = {**kept, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "TRIBUNAL_NO_DAEMON": "1"}
        began = time.perf_counter()
        words = [options.tribunal, "--format", "json", "review", "--from", old, "--to", new]
        done = subprocess.run(words, cwd=clone, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
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
    figures = []
    for span in options.ranges:
        figures.append(measure(options, span))
        print(json.dumps(figures[-1], indent=1), flush=True)
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
