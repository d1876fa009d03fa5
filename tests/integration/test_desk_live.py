"""The review desk over the topics of a live service: what a reviewer decides in a browser, seen from outside."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from playwright.async_api import Browser, Page, async_playwright, expect

from deploy.chromium.browser import chromium
from tests.detectors.post_worlds import DAY
from tests.integration.conftest import BrokerFactory, ServiceFactory
from tests.integration.live_service import Service, Watcher
from tests.integration.test_acting import HOUR, RULES, Acting
from tests.streams.desk.desk_program import running_desk
from tests.streams.press_files import write_registry
from tests.streams.reports.many_cases import many_alerts

pytestmark = pytest.mark.asyncio


async def person(browser: Browser, address: str, name: str, said: list[str]) -> Page:
    """A reviewer's page with the name given; what it says and asks of others is kept in `said`."""
    page = await (await browser.new_context()).new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda one: None if one.url.startswith(address) else said.append(one.url))
    page.set_default_timeout(60_000)
    await page.goto(f"{address}/sign-in")
    await page.get_by_label("Your name in the log").fill(name)
    await page.get_by_role("button", name="Go on").click()
    return page


async def decide(page: Page, summary: str, button: str, reason: str) -> None:
    """Fill in a form of the case and send it."""
    part = page.locator(".verdicts > details").filter(has=page.locator("summary", has_text=summary)).first
    if await part.get_attribute("open") is None:
        await part.locator("summary").click()
    form = part.locator("form").filter(has=page.get_by_role("button", name=button)).first
    await form.locator("[name=reason]").fill(reason)
    async with page.expect_navigation():
        await form.get_by_role("button", name=button).click()


async def reviews(watcher: Watcher) -> list[dict[str, Any]]:
    """All events on the topic, in the order of time."""
    events = [json.loads(value) for value in await watcher.values("reviews.v1")]
    return sorted(events, key=lambda event: event["at"])


async def test_given_a_verdict_in_a_browser_then_it_mutes_the_network_and_can_be_taken_back(
    service_of: ServiceFactory, tmp_path: Path, unused_tcp_port: int
) -> None:
    service = service_of(idle_after_s=1.0)
    service.start_worker("--web-port", str(unused_tcp_port))
    service.lockstep("publish", "--registry", write_registry(tmp_path / "registry.jsonl"))
    said: list[str] = []
    async with Watcher(service) as watcher, async_playwright() as playwright:
        run = Acting(service, watcher, tmp_path, unused_tcp_port)
        run.publish_posts(0, 2 * DAY + 2 * HOUR)
        suspected = await run.alert(lambda alert: (alert["covertness"] or 0) >= 0.5, "the suspicion")
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        with (
            running_desk(tmp_path / "one", "--live", "--config", service.config, "--as", "ana") as desk,
            running_desk(tmp_path / "two", "--live", "--config", service.config, "--as", "ben") as other,
        ):
            ana = await person(browser, desk.address, "ana", said)
            ben = await person(browser, other.address, "ben", said)
            for page in (ana, ben):
                await page.get_by_text("Suspected covert").first.wait_for()
                await page.locator("a.open").first.click()
                await expect(page.locator("figure svg").first).to_be_visible()  # the ties are of networks.v1

            # the verdict is on the topic, in the log of both desks, and in force at the next tick
            await decide(ana, "Mute", "Mute", "a school project")
            (mute,) = await reviews(watcher)
            assert (mute["kind"], mute["actor"], mute["network_id"]) == (
                "mute",
                "ana",
                suspected["network_id"],
            )
            await expect(ben.locator("#entries")).to_contain_text("a school project", timeout=30_000)
            await run.metric(RULES, 1)
            run.publish_posts(2 * DAY + 2 * HOUR, 2 * DAY + 3 * HOUR)
            muted = await run.alert(lambda alert: "suppression" in alert, "the muted network")
            assert muted["severity"] == "info"
            assert muted["suppression"]["rule_id"] == f"review:{mute['event_id']}"
            assert muted["suppression"]["reason"] == "a school project"
            await ana.goto(f"{desk.address}/?show=muted")
            await expect(ana.locator("article.muted")).to_have_count(1, timeout=30_000)
            await ana.goto(f"{desk.address}/audit")
            await expect(ana.locator("tbody tr")).to_have_count(1)

            # taken back by the other reviewer, on the other desk
            await ben.reload()
            await ben.get_by_role("button", name="Take back").click()
            await expect(ben.locator("#entries li")).to_have_count(2)
            undo = (await reviews(watcher))[1]
            assert (undo["kind"], undo["actor"], undo["reverses_event_id"]) == (
                "unmute",
                "ben",
                mute["event_id"],
            )
            await run.metric(RULES, 0)
            run.publish_posts(2 * DAY + 3 * HOUR, 2 * DAY + 4 * HOUR)
            back = await run.alert(lambda alert: alert["revision"] > muted["revision"], "the unmuted network")
            assert "suppression" not in back
            assert back["severity"] == suspected["severity"]

            await both_at_once(ana, ben, suspected["network_id"], watcher)
            await from_the_command_line(service, suspected["network_id"], ana, watcher)
            await browser.close()  # a page that outlives its desk complains
        assert [line for line in said if "409" not in line] == []
        assert service.stop() == [0], service.logs()


async def both_at_once(ana: Page, ben: Page, network_id: str, watcher: Watcher) -> None:
    """Two reviewers on two desks decide about the same network in the same moment: both verdicts are in the log."""
    for page in (ana, ben):
        await page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/')[2]}/case?network={network_id}")
        await expect(page.locator("#entries li")).to_have_count(2)
    before = len(await reviews(watcher))
    await asyncio.gather(
        decide(ana, "Escalate", "Escalate", "needs a lead"),
        decide(ben, "Escalate", "Resolve", "it is done"),
    )
    for page in (ana, ben):
        if await page.get_by_role("alert").count():  # this desk had read the other verdict already
            await page.get_by_role("button", name="Record it all the same").click()
    for page in (ana, ben):
        await expect(page.locator("#entries li")).to_have_count(4, timeout=30_000)
    fresh = (await reviews(watcher))[before:]
    assert {(event["actor"], event["kind"]) for event in fresh} == {("ana", "escalate"), ("ben", "resolve")}


async def from_the_command_line(service: Service, network_id: str, ana: Page, watcher: Watcher) -> None:
    """`lockstep review --live` writes to the same log."""
    printed = await asyncio.to_thread(
        service.lockstep, "review", network_id, "--comment", "--reason", "by hand", "--live", "--as", "cyd"
    )
    assert "recorded on" in printed
    assert (await reviews(watcher))[-1]["actor"] == "cyd"
    await expect(ana.locator("#entries")).to_contain_text("by hand", timeout=30_000)
    await asyncio.to_thread(
        service.lockstep, "review", network_id, "--undo", (await reviews(watcher))[-1]["event_id"], "--reason",
        "no", "--live", "--as", "cyd",
    )  # fmt: skip
    assert (await reviews(watcher))[-1]["kind"] == "undo"


@pytest.mark.long
async def test_given_brokers_that_go_away_then_a_verdict_waits_with_the_reviewer_and_counts_once(
    broker_factory: BrokerFactory, service_of: ServiceFactory, tmp_path: Path
) -> None:
    broker = broker_factory()
    service = service_of(bootstrap=broker.bootstrap)
    await publish_alerts(service)
    said: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        with running_desk(tmp_path, "--live", "--config", service.config, "--as", "ana") as desk:
            page = await person(browser, desk.address, "ana", said)
            await page.locator("a.open").first.click()
            await asyncio.to_thread(broker.stop)
            await decide(page, "Escalate", "Escalate", "while nobody listens")
            await expect(page.get_by_role("alert")).to_contain_text("have not confirmed this verdict")
            await expect(page.get_by_label("What you wrote")).to_have_value("while nobody listens")
            await expect(page.locator("#notice")).to_contain_text("cannot be reached")
            await asyncio.to_thread(broker.start)
            await expect(page.locator("#notice")).not_to_contain_text("cannot be reached", timeout=120_000)
            await page.get_by_role("button", name="Record it all the same").click()
            await expect(page.locator("#standing")).to_contain_text("escalated", timeout=60_000)
            await expect(page.locator("#entries li")).to_have_count(1)
        await browser.close()
    async with Watcher(service) as watcher:
        events = await reviews(watcher)
    assert {event["reason"] for event in events} == {"while nobody listens"}
    assert len({event["event_id"] for event in events}) == 1, "written twice or not, it is one verdict"


async def publish_alerts(service: Service) -> None:
    """Two alerts as a worker would write them."""
    producer = AIOKafkaProducer(bootstrap_servers=service.bootstrap)
    await producer.start()
    for alert in many_alerts(2, 20, suspected=1):
        await producer.send_and_wait(
            f"{service.prefix}alerts-latest.v1", msgspec.json.encode(alert), key=alert.network_id.encode()
        )
    await producer.stop()
