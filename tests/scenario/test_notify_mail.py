"""Mail about events: by the local mail program, or by SMTP."""

import email
import email.policy

import pytest
from support.receivers import Courier, MailServer, event

NASTY = "shop\r\nBcc: everybody@example.com\r\n\r\nübel"


@pytest.fixture
def smtp():
    made = []

    def make(refuse=None):
        made.append(MailServer(refuse))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def configure(tmp_path):
    def write(**settings):
        path = tmp_path / "notify.conf"
        lines = [f"notify.{name} = {value}\n" for name, value in settings.items()]
        path.write_text("[pgrunbook]\nnotify.mail_to = dba@example.com, ops@example.com\n"
                        + "".join(lines))
        return path

    return write


def program(tmp_path, text):
    path = tmp_path / "sendmail"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def parse(text):
    return email.message_from_bytes(text, policy=email.policy.default)


def check_mail(mail):
    assert mail["To"] == "dba@example.com, ops@example.com"
    assert mail["From"].startswith("pgrunbook <pgrunbook@")
    assert mail["Bcc"] is None
    assert "übel: slots: 38 of 40 slots taken" in mail["Subject"]
    assert mail["Date"].datetime.year >= 2026 and mail["Message-ID"]
    assert "38 of 40 slots taken" in mail.get_content()


def test_the_local_mail_program(runbook, tmp_path, configure):
    script = program(tmp_path, f'echo "$@" >{tmp_path}/arguments; cat >{tmp_path}/mail\n')
    courier = Courier(runbook, configure(sendmail=script))
    courier.send(event(1, target=NASTY))
    courier.wait_settled(1)
    assert (tmp_path / "arguments").read_text() == "-t -i\n"
    text = (tmp_path / "mail").read_bytes()
    assert b"\r" not in text and text.isascii()
    check_mail(parse(text))
    assert courier.end() == 0


def test_what_the_mail_program_says_decides(runbook, tmp_path, configure):
    script = program(tmp_path, 'if mkdir "$0.once"; then echo no disk; exit 75; fi 2>/dev/null\n'
                               'mkdir "$0.twice" 2>/dev/null && exit 67\nexit 0\n')
    courier = Courier(runbook, configure(sendmail=script))
    courier.send(event(1), event(2, name="refused"))
    courier.wait_settled(1, 2)
    later, never = courier.outcomes(1)
    assert "exit code 75: no disk; try 1" in later["message"]
    assert "exit code 67; not tried again" in never["message"]
    assert courier.outcomes(2)[0]["delivered"]
    courier.end()
    missing = runbook("notify", "test", "--config", configure(sendmail="/nonexistent/sendmail"))
    assert "No such file or directory" in missing.expect(1).out


def test_smtp(runbook, smtp, configure):
    server = smtp()
    config = configure(smtp=server.url, mail_from="alerts@example.com")
    result = runbook("notify", "test", "--config", config).expect(0)
    assert "250 taken as 17" in result.out
    courier = Courier(runbook, configure(smtp=server.url.removeprefix("smtp://")))
    courier.send(event(1, target=NASTY))
    courier.wait_settled(1)
    (sender, recipients, _), (_, _, text) = server.mails
    assert sender == "alerts@example.com"
    assert recipients == ["dba@example.com", "ops@example.com"]
    check_mail(parse(text))
    assert courier.end() == 0


def test_smtp_refusals(runbook, smtp, configure):
    nobody = "550 5.1.1 nobody of that name"
    server = smtp({"RCPT": ["451 busy", nobody, nobody, nobody]})
    courier = Courier(runbook, configure(smtp=server.url))
    courier.send(event(1), event(2, name="refused"))
    courier.wait_settled(1, 2)
    later, never = courier.outcomes(1)
    assert "refused: 451 busy; try 1" in later["message"]
    assert "550 5.1.1 nobody of that name; not tried again" in never["message"]
    assert len(server.mails) == 1
    assert courier.end() == 0


def test_smtp_takes_it_for_one_of_two(runbook, smtp, configure):
    server = smtp({"RCPT": ["550 5.1.1 nobody of that name"]})
    courier = Courier(runbook, configure(smtp=server.url))
    courier.send(event(1))
    courier.wait_settled(1)
    [outcome] = courier.outcomes(1)
    assert outcome["delivered"] and outcome["partly"]
    assert outcome["message"] == ("250 taken as 17; not for dba@example.com "
                                  "(550 5.1.1 nobody of that name)")
    assert [recipients for _, recipients, _ in server.mails] == [["ops@example.com"]]
    assert courier.end() == 0


@pytest.mark.parametrize("setting, value", [
    ("mail_to", "dba@example.com\\nBcc"), ("mail_to", "-oQ/tmp"), ("mail_from", "me <a@b>"),
    ("smtp", "http://127.0.0.1/")])
def test_settings_that_are_no_addresses(runbook, tmp_path, setting, value):
    config = tmp_path / "notify.conf"
    known = {"mail_to": "dba@example.com", setting: f"'{value}'"}
    config.write_text("[pgrunbook]\n" + "".join(f"notify.{name} = {text}\n"
                                                for name, text in known.items()))
    assert f"notify.{setting}" in runbook("notify", "test", "--config", config).expect(2).err
