import pytest

from geartrain.kernel.errors import Invalid
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.opening import parse_url


def test_reads_addresses(tmp_path):
    assert parse_url(f"sqlite:///{tmp_path}/a b.sqlite3")["NAME"] == f"{tmp_path}/a b.sqlite3"
    found = parse_url("postgresql://ann:p%40ss@db.example:5433/gear?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "ann",
        "p@ss",
        "db.example",
        "5433",
        "gear",
    )
    assert found["OPTIONS"] == {"sslmode": "require"}


def test_refuses_other_engines_without_repeating_the_password():
    with pytest.raises(Invalid) as error:
        parse_url("mysql://ann:hunter2@db/gear")
    assert "hunter2" not in str(error.value)


def test_moves_from_one_store_to_another_and_back(tmp_path):
    def count():
        from geartrain.stores.decisions.models import User

        return User.objects.count()

    one, two = f"sqlite:///{tmp_path}/one.sqlite3", f"sqlite:///{tmp_path}/two.sqlite3"
    open_decisions(one)
    from geartrain.stores.decisions.models import User

    User.objects.create(email="A@Example.com")
    open_decisions(two)
    assert count() == 0
    open_decisions(one)
    assert count() == 1
    assert User.objects.get().email == "a@example.com"


def test_the_models_are_what_the_migrations_make(tmp_path):
    open_decisions(f"sqlite:///{tmp_path}/m.sqlite3")
    from django.core.management import call_command

    call_command("makemigrations", "decisions", check=True, dry_run=True, verbosity=0)
