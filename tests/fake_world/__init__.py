"""A small world in memory that drifts, is read, planned, and really changed by its runner."""

from __future__ import annotations

from tests.fake_world.adapter import WorldAdapter
from tests.fake_world.runner import Fate, WorldRunner
from tests.fake_world.scripts import WorldScripts
from tests.fake_world.world import World

__all__ = ["Fate", "World", "WorldAdapter", "WorldRunner", "WorldScripts"]
