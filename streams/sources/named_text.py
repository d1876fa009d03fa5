"""Small text files that an option or a setting names: read whole, or a fault that says which it is."""

from schemas.errors import InputError


def named_text(path: str, named: str, most_bytes: int) -> str:
    """The content of a file of UTF-8, without a byte order mark.

    Args:
        path: of the file.
        named: what names it, such as `input.short_links`; faults begin with it.
        most_bytes: size of the largest file that is read.

    Raises:
        InputError: the file cannot be read, is larger, or is not UTF-8.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(most_bytes + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{named}: {path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{named}: {path} is not UTF-8 (byte {error.start:,}).") from error
    if len(raw) > most_bytes:
        raise InputError(f"{named}: {path} is larger than {most_bytes >> 20} MiB.")
    return text
