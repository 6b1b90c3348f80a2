"""The record of a stack: its bytes, and the checkpoint in them with its secrets deciphered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from iac_adapters.pulumi.backend import MOST_STATE_BYTES, Place
from iac_adapters.pulumi.checkpoint import Checkpoint, StateResource, parse_checkpoint
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.secrets import PASSPHRASE, UNDECIPHERABLE, Decrypt, passphrase_decrypter
from iac_adapters.pulumi.values import deciphered, secret_paths
from iac_adapters.redaction.patterns import without_secrets
from reconciler.bounded_files import apart, read_bytes
from reconciler.domain.errors import PermanentError

_EXPORT_S: Final = 300.0


async def record_of(place: Place, cli: Cli) -> bytes:
    """Return the bytes of the record as it stands now.

    Raises:
        RetryableError, PermanentError: it cannot be read, or the CLI did not export it.
    """
    content = await apart(lambda: _recorded(place), place=place.root or cli.directory)
    return await _export(cli, place.url) if content is None else content


def _recorded(place: Place) -> bytes | None:
    """Return the checkpoint's bytes; None where only the CLI can read it."""
    file = place.state_file
    return None if file is None else read_bytes(file, most=MOST_STATE_BYTES)


async def _export(cli: Cli, url: str, *options: str) -> bytes:
    run = await cli.run("stack", "export", *options, timeout_s=_EXPORT_S)
    if run.exit_code != 0:
        raise cli.failure(run, f"its state could not be exported from {without_secrets(url)}")
    return run.stdout


async def history_checkpoint(place: Place, cli: Cli, content: bytes) -> Checkpoint | None:
    """Return another record of the same stack with its secrets; None where only the CLI could."""
    checkpoint = parse_checkpoint(content, origin=place.recorded_in)
    if checkpoint.secrets_manager not in (PASSPHRASE, None):
        return None
    return await deciphered_record(place, cli, content)


async def deciphered_record(place: Place, cli: Cli, content: bytes) -> Checkpoint:
    """Return the checkpoint that the bytes hold, with its secrets in plain text.

    Raises:
        PermanentError: it is damaged, or its secrets cannot be deciphered.
    """
    origin = place.recorded_in
    checkpoint = parse_checkpoint(content, origin=origin)
    if not _holds_secrets(checkpoint):
        return checkpoint
    salt = checkpoint.secrets_state.get("salt")
    if checkpoint.secrets_manager != PASSPHRASE or not isinstance(salt, str):
        shown = await _export(cli, place.url, "--show-secrets")
        return _with_values(parse_checkpoint(shown, origin=origin), _never, label=origin)
    decrypt = await asyncio.to_thread(
        passphrase_decrypter, salt, cli.environment, stack=place.label
    )
    return _with_values(checkpoint, decrypt, label=place.label)


def _never(_ciphertext: str) -> str:
    raise PermanentError(
        "the CLI exported a state with secrets that it did not decipher",
        remedy="check the stack's secrets provider with `pulumi stack export --show-secrets`",
    )


def _with_values(checkpoint: Checkpoint, decrypt: Decrypt, *, label: str) -> Checkpoint:
    def clear(resource: StateResource) -> StateResource:
        try:
            inputs = deciphered(resource.inputs, decrypt)
            outputs = deciphered(resource.outputs, decrypt)
        except UNDECIPHERABLE as error:
            raise PermanentError(
                f"{label}: a secret of {resource.urn} in the state is damaged",
                remedy="restore the state from .pulumi/backups, or by `pulumi stack import`",
            ) from error
        return replace(resource, inputs=inputs, outputs=outputs)

    return replace(
        checkpoint,
        resources=tuple(clear(resource) for resource in checkpoint.resources),
        pending=tuple(
            replace(operation, resource=clear(operation.resource))
            for operation in checkpoint.pending
        ),
    )


def _holds_secrets(checkpoint: Checkpoint) -> bool:
    resources = (*checkpoint.resources, *(operation.resource for operation in checkpoint.pending))
    return any(
        next(secret_paths(side), None) is not None
        for resource in resources
        for side in (resource.inputs, resource.outputs)
    )
