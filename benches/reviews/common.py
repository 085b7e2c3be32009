"""What the measurements of reviews share: a person's settings with scripts for agents, and programs."""

import os
import subprocess

SETTINGS = """\
[budget]
run = 1000.0
day = 1000000.0
[agents]
executor = {{ use = "writer" }}
reviewer = {{ use = "reader" }}
arbiter = {{ use = "arbiter" }}
{agents}
[review]
background = "off"
{review}
[[command-agent]]
name = "writer"
family = "one"
run = {executor}
run-writing = {executor}
[[command-agent]]
name = "reader"
family = "two"
run = {reviewer}
[[command-agent]]
name = "arbiter"
family = "one"
run = {arbiter}
"""


def write_settings(home, command, agents="", review=""):
    """Writes the settings of a person whose agents are one command, to which the role is given."""
    settings = home / ".config/tribunal/config.toml"
    settings.parent.mkdir(parents=True)
    # A list of strings reads the same in Python, but for the quotes.
    of = {role: str([*command, role]).replace("'", '"') for role in ("executor", "reviewer", "arbiter")}
    settings.write_text(SETTINGS.format(agents=agents, review=review, **of))


def environment(home):
    """The variables of a person at home there, and nothing of the one who measures."""
    env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    env |= {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "TRIBUNAL_NO_DAEMON": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "A Person", f"GIT_{who}_EMAIL": "person@example.invalid"}
    return env


def run(args, cwd, **more):
    """Runs a program that must succeed; what it prints is kept."""
    return subprocess.run(args, cwd=cwd, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
