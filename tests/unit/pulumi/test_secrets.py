"""The passphrase manager, held against what a real CLI enciphered."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from iac_adapters.pulumi.checkpoint import parse_checkpoint
from iac_adapters.pulumi.secrets import passphrase_decrypter
from iac_adapters.pulumi.values import deciphered, plain, secret_paths
from reconciler.domain.errors import PermanentError
from tests.unit.pulumi.recorded import CHECKPOINT, PASSPHRASE

STACK = "things/dev"
GIVEN = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
RECORDED = parse_checkpoint(CHECKPOINT, origin="recorded")
SALT = str(RECORDED.secrets_state["salt"])
KEPT = next(resource for resource in RECORDED.resources if resource.name == "kept")


def test_what_the_cli_enciphered_is_read() -> None:
    decrypt = passphrase_decrypter(SALT, GIVEN, stack=STACK)
    outputs = deciphered(KEPT.outputs, decrypt)
    assert plain(outputs["secret"]) == "CANARY-kept"
    assert plain(outputs["labels"]) == {"key": "CANARY-label", "team": "core"}
    assert set(secret_paths(outputs)) == {("secret",), ("labels", "key"), ("__provider",)}


@pytest.mark.parametrize("ending", ["", "\n", "  \r\n"])
def test_the_passphrase_may_stand_in_a_file(tmp_path: Path, ending: str) -> None:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE + ending)
    decrypt = passphrase_decrypter(SALT, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}, stack=STACK)
    assert plain(deciphered(KEPT.inputs, decrypt)["secret"]) == "CANARY-kept"


def test_the_variable_outdoes_the_file_even_when_it_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    both = {"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}
    with pytest.raises(PermanentError, match="not the one"):
        passphrase_decrypter(SALT, both, stack=STACK)


def test_the_wrong_passphrase_is_told_and_named_nowhere() -> None:
    with pytest.raises(PermanentError, match=r"things/dev: the passphrase is not the one") as told:
        passphrase_decrypter(SALT, {"PULUMI_CONFIG_PASSPHRASE": "battery staple"}, stack=STACK)
    assert "PULUMI_CONFIG_PASSPHRASE" in str(told.value.remedy)
    assert "battery" not in f"{told.value} {told.value.remedy}"


@pytest.mark.parametrize("environment", [{}, {"PULUMI_CONFIG_PASSPHRASE_FILE": ""}])
def test_without_a_passphrase_it_says_how_to_give_one(environment: dict[str, str]) -> None:
    with pytest.raises(PermanentError, match="none is given") as told:
        passphrase_decrypter(SALT, environment, stack=STACK)
    assert "PULUMI_CONFIG_PASSPHRASE" in str(told.value.remedy)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"\xff\xfe", "not UTF-8 text")]
)
def test_a_passphrase_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "passphrase"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PermanentError, match=f"{file}: {words}"):
        passphrase_decrypter(SALT, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}, stack=STACK)


@pytest.mark.parametrize(
    ("salt", "words"),
    [
        ("", "a form that trueup does not know"),
        ("v2:abc:v1:n:c", "a form that trueup does not know"),
        ("v1:abc", "a form that trueup does not know"),
        (SALT.replace("v1:o", "v1:p", 1), "not the one"),
        (f"{SALT.rpartition(':')[0]}:AAAA", "not the one"),
        (f"{SALT.rpartition(':')[0]}:%%%", "not the one"),
        (SALT.replace("=", "", 1), "the salt of its secrets is damaged"),
    ],
)
def test_a_damaged_salt_is_refused_with_a_reason(salt: str, words: str) -> None:
    with pytest.raises(PermanentError, match=words):
        passphrase_decrypter(salt, GIVEN, stack=STACK)


@pytest.mark.parametrize(
    "ciphertext", ["", "v1:a", "v2:AAAA:AAAA", "v1:%:%", "v1:AAA:AAAA", "tampered"]
)
def test_what_was_not_enciphered_with_the_passphrase_is_an_error(ciphertext: str) -> None:
    decrypt = passphrase_decrypter(SALT, GIVEN, stack=STACK)
    with pytest.raises((ValueError, InvalidTag, PermanentError)):
        decrypt(tampered() if ciphertext == "tampered" else ciphertext)


def tampered() -> str:
    version, nonce, sealed = KEPT.outputs["secret"]["ciphertext"].split(":")
    content = bytearray(base64.b64decode(sealed))
    content[0] ^= 1
    return f"{version}:{nonce}:{base64.b64encode(bytes(content)).decode()}"
