"""Which places of a Pulumi resource are secret: wherever any side of it says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iac_adapters.pulumi.values import SECRET, SIGNATURE, Raw, RawProperties, secret_paths
from iac_adapters.redaction.recognise import recognisable_texts
from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.paths import Steps


def secrets_of(sides: Iterable[RawProperties], outputs: Iterable[str] = ()) -> SecretPaths:
    """Return the places that any of `sides` tags as secret, and the whole of each of `outputs`.

    An element of a list counts for all of them: elements change places.
    """
    marked = {_anywhere(path) for side in sides for path in secret_paths(side)}
    marked |= {(name,) for name in outputs}
    depths = sorted({len(path) for path in marked})

    def boundary(steps: Steps) -> Steps | None:
        bare = _anywhere(steps)
        found = (depth for depth in depths if depth <= len(bare) and bare[:depth] in marked)
        depth = next(found, None)
        return None if depth is None else steps[:depth]

    return SecretPaths(boundary)


def secret_words(properties: RawProperties) -> Iterator[str]:
    """Yield the texts in secrets that are long enough to be told from other words."""
    for name, value in properties.items():
        if not name.startswith("__"):
            yield from _texts(value, inside=False)


def _texts(raw: Raw, *, inside: bool) -> Iterator[str]:
    if isinstance(raw, dict):
        inside = inside or raw.get(SIGNATURE) == SECRET
        for key, item in raw.items():
            if key != SIGNATURE:
                yield from _texts(item, inside=inside)
    elif isinstance(raw, list):
        for item in raw:
            yield from _texts(item, inside=inside)
    elif inside:
        yield from recognisable_texts(raw)


def _anywhere(path: Steps) -> Steps:
    return tuple("[]" if isinstance(step, int) else step for step in path)
