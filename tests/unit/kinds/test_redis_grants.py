"""The recipe grants what is asked, and nothing that is not."""

from __future__ import annotations

import re
from pathlib import Path

from disjoint.kinds.redis import commands

FOLDER = Path(commands.__file__).parent
ASKED = "".join(file.read_text("utf-8") for file in FOLDER.glob("*.py") if file.name != "commands.py")


def test_every_command_that_is_granted_is_sent_somewhere() -> None:
    """A right that nobody uses is a right too many on production."""
    granted = re.findall(r"\+([a-z|]+)", f"{commands.ACL} {commands.LOOK_ACL}")
    wanted = {'", "'.join(word.upper().split("|")) for word in granted}
    assert 'PUBSUB", "NUMSUB' in wanted
    assert not {words for words in wanted if f'"{words}"' not in ASKED}
