"""Whether all stores fit into memory at once when each is as full as the settings allow."""

from pathlib import Path

from detectors.config import DetectionConfig
from detectors.stores import STORES
from streams.doctor.finding import Finding, Status
from streams.settings.settings import WorkerSettings

_GB = 1e9
FIXED = 0.5 * _GB
"""Bytes that a run takes while its stores are empty: libraries, and blocks being decoded."""
HELD_ROW = 1_000
"""Bytes of a post that waits for the watermark: 300 and its text, twice while rows are sorted."""


def memory(config: DetectionConfig, worker: WorkerSettings | None = None) -> Finding:
    """Whether the stores fit into memory when they are full.

    Args:
        config: of detection.
        worker: of a live worker, which also holds waiting rows; None for a replay.
    """
    check = "memory"
    needs = {store.setting: store.setting_value(config) * store.item_bytes for store in STORES}
    if worker is not None:
        needs["worker.held_rows"] = worker.held_rows * HELD_ROW
    need = FIXED + sum(needs.values())
    bound = f"these settings allow up to {need / _GB:,.1f} GB when all stores are full"
    have = available_memory()
    if have is None:
        return Finding(check=check, status=Status.OK, found=f"{bound}; the available memory is not known")
    if have < need:
        largest = sorted(needs, key=lambda setting: -needs[setting])[:3]
        shares = ", ".join(f"{setting} ({needs[setting] / _GB:,.1f} GB)" for setting in largest)
        return Finding(
            check=check,
            status=Status.WARN,
            found=f"{have / _GB:,.1f} GB available; {bound}.",
            mend=f"A large input may run out of memory. In --config, lower the largest limits: {shares}.",
        )
    return Finding(check=check, status=Status.OK, found=f"{have / _GB:,.1f} GB available; {bound}")


def available_memory() -> int | None:
    """Bytes free without swapping, within the limit of a container; None where the system does not report it."""
    figures = []
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                figures.append(int(line.split()[1]) * 1024)
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        if limit.isdigit():
            used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
            figures.append(max(0, int(limit) - used))
    except (OSError, ValueError):
        pass
    return min(figures, default=None)
