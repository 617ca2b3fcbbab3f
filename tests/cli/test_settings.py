"""`inittui settings`: what was set once and for all, and where each value comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inittui.cli.settings import compare_defaults
from inittui.errors import UsageError
from tests.support.commands import document, invoke, refused


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INITTUI_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("INITTUI_RUNS_DIR", str(tmp_path / "runs"))
    return tmp_path / "settings.toml"


SMALL = '[compare]\nschemes = ["rule"]\nlimit = 300\nhidden = [8, 4]\nepochs = 1\nseeds = 2\n'


def test_comparisons_begin_from_the_file_and_options_override_it(file: Path) -> None:
    file.write_text(SMALL)
    found = json.loads(invoke("compare", "-q", "--json", "--no-save", "--seeds", "1").stdout)
    experiment = found["experiment"]
    assert experiment["schemes"] == ["rule"]
    assert experiment["model"]["hidden"] == [8, 4]
    assert experiment["data"]["limit"] == 300
    assert experiment["seeds"] == [0]


def test_each_value_says_where_it_comes_from(file: Path) -> None:
    file.write_text('palette = "safe"\n' + SMALL + '[keymap]\n"compare.run" = "f5"\n')
    rows = {row["name"]: row for row in document("settings")["settings"]}
    assert rows["compare.hidden"] == {
        "name": "compare.hidden", "value": "8,4", "source": str(file),
    }  # fmt: skip
    assert rows["compare.lr"]["source"] == "default"
    assert rows["compare.lr"]["value"] == "0.001"
    assert rows["runs_dir"]["source"] == "INITTUI_RUNS_DIR"
    assert rows["palette"]["source"] == str(file)
    assert rows["marker"]["source"] == "default"
    assert rows["keymap.compare.run"]["value"] == "f5"
    shown = invoke("settings", "--width", "80").stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "compare.hidden" in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[compare]\nmodell = 'lenet'", "has no 'modell'; did you mean 'model'?"),
        ("[compare]\nepochs = 'x'", "epochs: 'x' is not a whole number"),
        ("[compare]\nactivation = 'swish'", "did you mean 'silu'?"),
    ],
)
def test_mistakes_name_the_file_before_any_training(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    assert said in refused("compare", "rule")
    assert str(file) in refused("compare", "rule")
    with pytest.raises(UsageError):
        compare_defaults()


def test_the_file_is_named_and_edited(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoke("settings", "path").stdout == f"{file}\n"
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    assert "$EDITOR" in refused("settings", "edit")
    monkeypatch.setenv("EDITOR", "true")
    assert invoke("settings", "edit").exit_code == 0
    assert "[compare]" in file.read_text()
