"""`examples/read_signals.py`: what its rules say."""

import msgspec
import pytest

from examples.read_signals import RULES, sentence
from schemas.figures.signals import AccountEngagement, AccountFollowers, PairSynchrony, SharedOfKind
from schemas.service.topics import ENGAGEMENT, FOLLOWERS, SYNCHRONY
from schemas.shares import TraceKind
from tests.schemas.samples import NOON


@pytest.mark.parametrize(("posts", "reactions", "said"), [(50, 5, True), (49, 5, False), (50, 6, False)])
def test_given_an_account_then_the_rule_asks_for_many_posts_and_few_reactions(
    posts: int, reactions: int, *, said: bool
) -> None:
    account = AccountEngagement(
        account_id="x:1\x1b[2J", at=NOON, window_s=604_800, posts=posts, known_posts=50, reactions=reactions,
        usual_reactions_per_post=1.0,
    )  # fmt: skip
    line = sentence(ENGAGEMENT.name, msgspec.json.encode(account))
    assert (line is not None) is said
    assert line is None or ("0.10 reactions a post" in line and "\x1b" not in line)


@pytest.mark.parametrize(("entities", "said"), [(["a", "b", "c"], True), (["a", "b"], False)])
def test_given_registry_followers_then_the_rule_asks_for_three_entities(
    entities: list[str], *, said: bool
) -> None:
    account = AccountFollowers(
        account_id="x:1",
        at=NOON,
        followers=9,
        registry_followers=4,
        expected=0.1,
        p_value=1e-5,
        entities=entities,
    )
    assert (sentence(FOLLOWERS.name, msgspec.json.encode(account)) is not None) is said


@pytest.mark.parametrize(
    ("validated", "network", "said"), [(True, None, True), (False, None, False), (True, "net-1", False)]
)
def test_given_a_pair_then_the_rule_asks_for_a_validated_one_without_a_network(
    network: str | None, *, validated: bool, said: bool
) -> None:
    pair = PairSynchrony(
        account_a="x:1", account_b="x:2", at=NOON, objects=4, p_value=1e-9, validated=validated, network_id=network,
        kinds=[SharedOfKind(kind=TraceKind.URL, objects=4, window_s=60, expected=0.1)],
    )  # fmt: skip
    assert (sentence(SYNCHRONY.name, msgspec.json.encode(pair)) is not None) is said


def test_given_the_topics_of_signals_then_each_has_a_rule() -> None:
    assert set(RULES) == {ENGAGEMENT.name, FOLLOWERS.name, SYNCHRONY.name}
