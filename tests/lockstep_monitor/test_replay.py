"""The Python API: frames of polars and pandas give what the command line gives, and what is wrong is said in words."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import polars as pl
import pytest

import lockstep_monitor as lm
from schemas.alerts import Alert
from streams.exports.tables import EDGES, EVIDENCE, MEMBERS, NETWORKS
from tests.streams.conftest import Lockstep, lockstep
from tests.streams.small_world import small_world, write_jsonl

__all__ = ["lockstep"]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [
        msgspec.to_builtins(post) if isinstance(post, msgspec.Struct) else dict(post)
        for post in small_world()
    ]


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("dump") / "posts.jsonl", small_world())


@pytest.fixture(scope="module")
def of_file(dump: Path) -> lm.Result:
    return lm.replay(dump, progress=False)


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(pl.col("created_at").str.to_datetime(time_zone="UTC"))


def found(result: lm.Result) -> pl.DataFrame:
    return result.networks.drop("alert_id")


def test_a_file_gives_the_networks_of_the_command_line(
    of_file: lm.Result, dump: Path, lockstep: Lockstep
) -> None:
    assert lockstep("replay", dump, "--alerts", "alerts.jsonl").returncode == 0
    alerts = msgspec.json.Decoder(Alert).decode_lines(Path("alerts.jsonl").read_bytes())
    assert of_file.alerts["alert_id"].to_list() == [alert.alert_id for alert in alerts]
    latest = {alert.network_id: alert for alert in alerts if alert.successor_id is None}
    assert set(of_file.networks["network_id"]) == set(latest)
    members = {(network, m.account_id) for network, alert in latest.items() for m in alert.members}
    assert set(of_file.members.select("network_id", "account").iter_rows()) == members


def test_the_frames_have_their_declared_columns(of_file: lm.Result) -> None:
    for frame, schema in (
        (of_file.networks, NETWORKS),
        (of_file.members, MEMBERS),
        (of_file.edges, EDGES),
        (of_file.evidence, EVIDENCE),
        (of_file.alerts, NETWORKS),
    ):
        assert frame.schema == pl.DataFrame(schema=dict(schema)).schema
        assert len(frame) > 0


@pytest.mark.parametrize("lazy", [False, True])
def test_a_frame_of_polars_gives_what_the_file_gives(
    lazy: bool, rows: list[dict[str, Any]], of_file: lm.Result
) -> None:
    frame = frame_of(rows)
    result = lm.replay(frame.lazy() if lazy else frame, progress=False)
    assert found(result).equals(found(of_file))
    assert result.edges.equals(of_file.edges)
    assert result.evidence.equals(of_file.evidence)


def test_a_frame_of_pandas_gives_what_the_file_gives(rows: list[dict[str, Any]], of_file: lm.Result) -> None:
    frame = pd.DataFrame(rows)
    frame["created_at"] = pd.to_datetime(frame["created_at"], utc=True)
    frame["text"] = None
    frame["followers_count"] = float("nan")
    frame.loc[0, "followers_count"] = 7
    result = lm.replay(frame, progress=False)
    assert found(result).equals(found(of_file))
    assert result.evidence.equals(of_file.evidence)


def test_columns_of_other_names_and_times_without_a_zone_are_read(
    rows: list[dict[str, Any]], of_file: lm.Result
) -> None:
    frame = frame_of(rows)
    platform = frame["platform"][0]
    assert frame["platform"].n_unique() == 1
    other = frame.drop("platform").rename({"post_id": "id", "account_id": "who", "created_at": "when"})
    other = other.with_columns(pl.col("when").dt.replace_time_zone(None))
    result = lm.replay(
        other,
        columns={"post_id": "id", "account_id": "who", "created_at": "when"},
        platform=platform,
        progress=False,
    )
    assert found(result).equals(found(of_file))


def test_figures_of_posts_become_metrics_and_profiles_may_be_a_frame(rows: list[dict[str, Any]]) -> None:
    frame = frame_of(rows).with_columns(likes=pl.lit(2), replies=pl.lit(1, pl.Int64))
    accounts = (
        frame.select("platform", "account_id")
        .unique()
        .with_columns(
            handle="h_" + pl.col("account_id"), observed_at=pl.lit(datetime(2020, 1, 1, tzinfo=UTC))
        )
    )
    result = lm.replay(frame, accounts=accounts, progress=False)
    assert result.members["handle"].str.starts_with("h_").all()


def test_the_report_is_the_one_of_the_run(of_file: lm.Result, tmp_path: Path) -> None:
    page = of_file.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(network in page for network in of_file.networks["network_id"])
    assert of_file.networks["network_id"][0] in of_file._repr_html_()
    with pytest.raises(lm.LockstepError):
        of_file.report(tmp_path / "nowhere" / "report.html")


def test_it_runs_in_a_thread_and_is_silent_when_asked(
    dump: Path, of_file: lm.Result, capfd: pytest.CaptureFixture[str]
) -> None:
    results: list[lm.Result] = []
    thread = threading.Thread(target=lambda: results.append(lm.replay(dump, progress=False)))
    thread.start()
    thread.join()
    assert found(results[0]).equals(found(of_file))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop("created_at"), "posts: has no column created_at; name them with columns="),
        (
            lambda frame: frame.drop("platform"),
            "posts: has no column platform; name the platform with platform=",
        ),
        (lambda frame: frame.with_columns(post_id=pl.lit(1.5)), "posts: post_id are fractions"),
        (lambda frame: frame.to_dicts()[0], "posts: expected a frame of polars or pandas"),
    ],
)
def test_what_is_wrong_with_a_frame_is_said(change: Any, words: str, rows: list[dict[str, Any]]) -> None:
    with pytest.raises(lm.UsageError, match=words):
        lm.replay(change(frame_of(rows)), progress=False)


def test_a_file_that_cannot_be_read_is_an_error_of_lockstep(tmp_path: Path) -> None:
    with pytest.raises(lm.LockstepError, match="nothing"):
        lm.replay(tmp_path / "nothing.jsonl", progress=False)
