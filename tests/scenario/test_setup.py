"""The printed SQL, run by psql, makes a role that may do its work and no more."""

import os
import subprocess

import pytest


def apply(server, sql):
    """As a DBA would; errors stop it."""
    environment = {**os.environ, **server.environment}
    return subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=sql,
                          env=environment, capture_output=True, text=True, check=True)


@pytest.fixture
def cleanly(server):
    """Roles belong to the whole server; those a test makes go when it ends."""
    before = {row[0] for row in server.sql("SELECT rolname FROM pg_roles")}
    yield
    for (name,) in server.sql("SELECT rolname FROM pg_roles"):
        if name not in before:
            quoted = '"' + name.replace('"', '""') + '"'
            server.sql(f"REASSIGN OWNED BY {quoted} TO CURRENT_USER")
            server.sql(f"DROP OWNED BY {quoted}")
            server.sql(f"DROP ROLE {quoted}")


def memberships(server, role):
    return {row[0] for row in server.sql(
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member::regrole::text = %s",
        [role])}


def vacuum_as(server, role, table):
    """True when VACUUM did it; the server only warns when it may not."""
    notices = []
    connection = server.connect(user=role)
    connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    connection.execute(f"VACUUM {table}")
    return notices == []


def test_the_role_may_vacuum_what_the_database_owner_may(runbook, server, cleanly):
    server.sql("CREATE ROLE app; CREATE ROLE other")
    server.sql(f"ALTER DATABASE {server.dbname} OWNER TO app")
    server.sql("CREATE TABLE public.mine (); CREATE TABLE public.theirs ()")
    server.sql("ALTER TABLE public.theirs OWNER TO other")
    script = runbook("setup", server=server).expect(0).out
    apply(server, script)
    apply(server, script)
    assert vacuum_as(server, "pgrunbook", "public.mine")
    assert vacuum_as(server, "pgrunbook", "public.theirs")
    assert "other" not in memberships(server, "pgrunbook")
    assert server.value("SELECT NOT rolsuper AND NOT rolcreaterole AND NOT rolcreatedb AND "
                        "rolcanlogin FROM pg_roles WHERE rolname = 'pgrunbook'")


def test_a_superuser_is_never_granted(runbook, server, cleanly):
    server.sql("CREATE ROLE other")
    server.sql("CREATE TABLE public.of_super (); CREATE TABLE public.theirs ()")
    server.sql("ALTER TABLE public.theirs OWNER TO other")
    script = runbook("setup", server=server).expect(0).out
    apply(server, script)
    assert not server.sql("SELECT 1 FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.roleid"
                          " WHERE r.rolsuper AND m.member = 'pgrunbook'::regrole")
    assert vacuum_as(server, "pgrunbook", "public.theirs")
    if server.version >= 17:
        assert vacuum_as(server, "pgrunbook", "public.of_super")
    else:
        assert not vacuum_as(server, "pgrunbook", "public.of_super")
        assert "Left out: 1 table" in script and "public.of_super" in script
        assert "ALTER DATABASE" in script


def test_each_grant_says_why(runbook, server):
    lines = runbook("setup", server=server).expect(0).out.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("GRANT pg_") or line.startswith('GRANT "pg_'):
            assert lines[number - 1].startswith("-- ")


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("role", ["ops", "Ops Team", 'quo"te', "dollar $setup$ sign", "it's",
                                  "back\\slash", "emoji 🐘", ":colon", "-- dash"])
def test_role_names_of_every_kind(runbook, server, cleanly, role):
    script = runbook("setup", f"--role={role}", server=server).expect(0).out
    apply(server, script)
    apply(server, script)
    assert server.value("SELECT count(*) FROM pg_roles WHERE rolname = %s", [role]) == 1


@pytest.mark.parametrize("version", [15])
def test_a_hostile_table_name_stays_in_its_comment(runbook, server, cleanly):
    server.sql('CREATE TABLE public."x\nCREATE ROLE hacked; --" ()')
    apply(server, runbook("setup", server=server).expect(0).out)
    assert server.value("SELECT count(*) FROM pg_roles WHERE rolname = 'hacked'") == 0


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("role", ["", "pg_mine", "public", "none"])
def test_reserved_role_names(runbook, server, role):
    assert runbook("setup", f"--role={role}", server=server).expect(2).out == ""


@pytest.mark.parametrize("version", [15])
def test_setup_changes_nothing(runbook, server):
    before = server.sql("SELECT * FROM pg_roles"), server.sql("SELECT * FROM pg_auth_members")
    runbook("setup", server=server).expect(0)
    assert before == (server.sql("SELECT * FROM pg_roles"),
                      server.sql("SELECT * FROM pg_auth_members"))
