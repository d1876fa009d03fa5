"""Exports written for tests, and the posts they give."""

import csv
import io
import json


def jsonl(*records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def table(*rows, separator=","):
    """A CSV with the columns of the first row; the others may lack some."""
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def known(row):
    """The fields of a post that are not unknown."""
    return {name: value for name, value in row.items() if value is not None}


def without(record, *names):
    return {name: value for name, value in record.items() if name not in names}
