"""What is refused, how, and that nothing of it is left."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from reconciler.domain.errors import (
    ConflictError,
    InDoubtError,
    InvalidError,
    NotFoundError,
    PermanentError,
    ReconcilerError,
    RetryableError,
    StorageError,
)
from tests.api.desk import V1, Desk

JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}
TEMPLATES = f"{V1}/templates"


def problem_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    type_: str = body["type"]
    return type_.removeprefix("urn:trueup:problem:")


BAD_BODIES: list[tuple[str, bytes, int, str]] = [
    ("nothing", b"", 422, "invalid-request"),
    ("no JSON", b"{", 400, "not-json"),
    ("bad UTF-8", b'{"resource_type": "\xff"}', 400, "not-utf-8"),
    ("a byte order mark", b"\xef\xbb\xbf{}", 400, "not-json"),
    ("a list", b"[]", 422, "invalid-request"),
    ("a key twice", b'{"name": "a", "name": "b"}', 422, "duplicate-key"),
    ("NaN", b'{"a": NaN}', 400, "not-json"),
    ("an infinity", b'{"a": -Infinity}', 400, "not-json"),
    ("an infinity by overflow", b'{"a": 1e999}', 422, "number-out-of-range"),
    ("an integer beyond 64 bits", b'{"a": 9223372036854775808}', 422, "number-out-of-range"),
    ("an integer of 5000 digits", b'{"a": ' + b"9" * 5000 + b"}", 422, "number-out-of-range"),
    ("33 levels", b'{"a":' * 33 + b"1" + b"}" * 33, 422, "too-deep"),
    ("100,000 levels", b"[" * 100_000 + b"]" * 100_000, 422, "too-deep"),
    ("NUL", b'{"name": "a\\u0000b"}', 422, "unfit-text"),
    ("NUL in a key", b'{"a\\u0000b": 1}', 422, "unfit-text"),
    ("half a character", b'{"name": "\\ud800"}', 422, "unfit-text"),
    ("a key of its own", b'{"colour": 1}', 422, "invalid-request"),
    ("text for an object", b'{"resource_type": "t", "template_definition": "x"}', 422,
     "invalid-request"),
]  # fmt: skip
BAD_YAML: list[tuple[str, bytes, int, str]] = [
    ("no YAML", b"a: [", 400, "not-yaml"),
    ("two documents", b"a: 1\n---\nb: 2\n", 400, "not-yaml"),
    ("bad UTF-8", b"a: \xff", 400, "not-utf-8"),
    ("an alias", b"a: &x 1\nb: *x\n", 422, "yaml-alias"),
    ("an anchor alone", b"a: &x 1\n", 422, "yaml-alias"),
    ("a tag that runs code", b"!!python/object/apply:os.system ['true']", 400, "not-yaml"),
    ("a set", b"a: !!set {x}\n", 422, "unfit-yaml"),
    ("a key twice", b"a: 1\na: 2\n", 422, "duplicate-key"),
    ("a number for a key", b"1: x\n", 422, "unfit-yaml"),
    ("a list for a key", b"? [1]\n: x\n", 400, "not-yaml"),
    ("infinity", b"a: .inf\n", 422, "number-out-of-range"),
    ("33 levels", b"[" * 33 + b"]" * 33, 422, "too-deep"),
    ("50,000 levels", b"[" * 50_000, 422, "too-deep"),
]


@pytest.mark.parametrize(("what", "body", "status", "problem"), BAD_BODIES)
async def test_a_bad_body_is_refused_by_name(
    desk: Desk, what: str, body: bytes, status: int, problem: str
) -> None:
    answer = await desk.admin.post(TEMPLATES, content=body, headers=JSON)
    assert (answer.status_code, problem_of(answer)) == (status, problem), what
    assert (await desk.admin.get(TEMPLATES)).json()["items"] == []


@pytest.mark.parametrize(("what", "body", "status", "problem"), BAD_YAML)
async def test_a_bad_yaml_body_is_refused_by_name(
    desk: Desk, what: str, body: bytes, status: int, problem: str
) -> None:
    answer = await desk.admin.post(TEMPLATES, content=body, headers=YAML)
    assert (answer.status_code, problem_of(answer)) == (status, problem), what


async def test_32_levels_are_taken(desk: Desk) -> None:
    deep: Any = 1
    for _ in range(30):
        deep = {"a": deep}
    body = {"resource_type": "t", "template_definition": deep}
    answer = await desk.admin.post(TEMPLATES, json=body)
    assert answer.status_code == 201
    assert answer.json()["template_definition"] == deep


async def test_a_template_in_yaml_is_the_one_in_json(desk: Desk) -> None:
    text = b"""
resource_type: aws_security_group
applies_to: ["web/*"]
template_definition:
  made: 2026-05-01
  at: 2026-05-01T10:00:00Z
  on: true
  ports: [443, 8443]
  text: "0123"
"""
    answer = await desk.admin.post(TEMPLATES, content=text, headers=YAML)
    assert answer.status_code == 201
    made = answer.json()
    assert made["template_definition"]["made"] == "2026-05-01"
    assert made["template_definition"]["at"] == "2026-05-01T10:00:00Z"
    assert made["template_definition"]["ports"] == [443, 8443]
    assert (await desk.viewer.get(answer.headers["location"])).json() == made


async def test_yaml_is_for_templates_only(desk: Desk) -> None:
    answer = await desk.operator.post(f"{V1}/hold", content=b"reason: x", headers=YAML)
    assert (answer.status_code, problem_of(answer)) == (415, "unsupported-media-type")


async def test_a_form_is_not_taken(desk: Desk) -> None:
    answer = await desk.admin.post(TEMPLATES, data={"name": "x"})
    assert (answer.status_code, problem_of(answer)) == (415, "unsupported-media-type")


async def test_a_compressed_body_is_not_taken(desk: Desk) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}
    answer = await desk.admin.post(TEMPLATES, content=gzip.compress(b"{}"), headers=headers)
    assert (answer.status_code, problem_of(answer)) == (415, "compressed")


@pytest.mark.parametrize(("path", "size"), [("/templates", 2**20), ("/drift/reports", 2**22)])
async def test_a_body_has_its_largest_size(desk: Desk, path: str, size: int) -> None:
    fits = b'"' + b"x" * (size - 2) + b'"'
    answer = await desk.admin.post(V1 + path, content=fits, headers=JSON)
    assert answer.status_code == 422
    answer = await desk.admin.post(V1 + path, content=fits + b" ", headers=JSON)
    assert (answer.status_code, problem_of(answer)) == (413, "body-too-large")


async def test_a_body_that_does_not_say_its_size_is_counted(desk: Desk) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 2**18

    answer = await desk.admin.post(TEMPLATES, content=endless(), headers=JSON)
    assert (answer.status_code, problem_of(answer)) == (413, "body-too-large")


async def test_headers_have_their_largest_size(desk: Desk) -> None:
    answer = await desk.admin.get(TEMPLATES, headers={"X-Long": "x" * 17_000})
    assert (answer.status_code, problem_of(answer)) == (431, "headers-too-large")


@pytest.mark.parametrize("path", ["/templates/a%00b", "/stacks/%00", "/findings?filter=%00"])
async def test_nul_in_an_address_is_refused(desk: Desk, path: str) -> None:
    answer = await desk.admin.get(V1 + path)
    assert (answer.status_code, problem_of(answer)) == (400, "unfit-text")


async def test_an_unknown_path_is_a_problem_document(desk: Desk) -> None:
    answer = await desk.admin.get(f"{V1}/nothing")
    assert (answer.status_code, problem_of(answer)) == (404, "not-found")


async def test_a_wrong_method_names_the_right_ones(desk: Desk) -> None:
    answer = await desk.admin.patch(f"{TEMPLATES}/x")
    assert (answer.status_code, problem_of(answer)) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET, PUT"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "query.limit"),
        ("limit=501", "query.limit"),
        ("limit=many", "query.limit"),
        ("colour=red", "query.colour"),
    ],
)
async def test_a_wrong_query_names_its_field(desk: Desk, query: str, field: str) -> None:
    answer = await desk.viewer.get(f"{V1}/findings?{query}")
    assert (answer.status_code, problem_of(answer)) == (422, "invalid-request")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_refused_field_is_not_repeated(desk: Desk) -> None:
    body = {"name": "n", "role": "canary-7f3a", "expires_in": "canary-7f3a"}
    answer = await desk.admin.post(f"{V1}/tokens", json=body)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {
        "body.role",
        "body.expires_in",
    }
    assert "canary" not in answer.text.replace("canary-7f3a' is not a duration", "")


@pytest.mark.parametrize("cursor", ["x", "!!", "AAAA", "a" * 1999])
@pytest.mark.parametrize(
    "path", ["/findings", "/stacks", "/templates", "/audit", "/runs", "/drift/reports", "/tokens"]
)
async def test_a_cursor_of_nobody_is_refused_or_an_end(desk: Desk, path: str, cursor: str) -> None:
    answer = await desk.admin.get(V1 + path, params={"cursor": cursor})
    if answer.status_code != 200:
        assert (answer.status_code, problem_of(answer)) == (422, "invalid")


EVERY_ERROR: list[tuple[ReconcilerError, int, str]] = [
    (NotFoundError("x"), 404, "not-found"),
    (ConflictError("x", code="stack-busy"), 409, "stack-busy"),
    (InvalidError("x"), 422, "invalid"),
    (StorageError("x", remedy="free the disk"), 503, "storage"),
    (RetryableError("x"), 503, "try-again"),
    (PermanentError("x"), 422, "cannot-be-done"),
    (InDoubtError("x"), 409, "in-doubt"),
]


@pytest.mark.parametrize(("error", "status", "problem"), EVERY_ERROR)
async def test_an_error_of_the_engine_becomes_its_status(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: ReconcilerError, status: int, problem: str
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("reconciler.api.resources.stacks.plan_stack", fail)
    answer = await desk.operator.post(f"{V1}/stacks/shop/plan")
    assert (answer.status_code, problem_of(answer)) == (status, problem)
    assert ("retry-after" in answer.headers) is (status == 503)
    assert answer.json().get("remedy") == error.remedy


async def test_a_defect_tells_nothing_of_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise KeyError("canary-7f3a")

    monkeypatch.setattr("reconciler.api.resources.stacks.plan_stack", fail)
    answer = await desk.operator.post(f"{V1}/stacks/shop/plan")
    assert (answer.status_code, problem_of(answer)) == (500, "internal-error")
    assert "canary" not in answer.text
    told = capsys.readouterr()
    assert "canary" not in told.out + told.err


@pytest.mark.parametrize("path", ["/healthz", f"{V1}/stacks", f"{V1}/nothing", "/metrics"])
async def test_every_answer_carries_the_security_headers(desk: Desk, path: str) -> None:
    answer = await desk.viewer.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_key_that_is_unknown_is_told_with_those_that_are_known(desk: Desk) -> None:
    answer = await desk.viewer.get(f"{V1}/runs?stak=web")
    (problem,) = answer.json()["errors"]
    assert problem["field"] == "query.stak"
    assert problem["message"] == (
        "unknown parameter stak; known: cursor, limit, remediation_id, stack"
    )
    answer = await desk.admin.post(f"{V1}/hold", json={"stak": "web"})
    (problem,) = answer.json()["errors"]
    assert problem["message"] == "unknown key stak; known: address, reason, stack, until"
