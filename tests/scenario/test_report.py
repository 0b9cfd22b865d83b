"""The monthly report: of a month written through SQL, and of real runs."""

import os
import re
import shlex
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest
from golden.documents import check_document
from support.connections import idle, relieve
from support.months import GB, NASTY, Month, at, october
from support.reclaim import make_bloated_index, run

pytestmark = pytest.mark.parametrize("version", [15])
GOLDEN = Path(__file__).parent.parent / "golden" / "report"


class Page(HTMLParser):
    """Its elements, its text, and that it is well-formed."""

    VOID = {"meta", "br", "link", "img"}

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.words, self.attributes = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def month(tmp_path):
    return october(tmp_path / "october.db")


def report(runbook, history, *words):
    return runbook("report", "--month", "2026-10", "--state", history, *words)


def test_document(runbook, version, month):
    document = check_document(report(runbook, month, "--json").expect(0).json, "report")
    assert document["complete"] and document["timezone"] == "UTC"
    assert document["from"].startswith("2026-10-01T00:00:00")
    assert sum(line["runs"] for line in document["runs"]) == 20
    assert document["vacuumed"] == [{"target": "shop", "tables": 4, "times": 16, "at_least": False,
                                   "dead_rows_removed": 16 * (120_000 - 40)}]
    won = sum(line["before_bytes"] - line["after_bytes"] for line in document["space"])
    assert won == 7 * GB + GB // 2
    slots = document["incidents"][1]
    assert slots["name"] == "slots" and slots["seconds"] == 190 and slots["runs"]
    (shop,) = document["slots"]
    assert (shop["used_max"], shop["ordinary"]) == (95, 97)
    assert [day["used_max"] for day in shop["days"]].count(None) == 2, "the daemon was down"
    assert document["drills"][0]["recovery_seconds"] == 1260
    assert [line["forced"] for line in document["migrated"]] == [None, "it was urgent"]
    assert document["index_use"][0]["findings"][0]["name"] == "orders_old_idx"
    assert [line["job"] for line in document["turns_missed"]] == ["vacuum"]
    assert document["in_short"][0]["tone"] == "bad"


def test_forecast(runbook, version, month):
    """A straight line with its bounds; none where too little is known."""
    (growth,) = report(runbook, month, "--json").json["growth"]
    forecast, last = growth["forecast"], growth["points"][-1]["bytes"]
    assert forecast["low_bytes"] < forecast["bytes"] < forecast["high_bytes"]
    assert abs(forecast["bytes_per_day"] * 7 / GB - 1.05) < 0.05
    assert forecast["bytes"] > last and growth["relations"][0]["name"] == "public.orders"


def test_forecast_of_too_little(runbook, version, tmp_path):
    few = Month(tmp_path / "few.db")
    few.run("check", "run", at(2026, 9, 1))
    few.sizes(weeks=3)
    few.close()
    document = report(runbook, few.path, "--json").json
    assert document["growth"][0]["forecast"] is None
    assert "fewer than four weeks" in document["growth"][0]["no_forecast"]
    assert "No forecast: there are sizes of 3 weeks" in report(runbook, few.path).out


def test_page(runbook, version, month, tmp_path):
    file = tmp_path / "october.html"
    assert report(runbook, month, "--html", file).expect(0).out == ""
    html = file.read_text(encoding="utf-8")
    page = Page(html)
    assert "script" not in page.tags and not [a for a in page.attributes if a.startswith("on")]
    assert not re.search(r"(src|href)=\"(?!#)", html) and "url(" not in html
    assert NASTY in "".join(page.words), "as text"
    assert page.tags.count("svg") == 2 and page.tags.count("h1") == 1
    assert "prefers-color-scheme: dark" in html and "@media print" in html
    assert report(runbook, month, "--html", "-").expect(0).out.startswith("<!DOCTYPE html>")
    assert sorted(path.name for path in tmp_path.glob("october*")) == ["october.db",
                                                                       "october.html"]


def test_page_is_there_whole_or_not_at_all(runbook, version, month, tmp_path):
    folder = tmp_path / "missing"
    result = report(runbook, month, "--html", folder / "october.html").expect(1)
    assert "cannot write" in result.err and not folder.exists()
    folder.mkdir()
    (folder / "october.html").mkdir()
    report(runbook, month, "--html", folder / "october.html").expect(1)
    assert [path.name for path in folder.iterdir()] == ["october.html"]


def test_page_into_what_is_there(runbook, version, month, tmp_path):
    """A pipe is written into, and what a link leads to is replaced: neither goes."""
    pipe, link, real = tmp_path / "pipe", tmp_path / "link", tmp_path / "real.html"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, encoding="utf-8") as reader:
        report(runbook, month, "--html", pipe).expect(0)
        if not pipe.is_fifo():
            reader.kill()
        assert reader.communicate()[0].startswith("<!DOCTYPE html>")
    assert pipe.is_fifo()
    link.symlink_to(real.name)
    for _ in range(2):
        report(runbook, month, "--html", link).expect(0)
        assert link.is_symlink() and real.read_text(encoding="utf-8").startswith("<!DOCTYPE")
    said = report(runbook, month, "--html", "/dev/stdout").expect(0).out
    assert said.startswith("<!DOCTYPE html>")


def test_markdown(runbook, version, month):
    """Word for word; after a wanted change: copy what it says now to tests/golden/report."""
    said = report(runbook, month, "--markdown").expect(0).out
    said = re.sub(r"Written \S+ \S+\.", "Written NOW.", said)
    assert said == report_again(runbook, month)
    golden = GOLDEN / "october.md"
    assert said == golden.read_text(encoding="utf-8")
    assert "<script" not in said.replace("\\<script", "")


def report_again(runbook, month):
    said = report(runbook, month, "--format", "markdown").expect(0).out
    return re.sub(r"Written \S+ \S+\.", "Written NOW.", said)


def test_what_was_done(runbook, version, month):
    """What was measured at the end is not what was done; what ended by itself says so."""
    slots, query = (line for line in report(runbook, month, "--json").json["incidents"]
                    if line["severity"] != "info")
    assert (slots["sessions_ended"], slots["queries_cancelled"]) == (2, 1)
    assert slots["closing"] == "41 of 97 are taken" and not slots["ended_by_itself"]
    assert query["runs"] == [] and query["ended_by_itself"]
    said = report(runbook, month).out
    assert "(shop is down): 2 sessions ended, 1 query cancelled" in said
    assert "nothing recorded; as far as is known it ended by itself" in said


def test_what_was_done_by_way_of_another_target(runbook, version, tmp_path):
    """Slots are the whole server's: who relieved another target has helped this one."""
    two = Month(tmp_path / "two.db").everything()
    run = two.run("queries", "cancel", at(2026, 10, 22, 9, 5), target="other", dbname="otherdb")
    two.close()
    for words in (), ("--target", "shop"):
        said = report(runbook, two.path, *words).out
        assert f"nothing recorded; run {run} was at work on the same server" in said
        assert "ended by itself" not in said


def test_what_was_done_in_the_month_before(runbook, version, tmp_path):
    over = Month(tmp_path / "over.db")
    run = over.run("connections", "relieve", at(2026, 9, 30, 23, 58))
    over.put("event", target="shop", name="slots", severity="critical", message="full",
             opened_us=at(2026, 9, 30, 23, 55), closed_us=at(2026, 10, 1, 0, 1), closing="calm")
    over.close()
    said = report(runbook, over.path).out
    assert f"run {run} was at work on the same server" in said and "by itself" not in said


def test_more_than_ordinary_roles_may_have(runbook, version, month):
    with closing(sqlite3.connect(month)) as history, history:
        history.execute("UPDATE minute SET used_max = min(used_max, 58), ordinary = 57")
    said = report(runbook, month).out
    assert "shop used 57 of 57 connections and 1 reserved one at the highest (100 %)." in said
    assert "58 of" not in said and "102 %" not in said


def test_one_object_in_three_runs(runbook, version, tmp_path):
    """Rebuilt, rebuilt again and dropped: it is one object, and nothing is left of it."""
    thrice = Month(tmp_path / "thrice.db")
    sizes = (10 * GB, 5 * GB, 4 * GB, 0)
    for day, (before, after) in enumerate(zip(sizes, sizes[1:]), 5):
        run_id = thrice.run("indexes", "drop" if after == 0 else "rebuild", at(2026, 10, day))
        thrice.object(run_id, "one_idx", before={"size_bytes": before},
                      after={"size_bytes": after})
    thrice.close()
    said = report(runbook, thrice.path).out
    assert "10 GB of disk space won back from 1 object." in said
    assert "10 GB won: 10 GB before, 0 B after." in said


def test_dates_are_of_one_kind(runbook, version, tmp_path):
    late = Month(tmp_path / "late.db")
    late.run("vacuum", "run", at(2026, 10, 20))
    late.close()
    said = report(runbook, late.path).out
    assert "The first run in the history is of 2026-10-20 00:00." in said
    assert not re.search(r"\d\d?\.\d\d?\.\d{4}", said)


def test_what_turns_text_round_is_seen(runbook, version, tmp_path):
    odd = Month(tmp_path / "odd.db")
    odd.run("vacuum", "run", at(2026, 10, 20))
    odd.put("event", target="shop", name="long_query", severity="warning",
            opened_us=at(2026, 10, 22, 9), closed_us=at(2026, 10, 22, 9, 12),
            message="SELECT '\u202etxet' | x")
    odd.close()
    for words in ("--html", "-"), ("--markdown",), ():
        said = report(runbook, odd.path, *words).expect(0).out
        assert "\u202e" not in said and "\\u202etxet" in said, words


def test_one_target_of_two(runbook, version, tmp_path):
    two = Month(tmp_path / "two.db").everything()
    two.run("vacuum", "run", at(2026, 10, 5), target="other", dbname="otherdb")
    two.run("vacuum", "run", at(2026, 10, 6), target="also shop")
    two.close()
    document = report(runbook, two.path, "--target", "shop", "--json").json
    assert {line["target"] for line in document["runs"]} == {"shop"}
    assert document["target"] == "shop" and document["growth"]
    other = report(runbook, two.path, "--target", "other", "--json").json
    assert [line["runs"] for line in other["runs"]] == [1]
    assert other["growth"] == other["slots"] == []
    (backups,) = other["backups"]
    assert backups["made"] == 5 and backups["dumps"] == 0, "a dump is of one database"
    both = report(runbook, two.path, "--target", "all", "--json").json
    assert {line["target"] for line in both["runs"]} == {"shop", "other", "also shop"}


def test_a_drill_without_a_target_is_the_clusters(runbook, version, tmp_path):
    """It asks no server, and knows no database: the history knows whose cluster it was."""
    drilled = Month(tmp_path / "drilled.db")
    drilled.run("vacuum", "run", at(2026, 10, 4))
    drilled.run("backup", "drill", at(2026, 10, 5), target=None, dbname=None,
                summary={"verdict": "recovered", "backup": "1", "recovery_seconds": 9.0})
    drilled.close()
    document = report(runbook, drilled.path, "--target", "shop", "--json").json
    assert [(line["section"], line["runs"]) for line in document["runs"]] == [
        ("backup", 1), ("vacuum", 1)]
    assert document["drills"][0]["target"] == "shop"


def test_of_one_cluster_all_targets(runbook, version, tmp_path):
    """Backups and drills are the cluster's, by way of whom ever: of one target and of all of them
    the report says the same."""
    two = Month(tmp_path / "two.db")
    two.run("vacuum", "run", at(2026, 10, 3))
    two.run("vacuum", "run", at(2026, 10, 4), target="billing", dbname="billingdb")
    two.run("backup", "create", at(2026, 10, 5), target="billing", dbname="billingdb")
    two.run("backup", "dump", at(2026, 10, 6), target="billing", dbname="billingdb")
    drill = two.run("backup", "drill", at(2026, 10, 7), target=None, dbname=None,
                    summary={"verdict": "proven", "backup": "1", "recovery_seconds": 9.0})
    two.close()
    all_of_them = report(runbook, two.path, "--json").json
    assert {one["target"]: (one["made"], one["dumps"], one["proven"])
            for one in all_of_them["backups"]} == {"billing": (1, 1, 1), "shop": (1, 0, 1)}
    assert [(one["run"], one["target"]) for one in all_of_them["drills"]] == [
        (drill, "billing, shop")]
    assert sum(line["runs"] for line in all_of_them["runs"]) == 5
    for target in "shop", "billing":
        alone = report(runbook, two.path, "--target", target, "--json").json
        assert alone["backups"] == [one for one in all_of_them["backups"]
                                    if one["target"] == target]
        assert [(one["run"], one["target"]) for one in alone["drills"]] == [(drill, target)]
        proven = f"{target}: recovery is proven, the last drill took 9 s."
        for words in ("--target", target), ():
            said = report(runbook, two.path, *words).out
            assert proven in said and "no drill ran" not in said


def test_what_is_not_known_is_said(runbook, version, tmp_path):
    none = runbook("report", "--month", "2026-10", "--state", tmp_path / "none.db").expect(0)
    for words in ("There is no history yet", "Nobody watched this month",
                  "no \"bloat report\" has left sizes", "Not known: nothing was recorded",
                  "Maintenance runs", "not known"):
        assert words in none.out
    assert "none failed" not in none.out and "0 B" not in none.out
    late = Month(tmp_path / "late.db")
    late.run("vacuum", "run", at(2026, 10, 20))
    late.close()
    assert "What was done in this month before it was recorded" in report(runbook, late.path).out


def test_a_month_before_the_history(runbook, version, month):
    """Nothing of it was recorded: what is known of later is no answer."""
    early = runbook("report", "--month", "2025-01", "--state", month).expect(0).out
    assert "none failed" not in early and "waits for a decision" not in early
    assert "orders_old_idx" not in early and "0 B" not in early
    assert "The history begins after this month" in early


def test_what_nobody_watched_is_said(runbook, version, month, tmp_path):
    (shop,) = report(runbook, month, "--json").json["slots"]
    assert shop["due"] == 31 * 86_400 and shop["samples"] < shop["due"] * 29.1 / 31
    said = report(runbook, month).out
    assert "for 93 % of the month; nobody watched on 2026-10-09, 2026-10-10." in said
    few = Month(tmp_path / "few.db")
    few.run("check", "run", at(2026, 9, 1))
    few.put("minute", target="shop", minute=at(2026, 10, 1) // 60_000_000, samples=60, missed=0,
            ordinary=97, used_max=3, used_sum=180, active_max=1, idle_max=2,
            in_transaction_max=0, waiting_max=0, query_seconds_max=1.0)
    few.close()
    said = report(runbook, few.path).out
    assert "less than 1 % of the month" in said and "and 25 more days" in said
    assert "shop was watched for less than 1 % of the month; of the rest" in said and "No critical incident." not in said


def test_what_is_kept_no_longer(runbook, version, tmp_path):
    """Minutes are kept for 90 days: of an older month nobody knows whether somebody watched."""
    old = Month(tmp_path / "old.db")
    old.run("vacuum", "run", at(2026, 3, 5))
    old.put("event", target="shop", name="slots", severity="critical", opened_us=at(2026, 3, 6),
            closed_us=at(2026, 3, 6, 1), message="full", closing="calm")
    old.close()
    words = ("--state", old.path, "--month", "2026-03")
    said = runbook("report", *words).expect(0).out
    assert "Most connections: not known, kept no longer" in said
    assert "Not known: what the daemon saw before" in said and "obody watched" not in said
    few = Month(tmp_path / "few.db")
    few.run("vacuum", "run", at(2026, 3, 5))
    few.put("minute", target="shop", minute=at(2026, 3, 30) // 60_000_000, samples=60, missed=0,
            ordinary=97, used_max=3, used_sum=180, active_max=1, idle_max=2,
            in_transaction_max=0, waiting_max=0, query_seconds_max=1.0)
    few.close()
    words = ("--state", few.path, "--month", "2026-03")
    said = runbook("report", *words).expect(0).out
    assert "What was seen of shop in the first 29 days of the month is kept no longer." in said
    assert "nobody watched on 2026-03-31." in said and "2026-03-29" not in said
    (shop,) = check_document(runbook("report", *words, "--json").json, "report")["slots"]
    assert shop["kept_since"].startswith("2026-03-30") and shop["due"] == 2 * 86_400


def test_bad_input(runbook, version, month):
    for wrong in ("2026-13", "october", "2026-1"):
        result = runbook("report", "--month", wrong, "--state", month).expect(2)
        assert "as in 2026-10" in result.err
    assert "has not begun" in runbook("report", "--month", "2999-01").expect(2).err
    assert "contradict" in report(runbook, month, "--html", "-", "--json").expect(2).err
    file = month.with_suffix(".html")
    assert "contradict" in report(runbook, month, "--markdown", "--html", file).expect(2).err
    assert "contradict" in report(runbook, month, "--markdown", "--json").expect(2).err
    assert not file.exists()
    assert "CSV" in report(runbook, month, "--format", "csv").expect(2).err
    wrong = report(runbook, month, "--target", "shpo").expect(2)
    assert 'a target "shpo"' in wrong.err and "shop" in wrong.err
    assert "nowhere to send" in runbook("report", "send", "--state", month).expect(2).err


def test_real_runs(runbook, server):
    """A vacuum, reports of indexes and bloat, a rebuild and a drop, this month."""
    server.make_dead_rows("orders", rows=20_000)
    server.sql(f'CREATE TABLE "{NASTY}" (id int PRIMARY KEY, note text)')
    server.sql(f'INSERT INTO "{NASTY}" SELECT generate_series(1, 1000), 1')
    server.sql("CREATE INDEX orders_payload ON orders (payload)")
    runbook("vacuum", "run", "--yes", server=server).expect(0)
    runbook("bloat", "report", server=server).expect(0)
    runbook("indexes", "rebuild", "--yes", "orders_payload", server=server).expect(0)
    runbook("indexes", "drop", "orders_payload", "--force", "--yes", server=server).expect(0)
    odd = "Two; touch pwned `touch pwned`"
    server.sql(f'CREATE INDEX one ON orders (id); CREATE INDEX "{odd}" ON orders (id)')
    runbook("indexes", "report", server=server).expect(0)
    now = datetime.now(timezone.utc).strftime("%Y-%m")
    document = check_document(runbook("report", "--month", now, "--json").json, "report")
    assert not document["complete"]
    runs = {(line["section"], line["verb"]): line["done"] for line in document["runs"]}
    assert runs == {("indexes", "drop"): 1, ("indexes", "rebuild"): 1, ("vacuum", "run"): 1}
    assert document["vacuumed"][0]["tables"] >= 1
    assert document["vacuumed"][0]["dead_rows_removed"] > 0
    assert [line["what"] for line in document["space"]].count("dropped") == 1
    (growth,) = document["growth"]
    names = {relation["name"] for relation in growth["relations"]}
    assert {"public.orders", f"public.{NASTY}"} <= names and None not in names
    (indexes,) = document["index_use"]
    found = {finding["name"]: finding for finding in indexes["findings"]
             if finding["what"] == "duplicate"}
    # What is there to be pasted into a shell names the index, and nothing but it.
    words = shlex.split(found[odd]["command"])
    assert words[:3] == ["pgrunbook", "indexes", "drop"] and len(words) == 4
    runbook(*words[1:], "--dry-run", server=server).expect(0)
    html = runbook("report", "--month", now, "--html", "-").expect(0).out
    assert "<script" not in html and "&lt;script&gt;" in html


ODD = ["i\u202eevil\u202d rtl", "j\x01\x1b[31mred\x7f", "two\nlines\t", "it's $HOME \\n `x`"]


def test_real_commands_for_odd_names(runbook, server):
    """A command that is copied from the page means the index, whatever its name is made of."""
    table = "t\u202e\x02 \\"
    server.sql(f'CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE "{table}" (id int,'
               f' "p\u202e" int REFERENCES parent);'
               f' INSERT INTO parent SELECT generate_series(1, 1000);'
               f' INSERT INTO "{table}" SELECT g % 500, 1 + g % 1000'
               f' FROM generate_series(1, 200000) AS g')
    server.sql(f'CREATE INDEX plain ON "{table}" (id)')
    for name in ODD:
        server.sql(f'CREATE INDEX "{name}" ON "{table}" (id)')
    server.sql("VACUUM ANALYZE")
    runbook("indexes", "report", server=server).expect(0)
    now = datetime.now(timezone.utc).strftime("%Y-%m")
    (indexes,) = runbook("report", "--month", now, "--json").json["index_use"]
    html = "".join(Page(runbook("report", "--month", now, "--html", "-").expect(0).out).words)
    commands = {finding["name"]: finding["command"] for finding in indexes["findings"]}
    assert set(ODD) <= set(commands)
    for name in ODD:
        command = commands[name]
        assert command in html and command.replace("\xa0", " ").isprintable(), command
        words = subprocess.run(["bash", "-c", f"printf '%s\\0' {command}"], check=True,
                               capture_output=True).stdout.decode().split("\0")[:-1]
        assert words[:3] == ["pgrunbook", "indexes", "drop"] and len(words) == 4
        plan = runbook(*words[1:], "--dry-run", "--json", server=server).expect(0).json
        assert plan["indexes"][0]["index"] == name
    assert commands[None] in html and commands[None].isprintable()
    server.sql(commands[None])


def test_real_acts(runbook, server, roles):
    """Space given back and connections relieved: what was won, and by whom."""
    make_bloated_index(server, "orders")
    won = run(runbook, server).won_bytes
    server.sql(f"ALTER DATABASE {server.dbname} CONNECTION LIMIT 10")
    sessions = idle(server, 10, user=roles("app"))
    ended = relieve(runbook, server, "--until", "70%", "--idle-for", 0).ended
    assert len(ended) == 3 and sessions
    now = datetime.now(timezone.utc).strftime("%Y-%m")
    document = check_document(runbook("report", "--month", now, "--json").json, "report")
    assert [line["name"] for line in document["space"]] == ["public.orders_pkey"]
    assert document["space"][0]["before_bytes"] - document["space"][0]["after_bytes"] == won
    runs = {(line["section"], line["verb"]): line["done"] for line in document["runs"]}
    assert runs[("connections", "relieve")] == 1 and runs[("bloat", "reclaim")] == 1
    assert document["left_out"] == [] or all(line["section"] != "connections"
                                             for line in document["left_out"])
