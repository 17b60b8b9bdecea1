"""The page: whole, offline, escaped, the same every time, and honest about what is missing."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from wizardcoder.report import (
    MATCHES_SHOWN,
    Cleaning,
    Contamination,
    Evidence,
    Fact,
    Lineage,
    LineageStep,
    Results,
    render,
    write_report,
)
from wizardcoder.report.page import cards, differences

VOID = {"meta", "link", "br", "img", "input", "hr"}
HOSTILE = "<script>alert('x')</script> & \"quoted\" \ud83d \x00 " + "w" * 9000


class Balance(HTMLParser):
    """Fails on an end tag that closes nothing or something else; gathers every reference."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [v or "" for k, v in attrs if k in {"src", "href", "xlink:href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Balance:
    parser = Balance()
    parser.feed(page)
    parser.close()
    return parser


def changed(results: Results, **parts: object) -> Results:
    return Results(**{**dict(results), **parts})


@pytest.fixture(scope="module")
def page(results: Results) -> str:
    return render(results)


@pytest.fixture(scope="module")
def bare(results: Results) -> Results:
    """A run of which there is nothing to tell but its name."""
    kept = {k: v for k, v in results if Results.model_fields[k].is_required()}
    return Results(**kept)


def test_every_tag_is_closed(page: str) -> None:
    assert parsed(page).open == []


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    parser = parsed(page)
    assert all(r.startswith("#") or r == "results.json" for r in parser.references)
    assert not parser.tags & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"@import|url\((?!#)|https?:", page)


def test_the_page_is_the_same_every_time(page: str, results: Results) -> None:
    assert render(Results.model_validate_json(results.model_dump_json())) == page


def test_light_and_dark_are_both_there(page: str) -> None:
    assert "prefers-color-scheme: dark" in page


def test_every_score_is_in_the_table(page: str, results: Results) -> None:
    for arm in results.arms:
        for score in arm.scores:
            assert f"<b>{100 * score.rate:.1f}\u202f%</b><small>{score.passed} of 150" in page


def test_seen_operations_are_labelled(page: str) -> None:
    assert re.search(r"<h3>1-step tasks\s*<small>seen operations</small></h3>", page)


def test_the_sentence_on_real_models_is_shown(page: str, results: Results) -> None:
    assert results.not_shown in page


def test_changed_thresholds_are_shown_with_their_defaults(page: str) -> None:
    row = r"<code>clean.near_duplicate_jaccard</code></th><td>0.7</td><td>0.95</td>"
    assert re.search(row, page)


def test_hostile_texts_are_escaped_everywhere(results: Results) -> None:
    step = LineageStep(round=0, instruction=HOSTILE, response=HOSTILE, operation=HOSTILE)
    child = LineageStep(round=1, instruction=HOSTILE + "more", response=HOSTILE, rule=HOSTILE)
    page = render(
        changed(
            results,
            title=HOSTILE,
            run=HOSTILE,
            not_shown=HOSTILE,
            recipe_toml=HOSTILE,
            lineages=(Lineage(seed_id=HOSTILE, steps=(step, child)),),
            facts=(Fact(name=HOSTILE, text=HOSTILE),),
        )
    )
    assert "script" not in parsed(page).tags
    assert parsed(page).open == []
    page.encode()


def test_a_hostile_arm_name_is_escaped_in_the_headline(results: Results) -> None:
    name = "<i>round-3"
    arms = [a.model_copy(update={"name": name}) if a.name == "round-3" else a for a in results.arms]
    comparison = results.comparisons[0].model_copy(update={"arm_a": name})
    page = render(changed(results, arms=tuple(arms), comparisons=(comparison,)))
    assert '&lt;i&gt;<span class="whole">round-3</span> beats' in page


@pytest.mark.parametrize(
    "missing",
    ["evolution", "cleaning", "lineages", "stages", "deviations", "facts", "comparisons", "groups"],
)
def test_a_part_that_is_missing_leaves_a_whole_page(results: Results, missing: str) -> None:
    empty = None if missing in {"evolution", "cleaning"} else ()
    assert parsed(render(changed(results, **{missing: empty}))).open == []


def test_a_page_about_nothing_has_no_empty_sections(bare: Results) -> None:
    page = render(bare)
    assert parsed(page).open == []
    assert re.findall(r'<section id="(\w+)"', page) == ["method"]


def test_a_page_without_plots_needs_no_matplotlib(
    bare: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "This run scored no model" in render(bare)


def test_a_step_is_marked_against_the_last_accepted_step(results: Results) -> None:
    last = cards(results.lineages[0])[-1]
    marked = "".join(piece.text for piece in last.instruction if piece.new)
    assert marked.strip().startswith("Beware")  # not against the rejected step before it
    assert not any(piece.new for piece in last.response)


def test_differences_lie_on_one_axis_with_zero_in_its_middle(results: Results) -> None:
    row = differences(results)[2]  # −13 points [−19, −7] on an axis to 30
    assert (row.left, row.middle, row.right) == (17.78, 27.78, 38.61)
    assert row.loser == "round-3"


def test_the_report_is_a_page_and_its_numbers(results: Results, page: str, tmp_path: Path) -> None:
    path = write_report(results, tmp_path / "run" / "report")
    assert path.read_text(encoding="utf-8") == page
    written = (path.parent / "results.json").read_text(encoding="utf-8")
    assert Results.model_validate_json(written) == results
    assert {p.name for p in path.parent.iterdir()} == {"index.html", "results.json"}


def test_importing_the_report_loads_neither_matplotlib_nor_jinja2() -> None:
    code = "import sys, wizardcoder.report; print({'matplotlib', 'jinja2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_shares_of_answers_that_run_are_shown_by_round_and_operation(page: str) -> None:
    said = words(page)
    assert "87 % of the answers passed tests that were written apart from them" in said
    assert "1 900 40 17 94 %" in said
    assert "complexity 0 465 0 0 %" in said
    assert "a time limit decided in 7 cases" in said


def test_evol_stop_says_what_fell_and_what_is_kept(page: str) -> None:
    said = words(page)
    assert "Round 2 fell beyond its noise: round 1 is the best on miniature-dev" in said
    assert "what came after it is left out" in said
    assert "2 30.0 % [20, 40] \u221220 [\u221230, \u221210]" in said


def test_what_nobody_verified_or_stopped_is_not_mentioned(bare: Results) -> None:
    page = render(bare)
    assert "Answers that run" not in page
    assert "Evol stop" not in page


def contaminated(bare: Results, *evidence: Evidence, hits: int = 0) -> Results:
    found = Contamination(
        benchmarks=("b",), hits=hits or len(evidence), records=len(evidence), evidence=evidence
    )
    return changed(bare, cleaning=Cleaning(kept=1, rejected=1, contamination=found))


def evidence(number: int = 0, **more: object) -> Evidence:
    values = {"rule": "containment", "part": "statement", "score": 0.75, "span": "one two three"}
    known = {"record_id": f"r{number}", "benchmark": "b", "task_id": f"b/{number}", **values}
    return Evidence.model_validate({**known, **more})


def test_a_hit_shows_record_problem_rule_score_and_behaviour(bare: Results) -> None:
    hit = evidence(7, matched="one two four", kept=True, behaviour="passes")
    page = render(contaminated(bare, hit))
    for part in (
        "r7",
        "b/7",
        "containment",
        "75\u202f% of its runs of words",
        "kept",
        "passes the",
    ):
        assert part in page
    assert page.count("<mark>one two </mark>") == 2


def test_whatever_a_hit_holds_the_page_stays_whole(bare: Results) -> None:
    line = "<b>" * 40_000
    fields = dict.fromkeys(("record_id", "task_id", "rule", "part", "behaviour"), HOSTILE)
    page = render(contaminated(bare, evidence(**fields, span=HOSTILE, matched=line)))
    parser = parsed(page)
    assert parser.open == []
    assert "script" not in parser.tags
    assert "<b><b>" not in page
    assert len(page) < 200_000


def test_a_page_with_five_thousand_hits_stays_small(bare: Results) -> None:
    text = " ".join(f"word{n}" for n in range(70))[:400]
    found = [evidence(n, span=text, matched=f"{text} more") for n in range(5000)]
    page = render(contaminated(bare, *found))
    assert len(page.encode()) < 400_000
    assert page.count("<article") == MATCHES_SHOWN
    assert "4\u202f900 further hits are not shown here: all 5\u202f000 are in" in page
    folded = page[page.index("<details>") :]
    assert 0 < page[: page.index("<details>")].count("<article") < folded.count("<article")


def test_a_hit_without_the_problems_text_says_why(bare: Results) -> None:
    assert "a rule of the benchmark’s own" in render(contaminated(bare, evidence(rule="sequence")))


def test_it_says_whether_anybody_looked_for_benchmarks(bare: Results) -> None:
    looked = Cleaning(kept=1, rejected=0, contamination=Contamination(benchmarks=("b", "c")))
    not_looked = Cleaning(kept=1, rejected=0, contamination=Contamination(benchmarks=()))
    assert "with b, c: nothing of them was found" in render(changed(bare, cleaning=looked))
    assert "Nobody has looked for problems" in render(changed(bare, cleaning=not_looked))


def test_scores_without_what_the_data_touches_stand_beside_all(page: str) -> None:
    table = page[page.index("untouched only") :]
    for part in ("60.0\u202f%", "450 problems", "41.0\u202f%", "297 problems", "[36.0, 47.0]"):
        assert part in table


def test_answers_that_were_cut_are_told_by_arm(results: Results, page: str) -> None:
    first, *others = results.arms
    cut = first.model_copy(update={"answers": 300, "truncated": 12})
    told = "count as they are: "
    changed = results.model_copy(update={"arms": (cut, *others)})
    assert f"{told}{cut.name} 12 of 300." in render(changed)
    assert told not in page
