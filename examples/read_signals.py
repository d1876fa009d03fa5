"""Rules of your own over the signals of the live service: a consumer to start from.

    .venv/bin/python examples/read_signals.py [--config FILE] [--follow]

Reads the three topics of signals and prints what three small rules say:

- engagement.v1: an account with many posts that hardly anyone reacts to;
- followers.v1: an account that three entities of the registry follow, or more;
- synchrony.v1: a validated pair that is in no network.

A rule is a function from a record to a sentence, or None. Change them, and add your own. Signals are figures about
data, not findings: a rule that fires is a reason to look.
"""

import argparse
import asyncio
import os
import sys

import msgspec
from aiokafka import AIOKafkaConsumer

from schemas.errors import LockstepError
from schemas.figures.signals import AccountEngagement, AccountFollowers, PairSynchrony
from schemas.service.topic import Role
from schemas.service.topics import ENGAGEMENT, FOLLOWERS, SYNCHRONY
from streams.live.broker.connection import client_arguments, connection
from streams.live.broker.topic_admin import require_topics
from streams.outputs.plain_text import plain
from streams.settings.settings import Settings, load_settings

MANY_POSTS = 50


def quiet_but_busy(account: AccountEngagement) -> str | None:
    """An account that posts much, with a tenth of the usual reactions or less."""
    per_post = account.reactions / account.known_posts
    if account.posts < MANY_POSTS or per_post * 10 > account.usual_reactions_per_post:
        return None
    return (
        f"{account.account_id}: {account.posts:,} posts, {per_post:.2f} reactions a post; "
        f"{account.usual_reactions_per_post:.2f} are usual"
    )


def followed_by_several(account: AccountFollowers) -> str | None:
    """An account that three entities follow, or more."""
    if len(account.entities) < 3:
        return None
    return (
        f"{account.account_id}: {account.registry_followers} of its {account.followers:,} followers are in the "
        f"registry, {account.expected:.1f} expected: {', '.join(account.entities)}"
    )


def pair_without_network(pair: PairSynchrony) -> str | None:
    """Two accounts that stand out, and are in no network yet."""
    if not pair.validated or pair.network_id is not None:
        return None
    kinds = ", ".join(f"{one.objects} by {one.kind} within {one.window_s} s" for one in pair.kinds)
    return f"{pair.account_a} and {pair.account_b}: {pair.objects} objects ({kinds}), p = {pair.p_value:.1g}"


RULES = {
    ENGAGEMENT.name: (msgspec.json.Decoder(AccountEngagement), quiet_but_busy),
    FOLLOWERS.name: (msgspec.json.Decoder(AccountFollowers), followed_by_several),
    SYNCHRONY.name: (msgspec.json.Decoder(PairSynchrony), pair_without_network),
}
"""By topic: the decoder of its records, and the rule for them."""


def sentence(topic: str, value: bytes) -> str | None:
    """What the rule of a topic says of a record; None: nothing.

    Args:
        topic: without prefix.
        value: of the message.
    """
    decoder, rule = RULES[topic]
    said: str | None = rule(decoder.decode(value))  # type: ignore[operator]
    # ids come from posts: control characters in them must not reach the terminal
    return None if said is None else plain(f"{topic}: {said}", 400)


async def read(settings: Settings, *, follow: bool) -> None:
    """Print what the rules say of the records on the topics, and with `follow` also of those that come later.

    Raises:
        LockstepError: the brokers cannot be reached, or a topic is absent.
    """
    broker = connection(settings.kafka)
    prefix = settings.kafka.topic_prefix
    await require_topics(broker, prefix, Role.CONSUMER)
    consumer = AIOKafkaConsumer(
        *(prefix + name for name in RULES),
        **client_arguments(broker, "read-signals"),
        auto_offset_reset="earliest",
    )
    await consumer.start()
    records = 0
    try:
        left = await consumer.end_offsets(consumer.assignment())
        while left or follow:
            for part, batch in (await consumer.getmany(timeout_ms=500)).items():
                records += len(batch)
                for record in batch:
                    if record.value is not None and (
                        said := sentence(part.topic.removeprefix(prefix), record.value)
                    ):
                        print(said, flush=True)
            if left:
                left = {part: end for part, end in left.items() if await consumer.position(part) < end}
                if not left:
                    print(f"{records:,} signals read.", file=sys.stderr, flush=True)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Rules of your own over the signals of the live service.")
    options.add_argument("--config", metavar="FILE", help="settings, as for the worker")
    options.add_argument("--follow", action="store_true", help="also read new signals, until Ctrl-C")
    chosen = options.parse_args()
    try:
        asyncio.run(read(load_settings(chosen.config), follow=chosen.follow))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    except LockstepError as error:
        sys.exit(str(error))
    except BrokenPipeError:
        # the reader of stdout has gone; flush nothing to it when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
