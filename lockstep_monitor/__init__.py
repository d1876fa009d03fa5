"""Lockstep in a notebook or a script: posts in, networks out as frames.

    import lockstep_monitor as lm

    result = lm.replay("posts.jsonl.gz", registry="registry.jsonl")
    result.networks, result.members, result.edges, result.evidence, result.alerts
    result.report("report.html")

These names are the whole interface, and stay from one version to the next as `docs/notebooks.md` describes them.
Everything below `streams`, `detectors` and `schemas` may change.
"""

from lockstep_monitor.replaying import Frame, replay
from lockstep_monitor.result import Result
from schemas.errors import InputError, LockstepError, UsageError
from streams.version import VERSION as __version__

__all__ = ["Frame", "InputError", "LockstepError", "Result", "UsageError", "__version__", "replay"]
