"""What a real CLI wrote, by its version: two things, secrets under `PASSPHRASE`.

Of stack traces only the first frames are kept, and of foreign folders not the names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

PASSPHRASE: Final = "correct horse"
FOLDER: Final = Path(__file__).parent / "3.259.0"
CHECKPOINT: Final = (FOLDER / "checkpoint.json").read_bytes()
EXPORT: Final = (FOLDER / "export.json").read_bytes()
