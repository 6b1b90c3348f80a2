"""A process of ours that answers: started when it is asked, ended at rest, never half there."""

from __future__ import annotations

import asyncio

import pytest

from reconciler import own_processes
from reconciler.own_processes import AnsweringProcess

_ECHO = (
    "import os\nfor line in sys.stdin.buffer:"
    " sys.stdout.buffer.write(b'%d %s' % (os.getpid(), line)); sys.stdout.flush()"
)


async def answer_of(process: AnsweringProcess, question: bytes) -> tuple[int, bytes]:
    questions, answers = await process.started()
    questions.write(question)
    await questions.drain()
    pid, said = (await answers.readline()).split(maxsplit=1)
    return int(pid), said


async def test_a_question_right_after_the_rest_is_answered_by_another_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_processes, "_IDLE_S", 0.0)
    process = AnsweringProcess(_ECHO)
    first, said = await answer_of(process, b"one\n")
    assert said == b"one\n"
    process.rest()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second, said = await answer_of(process, b"two\n")
    assert said == b"two\n"
    assert first != second
    await process.end()


async def test_it_is_kept_while_it_is_asked_and_ended_for_good() -> None:
    process = AnsweringProcess(_ECHO)
    first, _ = await answer_of(process, b"one\n")
    process.rest()
    assert (await answer_of(process, b"two\n"))[0] == first
    assert await process.end() < 0
    assert await process.end() == 0
    assert (await answer_of(process, b"three\n"))[0] != first
    await process.end()


async def test_one_that_ended_by_itself_says_how() -> None:
    process = AnsweringProcess("sys.exit(3)")
    _, answers = await process.started()
    assert await answers.readline() == b""
    assert await process.end() == 3
