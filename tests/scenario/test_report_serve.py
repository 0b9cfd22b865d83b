"""The monthly report that nobody asks for: serve writes it to a folder and mails it."""

import email
import email.policy
import signal
import threading
from datetime import datetime, timedelta, timezone

import pytest
from golden.documents import check_document
from support.months import NASTY, october
from support.receivers import MailServer
from support.serve import Daemon, turn_before
from support.servers import wait_until

pytestmark = pytest.mark.parametrize("version", [15])
OTHERS_OFF = {"vacuum_schedule": "off", "indexes_schedule": "off", "bloat_schedule": "off"}


def last_month():
    first = datetime.now(timezone.utc).replace(day=1)
    return (first - timedelta(days=1)).strftime("%Y-%m")


@pytest.fixture
def smtp():
    server = MailServer()
    yield server
    server.close()


def parse(text):
    return email.message_from_bytes(text, policy=email.policy.default)


def check_mail(mail, month_file):
    assert mail["To"] == "boss@example.com, dba@example.com"
    assert mail["Subject"].startswith("Database maintenance in ")
    assert mail["Auto-Submitted"] == "auto-generated"
    body, attached = mail.iter_parts()
    assert body.get_content_type() == "text/plain" and "In short" in body.get_content()
    assert attached.get_content_type() == "text/html"
    assert attached.get_filename() == month_file
    assert attached.get_content().startswith("<!DOCTYPE html>")
    return attached.get_content()


def test_at_its_turn(server, runbook, tmp_path, smtp):
    folder = tmp_path / "reports"
    folder.mkdir()
    daemon = Daemon(runbook, {"shop": server}, report_folder=folder, report_schedule=turn_before(5),
                    report_to="boss@example.com, dba@example.com", notify_smtp=smtp.url,
                    **OTHERS_OFF)
    daemon.now_due()
    daemon.start()
    wait_until(lambda: "done" in daemon.turns(section="report"), timeout=60,
               what=f"a turn of the report\n{daemon.said}")
    daemon.stop()
    name = f"shop-{last_month()}.html"
    assert [file.name for file in folder.iterdir()] == [name]
    ((_, recipients, text),) = smtp.mails
    assert recipients == ["boss@example.com", "dba@example.com"]
    check_mail(parse(text), name)
    listed = runbook("history", "--state", daemon.state, "--json").json["runs"]
    assert ("report", "send", "shop", "done") in [
        (run["section"], run["verb"], run["target"], run["outcome"]) for run in listed]


def test_no_job_without_a_place(server, runbook, tmp_path):
    """Neither a folder nor an address: there is no such job; each of the two makes one."""
    for more, jobs in ({}, 0), ({"report_folder": tmp_path}, 1), ({"report_to": "a@b"}, 1):
        daemon = Daemon(runbook, {"shop": server}, **more)
        listed = runbook("schedule", "--config", daemon.file, "--json").expect(0).json["jobs"]
        assert [job["section"] for job in listed].count("report") == jobs


def test_by_hand(runbook, version, tmp_path):
    """By the local mail program; a table of a nasty name is text in it."""
    state = october(tmp_path / "october.db")
    script = tmp_path / "sendmail"
    script.write_text(f"#!/bin/sh\ncat >{tmp_path}/mail\n")
    script.chmod(0o755)
    config = tmp_path / "report.conf"
    config.write_text(f"[pgrunbook]\nstate = {state}\nreport.folder = {tmp_path}\n"
                      f"notify.sendmail = {script}\nreport.format = markdown\n"
                      "report.to = boss@example.com, dba@example.com\n"
                      "[target shop]\nconninfo = host=/nowhere dbname=shopdb\n")
    sent = runbook("report", "send", "--config", config, "--target", "shop", "--month", "2026-10",
                   "--json").expect(0).json
    check_document(sent, "report.send")
    assert sent["file"] == str(tmp_path / "shop-2026-10.md")
    markdown = (tmp_path / "shop-2026-10.md").read_text(encoding="utf-8")
    assert markdown.startswith("# Database maintenance in October 2026")
    html = check_mail(parse((tmp_path / "mail").read_bytes()), "shop-2026-10.html")
    assert "<script" not in html and NASTY.replace("<", "&lt;").replace(">", "&gt;") in html


def test_mail_that_is_not_taken(runbook, version, tmp_path):
    state = october(tmp_path / "october.db")
    script = tmp_path / "sendmail"
    script.write_text("#!/bin/sh\necho no disk\nexit 75\n")
    script.chmod(0o755)
    config = tmp_path / "report.conf"

    def send(to):
        config.write_text(f"[pgrunbook]\nstate = {state}\nnotify.sendmail = {script}\n"
                          f"report.to = {to}\n")
        return runbook("report", "send", "--config", config, "--month", "2026-10")

    later = send("boss@example.com").expect(1).err
    assert "exit code 75: no disk" in later and "will not be tried again" not in later
    script.write_text("#!/bin/sh\ncat >/dev/null\nexit 67\n")
    assert "could not be mailed and will not" in send("gone@example.com").expect(1).err
    script.write_text("#!/bin/sh\ncat >/dev/null\nkill -9 $$\n")
    assert "may have been mailed and will not" in send("boss@example.com").expect(1).err
    assert "report.to: not a mail address" in send("\"-oQ/tmp\"").expect(2).err


def attempts(daemon):
    return daemon.rows("SELECT outcome, attempts FROM turn WHERE section = 'report'")


def start_at_turn(runbook, server, smtp, **settings):
    daemon = Daemon(runbook, {"shop": server}, report_schedule=turn_before(5), notify_smtp=smtp.url,
                    **settings, **OTHERS_OFF)
    daemon.now_due()
    return daemon.start()


def wait_judged(daemon):
    """Until the turn's first attempt is over: another one would be waited for."""
    wait_until(lambda: attempts(daemon) and attempts(daemon)[0][0] != "running", timeout=60,
               what=f"an attempt\n{daemon.said}")
    daemon.stop()
    return attempts(daemon)


def test_who_is_refused_keeps_nobody_awake(server, runbook, smtp):
    """One of two addresses is no more: the other gets one mail, and an event names the one."""
    smtp.refuse["RCPT"] = ["250 well", "550 nobody of that name"] * 3
    daemon = start_at_turn(runbook, server, smtp, report_to="dba@example.com, gone@example.com")
    assert wait_judged(daemon) == [("failed", 1)] and len(smtp.mails) == 1
    ((_, message, _),) = daemon.events("job report")
    assert "gone@example.com (550 nobody of that name)" in message and "dba@" not in message


def test_a_folder_that_cannot_be_written_is_one_mail(server, runbook, smtp, tmp_path):
    folder = tmp_path / "missing"
    daemon = start_at_turn(runbook, server, smtp, report_to="dba@example.com",
                           report_folder=folder)
    assert wait_judged(daemon) == [("failed", 1)] and len(smtp.mails) == 1
    ((_, message, _),) = daemon.events("job report")
    assert f'this failed: cannot write "{folder}/shop-' in message


def test_what_nobody_got_is_tried_again(server, runbook, smtp, tmp_path):
    """The file is there, and the mail can still go: it may by the next attempt."""
    smtp.refuse["RCPT"] = ["451 later"] * 3
    daemon = start_at_turn(runbook, server, smtp, report_to="dba@example.com",
                           report_folder=tmp_path)
    assert wait_judged(daemon) == [("waiting", 1)] and smtp.mails == []
    assert (tmp_path / f"shop-{last_month()}.html").exists()


def test_a_daemon_that_ends_while_it_mails(server, runbook, smtp):
    """A server that ponders what it was given has it: the next daemon does not give it once more."""
    taken = threading.Event()
    smtp.refuse["TEXT"] = [taken]
    daemon = start_at_turn(runbook, server, smtp, report_to="dba@example.com")
    wait_until(lambda: smtp.mails, timeout=60, what=f"a mail\n{daemon.said}")
    daemon.stop()
    assert attempts(daemon) == [("failed", 1)]
    ((reason,),) = daemon.rows("SELECT reason FROM turn WHERE section = 'report'")
    assert "may have been mailed and will not be tried again" in reason
    taken.set()
    daemon.start()
    daemon.stop()
    assert attempts(daemon) == [("failed", 1)] and len(smtp.mails) == 1


def test_a_program_that_is_not_waited_for(runbook, version, tmp_path):
    state = october(tmp_path / "october.db")
    script, given = tmp_path / "sendmail", tmp_path / "given"
    script.write_text(f"#!/bin/sh\ncat >{given}\nsleep 60\n")
    script.chmod(0o755)
    config = tmp_path / "report.conf"
    config.write_text(f"[pgrunbook]\nstate = {state}\nnotify.sendmail = {script}\n"
                      "report.to = boss@example.com\n")
    sending = runbook.start("report", "send", "--config", config, "--month", "2026-10")
    wait_until(lambda: given.exists() and given.stat().st_size, what="the text")
    sending.process.send_signal(signal.SIGINT)
    assert "may have been mailed and will not" in sending.wait(20).expect(1).err


def test_what_went_out_by_hand(runbook, version, tmp_path, smtp):
    """Who got it, who did not, and what nobody knows."""
    state = october(tmp_path / "october.db")
    config = tmp_path / "report.conf"
    config.write_text(f"[pgrunbook]\nstate = {state}\nnotify.smtp = {smtp.url}\n"
                      "report.to = dba@example.com, gone@example.com\n")

    def send(**refuse):
        smtp.refuse.update(refuse)
        return runbook("report", "send", "--config", config, "--month", "2026-10").expect(1)

    some = send(RCPT=["250 well", "451 busy"])
    assert "Mailed: dba@example.com" in some.out and "Mailed: gone" not in some.out
    assert "gone@example.com (451 busy)" in some.err and "will not be tried again" in some.err
    none = send(RCPT=["550 nobody", "550 nobody"])
    assert "Mailed" not in none.out and "could not be mailed and will not" in none.err
    later = send(RCPT=["550 nobody", "451 busy"])
    assert "could not be mailed:" in later.err and "will not be tried" not in later.err
    lost = send(TEXT=["hang up"])
    assert "may have been mailed and will not be tried again" in lost.err
