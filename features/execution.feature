Feature: Execution records
  What a task says while it runs can be found by its task and its operation.

  @EXEC001
  Rule: An execution record carries the base fields, its task's id and its operation

    Scenario: Tasks and libraries speak while they run
      Given a worker with one slot
      When a task succeeds
      And a task raises an exception
      Then the task's execution records keep "EXEC001"

  @EXEC002
  Rule: An execution record does not use the event of a lifecycle record

    Scenario: Tasks run, without borrowing an event
      Given a worker with one slot
      When a task succeeds
      And a task is retried and then succeeds
      Then nothing in the log stream speaks against "EXEC002"

    Scenario: The service's own task runs, without borrowing an event
      Given a worker with one slot
      When the service's own task runs
      Then nothing in the log stream speaks against "EXEC002"

  @EXEC003
  Rule: An operation is dotted

    Scenario: Tasks run, under a dotted operation
      Given a worker with one slot
      When a task succeeds
      Then nothing in the log stream speaks against "EXEC003"

    Scenario: The service's own task runs, under a dotted operation
      Given a worker with one slot
      When the service's own task runs
      Then nothing in the log stream speaks against "EXEC003"

  @EXEC004
  Rule: An error logged in an exception handler shows its exception

    Scenario: A task handles an error, logs it, and goes on
      Given a worker with one slot
      When a task logs an error that it handles
      Then the error record has error and exception
