"""Networks with accounts at their edge, assessed in the founding world."""

from detectors.config import DetectionConfig
from detectors.pipeline import Pipeline
from tests.detectors.post_worlds import DAY
from tests.detectors.press_world import ALL_FOLLOWS, ORDINARY, TRIO, context, follows, posts


def test_given_well_known_accounts_at_the_edge_then_the_core_is_as_obscure_as_before() -> None:
    pipeline = Pipeline(DetectionConfig(), reference_data=context())
    pipeline.add_follow_events(follows(ALL_FOLLOWS))
    frame = posts()
    until = int(frame["created_at"][-1]) // DAY * DAY + DAY
    assert list(pipeline.process(frame, until))
    networks = pipeline.stage.networks
    (network,) = networks.alive.values()
    names = [name.partition(":")[2] for name in pipeline.accounts.names]
    assert {names[member] for member in network.members} == set(TRIO)
    alone = pipeline._reporter._assess(network, until)
    fame = dict(zip(*(frame[name].to_list() for name in ("account_id", "followers_count")), strict=True))
    famous = sorted(ORDINARY, key=lambda name: -int(fame.get(name) or 0))[:4]

    for name in famous:
        networks.join(network.number, names.index(name), 20.0, until)
    joined = pipeline._reporter._assess(network, until)

    assert len(joined.context.members) == 7
    assert alone.covert.score is not None
    assert joined.covert.score is not None
    assert alone.covert.score >= 0.5
    assert joined.covert.score >= 0.5
