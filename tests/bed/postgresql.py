"""Objects of a real PostgreSQL, changed and dropped by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from tests.bed.drift import Drift, changed, deleted

SETTINGS: Final = ("wal_level=logical",)
_BED: Final = "bed"
_ROLE: Final = "SELECT {} FROM pg_roles WHERE rolname = '{}'"
_ACL: Final = (
    "SELECT privilege_type FROM pg_namespace, aclexplode(nspacl) acl"
    " WHERE nspname = 'base' AND grantee = 'bed_base'::regrole ORDER BY 1"
)
_DEFAULTS: Final = (
    "SELECT privilege_type FROM pg_default_acl, aclexplode(defaclacl)"
    " WHERE grantee = 'bed_base'::regrole ORDER BY 1"
)
_BODY: Final = "SELECT prosrc FROM pg_proc WHERE proname = 'bed_a'"
_EXTENSION: Final = (
    "SELECT nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace"
    " WHERE extname = 'hstore'"
)
_OWNER: Final = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'a'"
_PUBLISHED: Final = "SELECT pubinsert, pubupdate FROM pg_publication WHERE pubname = 'bed_a'"
_MEMBER: Final = "SELECT admin_option FROM pg_auth_members WHERE member = 'bed_member'::regrole"
_SLOT: Final = "SELECT plugin FROM pg_replication_slots WHERE slot_name = '{}'"
_SERVER: Final = (
    "SELECT unnest(srvoptions) FROM pg_foreign_server WHERE srvname = 'bed_a' ORDER BY 1"
)
_MAPPING: Final = "SELECT umoptions::text FROM pg_user_mappings WHERE srvname = 'bed_a'"
_LIMIT: Final = "SELECT datconnlimit FROM pg_database WHERE datname = 'bed_a'"
_LOGICAL: Final = "SELECT pg_create_logical_replication_slot('bed_logical', 'test_decoding')"
_DROP_LOGICAL: Final = "SELECT pg_drop_replication_slot('bed_logical')"


@dataclass(frozen=True, slots=True)
class Database:
    """The server behind the stack; `address` is that of its own database."""

    address: str

    def sql(self, *statements: str, database: str = "postgres") -> Callable[[], Any]:
        """Return what runs the statements and returns the rows of the last."""

        def run() -> Any:
            address = self.address.rsplit("/", 1)[0] + f"/{database}"
            with psycopg.connect(address, autocommit=True) as connection:
                cursor = connection.cursor()
                for statement in statements:
                    cursor.execute(statement.encode())
                return cursor.fetchall() if cursor.description else None

        return run


def variables(address: str) -> dict[str, str]:
    """Return what the stack is told."""
    return {"TF_VAR_port": address.rsplit(":", 1)[1].split("/", maxsplit=1)[0]}


def rounds(address: str) -> Sequence[Sequence[Drift]]:
    """Return what drifts: changed first, deleted then."""
    server = Database(address)
    return (_changed(server), _deleted(server))


def _changed(server: Database) -> Sequence[Drift]:
    def at(*path: str) -> tuple[str, ...]:
        return path

    own = server.sql

    def bed(*statements: str) -> Callable[[], Any]:
        return server.sql(*statements, database=_BED)

    return (
        changed(
            "postgresql_role.a",
            at("connection_limit"),
            own("ALTER ROLE bed_a CONNECTION LIMIT 9"),
            own(_ROLE.format("rolconnlimit", "bed_a")),
        ),
        changed(
            "postgresql_role.base",
            at("superuser"),
            own("ALTER ROLE bed_base SUPERUSER"),
            own(_ROLE.format("rolsuper", "bed_base")),
        ),
        changed(
            "postgresql_database.a",
            at("connection_limit"),
            own("ALTER DATABASE bed_a CONNECTION LIMIT 3"),
            own(_LIMIT),
        ),
        changed(
            "postgresql_schema.a",
            at("owner"),
            bed("ALTER SCHEMA a OWNER TO trueup"),
            bed(_OWNER),
        ),
        changed(
            "postgresql_extension.a",
            at("schema"),
            bed("ALTER EXTENSION hstore SET SCHEMA base"),
            bed(_EXTENSION),
        ),
        changed(
            "postgresql_function.a",
            at("body"),
            bed(
                "CREATE OR REPLACE FUNCTION public.bed_a(i integer) RETURNS integer"
                " LANGUAGE sql AS 'SELECT i + 2;'"
            ),
            bed(_BODY),
        ),
        changed(
            "postgresql_grant.a",
            at("privileges"),
            bed("REVOKE CREATE ON SCHEMA base FROM bed_base"),
            bed(_ACL),
        ),
        changed(
            "postgresql_default_privileges.a",
            at("privileges"),
            bed("ALTER DEFAULT PRIVILEGES IN SCHEMA base REVOKE INSERT ON TABLES FROM bed_base"),
            bed(_DEFAULTS),
        ),
        changed(
            "postgresql_grant_role.a",
            at("with_admin_option"),
            own("GRANT pg_monitor TO bed_member WITH ADMIN OPTION"),
            own(_MEMBER),
        ),
        changed(
            "postgresql_replication_slot.a",
            at("plugin"),
            bed(_DROP_LOGICAL, _LOGICAL),
            bed(_SLOT.format("bed_logical")),
        ),
        changed(
            "postgresql_publication.a",
            at("publish_param"),
            bed("ALTER PUBLICATION bed_a SET (publish = 'insert')"),
            bed(_PUBLISHED),
        ),
        changed(
            "postgresql_server.a",
            at("options.host"),
            own("ALTER SERVER bed_a OPTIONS (SET host 'two.test')"),
            own(_SERVER),
        ),
        changed(
            "postgresql_user_mapping.a",
            at("options.user"),
            own("ALTER USER MAPPING FOR bed_base SERVER bed_a OPTIONS (SET user 'nobody')"),
            own(_MAPPING),
        ),
    )


def _deleted(server: Database) -> Sequence[Drift]:
    own = server.sql

    def bed(*statements: str) -> Callable[[], Any]:
        return server.sql(*statements, database=_BED)

    return (
        deleted("postgresql_role.a", own("DROP ROLE bed_a"), own(_ROLE.format("1", "bed_a"))),
        deleted("postgresql_database.a", own("DROP DATABASE bed_a"), own(_LIMIT)),
        deleted("postgresql_schema.a", bed("DROP SCHEMA a"), bed(_OWNER)),
        deleted("postgresql_extension.a", bed("DROP EXTENSION hstore"), bed(_EXTENSION)),
        deleted("postgresql_function.a", bed("DROP FUNCTION public.bed_a"), bed(_BODY)),
        deleted("postgresql_grant_role.a", own("REVOKE pg_monitor FROM bed_member"), own(_MEMBER)),
        deleted(
            "postgresql_physical_replication_slot.a",
            own("SELECT pg_drop_replication_slot('bed_physical')"),
            own(_SLOT.format("bed_physical")),
        ),
        deleted(
            "postgresql_replication_slot.a",
            bed(_DROP_LOGICAL),
            bed(_SLOT.format("bed_logical")),
        ),
        deleted("postgresql_publication.a", bed("DROP PUBLICATION bed_a"), bed(_PUBLISHED)),
        deleted(
            "postgresql_user_mapping.a",
            own("DROP USER MAPPING FOR bed_base SERVER bed_a"),
            own(_MAPPING),
        ),
        deleted("postgresql_server.a", own("DROP SERVER bed_a"), own(_SERVER)),
        changed(
            "postgresql_grant.a",
            ("privileges",),
            bed("REVOKE ALL ON SCHEMA base FROM bed_base"),
            bed(_ACL),
        ),
        deleted(
            "postgresql_default_privileges.a",
            bed("ALTER DEFAULT PRIVILEGES IN SCHEMA base REVOKE ALL ON TABLES FROM bed_base"),
            bed(_DEFAULTS),
        ),
    )
