"""Where the journal is and in which local time it is read: by the site file, or by its folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from msgspec import Struct

from edge.cli.errors import RefusedError
from edge.config.load import load_site
from edge.config.sections.service import StoreSection
from edge.keeper.journal import JOURNAL_NAME

_DEFAULT: Final = Path(StoreSection().directory)

_F = TypeVar("_F", bound=Callable[..., Any])


class JournalPlace(Struct, frozen=True):
    """The file, and the zone that its times are shown in."""

    path: Path
    zone: tzinfo


def journal_options(command: _F) -> _F:
    """Adds `--site` and `--store`; the command gets both and hands them to `journal_of`."""
    command = click.option(
        "--store",
        "store_path",
        type=click.Path(path_type=Path),
        help=f"Folder of the journal.  [default: {_DEFAULT}]",
    )(command)
    return click.option(
        "--site",
        "site_path",
        type=click.Path(path_type=Path),
        help="Site file that names the folder and the time zone.",
    )(command)


def journal_of(site_path: Path | None, store_path: Path | None) -> JournalPlace:
    """Raises RefusedError when there is no journal."""
    zone: tzinfo | None = None
    folder = store_path
    if site_path is not None:
        loaded = load_site(site_path)
        zone = loaded.spec.timezone
        folder = folder or Path(loaded.io.store.directory)
    path = (folder or _DEFAULT) / JOURNAL_NAME
    try:
        exists = path.exists()
    except PermissionError as error:
        raise RefusedError(f"{path}: no permission: got {error.strerror}; use sudo") from error
    if not exists:
        raise RefusedError(
            f"{path}: no journal here; name the site file with --site or the folder with --store"
        )
    return JournalPlace(path, zone or _machine_zone())


@contextmanager
def reading(place: JournalPlace) -> Iterator[None]:
    """Turns faults of the file into one clear line."""
    try:
        yield
    except sqlite3.Error as error:
        raise RefusedError(
            f"{place.path}: journal not readable: got {error}; check permissions, or try sudo"
        ) from error


def _machine_zone() -> tzinfo:
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None
    return zone
