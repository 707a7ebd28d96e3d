"""Print the verdict of a report file in one line: what `make conformance` ends with."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from logconform.report.terminal import headline


def main(path: str) -> str:
    """Return the verdict of the report at *path* in words, or that there is none."""
    try:
        return headline(json.loads(Path(path).read_bytes()))
    except (OSError, ValueError, LookupError, TypeError):
        return "none: the suite wrote no report"


if __name__ == "__main__":
    print(main(sys.argv[1]))
