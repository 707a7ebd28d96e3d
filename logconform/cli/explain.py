"""`logconform explain`: what a requirement says, why, and what enforces it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import click

from logconform.cli import Failure
from logconform.completion import requirement
from logconform.contract import Contract, ContractError, Example, Level, Requirement, UnknownRequirement, load_contract

ChecksOf = Callable[[str], Sequence[str]]
"""Names the checks that enforce a requirement."""

_BREAKING = {Level.MUST: "breaking it is a violation", Level.SHOULD: "breaking it is a warning"}


@click.command()
@click.argument("requirement_id", metavar="ID", shell_complete=requirement)
def explain(requirement_id: str) -> None:
    """Explain the requirement ID, such as CTX005, in any case.

    Prints its level, profile and statement, the reason, the checks that
    enforce it, its examples, and where it is written.

    \b
    Exit codes:
      0  explained
      2  there is no such requirement, or the contract's pages can't be read
    """
    from logconform.checks import checks_of  # reads schemas, rules and features: only when asked

    try:
        click.echo(explain_text(requirement_id, load_contract(), checks_of))
    except UnknownRequirement as error:
        raise click.UsageError(str(error)) from None
    except ContractError as error:
        raise Failure(str(error)) from None


def explain_text(requirement_id: str, contract: Contract, checks_of: ChecksOf) -> str:
    """
    Return the explanation of a requirement as plain text.

    Raises:
        UnknownRequirement: If *contract* has none of this identifier, in any case.

    >>> print(explain_text("ctx005", load_contract(), lambda _: ["scenario: a"]).splitlines()[0])
    CTX005: Context never crosses executions
    """
    requirement = contract.find(requirement_id)
    checks = checks_of(requirement.id) or [f"nothing yet: {_remedy(requirement)}"]
    why = contract.why_of(requirement.id)
    parts = [
        _identity(requirement, contract),
        _wrapped(f"{requirement.level}: {requirement.statement}"),
        *([_wrapped(f"Why: {why}")] if why else []),
        "\n".join(["Checked by:", *(f"  {check}" for check in checks)]),
        *_shown(contract.examples_of(requirement.id)),
        _whereabouts(requirement),
    ]
    return "\n\n".join(parts)


def _remedy(requirement: Requirement) -> str:
    from logconform.checks import where_to_check  # late, as above

    return where_to_check(requirement)


def _identity(requirement: Requirement, contract: Contract) -> str:
    area = contract.areas[requirement.area]
    return (
        f"{requirement.id}: {requirement.title}\n"
        f"{requirement.level} ({_BREAKING[requirement.level]}), profile {requirement.profile}, area {area.title}"
    )


def _shown(examples: Sequence[Example]) -> Iterator[str]:
    for kind, label in (("conforms", "Conforms:"), ("violates", "Violates:")):
        texts = [example.text for example in examples if example.kind == kind]
        if texts:
            # Records stay on one line, as in the log: they can be piped into `logconform check -`.
            yield "\n".join([label, *(f"  {line}" for text in texts for line in text.splitlines())])


def _whereabouts(requirement: Requirement) -> str:
    page = requirement.page.removesuffix(".md")
    return f"Written in docs/{requirement.page}:{requirement.line}, on the site at {page}.html#{requirement.id}"


def _wrapped(text: str) -> str:
    return click.wrap_text(text, width=100)
