"""Which role may do what: as documented, and as it was before roles were sets."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import get_args

from reconciler.api.table import all_operations
from reconciler.domain.principals import PERMISSIONS, Permission, Role, roles_with
from reconciler.wire.route import PREFIX
from reconciler.wire.rules import RoleWord

_DOCS = Path(__file__).parents[2] / "docs" / "api.md"


def _table() -> str:
    """Return the table of the documentation, made from the code."""
    head = "| permission | for | " + " | ".join(Role) + " |"
    return "\n".join([head, "|---" * (len(Role) + 2) + "|", *map(_row, Permission)])


def _row(permission: Permission) -> str:
    routes = [
        _shown(method, path)
        for (method, path), one in all_operations().items()
        if one.permission is permission
    ]
    marks = ["yes" if permission in PERMISSIONS[role] else "" for role in Role]
    return f"| `{permission}` | {', '.join(routes)} | {' | '.join(marks)} |"


def _shown(method: str, path: str) -> str:
    """Return a route as the page writes it, which says once that all are below the prefix."""
    if path.startswith(PREFIX):
        return f"`{method} {path.removeprefix(PREFIX)}`"
    return f"`{method} {path}` (at the root, not below `{PREFIX}`)"


def test_the_documentation_has_the_table_of_the_code() -> None:
    assert _table() in _DOCS.read_text()


def test_every_permission_is_needed_by_a_route() -> None:
    needed = {operation.permission for operation in all_operations().values()} - {None}
    assert needed == set(Permission)


def test_the_first_four_roles_include_each_other() -> None:
    ladder = [PERMISSIONS[role] for role in (Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN)]
    assert all(weaker < stronger for weaker, stronger in pairwise(ladder))
    assert PERMISSIONS[Role.ADMIN] == set(Permission)


def test_whoever_reports_may_do_nothing_else() -> None:
    assert PERMISSIONS[Role.AGENT] == PERMISSIONS[Role.REPORTER] == {Permission.REPORT}


def test_an_auditor_reads_everything_and_changes_nothing() -> None:
    methods = {
        method
        for (method, _), one in all_operations().items()
        if one.permission in PERMISSIONS[Role.AUDITOR]
    }
    assert methods == {"GET"}
    read = {one.permission for (method, _), one in all_operations().items() if method == "GET"}
    assert read - {None} == PERMISSIONS[Role.AUDITOR]


def test_the_body_of_a_token_takes_every_role() -> None:
    assert set(get_args(RoleWord)) == set(Role)
    assert roles_with(Permission.READ_TOKENS) == (Role.ADMIN, Role.AUDITOR)
