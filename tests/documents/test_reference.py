"""Every document that a list or a description prints follows its published schema."""

from __future__ import annotations

import json

import jsonschema
import pytest

from inittui.documents.json_documents import schema
from tests.support.commands import invoke


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("inits", "inits"),
        ("inits rule", "initializer"),
        ("inits sparse", "initializer"),
        ("inits trunc_normal:std=2", "initializer"),
        ("models", "models"),
        ("models lenet", "model"),
        ("models mlp --scheme kaiming_normal", "model"),
        ("data", "data"),
        ("data fashion-mnist --count 2", "data.show"),
        ("lessons", "lessons"),
        ("settings", "settings"),
    ],
)
def test_what_is_printed_follows_its_schema(command: str, name: str) -> None:
    done = invoke(*command.split(), "--json")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.isascii()
    document = json.loads(done.stdout)
    assert document["schema"] == f"inittui.{name}/1"
    jsonschema.validate(document, schema(name))
