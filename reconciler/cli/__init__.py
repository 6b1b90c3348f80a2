"""The command line: one file per command, loaded only when it is called."""

import sys

_RUNS = ("reconciler.cli.main",)


def _refuse_as_module() -> None:
    """End a process that was asked to run one of these files: it defines a command, and ends 0.

    Python has `-m` in the place of the program's name while it looks for the module to run.
    """
    asked = next((word for word in sys.orig_argv if word.startswith(__name__)), __name__)
    if sys.argv[:1] == ["-m"] and asked not in _RUNS:
        sys.exit(f"error: {asked} is no command\n  help: run `trueup`, or `python -m reconciler`")


_refuse_as_module()
