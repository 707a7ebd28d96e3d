Feature: The stream and the record
  A log stream that is read by machines holds one JSON object on every line, and nothing else.

  @FMT001
  Rule: Every line is exactly one JSON object

    Scenario: Tasks end in different ways
      Given a worker with one slot
      When a task succeeds
      And a task raises an exception
      And a task is ignored
      Then nothing in the log stream speaks against "FMT001"

    Scenario: A task prints to standard output
      Given a worker with one slot
      When a task prints to standard output
      Then nothing in the log stream speaks against "FMT001"

  @FMT002
  Rule: No object repeats a member name

    Scenario: A task fails, and its failure is recorded
      Given a worker with one slot
      When a task for tenant "acme" and user "ada" raises from a cause
      Then nothing in the log stream speaks against "FMT002"

    Scenario: A field has the name of one that the record already has
      Given a worker with one slot
      When a task logs fields named like those of its context
      Then no record of the task repeats a member name

  @FMT003
  Rule: Timestamps are RFC 3339 in UTC with six fractional digits and Z

    Scenario: A worker runs tasks, and stamps its records
      Given a worker with one slot
      When a task succeeds
      And a task raises an exception
      Then nothing in the log stream speaks against "FMT003"
      And its records are stamped with the time in UTC

  @FMT004
  Rule: Levels are the five words in lower case

    Scenario: A worker runs tasks, and gives its records levels
      Given a worker with one slot
      When a task succeeds
      And a task raises an exception
      Then nothing in the log stream speaks against "FMT004"

  @FMT005
  Rule: All records of a worker name the same service

    Scenario: A worker runs tasks in several processes or threads
      Given a worker with one slot
      When a task succeeds
      And a task raises an exception
      Then nothing in the log stream speaks against "FMT005"

  @FMT006
  Rule: Every record names its logger

    Scenario: A task and a library speak, under their own names
      Given a worker with one slot
      When a task succeeds
      And a task raises an exception
      Then nothing in the log stream speaks against "FMT006"

  @FMT007
  Rule: Every record has an event

    Scenario: A task and a library speak, with an event each
      Given a worker with one slot
      When a task succeeds
      And a task raises an exception
      Then nothing in the log stream speaks against "FMT007"

  @FMT008
  Rule: Events are constant phrases

    Scenario: Many tasks run
      Given a worker with one slot
      When 30 tasks succeed
      Then nothing in the log stream speaks against "FMT008"

  @FMT009
  Rule: Numbers are JSON numbers

    Scenario Outline: A task logs <value>, where a number belongs
      Given a worker with one slot
      When a task logs <value>
      Then nothing in the log stream speaks against "FMT009"

      Examples:
        | value                        |
        | not a number                 |
        | infinity                     |
        | minus infinity inside a list |

  @FMT010
  Rule: A value that JSON cannot hold neither suppresses its record nor fails the task

    Scenario Outline: A task logs <value>, as a field
      Given a worker with one slot
      When a task logs <value>
      Then the record with the value is there, and the task succeeded

      Examples:
        | value                                    |
        | a datetime                               |
        | a UUID                                   |
        | a Decimal                                |
        | bytes                                    |
        | a set                                    |
        | an exception                             |
        | an enum member                           |
        | a dataclass                              |
        | a lone surrogate                         |
        | an integer beyond 64 bits                |
        | a cycle                                  |
        | an object whose repr raises              |
        | a mapping with keys that are not strings |

  @FMT011
  Rule: A record of more than 262,144 bytes is cut, stays JSON, and says so

    Scenario Outline: A task logs <value>, beyond the limit
      Given a worker with one slot
      When a task logs <value>
      Then its record is cut, valid, and marked as truncated

      Examples:
        | value                  |
        | a text of one megabyte |
        | many long texts        |

  @FMT012
  Rule: Records are at most 16,384 bytes long

    Scenario: Tasks end in different ways, with records of moderate length
      Given a worker with one slot
      When a task succeeds
      And a task raises an exception
      Then nothing in the log stream speaks against "FMT012"

  @FMT013
  Rule: Libraries and warnings come out in the same format on the same stream

    Scenario: A library logs and warns
      Given a worker with one slot
      When a task calls a library that logs and warns
      Then the library's record and its warning are records of the log stream

  @FMT014
  Rule: Nothing in a value can start a record or forge a field

    Scenario Outline: A task logs <value> as a field
      Given a worker with one slot
      When a task logs <value>
      Then the value starts no record and forges no field

      Examples:
        | value            |
        | a newline        |
        | a carriage return |
        | NUL              |
        | a line separator |
        | an ANSI escape   |
        | a JSON fragment  |

    Scenario Outline: A task logs <value> as its event
      Given a worker with one slot
      When a task logs <value> as its event
      Then the value starts no record and forges no field

      Examples:
        | value            |
        | a newline        |
        | a carriage return |
        | a line separator |
        | an ANSI escape   |
        | a JSON fragment  |

    Scenario: The message of an exception has several lines
      Given a worker with one slot
      When a task raises an exception with a message of several lines
      Then the value starts no record and forges no field

  @FMT015
  Rule: The base fields come first, in their order

    Scenario: A worker runs tasks, and orders its members
      Given a worker with one slot
      When a task succeeds
      And a task raises an exception
      Then nothing in the log stream speaks against "FMT015"

  @FMT016
  Rule: Within one execution timestamps do not go backwards

    Scenario: Tasks write several records
      Given a worker with one slot
      When 10 tasks succeed
      Then nothing in the log stream speaks against "FMT016"

  @FMT017
  Rule: Standard error carries nothing that is not a record

    Scenario: Tasks end in different ways, and standard error stays pure
      Given a worker with one slot
      When a task succeeds
      And a task raises an exception
      Then standard error carries nothing that is not a record
