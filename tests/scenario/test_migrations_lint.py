"""`pgrunbook migrations lint`: a folder of scripts, with and without a server."""

import json

import pytest
from golden.documents import check_document
from support.servers import ENDS

versions = ENDS


@pytest.fixture
def folder(tmp_path):
    """Writes scripts: folder({"1_a.up.sql": "CREATE …"}) returns where they are."""
    def write(scripts, name="migrations"):
        place = tmp_path / name
        place.mkdir()
        for file, text in scripts.items():
            (place / file).write_text(text)
        return name
    return write


def findings(document):
    return [(finding["rule"], finding["severity"]) for file in document["files"]
            for statement in file["statements"] for finding in statement["findings"]
            if finding["severity"] != "note"]


def lint(runbook, place, *more, server=None, code=1):
    where = ["-d", server.dbname] if server else []
    result = runbook("migrations", "lint", place, *where, *more, "--json", server=server)
    return check_document(result.expect(code).json, "migrations.lint")


FOREIGN_KEY = "ALTER TABLE orders\n    ADD FOREIGN KEY (customer_id) REFERENCES customers;\n"


def test_text_shows_the_source(runbook, folder):
    place = folder({"1_fk.up.sql": "-- who ordered\n" + FOREIGN_KEY})
    said = runbook("migrations", "lint", place).expect(1).out
    assert "migrations/1_fk.up.sql:3:" in said and "error: add-foreign-key" in said
    lines = said.splitlines()
    source = next(i for i, line in enumerate(lines) if line.startswith("     3 | "))
    assert lines[source + 1][lines[source].index("ADD"):].startswith("^")
    assert "NOT VALID" in said and "VALIDATE CONSTRAINT orders_customer_id_fkey" in said
    assert "1 error" in said and "No server was asked" in said


def test_clean_and_ignored(runbook, folder):
    place = folder({"1_a.up.sql": "CREATE TABLE orders (id bigint PRIMARY KEY);",
                    "2_b.up.sql": "-- pgrunbook:ignore create-index: it is small\n"
                                  "CREATE INDEX orders_id ON orders (id);"})
    document = lint(runbook, place, code=0)
    assert document["summary"]["ignored"] == 1
    ignored = document["files"][1]["statements"][0]["findings"]
    assert [(f["ignored"], f["reason"]) for f in ignored
            if f["rule"] == "create-index"] == [(True, "it is small")]
    assert "results" in (sarif := runbook("migrations", "lint", place, "--format",
                                          "sarif").expect(0).out)
    assert not [r for r in json.loads(sarif)["runs"][0]["results"]
                if r["ruleId"] == "create-index"]


def test_github(runbook, folder):
    place = folder({"1,a_fk.up.sql": "", "2_fk.up.sql": FOREIGN_KEY})
    annotated = runbook("migrations", "lint", place, env={"GITHUB_ACTIONS": "true"}).expect(1).out
    line = next(line for line in annotated.splitlines() if line.startswith("::error"))
    assert line.startswith("::error file=migrations/2_fk.up.sql,line=2,col=5,"
                           "title=add-foreign-key::")
    assert "%0Ainstead:%0A" in line and "\n" not in line
    text = runbook("migrations", "lint", place, "--format", "text",
                   env={"GITHUB_ACTIONS": "true"}).expect(1).out
    assert "::error" not in text


def test_sarif(runbook, folder):
    place = folder({"1_fk.up.sql": FOREIGN_KEY})
    out = runbook("migrations", "lint", place, "--format", "sarif").expect(1).out
    run = json.loads(out)["runs"][0]
    result = next(r for r in run["results"] if r["ruleId"] == "add-foreign-key")
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert (rule["id"], result["level"]) == ("add-foreign-key", "error")
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "migrations/1_fk.up.sql"
    assert location["region"] == {"startLine": 2, "startColumn": 5}


def test_the_server_knows_better(runbook, folder, server):
    server.sql("""CREATE TABLE orders (id bigint PRIMARY KEY, name varchar(20), note text,
                    CONSTRAINT proved CHECK (note IS NOT NULL));
                  INSERT INTO orders SELECT i, 'x', 'y' FROM generate_series(1, 1000) i;
                  ANALYZE orders""")
    place = folder({"1_a.up.sql": "ALTER TABLE orders ALTER name TYPE varchar(40);",
                    "2_b.up.sql": "ALTER TABLE orders ALTER note SET NOT NULL;",
                    "3_c.up.sql": "ALTER TABLE orders ALTER id TYPE numeric;"})
    blind = lint(runbook, place)
    assert not blind["schema_known"]
    assert {rule for rule, _ in findings(blind)} == {"alter-column-type", "set-not-null"}
    assumed = [f["assumed"] for file in blind["files"] for s in file["statements"]
               for f in s["findings"] if f["rule"] == "set-not-null"]
    assert assumed and assumed[0]
    seen = lint(runbook, place, server=server)
    assert seen["schema_known"] and seen["server_version"] == server.version
    assert findings(seen) == [("alter-column-type", "error")]
    message = seen["files"][2]["statements"][0]["findings"][0]["message"]
    assert "rewrites public.orders (about 1,000 rows" in message


def test_what_uses_a_column(runbook, folder, server):
    server.sql("""CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int NOT NULL DEFAULT 0,
                    twice int GENERATED ALWAYS AS (customer_id * 2) STORED, free int);
                  CREATE TABLE lines (order_id bigint REFERENCES orders (id));
                  CREATE INDEX orders_customer ON orders (customer_id);
                  CREATE VIEW v AS SELECT customer_id FROM orders;
                  CREATE POLICY own ON orders USING (customer_id > 0);
                  CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
                  CREATE TRIGGER told BEFORE UPDATE OF customer_id ON orders
                    FOR EACH ROW EXECUTE FUNCTION nothing()""")
    place = folder({"1_a.up.sql": "ALTER TABLE orders ALTER customer_id TYPE bigint;",
                    "2_b.up.sql": "ALTER TABLE orders ALTER free TYPE bigint;",
                    "3_c.up.sql": "DROP VIEW v; DROP POLICY own ON orders; DROP TRIGGER told ON orders;\n"
                                  "ALTER TABLE orders DROP twice;\n"
                                  "ALTER TABLE orders ALTER customer_id TYPE numeric;"})
    document = lint(runbook, place, server=server)
    told = [[f["message"] for s in file["statements"] for f in s["findings"]
             if f["rule"] == "used-column"] for file in document["files"]]
    assert sorted(message.split(" is used by the ")[1].split(",")[0] for message in told[0]) == [
        "generated column twice", "policy own", "trigger told", "view public.v"]
    assert told[1:] == [[], []]
    rewrite = next(f["safe_rewrite"] for f in document["files"][0]["statements"][0]["findings"]
                   if f["rule"] == "alter-column-type")
    for line in ("--   NOT NULL", "--   its default", "--   index orders_customer",
                 "--   view public.v", "ALTER TABLE orders DROP COLUMN customer_id;"):
        assert line in rewrite.splitlines(), line
    assert "public.orders" not in rewrite
    keyed = lint(runbook, folder({"1_k.up.sql": "ALTER TABLE orders ALTER id TYPE numeric;"}, "key"),
                 server=server)
    rewrite = keyed["files"][0]["statements"][0]["findings"][0]["safe_rewrite"]
    assert "--   primary key orders_pkey" in rewrite and "of public.lines" in rewrite


def test_applied_ones_are_listed(runbook, folder, server):
    server.sql("""CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
                  INSERT INTO schema_migrations VALUES (1, false);
                  CREATE TABLE orders (id bigint, customer_id bigint);
                  CREATE TABLE customers (id bigint PRIMARY KEY);
                  INSERT INTO orders VALUES (1, NULL)""")
    place = folder({"1_a.up.sql": "CREATE INDEX i ON orders (id);", "2_fk.up.sql": FOREIGN_KEY})
    document = lint(runbook, place, server=server)
    assert [file["applied"] for file in document["files"]] == [True, False]
    assert ("add-foreign-key", "error") in findings(document)
    assert "create-index" not in [rule for rule, _ in findings(document)]


@pytest.mark.parametrize("version", [17])
def test_hostile_input_is_not_clean(runbook, folder, version):
    chain = "SELECT " + "+".join(["1"] * 50_000) + ";\n"
    deep = "SELECT " + "(" * 10_000 + "1" + ")" * 10_000 + ";\n"
    place = folder({"1_a.up.sql": chain, "2_b.up.sql": deep, "3_c.up.sql": "\\i other.sql\n",
                    "4_d.up.sql": "SELECT $1$ never ends", "5_e.up.sql": "ALTER TABLE t FROB;"})
    document = lint(runbook, place)
    for file in document["files"]:
        told = file["findings"] + [f for s in file["statements"] for f in s["findings"]]
        assert [f for f in told if f["severity"] != "note"], file["file"]
    assert document["summary"]["not_analysed"] >= 3


@pytest.mark.parametrize("version", [17])
def test_usage(runbook, folder, tmp_path, version):
    place = folder({"1_a.up.sql": "SELECT 1;"})
    assert "which folder" in runbook("migrations", "lint").expect(2).err
    # What cannot be read is no finding.
    (tmp_path / folder({}, "dangling") / "1_a.up.sql").symlink_to("gone")
    assert "cannot read" in runbook("migrations", "lint", "dangling").expect(2).err
    runbook("migrations", "lint", "nowhere").expect(2)
    runbook("migrations", "lint", place, "--server-version", "9").expect(2)
    runbook("migrations", "lint", place, "--format", "xml").expect(2)
    rules = check_document(runbook("migrations", "rules", "--json").expect(0).json,
                           "migrations.rules")["rules"]
    assert len(rules) > 60
    assert "NOT VALID" in runbook("migrations", "rules", "add-check").expect(0).out
    assert "did you mean \"add-check\"" in runbook("migrations", "rules", "add-chek").expect(2).err


@pytest.mark.parametrize("version", [18])
def test_what_people_read(runbook, folder, server):
    server.sql("""CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
                  INSERT INTO schema_migrations VALUES (1, false);
                  CREATE TABLE orders (id bigint); CREATE INDEX orders_id ON orders (id)""")
    place = folder({"1_a.up.sql": "SELECT 1;",
                    "2_b.up.sql": "DROP INDEX orders_id; " + "-- " + "long " * 40})
    said = runbook("migrations", "lint", place, "-d", server.dbname, "-v",
                   server=server).expect(1).out
    assert "1 applied script left out." in said
    assert "ACCESS EXCLUSIVE on public.orders\n" in said and "access-exclusive" not in said
    source = next(line for line in said.splitlines() if " | DROP INDEX" in line)
    assert source.endswith("…")
    fk = folder({"1_fk.up.sql": FOREIGN_KEY, "3_gap.up.sql": "SELECT 1;"}, "fk")
    table = runbook("migrations", "lint", fk, "--format", "markdown").expect(1).out
    assert "NOT VALID;<br>" in table and "\\n" not in table
    csv = runbook("migrations", "lint", fk, "--format", "csv").expect(1).out
    assert ",0," not in csv and "fk/1_fk.up.sql,2,5," in csv
    (empty := folder({"README.sql.txt": ""}, "empty"))
    told = runbook("migrations", "lint", empty, "--tool", "plain").expect(1).out
    assert "there is no file whose name ends in .sql here" in told
