"""`--metrics`: the figures of a run on one machine, as Prometheus reads them."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.streams.conftest import Lockstep
from tests.streams.small_world import small_world, write_jsonl, write_labels


def figures(path: Path) -> dict[tuple[str, str], float]:
    """Values by metric and the label beside the run."""
    found = {}
    for family in text_string_to_metric_families(path.read_text()):
        for sample in family.samples:
            assert sample.labels["run"] == path.stem
            rest = [value for name, value in sample.labels.items() if name not in ("run", "settings")]
            found[sample.name, "".join(rest)] = sample.value
    return found


def test_given_a_replay_when_it_ends_then_its_figures_are_there_for_prometheus(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    posts = small_world()
    dump = write_jsonl(tmp_path / "posts.jsonl", [*posts, {"platform": "x"}])  # type: ignore[list-item]
    done = lockstep("replay", dump, "--metrics", tmp_path / "a-run.prom", "--no-progress")
    assert done.returncode == 0, done.stderr
    found = figures(tmp_path / "a-run.prom")
    assert found["lockstep_run_posts", ""] == len(posts)
    assert found["lockstep_run_alerts", ""] >= 1
    assert sum(v for (name, _), v in found.items() if name == "lockstep_run_networks") >= 1
    assert found["lockstep_run_dead_letters", "missing_field"] == 1
    assert found["lockstep_run_dead_letters", "late"] == 0
    assert found["lockstep_run_duration_seconds", ""] > 0
    assert not any(name == "lockstep_run_quality_ratio" for name, _ in found)


def test_given_a_backtest_when_it_ends_then_its_quality_is_there_too(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    dump = write_jsonl(tmp_path / "posts.jsonl", small_world())
    labels = write_labels(tmp_path / "labels.csv")
    out = tmp_path / "b.prom"
    done = lockstep("backtest", dump, "--labels", labels, "--metrics", out, "--no-progress")
    assert done.returncode == 0, done.stderr
    found = figures(out)
    assert found["lockstep_run_quality_ratio", "precision"] == 1
    assert found["lockstep_run_quality_ratio", "recall"] == 1
    waits = [found["lockstep_run_time_to_detection_seconds", share] for share in ("0.5", "0.9")]
    assert 0 < waits[0] <= waits[1]


def test_given_a_file_that_is_also_the_input_then_it_is_refused(lockstep: Lockstep, tmp_path: Path) -> None:
    dump = write_jsonl(tmp_path / "posts.jsonl", small_world())
    before = dump.read_bytes()
    done = lockstep("replay", dump, "--metrics", dump)
    assert done.returncode == 2
    assert b"--metrics" in done.stderr
    assert dump.read_bytes() == before
