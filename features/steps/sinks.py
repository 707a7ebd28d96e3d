"""Steps that ask how records reached the console and the log file."""

from __future__ import annotations

from logconform.lab.audits import log_file, sink
from logconform.lab.vocabulary import question

question("each thing that was said is written once")(sink.written_once)
question("every way of logging writes from the same level on")(sink.levels_hold)
question("the log file has every record that the console has")(log_file.file_has_the_same)
question("the log file and its old files hold every record whole, but for the oldest")(log_file.rotation_loses_nothing)
question("the task succeeds, and the console says once that the file cannot be opened")(log_file.file_is_bearable)
question("every record is whole in the log file after the shutdown")(log_file.file_is_whole_at_the_end)
question("every record comes out whole, and once")(sink.long_records_are_whole)
