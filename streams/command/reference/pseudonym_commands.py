"""`lockstep pseudonyms`; `streams.command.faults` turns its faults into messages and exit statuses."""

import csv
import io
import os
from dataclasses import dataclass

from schemas.errors import UsageError
from streams.outputs.output_files import check_outputs, output
from streams.privacy.keys import PseudonymKey, keys_of, new_key
from streams.privacy.relinking import Relinking
from streams.settings.settings import load_settings
from streams.sources import expand_inputs, open_source
from streams.sources.files.compressed import ByteInput


@dataclass(frozen=True, slots=True)
class Question:
    """Whose pseudonyms a file has."""

    file: str
    sources: list[str]
    names: str | None
    config: str | None
    out: str


def write_key(path: str) -> str:
    """Write a new key into a new file; what to say of it.

    Raises:
        UsageError: the file exists, or cannot be written. A key that was overwritten could not be made again.
    """
    text = new_key()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
    except OSError as error:
        raise UsageError(f"--out: {path} cannot be written: {error.strerror or error}.") from error
    return (
        f"{path}: the key {PseudonymKey(bytes.fromhex(text)).id}. Whoever has it can find out whose a pseudonym is; "
        "without it nobody can, and it cannot be made again."
    )


def relink(question: Question) -> str:
    """Write pseudonyms with their names; how many were found, in words.

    Raises:
        UsageError: there is no key, or nothing to compare with.
        InputError: a file cannot be read.
        OutputError: the result cannot be written.
    """
    settings = load_settings(question.config)
    if not question.sources and question.names is None:
        raise UsageError("name candidates: a dump with --from, or a list with --names.")
    check_outputs({"--out": question.out}, [question.file, *question.sources])
    asked = _text(question.file).splitlines()
    relinking = Relinking(asked, keys_of(settings.privacy))
    for path in expand_inputs(question.sources):
        source = open_source(path, mapping=settings.mapping, encoding=settings.input.encoding)
        for batch in source.batches():
            relinking.add(batch)
    if question.names is not None:
        relinking.add_names(_text(question.names).splitlines())
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("pseudonym", "name"))
    found = list(relinking.found())
    writer.writerows(found)
    with output(question.out, lines=True) as file:
        file.write(table.getvalue().encode())
    missing = "".join(f"; the key {key} is not in the key file" for key in relinking.unknown_keys)
    return f"{len(found):,} of {relinking.wanted:,} pseudonyms found{missing}."


def _text(path: str) -> str:
    return b"".join(block.data for block in ByteInput(path).blocks()).decode("utf-8", "replace")
