"""Which places of a Pulumi resource are secret: wherever any side of it says so."""

from __future__ import annotations

from collections.abc import Iterable

from iac_adapters.pulumi.values import RawProperties, secret_paths
from iac_adapters.secret_places import SecretPlaces
from reconciler.domain.paths import Steps


def secrets_of(sides: Iterable[RawProperties], outputs: Iterable[str] = ()) -> SecretPlaces:
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

    return SecretPlaces(boundary)


def _anywhere(path: Steps) -> Steps:
    return tuple("[]" if isinstance(step, int) else step for step in path)
