"""What `inittui compare` refuses: one line that says what is wrong, and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from inittui.cli.main import main
from tests.support.commands import inittui


@pytest.fixture
def runs(tmp_path: Path) -> str:
    return str(tmp_path / "runs")


BAD: list[tuple[tuple[str, ...], int, str]] = [
    (("zeroes",), 2, "did you mean 'zeros'"),
    (("normal:std=-1",), 2, "std"),
    (("uniform:low=1,high=0",), 2, "low"),
    (("normal:sdt=1",), 2, "did you mean 'std'"),
    (("normal:std=",), 2, "column 12"),
    (("rule/",), 2, "column 6"),
    (("rule junk",), 2, "column 5"),
    (("normal:std=1e999",), 2, "std"),
    (("rule", "rule"), 2, "twice"),
    (("--model", "mpl"), 2, "did you mean 'mlp'"),
    (("--data", "fashion"), 2, "did you mean 'fashion-mnist'"),
    (("--optimizer", "adm"), 2, "did you mean 'adam'"),
    (("--activation", "rellu"), 2, "did you mean 'relu'"),
    (("--hidden", "0"), 2, "from 1 to"),
    (("--hidden", "3,x"), 2, "--hidden"),
    (("--epochs", "0"), 2, "epochs"),
    (("--epochs", "-1"), 2, "epochs"),
    (("--batch-size", "0"), 2, "--batch-size must be from 1"),
    (("--limit", "-5"), 2, "limit"),
    (("--limit", "60001"), 2, "60,000"),
    (("--seeds", "0"), 2, "--seeds"),
    (("--seed", "-1"), 2, "seed"),
    (("--lr", "0"), 2, "--lr must be"),
    (("--lr", "nan"), 2, "--lr must be"),
    (("--dropout", "1"), 2, "dropout"),
    (("--validation", "0"), 2, "validation"),
    (("--validation", "70000"), 2, "70,000"),
    (("--device", "cuda:99"), 4, "CUDA"),
    (("--device", "tpu"), 2, "tpu"),
    (("--first", "x"), 2, "--first"),
    (("--stack", "0"), 2, "--stack"),
    (("--width", "3"), 2, "--width"),
    (("--json", "--csv"), 2, "not both"),
    (("--config", "nowhere.toml"), 2, "nowhere.toml"),
    (("--hiden", "3"), 2, "--hidden"),
    (("--runs-dir", "/proc/nothing"), 4, "/proc/nothing"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_is_one_line(
    arguments: tuple[str, ...],
    code: int,
    said: str,
    runs: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["inittui", *bad_command(arguments, runs)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code == code, err
    assert (out, len(err.splitlines())) == ("", 1), err
    assert said in err
    assert not Path(runs).exists()


@pytest.mark.parametrize(("arguments", "code", "said"), [BAD[0], BAD[8], BAD[-2], BAD[-1]])
def test_a_process_says_it_in_one_line_too(
    arguments: tuple[str, ...], code: int, said: str, runs: str
) -> None:
    finished = inittui(*bad_command(arguments, runs))
    assert (finished.returncode, finished.stdout) == (code, "")
    assert len(finished.stderr.splitlines()) == 1, finished.stderr
    assert said in finished.stderr


def bad_command(arguments: tuple[str, ...], runs: str) -> list[str]:
    where = () if "--runs-dir" in arguments else ("--runs-dir", runs)
    return ["compare", "--limit", "500", *where, *arguments]


def test_a_toml_file_with_an_unknown_key_names_line_and_key(tmp_path: Path, runs: str) -> None:
    file = tmp_path / "e.toml"
    file.write_text('schemes = ["rule"]\n\n[training]\nepochs = 1\nlearning = 3\n')
    finished = inittui("compare", "--config", str(file), "--runs-dir", runs)
    assert finished.returncode == 2
    assert "line 5" in finished.stderr
    assert "learning" in finished.stderr
    file.write_text("schemes = [\n")
    assert "TOML" in inittui("compare", "--config", str(file)).stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('schemes = ["zeross"]', "there is no initializer 'zeross'; did you mean 'zeros'?"),
        ("seeds = [0, 0]", "seed '0' is given twice"),
        ("[training]\nepochs = 0", "epochs must be from 1"),
    ],
)
def test_a_value_of_a_file_is_told_with_the_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    done = inittui("compare", "--config", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"inittui: {file}: ")
    assert message in done.stderr
