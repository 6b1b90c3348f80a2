"""What one configuration file declares: blocks, their lines, their lifecycle rules.

Holds no value of any argument but a module's local source, so that it may be kept on
disk: values can be secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from iac_adapters.terraform.hcl_errors import hcl_error

RESOURCE_BLOCKS: Final = {"resource": "managed", "data": "data", "ephemeral": "ephemeral"}
SUBJECTS: Final = {"moved": "to", "removed": "from", "import": "to"}
"""Where a block names the resource that it is about."""
LABELS: Final = {
    **dict.fromkeys(RESOURCE_BLOCKS, 2),
    "module": 1,
    "output": 1,
    "variable": 1,
    "terraform": 0,
    **dict.fromkeys(SUBJECTS, 0),
}
"""How many labels a block has that is of interest, by its type."""
# A quoted module source is no secret, except for credentials in an address.
_LOCAL_SOURCE: Final = re.compile(r'\s*"(\.\.?/[^"$%]*|\.\.?)"\s*\Z')
_HEADER: Final = re.compile(
    r"^[ \t]*(?P<type>resource|data|ephemeral|module|moved|removed|import|output|"
    r"variable|terraform|provider)\b[ \t]*"
    r'(?:"?(?P<first>[\w-]+)"?[ \t]*)?(?:"?(?P<second>[\w-]+)"?[ \t]*)?\{',
    re.MULTILINE,
)
_IGNORE: Final = re.compile(
    r"^[ \t]*ignore_changes\s*=\s*(all\b|\[.*?\](?=\s*(?:[\n#}]|//)))", re.MULTILINE | re.DOTALL
)
_EPHEMERAL: Final = re.compile(r"^[ \t]*ephemeral\s*=\s*true\b", re.MULTILINE)
_BACKEND: Final = re.compile(
    r'^[ \t]*(?:backend[ \t]+"?(?P<type>[\w-]+)"?|cloud)[ \t]*\{', re.MULTILINE
)
_SOURCE: Final = re.compile(r'^[ \t]*source\s*=\s*("[^"\n]*")', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BlockOutline:
    """One top-level block; `ignore_changes` is HCL text.

    `subject` is the address that a `moved`, `removed` or `import` block is about, `backend` the
    type of backend that a `terraform` block names, `cloud` for a cloud block. `ephemeral` says
    that a variable is.
    """

    type: str
    labels: tuple[str, ...]
    line: int
    ignore_changes: str | None = None
    source: str | None = None
    subject: str | None = None
    backend: str | None = None
    ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """One file. `warning` says why it could only be skimmed."""

    blocks: tuple[BlockOutline, ...]
    warning: str | None = None


def outline_of(text: str, *, file: str) -> Outline:
    """Return the outline of HCL `text`; a text the parser refuses is skimmed line by line.

    Never call it from two threads at once: python-hcl2 is not thread-safe.
    """
    try:
        document = parse(text, file=file)
    except ValueError as error:
        return Outline(tuple(_skim(text)), warning=str(error))
    return Outline(
        tuple(_block(text, view) for view in document.blocks() if view.block_type in LABELS)
    )


def parse(text: str, *, file: str) -> Any:
    """Return the parsed document.

    Raises:
        ValueError: the parser refuses it; the message has file, line and caret.
    """
    # Imported when first needed: the parser takes longer to import than a cached scan.
    import hcl2  # noqa: PLC0415
    from hcl2.query.body import DocumentView  # noqa: PLC0415
    from lark.exceptions import LarkError, UnexpectedInput  # noqa: PLC0415

    try:
        return DocumentView(hcl2.parses(text))
    except UnexpectedInput as error:
        at_end = getattr(getattr(error, "token", None), "type", None) == "$END"
        line: int | None = None if at_end else error.line
        column: int | None = None if at_end else error.column
        what = _expectation(text, line, column)
    except RecursionError:
        line, column, what = 1, 1, "is nested too deeply"
    except LarkError:
        line, column, what = 1, 1, "is no HCL"
    raise ValueError(str(hcl_error(file, text, line=line, column=column, what=what)))


def _expectation(text: str, line: int | None, column: int | None) -> str:
    if line is None:
        return "the file ends in the middle of a block, list or expression"
    lines = text.splitlines()
    rest = lines[line - 1][(column or 1) - 1 :] if line <= len(lines) else ""
    if "<<" in rest:
        return "this does not parse; is the heredoc's closing word on a line of its own?"
    return "this does not parse as HCL"


def _block(text: str, view: Any) -> BlockOutline:
    ignored: str | None = None
    if view.block_type in RESOURCE_BLOCKS:
        for inner in view.blocks("lifecycle"):
            ignored = _expression(text, inner, "ignore_changes") or ignored
    source = _expression(text, view, "source") if view.block_type == "module" else None
    subject = SUBJECTS.get(view.block_type)
    return BlockOutline(
        type=view.block_type,
        labels=tuple(str(label) for label in view.name_labels),
        line=view.raw._meta.line,  # noqa: SLF001 - the only place lark keeps positions
        ignore_changes=ignored,
        source=local_source(source or ""),
        subject=_expression(text, view, subject) if subject else None,
        backend=_backend(view) if view.block_type == "terraform" else None,
        ephemeral=_is_ephemeral(text, view),
    )


def _is_ephemeral(text: str, view: Any) -> bool:
    return view.block_type == "variable" and _expression(text, view, "ephemeral") == "true"


def _backend(view: Any) -> str | None:
    """Return what a `terraform` block names: the type of a backend, or `cloud`."""
    for inner in view.blocks():
        if inner.block_type == "backend" and inner.name_labels:
            return str(inner.name_labels[0])
        if inner.block_type == "cloud":
            return "cloud"
    return None


def _expression(text: str, block: Any, name: str) -> str | None:
    for attribute in block.attributes():
        if attribute.name == name:
            meta = attribute.value_node.raw._meta  # noqa: SLF001 - see `_block`
            return text[meta.start_pos : meta.end_pos]
    return None


def local_source(expression: str) -> str | None:
    """Return a module's source when it is a folder named relative to its caller."""
    match = _LOCAL_SOURCE.match(expression)
    return match[1] if match else None


def _skim(text: str) -> Iterator[BlockOutline]:
    """Find what a file declares by its lines alone: types, names, positions, rules."""
    headers = list(_HEADER.finditer(text))
    for position, header in enumerate(headers):
        labels = tuple(label for label in (header["first"], header["second"]) if label)
        if len(labels) != LABELS.get(header["type"]):
            continue
        end = headers[position + 1].start() if position + 1 < len(headers) else len(text)
        body = text[header.end() : end]
        ignored = _IGNORE.search(body)
        source = _SOURCE.search(body)
        backend = _BACKEND.search(body) if header["type"] == "terraform" else None
        subject = _skimmed_subject(header["type"], body)
        yield BlockOutline(
            type=header["type"],
            labels=labels,
            line=text.count("\n", 0, header.start()) + 1,
            ignore_changes=ignored[1] if ignored else None,
            source=local_source(source[1]) if source else None,
            subject=subject,
            backend=(backend["type"] or "cloud") if backend else None,
            ephemeral=header["type"] == "variable" and bool(_EPHEMERAL.search(body)),
        )


def _skimmed_subject(block_type: str, body: str) -> str | None:
    if block_type not in SUBJECTS:
        return None
    name = SUBJECTS[block_type]
    found = re.search(rf"^[ \t]*{name}\s*=\s*([^\n#]*?)\s*$", body, re.MULTILINE)
    return found[1] if found else None
