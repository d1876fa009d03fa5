"""The records that co-sharing hands on, and the numbering of the counters that accounts have."""

import numpy as np
import numpy.typing as npt

from detectors.config import KINDS, MAX_WINDOWS, DetectionConfig

Records = npt.NDArray[np.void]

NO_STRATUM = 15
"""Nibble of a window that the two shares do not fall into."""

CO_SHARES = np.dtype(
    [
        ("time", np.int64),  # of the later share, seconds
        ("object", np.uint64),
        ("later_post", np.int64),  # running number of the post
        ("earlier_post", np.int64),
        ("later", np.int32),  # account numbers
        ("earlier", np.int32),
        ("gap", np.int32),  # seconds between the two shares
        ("crowd", np.int32),  # accounts on the object within the smallest window that holds both
        ("strata", np.uint16),  # crowd stratum per window, a nibble each, or NO_STRATUM
        ("kind", np.uint8),
    ]
)
"""Two shares of one object by two accounts, ordered by the later one."""

EXPOSURES = np.dtype([("account", np.int32), ("cell", np.int32), ("amount", np.int32)])
"""Additions to an account's exposure in a cell of `Cells`, or to its activity."""


class Cells:
    """Numbers of the counters an account has: exposure by kind, window and stratum; activity by kind."""

    def __init__(self, config: DetectionConfig) -> None:
        self.strata = len(config.co_share.strata) + 1
        self.activity = len(KINDS) * MAX_WINDOWS * self.strata
        """The first activity cell; one a kind follows."""
        self.count = self.activity + len(KINDS)
