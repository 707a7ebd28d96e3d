"""The generated parts of the site: the report's page, the schemas' and the features' pages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest

from logconform.contract import load_contract
from logconform.site.feature_pages import BrokenFeature, feature_pages
from logconform.site.markup import prose
from logconform.site.members import members_of
from logconform.site.report_page import MARKER, html_of, markdown_of
from logconform.site.schema_pages import schema_pages
from logconform.site.source import Absent, Broken, Shown, load_report, report_path
from logconform.site.verdict import main as verdict_line
from tests.browser.sample import HOSTILE, RETRYING, sample_report
from tests.unit.test_report_waivers import counted, waiver

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "schemas" / "conformance-report.schema.json"


class Page(HTMLParser):
    """What a browser would see: elements, ids, addresses, and the text of it all."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.closed: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.addresses += [value for name, value in attrs if name in {"href", "src"} and value]

    def handle_endtag(self, tag: str) -> None:
        self.closed.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def saved(folder: Path, report: Any) -> Path:
    path = folder / "report.json"
    path.write_text(report if isinstance(report, str) else json.dumps(report), encoding="utf-8")
    return path


def rendered(path: Path) -> Page:
    """The page of the report at *path*, without MkDocs around it."""
    loaded = load_report(path, SCHEMA)
    slots = markdown_of(f"# Report\n\n{MARKER}\n", loaded)
    return Page(html_of(slots, loaded, lambda each: f"../{each['page']}#{each['id']}"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return rendered(saved(tmp_path_factory.mktemp("report"), sample_report()))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, built strictly from the sample report."""
    folder = tmp_path_factory.mktemp("site")
    build(folder / "site", saved(folder, sample_report()))
    return folder / "site"


def build(folder: Path, report: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "LOGCONFORM_REPORT": str(report), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_dead_link_fails_the_build_that_make_runs(tmp_path: Path) -> None:
    """MkDocs counts for `--strict` what it shows, so `--quiet` beside it lets every warning pass."""
    for name in ("schemas", "features", "logconform"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    (tmp_path / "docs/index.md").write_text("[gone](gone.md)\n", "utf-8")
    [options] = re.findall(r"/mkdocs build (.*?) \|\|", (ROOT / "Makefile").read_text("utf-8"))
    command = [sys.executable, "-m", "mkdocs", "build", *options.split()]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "Doc file 'index.md' contains a link 'gone.md'" in done.stderr


class TestReport:
    def test_the_verdict_and_what_was_judged_come_first(self, page: Page) -> None:
        """The banner says the verdict, the subject, the contract and what did not run."""
        for told in (
            "✗ Does not conform",
            "billing.celery_app:app",
            "against contract 1.0",
            "celery 5.5.3",
            "threads-embedded was skipped: the worker did not start",
        ):
            assert told in page.text

    def test_what_the_verdict_rests_on_and_what_is_beyond_it_are_told(self, tmp_path: Path) -> None:
        """Conforming with waivers is never told like conforming; a fault too many is named with the others."""
        assert "✓ Conforms, resting on 1 waiver" in rendered(saved(tmp_path, counted(2, waiver(5)))).text
        loose = rendered(saved(tmp_path, counted(2, waiver(5)))).text
        assert "RETRY003: waiver with room: it allows 5, 2 would do (known). Lower its count." in loose
        beyond = rendered(saved(tmp_path, counted(3, waiver(2)))).text
        assert "RETRY003: beyond its waiver: 3 faults now, 2 waived: what is new is among these: fault 0;" in beyond

    @pytest.mark.parametrize(
        "status", ["✓ passed", "✗ violated", "! warned", "– not tested", "? inconclusive", "~ waived"]
    )
    def test_every_status_has_a_symbol_and_a_word(self, page: Page, status: str) -> None:
        """Colour is never the only sign; also a filter button has each status."""
        assert status in page.text

    def test_every_requirement_links_to_its_text(self, page: Page) -> None:
        """The matrix leads to the contract."""
        wanted = {f"../{each.page}#{each.id}" for each in load_contract().values()}
        assert wanted <= set(page.addresses)

    def test_a_finding_has_the_format_of_the_command_line(self, page: Page) -> None:
        """Requirement, what is wrong, where, evidence, remedy."""
        assert (
            "RETRY003 violation: says it is retrying, but no further execution follows\n"
            "  --> worker.log:48  task 3f1c8e0a-7f0b-4c1f-9b53-2f8f6d0f7a11\n"
            f"   | {RETRYING}"
            "   = fix: write the record from the `task_retry` signal, not from the task's exception handler\n"
            "   = more: logconform explain RETRY003\n"
        ) in page.text

    def test_a_scenario_shows_its_steps_and_its_records(self, page: Page) -> None:
        """What the scenario did, and the lines of the log that it looked at."""
        assert "✗ Then its last execution does not say that it retries" in page.text
        assert f"worker.log:12\n{RETRYING.strip()}" in page.text

    def test_what_is_flaky_and_an_exercise_are_shown(self, tmp_path: Path) -> None:
        """How often it failed, how to see it again; the service's own command stands for itself."""
        report = sample_report()
        first = report["scenarios"][0]
        flaky = {
            **first,
            "outcome": "flaky",
            "short_id": "RETRY003-8c1d",
            "runs": 20,
            "failed": 3,
            "reproduce": "again",
        }
        report["scenarios"] = [{**first, "requirement": None, "name": "pytest tests/"}, flaky]
        page = rendered(saved(tmp_path, report))
        for told in ("The service's own command", "pytest tests/", "≈ flaky", "failed in 3 of 20 runs", "Again: again"):
            assert told in page.text
        assert len(page.ids) == len(set(page.ids))

    def test_nothing_of_a_report_is_markup(self, page: Page) -> None:
        """Evidence, messages and names are text, whatever they hold."""
        assert "script" not in page.elements
        assert "img" not in page.elements
        assert HOSTILE.split(" \x1b")[0] in page.text
        assert "\\x1b[31m \\u2028 \\x00" in page.text
        assert sorted(page.closed) == sorted(each for each in page.elements if each != "br")

    def test_links_within_the_page_resolve(self, page: Page) -> None:
        """Each cell leads to its findings or scenarios, and no id is given twice."""
        inner = {address[1:] for address in page.addresses if address.startswith("#")} - {"requirements"}
        assert inner <= set(page.ids)
        assert len(page.ids) == len(set(page.ids))

    def test_a_sample_has_no_scenarios(self, tmp_path: Path) -> None:
        """The report of `logconform check` is shown too."""
        report = sample_report(conforms=True)
        report["subject"] = {"kind": "sample", "paths": ["a.log", "b.log"], "records": 1204, "bytes": 48_102}
        report["scenarios"] = []
        page = rendered(saved(tmp_path, report))
        assert "✓ Conforms" in page.text
        assert "a.log, b.loga sample of 1,204 records, 48.1 kB, against contract 1.0" in page.text
        assert "None: a sample is judged as it is." in page.text


BROKEN: dict[str, tuple[Any, str]] = {
    "no_json": ("{", "it is not JSON"),
    "nested_too_deeply": ("[" * 100_000, "it is not JSON"),
    "an_array": ([], "it is JSON, but not an object"),
    "another_version": ({"report_version": "9.9"}, 'its report_version is "9.9", and this site shows 1.0'),
    "no_version": ({}, "its report_version is null, and this site shows 1.0"),
    "half_a_report": ({"report_version": "1.0"}, "it does not match its schema at the top level"),
}


class TestReportFile:
    @pytest.mark.parametrize("name", BROKEN)
    def test_a_file_that_is_no_report_is_told_with_its_remedy(self, tmp_path: Path, name: str) -> None:
        """The page says what is wrong and what to do."""
        content, problem = BROKEN[name]
        page = rendered(saved(tmp_path, content))
        assert f"report.json: {problem}" in page.text
        assert "make conformance" in page.text

    def test_a_message_about_a_broken_report_is_no_markup(self, tmp_path: Path) -> None:
        """Also what is quoted of a broken file is text."""
        report = sample_report() | {"tool": "<script>alert(1)</script>"}
        assert "script" not in rendered(saved(tmp_path, report)).elements

    def test_without_a_report_the_page_says_how_to_make_one(self, tmp_path: Path) -> None:
        """No report is no fault."""
        page = rendered(tmp_path / "none.json")
        assert "There is no none.json." in page.text
        assert "make conformance" in page.text

    def test_a_folder_is_no_report(self, tmp_path: Path) -> None:
        """What can't be read is broken, not absent."""
        assert isinstance(load_report(tmp_path, SCHEMA), Broken)

    def test_the_environment_names_the_file(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """LOGCONFORM_REPORT wins, relative to the project; else there is a default."""
        monkeypatch.setenv("LOGCONFORM_REPORT", "build/other.json")
        assert report_path(tmp_path) == tmp_path / "build" / "other.json"
        monkeypatch.setenv("LOGCONFORM_REPORT", "")
        assert report_path(tmp_path) == tmp_path / "conformance-report.json"

    def test_three_outcomes(self, tmp_path: Path) -> None:
        """Shown, absent or broken."""
        assert isinstance(load_report(saved(tmp_path, sample_report()), SCHEMA), Shown)
        assert load_report(tmp_path / "none", SCHEMA) == Absent(tmp_path / "none")


class TestVerdictLine:
    def test_the_verdict_of_a_file_in_one_line(self, tmp_path: Path) -> None:
        """What `make conformance` ends with."""
        told = verdict_line(str(saved(tmp_path, sample_report())))
        assert told == "does not conform: billing.celery_app:app on prefork-embedded, against contract 1.0"

    @pytest.mark.parametrize("content", ["{", "[]", "{}"])
    def test_without_a_report_it_says_so(self, tmp_path: Path, content: str) -> None:
        """A suite that could not start has written nothing."""
        assert verdict_line(str(saved(tmp_path, content))) == "none: the suite wrote no report"
        assert verdict_line(str(tmp_path / "none")) == "none: the suite wrote no report"


class TestSchemaPages:
    def test_members_come_from_the_schema_and_what_it_builds_on(self) -> None:
        """A kind of record has the members of every record, and says more of some."""
        path = ROOT / "schemas" / "task-retry.schema.json"
        schema = json.loads(path.read_bytes())
        members = {each.name: each for each in members_of(schema, schema, path.parent)}
        assert list(members)[:5] == ["timestamp", "level", "service", "logger", "event"]
        assert members["level"].must == 'be "warning"'
        assert members["retry_count"].requirements == ("RETRY001", "RETRY002")
        assert members["max_retries"].required
        assert not members["tenant_id"].required

    @pytest.mark.parametrize(
        ("schema", "must"),
        [
            ({"type": ["integer", "null"], "minimum": 0}, "integer or null, at least 0"),
            ({"enum": ["a", "b"]}, '"a" or "b"'),
            ({"enum": ["a", "b"], "not": {"enum": ["a"]}}, '"b"'),
            ({"type": ["string", "null"], "allOf": [{"not": {"enum": [None]}}]}, "string"),
            ({"type": "array", "items": {"$ref": "#/$defs/each"}}, "array of string, not empty"),
            ({"const": "1.0"}, '"1.0"'),
            ({}, "any value"),
        ],
    )
    def test_a_value_is_told_in_words(self, schema: dict[str, Any], must: str) -> None:
        """Where a schema has no words of its own."""
        root = {"$defs": {"each": {"type": "string", "minLength": 1}}}
        (member,) = members_of({"properties": {"a": schema}}, root, Path())
        assert member.must == must

    def test_there_is_a_page_for_each_schema(self) -> None:
        """And an index that lists them all."""
        pages = schema_pages(ROOT / "schemas", lambda name: f"[{name}](contract.md#{name})")
        names = {f"{path.name.removesuffix('.schema.json')}.md" for path in (ROOT / "schemas").glob("*.schema.json")}
        assert set(pages) == {"index.md", *names}
        assert all(f"({name})" in pages["index.md"] for name in names)

    def test_a_description_is_no_markup_but_for_its_code(self) -> None:
        """Pipes would end a table's cell, and angle brackets open an element."""
        assert prose("a|b `c|<d>` *e*") == "a&#124;b <code>c&#124;&lt;d&gt;</code> &#42;e&#42;"


FEATURE = '''\
Feature: Context | binding
  What a task is about
  follows its records.

  @CTX005
  Rule: Context never crosses <executions>

    # a comment
    @slow
    Scenario: one
      Given a worker
      """
      ```
      """

    Scenario Outline: two <ends>
      When a task <ends>

      Examples:
        | ends |
        | well |

  @CTX001
  Rule: Each record has it

    Scenario: three
      Given a worker
'''


class TestFeaturePages:
    def test_each_rule_leads_to_its_requirement(self, tmp_path: Path) -> None:
        """The page has the feature's text, rule by rule, as it stands in the file."""
        (tmp_path / "context.feature").write_text(FEATURE, encoding="utf-8")
        page = feature_pages(tmp_path, lambda name: f"<{name}>")["context.md"]
        assert page.startswith("# Context &#124; binding\n\nWhat a task is about follows its records.\n\n")
        assert "## Context never crosses &lt;executions&gt; { #CTX005 }\n\nRequirement <CTX005>.\n\n" in page
        assert '````gherkin\n@slow\nScenario: one\n  Given a worker\n  """\n  ```\n  """\n````' in page
        assert "  Examples:\n    | ends |\n    | well |\n````\n\n## Each record has it { #CTX001 }" in page

    def test_a_file_that_is_no_feature_is_named(self, tmp_path: Path) -> None:
        """The build ends with the file and the line."""
        (tmp_path / "odd.feature").write_text(
            "Feature: a\n  Scenario: b\n    Given c\n    Nonsense\n", encoding="utf-8"
        )
        with pytest.raises(BrokenFeature, match=r"odd\.feature: [^(]*\(4:5\)"):
            feature_pages(tmp_path, str)

    def test_without_features_there_is_an_index(self, tmp_path: Path) -> None:
        """The site can be built before the first feature is written."""
        assert "There are none yet." in feature_pages(tmp_path, str)["index.md"]


class TestSite:
    def test_every_link_of_the_site_resolves(self, site: Path) -> None:
        """Also those that MkDocs does not see: in the report, and in HTML of pages. Others are https."""
        pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
        broken, foreign = [], set()
        for path, page in pages.items():
            if path.name == "404.html":
                continue  # its addresses start at the root of a server
            for address in page.addresses:
                target, anchor = urldefrag(address)
                if ":" in target or target.startswith("//"):
                    foreign.add(target)
                    continue
                file = (path.parent / unquote(target)).resolve() if target else path
                known = file.exists() and (not anchor or file not in pages or anchor in pages[file].ids)
                if not known and anchor != "__skip":
                    broken.append(f"{path.relative_to(site)}: {address}")
        assert broken == []
        assert [address for address in foreign if not address.startswith("https://")] == []

    def test_no_page_loads_anything_from_another_host(self, site: Path) -> None:
        """No fonts, scripts, styles or images."""
        loaded = [
            f"{path.relative_to(site)}: {line.strip()}"
            for path in site.rglob("*.html")
            for line in path.read_text(encoding="utf-8").splitlines()
            if ("<link" in line or "<script" in line or "<img" in line) and "//" in line.split("{", maxsplit=1)[0]
        ]
        assert loaded == []

    def test_every_requirement_has_its_anchor(self, site: Path) -> None:
        """Where the identifiers of findings lead."""
        for each in load_contract().values():
            html = (site / each.page).with_suffix(".html").read_text(encoding="utf-8")
            assert f'id="{each.id}"' in html

    @pytest.mark.parametrize("content", ["{", None], ids=["broken", "absent"])
    def test_the_site_is_built_whatever_the_report(self, tmp_path: Path, content: str | None) -> None:
        """A report that can't be shown does not stop the build."""
        build(tmp_path / "site", saved(tmp_path, content) if content else tmp_path / "none.json")
        told = "can't be shown" if content else "No report yet"
        assert told in Page((tmp_path / "site/report/index.html").read_text(encoding="utf-8")).text
