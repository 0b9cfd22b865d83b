"""A go-between on the road from the program to the server. It holds every statement that would
end a session until the harness has had its turn: that is the moment between decision and act."""

import re
import select
import socket
import threading

ACT = re.compile(rb"pg_(terminate|cancel)_backend")
PID = re.compile(rb"pid\D{1,60}(\d+)")


class Proxy(threading.Thread):
    """Listens as a PostgreSQL socket in `folder`; `on_act(verb, pid)` is called for each statement
    that ends or cancels a session, before the server has it; the statement goes on when it returns."""

    def __init__(self, folder, server_folder, port=5432):
        super().__init__(daemon=True)
        self.folder, self.on_act = folder, None
        self.failure = None
        self._target = f"{server_folder}/.s.PGSQL.{port}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{folder}/.s.PGSQL.{port}")
        self._listener.listen(20)
        self._peers = {}

    def run(self):
        while True:
            readable, _, _ = select.select([self._listener, *self._peers], [], [])
            for source in readable:
                if source is self._listener:
                    self._accept()
                elif source in self._peers:
                    self._pass_on(source)

    def _accept(self):
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        self._peers[client], self._peers[server] = (server, True), (client, False)

    def _pass_on(self, source):
        target, from_client = self._peers[source]
        try:
            data = source.recv(1 << 16)
            if from_client and ACT.search(data):
                self._hold(data)
            if data:
                target.sendall(data)
        except OSError:
            data = b""
        if not data:
            for end in (source, target):
                self._peers.pop(end, None)
                end.close()

    def _hold(self, data):
        if self.on_act:
            try:
                self.on_act(ACT.search(data)[1].decode(), int(PID.search(data)[1]))
            except Exception as error:  # the harness asks for it when the program has ended
                self.failure = error
