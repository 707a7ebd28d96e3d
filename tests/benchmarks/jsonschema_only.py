"""
What the schema check alone costs with Python's `jsonschema`, on the first records of a sample.

    python -m tests.benchmarks.jsonschema_only SCHEMA FILE --records 5000
"""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import click
from jsonschema import Draft202012Validator


@click.command(help="Check the first records of FILE against one SCHEMA.")
@click.argument("schema", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--records", type=click.IntRange(min=1), default=5_000, show_default=True)
def main(schema: Path, file: Path, records: int) -> None:
    """Check, and print as JSON how many records there were and how many seconds that took, without the start."""
    validator = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    count = refused = 0
    with file.open("rb") as lines:
        began = time.perf_counter()
        for line in itertools.islice(lines, records):
            refused += not validator.is_valid(json.loads(line))
            count += 1
        took = time.perf_counter() - began
    click.echo(json.dumps({"records": count, "refused": refused, "seconds": took}))


if __name__ == "__main__":
    main()
