"""A proxy that stands where the internet is: under every name of Google's, the loopback Google.

It takes CONNECT, as a proxy of an office does, and ends TLS itself under its own authority, as an
inspecting one does. So the program asks the real names, and only its environment is different.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.loopback import Answer, LoopbackServer, Request, Wire

NAMES = (
    "sheets.googleapis.com",
    "accounts.google.com",
    "oauth2.googleapis.com",
    "sts.googleapis.com",
    "iamcredentials.googleapis.com",
    "token.office.example",
)


class FrontWire(Wire):
    """One client connection, that becomes TLS at CONNECT."""

    def do_CONNECT(self) -> None:  # noqa: N802 - http.server's name
        """Agree to a tunnel, and be its other end."""
        front = cast("GoogleFront", self.server.owner)  # type: ignore[attr-defined]
        host = self.path.partition(":")[0]
        front.tunnels.append(host)
        if host not in NAMES:
            self.send(Answer(403))
            return
        self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.connection = front.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.close_connection = False

    def finish(self) -> None:
        """Close the inner connection as well: the server knows the outer one alone."""
        super().finish()
        self.connection.close()


class GoogleFront(LoopbackServer):
    """`tunnels` are the hosts asked for; `environment` is what leads a program here."""

    wire = FrontWire

    def __init__(self, google: LoopbackGoogle, folder: Path) -> None:
        super().__init__()
        self._google = google
        self._authority = folder / "authority.pem"
        self.tunnels: list[str] = []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(_certificate(folder, self._authority))

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the variables of an office behind this proxy."""
        return {"HTTPS_PROXY": self.url, "SSL_CERT_FILE": str(self._authority)}

    def answer(self, request: Request) -> Answer:
        """Answer as Google does under any of its names."""
        return self._google.answer(request)


def _certificate(folder: Path, authority: Path) -> Path:
    """Write an authority, and a certificate of it for all names with its key; return the latter."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Loopback authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    root = (
        _builder(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.DNSName(each) for each in NAMES])
    leaf = (
        _builder(name, root_name, key)
        .add_extension(names, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .sign(root_key, hashes.SHA256())
    )
    authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    path = folder / "server.pem"
    path.write_bytes(
        leaf.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def _builder(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
