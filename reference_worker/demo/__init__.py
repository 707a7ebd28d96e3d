"""Every kind of record, from a real worker: `python -m reference_worker demo`."""

from __future__ import annotations

from reference_worker.demo.run import run_demo

__all__ = ["run_demo"]
