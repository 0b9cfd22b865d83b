"""Where others hold all places of those who listen the page looks by itself, and its console stays empty."""

import socket
from contextlib import ExitStack, closing

from support.servers import wait_until

OF_ONE_ADDRESS = 16
STREAM = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
STREAMS = """return performance.getEntriesByType('resource')
    .filter((one) => one.name.includes('/api/v1/events')).length"""
AGE = "return document.querySelector('main time.age').dateTime"


def listen(stack, daemon):
    """Whether there was room for one more."""
    link = stack.enter_context(closing(socket.create_connection(("127.0.0.1", int(daemon.address)))))
    link.settimeout(15)
    link.sendall(STREAM)
    return link.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_no_room_to_listen(browse, daemon):
    with ExitStack() as stack:
        assert [listen(stack, daemon) for _ in range(OF_ONE_ADDRESS)] == [True] * OF_ONE_ADDRESS
        assert not listen(stack, daemon)
        browser = browse()
        browser.open("shop/connections")
        wait_until(lambda: browser.run(STREAMS) >= 2, what="the page to ask for events, and again")
        before = browser.run(AGE)
        wait_until(lambda: browser.run(AGE) != before, timeout=60, what="a newer look")
        assert browser.complaints == []
        # Who is known has places that strangers cannot take.
        browser.sign_in(daemon.token)
        browser.open("shop/connections")
        before = browser.run(AGE)
        wait_until(lambda: browser.run(AGE) != before, what="a newer look")
        assert browser.complaints == []
