"""`logconform completion`: make a shell complete what is written after `logconform`."""

from __future__ import annotations

import click

from logconform.completion import SHELLS, script_for


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes a SHELL complete commands, options, requirements and files.

    New shells have it once the script is where they look for it; the script
    itself never changes with logconform's version.

    \b
    Examples:
      logconform completion bash > ~/.local/share/bash-completion/completions/logconform
      logconform completion zsh > "${fpath[1]}/_logconform"
      logconform completion fish > ~/.config/fish/completions/logconform.fish
      eval "$(logconform completion bash)"    for this shell only; zsh likewise

    \b
    Exit codes:
      0  the script was printed
      2  usage
    """
    click.echo(script_for(shell, ctx.find_root().command))
