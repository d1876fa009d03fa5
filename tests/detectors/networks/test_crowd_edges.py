"""The alert on a network that only a recurring crowd ties together, and the pairs that count as validated."""

import numpy as np
import pytest

from detectors.config import DetectionConfig
from detectors.pipeline import Pipeline
from tests.detectors.post_worlds import DAY, START, URL, Post, frame_of, noise

GROUP = list(range(400, 412))


def posts() -> list[Post]:
    """Noise, and a group that came together twice: too little for any pair of it."""
    draw = np.random.default_rng(7)
    made = noise(draw, 6_000, 412, 1_500, 4)
    for day in (1, 2):
        for account in GROUP:
            made.append(
                Post(START + day * DAY + 40_000 + int(draw.integers(0, 500)), account, ((URL, 9_000 + day),))
            )
    return made


@pytest.mark.slow
def test_given_a_group_that_met_twice_then_the_alert_says_so_and_lists_no_pair_that_passes_alone() -> None:
    pipeline = Pipeline(DetectionConfig())
    alerts = list(pipeline.process(frame_of(posts()), START + 5 * DAY)) + list(pipeline.end())

    last = alerts[-1]
    assert {member.account_id for member in last.members} >= {f"x:a{account}" for account in GROUP}
    assert "Nearly the same accounts met around several objects" in last.explanation
    assert all(signal.detector != "pair_gate" for signal in last.signals)
    candidates = pipeline.pairs.candidates()
    assert len(candidates) >= len(GROUP) * (len(GROUP) - 1) / 2 * 0.8
    assert not pipeline.stage.validated(candidates).any()
