"""The JSON document, its schema and the CSV: complete, valid, and the same facts as the state."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from inittui.documents.compare import CompareDocument, compare_document
from inittui.documents.json_documents import generated_schema, schema
from inittui.documents.table import compare_csv
from inittui.errors import UsageError
from inittui.text import sanitize
from tests.support.runs import Made, made_run, run_state
from tests.support.write_schemas import DOCUMENTS

RUNS = ("classic", "seeds", "diverged", "interrupted", "running", "empty")


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        compare_document(run_state(name), Path("/runs/1")), parse_constant=pytest.fail
    )
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schema_is_written_down_as_it_is(name: str) -> None:
    """After a change of the types: python -m tests.support.write_schemas."""
    assert schema(name) == json.loads(json.dumps(generated_schema(DOCUMENTS[name])))
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_unknown_schema() -> None:
    with pytest.raises(UsageError, match="did you mean 'compare'"):
        schema("compar")


@pytest.mark.parametrize("name", RUNS)
def test_documents_follow_their_schema(name: str) -> None:
    jsonschema.validate(document(name), schema("compare"))


@pytest.mark.parametrize(
    ("where", "value"),
    [("seed", "0"), ("status", "done"), ("loss", ["nan"]), ("val_accuracy", "high")],
)
def test_the_schema_refuses_what_is_wrong(where: str, value: object) -> None:
    changed = document("classic")
    changed["trials"][0][where] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed, schema("compare"))


@pytest.mark.parametrize("name", RUNS)
def test_documents_can_be_read_back(name: str) -> None:
    text = compare_document(run_state(name), None)
    assert msgspec.json.encode(msgspec.json.decode(text, type=CompareDocument)).decode() == text


@pytest.mark.parametrize("name", RUNS)
def test_trials_are_those_of_the_state(name: str) -> None:
    state, found = run_state(name), document(name)
    assert found["schema"] == "inittui.compare/1"
    assert len(found["trials"]) == len(state.trials)
    for trial, shown in zip(state.trials, found["trials"], strict=True):
        assert (shown["scheme"], shown["seed"], shown["status"]) == (
            trial.scheme,
            trial.seed,
            trial.status,
        )
        assert [float(value) for value in shown["loss"]] == pytest.approx(
            list(trial.losses), nan_ok=True
        )
        assert len(shown["epochs"]) == len(trial.epochs)
        assert shown["val_accuracy"] == trial.val_accuracy


def test_what_is_asked_for_is_there() -> None:
    found = document("seeds")
    assert found["run"]["id"] == "20231114-221320-seeds"
    assert found["run"]["path"] == "/runs/1"
    assert found["run"]["device"] == "cpu"
    assert found["run"]["versions"]["torch"]
    assert found["run"]["command"] == ["inittui", "compare"]
    assert 0 < found["run"]["seconds"] < found["run"]["wall_seconds"]
    assert found["experiment"]["seeds"] == [0, 1, 2]
    trial = found["trials"][0]
    assert trial["initializer"] == "zeros"
    assert len(trial["loss"]) == 104
    assert trial["first_loss"] == pytest.approx(sum(trial["loss"][:100]) / 100)
    assert trial["train_loss"] == trial["epochs"][-1]["train_loss"]
    assert trial["seconds"] > 0
    for one in found["summary"]:
        own = [t for t in found["trials"] if t["scheme"] == one["scheme"]]
        assert isinstance(one["rank"], int)
        for quantity in ("val_accuracy", "first_loss", "train_loss"):
            values = [t[quantity] for t in own]
            assert one[quantity]["n"] == 3
            assert one[quantity]["mean"] == pytest.approx(sum(values) / 3)
            assert one[quantity]["std"] > 0


def test_numbers_that_are_not_finite_are_words() -> None:
    found = document("diverged")
    rule = next(t for t in found["trials"] if t["scheme"] == "rule")
    assert rule["status"] == "diverged"
    assert rule["loss"][-1] == "NaN"
    assert rule["first_loss"] == "NaN"
    assert rule["val_accuracy"] is None


def test_an_initializer_is_named_without_its_parameters() -> None:
    names = {t["scheme"]: t["initializer"] for t in document("diverged")["trials"]}
    assert names["normal:std=1e+30"] == "normal"


@pytest.mark.parametrize("name", RUNS)
def test_csv_has_a_row_for_each_trial_and_epoch(name: str) -> None:
    state = run_state(name)
    rows = list(csv.DictReader(io.StringIO(compare_csv(state))))
    assert len(rows) == sum(max(len(trial.epochs), 1) for trial in state.trials)
    expected = [
        (trial.scheme, str(trial.seed), trial.status, event.val_accuracy)
        for trial in state.trials
        for event in trial.epochs
    ]
    assert [
        (row["scheme"], row["seed"], row["status"], float(row["val_accuracy"]))
        for row in rows
        if row["epoch"]
    ] == expected


def test_csv_leaves_empty_what_is_unknown() -> None:
    rows = list(csv.DictReader(io.StringIO(compare_csv(run_state("diverged")))))
    rule = next(row for row in rows if row["scheme"] == "rule")
    assert (rule["status"], rule["epoch"], rule["val_accuracy"]) == ("diverged", "", "")
    assert math.isfinite(float(rule["seconds"]))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '\t=HYPERLINK("x")', "=a\n,b"])
def test_csv_has_no_text_that_a_spreadsheet_computes(text: str) -> None:
    state = made_run([Made(text, 0.5, losses=(-2.0, -1.0)), Made("rule", 0.25)])
    rows = list(csv.DictReader(io.StringIO(compare_csv(state))))
    assert rows[0]["scheme"] == "'" + sanitize(text)
    assert rows[1]["scheme"] == "rule"


def test_csv_keeps_numbers_numbers() -> None:
    state = made_run([Made("rule", losses=(1.0, -math.inf))])
    state.trials[0].status = "diverged"
    (row,) = csv.DictReader(io.StringIO(compare_csv(state)))
    assert row["train_loss"] == "-Infinity"
