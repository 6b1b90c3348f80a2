"""Which variables of an environment hold secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from iac_adapters.redaction.recognise import is_recognisable, looks_generated, secret_texts
from reconciler.domain.secret_names import is_telling

# Where things are and how they are called: blanked, an error would say nothing any more.
_PLAIN: Final = re.compile(
    r"(_REGION|_LOCATION|_ZONE|_PROFILE|_FILE|_FILES|_DIR|_PATH|_HOME|_PORT|_PROJECT|_NAMESPACE"
    r"|_HOST|_ENDPOINT|_URL|_STACK|_WORKSPACE|_VERSION|_LOG|_LEVEL|_ENVIRONMENT)$"
    r"|^(PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|USER|LOGNAME|SHELL|PWD|TERM|NO_PROXY|no_proxy"
    r"|TF_CLI_\w+|TF_WORKSPACE|TF_DATA_DIR|TF_IN_AUTOMATION|CHECKPOINT_DISABLE|TRUEUP_\w+)$"
)
# No passwords, though they end as some do: errors name the directory that we are called from.
_OF_THE_SHELL: Final = frozenset({"PWD", "OLDPWD"})


def telling_texts(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of variables whose names tell that they are secret."""
    for name, value in environment.items():
        if is_telling(name) and name not in _OF_THE_SHELL:
            yield from secret_texts(value)
        else:
            yield from _within(value)


def file_texts(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the secrets of an `env_file`, which is there for credentials.

    Every value counts, unless its variable is known to say where something is.
    """
    for name, value in environment.items():
        if not _PLAIN.search(name) or is_telling(name):
            yield from secret_texts(value)
        else:
            yield from _within(value)


def _within(value: str) -> Iterator[str]:
    """Yield the passwords in an address, and in nothing else."""
    if "://" in value:
        yield from (text for text in secret_texts(value) if text != value)
    elif looks_generated(value) and is_recognisable(value):
        yield value
