Feature: Task completion
  A task that succeeded says so once, at its end; one that did not never does.

  @DONE001
  Rule: Each execution that succeeds writes exactly one completion, after its body's records

    Scenario Outline: A task <ends>, and completes
      Given a worker with one slot
      When a task <ends>
      Then each successful execution has exactly one completion, after its body's records

      Examples:
        | ends                                          |
        | succeeds                                      |
        | is retried and then succeeds                  |
        | is retried by autoretry_for and then succeeds |

    Scenario: The service's own task runs
      Given a worker with one slot
      When the service's own task runs
      Then each successful execution has exactly one completion, after its body's records

    Scenario: Each process runs one task only
      Given a worker whose processes run one task each
      When 3 tasks succeed
      Then each successful execution has exactly one completion, after its body's records

    Scenario: The worker is stopped warmly while a task runs
      Given a worker of its own
      When a task takes a second, and the worker is stopped meanwhile
      Then each successful execution has exactly one completion, after its body's records

  @DONE002
  Rule: It has its level, its task, its state, and whether something was returned

    Scenario: Tasks succeed
      Given a worker with one slot
      When a task returns a text
      And a task returns nothing
      Then the records "Task completed" keep "DONE002"

  @DONE003
  Rule: has_return_value is true exactly when something other than None was returned

    Scenario Outline: A task returns <value>
      Given a worker with one slot
      When a task returns <value>
      Then its completion tells whether it returned something

      Examples:
        | value         |
        | nothing       |
        | zero          |
        | false         |
        | an empty text |
        | an empty list |
        | a text        |

  @DONE004
  Rule: An execution that does not end in SUCCESS writes none

    Scenario Outline: A task <ends>, and does not complete
      Given a worker with one slot
      When a task <ends>
      Then no completion is written for it

      Examples:
        | ends                                 |
        | raises an exception                  |
        | raises an exception of its own       |
        | raises an expected exception         |
        | raises an exception group            |
        | uses up its retries                  |
        | uses up the retries of autoretry_for |
        | is ignored                           |
        | is rejected                          |
        | exceeds its soft time limit          |
        | exceeds its hard time limit          |
        | exits                                |

  @DONE005
  Rule: It does not carry the return value

    Scenario: A task returns a telling text
      Given a worker with one slot
      When a task returns a telling text
      Then its completion does not show it

  @DONE006
  Rule: duration_ms agrees with the time that the execution took

    Scenario Outline: A task <ends>, and tells how long it took
      Given a worker with one slot
      When a task <ends>
      Then its completion's duration agrees with the oracle's

      Examples:
        | ends                        |
        | succeeds                    |
        | takes its time and succeeds |

  @DONE007
  Rule: Lifecycle records carry the execution's context

    Scenario Outline: A task for a tenant <ends>
      Given a worker with one slot
      When a task for tenant "acme" and user "ada" <ends>
      Then its "<event>" carries operation, tenant and user

      Examples:
        | ends                         | event                                      |
        | succeeds                     | Task completed                             |
        | raises an exception          | Task failed                                |
        | is retried and then succeeds | Task failed, retrying                      |
        | uses up its retries          | Task failed permanently after max retries  |
