"""The service's tables, and enough in them that every task works on a fresh database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import Engine, ForeignKey, create_engine, event, insert, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from reference_worker.settings import get_worker_settings

DEMO_DATASET = "demo"
DEMO_RECORDS = 2_500
ATTEMPTS = 5

_engine_lock = threading.Lock()


class Base(DeclarativeBase):
    """The tables' common base."""


class Artifact(Base):
    """Something that a tenant uploaded."""

    __tablename__ = "artifacts"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(default=0)
    checksum: Mapped[str] = mapped_column(default="")
    processed_at: Mapped[datetime | None]


class VerificationToken(Base):
    """A token sent by mail, of which only the hash is kept."""

    __tablename__ = "verification_tokens"

    hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Dataset(Base):
    """A set of records that belong together."""

    __tablename__ = "datasets"

    id: Mapped[str] = mapped_column(primary_key=True)
    total: Mapped[int] = mapped_column(default=0)


class DatasetRecord(Base):
    """One record of a dataset."""

    __tablename__ = "dataset_records"

    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[float]


@contextmanager
def database() -> Iterator[Session]:
    """Open a session on a database that has its tables; commit at the end, roll back on an exception."""
    with _engine_lock:
        engine = _engine(get_worker_settings().database_url)
    with Session(engine) as session, session.begin():
        yield session


def now() -> datetime:
    """Return the time as the tables hold it: UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None)


@lru_cache(maxsize=4)
def _engine(url: str) -> Engine:
    """Return the engine, made on first use: a connection must not be carried across a fork."""
    # An error's message would quote the parameters: tenants' data has no place in the log.
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _share_file)
    _prepare(engine)
    return engine


def _share_file(connection: object, _record: object) -> None:
    """Let several processes use one SQLite file: writers wait for each other, readers do not."""
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _prepare(engine: Engine) -> None:
    """Make the tables and fill them; where another process does so at the same time, one of the two gives way."""
    for attempt in range(ATTEMPTS):
        try:
            Base.metadata.create_all(engine)
            with Session(engine) as session, session.begin():
                if session.scalar(select(Dataset.id).limit(1)) is None:
                    _seed(session)
        except DatabaseError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


def _seed(session: Session) -> None:
    session.add(Dataset(id=DEMO_DATASET, total=DEMO_RECORDS))
    session.add(Artifact(id="artifact-demo", tenant_id="tenant-demo", size_bytes=4096))
    session.flush()
    session.add_all(
        VerificationToken(hash=f"{number:064x}", user_id=f"user-{number}", expires_at=now() - timedelta(days=number))
        for number in range(1, 43)
    )
    session.execute(
        insert(DatasetRecord),
        [{"dataset_id": DEMO_DATASET, "number": number, "value": number * 0.5} for number in range(DEMO_RECORDS)],
    )
