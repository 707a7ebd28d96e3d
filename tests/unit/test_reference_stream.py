"""What goes past Python's streams, and becomes records as executions end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

from reference_worker.logging.stream import LARGEST_PART

SECONDS = 60
THREADS, LINES = 8, 300
PRINTING = f"""
import os, threading
from reference_worker.logging.configure import configure_structured_logging
from reference_worker.logging import stream
from reference_worker.logging.stream import collect_output

configure_structured_logging()


def work(thread):
    for number in range({LINES}):
        os.write(1, f"{{thread}}-{{number}} {{'x' * 1_000}}\\n".encode())
        collect_output(shared=True)


threads = [threading.Thread(target=work, args=(number,)) for number in range({THREADS})]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
os.write(2, str(os.fstat(stream._raw._file.fileno()).st_blocks * 512).encode())
"""


def test_what_threads_write_past_python_is_told_once() -> None:
    """Executions that end at the same time tell each line once, and lose none; more than is kept was written."""
    run = subprocess.run([sys.executable, "-c", PRINTING], capture_output=True, timeout=SECONDS, check=True)
    records = [json.loads(line) for line in run.stdout.splitlines()]
    told = Counter(record["message"].split()[0] for record in records if record["logger"] == "stdout")
    assert told == Counter(f"{thread}-{number}" for thread in range(THREADS) for number in range(LINES))
    if sys.platform == "linux":
        assert int(run.stderr) < 2 * LARGEST_PART  # of some 2.4 MB
