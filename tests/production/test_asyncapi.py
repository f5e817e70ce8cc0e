"""The AsyncAPI document is one, and says what the map of messages says."""

import json
import subprocess
from pathlib import Path

from deploy.brokers.asyncapi import document
from hub.messages import MESSAGES
from tests.structure.source import ROOT

CHECK = Path(__file__).parent / "asyncapi" / "check.js"


def test_asyncapis_own_parser_takes_the_document() -> None:
    """It finds nothing wrong, and reads every channel, operation and message."""
    asked = ["node", str(CHECK), str(ROOT / "schemas" / "asyncapi-3.json")]
    read = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    assert read.pop("wrong") == []
    assert read == {
        "channels": len(document()["channels"]),
        "operations": len(document()["operations"]),
        "messages": [row.key for row in MESSAGES],
    }
