"""Reads dumps of posts in every supported format, as batches of canonical posts.

    files       bytes to records
    cells       single cells: times, counts, lists
    formats     records to posts, one file for each format
    detect      which format a file has; `csv_layouts` and `json_layouts` know the two kinds
    settling    ids, names of platforms and reposts get the form that all detectors compare
    screening   rows without an id, account, platform or plausible time become dead letters
    opening     from the path a user gives to a source

An example:

for path in expand_inputs(["dumps/*.csv.gz"]):
    for batch in open_source(path).batches():
        ...  # batch.posts, batch.dead_letters
"""

from streams.sources.base import Source, SourceBatch
from streams.sources.detect import FORMATS
from streams.sources.formats.tables.column_mapping import ColumnMapping
from streams.sources.opening import expand_inputs, open_source

__all__ = ["FORMATS", "ColumnMapping", "Source", "SourceBatch", "expand_inputs", "open_source"]
