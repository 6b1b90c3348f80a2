"""Trackers of tickets: GitHub, GitLab, Jira and ServiceNow, as strict as the services.

Each takes its key in its own way, asks for the fields that it needs, refuses the changes of state
that its workflow does not have, and keeps every ticket and comment.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from tests.receivers.http import Answer


class RefusedError(Exception):
    """The service answers with a status of its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Issue:
    number: int
    title: str
    text: str
    labels: list[str] = field(default_factory=list)
    is_open: bool = True
    comments: list[str] = field(default_factory=list)
    changed: int = 0
    was_closed: int = 0


_LONGEST_ON_GITHUB, _LONGEST_IN_JIRA, _LONGEST_IN_SERVICENOW = 65_536, 32_767, 4_000


def checked_length(text: str, longest: int, status: int) -> None:
    if len(text.encode("utf-16-le")) // 2 > longest:
        raise RefusedError(status, f"is too long (maximum is {longest} characters)")


class Desk(Protocol):
    """What a test asks of a tracker."""

    key: str
    issues: list[Issue]
    calls: list[tuple[str, str]]

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


@dataclass
class _Desk:
    """What all four have in common: they read JSON, count calls and answer JSON."""

    key: str = "desk-CANARY"
    issues: list[Issue] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    site: str = "github.example"

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        method = headers[":method"]
        self.calls.append((method, parts.path))
        try:
            self.check_key(headers)
            given = json.loads(body) if body else {}
            status, answer = self.answer(method, parts.path, query, given)
        except RefusedError as refused:
            status, answer = refused.status, {"message": str(refused)}
        return status, {}, b"" if answer is None else json.dumps(answer).encode()

    def check_key(self, headers: Mapping[str, str]) -> None:
        raise NotImplementedError

    def answer(
        self, method: str, path: str, query: Mapping[str, str], given: Mapping[str, Any]
    ) -> tuple[int, Any]:
        raise NotImplementedError

    def make(self, title: str, text: str, labels: list[str]) -> Issue:
        if not title or not isinstance(title, str):
            raise RefusedError(422, "title is missing")
        issue = Issue(len(self.issues) + 1, title, text, labels)
        self.issues.append(issue)
        self.touch(issue)
        return issue

    def touch(self, issue: Issue) -> None:
        issue.changed = len(self.calls)

    def move(self, issue: Issue, *, is_open: bool) -> None:
        issue.was_closed += issue.is_open and not is_open
        issue.is_open = is_open
        self.touch(issue)

    def number(self, number: str) -> Issue:
        if not number.isdecimal() or not 0 < int(number) <= len(self.issues):
            raise RefusedError(404, "Not Found")
        return self.issues[int(number) - 1]

    def newest_changed(self) -> list[Issue]:
        return sorted(self.issues, key=lambda issue: issue.changed, reverse=True)

    def matching(self, query: Mapping[str, str], *, open_word: str) -> list[dict[str, Any]]:
        return [
            self.shown(issue)
            for issue in self.newest_changed()
            if query["labels"] in issue.labels
            and query["state"] in ("all", open_word if issue.is_open else "closed")
        ]

    def shown(self, issue: Issue) -> dict[str, Any]:
        raise NotImplementedError


def paged(items: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    page, size = int(query["page"]), int(query["per_page"])
    return items[(page - 1) * size : page * size]


@dataclass
class GitHubDesk(_Desk):
    """`/repos/acme/infra/issues`, at a host of its own."""

    def check_key(self, headers: Mapping[str, str]) -> None:
        if headers.get("authorization") != f"Bearer {self.key}":
            raise RefusedError(401, "Bad credentials")
        if "user-agent" not in headers:
            raise RefusedError(403, "Request forbidden by administrative rules")

    def answer(
        self, method: str, path: str, query: Mapping[str, str], given: Mapping[str, Any]
    ) -> tuple[int, Any]:
        found = re.fullmatch(r"/api/v3/repos/acme/infra/issues(?:/(\w+)(/comments)?)?", path)
        if found is None:
            raise RefusedError(404, "Not Found")
        number, comments = found.groups()
        checked_length(given.get("body", ""), _LONGEST_ON_GITHUB, 422)
        if number is None and method == "GET":
            return 200, paged(self.matching(query, open_word="open"), query)
        if number is None:
            return 201, self.shown(self.make(given["title"], given["body"], given["labels"]))
        issue = self.number(number)
        if comments and method == "POST":
            issue.comments.append(given["body"])
            self.touch(issue)
            return 201, {}
        if comments:
            return 200, paged([{"body": text} for text in issue.comments], query)
        if method == "PATCH":
            reasons = {"open": "reopened", "closed": "completed"}
            if "state" in given and given["state_reason"] != reasons.get(given["state"]):
                raise RefusedError(422, "state_reason")
            issue.title = given.get("title", issue.title)
            issue.text = given.get("body", issue.text)
            self.move(issue, is_open=given.get("state", self.state(issue)) == "open")
        return 200, self.shown(issue)

    def state(self, issue: Issue) -> str:
        return "open" if issue.is_open else "closed"

    def shown(self, issue: Issue) -> dict[str, Any]:
        return {
            "number": issue.number,
            "title": issue.title,
            "body": issue.text,
            "state": self.state(issue),
            "html_url": f"https://{self.site}/acme/infra/issues/{issue.number}",
        }


@dataclass
class GitLabDesk(_Desk):
    """`/projects/acme%2Finfra/issues`."""

    def check_key(self, headers: Mapping[str, str]) -> None:
        if headers.get("private-token") != self.key:
            raise RefusedError(401, "401 Unauthorized")

    def answer(
        self, method: str, path: str, query: Mapping[str, str], given: Mapping[str, Any]
    ) -> tuple[int, Any]:
        found = re.fullmatch(r"/api/v4/projects/acme%2Finfra/issues(?:/(\w+)(/notes)?)?", path)
        if found is None:
            raise RefusedError(404, "404 Project Not Found")
        number, notes = found.groups()
        if number is None and method == "GET":
            return 200, paged(self.matching(query, open_word="opened"), query)
        if number is None:
            labels = given["labels"].split(",")
            return 201, self.shown(self.make(given["title"], given["description"], labels))
        issue = self.number(number)
        if notes and method == "POST":
            # A line that begins with / outside of a block is a command.
            if re.search(
                r"^/(close|assign|label)", re.sub(r"(?s)```.*?```", "", given["body"]), re.MULTILINE
            ):
                self.move(issue, is_open=False)
            issue.comments.append(given["body"])
            self.touch(issue)
            return 201, {}
        if notes:
            return 200, [{"body": text} for text in reversed(issue.comments)]
        if method == "PUT":
            issue.title = given.get("title", issue.title)
            issue.text = given.get("description", issue.text)
            event = given.get("state_event")
            if event not in (None, "close", "reopen"):
                raise RefusedError(400, "state_event does not have a valid value")
            self.move(issue, is_open=issue.is_open if event is None else event == "reopen")
        return 200, self.shown(issue)

    def shown(self, issue: Issue) -> dict[str, Any]:
        return {
            "iid": issue.number,
            "title": issue.title,
            "description": issue.text,
            "state": "opened" if issue.is_open else "closed",
            "web_url": f"https://{self.site}/acme/infra/-/issues/{issue.number}",
        }


@dataclass
class JiraDesk(_Desk):
    """Project OPS. Cloud by default; `older` has the address of a search that Cloud took away."""

    user: str = "ana@example.com"
    older: bool = False

    def check_key(self, headers: Mapping[str, str]) -> None:
        both = base64.b64encode(f"{self.user}:{self.key}".encode()).decode()
        if headers.get("authorization") != f"Basic {both}":
            raise RefusedError(401, "Client must be authenticated to access this resource.")

    def answer(
        self, method: str, path: str, query: Mapping[str, str], given: Mapping[str, Any]
    ) -> tuple[int, Any]:
        found = re.fullmatch(r"/rest/api/2/(\S+)", path)
        place = found.group(1) if found else ""
        assert query.get("notifyUsers", "false") == "false"
        if place == ("search" if self.older else "search/jql") and method == "POST":
            return 200, {"issues": self.searched(given)}
        if place == "search":
            raise RefusedError(410, "The requested API has been removed.")
        if place == "issue" and method == "POST":
            return 201, {"key": f"OPS-{self.created(given['fields']).number}"}
        named = re.fullmatch(r"issue/OPS-(\d+)(?:/(comment|transitions))?", place)
        if named is None:
            raise RefusedError(404, "Issue does not exist or you do not have permission to see it.")
        issue = self.number(named.group(1))
        written = given.get("fields", {}).get("description", given.get("body", ""))
        checked_length(written, _LONGEST_IN_JIRA, 400)
        match method, named.group(2):
            case "GET", None:
                return 200, self.shown(issue)
            case "PUT", None:
                issue.title = given["fields"]["summary"]
                issue.text = given["fields"]["description"]
                added = [change["add"] for change in given["update"]["labels"]]
                issue.labels = sorted({*issue.labels, *added})
                self.touch(issue)
                return 204, None
            case "GET", "comment":
                return 200, {"comments": [{"body": text} for text in reversed(issue.comments)]}
            case "POST", "comment":
                issue.comments.append(given["body"])
                return 201, {}
            case "GET", "transitions":
                return 200, {"transitions": self.transitions(issue)}
            case _:
                self.transit(issue, given)
                return 204, None

    def created(self, fields: Mapping[str, Any]) -> Issue:
        if fields["project"] != {"key": "OPS"} or fields["issuetype"] != {"name": "Task"}:
            raise RefusedError(400, "valid project is required")
        if len(fields["summary"]) > 255 or "\n" in fields["summary"]:
            raise RefusedError(400, "Summary must be less than 255 characters.")
        checked_length(fields["description"], _LONGEST_IN_JIRA, 400)
        if any(" " in label for label in fields["labels"]):
            raise RefusedError(400, "The label can't contain spaces.")
        return self.make(fields["summary"], fields["description"], fields["labels"])

    def searched(self, given: Mapping[str, Any]) -> list[Any]:
        asked = re.fullmatch(
            r'project = "OPS" AND labels = "([^"]+)"( AND statusCategory != Done)?'
            r" ORDER BY created DESC",
            given["jql"],
        )
        if asked is None or not given["fields"]:
            raise RefusedError(400, "Error in the JQL Query")
        label, only_open = asked.groups()
        wanted = [
            self.shown(issue)
            for issue in reversed(self.issues)
            if label in issue.labels and (issue.is_open or not only_open)
        ]
        page = 5_000 if set(given["fields"]) <= {"id", "key"} else 100
        return wanted[: min(given["maxResults"], page)]

    def transitions(self, issue: Issue) -> list[dict[str, Any]]:
        if not issue.is_open:
            return [{"id": "3", "to": {"statusCategory": {"key": "new"}}, "fields": {}}]
        resolution = {"required": True, "allowedValues": [{"id": "10000", "name": "Done"}]}
        return [
            {"id": "11", "to": {"statusCategory": {"key": "indeterminate"}}, "fields": {}},
            {"id": "31", "to": {"statusCategory": {"key": "done"}},
             "fields": {"resolution": resolution}},
        ]  # fmt: skip

    def transit(self, issue: Issue, given: Mapping[str, Any]) -> None:
        known = {one["id"]: one for one in self.transitions(issue)}
        chosen = known.get(given["transition"]["id"])
        if chosen is None:
            raise RefusedError(
                400, "It seems that you have tried to perform an illegal workflow operation."
            )
        if chosen["fields"] and given.get("fields", {}).get("resolution") != {"id": "10000"}:
            raise RefusedError(400, "Resolution is required.")
        self.move(issue, is_open=chosen["to"]["statusCategory"]["key"] != "done")

    def shown(self, issue: Issue) -> dict[str, Any]:
        category = "new" if issue.is_open else "done"
        return {
            "key": f"OPS-{issue.number}",
            "fields": {
                "summary": issue.title,
                "description": issue.text,
                "status": {"statusCategory": {"key": category}},
            },
        }


@dataclass
class ServiceNowDesk(_Desk):
    """The table `incident`: resolving needs a code and notes."""

    user: str = "trueup"
    found_by: dict[int, str] = field(default_factory=dict)

    def check_key(self, headers: Mapping[str, str]) -> None:
        both = base64.b64encode(f"{self.user}:{self.key}".encode()).decode()
        if headers.get("authorization") != f"Basic {both}":
            raise RefusedError(401, "User Not Authenticated")

    def answer(
        self, method: str, path: str, query: Mapping[str, str], given: Mapping[str, Any]
    ) -> tuple[int, Any]:
        found = re.fullmatch(r"/api/now/table/incident(?:/(\w+))?", path)
        if found is None:
            raise RefusedError(404, "Invalid table")
        number = found.group(1)
        if number is None and method == "GET":
            return 200, {"result": self.searched(query)}
        if number is None:
            issue = self.make(given["short_description"], given["description"], ["trueup"])
            self.changed(issue, given)
            return 201, {"result": self.shown(issue)}
        issue = self.number(number)
        if method == "PATCH":
            self.changed(issue, given)
        if query.get("sysparm_fields") == "work_notes":
            # The display value of a journal is all of it, newest first.
            notes = "\n\n".join(reversed(issue.comments))
            shown = notes if query.get("sysparm_display_value") == "true" else ""
            return 200, {"result": {"work_notes": shown}}
        return 200, {"result": self.shown(issue)}

    def changed(self, issue: Issue, given: Mapping[str, Any]) -> None:
        state = given.get("state")
        if state == "6" and not (given.get("close_code") and given.get("close_notes")):
            raise RefusedError(403, "Data Policy Exception: Close code, Close notes are mandatory")
        if len(given.get("short_description", "")) > 160 or given.get("urgency", "1") not in "123":
            raise RefusedError(400, "too long, or no such urgency")
        if len(given.get("correlation_id", "")) > 100:
            raise RefusedError(400, "correlation_id is cut")
        self.found_by[issue.number] = given.get(
            "correlation_id", self.found_by.get(issue.number, "")
        )
        issue.title = given.get("short_description", issue.title)
        # Longer text is cut without a word.
        issue.text = given.get("description", issue.text)[:_LONGEST_IN_SERVICENOW]
        if "work_notes" in given:
            issue.comments.append(given["work_notes"])
        self.move(issue, is_open=issue.is_open if state is None else state not in ("6", "7", "8"))

    def searched(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        asked = unquote(query["sysparm_query"])
        by_mark = re.fullmatch(r"correlation_idLIKE(\S+)\^ORDERBYDESCsys_created_on", asked)
        if by_mark is not None:
            wanted = [
                issue
                for issue in reversed(self.issues)
                if by_mark.group(1) in self.found_by.get(issue.number, "")
            ]
        elif asked == "correlation_display=trueup^stateNOT IN6,7,8":
            wanted = [issue for issue in self.issues if issue.is_open]
        else:
            raise RefusedError(400, "Invalid query")
        return [self.shown(issue) for issue in wanted][: int(query["sysparm_limit"])]

    def shown(self, issue: Issue) -> dict[str, Any]:
        return {
            "sys_id": str(issue.number),
            "number": f"INC{issue.number:07}",
            "state": "1" if issue.is_open else "6",
            "short_description": issue.title,
            "description": issue.text,
            "correlation_id": self.found_by.get(issue.number, ""),
        }
