"""
For a service's own tests: what the process logs while a test runs, and the judgement on it.

The fixtures `log_records` and `assert_conforms` come by themselves where
logconform is installed (`logconform.fixtures`); `assert_conforms` can be
imported from here as well.
"""

from logconform.testing.captured import LogRecord, LogRecords
from logconform.testing.judgement import assert_conforms

__all__ = ["LogRecord", "LogRecords", "assert_conforms"]
