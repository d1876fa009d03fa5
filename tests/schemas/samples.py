"""One full and one minimal instance of every published record."""

from datetime import UTC, datetime, timedelta

import msgspec

from schemas.alerts import (
    SCHEMA_VERSION,
    Action,
    Alert,
    ChangeKind,
    Changes,
    CounterEvidence,
    Reach,
    RelatedNetwork,
    Severity,
    SuggestedAction,
    Suppression,
    Technique,
)
from schemas.dead_letters import DeadLetter, Reason
from schemas.events import AccountProfile, FollowAction, FollowEvent, Metrics, PostEvent
from schemas.evidence import EntityTie, Evidence, Privacy, Provenance, ScoreTerm, Signal
from schemas.figures.backtest import (
    AccountFigures,
    BacktestFigures,
    ChanceFigures,
    FoundCount,
    NetworkFigures,
    Quantiles,
    SuspectedFigures,
)
from schemas.figures.signals import AccountEngagement, AccountFollowers, PairSynchrony, SharedOfKind
from schemas.networks import Lifecycle, Member, MemberRole, NetworkMember, NetworkSnapshot, Tie
from schemas.registry import EntityKind, RegistryAccount, RegistryEntity
from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel, RuleKind, SuppressionRule
from schemas.service.notifications import Notification, NotificationKind, NotifiedMember, NotifiedNetwork
from schemas.service.progress import Progress
from schemas.shares import TraceKind
from tests.schemas.figure_samples import FULL_CALIBRATION, MINIMAL_CALIBRATION, REVIEWED

NOON = datetime(2023, 2, 14, 12, 0, 0, 250_000, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)

_BACKTEST = BacktestFigures(
    accounts=AccountFigures(
        precision=None,
        recall=0.0,
        f1=None,
        average_precision=0.5,
        labelled=3,
        positive=1,
        found=0,
        without_posts=0,
    ),
    networks=NetworkFigures(count=0, purity=None, labelled_accounts=0),
    suspected=SuspectedFigures(networks=0, accounts=0, precision=None, recall=0.0),
    time_to_detection_s=Quantiles(p50=None, p90=None),
    first_detection_s=None,
    alerts=0,
    posts=9,
    dead_letters=0,
    seconds=1.25,
    config_hash="abc",
    code_version="1.0",
)
MINIMAL: dict[str, msgspec.Struct] = {
    "backtest": _BACKTEST,
    "calibration": MINIMAL_CALIBRATION,
    "post_event": PostEvent(post_id="1", platform="twitter", account_id="7", created_at=NOON),
    "follow_event": FollowEvent(
        platform="twitter", follower_id="7", followee_id="8", action=FollowAction.SNAPSHOT, at=NOON
    ),
    "account_profile": AccountProfile(platform="twitter", account_id="7", observed_at=NOON),
    "progress": Progress(worker_id="w1", frame_offset=-1, held_rows=0, at=NOON),
    "registry_entity": RegistryEntity(entity_id="cns", name="A news agency", kind=EntityKind.STATE_MEDIA),
    "review_event": ReviewEvent(
        event_id="e1",
        alert_id="a1",
        alert_revision=1,
        network_id="n1",
        actor="reviewer-3",
        role="reviewer",
        at=NOON,
        kind=ReviewKind.ACKNOWLEDGE,
        reason="looking at it",
    ),
    "suppression_rule": SuppressionRule(
        rule_id="s1", kind=RuleKind.MUTE, network_id="n1", reason="the town library and its branches"
    ),
    "network_snapshot": NetworkSnapshot(
        network_id="n1",
        revision=1,
        lifecycle=Lifecycle.OPENED,
        event_time=LATER,
        event_time_start=NOON,
        event_time_end=LATER,
        members=[],
        member_count=0,
    ),
    "alert": Alert(
        schema_version=SCHEMA_VERSION,
        alert_id="a1",
        network_id="n1",
        revision=1,
        lifecycle=Lifecycle.OPENED,
        predecessor_ids=[],
        emitted_at=LATER,
        event_time_start=NOON,
        event_time_end=NOON,
        mode="replay",
        run_id="r1",
        platforms=[],
        languages=[],
        headline="Two accounts may be acting together",
        explanation="They shared three links within a minute. Covertness was not assessed.",
        coordination=0.5,
        coordination_terms=[],
        covertness=None,
        covertness_terms=[],
        severity=Severity.INFO,
        priority=0,
        reach=Reach(posts=0, accounts=0, growth_per_h=0.0),
        members=[],
        member_count=0,
        signals=[],
        evidence=[],
        counter_evidence=[],
        techniques=[],
        related_networks=[],
        suggested_actions=[],
        provenance=Provenance(config_hash="c0", code_version="0.1.0", input_offsets={}, late=0, dropped=0),
        privacy=Privacy(pseudonymised=False),
    ),
    "dead_letter": DeadLetter(source="posts.csv", position=1, reason=Reason.MALFORMED),
    "notification": Notification(
        schema_version="1",
        id="desk/test/20230214T120000",
        kind=NotificationKind.TEST,
        receiver="desk",
        created_at=NOON,
        mode=None,
        networks=[],
        network_count=0,
    ),
    "account_engagement": AccountEngagement(
        account_id="x:1",
        at=NOON,
        window_s=604_800,
        posts=3,
        known_posts=1,
        reactions=0,
        usual_reactions_per_post=0.0,
    ),
    "account_followers": AccountFollowers(
        account_id="x:1", at=NOON, followers=2, registry_followers=2, expected=0.1, p_value=0.01, entities=[]
    ),
    "pair_synchrony": PairSynchrony(
        account_a="x:1", account_b="x:2", at=NOON, objects=2, p_value=1e-9, validated=False, kinds=[]
    ),
}

EVIDENCE = Evidence(
    kind="text",
    account_ids=["twitter:7", "twitter:8"],
    post_ids=["1", "2"],
    permalinks=["https://example.org/1"],
    object="Hola",
    window_start=NOON,
    window_end=LATER,
    observed=2.0,
    expected=0.001,
    entity=EntityTie(
        entity_id="cns",
        name="A news agency",
        kind=EntityKind.STATE_MEDIA,
        account_id="twitter:9",
        post_id="0",
        text="Hola a todos",
        published_at=NOON,
        permalink="https://example.org/0",
    ),
)
TERM = ScoreTerm(
    name="obscurity", value=0.5, weight=1.0, summary="They have few followers.", assessed_at=NOON
)
SIGNAL = Signal(
    detector="co_share.text",
    version="1",
    score=0.9,
    observed=12.0,
    expected=0.03,
    p_value=1e-16,
    n=12,
    window_s=600,
    summary="12 equal texts within ten minutes; 0.03 expected",
)
TIE = Tie(
    account_a="twitter:7",
    account_b="twitter:8",
    kind="text",
    co_shares=2,
    expected=0.01,
    p_value=0.001,
    window_s=60,
    validated=True,
)

_NOTED = NotifiedNetwork(
    alert_id="a1",
    network_id="n1",
    revision=1,
    lifecycle=Lifecycle.OPENED,
    severity=Severity.MEDIUM,
    priority=60,
    suspected=True,
    coordination=0.9,
    covertness=0.7,
    headline="Two accounts may be acting together",
    explanation="They shared three links within a minute.",
    counter_evidence=["They have few posts."],
    suggested_actions=["Look at the samples."],
    event_time_start=NOON,
    event_time_end=LATER,
    platforms=["twitter"],
    members=[NotifiedMember(account_id="twitter:7", handle="seven")],
    member_count=2,
    link="https://desk.example/cases/n1",
)

FULL: dict[str, msgspec.Struct] = {
    "notification": msgspec.structs.replace(
        MINIMAL["notification"], kind=NotificationKind.ALERT, mode="live", networks=[_NOTED], network_count=1
    ),
    "calibration": FULL_CALIBRATION,
    "backtest": msgspec.structs.replace(
        _BACKTEST,
        reviewed=REVIEWED,
        by_chance=ChanceFigures(
            in_the_data=FoundCount(networks=2, accounts=8),
            in_copies=[FoundCount(networks=0, accounts=0), FoundCount(networks=1, accounts=3)],
            networks=0.5,
            accounts=1.5,
            account_share=0.1875,
            exchanged_posts=5,
            moved_posts=4,
            seed=0,
        ),
    ),
    "post_event": PostEvent(
        post_id="1625450001234567890",
        platform="twitter",
        account_id="7",
        created_at=NOON,
        text="Hola •mundo_china",
        lang="es",
        urls=["https://example.org/a"],
        hashtags=["uno", "dos"],
        mentions=[],
        repost_of="2",
        reply_to="3",
        quote_of="4",
        media_hashes=["ff00"],
        metrics=Metrics(likes=0, reposts=1, replies=2, quotes=3, views=4),
        metrics_at=LATER,
        followers_count=9,
        following_count=120,
        client="Web",
        deleted=False,
    ),
    "follow_event": FollowEvent(
        platform="twitter", follower_id="7", followee_id="8", action=FollowAction.UNFOLLOW, at=NOON
    ),
    "account_profile": AccountProfile(
        platform="twitter",
        account_id="7",
        handle="noticias",
        display_name="Noticias",
        description="Todo",
        followers_count=9,
        following_count=120,
        created_at=NOON,
        verified=False,
        platform_label="state-affiliated media",
        observed_at=LATER,
    ),
    "progress": Progress(
        worker_id="w1",
        frame_offset=41,
        watermark=NOON,
        least_latest=NOON,
        latest=LATER,
        held_rows=12,
        settling=True,
        holding=["posts.v1/3"],
        at=LATER,
    ),
    "registry_entity": RegistryEntity(
        entity_id="outlet",
        name="An outlet",
        kind=EntityKind.AFFILIATE,
        parent_id="cns",
        accounts=[RegistryAccount(platform="twitter", account_id="9", handle="mundo_china")],
        domains=["example.org"],
        source="company register",
        note="since 2019",
    ),
    "review_event": ReviewEvent(
        event_id="e2",
        alert_id="a1",
        alert_revision=2,
        network_id="n1",
        account_ids=["twitter:7"],
        actor="reviewer-3",
        role="lead",
        at=NOON,
        kind=ReviewKind.LABEL,
        label=ReviewLabel.COORDINATED_AUTHENTIC,
        reason="a fan club",
        expires_at=LATER,
        reverses_event_id="e1",
    ),
    "suppression_rule": SuppressionRule(
        rule_id="s2",
        kind=RuleKind.ALLOW,
        network_id="n1",
        account_ids=["twitter:7"],
        since=NOON,
        until=LATER,
        reason="a fan club",
    ),
    "network_snapshot": NetworkSnapshot(
        network_id="n1",
        revision=2,
        lifecycle=Lifecycle.MERGED,
        event_time=LATER,
        event_time_start=NOON,
        event_time_end=LATER,
        members=[
            NetworkMember(
                account_id="twitter:7",
                role=MemberRole.PERIPHERAL,
                membership=0.4,
                first_seen=NOON,
                last_seen=LATER,
                p_value=1e-6,
                handle="ann",
                created_at=NOON,
                followers=12,
                registry="entity-1",
                allow_listed=True,
            )
        ],
        member_count=1,
        edge_count=0,
        kinds=[TraceKind.TEXT],
        covertness_terms=[TERM],
        signals=[SIGNAL],
        predecessor_ids=["n0"],
        successor_ids=["n2"],
        evidence=[EVIDENCE],
        ties=[TIE],
        ties_left_out=1,
    ),
    "alert": msgspec.structs.replace(
        MINIMAL["alert"],
        predecessor_ids=["n0"],
        successor_id="n2",
        case_id="case-1",
        changes=Changes(
            kinds=[ChangeKind.MEMBERS],
            summary="2 accounts joined and 1 left.",
            members_before=2,
            joined=2,
            joined_ids=["twitter:7", "twitter:8"],
            left=1,
            left_ids=["twitter:9"],
            signals_gained=["co_share.text"],
            signals_lost=["co_share.url"],
            terms_gained=["hidden_mentions"],
            terms_lost=["obscurity"],
            covertness_before=0.2,
            severity_before=Severity.INFO,
            case_id_before="case-2",
        ),
        platforms=["twitter"],
        languages=["es"],
        coordination_terms=[ScoreTerm(name="pairs", value=0.9, weight=0.6, summary="12 pairs beat chance")],
        covertness=0.7,
        covertness_terms=[ScoreTerm(name="obscurity", value=0.7, weight=1.0, summary="9 followers")],
        severity=Severity.HIGH,
        priority=81,
        reach=Reach(posts=400, accounts=3, followers_sum=98, engagements=2, growth_per_h=-0.5),
        members=[
            Member(
                account_id="twitter:7",
                handle="noticias",
                role=MemberRole.CORE,
                membership=1.0,
                first_seen=NOON,
                last_seen=LATER,
                created_at=NOON,
                followers=9,
                registry="outlet",
                allow_listed=True,
            )
        ],
        member_count=3,
        signals=[SIGNAL],
        evidence=[EVIDENCE],
        ties=[TIE],
        ties_left_out=1,
        evidence_left_out=9,
        counter_evidence=[CounterEvidence(kind="few_posts", summary="Only 12 posts were seen")],
        techniques=[Technique(framework="DISARM", id="T0000", name="A technique")],
        related_networks=[
            RelatedNetwork(network_id="n3", jaccard=0.2, object_jaccard=0.6, reason="two members in common")
        ],
        suggested_actions=[
            SuggestedAction(action=Action.WATCH, reversible=True, expires_in_h=72, rationale="more evidence")
        ],
        suppression=Suppression(rule_id="s1", until=LATER, reason="a fan club"),
        assessed_at=NOON,
        provenance=Provenance(
            config_hash="c0", code_version="0.1.0", input_offsets={"posts.v1/0": 41}, late=1, dropped=2
        ),
        privacy=Privacy(pseudonymised=True, key_id="k1", retain_until=LATER),
    ),
    "dead_letter": DeadLetter(
        source="posts.v1/3", position=0, reason=Reason.NOT_UTF8, detail="byte 4", raw="\\xff", raw_bytes=1
    ),
    "account_engagement": AccountEngagement(
        account_id="x:1",
        at=NOON,
        window_s=604_800,
        posts=30,
        known_posts=20,
        reactions=7,
        usual_reactions_per_post=1.5,
        followers=12,
    ),
    "account_followers": AccountFollowers(
        account_id="x:1",
        at=NOON,
        followers=9,
        registry_followers=3,
        expected=0.2,
        p_value=0.0004,
        entities=["ministry"],
    ),
    "pair_synchrony": PairSynchrony(
        account_a="x:1",
        account_b="x:2",
        at=NOON,
        objects=4,
        p_value=1e-12,
        validated=True,
        kinds=[SharedOfKind(kind=TraceKind.URL, objects=4, window_s=60, expected=0.01)],
        network_id="net-1",
    ),
}
