"""
What reading alone costs: `orjson.loads` on every line, in several processes, and nothing else.

    python -m tests.benchmarks.parse_only FILE --jobs 2
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
from pathlib import Path

import orjson


def parts_of(path: Path, count: int) -> list[tuple[int, int]]:
    """Cut a file into parts of much the same size, each from the beginning of a line to the end of one.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     file.write(b'{"a": 1}\\n' * 3) and file.flush()
    ...     parts_of(Path(file.name), 2)
    [(0, 18), (18, 27)]
    """
    size = path.stat().st_size
    cuts = [0]
    with path.open("rb") as file:
        for number in range(1, count):
            file.seek(size * number // count)
            file.readline()
            cuts.append(file.tell())
    cuts.append(size)
    return list(itertools.pairwise(cuts))


def parse(path: Path, begin: int, end: int) -> int:
    """Parse the lines between two places of a file, and return how many they are."""
    loads, records, left = orjson.loads, 0, end - begin
    with path.open("rb") as file:
        file.seek(begin)
        for line in file:
            if left <= 0:
                break
            loads(line)
            left -= len(line)
            records += 1
    return records


def main() -> None:
    """Parse, and print as JSON how many records there are."""
    parser = argparse.ArgumentParser(description="Parse every line of FILE with orjson, and do nothing else.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    parts = [(given.file, *part) for part in parts_of(given.file, given.jobs)]
    if given.jobs == 1:
        counts = [parse(*parts[0])]
    else:
        with multiprocessing.get_context("fork").Pool(given.jobs) as pool:
            counts = pool.starmap(parse, parts, chunksize=1)
    print(json.dumps({"records": sum(counts), "refused": 0}))


if __name__ == "__main__":
    main()
