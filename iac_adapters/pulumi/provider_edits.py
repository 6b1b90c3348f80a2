"""What the code changes in a provider's configuration, and what its objects are read with. Pure.

An object lives where the provider that made it looked. So it is read with the configuration
that the last update recorded, whatever the code says now: a region that was edited and not
applied would show every object as gone, and their correction would make all of them again.
Credentials alone are taken as the code gives them now: the recorded ones may have expired.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from iac_adapters.json_values import json_value
from iac_adapters.pulumi.checkpoint import PROVIDER_TYPES, StateResource
from iac_adapters.pulumi.evaluation import Planned, Step
from iac_adapters.pulumi.property_paths import top
from iac_adapters.pulumi.provider_config import (
    NOT_CONFIGURATION,
    package_version,
    plugin_version,
)
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.values import RawProperties, plain, visible
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.patterns import without_secrets
from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.compare import changed_paths, value_at
from reconciler.domain.fingerprint import value_digest
from reconciler.domain.model import Change, Origin
from reconciler.domain.origin import contains_unknown, is_empty
from reconciler.domain.paths import AttributePath, Steps, render_path
from reconciler.domain.values import Value

_DEFAULT: Final = re.compile(r"default(_|$)")
_CREDENTIAL: Final = re.compile(
    r"secret|token|passw|passphrase|credential|private|(access|api|app|account|auth|client)_?key"
    r"|client_?id|certificate",
    re.IGNORECASE,
)
_VERSION: Final = AttributePath("version")
_LONGEST_SHOWN: Final = 60
_DIGEST_CHARACTERS: Final = 12


@dataclass(frozen=True, slots=True, repr=False)
class ProviderEdit:
    """One provider as recorded and as the program asks for it now.

    `inputs` are what its objects are read with.
    """

    label: str
    recorded: RawProperties
    wanted: RawProperties
    inputs: RawProperties
    paths: tuple[Steps, ...] = field(default=())
    replaced: bool = False
    updated: bool = False

    @property
    def package(self) -> str:
        """The package it is a provider of."""
        return self.label.partition(" (")[0]

    @property
    def moved(self) -> tuple[Steps, ...]:
        """Where the program says something else, credentials apart."""
        return tuple(path for path in self.paths if not _is_credential(path))

    @property
    def upgraded(self) -> bool:
        """Whether the code names another version of the plugin: its objects stay as they are.

        The engine calls a provider the same whose package was parameterized with another version,
        and records it at the next update.
        """
        return self._upgrade() is not None

    @property
    def shown(self) -> bool:
        """Whether an update would do what a person must know of, beside an upgrade."""
        # Bridges update a provider for which plugin it is, and nothing differs to a person.
        return bool(self.moved) or self.replaced or (self.updated and bool(self.paths))

    def doubts(self) -> tuple[str, ...]:
        """Return a sentence for each edit that may lead to other objects; no secret is in it."""
        return tuple(dict.fromkeys(self._doubt(path) for path in self.moved))

    def changes(self, digester: SecretDigester) -> tuple[Change, ...]:
        """Return what an update would change of the provider; secrets and credentials masked."""
        changes = [self._change(path, digester) for path in self.paths]
        if (versions := self._upgrade()) is not None:
            changes.append(self._unapplied(_VERSION, *versions))
        return tuple(changes)

    def settings(self, digester: SecretDigester) -> Mapping[str, str]:
        """Return the recorded settings as text, secret ones as a part of their keyed digest.

        Credentials are left out: they open the same account after they were renewed.
        """
        return {
            name: self._setting(name, value, digester)
            for name, value in visible(self.recorded).items()
            if name not in NOT_CONFIGURATION and not is_empty(value) and not _is_credential((name,))
        }

    def _setting(self, name: str, value: Value, digester: SecretDigester) -> str:
        if self._is_secret((name,)):
            return f"a secret, {value_digest(value, key=digester.key)[:_DIGEST_CHARACTERS]}"
        return value if isinstance(value, str) else _json(value)

    def _doubt(self, path: Steps) -> str:
        recorded, wanted = self._values(path)
        name = render_path(self._place(path))
        if self._is_secret(path):
            return f"{name} is another in code than the objects were recorded with"
        before = _shown(recorded)
        with_ = f"with {before}" if before is not None else "without it"
        if contains_unknown(wanted):
            return f"{name} is not known before the next update; the objects were recorded {with_}"
        now = _shown(wanted)
        if now is None:
            return f"{name} is not in code any more; the objects were recorded {with_}"
        return f"{name} is {now} in code; the objects were recorded {with_}"

    def _change(self, path: Steps, digester: SecretDigester) -> Change:
        recorded, wanted = self._values(path)
        sensitive = self._is_secret(path) or _is_credential(path)
        if sensitive:
            recorded, wanted = digester.digest(recorded), digester.digest(wanted)
        place = render_path(self._place(path))
        return self._unapplied(place, recorded, wanted, sensitive=sensitive)

    def _unapplied(
        self, path: AttributePath, recorded: Value, wanted: Value, *, sensitive: bool = False
    ) -> Change:
        return Change(
            path=path,
            declared=wanted,
            recorded=recorded,
            live=recorded,
            origin=Origin.UNAPPLIED,
            sensitive=sensitive,
            forces_replacement=self.replaced,
        )

    def _upgrade(self) -> tuple[str, str] | None:
        """Return the recorded version and that of the code, where they are two."""
        package = self._versions(package_version)
        return package or (self._versions(plugin_version) if self.updated else None)

    def _versions(
        self, version_of: Callable[[RawProperties], str | None]
    ) -> tuple[str, str] | None:
        before, now = version_of(self.recorded), version_of(self.wanted)
        return None if before is None or now is None or before == now else (before, now)

    def _values(self, path: Steps) -> tuple[Value, Value]:
        return value_at(visible(self.recorded), path), value_at(visible(self.wanted), path)

    def _is_secret(self, path: Steps) -> bool:
        if any(map(_tells_credential, self._values(path))):
            return True
        digester = SecretDigester(b"")  # only whether there is a secret is looked at
        secrets = self._secrets()
        return any(secrets.redacted(value, path, digester)[1] for value in self._values(path))

    def _place(self, path: Steps) -> Steps:
        """Return `path`, or what of it may be said."""
        secrets = self._secrets()
        return secrets.without_words(secrets.boundary(path) or path)

    def _secrets(self) -> SecretPaths:
        sides = (self.recorded, self.wanted)
        return secrets_of(sides).with_words_of(map(visible, sides))


def provider_edit(resource: StateResource, planned: Planned | None) -> ProviderEdit:
    """Return how the program's provider differs from the recorded one."""
    recorded = resource.inputs
    wanted = planned.inputs(recorded) if planned is not None else recorded
    return ProviderEdit(
        label=provider_label(resource),
        recorded=recorded,
        wanted=wanted,
        inputs=_to_read_with(recorded, wanted),
        paths=tuple(_edited(recorded, wanted)),
        replaced=planned is not None and planned.step is Step.REPLACE,
        updated=planned is not None and planned.step is Step.UPDATE,
    )


def provider_label(resource: StateResource) -> str:
    """Return what people call a provider: `aws (west)`, or `aws (default)`."""
    package = resource.type.removeprefix(PROVIDER_TYPES)
    name = "default" if _DEFAULT.match(resource.name) else resource.name
    return f"{package} ({name})"


def is_default_provider(urn: str) -> bool:
    """Whether a provider is the engine's own, made and removed along with its objects."""
    kind, _, name = urn.rpartition("::")
    return f"::{PROVIDER_TYPES}" in kind and _DEFAULT.match(name) is not None


def is_shown_itself(urn: str, edit: ProviderEdit) -> bool:
    """Whether the edit of the provider `urn` is a finding beside what it changes of its objects.

    The engine tells of no step of its own providers. Settings that are newly there change what an
    update changes of the objects; where they look with those is a doubt.
    """
    gained = all(is_empty(value_at(visible(edit.recorded), path)) for path in edit.paths)
    silent = is_default_provider(urn) and gained and not edit.replaced
    return edit.shown and not silent


def _to_read_with(recorded: RawProperties, wanted: RawProperties) -> RawProperties:
    renewed = {
        name: value
        for name, value in wanted.items()
        if name in NOT_CONFIGURATION
        or (_CREDENTIAL.search(name) and not contains_unknown(plain(value)))
    }
    kept = {name: value for name, value in recorded.items() if name not in NOT_CONFIGURATION}
    return {**kept, **renewed}


def _edited(recorded: RawProperties, wanted: RawProperties) -> Iterator[Steps]:
    before, after = visible(recorded), visible(wanted)
    for path in changed_paths(before, after):
        empty = is_empty(value_at(before, path)) and is_empty(value_at(after, path))
        if top(path) not in NOT_CONFIGURATION and not empty:
            yield path


def _is_credential(path: Steps) -> bool:
    return any(isinstance(step, str) and _CREDENTIAL.search(step) for step in path)


def _tells_credential(value: Value) -> bool:
    """Whether a text holds a credential: in an address, or in the JSON that bridges write."""
    if not isinstance(value, str):
        return False
    inside = value.startswith(("{", "[")) and _CREDENTIAL.search(value) is not None
    return inside or without_secrets(value) != value


def _shown(value: Value) -> str | None:
    if is_empty(value):
        return None
    written = _json(value)
    return written if len(written) <= _LONGEST_SHOWN else "another value"


def _json(value: Value) -> str:
    # Not orjson, which refuses the large numbers that a program may write.
    return json.dumps(json_value(value), sort_keys=True)
