"""What all pages of one desk share: what they show, where verdicts go, who may come in, and the templates."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import jinja2
from aiohttp import web
from markupsafe import Markup, escape

from streams.desk.cases.board import Board
from streams.desk.cases.filters import NOBODY
from streams.desk.cases.saved_filters import SavedFilters
from streams.desk.verdicts.crossing import VerdictLog
from streams.desk.verdicts.verdict import Reviewer
from streams.desk.web.access import Access
from streams.desk.web.session import Session, SignedSessions
from streams.outputs.permalinks import Permalinks
from streams.outputs.plain_text import plain_lines
from streams.reports.report import page_environment
from streams.version import VERSION


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a page."""

    session: Session
    may_leave: bool
    """Whether the reviewer can sign out and give another name; a proxy decides that itself."""

    @property
    def reviewer(self) -> Reviewer:
        """The reviewer whose name stands in the log."""
        return Reviewer(self.session.name, self.session.role)


class ReviewDesk:
    """What all pages of one desk share.

    Args:
        board: networks, alerts and reviews.
        log: where verdicts go.
        filters: saved filters.
        access: who may come in.
        links: builds addresses of posts and profiles.
        source: what the desk is over, in words: a file, or topics.
        notice: what is wrong at the moment, in a sentence; None: nothing.
        refresh: called before a page is made, to take in what others have written.
    """

    def __init__(
        self,
        board: Board,
        log: VerdictLog,
        filters: SavedFilters,
        access: Access,
        links: Permalinks,
        source: str,
        notice: Callable[[], str | None] = lambda: None,
        refresh: Callable[[], None] = lambda: None,
    ) -> None:
        self.board = board
        self.log = log
        self.filters = filters
        self.access = access
        self.links = links
        self.source = source
        self.sessions = SignedSessions()
        self._notice = notice
        self.refresh = refresh
        self._templates = page_environment(
            jinja2.ChoiceLoader(
                [jinja2.PackageLoader("streams.desk.web"), jinja2.PackageLoader("streams.reports")]
            )
        )
        self._templates.globals.update(nobody=NOBODY)
        # what a form sends back must be what came in, although a reader sees it without its hidden characters
        self._templates.filters.update(exact=escape, lines=_lines)

    @property
    def edition(self) -> str:
        """Differs when a page that was made before would now look different."""
        return f"{self.board.version}.{zlib.crc32((self._notice() or '').encode())}"

    def page(self, template: str, visit: Visit, status: int = 200, **values: object) -> web.Response:
        """An answer with a page.

        Args:
            template: its file.
            visit: who looks.
            status: of the answer.
            values: what the template shows.
        """
        text = self._templates.get_template(template).render(
            me=visit.session,
            may_leave=visit.may_leave,
            form_token=self.sessions.form_token(visit.session),
            source=self.source,
            notice=self._notice(),
            version=self.edition,
            program=VERSION,
            **values,
        )
        return web.Response(
            body=text.encode("utf-8", "replace"), status=status, content_type="text/html", charset="utf-8"
        )


def _lines(text: str) -> Markup:
    """A text of a reviewer with its line ends, and without characters that nobody sees."""
    return escape(plain_lines(text))
