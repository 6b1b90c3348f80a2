"""Which places of one resource are secret, and which words were found there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.patterns import without_secrets
from iac_adapters.redaction.recognise import recognisable_texts
from reconciler.domain.paths import Steps
from reconciler.domain.secret_names import is_telling, names_a_secret
from reconciler.domain.values import Value


@dataclass(frozen=True, slots=True, repr=False)
class SecretPaths:
    """Where secrets stand in one resource.

    `boundary` returns the outermost secret place that a path lies in, None when it is plain:
    what lies below is masked as a whole, since a map's keys may be secret as well.
    """

    boundary: Callable[[Steps], Steps | None]
    words: frozenset[str] = frozenset()

    def with_words_of(self, values: Iterable[Value]) -> SecretPaths:
        """Return the same places, knowing the secret texts that stand there in `values`.

        Providers copy marked values into unmarked attributes, as `tags` into `tags_all`.
        """
        words = {word for value in values for word in self._words(value, ())}
        return replace(self, words=frozenset(words))

    def redacted(self, value: Value, at: Steps, digester: SecretDigester) -> tuple[Value, bool]:
        """Return `value` without its secrets, and whether it had any."""
        if self.boundary(at) is not None:
            return digester.digest(value), True
        if isinstance(value, dict):
            items = {key: self.redacted(v, (*at, key), digester) for key, v in value.items()}
            if names_a_secret(value):
                items |= {"value": (digester.digest(value["value"]), True)}
            if any(self._betrays(key) for key in value):
                return digester.digest(value), True
            return {k: v for k, (v, _) in items.items()}, any(s for _, s in items.values())
        if isinstance(value, list):
            parts = [self.redacted(v, (*at, i), digester) for i, v in enumerate(value)]
            return [v for v, _ in parts], any(s for _, s in parts)
        if isinstance(value, str) and (
            self._betrays(value) or _is_told(at) or without_secrets(value) != value
        ):
            return digester.digest(value), True
        return value, False

    def without_words(self, steps: Steps) -> Steps:
        """Return the path as far as its keys tell no secret."""
        for depth, step in enumerate(steps):
            if isinstance(step, str) and self._betrays(step):
                return steps[:depth]
        return steps

    def _betrays(self, text: str) -> bool:
        return any(word in text for word in self.words)

    def _words(self, value: Value, at: Steps) -> Iterator[str]:
        if at and self.boundary(at) == at:
            yield from recognisable_texts(value)
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from self._words(item, (*at, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._words(item, (*at, index))


def _is_told(at: Steps) -> bool:
    """Whether the name of a place tells that its text is secret, as `user_data` does.

    Providers do not mark everything: a password in a header or a script is in no schema.
    """
    return bool(at) and isinstance(at[-1], str) and is_telling(at[-1])
