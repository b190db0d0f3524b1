"""TLS as a client sees it: versions, suites, and the published taxii2-client over HTTPS."""

import os
import socket
import ssl
from urllib.parse import urlsplit

from taxii2client.v21 import Server

SERVER = os.environ["COMITY_SERVER"]
AUTHORITY = os.environ["COMITY_AUTHORITY"]
ADDRESS = (urlsplit(SERVER).hostname, urlsplit(SERVER).port)


def shake(least, most):
    """Connects with a range of versions; returns the version and the suite that were agreed on."""
    context = ssl.create_default_context(cafile=AUTHORITY)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = least
    context.maximum_version = most
    with socket.create_connection(ADDRESS, timeout=30) as plain:
        with context.wrap_socket(plain, server_hostname=ADDRESS[0]) as secure:
            return secure.version(), secure.cipher()[0]


V = ssl.TLSVersion
assert shake(V.TLSv1_3, V.TLSv1_3)[0] == "TLSv1.3"
version, suite = shake(V.TLSv1_2, V.TLSv1_2)
assert version == "TLSv1.2"
# What RFC 7540 Appendix A forbids: no forward secrecy, or no authenticated encryption.
assert suite.startswith("ECDHE-") and ("GCM" in suite or "CHACHA20" in suite), suite
assert shake(V.TLSv1_2, V.TLSv1_3)[0] == "TLSv1.3", "the newest that both have"
for old in (V.TLSv1, V.TLSv1_1):
    try:
        agreed = shake(old, old)
    except (ssl.SSLError, OSError):
        continue
    raise AssertionError(f"it agreed on {agreed}")

server = Server(
    SERVER + "/taxii2/",
    user=os.environ["COMITY_USER"],
    password=os.environ["COMITY_PASSWORD"],
    verify=AUTHORITY,
)
assert server.default.url == SERVER + os.environ["COMITY_ROOT"]
assert len(server.default.collections) == 3
print("tls: 5 parts passed")
