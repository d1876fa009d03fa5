"""Dumps of posts in every supported format, read as batches of canonical posts.

for path in expand_inputs(["dumps/*.csv.gz"]):
    for batch in open_source(path).batches():
        ...  # batch.posts, batch.dead_letters
"""

from streams.sources.base import Source, SourceBatch
from streams.sources.detect import FORMATS
from streams.sources.formats.mapped import ColumnMapping
from streams.sources.opening import expand_inputs, open_source

__all__ = ["FORMATS", "ColumnMapping", "Source", "SourceBatch", "expand_inputs", "open_source"]
