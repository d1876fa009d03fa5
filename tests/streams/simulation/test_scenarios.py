"""What each scenario plants is there, and the background is what it is said to be."""

import re
from collections import Counter, defaultdict
from itertools import pairwise
from statistics import mean

import pytest

from streams.simulation.folder import write_world
from streams.simulation.planting.stealth import STEALTH
from streams.simulation.scenarios import SCENARIOS
from tests.streams.simulation.conftest import Worlds, plan
from tests.streams.simulation.worlds import Folder, Originals, Row, host

HALF = re.compile(r"(\u2022|\uff20|@\u200b|@ )(\w+)$")
PLANTED = [name for name in SCENARIOS if name != "quiet"]


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A world large enough for small shares."""
    folder = tmp_path_factory.mktemp("larger") / "out"
    write_world(plan("paid-placement", accounts=4_000, days=3), folder)
    return Folder(folder)


def agency(world: Folder) -> Originals:
    """What the first state's agency and company published, on their sites and accounts."""
    texts = [
        post
        for post in world.posts_of("registry", "velmar-")
        if world.labels[post["account_id"]].group in ("velmar-agency", "velmar-holding")
    ]
    return Originals(texts)


def copies(world: Folder, posts: list[Row]) -> list[tuple[Row, Row]]:
    """Posts that were made from an agency's text, each with the text it was made from."""
    originals = agency(world)
    found = []
    for post in posts:
        if "repost_of" not in post and (source := originals.source(post["text"])) is not None:
            found.append((post, source))
    return found


def credited(world: Folder, post: Row) -> bool:
    """Whether a post names its source in a way that readers can follow."""
    handles = {world.accounts[one]["handle"] for one in world.accounts_of("velmar-agency")}
    return (
        bool(handles & set(post.get("mentions", [])))
        or any(host(url) in world.domains("-agency") for url in post.get("urls", []))
        or "Agencia Velmar" in post["text"]
    )


@pytest.mark.parametrize("scenario", PLANTED)
def test_planted_copies_are_later_than_their_source_and_never_credit_it(
    scenario: str, worlds: Worlds
) -> None:
    world = worlds(scenario)
    planted = world.posts_of("io")
    found = copies(world, planted)
    assert len(found) >= 0.15 * len(planted)
    for post, source in found:
        assert post["created_at"] > source["created_at"]
        assert not credited(world, post)
        assert "mentions" not in post


@pytest.mark.parametrize("scenario", ["diaspora-press", "troll-farm", "spam-amplifier"])
def test_some_planted_copies_hide_the_mention_of_their_source(scenario: str, worlds: Worlds) -> None:
    world = worlds(scenario)
    handles = {world.accounts[one]["handle"] for one in world.accounts_of("velmar-agency")}
    found = copies(world, world.posts_of("io"))
    hidden = [
        (post, match) for post, _ in found if (match := HALF.search(post["text"].split(" https://")[0]))
    ]
    assert 0.1 < len(hidden) / len(found) < 0.4
    for post, match in hidden:
        assert match[2] in handles
        assert f"@{match[2]}" not in post["text"]
        assert "mentions" not in post


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_news_accounts_credit_the_agency(scenario: str, worlds: Worlds) -> None:
    world = worlds(scenario)
    news = copies(world, world.posts_of("organic", "news-account"))
    assert news
    assert all(credited(world, post) for post, _ in news)


@pytest.mark.slow
def test_nearly_all_ordinary_people_credit_the_agency(larger: Folder) -> None:
    found = copies(larger, larger.posts_of("organic", "everyday"))
    assert len(found) > 100
    assert 0.9 < sum(credited(larger, post) for post, _ in found) / len(found) < 1


def test_diaspora_press_is_three_obscure_accounts_that_post_nearly_the_same(worlds: Worlds) -> None:
    world = worlds("diaspora-press")
    members = [one for one, label in world.labels.items() if label.label == "io"]
    followers = world.followers()
    diplomats = world.accounts_of("diplomat")
    count = sorted(len(followers[one]) for one in members)
    assert count[1] <= 9
    assert 70 <= count[2] <= 80
    assert all(2 <= len(followers[one] & diplomats) <= 5 for one in members)
    left = [
        event for event in world.follows if event["action"] == "unfollow" and event["followee_id"] in members
    ]
    assert {event["follower_id"] for event in left} <= diplomats
    assert left
    assert all("followers_count" in world.accounts[one] for one in members)

    posts = world.posts_of("io")
    a_day = Counter((post["account_id"], post["created_at"][:10]) for post in posts)
    assert all(4 <= number <= 8 for number in a_day.values())
    assert len(a_day) == 3 * 2
    assert {post["lang"] for post in posts} == {"es"}
    assert sum(post.get("metrics", {}).get("reposts", 0) for post in posts) < len(posts) / 4
    carriers = defaultdict(set)
    for post, source in copies(world, posts):
        carriers[source["text"]].add(post["account_id"])
    assert sum(len(who) == 3 for who in carriers.values()) >= len(carriers) / 3
    assert any(host(url) in world.domains("velmar-outlet") for post in posts for url in post.get("urls", []))


def test_troll_farms_work_in_shifts_in_several_languages_with_camouflage(worlds: Worlds) -> None:
    world = worlds("troll-farm")
    posts = world.posts_of("io")
    assert {post["lang"] for post in posts} >= {"en", "es", "zh"}
    assert len(copies(world, posts)) < 0.95 * len(posts)
    followers = world.followers()
    diplomats = world.accounts_of("diplomat")
    known = [len(followers[one] & diplomats) for one, label in world.labels.items() if label.label == "io"]
    assert 0 < sum(number > 0 for number in known) < len(known) / 2
    assert max(known) <= 2


def test_most_spam_amplifiers_have_no_follower_and_never_a_reaction(worlds: Worlds) -> None:
    world = worlds("spam-amplifier")
    members = [one for one, label in world.labels.items() if label.label == "io"]
    followers = world.followers()
    assert max(len(followers[one]) for one in members) <= 6
    assert 0.4 < sum(not followers[one] for one in members) / len(members) < 0.8
    posts = world.posts_of("io")
    liked = {post["account_id"] for post in posts if any(post.get("metrics", {}).values())}
    assert len(liked) / len(members) < 0.3
    reposts = [post for post in posts if "repost_of" in post]
    assert 0.1 < len(reposts) / len(posts) < 0.9
    author = {post["post_id"]: post["account_id"] for post in world.posts}
    assert {author[post["repost_of"]] for post in reposts} <= world.accounts_of("velmar-agency")


def test_placements_are_pages_of_small_sites_of_which_some_link_the_companies(worlds: Worlds) -> None:
    world = worlds("paid-placement")
    posts = world.posts_of("io")
    assert {post["platform"] for post in posts} == {"web"}
    for post in posts:
        assert post["account_id"].endswith(".example")
        assert host(post["urls"][0]) == post["account_id"]
    companies = world.domains("-holding", "-outlet")
    tied = [post for post, _ in copies(world, posts) if any(host(url) in companies for url in post["urls"])]
    assert tied
    local = world.posts_of("organic", "local-site") + world.posts_of("coordinated", "chain")
    wire = [post for post in local if " reports: " in post["text"] or " informa: " in post["text"]]
    assert len(wire) > 20


@pytest.mark.slow
def test_hardly_anybody_links_to_placements_but_people_do_link_to_local_papers(larger: Folder) -> None:
    linked = Counter(
        host(url) for post in larger.posts if post["platform"] == "x" for url in post.get("urls", [])
    )
    placed = {one for one, label in larger.labels.items() if label.label == "io"}
    papers = {one for one, label in larger.labels.items() if label.group.startswith(("local-site", "chain"))}
    assert mean(linked[site] for site in placed) < 0.5
    assert mean(linked[site] for site in papers) > 1.5


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_obscure_clubs_are_there_and_the_registry_follows_few_of_them(scenario: str, worlds: Worlds) -> None:
    world = worlds(scenario)
    clubs = defaultdict(list)
    for one, label in world.labels.items():
        if label.group.startswith("club-"):
            clubs[label.group].append(one)
    assert len(clubs) >= 6
    followers = world.followers()
    registry = world.accounts_of("velmar-", "ostrel-")
    known = {group: sum(len(followers[one] & registry) for one in who) for group, who in clubs.items()}
    assert 1 <= sum(number > 0 for number in known.values()) < len(clubs)
    assert max(known.values()) <= 2
    assert all(len(followers[one]) <= 60 for who in clubs.values() for one in who)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_registry_names_invented_bodies_whose_media_are_labelled_and_whose_outlet_is_not(
    scenario: str, worlds: Worlds
) -> None:
    world = worlds(scenario)
    domains = world.domains("")
    assert domains
    assert all(domain.endswith(".example") for domain in domains)
    sites = {host(url) for post in world.posts for url in post.get("urls", [])}
    assert all(site.endswith(".example") for site in sites)
    on_x = [world.accounts[one] for one in world.accounts_of("-agency")]
    assert all(row["platform_label"].endswith("state-affiliated media") for row in on_x)
    assert all("platform_label" not in world.accounts[one] for one in world.accounts_of("-outlet"))
    chain = {entity["entity_id"]: entity.get("parent_id") for entity in world.registry}
    assert chain["velmar-outlet"] == "velmar-holding"
    assert chain["velmar-holding"] == "velmar-agency"
    assert chain["velmar-agency"] == "velmar-party"


def test_the_dials_of_stealth_turn_one_way() -> None:
    for easier, harder in pairwise(STEALTH):
        assert easier.jitter_s < harder.jitter_s
        assert easier.participation > harder.participation
        assert easier.edits < harder.edits
        assert easier.own_posts < harder.own_posts
        assert easier.registry_followers >= harder.registry_followers
        assert easier.half_credits > harder.half_credits
