"""Words for the stories about drills, on a Stage of support.restoring."""

from golden.documents import check_document
from pgcluster_files import give_to_server_user
from support.restoring import servers_on


def archive(stage):
    """Something is in the last segment, else there is nothing to archive."""
    stage.server.sql("SELECT pg_current_xact_id()")
    stage.archive()


def scratch(stage):
    return stage.folder / "scratch"


def start_drill(stage, *options, **more):
    return stage.runbook.start("backup", "drill", "--json", *stage.options, "--scratch",
                               scratch(stage), "--bindir", stage.bindir, *options, **more)


def drill(stage, *options, code=0):
    result = start_drill(stage, *options).wait(120).expect(code)
    assert not (scratch(stage) / "pgrunbook-drill").exists()
    assert not servers_on(scratch(stage) / "pgrunbook-drill" / "data")
    return check_document(result.json, "backup.drill") if code in (0, 1) else result


def statuses(document, name):
    return {check["database"]: check["status"] for check in document["checks"]
            if check["name"] == name}


def checks_file(stage, text):
    """A file for --checks."""
    file = stage.folder / "checks.sql"
    file.write_text(text)
    file.chmod(0o644)
    return file


def damage(stage, *tables, database=None):
    """What stands behind the first "abcdefgh" in the files of these tables is overwritten; the
    server is stopped meanwhile."""
    where = database or stage.server
    where.sql("CHECKPOINT")
    files = [stage.cluster.data / where.value("SELECT pg_relation_filepath(%s)", [table])
             for table in tables]
    stage.cluster.stop()
    for file in files:
        content = file.read_bytes()
        at = content.index(b"abcdefgh") + 8
        file.write_bytes(content[:at] + b"\xff" * 52 + content[at + 52:])
        give_to_server_user(file)
    stage.cluster.start()
