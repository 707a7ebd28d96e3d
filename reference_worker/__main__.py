"""`python -m reference_worker` starts the worker; `python -m reference_worker demo` shows what it logs."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Run the command; further arguments go to `celery worker`."""
    if arguments[:1] == ["demo"]:
        from reference_worker.demo import run_demo

        return run_demo()
    from reference_worker.celery_app import app

    app.start(["--quiet", "worker", *arguments])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
