"""Tests of the terminal UI over a real API; each starts an app, which makes 100,000 objects.

Python looks for garbage each time that 700 were made. It did that for a sixth of the time here.
"""

from __future__ import annotations

import gc

gc.set_threshold(50_000, 10, 10)
