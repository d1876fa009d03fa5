"""What people decide takes effect on a service that runs: registry, reviews, rules and deletions, seen from outside."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from aiokafka import AIOKafkaProducer

from schemas.reviews import RuleKind
from tests.detectors.post_worlds import DAY, START
from tests.detectors.press_world import KNOWN, posts, rule
from tests.integration.conftest import ServiceFactory
from tests.integration.live_service import LIMIT_S, Service, Watcher
from tests.streams.press_files import write_posts, write_registry

pytestmark = pytest.mark.asyncio

HOUR = 3_600
ENTITIES = "lockstep_registry_entities"
ASIDE = "lockstep_registry_entities_set_aside"
RULES = "lockstep_suppression_rules"


async def test_given_decisions_of_people_then_each_takes_effect_while_the_service_runs(
    service_of: ServiceFactory, tmp_path: Path, unused_tcp_port: int
) -> None:
    service = service_of(idle_after_s=1.0)
    service.start_worker("--web-port", str(unused_tcp_port))
    registry = write_registry(tmp_path / "registry.jsonl")
    rules = tmp_path / "rules.jsonl"
    rules.write_bytes(msgspec.json.encode(rule(RuleKind.ALLOW, "x:someone")))

    async with Watcher(service) as watcher:
        run = Acting(service, watcher, tmp_path, unused_tcp_port)

        # nothing is known yet: the network is found, and is not suspected
        run.publish_posts(0, DAY + 2 * HOUR)
        first = await run.alert(lambda alert: True, "the network")
        assert (first["severity"], first["covertness"]) == ("info", None)

        # a registry alone
        assert f"{len(KNOWN)} records on {service.prefix}registry.v1." in service.lockstep(
            "publish", "--registry", registry
        )
        await run.metric(ENTITIES, len(KNOWN))
        run.publish_posts(DAY + 2 * HOUR, 2 * DAY + 2 * HOUR)
        suspected = await run.alert(lambda alert: (alert["covertness"] or 0) >= 0.5, "the suspicion")
        assert suspected["network_id"] == first["network_id"]
        assert suspected["severity"] in {"medium", "high"}

        # a mute on the topic of reviews, and its end
        await run.review("e1", "mute", suspected)
        await run.metric(RULES, 1)
        run.publish_posts(2 * DAY + 2 * HOUR, 2 * DAY + 3 * HOUR)
        muted = await run.alert(lambda alert: "suppression" in alert, "the muted network")
        assert muted["severity"] == "info"
        assert muted["suppression"] == {"rule_id": "review:e1", "reason": "a school project"}
        assert muted["revision"] == suspected["revision"] + 1
        await run.review("e2", "unmute", muted)
        await run.metric(RULES, 0)
        run.publish_posts(2 * DAY + 3 * HOUR, 2 * DAY + 4 * HOUR)
        unmuted = await run.alert(lambda alert: alert["revision"] > muted["revision"], "the unmuted network")
        assert unmuted["severity"] == suspected["severity"]
        assert "suppression" not in unmuted

        # an entity that claims what another has, beside one that is sound
        rival = entity("rival", accounts=[{"platform": "x", "account_id": "norte"}])
        await run.send("registry.v1", "rival", rival)
        await run.send("registry.v1", "sound", entity("sound", domains=["sound.example"]))
        await run.metric(ENTITIES, len(KNOWN) + 1)
        await run.metric(ASIDE, 1)
        letters = [json.loads(value) for value in await watcher.values("dead-letters.v1")]
        (letter,) = letters
        assert (letter["source"], letter["reason"]) == ("registry.v1/0", "contradictory")
        assert letter["detail"].startswith("rival is set aside: norte and rival both have the account norte")

        # deletions
        service.lockstep("publish", "--delete-entity", "rival", "--delete-entity", "envoy3")
        await run.metric(ASIDE, 0)
        await run.metric(ENTITIES, len(KNOWN))
        service.lockstep("publish", "--suppressions", rules)
        await run.metric(RULES, 1)
        service.lockstep("publish", "--delete-rule", "library")
        await run.metric(RULES, 0)

        assert service.stop() == [0], service.logs()


class Acting:
    """A service, what it says, and what people do."""

    def __init__(self, service: Service, watcher: Watcher, folder: Path, port: int) -> None:
        self._service = service
        self._watcher = watcher
        self._folder = folder
        self._port = port

    def publish_posts(self, begin: int, end: int) -> None:
        """Publish the posts of a stretch of event time, in seconds since the first day began."""
        part = posts().filter(pl.col("created_at").is_between(START + begin, START + end, closed="left"))
        path = write_posts(part, self._folder / f"posts-{begin}.jsonl")
        self._service.lockstep("publish", path, "--collector", "test", "--no-progress")

    async def alert(self, wanted: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Wait for an alert; the latest that is wanted."""
        return await self._until(
            lambda found: next((alert for alert in reversed(found) if wanted(alert)), None), what
        )

    async def _until(self, look: Callable[[list[dict[str, Any]]], dict[str, Any] | None], what: str) -> Any:
        try:
            async with asyncio.timeout(LIMIT_S):
                while True:
                    found = [json.loads(value) for value in await self._watcher.values("alerts.v1")]
                    if (alert := look(sorted(found, key=lambda alert: alert["revision"]))) is not None:
                        return alert
                    await self._watcher.look()
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}\n{self._service.logs()}") from None

    async def metric(self, name: str, value: int) -> None:
        """Wait until a metric has a value."""
        seen: list[float] = []
        try:
            async with asyncio.timeout(LIMIT_S):
                while seen != [value]:
                    await self._watcher.look()
                    page = await asyncio.to_thread(self._page)
                    seen = [float(line.split()[-1]) for line in page if line.startswith(name + "{")]
        except TimeoutError:
            letters = await self._watcher.values("dead-letters.v1")
            raise AssertionError(
                f"{name} is {seen}, not {value}\n{letters}\n{self._service.logs()}"
            ) from None

    def _page(self) -> list[str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=10) as page:
            return str(page.read().decode()).splitlines()

    async def review(self, event_id: str, kind: str, alert: dict[str, Any]) -> None:
        """Write an entry of the audit log of reviews."""
        event = {
            "event_id": event_id,
            "alert_id": alert["alert_id"],
            "alert_revision": alert["revision"],
            "network_id": alert["network_id"],
            "actor": "reviewer-1",
            "role": "reviewer",
            "at": datetime.now(UTC).isoformat(),
            "kind": kind,
            "reason": "a school project",
        }
        await self.send("reviews.v1", alert["network_id"], event)

    async def send(self, topic: str, key: str, record: dict[str, Any]) -> None:
        """Write a record as a tool of a reviewer would."""
        producer = AIOKafkaProducer(bootstrap_servers=self._service.bootstrap)
        await producer.start()
        value = json.dumps(record).encode()
        await producer.send_and_wait(f"{self._service.prefix}{topic}", value, key=key.encode())
        await producer.stop()


def entity(name: str, **more: Any) -> dict[str, Any]:
    return {"entity_id": name, "name": name.title(), "kind": "company", **more}
