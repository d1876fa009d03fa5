"""The CSV formats that Lockstep recognises by the names of their columns."""

from streams.sources.formats.format import CsvFormat
from streams.sources.formats.mastodon.table import MastodonCsv
from streams.sources.formats.meta.business_suite import BusinessSuite
from streams.sources.formats.meta.content_library import ContentLibraryCsv
from streams.sources.formats.meta.crowdtangle import CrowdTangle
from streams.sources.formats.meta.crowdtangle_api import CrowdTangleTable
from streams.sources.formats.tables.coortweet import Coortweet
from streams.sources.formats.tables.four_cat import FourCat
from streams.sources.formats.tables.toolkit import Toolkit
from streams.sources.formats.telegram.tracker_csv import TelegramTrackerCsv
from streams.sources.formats.videos.tiktok import TikTokCsv
from streams.sources.formats.videos.youtube import YouTubeComments, YouTubeVideos
from streams.sources.formats.web.media_cloud import MediaCloud
from streams.sources.formats.x.ira import Ira
from streams.sources.formats.x.twarc_csv import TwarcCsv
from streams.sources.formats.x.twarc_v1_csv import TwarcV1Csv
from streams.sources.formats.x.twitter_io import TwitterIo

CSV_FORMATS: tuple[type[CsvFormat], ...] = (
    TwitterIo,
    TwarcCsv,
    TwarcV1Csv,
    Ira,
    Coortweet,
    Toolkit,
    MastodonCsv,
    TelegramTrackerCsv,
    CrowdTangle,
    CrowdTangleTable,
    ContentLibraryCsv,
    BusinessSuite,
    TikTokCsv,
    YouTubeVideos,
    YouTubeComments,
    FourCat,
    MediaCloud,
)
"""In the order they are tried: the first that fits the header is taken.

To add a format, write its file and name it here (docs/add-a-source.md).
"""
