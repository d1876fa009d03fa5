"""The errors a user can meet, as one tree.

Each message says what was wrong with which input and what to do about it; the command line prints the message and
nothing else. Errors that belong to one part are defined there; the tree names the module.

    LockstepError
    ├── InputError          the input cannot be read, or is not what it should be        (exit status 1)
    │   ├── FormatError         no known format fits, or columns are missing
    │   ├── TooManyBadRows      the share of rejected rows passed the limit
    │   ├── RegistryError       the registry contradicts itself          detectors.reference.registry
    │   ├── StateError          a saved state cannot be used             detectors.state.state_forms
    │   ├── FrameError          a record of the log is no frame          streams.live.exchange.frames
    │   ├── StepRecordError     a record is of no step of the exchange   streams.live.exchange.step_records
    │   └── SourceFault         a connection to a live source failed     streams.collect.source
    ├── OutputError         an output cannot be written              streams.outputs.output_files (exit status 1)
    ├── BrokerError         a broker cannot be reached, or refuses   streams.live.broker.broker_check (exit status 1)
    ├── UndeliveredError    a receiver did not take a notification   streams.notify.batch (exit status 1)
    ├── Interrupted         a signal ended the run               streams.replay.stopping (exit status 128 + the signal)
    ├── FilterError         a filter of the desk cannot be kept      streams.desk.cases.saved_filters
    ├── VerdictError        a verdict cannot be recorded             streams.desk.verdicts.verdict
    ├── Diverged            two producers of an epoch disagree           detectors.exchange.inbox
    ├── LineageLost         detection and its shards do not agree        detectors.exchange.synchrony_shard
    ├── UnknownType         the list of kernels names a type that none takes  streams.kernels.argument_types
    └── UsageError          a setting, option or configuration file is wrong             (exit status 2)
    Abandoned               reading stops because the run does; caught within  streams.ordering.source_feeds
    Ending                  work stops because the worker does; caught within  streams.live.stages.detection_thread
"""


class LockstepError(Exception):
    """Base of every error that Lockstep raises on purpose."""


class InputError(LockstepError):
    """The input cannot be read, or is not what it should be."""


class FormatError(InputError):
    """No known format fits the input, or a column that it needs is missing."""


class TooManyBadRows(InputError):
    """More than the configured share of rows was rejected: the format is wrong."""


class UsageError(LockstepError):
    """A setting, an option or a configuration file is wrong."""
