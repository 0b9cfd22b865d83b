"""Where messages go: a webhook's receiver, a mail server, a mail program. All of them real: they
listen on a port, or are run."""

import hashlib
import hmac
import json
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.servers import wait_until


class Receiver:
    """A webhook: answers with the next of `answers`, 200 when there is none. An answer is a status,
    (status, headers), an Event to wait for before answering 200, or the bytes of one that breaks
    off."""

    def __init__(self, *answers):
        self.requests, self.answers = [], list(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((time.monotonic(), dict(self.headers), body))
                answer = receiver.answers.pop(0) if receiver.answers else 200
                if isinstance(answer, threading.Event):
                    answer.wait(60)
                    answer = 200
                if isinstance(answer, bytes):
                    self.wfile.write(answer)
                    self.close_connection = True
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # the other side went away
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?token=x"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def payloads(self):
        return [json.loads(body) for _, _, body in self.requests]

    def wait(self, count):
        wait_until(lambda: len(self.requests) >= count, what=f"{count} requests")
        return self.payloads

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def signature_is_right(headers, body, secret):
    """As a receiver verifies it."""
    moment, digest = (part.split("=", 1)[1] for part in
                      headers["X-Pgrunbook-Signature"].split(","))
    expected = hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, digest) and abs(time.time() - int(moment)) < 300


class MailServer:
    """SMTP: keeps what it takes as (sender, recipients, text). `refuse` maps a command's first word
    to the reply it gets, as often as is said: {"RCPT": ["451 later"]}; {"TEXT": ["hang up"]}: the
    text has come, and there is no reply; {"TEXT": [Event]}: not before that."""

    def __init__(self, refuse=None):
        self.mails, self.refuse = [], refuse or {}
        mails, refuse = self.mails, self.refuse

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def read_text(self):
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b".") else line)
                return b"".join(lines)

            def handle(self):
                sender, recipients = None, []
                self.say("220 here")
                while line := self.rfile.readline():
                    word = line.split()[0].upper().decode()
                    if refuse.get(word):
                        self.say(refuse[word].pop(0))
                    elif word == "DATA":
                        self.say("354 go on")
                        mails.append((sender, recipients, self.read_text()))
                        held = refuse["TEXT"].pop(0) if refuse.get("TEXT") else None
                        if held == "hang up":
                            return
                        if held:
                            held.wait(60)
                        self.say("250 taken as 17")
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        address = line.partition(b"<")[2].partition(b">")[0].decode()
                        sender = address if word == "MAIL" else sender
                        recipients += [address] if word == "RCPT" else []
                        self.say("250 well")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self.url = f"smtp://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Courier:
    """`pgrunbook notify deliver`: .send(…) gives it an event, .said are the lines it prints."""

    def __init__(self, runbook, config, env=None):
        self.running = runbook.start("notify", "deliver", "--config", config, stdin=-1, env=env)
        self.said = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.running.process.stdout:
            self.said.append(json.loads(line))

    def send(self, *events):
        for event in events:
            self.running.process.stdin.write(json.dumps(event) + "\n")
        self.running.process.stdin.flush()

    def through(self, seq):
        return [line["key"] for line in self.said
                if line["line"] == "through" and line["seq"] == seq]

    def settled(self):
        return [line["seq"] for line in self.said if line["line"] == "settled"]

    def outcomes(self, seq):
        return [line for line in self.said if line["line"] == "outcome" and line["seq"] == seq]

    def wait_settled(self, *seqs):
        wait_until(lambda: set(seqs) <= set(self.settled()), what=f"{seqs} settled")

    def end(self):
        """Closes its stdin; its exit code."""
        self.running.process.stdin.close()
        return self.running.process.wait(20)

    def kill(self):
        self.running.kill()
        self.end()


def event(seq, state="open", **more):
    """A line as the supervisor writes it."""
    opened = 1764100000000000
    return {"line": "event", "seq": seq, "id": seq, "target": "shop", "name": "slots",
            "state": state, "severity": "critical", "message": "38 of 40 slots taken",
            "opened_us": opened, "closed_us": 0 if state == "open" else opened + 90_000_000,
            **({"closing": "12 of 40 taken"} if state == "closed" else {}), "run": 0, **more}
