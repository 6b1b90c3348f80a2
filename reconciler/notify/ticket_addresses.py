"""From the `url` of a channel for tickets to the tracker it names.

`github://TOKEN@github.com/OWNER/REPO`, `gitlab://TOKEN@gitlab.com/GROUP/PROJECT`,
`jira://USER:TOKEN@HOST/PROJECT?type=Task` (`jira://TOKEN@HOST/PROJECT` on Data Center) and
`servicenow://USER:PASSWORD@HOST/incident?close_code=...`. `+http` behind the scheme goes to a
relay on this host. `labels=a,b` adds labels of your own.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, parse_qs, quote, unquote

from reconciler.domain.errors import PermanentError
from reconciler.domain.loopback import is_loopback
from reconciler.notify.http import Poster
from reconciler.notify.query_keys import problem_of_keys
from reconciler.notify.tracker import Tracker
from reconciler.notify.trackers import github
from reconciler.notify.trackers.calls import Calls, basic, bearer
from reconciler.notify.trackers.github import GitHubIssues
from reconciler.notify.trackers.gitlab import GitLabIssues
from reconciler.notify.trackers.jira import JiraIssues
from reconciler.notify.trackers.servicenow import ServiceNowRecords

TRACKERS: Final = ("github", "gitlab", "jira", "servicenow")
_FORMS: Final = {
    "github": "github://TOKEN@github.com/OWNER/REPO",
    "gitlab": "gitlab://TOKEN@gitlab.com/GROUP/PROJECT",
    "jira": "jira://USER:TOKEN@HOST/PROJECT",
    "servicenow": "servicenow://USER:PASSWORD@HOST/incident",
}
_PLACES: Final = {
    "github": re.compile(r"[\w.-]+/[\w.-]+"),
    "gitlab": re.compile(r"[\w.-]+(/[\w.-]+)+"),
    "jira": re.compile(r"[A-Z][A-Z0-9_]*"),
    "servicenow": re.compile(r"[a-z][a-z0-9_]*"),
}
_KEYS: Final = {
    "github": {"labels"},
    "gitlab": {"labels"},
    "jira": {"labels", "type"},
    "servicenow": {"close_code"},
}
_CLOSE_CODE: Final = "Solution provided"


def open_tracker(name: str, parts: SplitResult) -> Tracker:
    """Return what speaks with the tracker. Nothing is sent.

    Raises:
        PermanentError: the address says too little.
    """
    kind, _, relayed = parts.scheme.partition("+")
    place = unquote(parts.path.strip("/"))
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not parts.hostname or not user or not _PLACES[kind].fullmatch(place):
        raise _refused(name, "names no key, no host or no place for tickets", kind)
    if kind == "servicenow" and not password:
        raise _refused(name, "names no password", kind)
    if relayed and not is_loopback(parts.hostname):
        raise PermanentError(
            f"the `url` of channel {name} sends its key over the network unencrypted",
            remedy=f"write {_FORMS[kind]}, or name a relay on this host",
        )
    host = parts.netloc.rpartition("@")[2]
    site = f"{'http' if relayed else 'https'}://{host}"
    asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    problem = problem_of_keys(parts, _KEYS[kind])
    if problem is not None:
        raise _refused(name, problem, kind)
    labels = [label for label in asked.get("labels", "").split(",") if label]
    match kind:
        case "github":
            hosted = parts.hostname in ("github.com", "api.github.com")
            base = "https://api.github.com" if hosted else site
            path = f"{'' if hosted else '/api/v3'}/repos/{place}"
            headers = {**github.HEADERS, **bearer(user)}
            return GitHubIssues(Calls(Poster(name, base), path, headers), labels)
        case "gitlab":
            path = f"/api/v4/projects/{quote(place, safe='')}"
            return GitLabIssues(Calls(Poster(name, site), path, {"private-token": user}), labels)
        case "jira":
            headers = basic(user, password) if password else bearer(user)
            calls = Calls(Poster(name, site), "/rest/api/2", headers)
            type_name = asked.get("type", "Task")
            return JiraIssues(calls, site=site, project=place, type_name=type_name, labels=labels)
        case _:
            calls = Calls(Poster(name, site), f"/api/now/table/{place}", basic(user, password))
            close_code = asked.get("close_code", _CLOSE_CODE)
            return ServiceNowRecords(calls, site=site, table=place, close_code=close_code)


def _refused(name: str, problem: str, kind: str) -> PermanentError:
    # Not the address itself: it holds a key.
    return PermanentError(f"the `url` of channel {name} {problem}", remedy=f"write {_FORMS[kind]}")
