"""Values of a resource that are masked by what stands beside them."""

from __future__ import annotations

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.values import Sensitive, Value

MASKER = SecretDigester(bytes(32))


def test_a_value_is_masked_where_the_name_beside_it_tells_that_it_is_secret() -> None:
    environment: Value = [
        {"name": "DB_PASSWORD", "value": "plainword"},
        {"name": "LOG_FORMAT", "value": "json"},
    ]
    redacted, had_any = SecretPaths(lambda _: None).redacted(environment, ("env",), MASKER)
    assert had_any
    assert isinstance(redacted, list)
    first, second = redacted
    assert isinstance(first, dict)
    assert isinstance(first["value"], Sensitive)
    assert first["name"] == "DB_PASSWORD"
    assert second == {"name": "LOG_FORMAT", "value": "json"}
