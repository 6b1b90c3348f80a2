"""`trueup serve`: the daemon."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import click

from reconciler.bootstrap.daemon import ADMIN_TOKEN_FILE, DaemonOrder
from reconciler.bootstrap.daemon import serve as serve_until_stopped
from reconciler.bootstrap.logs import set_up_logs
from reconciler.cli.crash import write_crash_log
from reconciler.cli.examples import examples
from reconciler.cli.garbage import collect_as_usual
from reconciler.cli.global_options import given
from reconciler.domain.passed_environment import passed_on
from reconciler.registry import InstalledTools
from reconciler.settings import Settings
from reconciler.settings_file import data_directory, load_settings
from reconciler.settings_location import find_settings_file


@click.command(epilog=examples("trueup serve", "trueup serve --config /etc/trueup/trueup.toml"))
@click.option(
    "--insecure-listen",
    is_flag=True,
    help="Allow `listen` on other addresses than loopback; tokens are then sent unencrypted.",
)
@click.option(
    "--new-admin-token",
    is_flag=True,
    help="Create a new admin token; the previous one stops working.",
)
@click.option(
    "--accept-new-database",
    is_flag=True,
    help="Start although the database was lost or is an older copy.",
)
def serve(
    *,
    insecure_listen: bool,
    new_admin_token: bool,
    accept_new_database: bool,
) -> int:
    """Run the daemon: scan the stacks of trueup.toml, correct drift, serve the API.

    It runs in the foreground until SIGINT or SIGTERM. SIGHUP reloads trueup.toml. An apply
    that runs when the daemon ends goes on, and the next start takes it up.
    """
    config = given().config
    environment = dict(os.environ)
    tools = InstalledTools()

    # Found once: were it gone at a reload, another file or none would remove every stack.
    file = config or find_settings_file(Path.cwd(), environment)

    def settings() -> Settings:
        read = load_settings(file, environment, tools=tools, lost_stacks=True)
        if read.channels:
            from reconciler.bootstrap.channel_places import with_variables  # noqa: PLC0415

            read = with_variables(read, environment)
        _withhold(environment, read)
        return read

    read = settings()
    data_dir = data_directory(read, os.environ)
    set_up_logs()

    def ready(address: str) -> None:
        # Until here almost all that is made stays: looking through it takes a tenth of the start.
        collect_as_usual()
        click.echo(f"trueup serves {address} for {_stacks(read)}", err=True)
        if file is None:
            click.echo("  no trueup.toml was found here or above: trueup init writes one", err=True)
        click.echo(f"  token: {data_dir / ADMIN_TOKEN_FILE}; next: trueup status", err=True)

    order = DaemonOrder(
        settings=read,
        data_dir=data_dir,
        reload=settings,
        ready=ready,
        crashed=lambda error: write_crash_log(error, os.environ),
        insecure_listen=insecure_listen,
        new_admin_token=new_admin_token,
        accept_new_database=accept_new_database,
        tools=tools,
    )
    asyncio.run(serve_until_stopped(order))
    return 0


def _withhold(environment: Mapping[str, str], settings: Settings) -> None:
    """Leave in our own environment only what a stack's tools may see of `environment`.

    Whatever is started from here on, and however, then has nothing else to inherit.
    """
    kept = passed_on(environment, settings.daemon.pass_environment)
    for name in set(os.environ) - set(kept):
        del os.environ[name]
    for name, value in kept.items():
        # Set again only where it was withheld: libraries read the environment from threads.
        if name not in os.environ:
            os.environ[name] = value


def _stacks(settings: Settings) -> str:
    count = len(settings.stacks)
    return "1 stack" if count == 1 else f"{count} stacks"
