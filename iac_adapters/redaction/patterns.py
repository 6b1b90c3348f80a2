"""What looks like a credential, whoever it belongs to: blanked where nothing else is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

BLANK: Final = "***"
_TELLING: Final = re.compile(
    r"SECRET|TOKEN|PASSW|PWD\b|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|ACCOUNT_?KEY|PASSPHRASE"
    r"|AUTHORIZATION|CONNECTION_?STRING|USER_?DATA|CUSTOM_?DATA|SIGNING_?KEY|ENCRYPTION_?KEY"
    # Short words tell only where they end the name: `pass_through` and `auth_mode` are none.
    r"|LICENSE_?KEY|(^|[-_.])(PASS|PW|AUTH|COOKIE)$",
    re.IGNORECASE,
)
# What is said about a secret is none: when it expires, and what it is called.
_ABOUT: Final = re.compile(
    r"(ARN|NAME|TTL|VERSION|FILE|PATH|TYPE|ENABLED|LENGTH|ALGORITHM|EXPIR\w*|POLICY|URI|COUNT"
    r"|ROTATION|CHANGE)S?$",
    re.IGNORECASE,
)

_IN_ADDRESS: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/@\s\"']+@")
_ASSIGNED: Final = re.compile(
    r"(?i)\b(password|passwd|secret|secret_key|token|sslpassword)"
    r"(\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|\S+)"
)
# Names such as db_password or clientSecret; a bare word after a colon is prose more often.
# No prefix is matched: "[\w-]*token" takes quadratic time over a megabyte of base64.
_NAME: Final = (
    r"(?:password|passwd|passphrase|secret|token|api_?key|access_?key|account_?key|private_?key"
    r"|credential|authorization|x-api-key)[\w-]{0,40}"
)
_NAMED: Final = re.compile(
    rf"(?i)({_NAME}\\?[\"']?\s*(?:=>?|:)\s*)(\\?\"(?:[^\"\\]|\\[^\"])*\\?\"|'[^']*')"
)
_NAMED_BARE: Final = re.compile(rf"(?i)({_NAME}=)([^\s\"'&,;]+)")
_NAME_KEYS: Final = ("name", "Name", "key", "Key")
# The same in a text of JSON, whichever comes first; in a text within a text the quotes are escaped.
_PAIR: Final = re.compile(
    r"(?i)(\\?\"(?:name|key)\\?\"\s*:\s*\\?\"([\w.-]{1,80})\\?\"\s*,\s*\\?\"value\\?\"\s*:\s*)"
    r"(\\?\"(?:[^\"\\]|\\[^\"])*\\?\")"
)
_PAIR_TURNED: Final = re.compile(
    r"(?i)(\\?\"value\\?\"\s*:\s*)(\\?\"(?:[^\"\\]|\\[^\"])*\\?\")"
    r"(\s*,\s*\\?\"(?:name|key)\\?\"\s*:\s*\\?\"([\w.-]{1,80})\\?\")"
)
_PEM: Final = re.compile(
    r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL
)
_HEADER: Final = re.compile(
    r"(?i)\b(Bearer|Basic|Digest|ApiKey|AWS4-HMAC-SHA256)(\s+)(?=\S{0,200}[\d=+/_])[\w.~+/=:-]{8,}"
)
# `mysql --password X`, `curl -u admin:X`, `mysql -pX`: the option tells, its argument is secret.
_OPTION: Final = re.compile(
    r"(?i)(?<![\w-])(--(?:password|passwd|pass|secret|token|api-key)[= ]\s*)(?!\*)(\S+)"
)
_LOGIN: Final = re.compile(r"(?<![\w-])((?:-u|--user)[= ]?\s*[^\s:\"']{1,80}:)(?!\*)([^\s\"']+)")
_MYSQL: Final = re.compile(r"(\bmysql\w*\b[^\n|;&]{0,200}?\s-p)(?![\s*])([^\s\"']+)")
_KNOWN_FORMATS: Final = re.compile(
    r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abposr]-[\w-]{10,}"
    r"|sk_(?:live|test)_\w{10,}|hvs\.[\w-]{16,}|pul-[0-9a-f]{32,}|dop_v1_[0-9a-f]{32,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)


@lru_cache(maxsize=8192)
def is_telling(name: str) -> bool:
    """Whether the value of a variable, an argument or a header of that name is secret."""
    return bool(_TELLING.search(name)) and not _ABOUT.search(name)


def names_a_secret(pair: Mapping[str, object]) -> bool:
    """Whether `pair` names a variable and holds its value, and the name tells that it is secret.

    So the environment of a container is written: `{"name": "DB_PASSWORD", "value": "..."}`.
    """
    names = (pair.get(key) for key in _NAME_KEYS)
    return "value" in pair and any(isinstance(one, str) and is_telling(one) for one in names)


_HINT: Final = re.compile(
    r"://|(?i:passw|passphrase|secret|token|api_?key|access_?key|account_?key|private|credential"
    r"|authorization|bearer|basic|digest|-key\b)|AKIA|ASIA|AWS4|gh[opsur]_|github_pat|glpat|xox"
    r"|sk_|hvs\.|pul-|dop_|eyJ|--pass|(?<!\w)-u|--user|mysql"
)


def without_secrets(text: str) -> str:
    """Blank what looks like a credential: in addresses, assignments, headers, keys and tokens."""
    if not _HINT.search(text):
        return text
    text = _PEM.sub(BLANK, text)
    text = _IN_ADDRESS.sub(rf"\1{BLANK}@", text)
    text = _PAIR.sub(lambda m: f"{m[1]}{BLANK}" if is_telling(m[2]) else m[0], text)
    text = _PAIR_TURNED.sub(lambda m: f"{m[1]}{BLANK}{m[3]}" if is_telling(m[4]) else m[0], text)
    text = _NAMED.sub(rf"\1{BLANK}", text)
    text = _NAMED_BARE.sub(rf"\1{BLANK}", text)
    text = _ASSIGNED.sub(rf"\1\2{BLANK}", text)
    text = _OPTION.sub(rf"\1{BLANK}", text)
    text = _LOGIN.sub(rf"\1{BLANK}", text)
    text = _MYSQL.sub(rf"\1{BLANK}", text)
    text = _HEADER.sub(rf"\1\2{BLANK}", text)
    return _KNOWN_FORMATS.sub(BLANK, text)
