"""Conformance suite for the structured logs of Celery workers."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("logconform")
except PackageNotFoundError:  # run from a source tree that nobody installed
    __version__ = "0+unknown"
