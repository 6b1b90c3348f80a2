"""A change as lines: short values side by side, long ones wrapped and never cut."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.cli.differences import focused, leaves, shown
from reconciler.cli.folding import folded
from reconciler.cli.paint import Paint, safe
from reconciler.domain.fingerprint import canonical_bytes
from reconciler.domain.model import Change, Origin
from reconciler.domain.values import Sensitive, Value


def change_lines(change: Change, *, indent: str, paint: Paint) -> Iterator[str]:
    """Yield one change of a finding; a secret is a note."""
    path = safe(change.path)
    mark = paint("medium", "  (forces replacement)") if change.forces_replacement else ""
    if change.sensitive or _holds_secret(change):
        yield f"{indent}{path}  {paint('dim', _secret_note(change))}{mark}"
        return
    if change.origin is Origin.BOTH and not _same(change.declared, change.live):
        yield from _three_way(path, change, indent, paint, mark)
        return
    before, after, word = _direction(change)
    yield from difference_lines(
        path, before, after, word=word, indent=indent, paint=paint, mark=mark
    )


def difference_lines(  # noqa: PLR0913 - a line of text has many parts
    path: str,
    before: Value,
    after: Value,
    *,
    indent: str,
    paint: Paint,
    word: str = "",
    mark: str = "",
) -> Iterator[str]:
    """Yield what differs between two values of `path`; `word` says what the second one is."""
    found = leaves(before, after)
    if len(found) == 1 and not (found[0].gone or found[0].came):
        whole = path + _below(found[0].path)
        yield from _two_way(whole, found[0].before, found[0].after, word, indent, paint, mark)
        return
    yield f"{indent}{path}{paint('dim', f'  {word}' if word else '')}{mark}"
    yield from _inside(before, after, f"{indent}  ", paint)


def _direction(change: Change) -> tuple[Value, Value, str]:
    """Return from, to, and what the second one is; the first is what it should be read against."""
    if change.origin is Origin.UNAPPLIED:
        return change.live, change.declared, "(declared, not applied)"
    if change.origin is Origin.BOTH:
        return change.recorded, change.live, "(live and declared, not recorded)"
    if _same(change.recorded, change.live):
        return change.live, change.declared, "(planned)"
    return change.recorded, change.live, "(live)"


def _two_way(  # noqa: PLR0913, PLR0917 - a line of text has many parts
    path: str,
    before: Value,
    after: Value,
    after_word: str,
    indent: str,
    paint: Paint,
    mark: str,
) -> Iterator[str]:
    left, right = shown(before), shown(after)
    if len(indent + path + left + right + after_word) + 7 <= paint.width:
        arrow = f"{paint('minus', left)} -> {paint('plus', right)}"
        yield f"{indent}{path}  {arrow} {paint('dim', after_word)}{mark}"
        return
    left, right = focused(left, right, width=paint.width)
    yield f"{indent}{path}  {paint('dim', after_word)}{mark}"
    yield from _marked("- ", left, f"{indent}  ", paint, "minus")
    yield from _marked("+ ", right, f"{indent}  ", paint, "plus")


def _three_way(path: str, change: Change, indent: str, paint: Paint, mark: str) -> Iterator[str]:
    values = (("declared", change.declared), ("recorded", change.recorded), ("live", change.live))
    line = "  ".join(f"{word} {shown(value)}" for word, value in values)
    if len(indent + path + line) + 2 <= paint.width:
        pieces = "  ".join(f"{paint('dim', word)} {shown(value)}" for word, value in values)
        yield f"{indent}{path}  {pieces}{mark}"
        return
    yield f"{indent}{path}{mark}"
    for word, value in values:
        first, *rest = folded(shown(value), paint.width - len(indent) - 11)
        yield f"{indent}  {paint('dim', f'{word:<8}')} {first}"
        yield from (f"{indent}{' ' * 11}{line}" for line in rest)


def _inside(before: Value, after: Value, indent: str, paint: Paint) -> Iterator[str]:
    for leaf in leaves(before, after):
        label = f"{leaf.path}  " if leaf.path else ""
        if leaf.gone:
            yield from _marked(f"- {label}", shown(leaf.before), indent, paint, "minus")
        elif leaf.came:
            yield from _marked(f"+ {label}", shown(leaf.after), indent, paint, "plus")
        else:
            yield from _two_way(leaf.path, leaf.before, leaf.after, "", indent, paint, "")


def _marked(mark: str, text: str, indent: str, paint: Paint, style: str) -> Iterator[str]:
    """Yield `text` after `mark`, every further line below its beginning."""
    first, *rest = folded(mark + text, paint.width - len(indent), below="    ")
    yield indent + paint(style, first)
    yield from (indent + paint(style, line) for line in rest)


def _below(path: str) -> str:
    return path if not path or path.startswith("[") else f".{path}"


def _holds_secret(change: Change) -> bool:
    return any(
        isinstance(value, Sensitive) for value in (change.declared, change.recorded, change.live)
    )


def _secret_note(change: Change) -> str:
    if change.origin is Origin.UNAPPLIED:
        return "(sensitive, changed in code, not applied)"
    if _same(change.recorded, change.live):
        return "(sensitive, would be changed)"
    return "(sensitive, changed)"


def _same(left: Value, right: Value) -> bool:
    return canonical_bytes(left) == canonical_bytes(right)
