"""Client certificates: `make FOLDER` makes two self-signed ones with their keys, `call METHOD PATH [NAME] [BODY]` calls the node with one
of them, or with none, and prints the status and the body.
"""

import datetime
import os
import pathlib
import sys

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa


def make(folder):
    for name, key in (("known", ec.generate_private_key(ec.SECP256R1())), ("stranger", rsa.generate_private_key(65537, 2048))):
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "collector")])
        # Over by its own dates: the pin ends it, and nothing else.
        start = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / f"{name}.key").write_bytes(key.private_bytes(*form))


def call(method, path, name="", body=""):
    folder = pathlib.Path(os.environ["COMITY_CLIENT_FOLDER"])
    headers = {"Accept": os.environ["COMITY_ACCEPT"]}
    if token := os.environ.get("COMITY_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    if body:
        taxii = path.startswith("/taxii2/")
        headers["Content-Type"] = "application/taxii+json;version=2.1" if taxii else "application/json"
    answer = requests.request(
        method,
        os.environ["COMITY_SERVER"] + path,
        headers=headers,
        data=body or None,
        cert=(str(folder / f"{name}.pem"), str(folder / f"{name}.key")) if name else None,
        verify=os.environ["COMITY_AUTHORITY"],
        timeout=20,
    )
    print(answer.status_code)
    print(answer.text)


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "make":
        make(pathlib.Path(rest[0]))
    else:
        call(*rest)
