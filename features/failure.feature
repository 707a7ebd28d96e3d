Feature: Task failure
  A task that failed says so once, with its error and where it came from, whoever noticed.

  @FAIL001
  Rule: Each task that ends in FAILURE writes exactly one failure record

    Scenario Outline: A task <ends>, and its failure counts once
      Given a worker with one slot
      When a task <ends>
      Then exactly one failure is recorded for a task that failed, and none for any other

      Examples:
        | ends                                    |
        | succeeds                                |
        | raises an exception                     |
        | raises an exception of its own          |
        | raises an exception without a message   |
        | raises an expected exception            |
        | raises an exception group               |
        | uses up its retries                     |
        | uses up the retries of autoretry_for    |
        | is ignored                              |
        | is rejected                             |
        | exceeds its soft time limit             |
        | exceeds its hard time limit             |
        | is killed                               |
        | exits                                   |
        | is interrupted                          |

    Scenario Outline: Tasks run as <canvas>
      Given a worker with one slot
      When tasks for tenants run as <canvas>
      Then exactly one failure is recorded for a task that failed, and none for any other

      Examples:
        | canvas                          |
        | a chain whose second task fails |
        | a group                         |
        | a chord with a failing member   |

  @FAIL002
  Rule: It has its task, its error, and the traceback where there is one

    Scenario Outline: A task <ends>, and its failure is complete
      Given a worker with one slot
      When a task <ends>
      Then the records "Task failed" keep "FAIL002"
      And its failure record holds the traceback

      Examples:
        | ends                           |
        | raises an exception            |
        | raises an exception of its own |
        | uses up its retries            |

  @FAIL003
  Rule: error names the exception that was finally raised, and exception is its traceback

    Scenario Outline: A task <ends>, and its exception is named
      Given a worker with one slot
      When a task <ends>
      Then its failure record names the exception and its message

      Examples:
        | ends                                                |
        | raises an exception                                 |
        | raises an exception of its own                      |
        | raises an exception without a message               |
        | raises from a cause                                 |
        | raises while handling another exception             |
        | raises an exception group                           |
        | uses up its retries                                 |
        | uses up its retries without naming the exception    |
        | exceeds its soft time limit                         |

  @FAIL004
  Rule: Causes are in the traceback

    Scenario Outline: A task <ends>, and its causes are told
      Given a worker with one slot
      When a task <ends>
      Then its failure record shows cause and effect

      Examples:
        | ends                                    |
        | raises from a cause                     |
        | raises while handling another exception |
        | raises an exception group               |

  @FAIL005
  Rule: A failure is recorded whatever its exception is like

    Scenario Outline: A task raises an exception <like>
      Given a worker with one slot
      When a task raises an exception <like>
      Then its failure is recorded

      Examples:
        | like                               |
        | whose text raises                  |
        | that cannot be pickled             |
        | with a huge message                |
        | with a message that is not Unicode |

  @FAIL006
  Rule: The failure record carries the execution's context, whoever writes it

    Scenario Outline: A task for a tenant <ends>
      Given a worker with one slot
      When a task for tenant "acme" and user "ada" <ends>
      Then its "Task failed" carries operation, tenant and user

      Examples:
        | ends                        |
        | raises an exception         |
        | exceeds its hard time limit |

  @FAIL007
  Rule: No second error-level record reports the same failure

    Scenario: A task raises an exception
      Given a worker with one slot
      When a task raises an exception
      Then no other error of Celery's own reports its failure

  @FAIL008
  Rule: A message that no task can take is reported without its body, and the worker goes on

    Scenario Outline: The worker is sent <message>
      Given a worker with one slot
      When the worker is sent <message>, between two tasks
      Then an error tells of it without its body, and the worker goes on

      Examples:
        | message                        |
        | a task that is not registered  |
        | a message that cannot be decoded |
