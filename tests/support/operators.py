"""Somebody with a token, who acts over the API."""

import json
from contextlib import closing
from http.client import HTTPConnection

from support.servers import wait_until


class Operator:
    """Somebody with a token."""

    def __init__(self, daemon, name, role="operator"):
        self.daemon = daemon
        done = daemon.runbook("token", "add", name, "--role", role, "--json", "--config",
                              daemon.file)
        self.token = done.expect(0).json["token"]

    def ask(self, path, body=None, **headers):
        with closing(HTTPConnection("127.0.0.1", int(self.daemon.address), timeout=30)) as link:
            words = {"Authorization": f"Bearer {self.token}", "X-Pgrunbook": "act",
                     "Content-Type": "application/json", **headers}
            text = None if body is None else body if isinstance(body, str) else json.dumps(body)
            link.request("GET" if body is None else "POST", f"/api/v1/{path}", text, words)
            answer = link.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None

    def plan(self, path, status=200, **body):
        code, document = self.ask(path, {"plan": True, **body})
        assert code == status, (code, document)
        return document

    def act(self, path, plan, reason="it hangs", status=202):
        code, document = self.ask(path, {"plan_id": plan["plan_id"], "reason": reason})
        assert code == status, (code, document)
        return document

    def done(self, act):
        def look():
            code, document = self.ask(f"acts/{act['act']}")
            assert code == 200
            return document if document["state"] == "done" else None
        wait_until(lambda: look() is not None, what="an act that is done")
        return look()
