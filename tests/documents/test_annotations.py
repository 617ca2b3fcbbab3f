"""SARIF is valid by its schema, GitHub's commands can't be broken out of, places lie below."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from inittui.documents.annotations import FINGERPRINT, github_annotations, place_below, sarif
from inittui.results.rules.catalogue import RULES
from inittui.results.rules.codes import of_rule
from inittui.results.rules.finding import Finding

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "support" / "sarif-schema-2.1.0.json").read_text("utf-8")
)
HERE = Path("/home/somebody/project")


def log_of(findings: list[Finding], factory: str = "") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(sarif(findings, "0.1.0", HERE, factory))
    jsonschema.Draft4Validator(SCHEMA).validate(document)
    return document


def found(
    where: str = "", message: str = "units are equal", layers: tuple[str, ...] = ("fc1",)
) -> Finding:
    return of_rule("I201", layers, message, where=where, advice="draw them by chance")


def test_the_schema_refuses_what_is_no_log() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate({"version": "2.1.0"})


def test_nothing_found_is_a_valid_log() -> None:
    (run,) = log_of([])["runs"]
    assert run["results"] == []


def test_each_rule_makes_a_valid_result() -> None:
    findings = [of_rule(rule.code, ("a.weight",), rule.text, where="m.py:3") for rule in RULES]
    (run,) = log_of(findings)["runs"]
    assert [each["id"] for each in run["tool"]["driver"]["rules"]] == [r.code for r in RULES]
    for result, rule in zip(run["results"], RULES, strict=True):
        assert result["ruleId"] == rule.code
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == rule.code
        assert result["level"] == rule.severity


def test_a_result_has_its_place_layers_and_identity() -> None:
    (run,) = log_of([found("src/my model.py:31", layers=("fc1.weight", "fc2.weight"))])["runs"]
    (result,) = run["results"]
    (location,) = result["locations"]
    place = location["physicalLocation"]
    assert urllib.parse.unquote(place["artifactLocation"]["uri"]) == "src/my model.py"
    assert place["region"] == {"startLine": 31}
    names = [each["fullyQualifiedName"] for each in location["logicalLocations"]]
    assert names == ["fc1.weight", "fc2.weight"]
    assert {each["kind"] for each in location["logicalLocations"]} == {"member"}
    moved = found("src/my model.py:999", layers=("fc1.weight", "fc2.weight"))
    assert result["partialFingerprints"] == {FINGERPRINT: moved.fingerprint}
    other = found("src/my model.py:31", layers=("fc1.weight",))
    assert other.fingerprint != moved.fingerprint


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("model.py:31", ("model.py", 31)),
        ("/home/somebody/project/a/model.py:31", ("a/model.py", 31)),
        ("a/../b/model.py:0", ("b/model.py", 1)),
        ("/usr/lib/python3/torch/nn/init.py:31", None),
        ("../elsewhere.py:3", None),
        ("model.py", None),
        ("", None),
    ],
)
def test_only_places_below_are_told(where: str, place: tuple[str, int] | None) -> None:
    assert place_below(where, HERE) == place


def test_elsewhere_the_factory_s_line_stands() -> None:
    elsewhere = found("/usr/lib/python3/torch/nn/init.py:31")
    (run,) = log_of([elsewhere], "model.py:7")["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "model.py"
    assert place["region"]["startLine"] == 7
    (run,) = log_of([elsewhere])["runs"]
    assert "physicalLocation" not in run["results"][0]["locations"][0]
    assert github_annotations([elsewhere], HERE, "model.py:7").startswith(
        "::error file=model.py,line=7,title="
    )


def unescaped(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_an_annotation_is_one_command_whatever_it_says() -> None:
    nasty = "50% off::warning file=x,line=1::\r\n::error::gone\x1b[31m"
    text = github_annotations([found("a,b:c%.py:3", message=nasty)], HERE)
    assert text.count("\n") == 1 and "\r" not in text and "\x1b" not in text
    command, _, message = text.rstrip("\n").removeprefix("::").partition("::")
    kind, _, properties = command.partition(" ")
    assert kind == "error"
    values = dict(each.split("=", 1) for each in properties.split(","))
    assert unescaped(values["file"]) == "a,b:c%.py"
    assert values["line"] == "3"
    assert unescaped(values["title"]) == "I201 symmetric-units"
    assert unescaped(message).startswith("50% off::warning file=x,line=1::")


def test_the_severity_is_github_s_word() -> None:
    noted = of_rule("I104", ("fc1",), "twice")
    assert github_annotations([noted], HERE).startswith("::notice ")
