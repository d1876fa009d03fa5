"""The JSON formats that Lockstep recognises by the fields of their objects."""

from streams.sources.formats.bluesky.jetstream import Jetstream, JetstreamMessages
from streams.sources.formats.bluesky.posts import BlueskyPosts, BlueskyRecords
from streams.sources.formats.canonical.jsonl import Jsonl
from streams.sources.formats.forums.reddit import Reddit
from streams.sources.formats.json_format import JsonFormat
from streams.sources.formats.mastodon.statuses import Mastodon
from streams.sources.formats.meta.content_library import ContentLibrary
from streams.sources.formats.meta.crowdtangle_api import CrowdTangleApi
from streams.sources.formats.telegram.api import TelegramApi
from streams.sources.formats.telegram.desktop import TelegramDesktop
from streams.sources.formats.videos.tiktok import TikTok
from streams.sources.formats.web.articles import Articles
from streams.sources.formats.x.api_v1 import TwitterV1
from streams.sources.formats.x.api_v2 import XPages, XPosts, XStream

JSON_FORMATS: tuple[type[JsonFormat], ...] = (
    Jsonl,
    XPages,
    XStream,
    XPosts,
    TwitterV1,
    Jetstream,
    JetstreamMessages,
    BlueskyRecords,
    BlueskyPosts,
    Mastodon,
    TelegramApi,
    TelegramDesktop,
    TikTok,
    CrowdTangleApi,
    ContentLibrary,
    Reddit,
    Articles,
)
"""In the order they are tried: the first that fits an object of the beginning is taken.

To add a format, write its file and name it here (docs/add-a-source.md).
"""
