"""Where the files that a provider reads by itself lead it: profiles, kubeconfigs, configurations.

They are in no variable and no block. After an edit of one a provider looks elsewhere, and what is
missing there would be made again. Which of them counts is asked by package, and by the names that
the provider's own configuration gives (`profile`, `config_path`, ...).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iac_adapters.aws_profile import profile_of
from iac_adapters.gcloud_config import selected_of
from iac_adapters.kube_config import cluster_of
from iac_adapters.provider_identity import family_of
from iac_adapters.read_files import ReadFiles, Stamp

_INSIDE: Final = ("kubernetes",)
"""Blocks of a provider that hold the settings of another: `helm { kubernetes { ... } }`."""


@dataclass(frozen=True, slots=True, repr=False)
class Led:
    """Where one provider is led: by variables, its files' settings among them, and by files alone.

    `files` are those that were read, or looked for, and as of when.
    """

    environment: Mapping[str, str]
    identity: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Stamp] = field(default_factory=dict)


class ProviderFiles:
    """The files of one stack's providers, each read once. Made anew for each load."""

    def __init__(self, environment: Mapping[str, str], directory: Path) -> None:
        self.environment = environment
        self._directory = directory
        self._known: dict[str, Led] = {}

    @property
    def stamps(self) -> Mapping[str, Stamp]:
        """Every file that was read or looked for so far, and as of when."""
        return {path: stamp for led in self._known.values() for path, stamp in led.files.items()}

    def led(self, package: str, settings: Mapping[str, object]) -> Led:
        """Return where `settings` of a provider of `package` lead it.

        Blocks on a file system that hangs, when it is asked of this for the first time.
        """
        family = family_of(package)
        if family not in _READERS:
            return Led(self.environment)
        given = _Given(settings)
        name = f"{family} {given}"
        if name not in self._known:
            files = ReadFiles(self.environment, self._directory)
            environment, identity = _READERS[family](self.environment, given, files)
            self._known[name] = Led(environment, identity, files.stamps)
        return self._known[name]


class _Given:
    """A provider's own settings by name, whichever way the tool writes it, and in inner blocks."""

    _NAMES: Final = frozenset(
        {"profile", "sharedconfigfiles", "sharedcredentialsfiles", "sharedcredentialsfile"}
        | {"kubeconfig", "configpath", "configpaths", "configcontext", "context", "host"}
        | {"configcontextcluster", "cluster", "credentials"}
    )

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._values = {
            name: value for name, value in _flat(settings) if name in self._NAMES and value
        }

    def __str__(self) -> str:
        return repr(sorted(self._values.items()))

    def text(self, *names: str) -> str:
        """Return the first of `names` that is set to a text."""
        values = (self._values.get(name) for name in names)
        return next((value for value in values if isinstance(value, str)), "")

    def texts(self, *names: str) -> Sequence[str]:
        """Return the first of `names` that is set, as a list of texts."""
        values = (self._values.get(name) for name in names)
        return next((list(_texts(value)) for value in values if value is not None), [])


def _flat(settings: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        if name in _INSIDE:
            inner = value[0] if isinstance(value, list) and value else value
            if isinstance(inner, dict):
                yield from _flat(inner)
        yield name.replace("_", "").lower(), value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("["):  # as bridges write a list
        try:
            value = json.loads(value)
        except ValueError:
            return
    for part in value if isinstance(value, list | tuple) else [value]:
        if isinstance(part, str):
            yield part


_Found = tuple[Mapping[str, str], Mapping[str, str]]


def _aws(environment: Mapping[str, str], given: _Given, files: ReadFiles) -> _Found:
    profile = profile_of(
        environment,
        files,
        named=given.text("profile"),
        config=given.texts("sharedconfigfiles"),
        credentials=given.texts("sharedcredentialsfiles", "sharedcredentialsfile"),
    )
    return profile.over(environment), profile.identity()


def _kubernetes(environment: Mapping[str, str], given: _Given, files: ReadFiles) -> _Found:
    if given.text("host") or environment.get("KUBE_HOST"):
        return environment, {}
    content = given.text("kubeconfig")
    if "\n" in content or content.startswith("{"):
        return environment, {}  # the configuration itself, which is compared as such
    listed = environment.get("KUBE_CONFIG_PATHS") or environment.get("KUBECONFIG") or ""
    paths = (
        ([content] if content else [])
        or given.texts("configpath", "configpaths")
        or [path for path in (environment.get("KUBE_CONFIG_PATH"),) if path]
        or [path for path in listed.split(":") if path]
        or ["~/.kube/config"]
    )
    context = given.text("configcontext", "context") or environment.get("KUBE_CTX", "")
    cluster = given.text("configcontextcluster", "cluster") or environment.get(
        "KUBE_CTX_CLUSTER", ""
    )
    return environment, cluster_of(paths, files, context=context, cluster=cluster)


def _google(environment: Mapping[str, str], given: _Given, files: ReadFiles) -> _Found:
    credentials = given.text("credentials")
    file = "" if credentials.lstrip().startswith("{") else credentials
    return environment, selected_of(environment, files, credentials=file)


_READERS: Final = {"aws": _aws, "kubernetes": _kubernetes, "google": _google}
