"""`python -m reference_worker` starts the worker; `python -m reference_worker demo` shows what it logs."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> None:
    """Run the command and exit with its code; further arguments go to `celery worker`."""
    if arguments[:1] == ["demo"]:
        from reference_worker.demo import run_demo

        sys.exit(run_demo())
    from celery.bin.celery import celery

    # Not `app.start`, which ends with 0 however the worker ended.
    celery.main(["--quiet", "--app", "reference_worker.celery_app:app", "worker", *arguments], prog_name="celery")


if __name__ == "__main__":
    main(sys.argv[1:])
