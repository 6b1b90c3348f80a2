"""A secret is blanked in every form that somebody may repeat it in, and nothing else is."""

from __future__ import annotations

import base64
import json
import random
import string
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from iac_adapters.redaction.literals import literals_in
from iac_adapters.redaction.patterns import BLANK, without_secrets
from iac_adapters.redaction.recognise import secret_texts
from iac_adapters.redaction.redactor import Redactor, redactor_of
from iac_adapters.terraform.exact_json import exact_loads
from reconciler.domain.errors import PermanentError

WORD = 'p@ss "w0rd"/+<&>${x}'
PEM = """-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEA7bq9
0pQzXw5rT2yLk8vN
-----END RSA PRIVATE KEY-----
"""

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda word: json.dumps(word)[1:-1],
    "JSON within JSON": lambda word: json.dumps(json.dumps(word))[1:-1],
    "hex": lambda word: word.encode().hex(),
    "upper hex": lambda word: word.encode().hex().upper(),
    "base64": lambda word: base64.b64encode(word.encode()).decode(),
    "unpadded base64": lambda word: base64.b64encode(word.encode()).decode().rstrip("="),
    "URL-safe base64": lambda word: base64.urlsafe_b64encode(word.encode()).decode(),
    "URL": lambda word: quote(word, safe=""),
    "lower URL": lambda word: quote(word, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "form": quote_plus,
    "HCL": lambda word: word.replace('"', '\\"').replace("${", "$${"),
    "Go's JSON": lambda word: (
        json.dumps(word)[1:-1]
        .replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("word", [WORD, "hunter2", "Zq8-Zq8-Zq8", "päßwört-1", "q" * 40 + "Z9"])
def test_a_known_word_is_blanked_in_each_of_its_forms(word: str, form: str) -> None:
    said = FORMS[form](word)
    told = Redactor(frozenset({word})).without(f"the value [{said}] is not valid")
    assert said.rstrip("=")[1:-1] not in told
    assert told.startswith("the value [")
    assert told.endswith("] is not valid")


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
def test_a_word_within_longer_base64_is_blanked(before: int, after: int) -> None:
    text = base64.b64encode(b"x" * before + b"s3cret-canary" + b"y" * after).decode()
    told = Redactor(frozenset({"s3cret-canary"})).without(text)
    assert BLANK in told
    assert len(told.replace(BLANK, "").rstrip("=")) <= 4 + 2 * (before + after)


def test_each_line_of_a_key_is_blanked_by_itself() -> None:
    redactor = Redactor(frozenset(secret_texts(PEM)))
    assert redactor.without("cannot parse: 0pQzXw5rT2yLk8vN") == f"cannot parse: {BLANK}"
    assert redactor.without("-----BEGIN CERTIFICATE-----") == "-----BEGIN CERTIFICATE-----"


def test_parts_of_a_secret_are_secret() -> None:
    within = json.dumps({"db": {"password": "inner-s3cret"}, "port": 5432})
    address = "postgres://app:p%40ssw0rd@db.example/main"
    redactor = Redactor(frozenset([*secret_texts(within), *secret_texts(address)]))
    assert redactor.without("inner-s3cret, p%40ssw0rd, p@ssw0rd") == ", ".join([BLANK] * 3)


def test_a_word_that_was_cut_short_is_blanked() -> None:
    redactor = Redactor(frozenset({"kR8vN2mQ5xW9zT4pL7yJ3bH6"}))
    assert redactor.without('got "kR8vN2mQ5xW9zT4pL" (truncated)') == f'got "{BLANK}" (truncated)'
    assert redactor.without("and so on, kR8vN2m…") == f"and so on, {BLANK}…"
    assert redactor.without("kR8vN2mice") == "kR8vN2mice"


def test_common_and_short_words_are_blanked_only_where_they_stand_alone() -> None:
    redactor = Redactor(frozenset({"true", "admin", "pin4", "summer"}))
    kept = "it is true that the admin of summer/pin42 may not"
    assert redactor.without(kept) == kept
    assert redactor.without('got "pin4" and x=summer') == f'got "{BLANK}" and x={BLANK}'


def test_an_error_keeps_its_type_and_loses_its_secrets() -> None:
    error = PermanentError("bad value hunter2-x", remedy="change hunter2-x")
    told = Redactor(frozenset({"hunter2-x"})).error(error)
    assert told is error
    assert (str(told), told.remedy) == (f"bad value {BLANK}", f"change {BLANK}")


def test_variables_count_by_their_names() -> None:
    environment = {"DB_PASSWORD": "correct horse", "HOME": "/home/ann", "API_KEY": "k-1234567"}
    redactor = redactor_of((), environment)
    assert redactor.without("correct horse of /home/ann: k-1234567") == "*** of /home/ann: ***"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dial postgres://ann:hunter2@db/x", "dial postgres://***@db/x"),
        ('{"client_secret":"abc","id":7}', '{"client_secret":***,"id":7}'),
        ('db_password = "abc"', "db_password = ***"),
        ("https://x/y?access_token=abc&z=1", "https://x/y?access_token=***&z=1"),
        ("Authorization: Bearer abc123def456", "Authorization: Bearer ***"),
        ("key AKIAIOSFODNN7EXAMPLE refused", "key *** refused"),
        (f"unable to read {PEM}here", "unable to read ***\nhere"),
        (
            "POST https://hooks.slack.com/services/T0/B0/abc: 404",
            "POST https://hooks.slack.com/services/*** 404",
        ),
        ('"https://discord.com/api/webhooks/1/abc"', '"https://discord.com/api/webhooks/***"'),
        ("https://x.webhook.office.com/webhookb2/a@b", "https://x.webhook.office.com/***"),
        ("ExpiredToken: The security token is expired", None),
        ("the secret of success is basic knowledge", None),
        ("module.token_bucket.aws_vpc.main: not found", None),
    ],
)
def test_what_looks_like_a_credential_is_blanked(text: str, told: str | None) -> None:
    assert without_secrets(text) == (text if told is None else told)


def test_a_megabyte_and_thousands_of_secrets_are_one_pass() -> None:
    rng = random.Random(7)
    words = ["https://" + "".join(rng.choices(string.ascii_letters, k=24)) for _ in range(5000)]
    filler = "".join(rng.choices(string.ascii_letters + " ", k=1 << 20))
    text = f"{filler}{words[17]}{filler[:100]}{words[4242]}"
    told = Redactor(frozenset(words)).without(text)
    assert told == f"{filler}{BLANK}{filler[:100]}{BLANK}"


@pytest.mark.parametrize(
    "text",
    ["a." * (1 << 17) + "://", "token" + " " * (1 << 18), "http://" * (1 << 15), "-p" * (1 << 17)],
)
def test_no_long_text_takes_longer_than_its_length_explains(text: str) -> None:
    begun = time.thread_time()  # our own work, whatever else this machine does
    without_secrets(f"{text} secret")
    assert time.thread_time() - begun < 5


def test_the_directory_that_we_are_called_from_is_no_secret() -> None:
    redactor = redactor_of((), {"PWD": "/srv/infra/shop", "DB_PWD": "canary-of-the-database"})
    told = redactor.without("/srv/infra/shop: refused canary-of-the-database")
    assert told == "/srv/infra/shop: refused ***"


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "DB_PASSWORD", "value": "plainword"}]',
        '[{"value":"plainword","name":"DB_PASSWORD"}]',
        json.dumps('{"key": "API_TOKEN", "value": "plainword"}'),
    ],
)
def test_the_value_of_a_variable_that_is_named_beside_it_is_blanked(text: str) -> None:
    assert "plainword" not in without_secrets(text)


def test_a_variable_named_beside_a_value_is_shown_where_its_name_tells_nothing() -> None:
    text = '[{"name": "LOG_FORMAT", "value": "token"}]'
    assert without_secrets(text) == text


def test_a_function_that_looks_generated_is_no_secret_of_the_code() -> None:
    code = 'a = base64decode("x")\nb = 7fK29dLq81xZ\n'
    told = [literal.text for literal in literals_in(code, is_json=False)]
    assert "base64decode" not in told
    assert "7fK29dLq81xZ" in told


@pytest.mark.parametrize(
    "text", ["123456", "1234567.5", "12345678901234567890123", "0.1234567890123456789"]
)
def test_a_secret_number_is_blanked_to_its_last_digit(text: str) -> None:
    """A long one is read as a `Decimal`: it was no secret text at all."""
    number = exact_loads(text.encode())
    told = Redactor().and_also(secret_texts([number])).without(f"the value {text} is not valid")
    assert text not in told
