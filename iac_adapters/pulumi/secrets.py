"""The passphrase secrets manager: deciphers what a checkpoint keeps, and proves the passphrase.

Source: sdk/go/common/resource/config/crypt.go and secrets/passphrase of pulumi/pulumi. The
salt of a stack is `v1:SALT:v1:NONCE:CIPHERTEXT`, whose ciphertext says "pulumi".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from iac_adapters.pulumi.project import Project
from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError

Decrypt = Callable[[str], str]

UNDECIPHERABLE: Final = (InvalidTag, ValueError)
"""What a decrypter raises for a text that is damaged, or was enciphered otherwise."""

PASSPHRASE: Final = "passphrase"  # noqa: S105 - a manager's name
_VARIABLE: Final = "PULUMI_CONFIG_PASSPHRASE"
_FILE_VARIABLE: Final = "PULUMI_CONFIG_PASSPHRASE_FILE"
_ROUNDS: Final = 1_000_000
_KEY_BYTES: Final = 32
_PROOF: Final = "pulumi"
_SALT_PARTS: Final = 3


def passphrase_decrypter(salt: str, environment: Mapping[str, str], *, stack: str) -> Decrypt:
    """Return what deciphers the secrets of a stack with `salt`.

    Raises:
        PermanentError: no passphrase is given, its file cannot be read, or it is not the one.
    """
    passphrase = _passphrase(environment, stack)
    version, _, rest = salt.partition(":")
    encoded, _, proof = rest.partition(":")
    if version != "v1" or not proof:
        raise PermanentError(
            f"{stack}: its secrets are kept in a form that trueup does not know ({version[:8]})",
            remedy='update trueup, or read it with `engine = "cli"`',
        )
    try:
        decrypt = _decrypter(passphrase, encoded)
    except binascii.Error as error:
        raise PermanentError(
            f"{stack}: the salt of its secrets is damaged",
            remedy="restore the state from .pulumi/backups, or by `pulumi stack import`",
        ) from error
    try:
        proven = decrypt(proof)
    except UNDECIPHERABLE:
        proven = ""
    if proven != _PROOF:
        raise PermanentError(
            f"{stack}: the passphrase is not the one its secrets were kept with",
            remedy=f"correct {_VARIABLE} or {_FILE_VARIABLE}, for the daemon in the env_file",
        )
    return decrypt


def with_whole_paths(environment: Mapping[str, str], project: Project) -> dict[str, str]:
    """Return `environment` with a relative passphrase file named as a whole.

    It is looked for in the project, as the CLI does when it is started there, and then where
    trueup was started.
    """
    named = environment.get(_FILE_VARIABLE)
    if not named or Path(named).expanduser().is_absolute():
        return dict(environment)
    places = (project.directory.absolute(), Path.cwd())
    found = next((place / named for place in places if (place / named).is_file()), None)
    return {**environment, _FILE_VARIABLE: str(found or places[0] / named)}


def _passphrase(environment: Mapping[str, str], stack: str) -> str:
    if (given := environment.get(_VARIABLE)) is not None:
        return given
    if named := environment.get(_FILE_VARIABLE):
        try:
            return read_text(Path(named).expanduser()).strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise PermanentError(
                f"{named}: {reason}", remedy=f"correct {_FILE_VARIABLE}"
            ) from error
    raise PermanentError(
        f"{stack}: its secrets are kept under a passphrase, and none is given",
        remedy=f"set {_VARIABLE} or {_FILE_VARIABLE}, for the daemon in the stack's env_file",
    )


@lru_cache(maxsize=64)
def _decrypter(passphrase: str, encoded_salt: str) -> Decrypt:
    # A million rounds take a third of a second: once per stack and process is enough.
    salt = base64.b64decode(encoded_salt)
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ROUNDS, _KEY_BYTES)
    cipher = AESGCM(key)

    def decrypt(ciphertext: str) -> str:
        parts = ciphertext.split(":")
        if len(parts) != _SALT_PARTS or parts[0] != "v1":
            raise ValueError(ciphertext[:8])
        try:
            nonce, sealed = base64.b64decode(parts[1]), base64.b64decode(parts[2])
        except binascii.Error as error:
            raise ValueError(ciphertext[:8]) from error
        return cipher.decrypt(nonce, sealed, None).decode()

    return decrypt
