"""Who may come in, what was answered already, and what is on hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlmodel import col, delete, select

from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.principals import Role
from reconciler.domain.records import Hold, Replay, Token
from reconciler.storage.rows import Rows
from reconciler.storage.tables.access import HoldRow, ReplayRow, TokenRow


@dataclass(frozen=True, slots=True)
class SqlTokens:
    """`stores.Tokens` on tables."""

    rows: Rows

    def get(self, token_id: str) -> Token | None:
        """Return the token of that id."""
        return self.rows.first(select(TokenRow).where(col(TokenRow.token_id) == token_id), _token)

    def named(self, name: str) -> Token | None:
        """Return the token of that name."""
        return self.rows.first(select(TokenRow).where(col(TokenRow.name) == name), _token)

    def all(self) -> tuple[Token, ...]:
        """Return every token, oldest first."""
        order = (col(TokenRow.created_at), col(TokenRow.token_id))
        return self.rows.every(select(TokenRow).order_by(*order), _token)

    def put(self, token: Token) -> None:
        """Write a token."""
        self.rows.put(TokenRow, [{**asdict(token), "role": token.role.value}])

    def remove(self, token_id: str) -> bool:
        """Remove a token; return whether it was there."""
        wanted = col(TokenRow.token_id) == token_id
        return self.rows.change(delete(TokenRow).where(wanted)) > 0


@dataclass(frozen=True, slots=True)
class SqlReplays:
    """`stores.Replays` on tables."""

    rows: Rows

    def get(self, key: str, token_id: str) -> Replay | None:
        """Return the first answer to that key of that token."""
        wanted = (col(ReplayRow.key) == key, col(ReplayRow.token_id) == token_id)
        return self.rows.first(select(ReplayRow).where(*wanted), _replay)

    def put(self, replay: Replay) -> None:
        """Write an answer; if there is one already, that one stays."""
        self.rows.put_new(ReplayRow, [asdict(replay)])


@dataclass(frozen=True, slots=True)
class SqlHolds:
    """`stores.Holds` on tables."""

    rows: Rows

    def get(self) -> Hold | None:
        """Return the hold on everything that a person set."""
        everything = (col(HoldRow.scope) == "", col(HoldRow.unasked).is_(other=False))
        return self.rows.first(select(HoldRow).where(*everything), _hold)

    def all(self) -> tuple[Hold, ...]:
        """Return every hold, the widest first."""
        order = (col(HoldRow.scope), col(HoldRow.unasked))
        return self.rows.every(select(HoldRow).order_by(*order), _hold)

    def put(self, hold: Hold) -> None:
        """Write a hold over the one of the same scope."""
        self.rows.put(HoldRow, [{"scope": hold.scope, **asdict(hold)}])

    def remove(self, hold: Hold) -> None:
        """Remove the hold."""
        same = (col(HoldRow.scope) == hold.scope, col(HoldRow.unasked) == hold.unasked)
        self.rows.change(delete(HoldRow).where(*same))


def _token(row: TokenRow) -> Token:
    return Token(
        token_id=row.token_id,
        name=row.name,
        role=Role(row.role),
        secret_sha256=row.secret_sha256,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        person=row.person,
    )


def _replay(row: ReplayRow) -> Replay:
    return Replay(
        key=row.key,
        token_id=row.token_id,
        request_sha256=row.request_sha256,
        status=row.status,
        body=row.body,
        created_at=row.created_at,
        content_type=row.content_type,
    )


def _hold(row: HoldRow) -> Hold:
    return Hold(
        by=row.by,
        reason=row.reason,
        since=row.since,
        until=row.until,
        stack=None if row.stack is None else StackName(row.stack),
        address=None if row.address is None else ResourceAddress(row.address),
        unasked=bool(row.unasked),
    )
