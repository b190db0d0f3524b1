"""Mail as another party's server gives it to the node that takes mail."""

import os
import smtplib


def deliver(address, mail):
    """Gives a mail to the node that takes mail."""
    host, port = os.environ["COMITY_SMTP"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port), "mx.bravo.example", timeout=30) as client:
        client.sendmail("duty@bravo.example", [address], mail)
