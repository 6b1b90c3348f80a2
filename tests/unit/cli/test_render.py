from __future__ import annotations

import json
from dataclasses import replace
from unittest.mock import ANY

from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.differences import focused, shown
from reconciler.cli.folding import folded
from reconciler.cli.paint import Paint
from reconciler.cli.render import report_lines
from reconciler.cli.totals import fleet_line
from reconciler.domain.model import (
    Change,
    Drifted,
    InSync,
    Missing,
    Noise,
    NoiseItem,
    NotApplicable,
    Origin,
    StackReport,
    Unreadable,
    Verdict,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import UNKNOWN, Sensitive, Value
from reconciler.wire.scan import json_bytes, scan_object
from tests.fakes import recorded
from tests.unit.domain.test_report import report_of

NARROW = Paint(colour=False, width=80)
OUT = Origin.OUT_OF_BAND


def changed(path: str, before: Value, live: Value, **more: object) -> Change:
    return replace(Change(AttributePath(path), before, before, live, OUT), **more)  # type: ignore[arg-type]


def text_of(*changes: Change, paint: Paint = NARROW) -> str:
    return "\n".join(report_lines(report_of([("aws_sqs_queue.a", Drifted(changes))]), paint=paint))


def everything() -> StackReport:
    long = "arn:aws:iam::123456789012:role/" + "x" * 200
    seen: list[tuple[str, Verdict]] = [
        ('module.net["eu"].aws_security_group.web', Drifted((changed("tags", {"a": long}, {}),))),
        ("aws_sqs_queue.q", Drifted((changed("policy", long, long + "y"),))),
        ("aws_sqs_queue.u", Unreadable("denied " * 40)),
        ("aws_sqs_queue.n", Noise((NoiseItem(AttributePath("etag"), "computed"),))),
        ("aws_sqs_queue.gone", Missing()),
    ]
    return report_of(seen)


def test_values_are_shown_from_recorded_to_live_when_the_code_agrees() -> None:
    assert "visibility_timeout_seconds  45 -> 99 (live)" in text_of(
        changed("visibility_timeout_seconds", 45, 99)
    )


def test_three_differing_values_are_all_shown() -> None:
    text = text_of(changed("size", 2, 3, declared=1, origin=Origin.BOTH))
    assert "declared 1  recorded 2  live 3" in text


def test_code_that_waits_reads_from_live_to_declared() -> None:
    text = text_of(changed("size", 7, 7, declared=14, origin=Origin.UNAPPLIED))
    assert "size  7 -> 14 (declared, not applied)" in text


def test_a_policy_is_looked_into() -> None:
    first = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "arn:x"}]})
    second = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*"}]})
    text = text_of(changed("policy", first, second))
    assert 'policy.Statement[0].Principal  "arn:x" -> "*" (live)' in text


def test_only_the_element_that_came_is_shown() -> None:
    text = text_of(changed("cidr_blocks", ["10.0.0.0/8"], ["0.0.0.0/0", "10.0.0.0/8"]))
    assert '+ "0.0.0.0/0"' in text
    assert "10.0.0.0/8" not in text


def test_nothing_is_wider_than_the_terminal() -> None:
    lines = list(report_lines(everything(), paint=NARROW, verbose=True))
    assert max(map(len, lines)) <= 80


def test_a_difference_at_the_end_of_a_long_text_stays_visible() -> None:
    same = "x" * 500
    assert 'xa"' in text_of(changed("user_data", same + "a", same + "b"))


def test_secrets_are_not_shown_even_if_an_adapter_slips() -> None:
    hidden = text_of(
        changed("password", Sensitive("d1"), Sensitive("d2")),
        changed("token", "hunter2", "hunter3", sensitive=True),
    )
    assert hidden.count("(sensitive, changed)") == 2
    assert "hunter" not in hidden
    assert "d1" not in hidden


def test_what_is_live_cannot_command_the_terminal() -> None:
    text = text_of(changed("tags.a", "x", "\x1b[2J\x9b1m\u202e"))
    assert not {"\x1b", "\x9b", "\u202e"} & set(text)


def test_colour_adds_nothing_but_colour() -> None:
    plain = "\n".join(report_lines(everything(), paint=NARROW))
    coloured = "\n".join(report_lines(everything(), paint=Paint(colour=True, width=80)))
    assert "\x1b[" in coloured
    import re  # noqa: PLC0415

    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_noise_is_one_line_unless_asked_for() -> None:
    brief = "\n".join(report_lines(everything(), paint=NARROW))
    assert "1 harmless difference ignored (-v lists them)" in brief
    assert "etag" not in brief
    assert "etag" in "\n".join(report_lines(everything(), paint=NARROW, verbose=True))


def test_a_missing_object_whose_code_was_edited_too_says_both() -> None:
    def told(origin: Origin) -> str:
        report = report_of([("aws_sqs_queue.gone", Missing(origin))])
        return " ".join(" ".join(report_lines(report, paint=NARROW)).split())

    recorded_once = "not found any more"
    assert recorded_once in told(Origin.OUT_OF_BAND)
    assert "code" not in told(Origin.OUT_OF_BAND)
    assert f"{recorded_once}, and its code has changed since the last apply" in told(Origin.BOTH)


def test_modules_are_branches() -> None:
    text = "\n".join(report_lines(everything(), paint=NARROW))
    assert 'module.net["eu"]\n  ~ ' in text


def test_what_went_along_is_folded_under_its_cause() -> None:
    resources = (recorded("aws_sqs_queue.q"), recorded("aws_sns_topic.t", "", "aws_sqs_queue.q"))
    report = report_of([(resource.address, Missing()) for resource in resources], *resources)
    assert "not found any more, like aws_sqs_queue.q" in "\n".join(
        report_lines(report, paint=NARROW)
    )


def test_the_json_is_what_the_interfaces_promise() -> None:
    change = changed("size", 1, UNKNOWN, declared=Sensitive("d"), recorded=2**60)
    slip = changed("token", "hunter2", "hunter3", sensitive=True)
    report = report_of([("aws_sqs_queue.a", Drifted((change, slip))), ("b.u", Unreadable("no"))])
    raw = json_bytes(scan_object([report]))
    assert b"\n" not in raw
    assert b"hunter" not in raw
    (stack,) = json.loads(raw)["stacks"]
    finding = stack["findings"][0]
    assert finding.pop("fingerprint")
    assert stack == {
        "stack": "s",
        "tool": "terraform",
        "directory": ".",
        "obtained_by": "plugin",
        "observed_at": "2026-05-01T00:00:00.000Z",
        "counts": {
            "resources": 2,
            "in_sync": 0,
            "changed": 1,
            "missing": 0,
            "unmanaged": 0,
            "unreadable": 1,
            "noise": 0,
            "not_applicable": 0,
            "added": 0,
        },
        "findings": [
            {
                "address": "aws_sqs_queue.a",
                "type": "aws_sqs_queue",
                "kind": "changed",
                "parent": None,
                "added_as": [],
                "severity": "high",
                "severity_reason": ANY,
                "origin": "out_of_band",
                "requires_replace": False,
                "source": None,
                "changes": [
                    {
                        "path": "size",
                        "declared": {"digest": "d"},
                        "recorded": str(2**60),
                        "live": {"unknown": True},
                        "origin": "out_of_band",
                        "sensitive": False,
                        "forces_replacement": False,
                    },
                    {
                        "path": "token",
                        "declared": {"digest": None},
                        "recorded": {"digest": None},
                        "live": {"digest": None},
                        "origin": "out_of_band",
                        "sensitive": True,
                        "forces_replacement": False,
                    },
                ],
                "consequences": [],
                "consequence_of": None,
                "reason": None,
                "provider": "",
                "account": "",
                "region": "",
            }
        ],
        "noise": [],
        "unreadable": [{"address": "b.u", "reason": "no"}],
        "children": {"unseen": [], "blind_spots": []},
        "warnings": [],
        "provider_doubts": [],
        "timing_ms": {},
    }


RULE: dict[str, Value] = {
    "cidr_blocks": ["10.0.0.0/8", "192.168.0.0/16", "0.0.0.0/0"],
    "description": "opened by hand while the office network was down",
    "from_port": 22,
    "protocol": "tcp",
    "to_port": 22,
}


def unfolded(text: str) -> str:
    return "".join(text.split())


def test_a_long_value_is_wrapped_and_never_cut() -> None:
    text = text_of(changed("ingress", [], [RULE]))
    assert unfolded(shown(RULE)) in unfolded(text)
    assert max(map(len, text.splitlines())) <= 80


def test_every_one_of_many_elements_is_shown() -> None:
    cidrs = [f"10.0.{n}.0/24" for n in range(40)]
    text = text_of(changed("cidr_blocks", [], [*cidrs, "0.0.0.0/0"]))
    assert all(f'"{cidr}"' in text for cidr in (*cidrs, "0.0.0.0/0"))


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=400),
    st.integers(20, 120),
)
def test_folding_keeps_every_character_and_the_width(text: str, width: int) -> None:
    lines = folded(text, width, below="    ")
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert max(map(len, lines)) <= width


@given(st.text("ab", min_size=200, max_size=900), st.text("ab", min_size=200, max_size=900))
def test_what_is_left_out_of_two_long_texts_is_what_they_share(left: str, right: str) -> None:
    before, after = focused(left, right, width=20)
    assert (before == after) == (left == right)
    kept_left, kept_right = before.strip("."), after.strip(".")
    assert len(left) - len(kept_left) == len(right) - len(kept_right)
    assert kept_left in left


def test_a_clean_scan_says_that_there_is_no_drift() -> None:
    noise = Noise((NoiseItem(AttributePath("etag"), "computed"),))
    report = report_of([("aws_sqs_queue.a", InSync()), ("aws_sqs_queue.b", noise)])
    assert "No drift. 2 resources match; 1 harmless difference ignored" in "\n".join(
        report_lines(report, paint=NARROW)
    )


def test_what_matches_is_what_was_compared() -> None:
    seen: list[tuple[str, Verdict]] = [("aws_sqs_queue.a", InSync()), ("b.c", NotApplicable("-"))]
    lines = list(report_lines(report_of(seen), paint=NARROW))
    assert "No drift. 1 resource matches, 1 not applicable" in "\n".join(lines)


def test_outputs_and_what_was_never_created_are_counted_apart() -> None:
    seen: list[tuple[str, Verdict]] = [
        ("aws_sqs_queue.a", InSync()),
        ("aws_sqs_queue.b", Missing(Origin.UNAPPLIED)),
        ("aws_sqs_queue.c", Missing()),
        ("output.url", Drifted((changed("value", 1, 2),))),
        ("data.aws_ami.it", Unreadable("denied")),
    ]
    report = report_of(seen)
    lines = list(report_lines(report, paint=Paint(colour=False, width=200)))
    assert lines[-2] == (
        "3 resources, 1 output, 1 data source: 1 in sync, 1 changed, 1 missing, 1 unreadable,"
        " 1 to create"
    )
    assert (report.counts.resources, report.counts.missing) == (5, 2)


def test_what_could_not_be_read_is_never_called_clean() -> None:
    report = report_of([("aws_sqs_queue.a", InSync()), ("aws_sqs_queue.b", Unreadable("denied"))])
    assert "No drift" not in "\n".join(report_lines(report, paint=NARROW))


def test_code_that_waits_has_the_sign_of_its_apply() -> None:
    report = report_of(
        [("aws_sqs_queue.a", Missing(Origin.UNAPPLIED)), ("aws_sqs_queue.b", Missing())]
    )
    text = "\n".join(report_lines(report, paint=NARROW))
    assert "+ medium   aws_sqs_queue.a\n           in code, not created yet" in text
    assert "- high     aws_sqs_queue.b" in text
    assert "not found any more, though the last apply recorded it" in text


def test_a_grave_finding_says_why_it_is_grave() -> None:
    text = "\n".join(report_lines(report_of([("aws_sqs_queue.b", Missing())]), paint=NARROW))
    assert "high: the provider does not find it any more" in text


def test_several_stacks_get_one_line_together() -> None:
    drifted = report_of([("aws_sqs_queue.b", Missing())])
    clean = report_of([("aws_sqs_queue.a", InSync())])
    assert fleet_line([drifted, clean], failed=1, paint=NARROW) == (
        "3 stacks: 1 failed, 1 drifted, 1 in sync; findings: 1 high"
    )
