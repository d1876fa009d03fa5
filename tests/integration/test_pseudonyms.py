"""A live worker under pseudonyms raises the networks that a replay in the clear finds."""

import json
from collections.abc import Mapping

import pytest

from streams.privacy.keys import PseudonymKey
from streams.privacy.pseudonyms import Pseudonyms
from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import Service, Watcher
from tests.integration.worlds import World

pytestmark = pytest.mark.asyncio
KEY = "c3" * 32
PRIVATE = "[privacy]\npseudonymise = true\n"


def pseudonym(account: str) -> str:
    platform, _, name = account.partition(":")
    if platform == "web":
        return account
    return f"{platform}:{Pseudonyms(PseudonymKey(bytes.fromhex(KEY))).name(platform, name)}"


def networks(alerts: Mapping[tuple[str, int], str]) -> set[tuple[frozenset[str], str]]:
    """Core members and severity of each network in its last alert.

    Figures of ordinary accounts come from samples that hashes of names choose. Other names give another sample, so
    an account near the bound of peripheral members is one in one run and none in the other.
    """
    latest: dict[str, tuple[int, frozenset[str], str]] = {}
    for text in alerts.values():
        alert = json.loads(text)
        members = frozenset(member["account_id"] for member in alert["members"] if member["role"] == "core")
        found = alert["revision"], members, alert["severity"]
        latest[alert["network_id"]] = max(
            latest.get(alert["network_id"], found), found, key=lambda one: one[0]
        )
    return {(members, severity) for _, members, severity in latest.values()}


async def test_given_posts_in_the_clear_when_a_worker_has_a_key_then_it_raises_the_same_networks(
    service_of: ServiceFactory, diaspora_press: World
) -> None:
    expected = {
        (frozenset(map(pseudonym, members)), severity)
        for members, severity in networks(diaspora_press.alerts())
    }
    service = service_of(detection_settings=PRIVATE, environment={"LOCKSTEP_PSEUDONYM_KEY": KEY})
    # the collector knows no key: the topics of posts have names, and what the worker writes has none
    collector = Service(service.folder / "collector", service.bootstrap, service.prefix)
    collector.lockstep(
        "publish", *diaspora_press.inputs, *diaspora_press.references, "--end", "--no-progress"
    )
    service.start_worker()
    async with Watcher(service) as watcher:
        await watcher.until_done()
        assert service.stop() == [0], service.logs()
        alerts = await watcher.alerts()
        frames = await watcher.values("networks.v1")

    assert networks(alerts) == expected
    assert all(json.loads(text)["privacy"]["pseudonymised"] for text in alerts.values())
    names = {name for members, _ in networks(diaspora_press.alerts()) for name in members}
    written = "".join(alerts.values()) + b"".join(frames).decode()
    assert not [name for name in names if not name.startswith("web:") and f'"{name}"' in written]
