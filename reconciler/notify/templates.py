"""Messages in words of your own: a template a message event, for any channel.

A template writes plain text and, where it sets `title`, one line above it. What it wrote is
escaped by the channel as the built-in text is, so that no template can get that wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError
from reconciler.domain.notices import Notice
from reconciler.notify.template_process import Rendered, Renderer, render_all
from reconciler.notify.template_values import FIELDS, MessageEvent, event_of, samples, values_of
from reconciler.notify.text import lines, safe
from reconciler.ports import Notifier

_LARGEST_FILE: Final = 64 * 2**10
_LONGEST_LINE: Final = 1000
_MOST_LINES: Final = 200
_LONGEST_TITLE: Final = 200
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """The text of a template, and the file that it comes from."""

    file: Path
    source: str


def read_templates(
    files: Mapping[MessageEvent, Path], *, channel: str
) -> Mapping[MessageEvent, MessageTemplate]:
    """Return the templates, each of which renders whatever may come.

    Raises:
        PermanentError: a file cannot be read or is no template, names what there is not, or takes
            too long; with file and line.
        RetryableError: they could not be tried.
    """
    read = {event: _read(file, channel) for event, file in files.items()}
    tried = [
        (template, {"source": template.source, "values": values_of(notice, channel)})
        for event, template in read.items()
        for notice in samples(event)
    ]
    fields = sorted(FIELDS)
    answers = render_all([{**asked, "fields": fields} for _, asked in tried])
    for (template, _), answer in zip(tried, answers, strict=False):
        if answer.problem is not None:
            raise PermanentError(
                f"{template.file}:{answer.line}: {answer.problem}",
                remedy=f"correct the template of channel {channel}; docs/alerts.md lists what"
                " templates are given",
            )
    return read


class Templated:
    """Implements `ports.Notifier`: gives `notifier` each notice in the words of its template."""

    def __init__(
        self,
        notifier: Notifier,
        templates: Mapping[MessageEvent, MessageTemplate],
        *,
        channel: str,
    ) -> None:
        self._notifier = notifier
        self._templates = templates
        self._channel = channel
        self._renderer = Renderer()

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Show it in the template's words; in the built-in ones where the template fails."""
        return await self._notifier.show(await self._in_its_words(notice, receipt), receipt)

    async def close(self) -> None:
        """Let go of the connection, and end the process that renders."""
        await self._renderer.close()
        await self._notifier.close()

    async def _in_its_words(self, notice: Notice, receipt: Mapping[str, str]) -> Notice:
        template = self._template(event_of(notice, is_first=not receipt))
        if template is None:
            return notice
        rendered = await self._renderer.render(template.source, values_of(notice, self._channel))
        if rendered.problem is None:
            return _worded(notice, rendered)
        _log.warning(
            "template_failed",
            channel=self._channel,
            file=str(template.file),
            line=rendered.line,
            reason=rendered.problem,
        )
        failed = f"{template.file.name}:{rendered.line} failed: {rendered.problem}"
        return replace(notice, text=(*lines(notice), "", safe(f"The template {failed}")))

    def _template(self, event: MessageEvent) -> MessageTemplate | None:
        if event is MessageEvent.CHANGED and event not in self._templates:
            return self._templates.get(MessageEvent.OPENED)
        return self._templates.get(event)


def _worded(notice: Notice, rendered: Rendered) -> Notice:
    title = safe(rendered.title or "", longest=_LONGEST_TITLE).strip()
    return replace(notice, title=title or notice.title, text=tuple(_cut(rendered.text)))


def _cut(text: str) -> Iterator[str]:
    every = text.strip("\n").split("\n")
    yield from (safe(line, longest=_LONGEST_LINE).rstrip() for line in every[:_MOST_LINES])
    if len(every) > _MOST_LINES:
        yield "..."


def _read(file: Path, channel: str) -> MessageTemplate:
    try:
        return MessageTemplate(file, read_text(file, most=_LARGEST_FILE))
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 text (byte {error.start})"
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    raise PermanentError(
        f"{file}: {reason}", remedy=f"correct [channel.templates] of channel {channel}, or the file"
    )
