Feature: Configuration, files and rotation
  A record reaches the console and the file once, whole, whoever else writes there.

  @SINK001
  Rule: No record is written twice

    Scenario: A task speaks, and so do the libraries that it calls
      Given a worker with one slot
      When a task says something through each way of logging
      Then each thing that was said is written once

  @SINK002
  Rule: The configured level holds for every logger

    Scenario: A task and a library speak at every level
      Given a worker with one slot
      When a task speaks at every level, by itself and as a library
      Then every way of logging writes from the same level on

    Scenario: A task and a library speak, where another level is asked for
      Given a worker that is told to log from "warning" on
      When a task speaks at every level, by itself and as a library
      Then every way of logging writes from the same level on

  @SINK003
  Rule: The log file gets every record that the console gets

    Scenario: Tasks end in different ways, and speak in several
      Given a worker with one slot
      And the service writes a log file
      When a task is retried and then succeeds
      And a task says something through each way of logging
      Then the log file has every record that the console has

  @SINK004
  Rule: Rotation by several processes loses and tears nothing

    Scenario: Four tasks make the log file rotate
      Given a worker with four slots
      And the service writes a log file
      When four tasks write 1000 records of 8 kB each, at the same time
      Then the log file and its old files hold every record whole, but for the oldest

  @SINK005
  Rule: A log file that cannot be opened stops nothing

    Scenario: A folder stands where the log file should be
      Given a worker whose log file cannot be opened
      When a task succeeds
      Then the task succeeds, and the console says once that the file cannot be opened

  @SINK006
  Rule: After a warm shutdown every record is whole in the file

    Scenario: A worker is stopped after its last task
      Given a worker with one slot
      And the service writes a log file
      When 3 tasks succeed
      Then every record is whole in the log file after the shutdown

    Scenario: A worker with several processes is stopped after they wrote much
      Given a worker with four slots
      And the service writes a log file
      When 8 tasks succeed
      Then every record is whole in the log file after the shutdown

  @SINK007
  Rule: Records of any size come out whole, from any number of processes

    Scenario: Four tasks write long records at the same time
      Given a worker with four slots
      When four tasks write records of 5 to 200 kB at the same time
      Then every record comes out whole, and once
