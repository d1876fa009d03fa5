"""Detection is saved and restored whole, and a state that does not fit is refused."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from detectors.state.state_forms import StateError
from streams.live.detection.detection import Detection
from streams.live.detection.detection_state import captured, restored
from streams.settings.settings import Settings
from streams.state.state_codec import encode
from tests.streams.live.detection.log_runs import applied, opened, posts


def test_given_no_frame_yet_then_it_can_be_saved() -> None:
    config = Settings().detection
    chunks = list(encode(captured(Detection(config, "live", "w"))))

    assert list(encode(captured(restored(chunks, config, "replay", "other")))) == chunks


def places(form: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Every dict of a state with each of its keys, and the path of that key."""
    for name, value in form.items():
        yield form, name, name
        if isinstance(value, dict):
            yield from ((inner, key, f"{name}/{path}") for inner, key, path in places(value))


@pytest.mark.slow
def test_given_a_state_that_is_incomplete_or_of_another_version_then_it_is_refused() -> None:
    config = Settings().detection
    detection = applied(
        [opened(0, 1), posts(0, 0, ("a", 10), ("b", 200)), posts(1, 0, ("c", 150), ("d", 150)), opened()]
    ).detection
    pipeline = captured(detection)["pipeline"]
    assert pipeline is not None
    assert detection.held_posts.frames
    # the pipeline has its own test in tests/detectors/state, and takes long to encode
    whole = {**captured(detection), "pipeline": None}
    columns = pl.DataFrame({"a": [1]})
    accepted = set()
    for form, name, path in [(whole, "pipeline", "pipeline"), *list(places(whole["remembered"]))]:
        saved = form[name]
        for wrong in (None, "text", 1.5, [1], {"a": "b"}, columns, [columns]):
            if (path, wrong is None) == ("pipeline", True):
                continue  # no post has come yet
            form[name] = wrong
            try:
                restored(encode(whole), config, "live", "w")
            except StateError:
                continue
            accepted.add(path)
        del form[name]
        if not any(part in path for part in ("/next/", "times/sources/", "times/read/")):
            with pytest.raises(StateError):
                restored(encode(whole), config, "live", "w")
        form[name] = saved
    # any time will do, and the filter of duplicates has no generation before its first row; shares that were read in
    # another way are read again
    assert accepted <= {
        "latest_post",
        "read_as",
        "passed",
        "times/clock",
        *(f"times/read/posts.v1/{number}" for number in (0, 1)),
        *(
            f"times/sources/posts.v1/{number}//{name}"
            for number in (0, 1)
            for name in ("latest", "heard", "ahead")
        ),
        "duplicates/_generation",
    }


def test_given_an_attribute_that_is_added_then_it_is_saved_by_itself_or_refused() -> None:
    detection = Detection(Settings().detection, "live", "w")
    detection.added = 7  # type: ignore[attr-defined]
    assert captured(detection)["remembered"]["added"] == 7

    detection.added = None  # type: ignore[attr-defined]
    with pytest.raises(StateError, match=r"Detection\.added"):
        captured(detection)
