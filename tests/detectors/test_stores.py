"""Every limited store is declared once, and the pages that list stores agree with the declaration."""

import re
from pathlib import Path

import pytest

from detectors.config import DetectionConfig
from detectors.event_time.duplicates import DuplicateFilter
from detectors.pipeline import Pipeline
from detectors.stores import PIPELINE_STORES, POST_IDS, STORES, Store

DOCS = Path(__file__).parents[2] / "docs"
CONFIG = DetectionConfig()


def test_given_a_new_pipeline_then_every_store_is_empty_and_has_lost_nothing() -> None:
    pipeline = Pipeline(CONFIG)

    assert pipeline.stored == {"accounts": 0} | {store.name: 0 for store in PIPELINE_STORES}
    assert pipeline.evicted_early == {store.name: 0 for store in PIPELINE_STORES}
    assert POST_IDS.held(DuplicateFilter(60, 100)) == POST_IDS.evicted_early(DuplicateFilter(60, 100)) == 0


def test_given_post_ids_then_the_generation_in_use_has_half_the_limit() -> None:
    assert POST_IDS.limit(CONFIG) == CONFIG.time.max_post_ids // 2


@pytest.mark.parametrize("page", ["limits.md", "operations/sizing.md"])
@pytest.mark.parametrize("store", STORES, ids=lambda store: store.name)
def test_given_a_page_that_lists_stores_then_it_names_the_setting_and_its_default(
    store: Store, page: str
) -> None:
    rows = re.findall(rf"^\|.*`{re.escape(store.setting)}`.*$", (DOCS / page).read_text(), re.MULTILINE)

    assert len(rows) == 1
    assert f"| {store.setting_value(CONFIG):,} |" in rows[0]
