"""Settings that make no sense are refused with what they may be; the digest tells settings apart."""

from typing import Any

import msgspec
import pytest

from detectors.config import KINDS, REFERENCE, CoShareConfig, DetectionConfig, GateConfig, TimeConfig
from detectors.synchrony.cells import Cells, window_table
from schemas.errors import UsageError
from schemas.shares import TraceKind


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"windows_s": {TraceKind.URL: (1, 2, 3, 4)}}, "at most 3 ascending"),
        ({"windows_s": {TraceKind.URL: (60, 60)}}, "ascending"),
        ({"windows_s": {TraceKind.URL: (600, 60)}}, "ascending"),
        ({"windows_s": {TraceKind.URL: (0, 60)}}, "ascending"),
        ({"windows_s": {TraceKind.URL: ()}}, "no kind has a window"),
        ({"windows_s": {}}, "no kind has a window"),
        ({"windows_s": {TraceKind.URL: (60,)}, "reference_s": 60}, "more than the longest window"),
        ({"strata": ()}, "1 to 14"),
        ({"strata": (5, 5)}, "ascending"),
        ({"strata": tuple(range(1, 16))}, "1 to 14"),
    ],
)
def test_given_windows_or_strata_that_make_no_sense_then_they_are_refused(
    settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        DetectionConfig(co_share=CoShareConfig(**settings))


def test_given_other_settings_that_make_no_sense_then_they_are_refused() -> None:
    with pytest.raises(UsageError, match="reestimate_s"):
        DetectionConfig(time=TimeConfig(tick_s=7, reestimate_s=100))
    for level in (0.0, 1.0, -0.1):
        with pytest.raises(UsageError, match="false_discovery_rate"):
            DetectionConfig(gate=GateConfig(false_discovery_rate=level))


def test_given_settings_then_the_digest_is_a_function_of_them_alone() -> None:
    again = msgspec.json.decode(msgspec.json.encode(DetectionConfig()), type=DetectionConfig)

    assert DetectionConfig().digest == again.digest
    assert len(again.digest) == 16
    other = DetectionConfig(gate=GateConfig(false_discovery_rate=0.02))
    assert len({DetectionConfig().digest, other.digest, DetectionConfig().exact().digest}) == 3


def test_given_kinds_then_each_that_is_traced_has_the_reference_window_at_its_place() -> None:
    windows = {TraceKind.URL: (60, 600), TraceKind.MENTION: ()}
    table = window_table(DetectionConfig(co_share=CoShareConfig(windows_s=windows, reference_s=900)))

    assert table[KINDS.index(TraceKind.URL)].tolist() == [60, 600, 0, 900]
    assert table.sum() == 60 + 600 + 900
    assert REFERENCE == 3
    without = window_table(DetectionConfig(co_share=CoShareConfig(windows_s=windows, reference_s=0)))
    assert without.sum() == 660


@pytest.mark.parametrize(("cap", "strata"), [(32, 3), (2, 1), (1, 1), (100, 4), (0, 4)])
def test_given_a_cap_then_crowds_that_it_cuts_short_tell_nothing_of_interest(cap: int, strata: int) -> None:
    assert Cells(DetectionConfig(co_share=CoShareConfig(cap=cap))).reference_strata == strata
