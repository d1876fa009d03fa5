"""Settings: what a file may say, and how it is told what it may not."""

from pathlib import Path

import pytest

from detectors.config import DetectionConfig
from schemas.errors import UsageError
from schemas.shares import TraceKind
from streams.settings import Settings, load_settings, setting_values


def load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "my.toml"
    path.write_text(text)
    return load_settings(str(path))


def test_without_a_file_or_with_an_empty_one_all_is_default(tmp_path: Path) -> None:
    assert load_settings(None) == Settings() == load(tmp_path, "")


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    settings = load(
        tmp_path, "seed = 0\n[time]\ntick_s = 300\n[co_share.windows_s]\nurl = [60]\n[input]\nsort_rows = 5\n"
    )
    assert settings.detection.seed == 0
    assert settings.detection.time.tick_s == 300
    assert settings.detection.co_share.windows_s == {TraceKind.URL: (60,)}
    assert settings.input.sort_rows == 5
    assert settings.detection.digest != DetectionConfig().digest


def test_every_setting_has_its_name_in_the_file(tmp_path: Path) -> None:
    values = dict(setting_values(Settings()))
    assert values["time.tick_s"] == 600
    assert values["input.sort_rows"] == 500_000
    assert not any(name.startswith(("detection", "mapping", "source")) for name in values)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[gate\n", "is not valid TOML"),
        ("gates = 1", "unknown: gates. Known are: attribution, co_share, engagement"),
        ("[gate]\nfoo = 1", r"\[gate\]: unknown setting foo. Known are: "),
        ("[input]\nfoo = 1", r"\[input\]: unknown setting foo. Known are: bad_share_after"),
        ("gate = 'x'", "gate: expected object, got str"),
        ("input = 3", "input: expected object, got int"),
        ("source = 3", "source: expected a section"),
        ("[source]\nfoo = 1", "foo"),
        ("[co_share.windows_s]\nlikes = [1]", "co_share.windows_s: invalid enum value 'likes'"),
        ("[time]\ntick_s = 0", "time.tick_s: give a number of at least 10"),
        ("[evidence]\nmax_pairs = -1", "evidence.max_pairs: give a number"),
        ("[traces]\nsimilarity = nan", "traces.similarity: give a number between 0 and 1"),
        ("[gate]\nfalse_discovery_rate = 1", "gate.false_discovery_rate: give a number between 0 and 1"),
        ("seed = 99999999999999999999", "seed: give a number"),
        ("[co_share]\nstrata = []", "co_share.strata: give"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        load(tmp_path, text)
    assert "my.toml" in str(caught.value)
