Feature: Retries
  A retry is announced by whoever knows that it will come, counted, and ended.

  @RETRY001
  Rule: Each retry writes exactly one record, whichever way it was asked for

    Scenario Outline: A task <ends>, and each retry is announced
      Given a worker with one slot
      When a task <ends>
      Then each retry has exactly one record that announces it

      Examples:
        | ends                                                 |
        | is retried and then succeeds                         |
        | is retried by autoretry_for and then succeeds        |
        | is retried with a limit of its own and then succeeds |
        | is retried without limit and then succeeds           |
        | uses up its retries                                  |
        | uses up the retries of autoretry_for                 |

  @RETRY002
  Rule: retry_count is 0 on the first, and grows by one

    Scenario Outline: A task <ends>, and its retries are counted
      Given a worker with one slot
      When a task <ends>
      Then its retries are counted from 0

      Examples:
        | ends                                          |
        | is retried and then succeeds                  |
        | is retried by autoretry_for and then succeeds |
        | uses up its retries                           |

  @RETRY003
  Rule: An execution that no retry follows does not say that it is retrying

    Scenario Outline: A task <ends>, and only retries say so
      Given a worker with one slot
      When a task <ends>
      Then only retried executions say that they are retrying

      Examples:
        | ends                                             |
        | raises an exception                              |
        | is retried and then succeeds                     |
        | uses up its retries                              |
        | uses up its retries without naming the exception |
        | uses up the retries of autoretry_for             |
        | uses up a limit of its own                       |

  @RETRY004
  Rule: A task that used up its retries says so, and then that it failed

    Scenario Outline: A task <ends>, and says when it gives up
      Given a worker with one slot
      When a task <ends>
      Then it says exactly once that its retries are used up, before its failure

      Examples:
        | ends                                             |
        | uses up its retries                              |
        | uses up its retries without naming the exception |
        | uses up the retries of autoretry_for             |
        | uses up a limit of its own                       |

    Scenario Outline: A task <ends>, and its retries are not used up
      Given a worker with one slot
      When a task <ends>
      Then it says exactly once that its retries are used up, before its failure

      Examples:
        | ends                         |
        | raises an exception          |
        | is retried and then succeeds |

  @RETRY005
  Rule: All executions of a task carry the same ids

    Scenario Outline: A task for a tenant <ends>
      Given a worker with one slot
      When a task for tenant "acme" and user "ada" <ends>
      Then all its executions carry the same ids

      Examples:
        | ends                                          |
        | is retried and then succeeds                  |
        | is retried by autoretry_for and then succeeds |

  @RETRY006
  Rule: A retried execution writes neither a completion nor a failure

    Scenario Outline: A task <ends>, and a retried execution is not an ending
      Given a worker with one slot
      When a task <ends>
      Then no retried execution says that it completed or failed

      Examples:
        | ends                                          |
        | is retried and then succeeds                  |
        | is retried by autoretry_for and then succeeds |
        | uses up its retries                           |

  @RETRY007
  Rule: The retry record says when the next execution comes

    Scenario: A task is retried
      Given a worker with one slot
      When a task is retried and then succeeds
      Then each retry record has its countdown
