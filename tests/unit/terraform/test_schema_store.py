"""What a provider's schema is kept by, and when it is asked for again."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import pytest

from iac_adapters.plugin_host.file_identity import FileIdentity
from iac_adapters.terraform import schema_store
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.schema_answer import FiledAnswer, HeldAnswer, ProviderSchema
from iac_adapters.terraform.schema_places import SchemaPlaces
from iac_adapters.terraform.schema_store import SchemasInUse, SchemaStore
from tests.providers.world_schema import schema_answer

_SOURCE = "registry.terraform.io/trueup/world"


class Plugin:
    """A plugin whose schema depends on where it runs; counts how often it is started."""

    def __init__(self) -> None:
        self.protocol = 6
        self.started = 0
        self.answer = schema_answer()

    async def start(self, _installed: InstalledProvider) -> Provider:
        self.started += 1
        return self  # type: ignore[return-value]

    async def schema_bytes(self) -> bytes:
        return self.answer

    async def close(self) -> None:
        return


def _installed(inode: int = 1) -> InstalledProvider:
    return InstalledProvider(_SOURCE, "1.0.0", Path("x"), FileIdentity(1, inode, 1, 1, 1))


def _store(folder: Path, plugin: Plugin, place: str, **more: Any) -> SchemaStore:
    return SchemaStore(folder, place=place, start=plugin.start, **more)


def _kept(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


async def test_each_place_is_asked_once_and_equal_answers_are_kept_once(tmp_path: Path) -> None:
    plugin = Plugin()
    shared: SchemasInUse = WeakValueDictionary()
    schemas = [
        await _store(tmp_path, plugin, place, in_use=shared).schema(_installed())
        for place in ("here", "there", "here")
    ]
    assert plugin.started == 2
    assert all(schema is schemas[0] for schema in schemas)
    assert len(_kept(tmp_path, "*.schema")) == 1
    assert (await _store(tmp_path, plugin, "here").schema(_installed())).raw == schemas[0].raw
    assert plugin.started == 2


@pytest.mark.parametrize(("place", "inode"), [("elsewhere", 1), ("here", 2)])
async def test_another_place_or_another_file_is_asked_anew(
    tmp_path: Path, place: str, inode: int
) -> None:
    """Row V2."""
    plugin = Plugin()
    first = await _store(tmp_path, plugin, "here").schema(_installed())
    plugin.answer = schema_answer() + b"\x0a\x00"
    second = await _store(tmp_path, plugin, place).schema(_installed(inode))
    assert (first.raw, second.raw) == (schema_answer(), plugin.answer)
    assert (await _store(tmp_path, plugin, "here").schema(_installed())).raw == first.raw
    assert plugin.started == 2


async def test_a_schema_in_use_outlives_its_file(tmp_path: Path) -> None:
    schema = await _store(tmp_path, Plugin(), "here").schema(_installed())
    for file in _kept(tmp_path, "*"):
        file.unlink()
    thing = schema.resource("world_thing")
    assert thing is not None
    assert thing.block.attributes["secret"].sensitive
    assert schema.resource("world_nothing") is None
    assert schema.configuration.block.attributes["token"].sensitive
    held = ProviderSchema(6, HeldAnswer(schema_answer()))
    assert held.resource("world_thing") == thing


async def test_where_types_lie_is_kept_so_that_a_later_scan_reads_no_whole_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = Plugin()
    first = await _store(tmp_path, plugin, "here").schema(_installed())
    monkeypatch.setattr(FiledAnswer, "read", _fail)
    again = await _store(tmp_path, plugin, "here").schema(_installed())
    assert again.type_names == first.type_names
    assert again.resource("world_thing") == first.resource("world_thing")
    assert again.configuration == first.configuration
    assert plugin.started == 1


def _fail(_answer: FiledAnswer) -> bytes:
    pytest.fail("the whole answer was read")


@pytest.mark.parametrize("damage", [b"", b"[", b"{}", b"[1,2,3,4]", b"[1,[],{},{}]"])
async def test_places_that_are_damaged_are_found_again(tmp_path: Path, damage: bytes) -> None:
    plugin = Plugin()
    await _store(tmp_path, plugin, "here").schema(_installed())
    (kept,) = _kept(tmp_path, "*.places")
    kept.write_bytes(damage)
    schema = await _store(tmp_path, plugin, "here").schema(_installed())
    assert schema.resource("world_thing") is not None
    assert plugin.started == 1


def test_a_type_is_below_the_longest_name_that_it_goes_on_from() -> None:
    names = ("a_b", "a_b_c", "a_b_c_d", "a_b_x_y", "a_c")
    schema = ProviderSchema(6, HeldAnswer(b""), SchemaPlaces(0, [], dict.fromkeys(names, (0, 0))))
    assert schema.types_below == {"a_b": ["a_b_c", "a_b_x_y"], "a_b_c": ["a_b_c_d"]}


@pytest.mark.parametrize("damage", [b"", b"\x06", b"\x06rubbish"])
async def test_a_kept_schema_that_is_damaged_is_asked_for_again(
    tmp_path: Path, damage: bytes
) -> None:
    plugin = Plugin()
    await _store(tmp_path, plugin, "here").schema(_installed())
    (kept,) = _kept(tmp_path, "*.schema")
    kept.write_bytes(damage)
    for _ in range(2):
        assert (await _store(tmp_path, plugin, "here").schema(_installed())).raw == plugin.answer
    assert plugin.started == 2


async def test_a_damaged_schema_of_the_right_length_is_put_right_when_it_is_asked_for(
    tmp_path: Path,
) -> None:
    plugin = Plugin()
    await _store(tmp_path, plugin, "here").schema(_installed())
    (kept,) = _kept(tmp_path, "*.schema")
    kept.write_bytes(bytes(kept.stat().st_size))
    asked = await _store(tmp_path, plugin, "there").schema(_installed())
    assert asked.raw == plugin.answer
    assert asked.resource("world_thing") is not None


async def test_what_was_kept_longest_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_store, "_MOST", {".meant": 3, ".schema": 1})
    plugin = Plugin()
    for number in range(6):
        await _store(tmp_path, plugin, f"place {number}").schema(_installed())
    assert len(_kept(tmp_path, "*.meant")) == 3
    assert len(_kept(tmp_path, "*.schema")) == 1
    await _store(tmp_path, plugin, "place 5").schema(_installed())
    assert plugin.started == 6
