"""`python -m logconform`."""

from __future__ import annotations

from logconform.cli import main

if __name__ == "__main__":
    main(prog_name="logconform")
