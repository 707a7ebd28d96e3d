Feature: Correlation with traces
  A record is found from a trace, and a trace from a record.

  @TRACE001
  Rule: While a span is active, records carry its ids

    Scenario: A task speaks inside a span
      Given a worker with one slot
      When a task that was sent within a trace speaks inside and outside a span
      Then its records carry the span that is active

  @TRACE002
  Rule: Where no span is active, both are absent

    Scenario: A task speaks outside any span
      Given a worker with one slot
      When a task that was sent within a trace speaks inside and outside a span
      Then where no span is active, its records have neither trace nor span

  @TRACE003
  Rule: The producer's trace continues in the worker

    Scenario: A task is sent within a trace
      Given a worker with one slot
      When a task that was sent within a trace speaks inside and outside a span
      Then its records belong to the trace of its sender
