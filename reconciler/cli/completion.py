"""`trueup completion`: what a shell needs to complete commands, stack names and ids."""

from __future__ import annotations

from typing import Final

import click

from reconciler.cli.examples import examples

COMPLETE_VARIABLE: Final = "_TRUEUP_COMPLETE"
_SHELLS: Final = ("bash", "fish", "zsh")


@click.command(
    epilog=examples(
        "bash: echo 'eval \"$(trueup completion bash)\"' >> ~/.bashrc",
        "zsh:  echo 'eval \"$(trueup completion zsh)\"' >> ~/.zshrc",
        "fish: trueup completion fish > ~/.config/fish/completions/trueup.fish",
    )
)
@click.argument("shell", type=click.Choice(_SHELLS), metavar="SHELL")
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Print the script that completes commands, options, stack names and ids.

    SHELL is bash, fish or zsh.

    Names and ids come from the daemon, if one answers within two seconds. bash must be
    4.4 or later.
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415  rarely needed

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the choice above names only shells that click knows
    made = kind(context.find_root().command, {}, "trueup", COMPLETE_VARIABLE)
    click.echo(kind.source_template % made.source_vars())
