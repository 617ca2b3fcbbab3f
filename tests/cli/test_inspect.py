"""`inittui inspect` as a person or a script runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len

from inittui.documents.json_documents import schema
from tests.support import commands
from tests.support.commands import inittui, invoke

QUICK = ("--limit", "600", "--hidden", "16,8", "--images", "64", "--quiet")


def run(*arguments: str) -> str:
    return commands.run("inspect", *arguments)


def document(*arguments: str) -> Any:
    return commands.document("inspect", *arguments)


def refused(*arguments: str) -> str:
    return commands.refused("inspect", *arguments)


def test_a_process_prints_the_report_and_nothing_else() -> None:
    done = inittui("inspect", "zeros", "rule", *QUICK)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert max(map(cell_len, done.stdout.splitlines())) <= 80
    assert "symmetric: equal units stay equal: fc1 (1 distinct among 16)" in done.stdout
    assert "before training: loss 2.3026 (ln 10 = 2.3026)" in done.stdout
    assert "after" not in done.stdout.split("What stands out")[1]


def test_of_several_seeds_the_report_says_which_it_is_of() -> None:
    printed = " ".join(run("rule", *QUICK, "--seeds", "2", "--seed", "5").split())
    assert "evaluation mode (no dropout), seed 5, one of 2," in printed
    assert "rule, seed 5, one of 2: no theory" in printed
    assert "by layer, before training, mean and range of 2 seeds" in printed
    assert "one of" not in " ".join(run("rule", *QUICK, "--seed", "5").split())


@pytest.mark.parametrize("width", [60, 120])
def test_reports_keep_to_the_width(width: int) -> None:
    printed = run("rule", *QUICK, "--width", str(width))
    assert max(map(cell_len, printed.splitlines())) <= width
    assert "variance of outputs by layer, before training" in printed


@pytest.mark.parametrize(
    ("when", "moments"),
    [("before", [["before"]] * 2), ("after", [["after"]] * 2), ("both", [["before", "after"]] * 2)],
)
def test_json_follows_its_schema(when: str, moments: list[list[str]]) -> None:
    trained = () if when == "before" else ("--epochs", "1")
    found = document("zeros", "rule", *QUICK, *trained, "--when", when)
    jsonschema.validate(found, schema("inspect"), jsonschema.Draft202012Validator)
    assert found["schema"] == "inittui.inspect/1"
    assert found["run"]["status"] == "finished"
    by_scheme: dict[str, list[dict[str, Any]]] = {}
    for probe in found["probes"]:
        by_scheme.setdefault(probe["scheme"], []).append(probe)
    assert [[probe["when"] for probe in probes] for probes in by_scheme.values()] == moments
    assert found["probes"][-1]["step"] == (0 if when == "before" else 5)


def test_json_says_who_wrote_the_start_values() -> None:
    found = document("rule", "--layer", "fc1=ones", *QUICK)
    start = {each["parameter"]: each["initializer"] for each in found["probes"][0]["start"]}
    assert start == {"fc1.weight": "ones", "fc1.bias": "zeros",
                     "fc2.weight": "rule", "fc2.bias": "zeros",
                     "fc3.weight": "rule", "fc3.bias": "zeros"}  # fmt: skip


def test_json_holds_every_quantity() -> None:
    found = document("zeros", *QUICK)
    (probe,) = found["probes"]
    assert (probe["images"], probe["classes"], probe["initializer"]) == (64, 10, "zeros")
    assert probe["chance_loss"] == pytest.approx(2.302585092994046)
    assert [layer["name"] for layer in probe["layers"]] == ["fc1", "fc2", "fc3"]
    first = probe["layers"][0]
    assert (first["units"], first["distinct_units"], first["dead"]) == (16, 1, 1.0)
    assert (first["between_samples"], first["gradient_ratio"]) == (0.0, "NaN")
    assert first["weights"]["count"] == 16 * 784
    assert first["weights"]["histogram"] == {
        "edges": [0.0, 0.0], "counts": [16 * 784], "under": 0, "over": 0, "density": None,
    }  # fmt: skip
    assert {finding["kind"] for finding in probe["findings"]} >= {"symmetric", "silent"}


def test_json_says_how_grave_a_finding_is_and_what_it_rests_on() -> None:
    (probe,) = document("zeros", *QUICK, "--dropout", "0")["probes"]
    found = {finding["kind"]: finding for finding in probe["findings"]}
    assert found["symmetric"]["severity"] == "error"
    assert found["symmetric"]["evidence"] == {"fc1": 16.0, "fc2": 8.0}
    assert probe["findings"][-1]["severity"] == "note"
    assert probe["learning"]["never"] == ["fc1.weight", "fc2.weight", "fc3.weight"]
    assert (probe["mode"], probe["head"]) == ("evaluation", "")
    assert [layer["stuck_units"] for layer in probe["layers"]] == [16, 8, 10]


@pytest.mark.parametrize("when", ["before", "both"])
def test_the_mode_is_that_of_the_first_step_where_norms_are_fresh(when: str) -> None:
    arguments = ("rule", *QUICK, "--batch-norm", "--when", when)
    found = document(*arguments)
    jsonschema.validate(found, schema("inspect"), jsonschema.Draft202012Validator)
    modes = [probe["mode"] for probe in found["probes"]]
    assert modes == ["first-step", "evaluation"][: len(modes)]
    printed = " ".join(run(*arguments).split())
    assert "batch statistics" in printed
    assert ("evaluation mode" in printed) == (when == "both")


RAW = """
import torch
from torch import nn

class Raw(nn.Module):
    def __init__(self, scale=0.05):
        super().__init__()
        self.first = nn.Parameter(torch.randn(784, 32) * scale)
        self.last = nn.Parameter(torch.randn(32, 10) * scale)

    def forward(self, images):
        return torch.relu(images.flatten(1) @ self.first) @ self.last
"""


@pytest.mark.parametrize("scale", ["0.05", "0"])
def test_a_model_of_raw_parameters_is_inspected(tmp_path: Path, scale: str) -> None:
    file = tmp_path / "raw.py"
    file.write_text(RAW)
    own = ("--model", f"{file}:Raw", "--model-arg", f"scale={scale}", "--images", "64", "--quiet")
    printed = run("default", *own)
    told = "error, no-gradient: no gradient reaches first, last"
    assert (told in printed) == (scale == "0")
    assert "variance of outputs" not in printed
    (probe,) = document("default", *own)["probes"]
    assert probe["layers"] == []
    assert probe["unmeasured"] == ["first", "last"]


def test_the_same_command_gives_the_same_numbers() -> None:
    one, other = (document("rule", *QUICK, "--seed", "3")["probes"] for _ in range(2))
    assert one == other
    assert document("rule", *QUICK)["probes"] != one


def test_percentile_density_and_only() -> None:
    (probe,) = document("normal", *QUICK, "--percentile", "90", "--density", "--only", "fc[12]")[
        "probes"
    ]
    assert [layer["name"] for layer in probe["layers"]] == ["fc1", "fc2"]
    weights = probe["layers"][0]["weights"]
    histogram = weights["histogram"]
    tenth = weights["count"] / 10
    assert histogram["under"] == pytest.approx(tenth, abs=1)
    assert histogram["over"] == pytest.approx(tenth, abs=1)
    widths = [b - a for a, b in zip(histogram["edges"], histogram["edges"][1:], strict=False)]
    area = sum(d * w for d, w in zip(histogram["density"], widths, strict=True))
    assert area == pytest.approx(0.8, abs=0.01)
    assert "from the 10 to the 90 percentile" in run("rule", *QUICK, "--percentile", "90")


def test_seeds_are_drawn_as_a_band_and_all_told_in_json() -> None:
    found = document("rule", *QUICK, "--seeds", "3")
    assert [probe["seed"] for probe in found["probes"]] == [0, 1, 2]
    printed = run("rule", *QUICK, "--seeds", "3", "--width", "60")
    assert printed.count("● rule\nbefore training") == 1


def test_standardised_pixels_and_the_split_of_a_tutorial() -> None:
    printed = run("rule", *QUICK, "--normalize", "0.2861,0.353", "--split", "torch:42")
    assert "fashion-mnist (pixels less 0.2861, by 0.353)" in " ".join(printed.split())


def test_models_that_take_no_images_are_shown_on_noise() -> None:
    printed = run("rule", "--model", "conv1d", "--images", "16", "--quiet")
    assert printed.startswith("conv1d on noise, 16 images")
    assert "Conv1d 16×64×3" in printed
    assert "conv1d" in refused("rule", "--model", "conv1d", "--when", "after")


def test_a_recorded_run_is_shown_from_its_log(tmp_path: Path) -> None:
    runs = ("--runs-dir", str(tmp_path))
    quick = tuple(part for part in QUICK if part not in ("--images", "64"))
    arguments = ["compare", "zeros", "rule", *quick, "-e", "1", "--inspect-every", "2", *runs]
    compared = invoke(*arguments)
    assert compared.exit_code == 0
    assert "What stands out" in compared.stdout
    assert "Layer by layer: inittui inspect --run 2" in compared.stdout
    found = document("--run", "last", *runs)
    moments = [(probe["when"], probe["step"]) for probe in found["probes"][:4]]
    assert moments == [("before", 0), ("step", 2), ("step", 4), ("after", 5)]
    assert found["run"]["path"].startswith(str(tmp_path))
    printed = run("--run", "last", *runs, "--only", "fc1", "--width", "100")
    assert "fc1 after" in printed
    shown = invoke("runs", "show", "last", *runs)
    assert "What stands out" in shown.stdout


def test_a_run_without_probes_says_how_to_get_them(tmp_path: Path) -> None:
    runs = ("--runs-dir", str(tmp_path))
    quick = tuple(part for part in QUICK if part not in ("--images", "64"))
    invoke("compare", "rule", *quick, *runs)
    assert "'inittui compare --inspect' does" in refused("--run", "last", *runs)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("rul",), "did you mean 'rule'?"),
        (("--when", "bfore"), "did you mean 'before'?"),
        (("--only", "conv*"), "the layers are: fc1, fc2, fc3"),
        (("--images", "0"), "--images must be from 1"),
        (("--percentile", "50"), "--percentile must be above 50"),
        (("--percentile", "nan"), "--percentile must be above 50"),
        (("--normalize", "0.5"), "--normalize: '0.5' is not of the form 0.2861,0.353"),
        (("--normalize", "0.5,0"), "the std to divide pixels by must be above 0, not 0"),
        (("--normalize", "nan,1"), "the mean to subtract from pixels must be a number"),
        (("--marker", "dots"), "there is no marker 'dots'"),
        (("--width", "3"), "--width must be from 20"),
        (("--run", "last", "--model", "lenet", "--seeds", "2"), "with --model, --seeds"),
        (("--run", "last"), "no run"),
    ],
)
def test_mistakes_are_one_clear_line(arguments: tuple[str, ...], expected: str) -> None:
    message = refused(*arguments)
    assert expected in message
    assert "\n" not in message


def test_the_first_values_of_a_weight_are_its_own() -> None:
    shown = run("constant:value=0.25@fc2=eye", *QUICK, "--values", "fc[12]")
    assert "fc1.weight of constant:value=0.25@fc2=eye, before training" in " ".join(shown.split())
    assert shown.count("  ".join(["0.25"] * 6)) == 6
    assert "rows 1 to 6 of" in shown and "columns 1 to 6 of 784" in shown
    (probe,) = document("constant:value=0.25@fc2=eye", *QUICK, "--values", "fc1")["probes"]
    first, second, *_ = probe["layers"]
    assert first["corner"] == [[0.25] * 6] * 6
    assert second["corner"] == [[float(i == j) for j in range(6)] for i in range(6)]
    (plain,) = document("rule", *QUICK)["probes"]
    assert plain["layers"][0]["corner"] is None
    assert "--values: no layer matches 'fc9'" in refused("rule", *QUICK, "--values", "fc9")


OWN = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=6):
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, width))
        self.a, self.b = nn.Linear(784, width), nn.Linear(width, 10)

    def forward(self, x):
        return self.b((self.a(x.flatten(1)) + self.token).tanh())

class Pair(Net):
    def forward(self, x, scale):
        return {"logits": super().forward(x) * scale, "scale": scale}
"""


def test_ones_own_model_is_looked_at_as_it_was_built(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN)
    found = document("--model", f"{file}:Net", "--limit", "100", "--quiet")
    assert [probe["scheme"] for probe in found["probes"]] == ["built"]
    assert found["probes"][0]["written"] == [
        {"by": "built", "tensors": 5, "values": 4786, "share": 1.0}
    ]
    jsonschema.validate(found, schema("inspect"))
    other = document("rule", "--model", f"{file}:Net", "--limit", "100", "--quiet")
    assert [each["by"] for each in other["probes"][0]["written"]] == ["scheme", "nobody"]


def test_inputs_and_outputs_of_ones_own_model(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN)
    model = ("--model", f"{file}:Pair", "--images", "8", "--quiet")
    inputs = ("--input", "3x784x1", "--input", "scale=pos:1")
    assert "shapes cannot be multiplied" in refused(*model, *inputs, "--output", "logits")
    inputs = ("--input", "16x49", "--input", "scale=pos:1")
    found = document(*model, *inputs, "--output", "logits")
    assert found["experiment"]["model"]["input"] == ["16x49", "scale=pos:1"]
    assert found["experiment"]["data"]["name"] == "fashion-mnist"
    on_noise = document(*model, *inputs, "--output", "logits", "--data", "noise")
    assert on_noise["experiment"]["data"]["name"] == "noise"
    assert on_noise["probes"][0]["loss"] != found["probes"][0]["loss"]
    said = refused(*model, *inputs)
    assert "name their part by --output; its parts are logits, scale" in said
    assert "'logit'; its parts are logits, scale" in refused(*model, *inputs, "--output", "logit")
    assert "none of ids:4:10" in refused(*model, "--input", "ids:4:10", "--data", "fashion-mnist")
