"""`pgrunbook connections relieve` and those it must leave alone; and what it says when that is all
there are, or when its role may not end them."""

import pytest
from support.connections import (alive, at_work, configure, idle, in_transaction, pid_of, pids,
                                 relieve)
from support.servers import ENDS
from support.vacuum import last_run

versions = ENDS

SOON = ["--idle-for", 0]
# Of which a few sessions are too many.
LOW = ["--until", "20%"]


@pytest.fixture
def app(server, roles):
    server.sql(f"ALTER DATABASE {server.dbname} CONNECTION LIMIT 20")
    return roles("app")


def config(runbook, *lines, **settings):
    """configure() with settings of the core besides."""
    options = configure(runbook, young=0, **settings)
    with open(options[1], "a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    return options


# ---- who is left alone -----------------------------------------------------------------------


def test_each_is_spared_for_its_reason(runbook, server, app, roles):
    books = roles("books")
    kept = {name: idle(server, 1, user=app, application_name=name)[0] for name in (
        "pg_dump", "PgBouncer", "Patroni restapi", "pgBackRest [backup]", "barman_receive",
        "pgrunbook vacuum")}
    boss, = idle(server, 1, application_name="psql")
    protected, = idle(server, 1, user=books)
    busy, = at_work(server, 1, user=app)
    within, = in_transaction(server, 1, user=app)
    others = idle(server, 4, user=app, application_name="my pg_dump")
    done = relieve(runbook, server, *LOW, *SOON, *config(runbook, f"protected_roles = {books}"),
                   code=5)
    assert done.diagnosis == "idle_pileup"
    assert set(done.ended) == set(pids(others))
    by_application = "its application is protected (protected_applications)"
    assert {done.spared[pid_of(kept[name])] for name in kept if name != "pgrunbook vacuum"} == {
        by_application}
    assert done.spared[pid_of(kept["pgrunbook vacuum"])] == "it is a session of pgrunbook"
    assert done.spared[pid_of(boss)] == "its role is a superuser"
    assert done.spared[pid_of(protected)] == "its role is protected (protected_roles)"
    assert done.spared[pid_of(busy)] == "it is at work"
    assert done.spared[pid_of(within)] == "it is in a transaction"
    assert alive(server, [*kept.values(), boss, protected, busy, within]) == set(done.spared)


def test_protected_applications_are_a_setting(runbook, server, app):
    mine = idle(server, 3, user=app, application_name="Nightly-7")
    dumps = idle(server, 3, user=app, application_name="pg_dump")
    done = relieve(runbook, server, *LOW, *SOON,
                   *config(runbook, "protected_applications = nightly"))
    assert set(done.ended) == set(pids(mine)[:0] + pids(dumps)[:2])
    assert alive(server, mine) == set(pids(mine))


def test_superusers_where_that_is_allowed(runbook, server, app):
    bosses = idle(server, 6)
    done = relieve(runbook, server, *LOW, *SOON, code=5)
    assert (done.ended, done.goal["reached"]) == ({}, False)
    assert set(done.spared.values()) == {"its role is a superuser"}
    done = relieve(runbook, server, *LOW, *SOON, "--superusers")
    assert list(done.ended) == pids(bosses)[:2]
    done = relieve(runbook, server, "--until", "10%", *SOON, *config(runbook, superusers="on"))
    assert list(done.ended) == pids(bosses)[2:4]


def test_nobody_may_be_ended(runbook, server, app):
    """Not "nobody is idle": it says who there is and why he stays."""
    sessions = idle(server, 9, user=app, application_name="pgbouncer")
    done = relieve(runbook, server, *LOW, *SOON, *config(runbook), code=5)
    assert done.diagnosis == "idle_pileup" and "9 sessions idle" in done.result.json["reason"]
    assert (done.ended, done.goal["reached"]) == ({}, False)
    assert set(done.spared) == set(pids(sessions))
    assert "idle_session_timeout" in done.hints
    out = runbook("connections", "relieve", "--yes", *LOW, *SOON, *config(runbook),
                  server=server).expect(5).out
    assert "    9 left alone: its application is protected (protected_applications)" in out
    assert alive(server, sessions) == set(pids(sessions))


# ---- whom our role may not end ---------------------------------------------------------------


def test_without_the_right_to_end_anybody(runbook, server, app, roles):
    looker = roles("looker")
    server.sql(f"GRANT pg_monitor TO {looker}")
    sessions = idle(server, 6, user=app)
    refused = runbook("connections", "relieve", "--yes", "--json", "-U", looker, *LOW, *SOON,
                      server=server).expect(4)
    assert refused.out == ""
    assert f'role "{looker}" may not end any of the ' in refused.err
    assert f'GRANT pg_signal_backend TO "{looker}"' in refused.err
    assert alive(server, sessions) == set(pids(sessions))
    server.sql(f"GRANT pg_signal_backend TO {looker}")
    done = relieve(runbook, server, "-U", looker, *LOW, *SOON)
    assert list(done.ended) == pids(sessions)[:2]


def test_its_own_sessions_a_role_may_end(runbook, server, app):
    """pg_monitor is enough for a role that ends none but its own."""
    server.sql(f"GRANT pg_monitor TO {app}")
    sessions = idle(server, 6, user=app)
    done = relieve(runbook, server, "-U", app, *LOW, *SOON)
    assert list(done.ended) == pids(sessions)[:2]


def test_superusers_in_the_way_of_a_member(runbook, server, app, roles):
    """The page's statement stops at the first of these, with nobody ended."""
    dba = roles("dba")
    server.sql(f"GRANT pg_monitor, pg_signal_backend TO {dba}")
    bosses, sessions = idle(server, 3), idle(server, 4, user=app)
    done = relieve(runbook, server, "-U", dba, *LOW, *SOON)
    assert list(done.ended) == pids(sessions)[:3]
    assert alive(server, bosses) == set(pids(bosses))
    # Allowed by us, but not by the server: each with its reason, none tried in vain.
    done = relieve(runbook, server, "-U", dba, "--superusers", "--until", "5%", *SOON, code=5)
    assert list(done.ended) == pids(sessions)[3:]
    assert {done.spared[pid] for pid in pids(bosses)} == {
        "only a superuser may end a superuser's session"}
    refused = runbook("connections", "relieve", "--yes", "-U", dba, "--superusers", "--until",
                      "5%", *SOON, server=server).expect(4)
    assert "sessions of superusers are ended by a superuser alone" in refused.err
    assert alive(server, bosses) == set(pids(bosses))


# ---- what is recorded ------------------------------------------------------------------------


def test_a_run_that_ended_nobody_is_recorded(runbook, server, app):
    idle(server, 9, user=app, application_name="pgbouncer")
    done = relieve(runbook, server, *LOW, *SOON, *config(runbook), code=5)
    shown = last_run(runbook)
    assert (shown["run"]["id"], shown["run"]["outcome"]) == (done.document["run_id"], "partly")
    assert shown["steps"] == []
    assert [(item["outcome"], item["reason"]) for item in shown["objects"]] == [
        ("skipped", "its application is protected (protected_applications)")] * 9
