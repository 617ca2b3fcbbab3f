"""`inittui schema`: the JSON Schema of a document that another command prints."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from inittui.cli.completion import complete_schema


def schema(
    name: Annotated[
        str,
        typer.Argument(
            help="Name of the document: what stands in its 'schema' between 'inittui.' and '/'.",
            autocompletion=complete_schema,
        ),
    ] = "compare",
) -> None:
    """Print the JSON Schema of what --json prints."""
    from inittui.documents.json_documents import schema as written_down

    typer.echo(json.dumps(written_down(name), indent=2))
