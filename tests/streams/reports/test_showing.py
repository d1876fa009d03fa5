"""What the summary and the report show, by option; detection and the files of alerts are the same whatever is shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.alerts import Alert
from schemas.errors import UsageError
from schemas.evidence import EntityTie, Evidence
from schemas.networks import Member, MemberRole
from schemas.registry import EntityKind
from streams.reports.shown_networks import Showing, showing_of
from streams.reports.who_and_what import what, who
from streams.settings.showing_options import ShowingOptions
from tests.schemas.samples import FULL, MINIMAL, NOON
from tests.streams.conftest import Lockstep, lockstep, world

__all__ = ["lockstep", "world"]
LAST = NOON + timedelta(days=30)


def alert(network: str, **more: Any) -> Alert:
    sample = MINIMAL["alert"]
    assert isinstance(sample, Alert)
    values = {"member_count": 3, "platforms": ["x"], "languages": ["es"], "event_time_end": NOON, **more}
    return msgspec.structs.replace(sample, network_id=network, **values)


def shown(*alerts: Alert, **options: Any) -> list[str]:
    return [one.network_id for one in showing_of(ShowingOptions(**options)).fitting(alerts, LAST)]


def test_networks_fit_by_time_platform_language_and_size() -> None:
    old = alert("old")
    recent = alert("recent", event_time_end=LAST - timedelta(days=2), platforms=["facebook", "x"])
    large = alert("large", member_count=50, languages=["pt-BR", "en"])
    every = (old, recent, large)
    assert shown(*every) == ["old", "recent", "large"]
    assert shown(*every, since="7d") == ["recent"]
    assert shown(*every, since="48h") == ["recent"]
    assert shown(*every, since="1d") == []
    assert shown(*every, since=f"{LAST - timedelta(days=3):%Y-%m-%d}") == ["recent"]
    assert shown(*every, since=NOON.isoformat()) == ["old", "recent", "large"]
    assert shown(*every, platform=["Facebook"]) == ["recent"]
    assert shown(*every, platform=["twitter"]) == ["old", "recent", "large"]
    assert shown(*every, platform=["telegram", "fb"]) == ["recent"]
    assert shown(*every, lang=["pt"]) == ["large"]
    assert shown(*every, lang=["pt_br"]) == ["large"]
    assert shown(*every, lang=["pt-PT"]) == []
    assert shown(*every, min_members=4) == ["large"]
    assert shown(*every, since="7d", min_members=4) == []


def test_a_time_with_a_zone_is_that_time() -> None:
    assert showing_of(ShowingOptions(since="2024-03-05T08:00+02:00")).since == datetime(
        2024, 3, 5, 6, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["soon", "7", "-1d", "7y", "2024-13-01", "", "9" * 30 + "d"])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        showing_of(ShowingOptions(since=text))


def test_nothing_asked_says_nothing() -> None:
    assert Showing().note(3, 3, 3) is None


def member(account: str, handle: str | None = None) -> Member:
    return Member(
        account_id=account,
        handle=handle,
        role=MemberRole.CORE,
        membership=1.0,
        first_seen=NOON,
        last_seen=NOON,
    )


def sample(kind: str, object_: str, entity: str | None = None) -> Evidence:
    tie = EntityTie(entity_id="e", name=entity, kind=EntityKind.STATE_MEDIA) if entity else None
    base = FULL["alert"]
    assert isinstance(base, Alert)
    return msgspec.structs.replace(base.evidence[0], kind=kind, object=object_, entity=tie)


def test_a_line_says_who_and_what() -> None:
    full = FULL["alert"]
    assert isinstance(full, Alert)
    signal = msgspec.structs.replace(full.signals[0], detector="co_share.url")
    one = alert(
        "n",
        members=[member("x:1", "dia\x1b[2J"), member("unknown:2"), member("x:3")],
        signals=[signal],
        evidence=[
            sample("repost", "12345"),
            sample("text", "Hola"),
            sample("url", "https://a.example/one"),
            sample("unattributed_copies", "x", "Agencia Velmar"),
        ],
    )
    assert who(one) == "@dia [2J, 2 and 1 more"
    assert what(one) == "copies of Agencia Velmar, links, \u201chttps://a.example/one\u201d"
    assert what(alert("n")) == "Two accounts may be acting together"


@pytest.mark.slow
def test_given_options_then_summary_and_report_show_what_fits_and_the_alerts_stay(
    lockstep: Lockstep, world: Path, tmp_path: Path
) -> None:
    alerts, report = tmp_path / "alerts.jsonl", tmp_path / "report.html"

    def run(*options: str) -> tuple[str, str, int]:
        done = lockstep("replay", world, "--alerts", alerts, "--report", report, *options)
        assert done.returncode == 0, done.stderr.decode()
        said = " ".join(done.stderr.decode().split())
        return said, report.read_text(encoding="utf-8"), len(alerts.read_bytes().splitlines())

    plain, page, count = run()
    assert "Shown:" not in plain and "Shown:" not in page
    networks = page.count("<article id=")
    assert networks >= 1
    said, page, same = run("--min-members", "900")
    assert "Shown: 0 of 0 networks that fit --min-members 900" in said and "No network fits that." in said
    assert "No network fits that." in page and page.count("<article id=") == 0
    assert same == count
    said, page, same = run("--top", "1", "--since", "3000d")
    assert f"of {networks} networks that fit --top 1 --since 3000d" in said
    assert page.count("<article id=") == 1
    assert same == count


def test_a_wrong_time_ends_the_run_before_it_reads(lockstep: Lockstep, world: Path) -> None:
    done = lockstep("replay", world, "--since", "soon")
    assert done.returncode == 2 and b"--since" in done.stderr
