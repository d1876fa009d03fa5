"""Labels as spreadsheets write them."""

from pathlib import Path

import pytest

from streams.reference_files.labels import read_labels


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\naccount_id;label\r\nx:1;io\r\nx:2;no\r\n",
        "\ufeffAccount ID,Label\nTwitter:1,io\nx:2,no\n",
        "Label\taccount-id\taccount id\nio\tx:1\tz\nno\tx:2\tz\n",
    ],
)
def test_given_labels_of_a_spreadsheet_then_they_are_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(text)
    assert read_labels(str(tmp_path / "labels.csv"), "io").label_of == {"x:1": "io", "x:2": "no"}
