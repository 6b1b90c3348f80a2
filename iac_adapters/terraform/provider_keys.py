"""Provider configurations by the recorded connection they were sent on."""

from __future__ import annotations

from collections.abc import Mapping

import msgpack

from iac_adapters.revision import Revision
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.loaded import ProviderKey
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.provider_settings import led_by
from iac_adapters.terraform.recorder.recording import Recording


class ProviderKeys:
    """Aliases of equal plugin, configuration, environment and directory share a key.

    So do stacks in one directory, and no others: providers read relative paths.
    """

    def __init__(self, context: Context, recording: Recording, *, key: bytes) -> None:
        self._context = context
        self._recording = recording
        self._key = key
        self._installed = {provider.source: provider for provider in context.providers}
        self._known: dict[int, ProviderKey | None] = {}

    def of(self, connection: int) -> ProviderKey | None:
        """Return the key of a recorded connection; None when it cannot be configured again."""
        if connection not in self._known:
            self._known[connection] = self._make(connection)
        return self._known[connection]

    def made(
        self, source: str, configure: bytes, environment: Mapping[str, str]
    ) -> ProviderKey | None:
        """Return the key of `source` configured in this way; None when it cannot be."""
        installed = self._installed.get(source)
        if not configure or installed is None or _has_unknown(configure):
            return None
        directory = self._context.directory.absolute()
        revision = Revision(self._key)
        revision.add("plugin", installed.identity)
        revision.add("configure", configure)
        revision.add("directory", str(directory))
        revision.add_environment(environment)
        # A process that runs has read its files, and what they say today is for another one.
        files = led_by(source, configure, self._context.provider_files).files
        revision.add("files", repr(sorted(files.items())))
        return ProviderKey(
            digest=revision.hexdigest(),
            installed=installed,
            configure=configure,
            environment=environment,
            directory=directory,
        )

    def _make(self, connection: int) -> ProviderKey | None:
        recorded = self._recording.connections[connection]
        return self.made(recorded.source, recorded.configure, self._context.environment)


def _has_unknown(configure: bytes) -> bool:
    """Whether a setting waits for a resource that does not exist yet."""
    found = False

    def extension(_code: int, _data: bytes) -> None:
        nonlocal found
        found = True

    config = message("ConfigureRequest").FromString(configure).config.msgpack
    if config:
        msgpack.unpackb(config, ext_hook=extension, strict_map_key=False)
    return found
