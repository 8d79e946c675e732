"""The warehouse's schema as versioned files, each run once, in order."""

from importlib.resources import files

from ecom_pipeline.batch.warehouse import Session, Warehouse
from ecom_pipeline.domain.columns import COLUMNS, PARTITION, Column

_TABLE = "public.ecom_migrations"


def migrate(warehouse: Warehouse) -> list[str]:
    """Run the migrations that were not run yet and return their names."""
    with warehouse.session() as session:
        session.run(f"create table if not exists {_TABLE} (name varchar(100) not null)")
        session.commit()
        session.run(f"lock {_TABLE}")  # two starting processes run each file once
        done = {name for (name,) in session.rows(f"select name from {_TABLE}")}
        new = [name for name in _names() if name not in done]
        for name in new:
            _run(session, name)
            session.run(f"insert into {_TABLE} values (%s)", [name])
        session.commit()
        return new


def ddl(columns: tuple[Column, ...]) -> str:
    """Return columns as the body of a CREATE TABLE."""
    return ",\n  ".join(
        f"{c.name} {c.redshift}{'' if c.nullable else ' not null'}" for c in columns
    )


def _names() -> list[str]:
    folder = files("ecom_pipeline.batch") / "sql" / "migrations"
    return sorted(each.name for each in folder.iterdir() if each.name.endswith(".sql"))


def _run(session: Session, name: str) -> None:
    text = (files("ecom_pipeline.batch") / "sql" / "migrations" / name).read_text()
    text = text.replace("{fact_columns}", ddl((*COLUMNS, PARTITION)))
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    for statement in filter(None, map(str.strip, code.split(";"))):
        session.run(statement)
