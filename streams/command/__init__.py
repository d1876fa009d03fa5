"""The command line: commands and how they end.

`program`, `live_program` and `source_program` declare the commands, whose options are in `streams.settings.options`;
`option_groups` lets a command take several options as one object. `replay_commands` and `source_commands` do the
work of the commands without Kafka, and `faults` turns errors into messages and exit statuses.
"""
