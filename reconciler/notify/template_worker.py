"""The templates' own process: reads what to render from stdin, writes to stdout what came of it.

One line of JSON each. Asked is `{"source", "values"}`, and `"fields"` where the template is to be
checked as well; answered is `{"text", "title"}` or `{"error", "line"}`. Whatever a template does
to the sandbox, this process has no secret, and processor time and memory end with it.
"""

from __future__ import annotations

import difflib
import json
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reconciler.memory_limit import limit_memory

_MOST_CPU_S: Final = 0.5
_MOST_MEMORY_BYTES: Final = 512 * 2**20
_LONGEST_TEXT: Final = 64 * 2**10
_FOREIGN: Final = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_OF_LOOPS: Final = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem",
     "changed", "cycle", "depth", "depth0"}
)  # fmt: skip


class _Refused(Exception):  # noqa: N818 - what a template is
    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


def answer_to(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the text, and the title where the template sets one; or what is wrong, and where."""
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    try:
        if "fields" in asked:
            _check(environment, asked["source"], asked["values"], frozenset(asked["fields"]))
        template = environment.from_string(asked["source"])
    except _Refused as error:
        return _problem(str(error), error.line)
    except TemplateSyntaxError as error:
        return _problem(error.message or "it is no template", error.lineno)
    except (RecursionError, MemoryError):
        return _problem("it is too deeply nested", 1)
    try:
        return _rendered(template, asked["values"])
    except MemoryError as error:
        return _problem("it takes too much memory", _line_of(error, template))
    except Exception as error:  # noqa: BLE001 - a template can raise whatever a filter raises
        return _problem(_words(error), _line_of(error, template))


def main() -> None:
    """Answer until stdin ends, which it does with the daemon."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the daemon's to handle
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    limit_memory(_MOST_MEMORY_BYTES)
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        # A handler would wait for the end of a single long operation; the signal's own action,
        # which is the end of this process, does not.
        signal.setitimer(signal.ITIMER_PROF, _MOST_CPU_S)
        answer = json.dumps(answer_to(asked))
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(answer.encode() + b"\n")
        sys.stdout.buffer.flush()


def _rendered(template: Template, values: Mapping[str, Any]) -> dict[str, Any]:
    module = template.make_module(dict(values))
    title = getattr(module, "title", None)
    return {
        "text": str(module)[:_LONGEST_TEXT],
        "title": None if title is None else str(title)[:_LONGEST_TEXT],
    }


def _check(
    environment: ImmutableSandboxedEnvironment,
    source: str,
    values: Mapping[str, Any],
    fields: frozenset[str],
) -> None:
    """Refuse what a rendered sample does not show, since its branch was not taken."""
    tree = environment.parse(source)
    for foreign in tree.find_all(_FOREIGN):
        raise _Refused("a template takes in no other file", foreign.lineno)
    unknown = meta.find_undeclared_variables(tree) - values.keys() - environment.globals.keys()
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            near = _near(name.name, values)
            raise _Refused(f"{name.name!r} is undefined{near}", name.lineno)
    for attribute in _attributes(tree):
        is_known = attribute.attr in fields | _OF_LOOPS or hasattr(str, attribute.attr)
        if not is_known or attribute.attr.startswith("_"):
            near = _near(attribute.attr, fields)
            raise _Refused(f"nothing has a {attribute.attr!r}{near}", attribute.lineno)


def _near(word: str, valid: Iterable[str]) -> str:
    found = difflib.get_close_matches(word, sorted(valid), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _attributes(tree: nodes.Template) -> Iterator[nodes.Getattr]:
    """Yield what is read of values, and not what the template keeps in a namespace of its own."""
    own = {reference.name for reference in tree.find_all(nodes.NSRef)}
    for attribute in tree.find_all(nodes.Getattr):
        if not (isinstance(attribute.node, nodes.Name) and attribute.node.name in own):
            yield attribute


def _line_of(error: BaseException, template: Template) -> int:
    """Return the line of the template that `error` comes from."""
    line = 1
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == template.filename:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


def _words(error: Exception) -> str:
    if isinstance(error, TemplateError):
        return error.message or type(error).__name__
    first = "".join(islice(str(error), 200)).partition("\n")[0]
    return f"{type(error).__name__}: {first}"


def _problem(words: str, line: int) -> dict[str, Any]:
    return {"error": words[:300], "line": line}


if __name__ == "__main__":
    main()
