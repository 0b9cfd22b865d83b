"""`pgrunbook connections pool`: do the applications' pools fit, does each keep to what is agreed,
does its source say so, and does anybody wait at the PgBouncer in front?"""

import threading

import pytest
from support.pooler import Pooler
from support.servers import ENDS, wait_until

versions = ENDS


def pool(runbook, server, *options, code=0):
    return runbook("connections", "pool", "--json", *options, server=server).expect(code).json


@pytest.fixture
def configure(runbook):
    """Writes a configuration and returns the options that name it."""
    def write(text):
        path = runbook.home / "test.conf"
        path.write_text(text, encoding="utf-8")
        return ["--config", path]
    return write


def found(application):
    return [finding["finding"] for finding in application["findings"]]


def connect(server, name, count=1, **more):
    return [server.connect(application_name=name, **more) for _ in range(count)]


# ---- what the server sees --------------------------------------------------------------------


def test_more_than_agreed(runbook, server, configure):
    """Names with quotes, emoji and 64 bytes are found, though the server shows "?" or "\\xf0" for
    an emoji's bytes, and 63 bytes of a name."""
    odd = "\U0001F4A5 'it''s' \"x\""
    long = "a" * 64
    connect(server, "shop", 4)
    connect(server, odd, 2)
    connect(server, long)
    config = configure(f"""
        [app shop]
        max_open = 3
        max_idle = 2
        [app odd]
        application = "{odd.replace('"', '""')}"
        [app long]
        application = {long}
        [app away]
        """)
    report = pool(runbook, server, *config)
    shop, odd, long, away = report["applications"]
    assert (shop["sessions"], shop["idle"], shop["allowed_sessions"]) == (4, 4, 3)
    assert shop["finding"] == "too_many_sessions"
    assert found(shop) == ["too_many_sessions", "too_many_idle"]
    assert (odd["sessions"], odd["finding"]) == (2, "ok")
    assert (long["sessions"], long["finding"]) == (1, "ok")
    assert away["finding"] == "absent"
    table = runbook("connections", "pool", *config, server=server).expect(0).out
    assert "4 sessions, more than max_open 3 × 1 allow" in table


def test_sessions_that_should_have_been_replaced(runbook, server, configure):
    connect(server, "shop")
    config = configure("[app shop]\nmax_lifetime = 1s\n")
    shop, = pool(runbook, server, *config)["applications"]
    assert shop["finding"] == "ok", "ten seconds of slack"
    config = configure("[app shop]\nmax_lifetime = 1h\n")
    assert pool(runbook, server, *config)["applications"][0]["overdue"] == 0


def test_whether_they_fit(runbook, server, configure):
    ordinary = pool(runbook, server)["slots"]["ordinary"]
    config = configure(f"[app a]\ninstances = 2\nmax_open = {ordinary // 4}\n"
                       f"[app b]\ninstances = 9\nmax_open = {ordinary // 4}\n")
    report = pool(runbook, server, *config)
    assert report["fits"] is False
    assert [app["instances_that_fit"] for app in report["applications"]] == [0, 2]
    assert report["slots"]["claimed"] == 11 * (ordinary // 4)
    config = configure("[app a]\ninstances = 2\nmax_open = 5\n")
    assert pool(runbook, server, *config)["fits"] is True


def test_of_one_target(runbook, server, configure):
    config = configure(f"""
        [target here]
        conninfo = {server.conninfo()}
        [target there]
        [app all]
        [app mine]
        targets = here
        [app other]
        targets = there
        """)
    report = runbook("connections", "pool", "--json", *config, "--target", "here").expect(0).json
    assert [app["name"] for app in report["applications"]] == ["all", "mine"]
    shown = runbook("config", "show", *config, "--target", "there").expect(0).out
    assert "[app other] max_open" in shown and "[app mine]" not in shown


def test_what_makes_it_durable(runbook, server, roles, configure):
    role = roles("app")
    connect(server, "shop", user=role)
    config = configure("[app shop]\ninstances = 2\nmax_open = 7\nmax_lifetime = 1min\n")
    settings = pool(runbook, server, *config)["role_settings"]
    quoted = f'"{role}"'
    assert [setting["sql"] for setting in settings] == [
        f"ALTER ROLE {quoted} CONNECTION LIMIT 14",
        f"ALTER ROLE {quoted} SET idle_session_timeout = '120s'",
        f"ALTER ROLE {quoted} SET idle_in_transaction_session_timeout = '60s'"]
    for setting in settings:
        server.sql(setting["sql"])
    assert pool(runbook, server, *config)["role_settings"] == []
    server.sql(f"ALTER ROLE {quoted} CONNECTION LIMIT 3")
    setting, = pool(runbook, server, *config)["role_settings"]
    assert setting["reason"] == "its limit of 3 is below what its applications may open"


def test_relief_leaves_what_is_allowed(runbook, server, roles, configure):
    """Five idle, two of them as agreed: however few slots may be used, those two stay."""
    role = roles("app")
    connections = connect(server, "shop", 5, user=role)
    config = configure("[app shop]\nmax_idle = 2\n")
    done = runbook("connections", "relieve", "--json", "--yes", *config, "--until", "0%",
                   "--idle-for", 0, server=server).expect(5).json
    pids = [connection.info.backend_pid for connection in connections]
    assert [row["pid"] for row in done["ended"]] == pids[:3], "the oldest idle first"
    assert set(pids[3:]) <= {row["pid"] for row in done["spared"]}
    assert len(server.backends("shop")) == 2


def test_a_role_that_sees_nothing_is_told_so(runbook, server, roles, configure):
    role = roles("blind")
    connect(server, "shop")
    config = configure("[app shop]\n")
    result = runbook("connections", "pool", *config, "-U", role, server=server).expect(4)
    assert "GRANT pg_" in result.err


# ---- what the source says --------------------------------------------------------------------

GO = """package database

import (
	"time"
)

const maxOpen = 5 * 5

// sqlDB.SetMaxIdleConns(10)
func Connect() {
	log.Print("sqlDB.SetMaxIdleConns(10)")
	sqlDB.SetMaxOpenConns(maxOpen)
	sqlDB.SetConnMaxLifetime(
		time.Duration(cfg.Lifetime) * time.Second,
	)
}
"""


@pytest.mark.parametrize("version", [15])
def test_source(runbook, server, configure):
    path = runbook.home / "connection.go"
    path.write_text(GO)
    source = pool(runbook, server, "--source", path)["source"]
    assert [(call["call"], call["finding"], call["line"]) for call in source["calls"]] == [
        ("SetMaxOpenConns", "ok", 12), ("SetMaxIdleConns", "missing", None),
        ("SetConnMaxLifetime", "unknown", 13)]
    assert source["calls"][2]["argument"] == "time.Duration(cfg.Lifetime) * time.Second"
    config = configure("[app shop]\nmax_open = 30\n[app jobs]\n")
    source = pool(runbook, server, *config, "--application", "shop", "--source", path)["source"]
    assert source["calls"][0]["message"] == "SetMaxOpenConns is 25, the settings say 30"
    table = runbook("connections", "pool", *config, "--application", "shop", "--source", path,
                    server=server).expect(0).out
    assert "different: line 12 (maxOpen): SetMaxOpenConns is 25, the settings say 30" in table


@pytest.mark.parametrize("version", [15])
def test_source_that_is_none(runbook, server, configure):
    config = configure("[app shop]\n[app jobs]\n")
    for options, message in (
            (["--source", "/nowhere.go"], "--application says whose source it is"),
            (["--source", "/nowhere.go", "--application", "shpo"], 'did you mean "shop"?'),
            (["--source", "/nowhere.go", "--application", "shop"], "No such file"),
            (["--source", "/dev/zero", "--application", "shop"], "larger than 1 MB"),
            (["--source", "/", "--application", "shop"], "Is a directory")):
        assert message in runbook("connections", "pool", *config, *options,
                                  server=server).expect(2).err


# ---- PgBouncer in front ----------------------------------------------------------------------


@pytest.fixture
def pooler(server):
    made = Pooler(server)
    yield made
    made.close()


@pytest.mark.parametrize("version", [15])
def test_clients_that_wait_at_pgbouncer(runbook, server, pooler):
    """One server connection, held; two clients come to wait behind it."""
    option = ["--pgbouncer", pooler.console]
    before = pool(runbook, server, *option)["pgbouncer"]
    assert (before["clients_waiting"], before["trouble"]) == (0, None)
    holder = pooler.connect(server.dbname)
    holder.execute("SELECT 1")

    def work():
        with pooler.connect(server.dbname) as connection:
            connection.execute("SELECT 1")

    waiters = [threading.Thread(target=work) for _ in range(2)]
    for waiter in waiters:
        waiter.start()
    asked = wait_until(lambda: (now := pool(runbook, server, *option)["pgbouncer"])
                       ["clients_waiting"] == 2 and now, what="two clients in the queue")
    held, = [row for row in asked["pools"] if row["database"] == server.dbname]
    assert (held["clients_active"], held["servers_active"], held["mode"]) == (1, 1, "session")
    assert asked["longest_wait_seconds"] > 0
    table = runbook("connections", "pool", *option, server=server).expect(0).out
    assert "PgBouncer: 2 clients wait for a connection of PgBouncer, the first for " in table
    whole = runbook("connections", "report", "--json", *option, server=server).expect(0).json
    assert whole["pgbouncer"]["clients_waiting"] == 2
    holder.close()
    for waiter in waiters:
        waiter.join()


@pytest.mark.parametrize("version", [15])
def test_pgbouncer_that_does_not_answer(runbook, server):
    gone = pool(runbook, server, "--pgbouncer", "host=/nowhere dbname=pgbouncer")["pgbouncer"]
    assert "cannot connect" in gone["trouble"] and gone["pools"] == []
    wrong = pool(runbook, server, "--pgbouncer", server.conninfo())["pgbouncer"]
    assert wrong["trouble"]
    error = runbook("connections", "pool", "--pgbouncer", "password=x", server=server).expect(2)
    assert "password" in error.err


@pytest.mark.parametrize("version", [15])
def test_application_goes_with_source(runbook, server):
    error = runbook("connections", "pool", "--application", "shop", server=server).expect(2).err
    assert "--application goes with --source" in error
