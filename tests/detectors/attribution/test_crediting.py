"""Which names in a text credit a source."""

import polars as pl
import pytest

from detectors.attribution.crediting import Crediting
from detectors.attribution.facts import Fact
from detectors.reference.affiliation import opaque_entities
from detectors.reference.registry import Registry
from schemas.registry import EntityKind, RegistryEntity


@pytest.mark.parametrize(
    ("name", "text", "credited"),
    [
        ("Orbe", "Lluvia en la costa (Orbe)", True),
        ("ORBE", "Lluvia en la costa, dice orbe", True),
        ("Orb", "Lluvia en la costa (Orb)", False),  # three letters occur inside other words
        ("Orbe", "Lluvia en la costa", False),
    ],
)
def test_given_a_name_of_four_letters_or_more_in_the_text_then_it_credits(
    name: str, text: str, credited: bool
) -> None:
    registry = Registry.of([RegistryEntity(entity_id="agency", name=name, kind=EntityKind.STATE_MEDIA)])
    copies = pl.DataFrame(
        {
            "row": [0],
            "entity": [0],
            "origin": ["1"],
            "origin_account": ["x:7"],
            "origin_time": [0],
            "origin_text": ["Lluvia"],
            "origin_link": ["https://orbe.example/1"],
            "same_link": [False],
        },
        schema_overrides={"row": pl.UInt32, "entity": pl.Int32},
    )
    none = pl.DataFrame(schema={"row": pl.UInt32, "entity": pl.Int32})

    facts = Crediting(registry, opaque_entities(registry)).classify(
        copies, pl.DataFrame({"text": [text]}), none, none
    )

    assert facts["kind"].to_list() == [Fact.CREDITED_COPY if credited else Fact.COPY]
