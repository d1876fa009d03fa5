"""Reads the files inside a zip archive, and the rows of a Parquet file, as one stream of bytes."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO

import polars as pl

from schemas.errors import FormatError, InputError

ZIP = b"PK\x03\x04"
PARQUET = b"PAR1"

_PIECE = 256 << 10
_ROWS = 20_000  # of a Parquet file at a time
_DATA = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".gz", ".zst", ".bz2", ".xz")
_TABLES = (".csv", ".tsv")
_OURS = {"post_id", "account_id"}
_SHEETS = ("xl/workbook.xml", "xl/worksheets/", "content.xml")
_LINE = 1 << 20


class ZipMembers:
    """The files of an archive that hold data: one, or parts of one export.

    Args:
        path: of the archive.
        name: of the input, for errors.

    Raises:
        FormatError: it is a spreadsheet or encrypted, or its files are not of one kind.
        InputError: it is corrupted.
    """

    def __init__(self, path: str, name: str) -> None:
        self._name = name
        try:
            self._archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise InputError(
                f"{name}: the zip archive is corrupted or incomplete ({error}). Fetch or copy it again."
            ) from error
        files = [info for info in self._archive.infolist() if not info.is_dir()]
        if any(info.filename.startswith(_SHEETS) for info in files) or len(files) == 0:
            self._archive.close()
            raise FormatError(_spreadsheet(name) if files else f"{name}: is a zip archive without files.")
        self._members = self._chosen(files)
        tables = [member for member in self._members if member.filename.lower().endswith(_TABLES)]
        if len(tables) > 1 and len({self._header(member) for member in tables}) > 1:
            raise FormatError(self._unlike("their columns differ"))

    def parts(self) -> Iterator[tuple[str, Iterator[bytes], int]]:
        """Yield name, bytes and end in the archive of each file. The header of a later table is left out."""
        reached = 0
        with self._archive:
            for number, member in enumerate(self._members):
                reached += member.compress_size
                with self._opened(member) as file:
                    if number and member.filename.lower().endswith(_TABLES):
                        file.readline(_LINE)
                    yield f"{self._name}: {member.filename}", self._pieces(file, member), reached

    def _chosen(self, files: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
        wanted = [
            info
            for info in files
            if not info.filename.startswith("__MACOSX/") and not info.filename.split("/")[-1].startswith(".")
        ]
        data = [info for info in wanted if info.filename.lower().endswith(_DATA)]
        chosen = sorted(data or wanted, key=lambda info: info.filename)
        kinds = {info.filename.rsplit(".", 1)[-1].lower() for info in chosen}
        self._listed = ", ".join(info.filename for info in chosen[:10]) + (
            ", ..." if len(chosen) > 10 else ""
        )
        if len(chosen) > 1 and (not data or len(kinds) > 1):
            raise FormatError(self._unlike("they are of different kinds"))
        return chosen

    def _unlike(self, why: str) -> str:
        return (
            f"{self._name}: the archive holds several files, and {why}: {self._listed}. Unpack it, or pipe one: "
            f"unzip -p FILE MEMBER | lockstep replay -"
        )

    def _header(self, member: zipfile.ZipInfo) -> bytes:
        try:
            with self._opened(member) as file:
                return file.readline(_LINE).strip()
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise InputError(
                f"{self._name}: {member.filename} is corrupted ({error}). Fetch it again."
            ) from error

    def _opened(self, member: zipfile.ZipInfo) -> IO[bytes]:
        try:
            return self._archive.open(member)
        except (RuntimeError, NotImplementedError) as error:
            raise FormatError(
                f"{self._name}: {member.filename} cannot be unpacked here ({error}). Unpack the archive first."
            ) from error
        except zipfile.BadZipFile as error:
            raise InputError(
                f"{self._name}: {member.filename} is corrupted ({error}). Fetch it again."
            ) from error

    def _pieces(self, file: IO[bytes], member: zipfile.ZipInfo) -> Iterator[bytes]:
        try:
            while piece := file.read(_PIECE):
                yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise InputError(
                f"{self._name}: {member.filename} is corrupted ({error}). What came before was used. Fetch it again."
            ) from error


def parquet_text(path: str, name: str) -> Iterator[tuple[bytes, float]]:
    """Yield the rows of a Parquet file as text, and the share that has been read: CSV, or JSON where cells hold lists.

    Raises:
        InputError: it cannot be read.
    """
    try:
        frame = pl.scan_parquet(path)
        schema = frame.collect_schema()
        total = frame.select(pl.len()).collect().item() or 1
        nested = any(dtype.is_nested() for dtype in schema.values()) or set(schema) >= _OURS
        plain = [
            pl.col(column).cast(pl.String, strict=False)
            for column, dtype in schema.items()
            if dtype.base_type() in (pl.Binary, pl.Categorical, pl.Enum, pl.Decimal)
        ]
        done = 0
        for rows in frame.with_columns(plain).collect_batches(chunk_size=_ROWS):
            written = io.BytesIO()
            if nested:
                rows.write_ndjson(written)
            else:
                rows.write_csv(written, include_header=done == 0)
            done += len(rows)
            yield written.getvalue(), done / total
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"{name}: the Parquet file cannot be read ({error}). Fetch or copy it again."
        ) from error


def _spreadsheet(name: str) -> str:
    return (
        f"{name}: is a spreadsheet, which is not read directly. Save it as CSV in UTF-8, or convert it: "
        "soffice --headless --convert-to csv:'Text - txt - csv (StarCalc)':44,34,76 FILE. Spreadsheets keep 15 digits "
        "of a number: if ids are longer, use the export from before it was opened in one."
    )
