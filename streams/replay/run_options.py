"""The options of a run of the local driver."""

from dataclasses import dataclass, field

from streams.settings.options import DetectingOptions, FileUse, ReadingOptions, WritingOptions, named_files
from streams.settings.showing_options import ShowingOptions


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run. Paths are as given; `-` is a standard stream, None is absent."""

    inputs: list[str]
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    detecting: DetectingOptions = field(default_factory=DetectingOptions)
    writing: WritingOptions = field(default_factory=WritingOptions)
    showing: ShowingOptions = field(default_factory=ShowingOptions)
    state: str | None = None
    """Folder where the state is kept."""
    more: tuple[object, ...] = ()
    """Other groups of options, whose files are checked with the rest."""

    def files(self, use: FileUse) -> dict[str, str]:
        """Every file beside the inputs that is read, or written, by option."""
        return named_files(use, self.reading, self.writing, *self.more)
