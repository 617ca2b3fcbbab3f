"""`inittui schema`: the JSON Schema of a document that another command prints."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def schema(
    name: Annotated[
        str, typer.Argument(help="Name of the document: compare, inspect or lesson.")
    ] = "compare",
) -> None:
    """Print the JSON Schema of what --json prints."""
    from inittui.documents.compare import schema as written_down

    typer.echo(json.dumps(written_down(name), indent=2))
