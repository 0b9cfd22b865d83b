"""Where a setting comes from, and what a broken file does."""

import pytest


@pytest.fixture
def write(runbook):
    def write(text, name="one.conf"):
        file = runbook.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file
    return write


def settings(result):
    return {row["name"]: row for row in result.expect(0).json["settings"]}


def test_no_file_is_fine(runbook):
    assert "defaults" in runbook("config", "check").expect(0).out


def test_check_names_the_files_it_read(runbook, write):
    own = write("[pgrunbook]\ntimezone = UTC\n", "config/pgrunbook/pgrunbook.conf")
    named = write("")
    assert str(own) in runbook("config", "check").expect(0).out
    result = runbook("config", "check", "--config", named).expect(0)
    assert str(named) in result.out and str(own) not in result.out
    environment = {"PGRUNBOOK_CONFIG": str(named)}
    assert str(named) in runbook("config", "check", env=environment).expect(0).out


def test_every_value_knows_where_it_came_from(runbook, write):
    file = write("[pgrunbook]\ntimezone = Europe/Berlin\n\n"
                 "[target prod]\nconninfo = host=db1\ntimezone = Asia/Tokyo\n")
    for words, value, origin in (
            ([], "UTC", "default"),
            (["--config", file], "Europe/Berlin", f"{file}:2"),
            (["--config", file, "--target", "prod"], "Asia/Tokyo", f"{file}:6")):
        row = settings(runbook("config", "show", "--json", *words))["timezone"]
        assert (row["value"], row["origin"], row["default"]) == (value, origin, "UTC")
    row = settings(runbook("config", "show", "--json", "--state", "/tmp/h.db"))["state"]
    assert (row["value"], row["origin"]) == ("/tmp/h.db", "--state")


@pytest.mark.parametrize("text, line, message, hint", [
    ("[pgrunbook]\ntimezoen = UTC\n", 2, "timezoen", "timezone"),
    ("[pgrunboook]\n", 1, "pgrunboook", "pgrunbook"),
    ("[pgrunbook]\ntimezone = Mars/Olympus\n", 2, "Mars/Olympus", ""),
    ("[pgrunbook]\ntimezone = UTC\ntimezone = UTC\n", 3, "timezone", ""),
    ("[target all]\n", 1, "all", ""),
    ("timezone = UTC\n", 1, "", ""),
])
def test_a_broken_file_is_named_with_line_and_nearest(runbook, write, text, line, message, hint):
    file = write(text)
    for words in (["config", "check"], ["config", "show"], ["history"]):
        result = runbook(*words, "--config", file).expect(2)
        assert result.out == ""
        assert f"{file}:{line}: " in result.err and message in result.err
        assert hint in result.err.split("hint: ")[-1]


def test_a_broken_file_makes_check_unknown(runbook, write):
    runbook("check", "--config", write("[nonsense]\n")).expect(3)


def test_unknown_target_names_the_nearest(runbook, write):
    file = write("[target production]\nconninfo = host=db1\n")
    result = runbook("config", "show", "--config", file, "--target", "prodution").expect(2)
    assert '"production"' in result.err


@pytest.mark.parametrize("lines, words", [
    ("http.listen = 8433", "http.listen"),
    ("http.listen = 127.0.0.1:99999", "http.listen"),
    ("http.listen = 0.0.0.0:8432", "no TLS"),
    ("http.tls_key = /nowhere/key.pem", "go together"),
    ("http.tls_key = /nowhere/key.pem\nhttp.tls_certificate = /nowhere/cert.pem", "cert.pem"),
])
def test_what_serve_would_refuse_is_a_fault(runbook, write, lines, words):
    path = write(f"[pgrunbook]\n{lines}\n")
    assert words in runbook("config", "check", "--config", path).expect(2).err
    assert words in runbook("serve", "--config", path).expect(2).err


def test_http_is_not_to_be_had_without_its_library(runbook, write, broken_library):
    env = broken_library("libmicrohttpd.so.12")
    path = write("[pgrunbook]\nhttp.listen = 127.0.0.1:0\n")
    for words in ("config", "check"), ("serve",):
        result = runbook(*words, "--config", path, env=env).expect(1)
        assert "cannot load libmicrohttpd" in result.err
        assert "http.listen = off" in result.err.split("hint: ")[-1]
    path = write("[pgrunbook]\nhttp.listen = off\n")
    runbook("config", "check", "--config", path, env=env).expect(0)


def test_a_path_is_absolute_and_a_way_in_is_missed(runbook, write):
    path = write("[pgrunbook]\nreport.folder = reports\n")
    assert "absolute" in runbook("config", "check", "--config", path).expect(2).err
    path = write("[target shop]\nconninfo = dbname=shop\n")
    assert "emergency_conninfo" in runbook("config", "check", "--config", path).expect(0).err
    path = write("[target shop]\nconninfo = dbname=shop\nemergency_conninfo = dbname=shop\n")
    assert "emergency" not in runbook("config", "check", "--config", path).expect(0).err


def test_what_would_be_found_out_by_the_first_mail(runbook, write, tmp_path):
    for name, value in (("report.to", "boss@example.com, <b@example.com>"),
                        ("notify.mail_to", "b\u00f6ss@example.org"),
                        ("notify.mail_from", "\u00dcn\u00ef <ops@example.org>")):
        path = write(f"[pgrunbook]\n{name} = {value}\n")
        err = runbook("config", "check", "--config", path).expect(2).err
        assert f"{name}: not a mail address: " in err
    path = write(f"[pgrunbook]\nreport.folder = {tmp_path / 'gone'}\n")
    assert "report.folder: there is no folder" in runbook("config", "check", "--config",
                                                          path).expect(2).err
    path = write(f"[pgrunbook]\nreport.folder = {tmp_path}\nreport.to = boss@example.com\n")
    runbook("config", "check", "--config", path).expect(0)


def test_who_is_of_this_machine_is_noted(runbook, write):
    path = write("[pgrunbook]\nreport.to = boss@example.org\n")
    assert "report.to" not in runbook("config", "check", "--config", path).expect(0).err
    path = write("[pgrunbook]\nreport.to = boss@example.org, not-an-address\n")
    checked = runbook("config", "check", "--config", path).expect(0)
    assert 'report.to: "not-an-address" has no @' in checked.err


def test_the_sample_is_valid_and_complete(runbook, write):
    sample = runbook("config", "sample").expect(0).out
    runbook("config", "check", "--config", write(sample)).expect(0)
    for name in settings(runbook("config", "show", "--json")):
        assert f"#{name} =" in sample
    used = "".join(f"{line[1:]}\n" if " = " in line and line[1].isalpha() or line[1] == "[" else ""
                   for line in sample.splitlines() if line.startswith("#") and len(line) > 1)
    checked = runbook("config", "check", "--config", write(f"[pgrunbook]\n{used}"), "--json")
    assert checked.expect(0).json["targets"] == ["example"]
    shown = runbook("config", "show", "--config", write(f"[pgrunbook]\n{used}")).expect(0).out
    for name in ("[app insightengine] max_open", "[rule reports] action"):
        assert name in shown
