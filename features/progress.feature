Feature: Progress of long tasks
  A long task says how much there is, how far it came, and how much was done. The service names its task in
  its configuration: [tool.logconform] tasks.progress.

  @PROG001
  Rule: A first record with the total, then progress, then a last one with what was done

    Scenario: The service's task that reports progress runs, in order
      Given a worker with one slot
      When the service's own "progress" task runs
      Then it writes "total_records", "processed_records" and "total_processed"
      And its records keep "PROG001"

  @PROG002
  Rule: The figures are whole numbers that add up

    Scenario: The service's task that reports progress runs, with figures that add up
      Given a worker with one slot
      When the service's own "progress" task runs
      Then its records keep "PROG002"

  @PROG003
  Rule: Progress comes at a bounded rate

    Scenario: The service's task that reports progress runs, at a bounded rate
      Given a worker with one slot
      When the service's own "progress" task runs
      Then its records keep "PROG003"
