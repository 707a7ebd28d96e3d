Feature: The worker, and tasks that never ran
  A gap in the log is either a quiet hour or a worker that was not there.

  @LIFE001
  Rule: The worker records its start and its shutdown, without any task's context

    Scenario: A worker starts, runs a task for a tenant, and is stopped
      Given a worker with one slot
      When a task for tenant "acme" and user "ada" succeeds
      Then a record tells of the worker's start, and one of its shutdown, outside any task

  @LIFE002
  Rule: A revoked or expired task is recorded once

    Scenario Outline: A task <fate>
      Given a worker with one slot
      When a task for a tenant <fate>
      Then one record tells that it was revoked, and how

      Examples:
        | fate                                   |
        | is revoked before it starts            |
        | is revoked while it waits for its time |
        | has expired when it is received        |
        | is revoked while it runs, by SIGTERM   |
        | is revoked while it runs, by SIGKILL   |

  @LIFE003
  Rule: Each execution of a redelivered task has its own start, and at most one an ending

    Scenario Outline: A task <ends>
      Given a worker with one slot
      When a task <ends>
      Then each delivery has its own start, and the task one ending

      Examples:
        | ends                            |
        | is rejected and delivered again |
        | is killed and delivered again   |

    Scenario: A worker is killed while a task runs
      Given a worker of its own
      When its worker is killed while a task runs, and the next one takes the task over
      Then each delivery has its own start, and the task one ending

  @LIFE004
  Rule: Every execution that starts has an ending

    Scenario Outline: A task <ends>, and this is told
      Given a worker with one slot
      When a task <ends>
      Then every execution that starts has an ending

      Examples:
        | ends                            |
        | succeeds                        |
        | raises an exception             |
        | is retried and then succeeds    |
        | is ignored                      |
        | is rejected                     |
        | is rejected and delivered again |
        | exits                           |
        | is interrupted                  |
        | is killed                       |
        | exceeds its hard time limit     |

    Scenario: A worker is stopped cold while a task runs
      Given a worker whose processes run one task each
      When a task goes on and on, and the worker is stopped cold
      Then every execution that starts has an ending
