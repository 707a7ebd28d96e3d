"""What stands around a new service: its name and folder, the template's version, and what Copier says of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logconform import __version__
from logconform.scaffold.history import History, HistoryError
from logconform.scaffold.names import NameRefused, package_of
from logconform.scaffold.origin import note_origin
from logconform.scaffold.template import TemplateMissing, template_files

ANSWERS = ".copier-answers.yml"


class Refused(Exception):
    """There is no service, or it stays as it was; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; what is None, or empty, is asked or left at its default."""

    name: str | None = None
    output: Path | None = None
    broker: str | None = None
    pool: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    vendor: bool | None = None
    template: str | None = None
    defaults: bool = False
    force: bool = False
    update: bool = False

    @property
    def answers(self) -> dict[str, Any]:
        """What need not be asked any more, by the names of the template's questions."""
        given = {
            "name": self.name,
            "broker": self.broker,
            "pools": list(dict.fromkeys(self.pool)),
            "profiles": list(dict.fromkeys(self.profile)),
            "vendor": self.vendor,
        }
        return {name: value for name, value in given.items() if value not in (None, [])}


def run(options: Options) -> str:
    """
    Make a service, or bring one up to date, and say what comes next.

    Raises:
        Refused: If it can't be done.
    """
    return _update(options) if options.update else _create(options)


def _create(options: Options) -> str:
    if options.name is None:
        raise Refused("name the service: logconform new NAME; or say --update, in the folder of one")
    folder = options.output or Path(options.name)
    with _told():
        package_of(options.name)
    if not options.force and folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise Refused(
            f"{folder}: is there already; name another with --output, or overwrite what is in it with --force"
        )
    source, version = (options.template, None) if options.template else _newest()
    with _told(f"--template {source}: " if options.template else ""):
        from copier import run_copy  # slow to import

        run_copy(
            source,
            folder,
            data=options.answers,
            vcs_ref=version,
            defaults=options.defaults or not sys.stdin.isatty(),
            overwrite=True,
            quiet=True,
        )
    note_origin(folder)
    return f"made {folder}\nnext: cd '{folder}' && make test"


def _update(options: Options) -> str:
    if options.name is not None:
        raise Refused("--update takes no name; a service keeps the one that it was made with")
    folder = options.output or Path()
    made_with = _made_with(folder)
    source, version = _newest()
    ours = made_with.get("_src_path") == source
    if ours and made_with.get("_commit") not in _history().tags():
        raise Refused(
            f"{folder / ANSWERS}: the template {made_with.get('_commit')} is not on this machine; run "
            "`logconform new --update` once with that version of logconform, and then again with this one"
        )
    with _told():
        from copier import run_update

        run_update(
            folder,
            data=options.answers,
            vcs_ref=version if ours else None,
            defaults=True,
            overwrite=True,
            quiet=True,
        )
    note_origin(folder)
    return f"{folder.resolve().name}: {made_with.get('_commit')} -> {_made_with(folder).get('_commit')}; see git diff"


def _newest() -> tuple[str, str]:
    """Keep the template of this logconform, and return where it is and its tag."""
    with _told():
        history = _history()
        return history.address, history.remember(__version__, template_files())


def _history() -> History:
    from platformdirs import user_data_path

    return History(user_data_path("logconform", appauthor=False) / "template")


def _made_with(folder: Path) -> dict[str, Any]:
    import yaml

    try:
        known = yaml.safe_load((folder / ANSWERS).read_text("utf-8"))
    except FileNotFoundError:
        raise Refused(
            f"{folder / ANSWERS}: is not there; --update is for services that `logconform new` made"
        ) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Refused(f"{folder / ANSWERS}: can't be read ({error}); restore it from git") from None
    return known if isinstance(known, dict) else {}


@contextmanager
def _told(about: str = "") -> Iterator[None]:
    """Turn what names, git and Copier complain of into one kind of error, which begins with what it is *about*."""
    from copier.errors import CopierError
    from plumbum import ProcessExecutionError

    try:
        yield
    except (NameRefused, TemplateMissing, HistoryError) as error:
        raise Refused(str(error)) from None
    except ProcessExecutionError as error:
        raise Refused(f"{about}git: {(error.stderr.strip().splitlines() or ['failed'])[-1]}") from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt from None
    except (CopierError, ValueError) as error:
        raise Refused(about + (str(error).strip() or type(error).__name__)) from None
