"""The graph of stages: what each is called, what it is cut by, and what it reads and emits. The one place that says so.

    posts -> ingest -> texts -> synchrony -> evidence -> networks -> alerts
                  '--> engagement, rhythm, followers, pools --'

A stage that is *cut* runs in shards (`detectors.shards`); another runs in one piece. What a stage reads from others it
reads as of closed epochs, so the alerts depend neither on shards nor on who holds them.

On Kafka, each worker decodes the posts of its partitions and reads their shares (`detectors.traces.post_shares`). The
rest of ingest, order and attribution, is done where detection runs.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of detection with state of its own."""

    name: str
    key: str
    """What its rows are parted by, or would be."""
    reads: tuple[str, ...]
    emits: tuple[str, ...]
    timed: tuple[str, ...]
    """Names under which `detectors.stage_timing` measures its work."""
    cut: bool = False
    """Whether it runs in shards."""


INPUTS = ("posts", "follow events", "reference data")
"""What comes from outside."""

STAGES = (
    Stage(
        "ingest",
        "partition of posts",
        ("posts", "reference data"),
        ("traced posts", "shares"),
        ("decode", "order", "pseudonyms", "traces", "attribution"),
        cut=True,
    ),
    Stage("texts", "text", ("traced posts",), ("shares of texts",), ("texts",)),
    Stage(
        "synchrony",
        "object",
        ("shares", "shares of texts"),
        ("co-shares", "exposures", "logged shares"),
        ("co_sharing",),
        cut=True,
    ),
    Stage("evidence", "pair of accounts", ("co-shares",), ("pairs",), ("pairs",)),
    Stage("exposure", "account", ("exposures",), ("chance",), ("exposure",)),
    Stage("engagement", "post", ("traced posts",), ("account figures",), ("engagement",)),
    Stage("rhythm", "account", ("traced posts",), ("pairs that keep time",), ("rhythm",)),
    Stage(
        "followers",
        "followee",
        ("follow events", "reference data"),
        ("registry followers", "rings"),
        ("followers", "follow_rings"),
    ),
    Stage("pools", "object", ("traced posts",), ("pools",), ("pools",)),
    Stage(
        "networks",
        "all",
        (
            "traced posts", "pairs", "chance", "logged shares", "account figures", "pairs that keep time",
            "registry followers", "rings", "pools", "reference data",
        ),
        ("alerts", "signals"),
        (
            "accounts", "network", "reestimate", "uncredited_crowds", "context", "alerts", "cases", "signals",
            "references",
        ),
    ),
)  # fmt: skip
"""In the order of the data. Tests of many pairs in `networks` run in slices, one a shard."""


def stage_of(timed: str) -> Stage:
    """The stage whose work is measured under a name.

    Raises:
        KeyError: no stage has it.
    """
    for stage in STAGES:
        if timed in stage.timed:
            return stage
    raise KeyError(timed)
