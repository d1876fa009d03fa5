"""The CSV formats that Lockstep recognises by the names of their columns."""

from streams.sources.formats.coortweet import Coortweet
from streams.sources.formats.format import CsvFormat
from streams.sources.formats.ira import Ira
from streams.sources.formats.twitter_io import TwitterIo

CSV_FORMATS: tuple[type[CsvFormat], ...] = (TwitterIo, Ira, Coortweet)
"""In the order they are tried: the first whose needed columns are all in the header is taken.

To add a format, write its file and name it here (docs/add-a-source.md).
"""
