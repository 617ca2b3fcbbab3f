"""`inittui phase`: a run like any other, with theory's lines over it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from rich.cells import cell_len

from inittui.documents.json_documents import schema
from tests.support.commands import invoke, refused

SMALL = ("--scales", "0.2|1|2|4", "--upwards", "2|6|16", "--activation", "relu", "--limit", "3000",
         "--validation", "1000", "--layer-width", "32", "--quiet", "--width", "80")  # fmt: skip


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INITTUI_RUNS_DIR", str(tmp_path / "runs"))
    return tmp_path / "runs"


def test_the_map_the_run_that_is_kept_and_how_theory_agrees() -> None:
    """Rank correlation over 12 networks of one seed; measured 0.8 at this size."""
    done = invoke("phase", *SMALL, "--epochs", "4", "--json")
    found = json.loads(done.stdout)
    jsonschema.validate(found, schema("phase"))
    assert found["edge"] == pytest.approx(2)
    assert len(found["theory"]) == len(found["grid"]["cells"]) == 12
    assert found["agreement"]["cells"] == 12
    assert found["agreement"]["correlation"] > 0.6
    assert found["agreement"]["agreeing"] >= 9
    lines = invoke("runs", "show", "last", "--width", "80").stdout.splitlines()
    assert max(map(cell_len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert "relu's edge of chaos lies at σ_w² of about 2." in text
    assert "Rank correlation of accuracy and theory's limit ÷ depth over 12 cells: 0." in text
    assert "✕" in text  # at σ_w² = 4 the deepest diverges


def test_the_cost_is_told_first() -> None:
    small = tuple(word for word in SMALL if word != "--quiet")
    done = invoke("phase", *small, "--no-save", "--limit", "1200")
    assert "6/|ln χ₁| layers" in done.stdout
    first = done.stderr.splitlines()[0]
    assert first.startswith("inittui: 12 trials, ")
    assert first.endswith(" of training")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--data", "nope"), "there is no data set 'nope'"),
        (("--depth", "3"), "--depth is for --against bias or lr"),
        (("--against", "bias", "--bias", "1"), "--bias is one variance"),
        (("--scales", "-1|2"), "--scales: -1 is no number above 0"),
        (("--activation", "tanj"), "did you mean 'tanh'"),
    ],
)
def test_what_can_t_be_meant_trains_nothing(
    runs: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in refused("phase", *arguments)
    assert not runs.exists() or not list(runs.iterdir())
