"""What opens the daemon's HTTP: tokens and certificates."""

import subprocess

from golden.documents import check_document


def token(runbook, daemon, name, *words):
    done = runbook("token", "add", name, *words, "--json", "--config", daemon.file)
    return check_document(done.expect(0).json, "token.add")["token"]


def bearer(secret):
    return f"Bearer {secret}"


def make_certificate(folder, name):
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key, "-out",
                    certificate, "-subj", f"/CN={name}", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key
