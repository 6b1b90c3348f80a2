"""What looks like a credential, whoever it belongs to: blanked where nothing else is known."""

from __future__ import annotations

import re
from typing import Final

from reconciler.domain.secret_names import is_telling

BLANK: Final = "***"
_IN_ADDRESS: Final = re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://)[^/@\s\"']+@")
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
# The path is the password: whoever knows it may post.
_WEBHOOK: Final = re.compile(
    r"(?i)(\bhttps://(?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)"
    r"|(?:\w+\.)?discord(?:app)?\.com/api(?:/v\d+)?/webhooks|[\w.-]+\.webhook\.office\.com"
    r"|outlook\.office(?:365)?\.com/webhook|events\.pagerduty\.com/integration"
    r"|[\w.-]+\.logic\.azure\.com(?::443)?/workflows|hooks\.zapier\.com/hooks"
    r"|chat\.googleapis\.com/v1/spaces|api\.telegram\.org)/)[^\s\"'<>]+"
)
_KNOWN_FORMATS: Final = re.compile(
    r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abposr]-[\w-]{10,}"
    r"|sk_(?:live|test)_\w{10,}|hvs\.[\w-]{16,}|pul-[0-9a-f]{32,}|dop_v1_[0-9a-f]{32,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)


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
    text = _WEBHOOK.sub(rf"\1{BLANK}", text)
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
