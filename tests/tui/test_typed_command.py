"""A command line is read back as the experiment that it was written for."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inittui.errors import UsageError
from inittui.experiment.records import (
    CLASSIC_SCHEMES,
    DataConfig,
    Experiment,
    ModelConfig,
    TrainingConfig,
)
from inittui.experiment.settings import repeat_command
from inittui.experiment.toml import to_toml
from inittui.runs import create_run
from inittui.runs.asked import check_schemes
from inittui.tui.typed_command import is_command, read_command
from tests.support.experiments import experiments
from tests.support.torture import examples


@given(experiment=experiments())
def test_what_repeats_an_experiment_is_read_as_it(experiment: Experiment) -> None:
    line = repeat_command(experiment, Path("nowhere/experiment.toml"))
    if "--config" in shlex.split(line):
        return
    try:
        experiment.check()
        check_schemes(experiment)
    except UsageError as error:
        with pytest.raises(UsageError) as caught:
            read_command(line, Experiment())
        assert str(error).split()[-3:] == str(caught.value).split()[-3:]
    else:
        assert read_command(line, Experiment()) == experiment


def test_values_may_begin_with_a_dash() -> None:
    found = read_command("inittui compare rule --normalize -1,0.5 -e 3", Experiment())
    assert (found.data.mean, found.data.std, found.training.epochs) == (-1.0, 0.5, 3)


def test_one_s_own_model_is_compared_as_built_first_as_the_command_does() -> None:
    own = ModelConfig(name="mine.py:Net")
    found = read_command("inittui compare --model mine.py:Net", Experiment())
    assert found == Experiment(schemes=("built", *CLASSIC_SCHEMES), model=own)
    for made in (found, Experiment(model=own)):
        line = repeat_command(made, Path("nowhere/experiment.toml"))
        assert "--config" not in line
        assert read_command(line, Experiment()) == made


def test_a_file_and_what_is_typed_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a file.toml"
    made = Experiment(schemes=("ones",), data=DataConfig(limit=700))
    file.write_text(to_toml(made))
    line = f"inittui compare -c {shlex.quote(str(file))} --epochs 5"
    expected = Experiment(
        schemes=("ones",), data=DataConfig(limit=700), training=TrainingConfig(epochs=5)
    )
    assert read_command(line, Experiment()) == expected


WAYS = (
    "user@host:~$ inittui compare",
    "user@host ~ % inittui compare",
    "[user@host ~]# inittui compare",
    "(venv) $ inittui compare",
    "(venv) user@host:~/a-b$ inittui compare",
    "./.venv/bin/inittui compare",
    "$ /usr/bin/inittui compare",
    "python -m inittui compare",
    "❯ .venv/bin/python3.11 -m inittui compare",
)


@pytest.mark.parametrize("way", WAYS)
def test_prompts_and_paths_are_seen_through(way: str) -> None:
    assert read_command(f"{way} ones -e 3", Experiment()) == Experiment(
        schemes=("ones",), training=TrainingConfig(epochs=3)
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_a_terminal_pastes_them(end: str) -> None:
    lines = ("$ inittui compare rule \\", "  ones --layer 'fc*=zeros' \\", "  -e 3  # of 10", "")
    assert read_command(end.join(lines), Experiment()) == Experiment(
        schemes=("rule", "ones"), layers={"fc*": "zeros"}, training=TrainingConfig(epochs=3)
    )


def test_schemes_may_stand_on_either_side_of_an_option_and_are_spelled_as_known() -> None:
    found = read_command("inittui compare xavier-normal -e 3 ones/ones", Experiment())
    assert found.schemes == ("xavier_normal", "ones/ones")


def test_what_a_shell_would_act_on_may_stand_in_quotation_marks() -> None:
    sweep = "model.name=mlp|lenet"
    for quoted in (f"'{sweep}'", f'"{sweep}"', sweep.replace("|", "\\|")):
        assert read_command(f"inittui compare --sweep {quoted}", Experiment()).sweeps == (sweep,)


def test_a_run_is_named_as_on_the_command_line(tmp_path: Path) -> None:
    made = Experiment(schemes=("ones",), name="mine", data=DataConfig(limit=700))
    run = create_run(tmp_path, made)
    for name in ("last", "mine", run.id):
        assert read_command(f"inittui compare -c {name}", Experiment(), tmp_path) == made


def test_a_pipe_is_no_experiment(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a file"):
        read_command(f"inittui compare -c {tmp_path}/pipe", Experiment())


_PARTS = st.sampled_from(
    ["rule", "ones", "-e", "3", "--layer", "--sweep", "normal:std=0.1|1", "--config", "last", "--",
     "-", "--batch-norm", "--batch-norm=no", "--seeds", "10000", "'", '"', "\\", "\\\r", "\r\n",
     "\r", "#", ";", "&&", "|", "“rule”", "<scheme>", "rule,", "rule::", "\0", "\xa0", "9" * 5_000,
     "--hidden", "--model-arg", "--input", "ids:1", "inf", "nan", "--name", "@", "=", "a.toml"]
)  # fmt: skip


@settings(max_examples=examples(300))
@given(rest=st.lists(_PARTS | st.text(max_size=20), max_size=8), joint=st.sampled_from(["", " "]))
def test_whatever_is_pasted_is_an_experiment_or_one_line_of_refusal(
    rest: list[str], joint: str
) -> None:
    try:
        found = read_command("inittui compare " + joint.join(rest), Experiment(), Path("nowhere"))
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert found.schemes or found.layers or found.sweeps


@given(text=st.text())
def test_any_other_text_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_command(text, Experiment())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("inittui compare rule --epoch 2", "did you mean '--epochs'?"),
        ("inittui compare rule --frobnicate", "'--frobnicate' is no setting of an experiment"),
        ("inittui compare rule -e", "--epochs: its value is missing"),
        ("inittui compare rule --config --", "--config: its value is missing"),
        ("inittui compare rule --epochs=--", "--epochs=--: its value is missing"),
        ("inittui compare rule -c--", "-c--: its value is missing"),
        ("inittui compare rule -e two", "--epochs: 'two' is not a whole number"),
        ("inittui compare 'rule", "a quotation mark is missing"),
        ("inittui compare rule; echo x", "one command at a time"),
        ("inittui compare rule && inittui compare ones", "one command at a time"),
        ("inittui compare rule | tee log", "one command at a time"),
        ("inittui compare rule > log", "one command at a time"),
        ("inittui compare rule\r$ inittui compare ones", "one command at a time"),
        ("inittui compare <scheme> ones", "one command at a time"),
        ("inittui compare rule, ones", "scheme 'rule,', column 5"),
        ("inittui compare rule:: ones", "scheme 'rule::', column 6"),
        ("inittui compare “rule” ones", "column 1: expected the name"),
        ("inittui compare rule\xa0ones", "scheme 'rule ones', column 5"),
        ("inittui compare rulez", "did you mean 'rule'?"),
        ("inittui compare rule:foo=1", "rule"),
        ("inittui compare --layer 'fc*=rulez'", "did you mean 'rule'?"),
        ("inittui compare --sweep 'normal:sd=1|2'", "did you mean 'std'"),
        ("inittui compare --model lenett", "there is no model 'lenett'; did you mean 'lenet'?"),
        ("inittui compare --data nosuch", "there is no data set 'nosuch'"),
        ("inittui compare -e 0", "--epochs must be from 1"),
        ("inittui inspect rule", "begins with 'inittui compare'"),
    ],
)
def test_what_is_wrong_is_one_line(line: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_command(line, Experiment())
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("inittui compare", True), ("$ inittui  compare zeros", True), ("> inittui compare", True),
     *((line, True) for line in WAYS),
     ("inittui", False), ("", False), ("inittui compared", False), ("(venv) inittui", False),
     ("echo inittui compare", False), ("python -m pip compare", False), ("rule", False),
     ("inittui inspect", False),
     ("$ $ inittui compare", False)],
)  # fmt: skip
def test_what_is_taken_for_a_command(text: str, expected: bool) -> None:
    assert is_command(text) is expected
