"""
Small Celery workers for the suite to judge: two that conform, and others with exactly one fault each.

To run one by hand, from the root of the repository, with a Redis at hand:

    celery --quiet --app tests.implementations.completes_twice:app \\
        --broker redis://127.0.0.1:6379/0 --result-backend redis://127.0.0.1:6379/0 \\
        worker --pool prefork --concurrency 2 --include tests.implementations._smoke_tasks

The log stream is standard output. To judge one:

    pytest features/ --celery-app tests.implementations.completes_twice:app

`conforming_stdlib` logs with the standard library alone, and offers `adapter` for blocks of context;
`conforming_processor_formatter` logs with structlog over standard logging. All others are named for their fault, say in
`VIOLATES` which requirement it breaks, and override one behaviour of the machinery in the modules with an underscore:
`_lifecycle` (signals, context, lifecycle records), `_lines` (what a record looks like), `_handler` and `_stream` (how
it gets out), `_foreign` (records of Celery and libraries), `_values`, `_secrets`. `_index` lists them all.

Importing one connects its signals: a process imports one of them at most.
"""
