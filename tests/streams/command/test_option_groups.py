"""Options are declared once, in groups; typer sees each of them, and a command gets the groups back."""

from dataclasses import dataclass, fields
from typing import Annotated, Any, get_args, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from streams.command.option_groups import grouped
from streams.settings import options, publishing_options, simulation_options
from streams.settings.options import (
    DetectingOptions,
    FigureOptions,
    FileUse,
    LabelOptions,
    ReadingOptions,
    WritingOptions,
    named_files,
)
from streams.settings.publishing_options import PublishingOptions
from streams.settings.simulation_options import SimulationOptions

GROUPS: list[Any] = [
    DetectingOptions, FigureOptions, LabelOptions, PublishingOptions, ReadingOptions, SimulationOptions, WritingOptions,
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Toys:
    colour: Annotated[str, typer.Option("--colour")]
    size: Annotated[int, typer.Option("--size", help="In cm.")] = 3


def test_given_a_command_that_takes_a_group_then_each_field_is_an_option_and_the_group_comes_back_whole() -> (
    None
):
    taken: list[object] = []
    app = typer.Typer()

    @app.command()
    @grouped
    def play(
        name: Annotated[str, typer.Argument()],
        toys: Toys,
        loud: Annotated[bool, typer.Option("--loud")] = False,
    ) -> None:
        """Play."""
        taken.extend((name, toys, loud))

    result = CliRunner().invoke(app, ["ann", "--colour", "red", "--loud"])

    assert result.exit_code == 0
    assert taken == ["ann", Toys(colour="red", size=3), True]
    shown = CliRunner().invoke(app, ["--help"]).output
    assert shown.index("--colour") < shown.index("--size") < shown.index("--loud")
    assert CliRunner().invoke(app, ["ann"]).exit_code == 2  # --colour is required


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_every_option_is_called_after_its_field(group: Any) -> None:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        (option,) = (
            mark for mark in get_args(hints[field.name]) if isinstance(mark, typer.models.OptionInfo)
        )
        assert option.default == f"--{field.name.replace('_', '-')}"


def test_every_group_of_the_module_is_looked_at() -> None:
    groups = options, publishing_options, simulation_options
    known = {name: value for module in groups for name, value in vars(module).items()}
    assert set(GROUPS) == {kind for kind in known.values() if hasattr(kind, "__dataclass_fields__")}


def test_given_options_then_the_files_they_name_are_known_by_option_and_use() -> None:
    groups = (
        ReadingOptions(registry="r", format="jsonl", config="c"),
        WritingOptions(dead_letters="d", alerts="-"),
        LabelOptions(labels="l"),
        FigureOptions(),
    )

    assert named_files(FileUse.READ, *groups) == {"--registry": "r", "--labels": "l"}
    assert named_files(FileUse.WRITTEN, *groups) == {"--alerts": "-", "--dead-letters": "d"}
