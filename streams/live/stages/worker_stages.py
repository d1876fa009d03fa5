"""Which stages a worker runs: all of them, or those that `--stages` names."""

from enum import StrEnum

from schemas.errors import UsageError


class WorkerStage(StrEnum):
    """Work that a worker can be given alone."""

    INGEST = "ingest"
    """Reads and checks the public topics."""
    SYNCHRONY = "synchrony"
    """Finds co-shares, in shards, if `worker.synchrony_agents` is set."""
    NETWORKS = "networks"
    """All the rest of detection: one worker runs it, and the others stand by."""


ALL_STAGES = frozenset(WorkerStage)


def stages_of(text: str | None, *, synchrony_agents: bool) -> frozenset[WorkerStage]:
    """Read the option `--stages`.

    Args:
        text: names with commas between them; None: all.
        synchrony_agents: the setting `worker.synchrony_agents`.

    Raises:
        UsageError: a name is no stage, or there would be nothing to do.
    """
    names = [stage.value for stage in WorkerStage]
    if text is None:
        return ALL_STAGES
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in names]:
        raise UsageError(f"--stages: {unknown[0]!r} is none of {', '.join(names)}.")
    if not wanted:
        raise UsageError(f"--stages: name one or more of {', '.join(names)}.")
    stages = frozenset(WorkerStage(name) for name in wanted)
    if stages == {WorkerStage.SYNCHRONY} and not synchrony_agents:
        raise UsageError(
            "--stages: co-sharing has workers of its own only if worker.synchrony_agents is set in the settings of all "
            "workers."
        )
    return stages
