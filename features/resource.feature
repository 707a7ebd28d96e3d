Feature: Resource usage
  A task that needs much says how long it took and how much memory. The service names its task in its
  configuration: [tool.logconform] tasks.resource.

  @RES001
  Rule: A resource usage record has its duration and its memory, as whole numbers

    Scenario: The service's task that reports its usage runs, in whole numbers
      Given a worker with one slot
      When the service's own "resource" task runs
      Then it writes "memory_used_mb"
      And its records keep "RES001"

  @RES002
  Rule: The figures agree with the clock and with the process

    Scenario: The service's task that reports its usage runs, in agreement with the clock
      Given a worker with one slot
      When the service's own "resource" task runs
      Then its figures agree with what the oracle measured
