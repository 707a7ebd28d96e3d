Feature: Task start
  Each execution announces itself before it says anything else.

  @START001
  Rule: Each execution writes exactly one start record, before its body speaks

    Scenario Outline: A task <ends>, and is announced
      Given a worker with one slot
      When a task <ends>
      Then each execution has exactly one start record, before its body's records

      Examples:
        | ends                                          |
        | succeeds                                      |
        | raises an exception                           |
        | raises an expected exception                  |
        | is retried and then succeeds                  |
        | is retried by autoretry_for and then succeeds |
        | uses up its retries                           |
        | is ignored                                    |
        | is rejected                                   |
        | exceeds its soft time limit                   |

    Scenario Outline: Tasks run as <canvas>, and each is announced
      Given a worker with one slot
      When tasks for tenants run as <canvas>
      Then each execution has exactly one start record, before its body's records

      Examples:
        | canvas                          |
        | a chain                         |
        | a group                         |
        | a chord                         |

    Scenario: The service's own task runs
      Given a worker with one slot
      When the service's own task runs
      Then each execution has exactly one start record, before its body's records

  @START002
  Rule: It has its level, its task, its operation and how it was called

    Scenario: Tasks start
      Given a worker with one slot
      When a task for tenant "acme" and user "ada" succeeds
      And a task is retried and then succeeds
      Then the records "Task starting" keep "START002"

  @START003
  Rule: It counts the positional arguments and names the keyword arguments

    Scenario Outline: A task is called with <count> positional arguments
      Given a worker with one slot
      When a task is called with <count> positional arguments
      Then its start record counts and names its arguments

      Examples:
        | count |
        | 0     |
        | 1     |
        | 3     |

    Scenario: A task is retried
      Given a worker with one slot
      When a task is retried and then succeeds
      Then its start record counts and names its arguments

  @START004
  Rule: It carries no argument's value

    Scenario: A task is called with positional and keyword arguments
      Given a worker with one slot
      When a task is called with telling arguments
      Then no start record shows a value of them

  @START005
  Rule: A further execution says so

    Scenario Outline: A task <ends>, and says that it is a retry
      Given a worker with one slot
      When a task <ends>
      Then the start record of each retry has its retry_count

      Examples:
        | ends                                          |
        | is retried and then succeeds                  |
        | is retried by autoretry_for and then succeeds |
