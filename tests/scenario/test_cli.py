"""What a person may type, rightly and wrongly."""

import json
import subprocess

import pytest
from support.program import binary


@pytest.mark.parametrize("words, message, hint", [
    ([], "no command given", "pgrunbook --help"),
    (["histroy"], 'no section "histroy"', '"history"'),
    (["history", "lsit"], 'no command "lsit"', "pgrunbook history list"),
    (["vacuum"], "pgrunbook vacuum needs a command", "plan"),
    (["config", "show", "--taget", "x"], "no option --taget", "--target"),
    (["config", "show", "--limit", "3"], "no option --limit", "config show --help"),
    (["vacuum", "plan", "--yes"], "no option --yes", "vacuum plan --help"),
    (["history", "show"], "needs ID", "Usage: pgrunbook history show"),
    (["history", "show", "1", "2"], '"2"', "Usage:"),
    (["history", "show", "seven"], '"seven"', ""),
    (["history", "--limit", "-1"], '"-1"', ""),
    (["history", "--limit"], "--limit needs a value", ""),
    (["history", "--json=yes"], "--json takes no value", ""),
    (["history", "--format", "jsn"], '"jsn"', '"json"'),
    (["history", "--json", "--format=csv"], "contradict", ""),
    (["config", "show", "--color", "purple"], '"purple"', "always"),
    (["vacuum", "plan", "-h"], "-h needs a value", "--help"),
    (["vacuum", "plan", "-d", "one", "two"], "named twice", ""),
    (["vacuum", "plan", "-w", "-W"], "contradict", ""),
    (["vacuum", "plan", "--target", "x", "-h", "y"], "--target", "conninfo"),
    (["vacuum", "plan", "--target", "x"], 'unknown target "x"', ""),
    (["vacuum", "plan", "--target", "all"], "no targets", "[target NAME]"),
    (["vacuum", "run", "--jobs", "many"], "--jobs", ""),
    (["completion", "bahs"], '"bahs"', '"bash"'),
    (["runbook", "vacum"], '"vacum"', '"vacuum"'),
    (["help", "histori"], '"histori"', '"history"'),
])
def test_wrong_usage_is_one_error_with_a_hint(runbook, words, message, hint):
    result = runbook(*words).expect(2)
    assert result.out == ""
    first, *rest = result.err.splitlines()
    assert first.startswith("pgrunbook: error: ") and message in first
    assert len(rest) <= 1, "never the whole help"
    assert hint in "".join(rest)


def test_options_stand_anywhere(runbook):
    expected = runbook("config", "show", "--json", "--state", "/x").expect(0).json["settings"]
    for words in (["--json", "--state=/x", "config", "show"], ["config", "--state", "/x", "show",
                  "--json"], ["config", "show", "--state=/x", "--json", "--"]):
        assert runbook(*words).expect(0).json["settings"] == expected


def test_version(runbook):
    for words in (["--version"], ["-V"], ["check", "--version"]):
        assert runbook(*words).expect(0).out.startswith("pgrunbook ")


def test_hidden_command_is_not_shown_but_works(runbook):
    assert "sql" not in runbook("--help").out.split()
    assert "host_owners" in runbook("sql").expect(0).out
    assert "SELECT" in runbook("sql", "host_owners").expect(0).out
    assert '"nonsense"' in runbook("sql", "nonsense").expect(2).err


def test_every_query_is_prepared_by_every_server(runbook, server):
    result = runbook("sql", "--prepare", server=server).expect(0)
    assert f"PostgreSQL {server.version}: " in result.out
    assert " 0 differences" in result.out


def test_check_answers_as_a_monitoring_plugin(runbook, server):
    result = runbook("check", server=server)
    word = result.out.split(":")[0]
    assert result.code == ["OK", "WARNING", "CRITICAL", "UNKNOWN"].index(word)
    assert len(result.out.splitlines()) <= 20


@pytest.mark.parametrize("words", [["-h", "/nonexistent"], ["--bogus"], ["--target", "nowhere"],
                                   ["--config", "/nonexistent.conf"]])
def test_check_that_cannot_look_is_unknown(runbook, words):
    runbook("check", *words).expect(3)


def test_check_says_why_it_cannot_connect_once(runbook):
    result = runbook("check", "-h", "/nonexistent").expect(3)
    assert result.out.startswith("UNKNOWN: ") and "/nonexistent" in result.out
    assert result.err == ""


def test_without_libpq_it_is_said_and_not_died_of(runbook, broken_library):
    env = broken_library("libpq.so.5")
    runbook("schedule", "-d", "dbname=shop", env=env).expect(0)
    result = runbook("vacuum", "plan", "-h", "/nonexistent", env=env).expect(1)
    assert "cannot load libpq: " in result.err
    assert "install libpq" in result.err.split("hint: ")[-1]
    file = write_targets(runbook, ("here", "host=/nonexistent"))
    result = runbook("config", "check", "--config", file, env=env).expect(1)
    assert f"{file}:2: conninfo: cannot load libpq: " in result.err


def write_targets(runbook, *targets):
    file = runbook.home / "targets.conf"
    file.write_text("".join(f"[target {name}]\nconninfo = {conninfo}\n"
                            for name, conninfo in targets), encoding="utf-8")
    return file


@pytest.mark.parametrize("version", [15])
def test_all_targets_in_turn_with_the_gravest_code(runbook, server):
    file = write_targets(runbook, ("gone", "host=/nonexistent"), ("here", server.conninfo()))
    result = runbook("vacuum", "plan", "--target=all", "--config", file).expect(3)
    assert "/nonexistent" in result.err
    gone, here = result.out.split("\nTarget here\n")
    assert gone.strip() == "Target gone" and here.strip()


@pytest.mark.parametrize("version", [15])
def test_check_of_all_targets(runbook, server):
    file = write_targets(runbook, ("gone", "host=/nonexistent"), ("here", server.conninfo()))
    here = runbook("check", "--json", "--target=here", "--config", file)
    result = runbook("check", "--json", "--target=all", "--config", file)
    assert result.code == (3 if here.code == 0 else here.code)
    decoder, text, documents = json.JSONDecoder(), result.out.strip(), []
    while text:
        document, end = decoder.raw_decode(text)
        documents.append(document)
        text = text[end:].lstrip()
    assert [document["target"] for document in documents] == ["gone", "here"]
    assert documents[0]["status"] == "unknown"


def test_a_full_disk_is_noticed(runbook):
    with open("/dev/full", "w", encoding="utf-8") as full:
        process = subprocess.run([binary(), "config", "sample"], stdout=full,
                                 stderr=subprocess.PIPE, text=True, check=False)
    assert process.returncode == 1
    assert "No space left" in process.stderr


# ---- completion -----------------------------------------------------------------------------


def complete(runbook, *words):
    """What bash offers for the last word."""
    script = runbook("completion", "bash").expect(0).out
    quoted = " ".join(f"'{word}'" for word in words)
    program = (f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n_pgrunbook\n"
               'printf "%s\\n" "${COMPREPLY[@]}"')
    shell = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True,
                           check=True, cwd=runbook.home)
    assert shell.stderr == ""
    return shell.stdout.split()


@pytest.mark.parametrize("words, offered, withheld", [
    (["pgrunbook", ""], "check history vacuum", "sql plan --json"),
    (["pgrunbook", "hist"], "history", "check"),
    (["pgrunbook", "history", ""], "list show", "check"),
    (["pgrunbook", "-h", "db1", "history", ""], "list show", "check"),
    (["pgrunbook", "--format", "=", "csv", "history", ""], "list show", "check"),
    (["pgrunbook", "history", "list", "--"], "--limit --json", "--host --yes"),
    (["pgrunbook", "history", "--"], "--limit --json", "--host"),
    (["pgrunbook", "vacuum", "run", "--"], "--yes --host", "--limit"),
    (["pgrunbook", "vacuum", "plan", "--"], "--host", "--yes"),
    (["pgrunbook", "check", "--format", "j"], "json", "csv"),
    (["pgrunbook", "check", "--format", "="], "json csv", "check"),
    (["pgrunbook", "check", "--format", "=", "c"], "csv", "json"),
    (["pgrunbook", "check", "-h", ""], "", "check shop"),
    (["pgrunbook", "completion", ""], "bash zsh fish", "check"),
    (["pgrunbook", "runbook", "v"], "vacuum", "check"),
    (["pgrunbook", "backup", ""], "create dump restore-dump wal", "push receive"),
    (["pgrunbook", "backup", "wal", ""], "fetch push receive", "dump create"),
    (["pgrunbook", "backup", "wal", "push", "--"], "--repo --target", "--host --yes"),
    (["pgrunbook", "backup", "dump", "--"], "--to --globals", "--into"),
])
def test_completion_in_bash(runbook, words, offered, withheld):
    found = set(complete(runbook, *words))
    assert found >= set(offered.split())
    assert not found & set(withheld.split())


def test_completion_of_files_in_bash(runbook):
    (runbook.home / "my.conf").touch()
    assert complete(runbook, "pgrunbook", "check", "--config", "my") == ["my.conf"]
    assert complete(runbook, "pgrunbook", "backup", "restore-dump", "my") == ["my.conf"]
    assert complete(runbook, "pgrunbook", "backup", "dump", "--to", "my") == ["my.conf"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_of_other_shells_knows_all_options(runbook, shell):
    script = runbook("completion", shell).expect(0).out
    assert "@" not in script
    for word in ("history", "list", "limit", "format", "markdown", "vacuum", "receive"):
        assert word in script
