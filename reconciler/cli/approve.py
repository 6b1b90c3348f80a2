"""`trueup approve`: a person's yes to exactly one plan."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from reconciler.cli.asking import Asking, asks_daemon, examples
from reconciler.cli.identities import find_one
from reconciler.cli.kin import REMEDIATION
from reconciler.cli.paint import paint_for
from reconciler.cli.plan_lines import destroys
from reconciler.cli.remediations import remediation_lines
from reconciler.cli.words import phase_cell, text_of
from reconciler.domain.errors import ConflictError, PermanentError
from reconciler.domain.records import Json


@click.command(
    epilog=examples("trueup approve 7d1e44c0", "trueup approve 7d1e44c0 --digest 9b1c...")
)
@click.argument("remediation_id", metavar="REMEDIATION")
@click.option("--digest", metavar="D", help="The digest of the plan that was looked at, whole.")
@asks_daemon
def approve(asking: Asking, *, remediation_id: str, digest: str | None) -> None:
    """Approve the plan of a REMEDIATION, and no other.

    Without --digest the plan is shown and, in a terminal, asked about. Before anything is
    changed a fresh plan is made; only if it has the same digest is it applied.
    """
    found = find_one(asking.api, REMEDIATION, remediation_id, path="remediations")
    chosen = digest if digest is not None else _asked(asking, found)
    body = {"plan_digest": chosen}
    done = asking.api.post("remediations", found["id"], "approve", body=body)
    style, word = phase_cell(done["state"])
    line = f"{text_of(done['id'])}  approved, now {asking.paint(style, word)}"
    asking.answer(done, [line])


def _asked(asking: Asking, found: Json) -> str:
    """Return the digest a person said yes to, after having seen its plan.

    Raises:
        PermanentError: there is no terminal to ask in, or the answer was no.
        ConflictError: there is no plan to say yes to.
    """
    digest = found.get("plan_digest")
    if found["state"] != "awaiting_approval" or not digest:
        state = phase_cell(found["state"])[1]
        raise ConflictError(
            f"{text_of(found['id'])} waits for no approval: it is {state}",
            code="not-awaiting",
            remedy="`trueup remediations --state awaiting_approval` lists those that do",
        )
    # The answer goes to stdout, so the question and what it is about go to stderr.
    paint = paint_for(sys.stderr)
    for line in remediation_lines(replace(asking, paint=paint), found):
        click.echo(line, err=True, color=paint.colour)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise PermanentError(
            "an approval names the plan it is for", remedy=f"add --digest {text_of(digest)}"
        )
    word = str(found["stack"]) if destroys(found.get("plan") or {}) else "yes"
    what = "this destroys something: type the stack's name" if word != "yes" else "type yes"
    if click.prompt(f"\nto have exactly this plan applied, {what}", err=True) != word:
        raise PermanentError("not approved; nothing was changed")
    return str(digest)
