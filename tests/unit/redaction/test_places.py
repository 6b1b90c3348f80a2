"""Values of a resource that are masked by what stands beside them."""

from __future__ import annotations

from iac_adapters.redaction.masker import Masker
from iac_adapters.redaction.places import SecretPlaces
from reconciler.domain.values import Sensitive, Value

MASKER = Masker(bytes(32))


def test_a_value_is_masked_where_the_name_beside_it_tells_that_it_is_secret() -> None:
    environment: Value = [
        {"name": "DB_PASSWORD", "value": "plainword"},
        {"name": "LOG_FORMAT", "value": "json"},
    ]
    masked, had_any = SecretPlaces(lambda _: None).masked(environment, ("env",), MASKER)
    assert had_any
    assert isinstance(masked, list)
    first, second = masked
    assert isinstance(first, dict)
    assert isinstance(first["value"], Sensitive)
    assert first["name"] == "DB_PASSWORD"
    assert second == {"name": "LOG_FORMAT", "value": "json"}
