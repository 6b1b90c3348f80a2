"""Protobuf message classes, built at run time from a few lines that name their fields.

A line is `name=number:type name=number:type ...`: `*` before a type means repeated, `map` a
map of strings to bytes, `stringmap` one of strings to strings, a capital a message of the
same table, and a name with a dot one of an imported file. Fields that a line leaves out
travel through as unknown fields and are not lost. The classes live in a pool of their own,
so they never clash with generated ones in the same process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_SCALARS: Final = {
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "double": descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE,
}
_MAPS: Final = {"map": "bytes", "stringmap": "string"}


def message_classes(
    package: str, messages: Mapping[str, str], *, imports: Sequence[Any] = ()
) -> dict[str, Any]:
    """Return one class per line of `messages`, by name.

    `imports` are file descriptors of generated modules, such as `struct_pb2.DESCRIPTOR`.
    """
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package.replace('.', '/')}.proto", package=package, syntax="proto3"
    )
    pool = descriptor_pool.DescriptorPool()
    for imported in imports:
        pool.AddSerializedFile(imported.serialized_pb)
        file.dependency.append(imported.name)
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for spec in fields.split():
            _add_field(message, spec, package)
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in messages
    }


def _add_field(message: descriptor_pb2.DescriptorProto, spec: str, package: str) -> None:
    name, _, rest = spec.partition("=")
    number, _, kind = rest.partition(":")
    field = message.field.add(name=name, number=int(number))
    field.label = (
        field.LABEL_REPEATED if kind.startswith("*") or kind in _MAPS else field.LABEL_OPTIONAL
    )
    kind = kind.removeprefix("*")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
        return
    field.type = field.TYPE_MESSAGE
    if kind in _MAPS:
        entry = message.nested_type.add(name=_entry_name(name))
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=_SCALARS["string"], label=1)
        entry.field.add(name="value", number=2, type=_SCALARS[_MAPS[kind]], label=1)
        field.type_name = f".{package}.{message.name}.{entry.name}"
    else:
        field.type_name = f".{kind}" if "." in kind else f".{package}.{kind}"


def _entry_name(field: str) -> str:
    return "".join(word.capitalize() for word in field.split("_")) + "Entry"
