"""Examples of each command: its help, the cheat sheet and the man page show them."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "compare": (
        "inittui compare zeros ones rule",
        "inittui compare rule normal:std=0.05 --seeds 3 --summary",
        "inittui compare --sweep normal:std=1e-3..1:4",
        "inittui compare rule normal --seeds 3 --fail-if 'rule worse-than normal'",
    ),
    "attach": ("inittui attach last", "inittui attach brisk-otter"),
    "lessons": ("inittui lessons", "inittui lessons variance"),
    "lesson": (
        "inittui lesson normal-distribution",
        "inittui lesson zeros-and-ones --fast",
    ),
    "inspect": (
        "inittui inspect ones rule kaiming_normal",
        "inittui inspect rule --when both --epochs 1",
        "inittui inspect rule --only 'fc*' --json",
    ),
    "check": (
        "inittui check lenet",
        "inittui check lenet --who 'conv*' --once",
        "inittui check --explain I302",
    ),
    "phase": ("inittui phase", "inittui phase --against lr --activation relu --quick"),
    "widths": ("inittui widths", "inittui widths rule kaiming_normal --check"),
    "schema": ("inittui schema compare", "inittui schema runs"),
    "models": (
        "inittui models",
        "inittui models lenet",
        "inittui models mlp --scheme kaiming_normal",
    ),
    "inits": (
        "inittui inits",
        "inittui inits rule",
        "inittui inits kaiming_normal --shape 64x3x3x3",
    ),
    "inits show": ("inittui inits show normal:std=0.1", "inittui inits show rule --density"),
    "data": (
        "inittui data",
        "inittui data fashion-mnist --count 3",
        "inittui data fashion-mnist --class sneaker --count 5",
    ),
    "data show": (
        "inittui data show --count 3",
        "inittui data show fashion-mnist --class bag -n 2",
    ),
    "settings": ("inittui settings", "inittui settings path"),
    "settings path": ("inittui settings path", 'cat "$(inittui settings path)"'),
    "settings edit": ("inittui settings edit", "EDITOR=nano inittui settings edit"),
    "runs": ("inittui runs", "inittui runs last", "inittui runs list --sort best -n 5"),
    "runs list": (
        "inittui runs list --sort best -n 5",
        "inittui runs list --scheme rule --since 7d",
        "inittui runs list --status finished --csv",
    ),
    "runs show": (
        "inittui runs show last --first all --log-y",
        "inittui runs show last --summary",
        "inittui runs show A B --overlay",
    ),
    "runs diff": ("inittui runs diff A B", "inittui runs diff A B --json"),
    "runs path": ("inittui runs path last", 'ls "$(inittui runs path last)"'),
    "runs rename": ("inittui runs rename last baseline", "inittui runs rename A wide"),
    "runs rm": ("inittui runs rm A", "inittui runs rm A B --yes"),
    "runs verify": ("inittui runs verify last", "inittui runs verify"),
    "runs resume": ("inittui runs resume last", "inittui runs resume A --json"),
    "runs repeat": ("inittui runs repeat last", "inittui runs repeat last --run"),
    "runs stop": ("inittui runs stop last", "inittui runs stop brisk-otter"),
    "runs export": (
        "inittui runs export last --format csv",
        "inittui runs export last -f svg -o report.svg",
    ),
    "help": ("inittui help compare", "inittui help cheatsheet", "inittui help man"),
}
"""By the command's words; A and B stand for runs."""
