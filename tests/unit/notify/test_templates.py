"""Templates of messages: refused with their line, escaped by each channel, never in the way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.notices import ChangeLine, Notice, NoticeKind
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.notify.template_values import FIELDS, MessageEvent, samples, values_of
from reconciler.notify.template_worker import answer_to
from reconciler.notify.templates import Templated, read_templates
from reconciler.notify.text import headline, lines
from reconciler.ports import Notifier
from tests.receivers.http import receiving
from tests.receivers.trackers import GitHubDesk, GitLabDesk, JiraDesk, ServiceNowDesk
from tests.unit.notify.notices import MEMBER, notice, over
from tests.unit.notify.places import PLACES, Place

EVERYTHING = """\
{% set title = members[0].name if members else title %}
{% for member in members %}
{{ loop.index }}. {{ member.name }} {{ member.reason }}
{% for change in member.changes %}
{{ change.path }}: {{ change.recorded }} -> {{ change.live }}
{% endfor %}
{% endfor %}
{{ text }}
"""
_ROOT = Path(__file__).parents[3]
ENDLESS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


@dataclass
class Shown:
    """A channel that keeps what it was given."""

    notices: list[Notice] = field(default_factory=list)

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        self.notices.append(notice)
        return {**receipt, "id": notice.alert_id}

    async def close(self) -> None:
        """Keep nothing open."""

    @property
    def text(self) -> str:
        return "\n".join(lines(self.notices[-1]))


def read(folder: Path, **sources: str) -> Any:
    files = {}
    for event, source in sources.items():
        files[MessageEvent(event)] = folder / f"{event}.j2"
        files[MessageEvent(event)].write_text(source)
    return read_templates(files, channel="ops")


@asynccontextmanager
async def templated(
    folder: Path, notifier: Notifier | None = None, **sources: str
) -> AsyncIterator[tuple[Notifier, Shown]]:
    shown = Shown()
    channel = Templated(notifier or shown, read(folder, **sources), channel="ops")
    try:
        yield channel, shown
    finally:
        await channel.close()


async def test_each_message_has_the_words_of_its_template(tmp_path: Path) -> None:
    async with templated(
        tmp_path,
        opened="{% set title = severity ~ ' in ' ~ channel %}{{ still_open }} of {{ total }}",
        resolved="gone: {{ title }}",
        heartbeat="{{ title }}, says {{ channel }}",
    ) as (channel, shown):
        receipt = await channel.show(notice(), {})
        assert headline(shown.notices[-1]) == "[critical] critical in ops"
        assert shown.text == "1 of 1"
        await channel.show(notice(2, total=3, still_open=2), receipt)
        assert shown.text == "2 of 3"
        await channel.show(over(3), receipt)
        assert shown.text == "gone: shop: aws_security_group.web drifted"
        assert headline(shown.notices[-1]) == f"[resolved] {notice().title}"
        await channel.show(over(1), {})
        assert shown.text.startswith("gone:")
        beat = notice(kind=NoticeKind.HEARTBEAT, title="all 2 stacks verified", members=())
        await channel.show(beat, {})
        assert shown.text == "all 2 stacks verified, says ops"
        digest = notice(kind=NoticeKind.DIGEST)
        await channel.show(digest, {})
        assert shown.notices[-1] == digest


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("a\n{% if %}", 2, "Expected an expression"),
        ("a\nb {{ severty }}", 2, "'severty' is undefined; did you mean 'severity'?"),
        ("{% if severity == 'none' %}\n{{ foo }}{% endif %}", 2, "'foo' is undefined"),
        ("{% if total == 9 %}\n{{ members[0].adress }}{% endif %}", 2, "did you mean 'address'?"),
        ("\n{{ members[0].changes[0].path }}", 2, "no element 0"),
        ("\n{{ severity | nothing }}", 2, "No filter named"),
        ("\n{% include 'secrets.toml' %}", 2, "takes in no other file"),
        ("{{ ''.__class__ }}", 1, "nothing has a '__class__'"),
        ("\n{{ ''['__class__'] }}", 2, "unsafe"),
        ("\n{{ '' | attr('__class__') }}", 2, "unsafe"),
        ("\n{{ members.append(1) }}", 2, "nothing has a 'append'"),
        ("{% macro f() %}\n{{ f() }}{% endmacro %}{{ f() }}", 2, "recursion"),
        ("(" * 3 + "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", 1, "nested"),
    ],
)
def test_a_template_that_would_fail_is_refused_with_its_line(
    source: str, line: int, problem: str
) -> None:
    values = values_of(notice(members=(replace(MEMBER, changes=()),)), "ops")
    answer = answer_to({"source": source, "values": values, "fields": sorted(FIELDS)})
    assert problem in answer["error"]
    assert answer["line"] == line


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        (
            "{% if members[0].kind == 'missing' %}\n{{ members[0].changes[0] }}{% endif %}",
            2,
            "no el",
        ),
        ("\n{{ 'x' * 10 ** 11 }}", 2, "too much memory"),
        (ENDLESS, 1, "takes too long"),
    ],
)
def test_a_template_is_tried_with_every_sort_of_alert_before_it_is_taken(
    tmp_path: Path, source: str, line: int, problem: str
) -> None:
    with pytest.raises(PermanentError) as refused:
        read(tmp_path, heartbeat="fine", opened=source)
    assert str(refused.value).startswith(f"{tmp_path}/opened.j2:{line}: ")
    assert problem in str(refused.value)
    assert "channel ops" in (refused.value.remedy or "")


def test_a_file_that_is_no_text_or_too_large_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "opened.j2"
    for content, problem in ((b"\xff", "not UTF-8"), (b"x" * 70_000, "larger than")):
        file.write_bytes(content)
        with pytest.raises(PermanentError, match=problem) as refused:
            read_templates({MessageEvent.OPENED: file}, channel="ops")
        assert str(file) in str(refused.value)


async def test_a_template_that_fails_later_leaves_the_built_in_text_and_says_so(
    tmp_path: Path,
) -> None:
    source = "fine\n{% if total == 7 %}{{ 1 // (total - 7) }}{% endif %}"
    async with templated(tmp_path, opened=source) as (channel, shown):
        await channel.show(notice(total=7), {})
        assert shown.text.startswith("\n".join(lines(notice(total=7))))
        assert shown.text.endswith("The template opened.j2:2 failed: ZeroDivisionError: "
                                   "integer division or modulo by zero")  # fmt: skip
        await channel.show(notice(), {})
        assert shown.text == "fine"


async def test_a_channel_that_was_closed_starts_no_other_process(tmp_path: Path) -> None:
    async with templated(tmp_path, opened="{{ text }}") as (channel, shown):
        await channel.close()
        with pytest.raises(RetryableError, match="closed"):
            await channel.show(notice(), {})
        assert shown.notices == []


async def test_a_template_that_never_ends_holds_up_neither_this_message_nor_the_next(
    tmp_path: Path,
) -> None:
    source = f"fine{{% if total == 7 %}}{ENDLESS}{{% endif %}}"
    async with templated(tmp_path, opened=source) as (channel, shown):
        await channel.show(notice(total=7), {})
        assert "failed: it takes too long" in shown.text
        await channel.show(notice(), {})
        assert shown.text == "fine"


async def test_what_a_template_writes_is_cut_and_has_no_control_characters(tmp_path: Path) -> None:
    source = "{% set title = 'a\\nb\u202e' ~ 'x' * 500 %}{{ 'y\\x1b[31m' * 9000 }}\n" + "z\n" * 300
    async with templated(tmp_path, opened=source) as (channel, shown):
        await channel.show(notice(), {})
    (seen,) = shown.notices
    assert seen.title.startswith("a b x")
    assert len(seen.title) <= 200
    assert seen.text is not None
    assert len(seen.text) == 201
    assert max(map(len, seen.text)) <= 1000
    assert seen.text[-1] == "..."
    assert all(line.isprintable() for line in seen.text)


HOSTILE = "<!channel> <@U1> <b>&</b> ``` {{ 7 * 7 }} @ana\n/close {noformat}[x|http://e] \x1b[31m"
_HOSTILE_MEMBER = replace(
    MEMBER, address=HOSTILE, reason=HOSTILE, changes=(ChangeLine(HOSTILE, HOSTILE, HOSTILE),)
)


@contextmanager
def tracker(desk: Any, url: str) -> Iterator[tuple[str, Any]]:
    with receiving(desk) as address:
        yield url.format(key=desk.key, at=address), desk


@pytest.mark.parametrize("made", PLACES, ids=lambda made: made.__name__)
async def test_a_hostile_name_in_a_template_is_escaped_by_the_channel(
    made: Any, tmp_path: Path
) -> None:
    with made(tmp_path) as place:
        channel = open_channel(place.address())
        async with templated(tmp_path, channel, opened=EVERYTHING, resolved=EVERYTHING) as both:
            hostile = notice(members=(_HOSTILE_MEMBER,), title=HOSTILE)
            receipt = await both[0].show(hostile, {})
            _check_escaped(place)
            await both[0].show(replace(over(), members=(_HOSTILE_MEMBER,), title=HOSTILE), receipt)
        assert (place.open(), place.ended()) == (0, 1)


def _check_escaped(place: Place) -> None:
    said = place.text()
    assert "\x1b" not in said
    assert "{{ 7 * 7 }}" in said
    if place.mail is not None:
        (sent,) = place.mail.mails
        html = sent.get_body(("html",))
        assert html is not None
        assert "<b>" not in html.get_content()
        assert "&lt;b&gt;&amp;&lt;/b&gt;" in html.get_content()
    elif place.url.startswith("slack"):
        assert "<!channel>" not in said
        assert "<@U1>" not in said
        assert "&lt;!channel&gt;" in said
        # The block is closed by us alone.
        assert said.count("```") == 2
    elif place.by_apprise:
        # Which service reads it, and what that makes of it, is unknown.
        assert not set("@<>`") & set(said)
        assert "\uff20ana" in said
    else:
        # JSON, and runs of text that Teams shows as they are.
        assert "<!channel> <@U1> <b>&</b>" in said


@pytest.mark.parametrize(
    ("desk", "url", "frame"),
    [
        (GitHubDesk, "github+http://{key}@{at}/acme/infra", "```"),
        (GitLabDesk, "gitlab+http://{key}@{at}/acme/infra", "```"),
        (JiraDesk, "jira+http://ana%40example.com:{key}@{at}/OPS", "{noformat}"),
        (ServiceNowDesk, "servicenow+http://trueup:{key}@{at}/incident", "- trueup -"),
    ],
    ids=["github", "gitlab", "jira", "servicenow"],
)
async def test_a_hostile_name_in_a_template_does_not_leave_the_text_of_a_ticket(
    desk: Any, url: str, frame: str, tmp_path: Path
) -> None:
    with tracker(desk(), url) as (address, held):
        channel = open_channel(ChannelAddress("desk", address))
        async with templated(tmp_path, channel, opened=EVERYTHING) as (both, _):
            await both.show(notice(members=(_HOSTILE_MEMBER,), title=HOSTILE), {})
        (issue,) = held.issues
        assert issue.text.count(frame) == (1 if frame == "- trueup -" else 2)
        assert not any(line.startswith("/") for line in issue.text.split("\n"))
        assert "\n" not in issue.title


async def test_the_template_in_the_documentation_renders(tmp_path: Path) -> None:
    _, _, rest = (_ROOT / "docs/alerts.md").read_text().partition("```jinja\n")
    async with templated(tmp_path, opened=rest.partition("```")[0]) as (channel, shown):
        await channel.show(notice(total=3), {})
    assert headline(shown.notices[-1]) == "[critical] aws_security_group in shop"
    assert shown.text.split("\n") == [
        "shop: aws_security_group.web is changed: port 22 is open to everybody",
        '  ingress[0].cidr_blocks: [] -> ["0.0.0.0/0"]',
        "... and 2 more",
    ]


def test_values_hold_plain_words_alone() -> None:
    for event in MessageEvent:
        for sample in samples(event):
            values = values_of(sample, "ops")
            assert json.loads(json.dumps(values)) == values
