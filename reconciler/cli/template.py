"""`trueup template`: the declared forms of resources."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from reconciler.cli.client.api import Listed
from reconciler.cli.completing import STACKS, TEMPLATES
from reconciler.cli.examples import examples
from reconciler.cli.identities import find_one, shortened
from reconciler.cli.invocation import Invocation, asks_daemon, limit_option
from reconciler.cli.labels import counted, text_of, wrapped
from reconciler.cli.related import TEMPLATE
from reconciler.cli.stack_filter import check_stack
from reconciler.cli.table import Cell, Column
from reconciler.domain.errors import PermanentError
from reconciler.wire import models as wire
from reconciler.wire import routes

_COLUMNS: Final = (
    Column("TYPE", least=12),
    Column("RESOURCE", least=32),
    Column("REV", right=True),
    Column("SOURCE", spare=True),
    Column("CHANGED"),
    Column("ID", least=10),
)
_LARGEST_BYTES: Final = 2**20
_STDIN: Final = "-"
_YAML: Final = frozenset({".yaml", ".yml"})
_DOCUMENT = click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)


@click.group()
def template() -> None:
    """List, show, upload and remove templates (JSON or YAML)."""


@template.command("list", epilog=examples("trueup template list --type aws_sqs_queue"))
@click.option("--type", "resource_type", metavar="TYPE", help="Only of this resource type.")
@click.option("--stack", metavar="NAME", help="Only of this stack.", shell_complete=STACKS)
@limit_option(200)
@asks_daemon
def list_templates(
    invocation: Invocation, *, resource_type: str | None, stack: str | None, limit: int
) -> None:
    """List templates: those that stacks declare, and uploaded ones."""
    body = invocation.api.listed(
        routes.LIST_TEMPLATES, limit=limit, resource_type=resource_type, stack=stack
    )
    check_stack(invocation.api, stack, body)
    invocation.answer(body, _list_lines(invocation, body))


@template.command("show", epilog=examples("trueup template show webshop/aws_sqs_queue.orders"))
@click.argument("template_id", metavar="TEMPLATE", shell_complete=TEMPLATES)
@click.option("--revisions", is_flag=True, help="Show what each revision changed, newest first.")
@asks_daemon
def show_template(invocation: Invocation, *, template_id: str, revisions: bool) -> None:
    """Show a TEMPLATE, given by id, name or STACK/ADDRESS."""
    found = find_one(invocation.api, TEMPLATE, template_id)
    if revisions:
        body = invocation.api.listed(routes.LIST_REVISIONS, found.template_id)
        lines = (
            line for revision in body.items for line in (*_revision_lines(invocation, revision), "")
        )
        invocation.answer(body, lines)
    else:
        invocation.answer(found, _template_lines(invocation, found))


@template.command(
    "add",
    epilog=examples("trueup template add queue.yaml", "cat queue.json | trueup template add -"),
)
@click.argument("file", type=_DOCUMENT)
@asks_daemon
def add_template(invocation: Invocation, *, file: Path) -> None:
    """Upload the template in FILE; `-` reads stdin."""
    made = invocation.api.ask(routes.CREATE_TEMPLATE, document=_document(file))
    invocation.answer(made, _template_lines(invocation, made))


@template.command("edit", epilog=examples("trueup template edit orders-queue queue.yaml"))
@click.argument("template_id", metavar="TEMPLATE", shell_complete=TEMPLATES)
@click.argument("file", type=_DOCUMENT)
@asks_daemon
def edit_template(invocation: Invocation, *, template_id: str, file: Path) -> None:
    """Replace an uploaded TEMPLATE with the one in FILE. Earlier revisions are kept."""
    document = _document(file)
    found = find_one(invocation.api, TEMPLATE, template_id)
    made = invocation.api.ask(routes.UPDATE_TEMPLATE, found.template_id, document=document)
    invocation.answer(made, _template_lines(invocation, made))


@template.command("remove", epilog=examples("trueup template remove orders-queue"))
@click.argument("template_id", metavar="TEMPLATE", shell_complete=TEMPLATES)
@asks_daemon
def remove_template(invocation: Invocation, *, template_id: str) -> None:
    """Remove an uploaded TEMPLATE and its history."""
    found = find_one(invocation.api, TEMPLATE, template_id)
    invocation.api.do(routes.DELETE_TEMPLATE, found.template_id)
    invocation.answer(found, [f"removed template {text_of(found.name or found.template_id)}"])


def _document(file: Path) -> tuple[bytes, str]:
    """Return what is to be uploaded, and as what; the daemon checks what it holds.

    Raises:
        PermanentError: it cannot be read, or is larger than the daemon takes.
    """
    try:
        content = (
            sys.stdin.buffer.read(_LARGEST_BYTES + 1)
            if str(file) == _STDIN
            else file.read_bytes()[: _LARGEST_BYTES + 1]
        )
    except OSError as error:
        raise PermanentError(f"{file}: {error.strerror or 'it cannot be read'}") from error
    if len(content) > _LARGEST_BYTES:
        raise PermanentError(f"{file}: too large; a template has at most 1 MiB")
    is_json = file.suffix not in _YAML and content.lstrip()[:1] in {b"{", b"["}
    return content, "application/json" if is_json else "application/yaml"


def _list_lines(invocation: Invocation, body: Listed[wire.Template]) -> Iterator[str]:
    items = body.items
    if not items:
        yield "no templates yet: those of a stack appear with its first scan"
        return
    short = shortened(item.template_id for item in items)
    yield from invocation.table(_COLUMNS, [_row(invocation, item, short) for item in items])
    if body.next:
        yield f"\n{counted(len(items), 'template')} shown; --limit 0 lists all"


def _row(invocation: Invocation, item: wire.Template, short: Mapping[str, str]) -> tuple[Cell, ...]:
    return (
        ("plain", text_of(item.resource_type)),
        ("strong", _about(item)),
        ("plain", text_of(item.revision)),
        ("dim", text_of(item.source)),
        ("plain", invocation.ago(item.updated_at)),
        ("dim", item.template_id if invocation.verbose else short[item.template_id]),
    )


def _about(item: wire.Template) -> str:
    applies = ", ".join(text_of(glob) for glob in item.applies_to)
    return text_of(item.resource_id or item.name) or applies or "-"


def _template_lines(invocation: Invocation, item: wire.Template) -> Iterator[str]:
    paint = invocation.paint
    yield f"{paint('strong', _about(item))}  {paint('dim', text_of(item.resource_type))}"
    facts = (
        ("revision", f"{item.revision}, {invocation.ago(item.updated_at)}"),
        ("created", invocation.ago(item.created_at)),
        ("source", text_of(item.source)),
        ("applies to", ", ".join(text_of(glob) for glob in item.applies_to)),
        ("baseline", text_of(item.baseline_hash)),
        ("id", text_of(item.template_id)),
    )
    yield from invocation.facts(facts)
    yield ""
    yield from _definition(item)


def _revision_lines(invocation: Invocation, revision: wire.Template) -> Iterator[str]:
    """Yield what a revision changed; the first one whole."""
    comparison = revision.comparison
    if comparison is None:
        yield from _template_lines(invocation, revision)
        return
    paint = invocation.paint
    title = paint("strong", f"revision {revision.revision}")
    yield f"{title}  {invocation.ago(revision.updated_at)}"
    if not comparison.complete:
        yield "  too large to compare in time; -o json has both whole"
    elif comparison.only_order:
        yield "  only the order of elements, or the spelling of a policy, changed"
    elif not comparison.differences:
        yield "  the declared form is that of the revision before"
    for difference in comparison.differences:
        yield from _difference_lines(invocation, difference)


def _difference_lines(invocation: Invocation, difference: wire.Difference) -> Iterator[str]:
    sign = {"added": "+", "removed": "-", "changed": "~"}[difference.kind]
    yield f"  {sign} {invocation.paint('strong', text_of(difference.path))}"
    for mark, value in (("-", difference.before), ("+", difference.after)):
        if value is not None:
            yield from wrapped(f"{mark} {_json(value)}", indent="      ", paint=invocation.paint)


def _definition(item: wire.Template) -> Iterator[str]:
    """Yield the declared form."""
    yield from _json(item.template_definition, indent=2).splitlines()


def _json(value: object, *, indent: int | None = None) -> str:
    """Return a value as JSON, which escapes whatever a terminal would obey."""
    import json  # noqa: PLC0415 - only here

    return json.dumps(value, indent=indent)
