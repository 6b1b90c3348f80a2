"""The part of the catalogue about children that nobody declared, by what they let happen.

What an added child holds is rated by `severity_dangers` first: a policy that admits anyone is
critical whoever it belongs to.
"""

from __future__ import annotations

from typing import Final

from reconciler.domain.model import Kind, Severity
from reconciler.domain.severity import SeverityRule

ADDED: Final[tuple[SeverityRule, ...]] = (
    SeverityRule(
        Severity.HIGH,
        "somebody can sign in with it",
        types=("*login_profile", "*access_key", "*ssh_key", "*user_pool_client", "*_credential"),
        kinds=(Kind.ADDED,),
    ),
    SeverityRule(
        Severity.HIGH,
        "it hands data or calls on to somebody",
        types=(
            "*_notification",
            "*event_invoke_config",
            "*_subscription",
            "*_rotation",
            "*_function_url",
        ),
        kinds=(Kind.ADDED,),
    ),
    SeverityRule(
        Severity.HIGH,
        "it leads to another network",
        types=("*peering*", "*gateway*attachment", "*_internet_gateway", "*_route"),
        kinds=(Kind.ADDED,),
    ),
    SeverityRule(
        Severity.HIGH,
        "a name leads elsewhere",
        types=("*_record", "*record_set"),
        kinds=(Kind.ADDED,),
    ),
)

UNDECLARED: Final = SeverityRule(Severity.MEDIUM, "no code declares it", kinds=(Kind.ADDED,))
"""The last rule of all: that a child exists is worth a look."""
