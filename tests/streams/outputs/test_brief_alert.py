"""What a published alert keeps, what it says about the rest, and that its network has the rest."""

import msgspec
import pytest

from schemas.alerts import Alert
from schemas.evidence import EntityTie, Evidence, ScoreTerm, Signal
from schemas.networks import Member, MemberRole, Tie
from schemas.registry import EntityKind
from streams.outputs.brief_alert import (
    BRIEF_ACCOUNTS,
    BRIEF_MEMBERS,
    BRIEF_OBJECTS,
    BRIEF_STRONG_SAMPLES,
    BRIEF_TERM_SAMPLES,
    SMALL,
    brief,
)
from streams.outputs.network_record import completed, network_of
from tests.schemas.samples import MINIMAL, NOON


def shared(name: str, *accounts: str, kind: str = "url") -> Evidence:
    post_ids = [f"{number}1" for number, _ in enumerate(accounts, start=1)]
    return Evidence(
        kind=kind,
        account_ids=[f"x:{account}" for account in accounts],
        post_ids=post_ids,
        permalinks=[f"https://x.com/i/web/status/{post_id}" for post_id in post_ids],
        object=name,
        window_start=NOON,
        window_end=NOON,
        observed=float(len(accounts)),
        expected=0.5,
    )


def raised(*samples: Evidence) -> Alert:
    alert = MINIMAL["alert"]
    assert isinstance(alert, Alert)
    return msgspec.structs.replace(alert, evidence=list(samples), member_count=40)


def objects(alert: Alert) -> list[str]:
    return [sample.object for sample in alert.evidence]


def test_given_few_samples_when_written_then_all_stay() -> None:
    alert = raised(shared("a", "1"), shared("b", "1", kind="text"))
    assert brief(alert) == alert


def test_given_a_crowd_when_written_then_the_first_to_act_stay_with_their_posts_and_the_count_is_whole() -> (
    None
):
    accounts = [f"account{number}" for number in range(25)]
    (sample,) = brief(raised(shared("a", *accounts))).evidence
    assert sample.account_ids == [f"x:{account}" for account in accounts[:BRIEF_ACCOUNTS]]
    assert sample.post_ids == ["11", "21", "31"][:BRIEF_ACCOUNTS]
    assert sample.permalinks == ["https://x.com/i/web/status/11"]
    assert sample.observed == 25.0


def test_given_more_objects_than_fit_when_written_then_the_strongest_stay_and_the_rest_is_counted() -> None:
    alert = brief(raised(*(shared(f"object{number}", "1", "2") for number in range(12))))
    assert objects(alert) == [f"object{number}" for number in range(BRIEF_OBJECTS)]
    assert alert.evidence_left_out == 12 - BRIEF_OBJECTS
    assert alert.member_count == 40


def test_given_another_kind_or_other_accounts_further_down_when_written_then_they_are_kept() -> None:
    first = [shared(f"link{number}", "1", "2") for number in range(10)]
    alert = brief(raised(*first, shared("others", "3", "4"), shared("text", "1", "2", kind="text")))
    assert objects(alert) == ["link0", "text"]
    alert = brief(raised(*first, shared("others", "3", "4")))
    assert objects(alert) == ["link0", "others"]


@pytest.mark.parametrize(
    ("covertness", "value", "kept"),
    [(0.7, 0.9, BRIEF_STRONG_SAMPLES), (0.7, 0.49, 0), (0.1, 0.9, BRIEF_STRONG_SAMPLES),
     (0.1, 0.49, 0), (None, 0.49, 0)],
)  # fmt: skip
def test_given_a_context_term_when_written_then_its_strength_says_how_many_samples_stay(
    covertness: float | None, value: float, kept: int
) -> None:
    samples = [shared(f"copy {number}", "1", kind="unattributed_copies") for number in range(6)]
    alert = msgspec.structs.replace(
        raised(*samples, shared("a", "1", "2")),
        covertness=covertness,
        covertness_terms=[ScoreTerm(name="unattributed_copies", value=value, weight=1.0, summary="copies")],
    )
    assert objects(brief(alert)) == [*(f"copy {number}" for number in range(kept)), "a"]
    assert brief(alert).evidence_left_out == 6 - kept


def test_given_several_strong_terms_when_written_then_each_has_a_sample_before_one_has_two() -> None:
    names = ("unattributed_copies", "hidden_mentions")
    samples = [shared(f"{name} {number}", "1", kind=name) for name in names for number in range(4)]
    links = [shared(f"link{number}", "1", "2") for number in range(5)]
    alert = msgspec.structs.replace(
        raised(*samples, *links),
        covertness=0.9,
        covertness_terms=[ScoreTerm(name=name, value=0.9, weight=1.0, summary="-") for name in names],
    )
    said = objects(brief(alert))
    assert said[:BRIEF_TERM_SAMPLES] == [
        "unattributed_copies 0",
        "unattributed_copies 1",
        "hidden_mentions 0",
    ]
    assert said[BRIEF_TERM_SAMPLES:] == [f"link{number}" for number in range(BRIEF_OBJECTS)]


def test_given_samples_of_a_term_about_one_account_when_written_then_those_about_others_come_first() -> None:
    samples = [shared(f"copy {number}", "1", kind="hidden_mentions") for number in range(5)]
    alert = msgspec.structs.replace(
        raised(*samples, shared("copy 0", "2", kind="hidden_mentions")),
        covertness_terms=[ScoreTerm(name="hidden_mentions", value=0.9, weight=1.0, summary="mentions")],
    )
    assert [(sample.object, sample.account_ids) for sample in brief(alert).evidence] == [
        ("copy 0", ["x:1"]),
        ("copy 0", ["x:2"]),
    ]


def test_given_several_copies_when_written_then_the_first_has_its_original_and_the_others_name_it() -> None:
    original = EntityTie(
        entity_id="cns",
        name="A news agency",
        kind=EntityKind.STATE_MEDIA,
        account_id="x:9",
        post_id="7",
        text="the original",
        published_at=NOON,
        permalink="https://x.com/i/web/status/7",
    )
    copies = [
        msgspec.structs.replace(
            shared(f"copy {n} [A news agency (state media) -> A state]", str(n), kind="unattributed_copies"),
            entity=original,
        )
        for n in range(3)
    ]
    term = ScoreTerm(name="unattributed_copies", value=0.9, weight=1.0, summary="They copy.")
    alert = msgspec.structs.replace(raised(*copies), covertness=0.9, covertness_terms=[term])
    first, *others = brief(alert).evidence
    assert first.entity == original
    assert first.object == "copy 0 [A news agency (state media) -> A state]"
    assert [sample.object for sample in others] == ["copy 1"]
    assert len(others) == 1
    for sample in others:
        assert sample.entity is not None
        assert (sample.entity.text, sample.entity.post_id) == (None, "7")
        assert sample.entity.permalink == original.permalink


def test_given_ties_when_written_then_they_are_counted_by_pairs() -> None:
    ties = [Tie(account_a="x:1", account_b="x:2", kind=kind) for kind in ("url", "text")]
    alert = brief(msgspec.structs.replace(raised(), ties=ties, ties_left_out=4))
    assert alert.ties == []
    assert alert.ties_left_out == 5


def with_members(count: int) -> Alert:
    members = [
        Member(
            account_id=f"x:{number}",
            handle=f"name{number}",
            role=MemberRole.CORE,
            membership=0.9,
            first_seen=NOON,
            last_seen=NOON,
            created_at=NOON,
            followers=number,
            registry="cns",
            allow_listed=True,
        )
        for number in range(count)
    ]
    return msgspec.structs.replace(raised(shared("a", "1", "2")), members=members, member_count=count)


def measured(detector: str, summary: str = "They share.") -> Signal:
    return Signal(
        detector=detector,
        version="1",
        score=0.5,
        observed=2.0,
        expected=1.0,
        n=2,
        window_s=0,
        summary=summary,
    )


def test_given_many_members_when_written_then_all_are_named_and_the_first_are_described() -> None:
    whole = with_members(SMALL + 4)
    alert = brief(whole)
    assert alert.members[:BRIEF_MEMBERS] == whole.members[:BRIEF_MEMBERS]
    for member, known in zip(alert.members[BRIEF_MEMBERS:], whole.members[BRIEF_MEMBERS:], strict=True):
        assert member == msgspec.structs.replace(known, followers=None, created_at=None)


def test_given_a_small_network_when_written_then_all_its_members_are_described() -> None:
    whole = with_members(SMALL)
    assert brief(whole).members == whole.members


def test_given_signals_when_written_then_weak_terms_and_further_kinds_of_co_shares_have_none() -> None:
    terms = [
        ScoreTerm(name=name, value=value, weight=1.0, summary="They follow.")
        for name, value in (("obscurity", 0.1), ("registry_followers", 0.6))
    ]
    signals = [
        *map(measured, ("co_share.url", "co_share.text", "co_share.media", "pair_gate")),
        measured("obscurity", ""),
        measured("registry_followers", ""),
        measured("shared_registry_followers"),
    ]
    alert = brief(msgspec.structs.replace(raised(), signals=signals, covertness_terms=terms))
    assert [signal.detector for signal in alert.signals] == [
        "co_share.url",
        "co_share.text",
        "pair_gate",
        "registry_followers",
        "shared_registry_followers",
    ]


def test_given_the_record_of_its_network_then_a_written_alert_is_whole_again() -> None:
    whole = msgspec.structs.replace(
        with_members(SMALL + 4),
        signals=[measured(f"co_share.{kind}") for kind in ("url", "text", "media")],
        covertness_terms=[ScoreTerm(name="hidden_mentions", value=0.0, weight=1.0, summary="-")],
        evidence=[shared(f"object{number}", *"12345") for number in range(12)],
        ties=[Tie(account_a="x:1", account_b="x:2", kind="url")],
        ties_left_out=3,
    )
    assert brief(whole) != whole
    assert completed(brief(whole), network_of(whole)) == whole


def test_given_terms_when_written_then_those_of_which_nothing_was_seen_are_left_to_the_record() -> None:
    terms = [
        ScoreTerm(name=name, value=value, weight=1.0, summary="-")
        for name, value in (("obscurity", 0.0), ("hidden_mentions", 0.0), ("registry_followers", 0.01))
    ]
    whole = msgspec.structs.replace(raised(), covertness=0.0, covertness_terms=terms)
    assert [term.name for term in brief(whole).covertness_terms] == ["obscurity", "registry_followers"]
    assert network_of(whole).covertness_terms == terms
