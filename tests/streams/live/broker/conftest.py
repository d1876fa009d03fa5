"""Files with secrets and certificates."""

from pathlib import Path
from typing import Any

import pytest

from tests.streams.live.broker.kafka_access import PASSWORD


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    (tmp_path / "token").write_text("abc.def-1\n")
    return {"password_file": str(tmp_path / "password"), "oauth_token_file": str(tmp_path / "token")}
