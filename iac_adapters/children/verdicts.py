"""What an answer means: children that somebody added, without their secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from iac_adapters.children.contents import Content, added
from iac_adapters.children.memory import Answered
from iac_adapters.children.question import Question
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.added_children import element_address
from reconciler.domain.fingerprint import value_digest
from reconciler.domain.model import Added, Change, Observed, Origin, ResourceAddress, Unseen
from reconciler.domain.paths import AttributePath, render_path
from reconciler.domain.values import Value

NOT_ASKED: str = "not asked yet: questions about children are spread over scans"


def content_digest(content: Content, *, key: bytes) -> str:
    """Return what tells this content of a child from every other one."""
    return value_digest(dict(content), key=key)


def added_children(
    question: Question, contents: dict[str, Content], answered: Answered, digester: SecretDigester
) -> Iterator[Observed]:
    """Yield each child of `contents` that nobody has accepted as it is."""
    for element, content in sorted(contents.items()):
        known = answered.accepted.get(element)
        if known == content_digest(content, key=digester.key):
            continue
        verdict = Added(
            question.parent_address,
            question.type,
            tuple(_changes(question, content, digester)),
        )
        yield Observed(question.address(element), verdict)


def unseen(
    question: Question, answered: Answered | None, reason: str, *, asked: bool = False
) -> Iterator[Observed]:
    """Yield that nothing is known of what `question` asks for, nor of what it found before."""
    verdict = Unseen(question.parent_address, question.type, reason, asked=asked)
    known = answered.contents if answered is not None and answered.contents else {}
    addresses = {question.address(""), *(question.address(element) for element in known)}
    for address in sorted(addresses):
        yield Observed(address, verdict)


def remembered(answers: Mapping[str, Answered]) -> Iterator[ResourceAddress]:
    """Yield what `answers` were about, and each child that they found."""
    for key, answered in answers.items():
        yield ResourceAddress(key)
        for element in answered.contents or ():
            yield element_address(key, element)


def unseen_below(
    parents: Mapping[ResourceAddress, str], addresses: Iterable[str]
) -> Iterator[Observed]:
    """Yield that nothing is known of those of `addresses` that are children of `parents`."""
    for address in sorted(set(addresses)):
        parent = max((p for p in parents if address.startswith(f"{p}/")), key=len, default=None)
        if parent is not None:
            child_type = address[len(parent) + 1 :].partition("[")[0]
            verdict = Unseen(parent, child_type, parents[parent], asked=False)
            yield Observed(ResourceAddress(address), verdict)


def _changes(question: Question, content: Content, digester: SecretDigester) -> Iterator[Change]:
    rule, parent = question.rule, question.parent
    secrets = parent.provider.secrets_of(rule.child) if parent.provider is not None else None
    shown = added(rule, content) or content
    for name, value in sorted(shown.items()):
        made: Value = rule.untouched.get(name)
        live, sensitive = value, False
        if secrets is not None:
            words = secrets.with_words_of((dict(content),))
            live, sensitive = words.redacted(value, (name,), digester)
        spelled = name
        if parent.provider is not None:
            spelled, live = parent.provider.spelled(name, live)
        yield Change(
            path=AttributePath(render_path((spelled,))),
            declared=None,
            recorded=None if sensitive or isinstance(made, list) else made,
            live=live,
            origin=Origin.UNDECLARED,
            sensitive=sensitive,
        )
