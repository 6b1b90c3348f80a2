"""Which places of a resource are secret, by its schema and its state."""

from __future__ import annotations

from iac_adapters.secret_places import SecretPlaces
from iac_adapters.terraform.schema import ResourceSchema
from reconciler.domain.compare import starts_with
from reconciler.domain.paths import Steps


def secrets_of(schema: ResourceSchema, paths: tuple[Steps, ...]) -> SecretPlaces:
    """Return the places that `schema` flags and those that the state marks by `paths`."""

    def boundary(steps: Steps) -> Steps | None:
        marked = [len(path) for path in paths if starts_with(steps, path)]
        flagged = [
            depth
            for depth, attribute in schema.attributes_along(steps)
            if attribute.sensitive or attribute.write_only
        ]
        return steps[: min(marked + flagged)] if marked or flagged else None

    return SecretPlaces(boundary)
