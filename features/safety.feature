Feature: What must not be in a log
  A log is read by more people than the data it is about.

  @SAFE001
  Rule: The value of a secret never appears in any record

    Scenario Outline: A secret is in <place>
      Given a worker with one slot
      When a task has a secret in <place>
      Then the secret stands nowhere in the log

      Examples:
        | place                                             |
        | the arguments                                     |
        | a field                                           |
        | a URL                                             |
        | the message of an exception                       |
        | the arguments of a task that uses up its retries  |

  @SAFE002
  Rule: Broker and result-backend URLs appear without their credentials

    Scenario: A worker connects, runs tasks, and shuts down
      Given a worker with one slot
      When a task succeeds
      Then the broker's password stands nowhere in the log

    Scenario: The broker is lost and found again
      Given a worker of its own
      When the broker is lost and found again between two tasks
      Then the broker's password stands nowhere in the log

  @SAFE003
  Rule: Tracebacks carry no values of local variables

    Scenario: A task fails where a local variable holds a word
      Given a worker with one slot
      When a task raises an exception where a local variable holds a word
      Then the word stands nowhere in the log
