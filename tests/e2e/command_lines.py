"""Whether a command line from the docs is one of ours; nothing of it is run."""

from __future__ import annotations

import click

from reconciler.cli.main import root
from tests.e2e.pages import Command


def lack_of(command: Command) -> str | None:
    """Return what is wrong with `command`; None when our own parser takes it."""
    try:
        if command.mentioned:
            check_names(root, list(command.words))
        else:
            parse(list(command.words))
    except click.exceptions.Exit:
        return None
    except click.ClickException as error:
        return error.format_message()
    return None


def parse(words: list[str]) -> None:
    """Parse `words` as the command line does, and run nothing."""
    command: click.Command = root
    context = click.Context(root, info_name="trueup")
    while isinstance(command, click.Group):
        _, words, _ = command.make_parser(context).parse_args(words)
        if not words:
            return
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, info_name=name, parent=context)
    command.make_context(context.info_name, words, parent=context.parent)


def check_names(command: click.Command, words: list[str]) -> None:
    """Look whether commands, options and their choices exist; arguments may be left out."""
    context = click.Context(command)
    given = 0
    left = list(words)
    while left:
        word = left.pop(0)
        if word.startswith("-"):
            left = left[_values(command, context, word, left) :]
        elif isinstance(command, click.Group):
            _, found, _ = command.resolve_command(context, [word])
            assert found is not None
            command, context = found, click.Context(found, info_name=word, parent=context)
        else:
            given += 1
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    if given > len(arguments) and not any(argument.nargs == -1 for argument in arguments):
        raise click.UsageError(f"{given} arguments are too many")


def _values(command: click.Command, context: click.Context, word: str, left: list[str]) -> int:
    name, _, value = word.partition("=")
    options = {flag: get_param for get_param in command.get_params(context) for flag in
               (*get_param.opts, *get_param.secondary_opts)}  # fmt: skip
    if name not in options:
        raise click.NoSuchOption(name)
    option = options[name]
    if not isinstance(option, click.Option) or option.is_flag or value:
        return 0
    follows = left[0] if left else ""
    is_placeholder = not follows or follows.isupper() or "|" in follows
    if isinstance(option.type, click.Choice) and not is_placeholder:
        option.type.convert(follows, option, context)
    return 1
