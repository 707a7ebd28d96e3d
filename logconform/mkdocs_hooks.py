"""Hooks of the site: generated pages and their places in the navigation. `logconform.site` makes what they hold."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from logconform.contract import Contract, ContractError, Level, load_contract
from logconform.site.feature_pages import BrokenFeature, feature_pages
from logconform.site.report_page import MARKER, html_of, markdown_of
from logconform.site.schema_pages import schema_pages
from logconform.site.source import Absent, Broken, Shown, load_report, report_path

log = logging.getLogger("mkdocs.plugins.logconform")

REPORT_PAGE = "report/index.md"
SCHEMAS, FEATURES = "reference/schemas", "reference/features"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages of folders in the navigation, and watch the report."""
    pages = {name: list(made) for name, made in _generated(config).items()}
    pages["contract"] = _contract_pages(config)
    config.nav = [_expanded(entry, pages) for entry in config.nav or ()]
    path = report_path(_project(config))
    if path.is_file():
        config.watch = [*config.watch, str(path)]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each schema and each feature."""
    for folder, pages in _generated(config).items():
        for name, text in pages.items():
            files.append(File.generated(config, f"{folder}/{name}", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Put the headings of the report on its page."""
    if page.file.src_uri != REPORT_PAGE:
        return markdown
    if MARKER not in markdown:
        log.warning("%s has no line %r: the report has no place on it", REPORT_PAGE, MARKER)
    loaded = _loaded(config)
    if isinstance(loaded, Broken):
        log.info("The report can't be shown: %s: %s", loaded.path, loaded.problem)
    return markdown_of(markdown, loaded)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the report on its page."""
    if page.file.src_uri != REPORT_PAGE:
        return html
    contract = _contract(config)

    def link(requirement: Mapping[str, Any]) -> str | None:
        file = files.get_file_from_path(requirement["page"])
        known = requirement["id"] in contract
        return f"{file.url_relative_to(page.file)}#{requirement['id']}" if file and known else None

    return html_of(html, _loaded(config), link)


def _generated(config: MkDocsConfig) -> dict[str, dict[str, str]]:
    project, contract = _project(config), _contract(config)

    def link(identifier: str) -> str:
        if identifier not in contract:
            log.warning("a schema or feature names %s, which no page of the contract has", identifier)
            return identifier
        requirement = contract[identifier]
        level = "" if requirement.level is Level.MUST else f" ({requirement.level})"
        return f"[{identifier}](../../{requirement.page}#{identifier}){level}"

    try:
        features = feature_pages(project / "features", link)
        return {SCHEMAS: schema_pages(project / "schemas", link), FEATURES: features}
    except (BrokenFeature, ContractError) as error:
        raise PluginError(str(error)) from error


def _contract_pages(config: MkDocsConfig) -> list[str]:
    pages = dict.fromkeys(each.page for each in _contract(config).values())
    return ["index.md", *(page.removeprefix("contract/") for page in pages)]


def _expanded(entry: Any, pages: Mapping[str, list[str]]) -> Any:
    """Return an entry of the navigation with a folder's other pages after its index."""
    if not isinstance(entry, dict):
        return entry
    return {title: _listed(below, pages) if isinstance(below, list) else below for title, below in entry.items()}


def _listed(entries: list[Any], pages: Mapping[str, list[str]]) -> list[Any]:
    listed = [_expanded(each, pages) for each in entries]
    for folder, names in pages.items():
        if entries == [f"{folder}/index.md"]:
            listed += [f"{folder}/{name}" for name in names if name != "index.md"]
    return listed


def _contract(config: MkDocsConfig) -> Contract:
    try:
        return load_contract(Path(config.docs_dir) / "contract")
    except ContractError as error:
        raise PluginError(str(error)) from error


def _loaded(config: MkDocsConfig) -> Shown | Absent | Broken:
    project = _project(config)
    return load_report(report_path(project), project / "schemas" / "conformance-report.schema.json")


def _project(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent
