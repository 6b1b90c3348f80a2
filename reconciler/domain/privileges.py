"""Whether a value gives somebody more than the code does: rights, reach, looser settings.

The words are those of many tools, so that a type that nobody has listed is understood too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reconciler.domain.exposure import parsed_document
from reconciler.domain.values import Sensitive, Unknown, Value, texts_in

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORDS: Final = re.compile(r"[^a-z0-9]+")
_ADMIN_WORDS: Final = frozenset(
    {
        *("admin", "admins", "administrator", "administrators", "root", "superuser", "superadmin"),
        *("sysadmin", "owner", "owners", "masters", "wheel", "sudo", "sudoers", "dbowner"),
        *("poweruser", "sysdba", "securityadmin", "serveradmin", "maintainer"),
    }
)
_ADMIN_NAMES: Final = frozenset(
    {
        *("contributor", "editor", "docker", "user access administrator", "__system"),
        *("useradminanydatabase", "dbadminanydatabase", "readwriteanydatabase"),
        *("pg_write_all_data", "pg_read_all_data", "pg_execute_server_program"),
        *("rds_superuser", "cloudsqlsuperuser", "azure_pg_admin"),
    }
)
_SUFFIXES: Final = frozenset({"access", "full", "role", "policy", "group"})
_EVERYTHING: Final = frozenset(
    {"*", "*:*", "*/*", "*/*/*", ".*", "all", "all privileges", "full_access", "full-access"}
)
_ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::", "[::]", "*", "any", "0", "0:0:0:0:0:0:0:0"})  # noqa: S104


def names_admin(value: Value) -> bool:
    """Whether `value` names a role, group or permission of administrators.

    `roles/owner`, `cluster-admin`, `system:masters`, `arn:aws:iam::aws:policy/AdministratorAccess`.
    """
    return any(_is_admin(leaf) for leaf in texts_in(value))


def _is_admin(text: str) -> bool:
    own = re.split(r"[/:]", text)[-1]
    if own.lower() in _ADMIN_NAMES:
        return True
    words = [word for word in _WORDS.split(_CAMEL.sub("_", own).lower()) if word]
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return bool(words) and words[-1] in _ADMIN_WORDS


def grants_everything(value: Value) -> bool:
    """Whether `value` names every right at once: `*`, `ALL PRIVILEGES`, `.*`."""
    return any(text.strip().lower() in _EVERYTHING for text in texts_in(value))


def listens_everywhere(value: Value) -> bool:
    """Whether `value` is an address to listen on that stands for all of the host's."""
    return any(re.sub(r":\d+\Z", "", text.lower()) in _ANY_ADDRESS for text in texts_in(value))


def runs_as_root(value: Value) -> bool:
    """Whether `value` is the user or group number of root, or its name."""
    return value in ("0", "root") or (value == 0 and not isinstance(value, bool))


_OTHERS_WRITE: Final = 0o002
_OTHERS_READ: Final = 0o004
_AS_OWNER: Final = 0o6000
_OCTAL: Final = re.compile(r"(?:0o)?[0-7]{3,5}\Z")
_LETTERS: Final = re.compile(r"[-dlcbps]?((?:[r-][w-][xsStT-]){3})\Z")
_MOST: Final = 0o7777


def open_mode(value: Value) -> bool:
    """Whether a file mode lets everybody write, or runs the file with its owner's rights."""
    return any(mode & (_OTHERS_WRITE | _AS_OWNER) for mode in _modes(value))


def read_by_others(value: Value) -> bool:
    """Whether a file mode lets everybody read."""
    return any(mode & _OTHERS_READ for mode in _modes(value))


def _modes(value: Value) -> Iterator[int]:
    if isinstance(value, int) and not isinstance(value, bool):
        # Kubernetes counts in tens (511 is 0777), Ansible writes the octal digits (777).
        if 0 <= value <= _MOST:
            yield value
        if _OCTAL.match(str(value)):
            yield int(str(value), 8)
    elif isinstance(value, str) and _OCTAL.match(value):
        yield int(value.removeprefix("0o"), 8)
    elif isinstance(value, str) and (found := _LETTERS.match(value)):
        letters = found[1]
        set_id = 0o4000 * (letters[2] in "sS") | 0o2000 * (letters[5] in "sS")
        yield set_id | sum(
            1 << (8 - at) for at, letter in enumerate(letters) if letter not in "-ST"
        )


SCALES: Final[tuple[tuple[frozenset[str], ...], ...]] = tuple(
    tuple(frozenset(step.split()) for step in scale)
    for scale in (
        ("deny drop reject block", "log count warn audit monitor", "allow accept permit pass"),
        ("fail", "ignore"),
        ("enforce enforced enforcing", "audit warn permissive dryrun dry_run", "disabled none"),
        ("restricted", "baseline", "privileged"),
        ("required require mandatory", "preferred prefer optional", "none disabled disable"),
        ("verify-full verify_full", "verify-ca verify_ca", "require", "prefer", "allow", "disable"),
        ("private", "internal protected", "public"),
        ("internal", "internet-facing external"),
        ("clusterip", "nodeport", "loadbalancer"),
        ("secure https tls ssl", "http plaintext insecure tcp"),
        ("scram-sha-256", "md5", "password", "trust"),
    )
)
"""Settings from the tightest to the loosest; each step holds words that mean the same."""


def looser(wanted: Value, live: Value) -> bool:
    """Whether `live` is a looser setting than `wanted`: `Fail` to `Ignore`, `deny` to `allow`."""
    if not (isinstance(wanted, str) and isinstance(live, str)):
        return False
    before, after = wanted.strip().lower(), live.strip().lower()
    return any(
        before in tight and any(after in loose for loose in scale[at + 1 :])
        for scale in SCALES
        for at, tight in enumerate(scale)
    )


_PROTOCOL: Final = re.compile(
    r"(tls|ssl)[ _v-]{0,3}(\d)[._-]?(\d?)(?!\d)|\A()(\d)\.(\d)\Z", re.IGNORECASE
)


def older_protocol(wanted: Value, live: Value) -> bool:
    """Whether `live` is an older version of TLS than `wanted`: `TLS1_2`, then `TLS1_0`."""
    before, after = _version(wanted), _version(live)
    return before is not None and after is not None and after < before


def _version(value: Value) -> tuple[bool, int, int] | None:
    found = _PROTOCOL.search(str(value)) if isinstance(value, str | float) else None
    if found is None:
        return None
    name, major, minor = (group for group in found.groups() if group is not None)
    return (name.lower() != "ssl", int(major), int(minor or 0))


def gives_more(wanted: Value, live: Value) -> bool:
    """Whether `live` holds something that `wanted` does not."""
    return bool(_parts(live) - _parts(wanted))


def takes_away(wanted: Value, live: Value) -> bool:
    """Whether `live` is `wanted` with less in it, and what is gone was no prohibition.

    Of a policy document nobody can tell: without a condition it may say more.
    """
    before, after = _parts(wanted), _parts(live)
    if not after < before or _is_document(wanted) or _is_document(live):
        return False
    return not any(text.lower() in SCALES[0][0] for text in texts_in(wanted))


def _is_document(value: Value) -> bool:
    return isinstance(value, str) and parsed_document(value) is not None


def _parts(value: Value, at: str = "") -> set[tuple[str, str]]:
    """Return what a value holds, by its keys; null, empty and false hold nothing."""
    match value:
        case None | False | "":
            return set()
        case list():
            return {part for item in value for part in _parts(item, at)}
        case dict():
            return {part for key, item in value.items() for part in _parts(item, f"{at}.{key}")}
        case Sensitive(digest=digest):
            return {(at, f"digest {digest}")}
        case Unknown():
            return set()
        case str():
            return {(at, value)}
        case _:
            return {(at, repr(value))}
