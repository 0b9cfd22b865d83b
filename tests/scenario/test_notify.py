"""Events leave the house by webhook: signed, in order, none lost, none at the wrong door."""

import threading

import pytest
from golden.documents import check_document
from support.receivers import Courier, Receiver, event, signature_is_right
from support.servers import wait_until

SECRET = b"a blank is not stripped "


@pytest.fixture
def receiver():
    made = []

    def make(*answers):
        made.append(Receiver(*answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def configure(tmp_path):
    def write(**settings):
        path = tmp_path / "notify.conf"
        lines = [f"notify.{name} = {value}\n" for name, value in settings.items()]
        path.write_text("[pgrunbook]\n" + "".join(lines))
        return path

    return write


def secret_file(tmp_path, mode=0o600):
    path = tmp_path / "secret"
    path.write_bytes(SECRET + b"\r\n")
    path.chmod(mode)
    return path


def test_a_test_message_is_signed(runbook, tmp_path, receiver, configure):
    hook = receiver()
    config = configure(webhook=hook.url, webhook_secret_file=secret_file(tmp_path))
    result = runbook("notify", "test", "--json", "--config", config).expect(0)
    [channel] = check_document(result.json, "notify.test")["channels"]
    assert channel == {"channel": "webhook 127.0.0.1", "delivered": True,
                       "message": "answered 200"}
    [(_, headers, body)] = hook.requests
    assert signature_is_right(headers, body, SECRET)
    assert not signature_is_right(headers, body + b" ", SECRET)
    assert headers["Content-Type"] == "application/json"
    payload = check_document(hook.payloads[0], "notify.event")
    assert payload["state"] == "test" and headers["X-Pgrunbook-Delivery"] == payload["delivery"]


def test_what_may_be_wrong_with_it_is_said(runbook, tmp_path, receiver, configure):
    result = runbook("notify", "test").expect(1)
    assert "notify.webhook or notify.mail_to" in result.err
    hook = receiver(401, 200)
    config = configure(webhook=hook.url, webhook_secret_file=secret_file(tmp_path, 0o644))
    result = runbook("notify", "test", "--config", config).expect(1)
    assert "answered 401" in result.out and "others may read the secret" in result.err
    assert "token" not in result.out + result.err
    dry = runbook("notify", "test", "--dry-run", "--config", config).expect(0)
    assert '"state": "test"' in dry.out and len(hook.requests) == 1
    config = configure(webhook=hook.url, webhook_secret_file=tmp_path / "gone")
    runbook("notify", "test", "--config", config).expect(2)
    config = configure(webhook="ftp://127.0.0.1/")
    runbook("notify", "test", "--config", config).expect(2)


def test_without_its_library_it_is_tried_again(runbook, receiver, configure, broken_library):
    hook = receiver()
    config, env = configure(webhook=hook.url), broken_library("libcurl.so.4")
    result = runbook("notify", "test", "--config", config, env=env).expect(1)
    assert "cannot load libcurl" in result.out and not hook.requests
    courier = Courier(runbook, config, env)
    courier.send(event(1))
    wait_until(lambda: courier.outcomes(1), what="an outcome")
    [outcome] = courier.outcomes(1)
    assert not outcome["delivered"] and "cannot load libcurl" in outcome["message"]


def test_one_message_when_it_begins_and_one_when_it_is_over(runbook, receiver, configure):
    hook = receiver()
    courier = Courier(runbook, configure(webhook=hook.url))
    courier.send(event(1))
    courier.wait_settled(1)
    courier.send(event(2, "closed"), event(3, severity="info"))
    courier.wait_settled(2, 3)
    assert courier.end() == 0
    opened, closed = hook.payloads  # what is below notify.severity is settled, not sent
    assert (opened["state"], closed["state"]) == ("open", "closed")
    assert opened["incident"] == closed["incident"]
    assert opened["delivery"] != closed["delivery"]
    assert opened["first"] and not closed["first"]
    assert closed["seconds"] == 90 and "12 of 40 taken" in closed["text"]


def test_it_is_tried_again_with_growing_pauses(runbook, receiver, configure):
    hook = receiver(503, 500, (429, {"Retry-After": "3"}))
    courier = Courier(runbook, configure(webhook=hook.url))
    courier.send(event(1))
    courier.wait_settled(1)
    assert [line["delivered"] for line in courier.outcomes(1)] == [False, False, False, True]
    times = [moment for moment, _, _ in hook.requests]
    assert times[1] - times[0] > 0.7 and times[2] - times[1] > 1.5 and times[3] - times[2] > 2.9
    assert len({payload["delivery"] for payload in hook.payloads}) == 1
    assert courier.end() == 0


def test_an_answer_that_is_final_is_not_asked_for_again(runbook, receiver, configure):
    hook = receiver(410, 400, 302)
    courier = Courier(runbook, configure(webhook=hook.url))
    courier.send(event(1), event(2, name="refused"), event(3, name="log"), event(4, name="unready"))
    courier.wait_settled(1, 2, 3, 4)
    assert "answered 410; not tried again" in courier.outcomes(1)[0]["message"]
    assert "redirect" in courier.outcomes(3)[0]["message"]
    assert courier.outcomes(4)[0]["delivered"]
    assert len(hook.requests) == 4
    courier.end()


def test_half_an_answer_is_none(runbook, receiver, configure):
    hook = receiver(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n")
    courier = Courier(runbook, configure(webhook=hook.url))
    courier.send(event(1))
    courier.wait_settled(1)
    assert [line["delivered"] for line in courier.outcomes(1)] == [False, False, True]
    assert len(hook.requests) == 3
    assert courier.end() == 0


def test_an_event_that_is_over_before_it_could_be_told_is_one_message(runbook, receiver,
                                                                       configure):
    hook = receiver(503, 503)
    courier = Courier(runbook, configure(webhook=hook.url))
    courier.send(event(1))
    hook.wait(1)
    courier.send(event(2, name="refused"), event(3, "closed"))
    courier.wait_settled(1, 2, 3)
    told = [payload for payload in hook.payloads[-2:]]
    assert [(payload["name"], payload["state"], payload["first"]) for payload in told] == [
        ("slots", "closed", True), ("refused", "open", True)]
    assert "38 of 40" in told[0]["text"] and "12 of 40" in told[0]["text"]
    assert courier.end() == 0


def test_a_channel_that_hangs_holds_up_no_other(runbook, receiver, configure):
    door = threading.Event()
    hanging, well = receiver(door), receiver()
    courier = Courier(runbook, configure(webhook=f'"{hanging.url}", "{well.url}"'))
    courier.send(*[event(seq, name=f"alarm {seq}") for seq in range(1, 301)])
    well.wait(300)
    assert [payload["name"] for payload in well.payloads] == [f"alarm {n}" for n in range(1, 301)]
    assert len(hanging.requests) == 1 and not courier.settled()
    door.set()
    courier.wait_settled(*range(1, 301))
    assert [payload["name"] for payload in hanging.payloads] == [
        f"alarm {n}" for n in range(1, 301)]
    assert courier.end() == 0


def test_of_too_many_the_oldest_are_dropped_and_that_is_said(runbook, receiver, configure):
    door = threading.Event()
    hook = receiver(door)
    courier = Courier(runbook, configure(webhook=hook.url))
    courier.send(*[event(seq, name=f"alarm {seq}") for seq in range(1, 1011)])
    wait_until(lambda: len(courier.settled()) == 10, what="ten dropped")
    door.set()
    courier.wait_settled(*range(1, 1011))
    courier.send(event(1011, "closed", name="alarm 2"))
    courier.wait_settled(1011)
    told = [payload["first"] for payload in hook.payloads if payload["name"] == "alarm 2"]
    assert told == [True]  # its beginning was dropped: the end says both
    [line] = courier.outcomes(2)
    assert not line["delivered"] and "dropped" in line["message"]
    assert [payload["name"] for payload in hook.payloads[:2]] == ["alarm 1", "alarm 12"]
    assert len(hook.requests) == 1001
    assert courier.end() == 0


def test_a_courier_that_was_killed_loses_nothing(runbook, receiver, configure):
    hook = receiver(200, 503, 503, 503)
    config = configure(webhook=hook.url)
    courier = Courier(runbook, config)
    events = [event(seq, name=f"alarm {seq}") for seq in range(1, 6)]
    courier.send(*events)
    courier.wait_settled(1)
    hook.wait(2)
    courier.kill()
    again = Courier(runbook, config)
    again.send(*[line for line in events if line["seq"] not in courier.settled()])
    again.wait_settled(2, 3, 4, 5)
    names = [payload["name"] for payload in hook.payloads]
    assert list(dict.fromkeys(names)) == [f"alarm {n}" for n in range(1, 6)]
    assert again.end() == 0


def test_the_next_courier_spares_channels_that_are_through(runbook, receiver, configure):
    failing, well = receiver(*[503] * 50), receiver()
    config = configure(webhook=f'"{failing.url}", "{well.url}"')
    courier = Courier(runbook, config)
    courier.send(event(1))
    wait_until(lambda: courier.through(1) and len(courier.outcomes(1)) > 1,
               what="one channel through with it")
    assert {line["channel"] for line in courier.outcomes(1)} == {
        "webhook 127.0.0.1", "webhook 127.0.0.1 (2)"}
    courier.kill()
    failing.answers.clear()
    again = Courier(runbook, config)
    again.send(event(1, through=courier.through(1), waited_s=5))
    again.wait_settled(1)
    assert len(well.requests) == 1
    assert again.end() == 0


def test_what_waited_for_a_day_is_given_up(runbook, receiver, configure):
    hook = receiver(503)
    courier = Courier(runbook, configure(webhook=hook.url))
    courier.send(event(1, waited_s=24 * 3600))
    courier.wait_settled(1)
    assert "given up after a day" in courier.outcomes(1)[0]["message"]
    courier.send(event(2, "closed"))
    courier.wait_settled(2)
    assert hook.payloads[1]["first"]  # nobody was told of its beginning
    assert courier.end() == 0


@pytest.mark.parametrize("how", ["stdin", "signal"])
def test_when_it_is_to_end_it_tries_once_more_and_goes(runbook, receiver, configure, how):
    door = threading.Event()
    failing, hanging = receiver(503, 503, 503, 503), receiver(door)
    courier = Courier(runbook, configure(webhook=f'"{failing.url}", "{hanging.url}"'))
    courier.send(event(1))
    failing.wait(1)
    hanging.wait(1)
    if how == "signal":
        courier.running.terminate()
        assert courier.running.process.wait(20) == 5
    assert courier.end() == 5
    assert "2 messages could not be delivered" in courier.running.process.stderr.read()
    assert len(failing.requests) >= 2
    door.set()


def test_nonsense_on_stdin_is_passed_over(runbook, receiver, configure):
    hook = receiver()
    courier = Courier(runbook, configure(webhook=hook.url))
    process = courier.running.process
    process.stdin.write("what?\n{}\n[1]\n" + "x" * 300_000 + "\n")
    courier.send(event(1, target="a\r\nX: y", message="\u0007 ü", detail={"n": [1]}))
    courier.wait_settled(1)
    [payload] = hook.payloads
    assert check_document(payload, "notify.event")["detail"] == {"n": [1]}
    assert courier.end() == 0
    assert process.stderr.read().count("passed over") == 4
