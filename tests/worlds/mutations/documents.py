"""Policy documents as the stacks declare them."""

from __future__ import annotations

import json
from typing import Any


def allow(*statements: dict[str, Any]) -> str:
    """Return a policy document of these statements; `Effect` is Allow unless given."""
    written = [{"Effect": "Allow"} | statement for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": written})
