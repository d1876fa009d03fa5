"""The desk in Chromium over a file: verdicts of people, two at once, live, by keys, on any screen, without scripts."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from detectors.reference.network_review import NetworkReview
from streams.reference_files.reviews_file import read_reviews, rules_of_reviews
from tests.streams.desk.conftest import write_alerts
from tests.streams.desk.desk_program import PROGRAM, DeskProcess, running_desk
from tests.streams.reports.many_cases import HOSTILE, many_alerts

pytestmark = pytest.mark.slow

SCREENS = [(1400, 900), (400, 800)]
FIRST = "/case?network=net-000000"


class Reviewer:
    """A person with a browser of their own; everything that the pages say and ask for is kept."""

    def __init__(self, browser: Browser, desk: DeskProcess, **context: Any) -> None:
        self.desk = desk
        self.said: list[str] = []
        self.asked: list[str] = []
        self.context: BrowserContext = browser.new_context(**context)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.set_default_timeout(30_000)

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.desk.address + path)
        return self.page

    def named(self, name: str) -> "Reviewer":
        """Give another name than that of whoever started the desk."""
        self.open()
        self.page.get_by_role("button", name="Somebody else").click()
        self.page.get_by_label("Your name in the log").fill(name)
        self.page.get_by_role("button", name="Go on").click()
        expect(self.page.locator(".who")).to_contain_text(name)
        return self

    def decide(self, summary: str, button: str, reason: str, **chosen: str) -> None:
        """Fill in one of the forms of a case and send it."""
        part = self.page.locator(".verdicts > details").filter(
            has=self.page.locator("summary", has_text=re.compile(f"^{summary}"))
        )
        if not part.get_attribute("open") and part.get_attribute("open") != "":
            part.locator("summary").click()
        form = part.locator("form").filter(has=self.page.get_by_role("button", name=re.compile(f"^{button}")))
        for name, value in chosen.items():
            form.locator(f"[name={name}]").select_option(value)
        form.locator("[name=reason]").fill(reason)
        with self.page.expect_navigation():
            form.get_by_role("button", name=re.compile(f"^{button}")).click()

    def leaves_nothing(self) -> None:
        """No page has complained, and none has asked another place for anything."""
        assert self.said == []
        assert {url for url in self.asked if not url.startswith(self.desk.address + "/")} == set()


@pytest.fixture
def ana(browser: Browser, desk: DeskProcess) -> Iterator[Reviewer]:
    """The reviewer who started the desk."""
    reviewer = Reviewer(browser, desk, viewport=size(SCREENS[0]))
    yield reviewer
    reviewer.context.close()


def size(screen: tuple[int, int]) -> dict[str, int]:
    return {"width": screen[0], "height": screen[1]}


def recorded(desk: DeskProcess) -> list[dict[str, Any]]:
    path = desk.output.parent / "alerts.reviews.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_verdicts_are_in_the_file_make_rules_and_can_be_taken_back(ana: Reviewer) -> None:
    page = ana.open()
    page.locator("a.open").first.click()
    ana.decide("Mute", "Mute", "a school project", until="7d")
    expect(page.locator("#standing")).to_contain_text("ana muted it until 2024-03-13 00:00 UTC")
    (event,) = recorded(ana.desk)
    assert (event["kind"], event["network_id"], event["actor"]) == ("mute", "net-000000", "ana")
    assert (event["reason"], event["expires_at"]) == ("a school project", "2024-03-13T00:00:00Z")
    reviews = str(ana.desk.output.parent / "alerts.reviews.jsonl")
    (rule,) = rules_of_reviews(reviews)
    assert (rule.rule_id, rule.network_id) == (f"review:{event['event_id']}", "net-000000")
    expect(page.locator("#entries")).to_contain_text(rule.rule_id)

    page.get_by_role("button", name="Take back").click()
    expect(page.locator("#entries li").first).to_contain_text("takes back")
    assert rules_of_reviews(reviews) == []
    assert recorded(ana.desk)[1]["reverses_event_id"] == event["event_id"]
    assert recorded(ana.desk)[1]["kind"] == "unmute", "workers of any version understand it"
    expect(page.locator("#standing")).not_to_contain_text("muted it")
    expect(page.get_by_role("button", name="Take back")).to_have_count(0)

    page.get_by_role("link", name="Audit log").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    with page.expect_download() as taken:
        page.get_by_role("link", name="All as JSON lines").click()
    assert Path(taken.value.path()).read_bytes() == Path(reviews).read_bytes()
    with page.expect_download() as taken:
        page.get_by_role("link", name="All as CSV").click()
    assert Path(taken.value.path()).read_text().count("net-000000") == 2
    ana.leaves_nothing()


def test_every_verdict_is_an_entry_and_shows(ana: Reviewer) -> None:
    page = ana.open(FIRST)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#standing")).to_contain_text("acknowledged")
    page.get_by_role("button", name="Assign to me").click()
    expect(page.locator("#standing")).to_contain_text("with ana")
    ana.decide("Label", "Record", "the newsroom says so", label="coordinated_authentic")
    expect(page.locator("#standing")).to_contain_text("coordinated authentic")
    page.locator("summary", has_text="Allow accounts").click()
    page.get_by_label("@noticias_10001").check()
    ana.decide("Allow", "Allow", "a library", until="never")
    ana.decide("Allow", "End what reviews", "not a library")
    ana.decide("Mute", "Mute", "noise", until="never")
    ana.decide("Mute", "End all mutes", "no noise")
    ana.decide("Escalate", "Escalate", "needs a lead")
    expect(page.locator("#standing")).to_contain_text("escalated")
    ana.decide("Escalate", "Resolve", "done")
    ana.decide("Escalate", "Reopen", "not done")
    expect(page.locator("#standing")).to_contain_text("new")
    ana.decide("Comment", "Add", "two\nlines")
    page.locator("summary", has_text=re.compile("^Assign$")).click()
    page.get_by_label("To", exact=True).fill("ben")
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.locator("#standing")).to_contain_text("with ben")
    events = recorded(ana.desk)
    assert [event["kind"] for event in events] == [
        "acknowledge", "assign", "label", "allow", "disallow", "mute", "unmute", "escalate", "resolve", "reopen",
        "comment", "assign",
    ]  # fmt: skip
    assert events[3]["account_ids"] == ["x:10001"]
    assert events[10]["reason"] == "two\nlines"
    assert [event.get("seen_event_id") for event in events[1:]] == [
        event["event_id"] for event in events[:-1]
    ]
    expect(page.locator("#entries li")).to_have_count(12)
    ana.leaves_nothing()


def test_two_reviewers_at_once_see_each_other_and_lose_nothing(browser: Browser, ana: Reviewer) -> None:
    ben = Reviewer(browser, ana.desk).named("ben")
    for reviewer in (ana, ben):
        reviewer.open(FIRST)
    ana.decide("Label", "Record", "all copy one agency", label="confirmed_inauthentic")
    ben.decide("Mute", "Mute", "looks harmless", until="30d")

    expect(ben.page.get_by_role("alert")).to_contain_text("others have decided meanwhile")
    expect(ben.page.get_by_role("alert")).to_contain_text("all copy one agency")
    assert [event["actor"] for event in recorded(ana.desk)] == ["ana"], (
        "nothing is recorded before ben has seen it"
    )
    expect(ben.page.get_by_label("What you wrote")).to_have_value("looks harmless")
    ana.decide("Comment", "Add", "said meanwhile")
    expect(ben.page.locator("#entries")).to_contain_text("said meanwhile", timeout=20_000)
    ben.page.get_by_role("button", name="Record it all the same").click()
    expect(ben.page.locator("#entries li")).to_have_count(3)
    first, _, second = recorded(ana.desk)
    assert (second["actor"], second["kind"], second["seen_event_id"]) == ("ben", "mute", first["event_id"])

    # a comment overwrites nothing, so nobody is asked again
    ana.decide("Comment", "Add", "by the way")
    ana.decide("Comment", "Add", "and another")
    assert len(recorded(ana.desk)) == 5
    ana.leaves_nothing()
    # the browser itself reports an answer that asks for another look
    assert [line for line in ben.said if "409" not in line] == []


def test_a_label_that_can_harm_awaits_a_second_reviewer(browser: Browser, ana: Reviewer) -> None:
    ana.open(FIRST)
    ana.decide("Label", "Record", "all copy one agency", label="confirmed_inauthentic")
    expect(ana.page.locator("#standing")).to_contain_text("awaits a second reviewer")
    expect(ana.page.get_by_text("when a second reviewer gives")).to_have_count(0)
    ben = Reviewer(browser, ana.desk).named("ben")
    ben.page.get_by_role("link", name="Second pair of eyes").click()
    expect(ben.page.locator("article.brief")).to_have_count(1)
    ben.page.locator("a.open").click()
    expect(ben.page.get_by_text("when a second reviewer gives")).to_be_visible()
    ben.decide("Label", "Record", "so it seems to me", label="confirmed_inauthentic")
    expect(ben.page.locator("#standing")).to_contain_text("confirmed inauthentic")
    expect(ben.page.locator("#standing")).not_to_contain_text("awaits")
    review = NetworkReview()
    for event in read_reviews(str(ana.desk.output.parent / "alerts.reviews.jsonl")):
        review.take(event)
    assert [event.actor for event in review.events] == ["ana", "ben"]
    ben.leaves_nothing()


def test_what_others_do_shows_without_loading_the_page(browser: Browser, ana: Reviewer) -> None:
    queue, case = Reviewer(browser, ana.desk), Reviewer(browser, ana.desk)
    queue.open("/?order=newest")
    case.open(FIRST)
    case.page.get_by_label("Comment").fill("half a thought")
    ana.open(FIRST)
    ana.decide("Escalate", "Escalate", "needs a lead")
    expect(queue.page.locator("article.brief").first).to_contain_text("escalated", timeout=20_000)
    expect(case.page.locator("#entries")).to_contain_text("needs a lead", timeout=20_000)
    expect(case.page.get_by_label("Comment")).to_have_value("half a thought")
    queue.leaves_nothing()
    case.leaves_nothing()


def test_a_verdict_of_the_command_line_shows_at_once(ana: Reviewer) -> None:
    ana.open(FIRST)
    subprocess.run(
        [PROGRAM, "review", "net-000000", "--label", "benign_automation", "--reason", "a bot that says so",
         "--alerts", ana.desk.output.parent / "alerts.jsonl", "--as", "cyd"],
        check=True, capture_output=True,
    )  # fmt: skip
    expect(ana.page.locator("#entries")).to_contain_text("a bot that says so", timeout=20_000)


def test_a_verdict_can_be_about_a_whole_case(ana: Reviewer) -> None:
    page = ana.open("/?show=recorded")
    entry = page.locator("article.brief", has_text="1 more network of this case")
    expect(entry).to_have_count(1)
    expect(page.locator("article.brief")).to_have_count(3)
    entry.locator("a.open").click()
    page.locator("summary", has_text=re.compile("^Mute$")).click()
    page.locator("details[open] form").filter(has=page.locator("#mute-reason")).get_by_role(
        "checkbox"
    ).check()
    ana.decide("Mute", "Mute", "one project", until="never")
    events = recorded(ana.desk)
    assert {event["network_id"] for event in events} == {"net-000003", "net-000004"}
    assert len({event["event_id"] for event in events}) == 2


def test_filters_find_and_can_be_kept(ana: Reviewer) -> None:
    page = ana.open()
    found = page.locator("article.brief")
    expect(found).to_have_count(5)
    page.locator("[name=covert]").select_option("suspected")
    expect(found).to_have_count(2)
    page.get_by_label("Save this one as").fill("suspects")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Clear").click()
    expect(found).to_have_count(5)
    page.get_by_role("link", name="suspects", exact=True).click()
    expect(found).to_have_count(2)
    page.get_by_role("button", name="Delete the filter suspects").click()
    expect(page.get_by_text("none yet")).to_be_visible()
    page.get_by_label("Search").fill("NOTICIAS_20001 net-000001")
    page.get_by_label("Search").press("Enter")
    expect(found).to_have_count(1)
    found.locator("a.open").click()
    page.get_by_role("button", name="Acknowledge").click()
    for path, count in (
        ("/?status=acknowledged", 1), ("/?status=new", 4), ("/?severity=high", 2), ("/?severity=critical", 0),
        ("/?platform=x", 5), ("/?platform=tiktok", 0), ("/?label=none", 5), ("/?assignee=-", 5),
        ("/?show=all&q=%00", 0),
        ("/?status=nonsense&page=9999999999", 5), ("/?assignee=me", 0),
    ):  # fmt: skip
        ana.open(path)
        expect(found, path).to_have_count(count)
    ana.leaves_nothing()


def test_keys_go_through_the_queue_and_decide(ana: Reviewer) -> None:
    page = ana.open()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(page.locator("article.at .soft").first).to_contain_text("net-000001")
    page.keyboard.press("Enter")
    expect(page.locator(".top .soft")).to_contain_text("net-000001")
    page.wait_for_load_state()  # a page shows before it listens to keys
    page.keyboard.press("m")
    page.locator("#mute-until").press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#standing")).to_contain_text("acknowledged")
    page.wait_for_load_state()
    page.keyboard.press("n")
    expect(page.locator(".top .soft")).to_contain_text("net-000002")
    page.wait_for_load_state()
    page.keyboard.press("q")
    expect(page.locator("h1")).to_have_text("Queue")
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type("jam")
    expect(page.get_by_label("Search")).to_have_value("jam")
    ana.leaves_nothing()


def test_without_scripts_a_verdict_is_recorded_all_the_same(browser: Browser, desk: DeskProcess) -> None:
    ana = Reviewer(browser, desk, java_script_enabled=False)
    page = ana.open("/?severity=high")
    page.locator("a.open").first.click()
    ana.decide("Label", "Record", "a plain page", label="not_coordinated")
    expect(page.locator("#standing")).to_contain_text("not coordinated")
    assert len(recorded(desk)) == 1


def test_what_anybody_writes_is_shown_and_never_run(ana: Reviewer) -> None:
    page = ana.open(FIRST)
    ana.decide("Comment", "Add", HOSTILE)
    text = page.locator("main").inner_text()
    assert text.count("<script>alert(1)</script>") >= 2
    assert "\u202e" not in text
    assert page.locator("main img").count() == 0
    page.locator("summary", has_text=re.compile("^Assign$")).click()
    page.get_by_label("To", exact=True).fill('"><img src=x onerror=alert(3)>')
    page.get_by_role("button", name="Assign", exact=True).click()
    for path in ("/", "/audit", "/?assignee=%22%3E%3Cimg+src%3Dx+onerror%3Dalert(3)%3E"):
        ana.open(path)
        assert page.locator("img").count() == 0
    assert recorded(ana.desk)[0]["reason"] == HOSTILE.strip(), "the log has what was written"
    ana.leaves_nothing()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS, ids=["desk", "phone"])
def test_axe_finds_nothing_serious_and_nothing_is_cut_off(
    browser: Browser, shared_desk: DeskProcess, screen: tuple[int, int], scheme: str
) -> None:
    ana = Reviewer(browser, shared_desk, viewport=size(screen), color_scheme=scheme)
    if not recorded(shared_desk):
        ana.open(FIRST)
        ana.decide("Label", "Record", "all copy one agency", label="confirmed_inauthentic")
        ana.decide("Mute", "Mute", "noise", until="30d")
        ana.page.get_by_role("button", name="Take back").first.click()
    for path in ("/", "/?q=nothing+of+that+kind", FIRST, "/audit", "/sign-in", "/nothing"):
        page = ana.open(path)
        page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= screen[0], path
        # only the test may run a script of its own: the page's policy lets no other script in
        found = Axe().run(page)
        serious = [
            (violation["id"], [node["html"][:200] for node in violation["nodes"][:3]])
            for violation in found.response["violations"]
            if violation["impact"] in {"serious", "critical"}
        ]
        assert serious == [], path
    ana.context.close()


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_many_alerts_stay_quick(browser: Browser, tmp_path: Path, count: int) -> None:
    alerts = write_alerts(tmp_path / "alerts.jsonl", list(many_alerts(count, 8 * count, suspected=100)))
    with running_desk(tmp_path, alerts, "--as", "ana") as desk:
        ana = Reviewer(browser, desk, viewport=size(SCREENS[0]))
        ana.open()
        taken: dict[str, list[float]] = {}
        last = f"/?page={count // 50}"
        for path in ("/", last, f"/?q=noticias_{count // 2}&show=all", "/?order=newest&page=3", FIRST):
            for _ in range(3):
                begun = time.perf_counter()
                ana.open(path)
                taken.setdefault(path, []).append(1_000 * (time.perf_counter() - begun))
        for path, times in taken.items():
            print(f"{count:,} alerts: {path}: {sorted(times)[1]:.0f} ms until loaded, best {min(times):.0f}")
        # the aim is 300 ms for 10,000; other work on the machine must not fail this
        assert max(min(times) for times in taken.values()) < 900 + 0.06 * count
        ana.leaves_nothing()
