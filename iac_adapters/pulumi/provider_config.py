"""From a provider resource of the record to a plugin that can be asked.

Source: `__internal` and parameterization in pkg/resource/deploy/providers of pulumi/pulumi.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from iac_adapters.plugin_host.configured import ConfiguredProviders
from iac_adapters.plugin_host.deadlines import configure_deadline_s
from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.plugin_host.file_identity import identity_of
from iac_adapters.plugin_host.handshake import parse_port_line
from iac_adapters.plugin_host.pool import PluginPool
from iac_adapters.plugin_host.process import PluginProcess, PluginSpec
from iac_adapters.provider_files import ProviderFiles
from iac_adapters.pulumi.checkpoint import PROVIDER_TYPES, StateResource
from iac_adapters.pulumi.programs import find_plugin
from iac_adapters.pulumi.project import Project
from iac_adapters.pulumi.provider import Provider
from iac_adapters.pulumi.sdk import program_python
from iac_adapters.pulumi.values import RawProperties, revealed, visible
from iac_adapters.revision import Revision

PYTHON_DYNAMIC: Final = "pulumi-python"
NODE_DYNAMIC: Final = "pulumi-nodejs"
_START_TIMEOUT_S: Final = 60.0
_PARAMETERIZE_TIMEOUT_S: Final = 300.0
_DEFAULT: Final = re.compile(r"default(_|$)")
# Which plugin it is, and not what that is told.
NOT_CONFIGURATION: Final = frozenset(
    {"version", "pluginDownloadURL", "pluginChecksums", "__internal", "__defaults"}
)
# What a default provider took from the environment once, and may have expired since. Where
# things live (region, project, subscription) is not among them: that must stay as recorded.
_RENEWED_BY: Final = {
    "accessKey": "AWS_ACCESS_KEY_ID",
    "secretKey": "AWS_SECRET_ACCESS_KEY",
    "token": "AWS_SESSION_TOKEN",
    "clientId": "ARM_CLIENT_ID",
    "clientSecret": "ARM_CLIENT_SECRET",
    "credentials": "GOOGLE_CREDENTIALS",
    "accessToken": "GOOGLE_OAUTH_ACCESS_TOKEN",
}
_KEPT_FROM_PLUGINS: Final = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG")
_CLEAN: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "USER")


@dataclass(frozen=True, slots=True, repr=False)
class ProviderKey:
    """One provider configuration: which plugin, made what by parameters, told what, where.

    `digest` is keyed, so it may be used as a name; `inputs` may hold credentials.
    """

    digest: str
    package: str
    plugin: str
    version: str | None
    parameter: bytes | None
    argv: tuple[str, ...]
    inputs: RawProperties
    environment: Mapping[str, str]
    directory: Path


@dataclass(frozen=True, slots=True, repr=False)
class Surroundings:
    """What all providers of one stack share. `own` are the stack's own variables."""

    project: Project
    environment: Mapping[str, str]
    own: Mapping[str, str]
    key: bytes = field(repr=False)
    files: ProviderFiles = field(repr=False)


def plugin_version(inputs: RawProperties) -> str | None:
    """Return the version of the plugin that runs for a provider with `inputs`, if they name one.

    A parameterized package has one of its own beside that of its base plugin, and a preview
    writes the latter in its place: right after an update, it says `0.0.0 => 3.136.0` of it.
    """
    version = _internal(inputs).get("version") or inputs.get("version")
    return str(version) if version else None


def package_version(inputs: RawProperties) -> str | None:
    """Return the version of the provider that a package bridges, if it is parameterized with one.

    Source: `ParameterizeArgs` in dynamic/parameterize of pulumi/pulumi-terraform-bridge; one that
    lies in a local folder names none.
    """
    parameter = _parameter(_internal(inputs))
    try:
        told = json.loads(parameter) if parameter is not None else None
    except ValueError:  # another base plugin's own
        return None
    remote = told.get("remote") if isinstance(told, dict) else None
    version = remote.get("version") if isinstance(remote, dict) else None
    return version if isinstance(version, str) and version else None


def _internal(inputs: RawProperties) -> Mapping[str, object]:
    internal = inputs.get("__internal")
    return internal if isinstance(internal, dict) else {}


def provider_key(
    resource: StateResource, inputs: RawProperties, surroundings: Surroundings
) -> ProviderKey:
    """Return whom a resource's provider reference means; nothing is started.

    `inputs` are the provider's, secrets deciphered: those its program gives now, or recorded.
    """
    package = resource.type.removeprefix(PROVIDER_TYPES)
    internal = _internal(inputs)
    plugin = str(internal.get("name") or package)
    version = plugin_version(inputs)
    given = {
        name: value
        for name, value in revealed(dict(inputs)).items()
        if name not in NOT_CONFIGURATION
    }
    if _DEFAULT.match(resource.name):
        given = _renewed(given, surroundings.own)
    environment = _environment(package, surroundings)
    argv = _argv(plugin, version, surroundings)
    revision = Revision(surroundings.key)
    for part in (package, plugin, version or "", *argv, str(internal.get("parameterization"))):
        revision.add("part", part)
    # A plugin that was replaced where it lies is another one: a warm process still is the old.
    revision.add("program", _program_identity(argv))
    directory = surroundings.project.working_directory.absolute()
    revision.add("directory", str(directory))
    revision.add("inputs", repr(sorted(given.items())))
    revision.add_environment(environment)
    # A process that runs has read its files, and what they say today is for another one.
    files = surroundings.files.led(package, visible(given)).files
    revision.add("files", repr(sorted(files.items())))
    return ProviderKey(
        digest=revision.hexdigest(),
        package=package,
        plugin=plugin,
        version=version,
        parameter=_parameter(internal),
        argv=argv,
        inputs=given,
        environment=environment,
        directory=directory,
    )


async def start_configured(key: ProviderKey) -> Provider:
    """Start a provider plugin, parameterize and configure it.

    Raises:
        PluginStartError: it is not installed, or did not come up.
        ProviderError: it refused its parameters or its configuration.
    """
    if not key.argv:
        wanted = f"{key.plugin} v{key.version}" if key.version else key.plugin
        raise PluginStartError(
            f"the Pulumi plugin {wanted} is not installed", remedy=_installing(key)
        )
    spec = PluginSpec(
        argv=key.argv, environment=key.environment, label=key.package, directory=key.directory
    )
    try:
        process = await PluginProcess.start(
            spec,
            timeout_s=_START_TIMEOUT_S,
            parse=parse_port_line,
            # A bridge starts providers of its own; a guard that stays can end them too.
            guard_mode="hold",
        )
    except PluginStartError as error:
        raise PluginStartError(str(error), remedy=error.remedy or _installing(key)) from error
    provider = Provider(process, bare=key.package == PYTHON_DYNAMIC)
    deadline_s = configure_deadline_s(key.environment)
    try:
        if key.package != PYTHON_DYNAMIC:
            await provider.handshake()
        if key.parameter is not None:
            await provider.parameterize(
                key.package, key.version or "0.0.0", key.parameter,
                timeout_s=max(deadline_s, _PARAMETERIZE_TIMEOUT_S),
            )  # fmt: skip
        await provider.configure(key.package, key.inputs, timeout_s=deadline_s)
    except BaseException:
        await provider.close()
        raise
    return provider


class Providers(ConfiguredProviders[ProviderKey, Provider]):
    """The providers of Pulumi stacks."""

    def __init__(self, pool: PluginPool[Provider]) -> None:
        super().__init__(pool, start_configured)


def _installing(key: ProviderKey) -> str:
    if key.package == PYTHON_DYNAMIC:
        return f"check that {key.argv[0]} can import the program's requirements: `pulumi install`"
    return f"run `pulumi plugin install resource {key.plugin} {key.version or ''}".strip() + "`"


def _argv(plugin: str, version: str | None, surroundings: Surroundings) -> tuple[str, ...]:
    if plugin == PYTHON_DYNAMIC:
        script = Path(__file__).with_name("dynamic_host.py")
        folder = str(surroundings.project.program.resolve())
        python = program_python(surroundings.project, surroundings.environment)
        return (python, "-u", str(script), folder)
    found = find_plugin(plugin, version, surroundings.environment)
    return () if found is None else (str(found),)


def _program_identity(argv: Sequence[str]) -> str:
    try:
        return str(identity_of(argv[0])) if argv else ""
    except OSError:
        return ""


def _environment(package: str, surroundings: Surroundings) -> dict[str, str]:
    """Return what a plugin sees. Code out of a state sees little, and nothing of ours."""
    if package == PYTHON_DYNAMIC:
        ours = {n: os.environ[n] for n in _CLEAN if n in os.environ}
        given = {**ours, **surroundings.own}
    else:
        given = dict(surroundings.environment)
    kept = {n: v for n, v in given.items() if not n.startswith(_KEPT_FROM_PLUGINS)}
    return {
        **kept,
        "PULUMI_PROJECT": surroundings.project.name,
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _renewed(inputs: dict[str, Any], own: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: own[_RENEWED_BY[name]] if own.get(_RENEWED_BY.get(name, "")) else value
        for name, value in inputs.items()
    }


def _parameter(internal: Mapping[str, Any]) -> bytes | None:
    encoded = internal.get("parameterization")
    if not isinstance(encoded, str):
        return None
    try:
        return base64.b64decode(encoded)
    except binascii.Error:
        return None
