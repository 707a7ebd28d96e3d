Feature: The worker, and tasks that never ran
  A gap in the log is either a quiet hour or a worker that was not there.

  @LIFE001
  Rule: The worker records its start and its shutdown, without any task's context

    Scenario: A worker starts, runs a task for a tenant, and is stopped
      Given a worker with one slot
      When a task for tenant "acme" and user "ada" succeeds
      Then a record tells of the worker's start, and one of its shutdown, outside any task
