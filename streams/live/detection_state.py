"""Detection as bytes, and back."""

from detectors.config import DetectionConfig
from schemas.alerts import Mode
from streams.live.detection import Detection


def saved(detection: Detection) -> list[bytes]:
    """STUB"""
    raise NotImplementedError


def restored(chunks: list[bytes], config: DetectionConfig, mode: Mode, run_id: str) -> Detection:
    """STUB"""
    raise NotImplementedError
