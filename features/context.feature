Feature: Context binding
  What a task is about follows its records, and only its own.

  @CTX001
  Rule: Every record of an execution carries its task's id

    Scenario Outline: A task <ends>, under its id
      Given a worker with one slot
      When a task <ends>
      Then every record that the task's body wrote carries its task id

      Examples:
        | ends                                          |
        | succeeds                                      |
        | raises an exception                           |
        | is retried and then succeeds                  |
        | is retried by autoretry_for and then succeeds |
        | is ignored                                    |
        | is rejected                                   |
        | logs an error that it handles                 |

  @CTX002
  Rule: Every record of an execution carries the tenant of its keyword arguments

    Scenario Outline: A task for a tenant <ends>
      Given a worker with one slot
      When a task for tenant "acme" and user "ada" <ends>
      Then every start and execution record carries its "tenant_id"

      Examples:
        | ends                          |
        | succeeds                      |
        | raises an exception           |
        | is retried and then succeeds  |
        | logs an error that it handles |

  @CTX003
  Rule: Every record of an execution carries the user of its keyword arguments

    Scenario Outline: A task for a user <ends>
      Given a worker with one slot
      When a task for tenant "acme" and user "ada" <ends>
      Then every start and execution record carries its "user_id"

      Examples:
        | ends                          |
        | succeeds                      |
        | raises an exception           |
        | is retried and then succeeds  |
        | logs an error that it handles |

  @CTX004
  Rule: A context field with no value is absent

    Scenario: A task is called with no tenant and no user
      Given a worker with one slot
      When a task succeeds
      Then no record about the task has a tenant or a user

    Scenario: A task is called with a tenant and a user that are None
      Given a worker with one slot
      When a task is called with a tenant and a user that are None
      Then no record about the task has a tenant or a user

  @CTX005
  Rule: Context never crosses from one execution to another

    Scenario Outline: A task without a tenant follows one that <ends>
      Given a worker with one slot
      When a task for a tenant <ends>, and then one without a tenant runs
      Then nothing of the first task's context is on the second's records, or outside any task

      Examples:
        | ends                                |
        | succeeds                            |
        | raises an exception                 |
        | raises an expected exception        |
        | is retried and then succeeds        |
        | uses up its retries                 |
        | uses up the retries of autoretry_for |
        | is ignored                          |
        | is rejected                         |
        | exceeds its soft time limit         |
        | exceeds its hard time limit         |
        | exits                               |
        | raises an exception whose text raises |

    Scenario: A task without a tenant follows in a chain
      Given a worker with one slot
      When a task for a tenant and one without run as a chain
      Then no record of the second task has the tenant of the first

  @CTX006
  Rule: log_context adds its fields to its block, and leaving it restores what was bound before

    Scenario: Blocks nest, override, and are left by an exception
      Given a worker with one slot
      When a task for a tenant speaks inside and outside nested log_context blocks
      Then each record has the fields of its blocks, and no others

  @CTX007
  Rule: The operation is the task's own where nothing overrides it

    Scenario Outline: A task <ends>, under its operation
      Given a worker with one slot
      When a task <ends>
      Then start and execution records have the operation "task." and the task's name

      Examples:
        | ends                         |
        | succeeds                     |
        | is retried and then succeeds |

  @CTX008
  Rule: A task run in-process has its own context, and the outer one's is intact afterwards

    Scenario Outline: A task runs another in-process for <whom>, which <ends>
      Given a worker with one slot
      When a task for a tenant runs another in-process for <whom>, which <ends>
      Then the inner task's records have its own context, and the outer's is as before

      Examples:
        | whom           | ends                |
        | another tenant | succeeds            |
        | another tenant | raises an exception |
        | no tenant      | succeeds            |
        | no tenant      | is ignored          |

  @CTX009
  Rule: Identifiers passed by position are bound too

    Scenario: A task takes its tenant and user by position
      Given a worker with one slot
      When a task takes its tenant and user by position
      Then its records carry them, bound by the task's signature

  @CTX010
  Rule: Identifiers are written as strings, and a falsy one is an identifier

    Scenario Outline: A task is called with the tenant <identifier>
      Given a worker with one slot
      When a task is called with a plain tenant, and then one with <identifier>
      Then its records carry its "tenant_id" as a string

      Examples:
        | identifier       |
        | the number 42    |
        | the number 0     |
        | a UUID           |
        | a number in text |

    Scenario Outline: A task is called with the user <identifier>
      Given a worker with one slot
      When a task is called with a plain user, and then one with <identifier>
      Then its records carry its "user_id" as a string

      Examples:
        | identifier    |
        | the number 42 |
        | the number 0  |

  @CTX011
  Rule: Executions that run at the same time carry each their own context

    Scenario: Four tasks for four tenants run at once
      Given a worker with four slots
      When four tasks for four tenants run at the same time
      Then each record carries its own task's id and tenant

  @CTX012
  Rule: A task sent by a task names its parent, and keeps the correlation

    Scenario: A task sends another
      Given a worker with one slot
      When a task sends another
      Then the other's records name it as parent, with the same correlation id

    Scenario: A task is retried
      Given a worker with one slot
      When a task is retried and then succeeds
      Then no record names its own task as its parent

  @CTX013
  Rule: Binding can never fail a task, nor leave it under another's context

    Scenario Outline: A task is called with <argument>
      Given a worker with one slot
      When a task for a tenant runs, and then one is called with <argument>
      Then its body runs, and its records carry its own task id

      Examples:
        | argument                                  |
        | a tenant that is a mapping                |
        | a tenant that is a list                   |
        | a tenant that is a very long text         |
        | a tenant that is no Unicode               |
        | a tenant that is a flag                   |
        | names that a record has                   |

    Scenario Outline: A task is run in-process with <argument>
      Given a worker with one slot
      When a task is run in-process for a tenant that is <argument>
      Then its body runs, and its records carry its own task id

      Examples:
        | argument                   |
        | an object whose str raises |
        | bytes that are not text    |
        | a set                      |
