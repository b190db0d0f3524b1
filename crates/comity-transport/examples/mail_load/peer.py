"""The peer of `mail_load check`: Python's email package, dkimpy and pyspf over the same corpus.

The DNS answers are the same and come out of a dictionary, without a network. DMARC has no maintained library that keeps its
list of suffixes in memory, so the few rules that the corpus needs stand here.

In scope: verdicts in the same words, times. Out of scope: anything that the corpus does not hold.

    python peer.py FOLDER ROUNDS
"""

import email
import email.policy
import email.utils
import json
import pathlib
import sys
import time

import dkim
import spf

folder, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
RECORDS = json.loads((folder / "records.json").read_text())
SENDERS = json.loads((folder / "senders.json").read_text())
MAILS = [(one, (folder / one["file"]).read_bytes()) for one in SENDERS]
SPF = {"pass": "pass", "fail": "fail", "softfail": "fail", "permerror": "fail", "none": "none", "neutral": "none"}


def txt(name, timeout=5):
    """What dkimpy asks."""
    found = RECORDS.get(name.decode().rstrip(".").lower())
    return found.encode() if found else None


def lookup(name, qtype, tcpfallback=True, timeout=30):
    """What pyspf asks."""
    found = RECORDS.get(name.rstrip(".").lower()) if qtype == "TXT" else None
    return [((name, qtype), (found.encode(),))] if found else []


spf.DNSLookup = lookup


def parsed(raw):
    """The mail with every part decoded."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    attachments, words = [], []
    for part in mail.walk():
        if part.is_multipart():
            continue
        content = part.get_content()
        if part.get_filename():
            size = len(part.get_payload(decode=True)) if isinstance(content, str) else len(content)
            attachments.append(f"{part.get_filename()}:{size} ")
        else:
            words.append(content)
    return mail, "".join(attachments), words


def organizational(domain):
    """All domains of the corpus are two labels under `example`, or beneath them."""
    return ".".join(domain.split(".")[-2:])


def authenticated(sender, raw, author):
    """SPF, each DKIM signature, DMARC with relaxed alignment."""
    said, _ = spf.check2(i=sender["client"], s=sender["sender"], h="mx.cert-a.example")
    told, passed = [], []
    checker = dkim.DKIM(raw)
    signatures = [value for name, value in checker.headers if name.lower() == b"dkim-signature"]
    for index, value in enumerate(signatures):
        tags = dkim.util.parse_tag_value(value)
        domain, selector = tags[b"d"].decode(), tags[b"s"].decode()
        try:
            good = checker.verify(idx=index, dnsfunc=txt)
        except dkim.DKIMException:
            good = False
        told.append(f"{domain}:{selector}:{'pass' if good else 'fail'} ")
        passed += [domain] * good
    domain = author.rpartition("@")[2]
    record = RECORDS.get(f"_dmarc.{domain}") or RECORDS.get(f"_dmarc.{organizational(domain)}")
    aligned = passed + [sender["sender"].rpartition("@")[2]] * (said == "pass")
    dmarc = "none"
    if record:
        dmarc = "pass" if organizational(domain) in map(organizational, aligned) else "fail"
    return SPF[said], "".join(told), dmarc


def author_of(mail):
    """The address of From."""
    return email.utils.parseaddr(str(mail["From"]))[1]


lines = []
for sender, raw in MAILS:
    mail, attachments, _ = parsed(raw)
    verdicts = authenticated(sender, raw, author_of(mail))
    lines.append(
        f"{sender['file']}|{author_of(mail)}|{mail['Subject']}|{attachments}"
        f"|spf={verdicts[0]}|dkim={verdicts[1]}|dmarc={verdicts[2]}\n"
    )
(folder / "theirs.txt").write_text("".join(lines), encoding="utf-8")

parse = authenticate = parse_cpu = authenticate_cpu = 0.0
for _ in range(rounds):
    began, cpu = time.perf_counter(), time.process_time()
    authors = [author_of(parsed(raw)[0]) for _, raw in MAILS]
    parse += time.perf_counter() - began
    parse_cpu += time.process_time() - cpu
    began, cpu = time.perf_counter(), time.process_time()
    for (sender, raw), author in zip(MAILS, authors):
        authenticated(sender, raw, author)
    authenticate += time.perf_counter() - began
    authenticate_cpu += time.process_time() - cpu
checked = len(MAILS) * rounds
print(
    json.dumps(
        {
            "mails": checked,
            "parse_per_second": checked / parse,
            "authenticate_per_second": checked / authenticate,
            "per_second": checked / (parse + authenticate),
            "parse_cpu_us": parse_cpu * 1e6 / checked,
            "authenticate_cpu_us": authenticate_cpu * 1e6 / checked,
        }
    )
)
