"""Serves Pulumi's Python dynamic providers to trueup, which only reads and compares.

Executed as a script, in the project's own interpreter: `python dynamic_host.py FOLDER`. It
imports the Pulumi SDK and the standard library only. The SDK's own server echoes what it was
asked where a provider has no `read()`; here it says so, for an echo would pass for a read.
"""

from __future__ import annotations

import os
import runpy
import sys
from typing import Final, NoReturn

NO_READ: Final = "trueup: this dynamic provider has no read()"


def _refuse(*_: object) -> NoReturn:
    raise NotImplementedError(NO_READ)


def main(folder: str) -> None:
    """Serve until our end is asked for. Providers pickled by reference are imported from FOLDER."""
    from pulumi.dynamic import ResourceProvider  # noqa: PLC0415 - trueup itself goes without it

    ResourceProvider.read = _refuse  # type: ignore[assignment,method-assign]
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.argv = ["pulumi.dynamic"]
    runpy.run_module("pulumi.dynamic", run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1])
