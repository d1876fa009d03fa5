"""From posts, registry, profiles and follow events to alerts: who is suspected, who is not, and why."""

from datetime import UTC, datetime

import polars as pl
import pytest

from detectors.post_columns import conform
from detectors.reference.reference_data import PROFILES, ReferenceData
from detectors.reference.registry import Registry
from detectors.traces.traces import keyed
from schemas.alerts import Severity
from schemas.networks import Lifecycle
from schemas.registry import EntityKind
from schemas.reviews import RuleKind
from tests.detectors.post_worlds import DAY, START
from tests.detectors.press_world import (
    ALL_FOLLOWS,
    ENVOYS,
    KNOWN,
    LATER,
    MEMBERS,
    ORDINARY,
    TRIO,
    Edge,
    Row,
    context,
    core,
    counter,
    driven,
    entity,
    evidence,
    follows,
    follows_of_trio,
    jsons,
    ordinary_follows,
    posts,
    press_alerts,
    rule,
    run,
    terms,
)


@pytest.mark.slow
def test_given_a_trio_that_copies_an_agency_then_it_is_suspected_and_each_term_has_its_numbers() -> None:
    alert, *_ = press_alerts()

    assert core(alert) == set(MEMBERS)
    assert alert.severity is Severity.HIGH
    assert alert.priority >= 50
    assert alert.covertness is not None
    assert alert.covertness >= 0.5
    assert "suspected" in alert.headline
    before = posts().filter(
        pl.col("created_at") < alert.emitted_at.timestamp(), pl.col("account_id").is_in(TRIO)
    )
    hiding = before.filter(pl.col("text").str.contains("•"))
    copied = f"{len(before)} of {len(before)} posts nearly repeat Norte House without credit"
    hidden = f"{len(hiding)} of {len(before)} posts contain a hidden mention of Norte House"
    envoys = "Envoy0 House, Envoy1 House and Envoy2 House"
    followed = f"3 accounts of the registry ({envoys}) follow members, 9 follows in all"
    assert terms(alert)["unattributed_copies"].summary.startswith(copied)
    assert terms(alert)["hidden_mentions"].summary.startswith(hidden)
    assert terms(alert)["registry_followers"].summary.startswith(followed)
    for stated in (
        copied,
        hidden,
        "The typical member has 4 followers and 0 reactions a post (similar accounts: ",
        "Not found: links to affiliates' sites",
    ):
        assert stated in alert.explanation
    strong = {name for name, term in terms(alert).items() if term.value >= 0.5}
    assert strong == {"obscurity", "unattributed_copies", "hidden_mentions", "registry_followers"}
    signals = {signal.detector: signal for signal in alert.signals}
    assert all(signals[name].observed > signals[name].expected for name in strong - {"obscurity"})
    assert (signals["unattributed_copies"].observed, signals["unattributed_copies"].n) == (24, 24)


def test_given_a_suspected_network_when_reported_then_its_evidence_can_be_checked_by_hand() -> None:
    alert, *_ = press_alerts()
    known = posts().select("post_id", "account_id", "text", "created_at")
    text_of = {post_id: text for post_id, _, text, _ in known.iter_rows()}

    assert len(evidence(alert, "unattributed_copies")) >= 3
    for one in evidence(alert, "unattributed_copies"):
        (post_id,) = one.post_ids
        (row,) = known.filter(pl.col("post_id") == post_id).to_dicts()
        assert one.account_ids == [f"x:{row['account_id']}"]
        assert one.window_start == datetime.fromtimestamp(row["created_at"], UTC)
        assert one.object.startswith(row["text"])
        origin = one.object.rpartition("post ")[2].strip("]")
        assert "Norte House (state media)" in one.object
        assert row["text"].startswith(text_of[origin])
    hidden = evidence(alert, "hidden_mentions")
    assert all("•norte_state_media" in text_of[one.post_ids[0]] for one in hidden)
    assert "Twitter •norte_state_media" in hidden[0].object
    followed = {
        (one.account_ids[0], one.object.split(":")[1]) for one in evidence(alert, "registry_followers")
    }
    assert followed == {(name, envoy) for name in MEMBERS for envoy in ENVOYS[:3]}


def test_given_profiles_and_counts_then_members_are_shown_with_them_and_the_agency_is_no_member() -> None:
    alert, *_ = press_alerts()

    assert {member.account_id: member.followers for member in alert.members} == dict.fromkeys(MEMBERS, 4)
    assert {member.handle for member in alert.members} == {"dia_cl", "hoy_cl", "voz_cl"}
    assert {member.created_at for member in alert.members} == {datetime.fromtimestamp(START - 99 * DAY, UTC)}
    assert {member.registry for member in alert.members} == {None}
    assert alert.headline.startswith("3 accounts on x (@hoy_cl, @voz_cl and 1 more), most of them obscure")


def test_given_no_registry_then_covertness_is_unknown_and_the_alert_lists_what_is_missing() -> None:
    alert, *_ = run(posts(), context(()), ALL_FOLLOWS)

    assert core(alert) == set(MEMBERS)
    assert alert.covertness is None
    assert (alert.severity, alert.priority < 50) == (Severity.INFO, True)
    assert "could not be assessed" in alert.explanation
    assert "Not assessed: ties to known accounts" in alert.explanation
    assert "no registry was given" in alert.explanation


def test_given_no_follow_events_then_content_alone_carries_the_suspicion_and_the_gap_is_named() -> None:
    alert, *_ = run(posts(), context(), [])

    assert alert.severity is Severity.HIGH
    assert "registry_followers" not in terms(alert)
    assert "Not assessed: who follows them (no follow events were given)" in alert.explanation


def test_given_no_counts_at_all_then_they_are_unknown_not_zero_and_no_one_is_suspected() -> None:
    columns = ("followers_count", "likes", "reposts", "replies", "quotes")
    blind = posts().with_columns(pl.lit(None, pl.Int64).alias(name) for name in columns)

    alert, *_ = run(blind, context(), ALL_FOLLOWS)

    assert alert.covertness is None
    assert alert.severity is Severity.INFO
    assert "obscurity" not in terms(alert)
    assert "followers and reactions are known of too few members" in alert.explanation
    assert (alert.reach.followers_sum, alert.reach.engagements) == (None, None)


def test_given_no_counts_in_posts_when_profiles_have_followers_then_those_tell_who_is_obscure() -> None:
    columns = ("followers_count", "likes", "reposts", "replies", "quotes")
    blind = posts().with_columns(pl.lit(None, pl.Int64).alias(name) for name in columns)
    latest = posts().select("account_id", "followers_count").unique("account_id", keep="last")
    known = conform(
        latest.select(
            account=pl.concat_str(pl.lit("x:"), "account_id"),
            followers="followers_count",
            observed=pl.lit(START),
        ),
        PROFILES,
    )

    alert, *_ = run(blind, ReferenceData(Registry.of(KNOWN), known), ALL_FOLLOWS)

    assert alert.severity is Severity.HIGH
    assert "The typical member has 4 followers (" in alert.explanation


@pytest.mark.slow
def test_given_members_with_many_followers_then_they_are_not_suspected_and_the_alert_states_why() -> None:
    alert, *_ = press_alerts(followers=50_000)

    assert core(alert) == set(MEMBERS)
    assert alert.covertness == 0
    assert (alert.severity, alert.priority < 50) == (Severity.INFO, True)
    assert "50,000 followers or more" in counter(alert)["many_followers"].summary
    assert "high_engagement" in counter(alert)
    assert terms(alert)["unattributed_copies"].value >= 0.5  # the alert shows what was seen all the same


@pytest.mark.parametrize("kind", [EntityKind.PERSON, EntityKind.STATE_MEDIA])
def test_given_a_trio_that_the_registry_lists_as_open_then_covertness_is_zero(kind: EntityKind) -> None:
    alert, *_ = run(posts(), context([*KNOWN, entity("own", kind, None, *TRIO)]), ALL_FOLLOWS)

    assert (alert.covertness, alert.severity) == (0, Severity.INFO)
    assert alert.priority < 50
    known = [member.account_id for member in alert.members if member.registry == "own"]
    assert set(known) == core(alert) == set(MEMBERS)
    summary = counter(alert)["openly_affiliated"].summary
    assert f"{alert.member_count} of {alert.member_count} members" in summary
    assert "Own House" in summary


@pytest.mark.slow
def test_given_a_company_of_the_agency_when_profiles_do_or_do_not_say_so_then_only_the_silent_are_suspected() -> (
    None
):
    entities = [*KNOWN, entity("own", EntityKind.COMPANY, "norte", *TRIO)]

    silent, *_ = run(posts(), context(entities), ALL_FOLLOWS)
    frank, *_ = run(posts(), context(entities, description="news by Own House"), ALL_FOLLOWS)
    labelled, *_ = run(posts(), context(entities, platform_label="state-affiliated"), ALL_FOLLOWS)

    assert silent.severity is not Severity.INFO
    assert terms(silent)["unlabelled_affiliates"].value == 3 / silent.member_count
    assert "Own House (company) -> Norte House (state media)" in silent.explanation
    for alert in (frank, labelled):
        assert (alert.covertness, alert.severity) == (0, Severity.INFO)
        assert "unlabelled_affiliates" not in terms(alert)
    assert f"labels 3 of {labelled.member_count} members" in counter(labelled)["labelled"].summary


def test_given_all_members_allowed_then_no_one_is_suspected_and_the_reason_is_recorded() -> None:
    alert, *_ = run(posts(), context(rules=[rule(RuleKind.ALLOW, *MEMBERS)]), ALL_FOLLOWS)

    assert (alert.covertness, alert.severity) == (0, Severity.INFO)
    assert {member.account_id for member in alert.members if member.allow_listed} == set(MEMBERS)
    assert f"3 of {alert.member_count} members" in counter(alert)["allow_listed"].summary
    assert "the town library" in counter(alert)["allow_listed"].summary


def test_given_one_member_allowed_then_the_others_remain_suspected_without_its_posts() -> None:
    alert, *_ = run(posts(), context(rules=[rule(RuleKind.ALLOW, MEMBERS[0])]), ALL_FOLLOWS)

    assert alert.severity is Severity.HIGH
    assert [member.account_id for member in alert.members if member.allow_listed] == [MEMBERS[0]]
    shown = [one for one in alert.evidence if one.kind in terms(alert)]
    assert shown
    assert MEMBERS[0] not in {name for one in shown for name in one.account_ids}
    assert [signal.observed for signal in alert.signals if signal.detector == "unattributed_copies"] == [16]


@pytest.mark.parametrize("by", ["accounts", "network"])
def test_given_a_mute_then_the_alert_is_recorded_and_pages_no_one(by: str) -> None:
    loud, *_ = press_alerts()
    muting = (
        rule(RuleKind.MUTE, *MEMBERS) if by == "accounts" else rule(RuleKind.MUTE, network_id=loud.network_id)
    )

    alert, *_ = run(posts(), context(rules=[muting]), ALL_FOLLOWS)

    assert alert.suppression is not None
    assert (alert.suppression.rule_id, alert.suppression.reason) == ("library", "the town library")
    assert (alert.severity, alert.suggested_actions) == (Severity.INFO, [])
    assert alert.priority < 50
    assert (alert.covertness, alert.network_id) == (loud.covertness, loud.network_id)  # the finding stands


def test_given_a_mute_of_another_network_then_it_bears_on_nothing() -> None:
    muting = rule(RuleKind.MUTE, "x:o1", "x:o2", MEMBERS[0], network_id="net-other")

    assert jsons(run(posts(), context(rules=[muting]), ALL_FOLLOWS)) == jsons(press_alerts())


def test_given_credit_in_every_copy_then_it_is_no_unattributed_copy() -> None:
    said = pl.col("text").str.replace(" Twitter •norte_state_media", "") + " via Norte House"
    frank = posts().with_columns(text=pl.when(pl.col("account_id").is_in(TRIO)).then(said).otherwise("text"))

    alert, *_ = run(frank, context(), ordinary_follows())

    assert core(alert) == set(MEMBERS)
    assert (alert.severity, terms(alert)["unattributed_copies"].value) == (Severity.INFO, 0)
    assert "Of 24 posts that repeat a registry entity, 24 name their source" in (
        counter(alert)["credited_copies"].summary
    )


def late_follows() -> list[Edge]:
    return [*ordinary_follows(), *follows_of_trio(LATER)]


def test_given_followers_that_come_on_the_fourth_day_then_the_network_is_reported_again_as_suspected() -> (
    None
):
    first, again, *_ = run(posts(copying=False), context(), late_follows())

    assert (first.lifecycle, first.severity) == (Lifecycle.OPENED, Severity.INFO)
    assert "no follow event was about any of them" in first.explanation
    assert (again.lifecycle, again.revision) == (Lifecycle.UPDATED, 2)
    assert again.severity is Severity.MEDIUM
    assert again.priority >= 50
    assert again.emitted_at == datetime.fromtimestamp(START + 4 * DAY, UTC)
    assert again.network_id == first.network_id
    assert core(again) == core(first) == set(MEMBERS)
    assert again.member_count == first.member_count


def test_given_a_suspected_network_when_another_term_becomes_strong_then_it_is_reported_again_once() -> None:
    copied, followed, *_ = run(posts(), context(), late_follows())

    assert terms(copied)["unattributed_copies"].value >= 0.5
    assert "registry_followers" not in {name for name, term in terms(copied).items() if term.value >= 0.5}
    assert copied.severity is not Severity.INFO
    assert (followed.lifecycle, followed.revision) == (Lifecycle.UPDATED, 2)
    assert followed.emitted_at == datetime.fromtimestamp(START + 4 * DAY, UTC)
    assert terms(followed)["registry_followers"].value >= 0.5
    assert "accounts of the registry" in terms(followed)["registry_followers"].summary


@pytest.mark.slow
def test_given_follow_events_at_a_tick_or_after_it_then_they_are_not_used_at_it() -> None:
    quiet = run(posts(copying=False), context(), ordinary_follows())
    tick = int(quiet[0].emitted_at.timestamp())

    at_it = run(posts(copying=False), context(), [*ordinary_follows(), *follows_of_trio(tick)])
    just_before = run(posts(copying=False), context(), [*ordinary_follows(), *follows_of_trio(tick - 1)])

    assert jsons(at_it[:1]) == jsons(quiet[:1])
    assert [alert.severity for alert in at_it[:2]] == [Severity.INFO, Severity.MEDIUM]
    assert {alert.severity for alert in just_before} == {Severity.MEDIUM}
    assert just_before[0].emitted_at == quiet[0].emitted_at


@pytest.mark.slow
@pytest.mark.parametrize(
    "batch_rows", [97, *(pytest.param(rows, marks=pytest.mark.long) for rows in (500, None))]
)
def test_given_any_batches_and_follow_events_in_parts_then_the_alerts_are_the_same_bytes(
    batch_rows: int | None,
) -> None:
    whole = jsons(run(posts(copying=False), context(), late_follows()))
    early = [edge for edge in late_follows() if edge[2] < LATER]
    late = [edge for edge in late_follows() if edge[2] >= LATER]

    parts = [follows(early), follows(late)]

    assert len(whole) >= 2
    assert jsons(driven(posts(copying=False), context(), parts, batch_rows)) == whole
    assert jsons(driven(posts(), context(), parts[:1], batch_rows)) == jsons(run(posts(), context(), early))


@pytest.mark.slow
def test_given_one_post_at_a_time_then_the_alert_is_the_same_bytes() -> None:
    fewer = pl.col("account_id").is_in([*ORDINARY[:60], *TRIO, "norte"])
    first_day = posts().filter(fewer, pl.col("created_at") < START + DAY)
    given = [follows(ALL_FOLLOWS)]

    single = list(driven(first_day, context(), given, 1))

    assert [alert.severity for alert in single] == [Severity.HIGH]
    assert jsons(single) == jsons(driven(first_day, context(), given))


@pytest.mark.parametrize("links", [[], ["http://localhost/a"]], ids=["no link", "link to no domain"])
def test_given_a_site_among_the_accounts_when_no_one_links_to_any_site_then_the_run_goes_on(
    links: list[str],
) -> None:
    site: Row = {"post_id": "1", "platform": "web", "account_id": "site.example", "created_at": START}
    reader: Row = {
        "post_id": "2",
        "platform": "x",
        "account_id": "o1",
        "created_at": START + 5,
        "urls": links,
    }
    frame = keyed(conform(pl.DataFrame([{**site, "urls": ["https://site.example/a"]}, reader])))

    for batch_rows in (1, 2):
        assert list(driven(frame, ReferenceData(), [], batch_rows)) == []
