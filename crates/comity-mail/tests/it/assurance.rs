//! Who sent a mail and how sure that is: row by row, and what no mail reaches.

use comity_mail::assurance::{Act, Evidence, Level, Party, Reason, assess};
use comity_mail::authentication::{
    Alignment, Arc, Authentication, Dkim, DkimKey, DkimWorth, Dmarc, DmarcPolicy, Spf, Verdict,
};
use comity_mail::opening::Inside;
use comity_mail::openpgp::{GoodSignature, SignatureFault, SignatureResult, Weakness};
use comity_mail::reading::{Coverage, Fields, ReadLimits, Warning, read_fields};
use proptest::prelude::*;

use super::openpgp::NOW;

const KEY: &str = "AAAA";
const PARTIES: [Party<'static>; 2] = [
    Party {
        id: "a",
        domains: &["cert-a.example"],
        fingerprints: &[KEY],
    },
    Party {
        id: "b",
        domains: &["cert-b.example"],
        fingerprints: &["BBBB"],
    },
];

fn fields(from: &str, to: &str) -> Fields {
    let mail = format!("From: {from}\r\nTo: {to}\r\nSubject: x\r\n\r\n");
    read_fields(mail.as_bytes(), &ReadLimits::EXCHANGE)
        .unwrap()
        .0
}

fn good(certificate: &str) -> SignatureResult {
    SignatureResult::Good(GoodSignature {
        certificate: certificate.to_owned(),
        key: certificate.to_owned(),
        made_at: NOW,
        made_for: Vec::new(),
    })
}

fn dkim(domain: &str) -> Dkim {
    Dkim {
        domain: domain.to_owned(),
        selector: "s".to_owned(),
        verdict: Verdict::Pass,
        key: DkimKey::Rsa { bits: Some(2_048) },
        covers_from: true,
        part_of_body: false,
        made_at: Some(NOW - 10),
        ends_at: Some(NOW + 10),
    }
}

fn network(domain: &str) -> Authentication {
    Authentication {
        spf: Some(Spf {
            domain: domain.to_owned(),
            verdict: Verdict::None,
        }),
        dkim: vec![dkim(domain)],
        dmarc: Some(Dmarc {
            domain: domain.to_owned(),
            policy: Some(DmarcPolicy::Reject),
            spf: Verdict::None,
            dkim: Verdict::Pass,
        }),
        arc: None,
    }
}

/// What makes L3, to be spoiled.
struct Case {
    fields: Fields,
    outer: &'static str,
    one_sender: bool,
    network: Option<Authentication>,
    address_of: Option<&'static str>,
    signature: Option<SignatureResult>,
    coverage: Option<Coverage>,
    inside: Inside,
    warnings: Vec<Warning>,
    link: Option<&'static str>,
}

impl Case {
    fn signed() -> Self {
        Self {
            fields: fields("poc@cert-a.example", "us@own.example"),
            outer: "cert-a.example",
            one_sender: true,
            network: None,
            address_of: None,
            signature: Some(good(KEY)),
            coverage: Some(Coverage::Whole),
            inside: Inside::ALL,
            warnings: Vec::new(),
            link: None,
        }
    }

    fn open() -> Self {
        Self {
            network: Some(network("cert-a.example")),
            signature: None,
            coverage: None,
            inside: Inside::default(),
            ..Self::signed()
        }
    }

    fn judged(&self) -> comity_mail::assurance::Assurance {
        assess(&Evidence {
            fields: &self.fields,
            outer_domain: self.outer,
            one_sender: self.one_sender,
            authentication: self.network.as_ref(),
            address_of: self.address_of,
            signature: self.signature.as_ref(),
            coverage: self.coverage,
            inside: self.inside,
            warnings: &self.warnings,
            link: self.link,
            parties: &PARTIES,
            own_domains: &["own.example"],
            now: NOW,
        })
    }
}

type Row = (&'static str, Case, Level, Option<&'static str>, bool);

fn by_network() -> Vec<Row> {
    let other = || Some(network("cert-z.example"));
    let unaligned = Authentication {
        dmarc: Some(Dmarc {
            dkim: Verdict::Fail,
            ..network("cert-a.example").dmarc.unwrap()
        }),
        ..network("cert-a.example")
    };
    vec![
        (
            "nothing asked",
            Case {
                network: None,
                ..Case::open()
            },
            Level::L0,
            None,
            false,
        ),
        ("domain right", Case::open(), Level::L1, Some("a"), false),
        (
            "own address",
            Case {
                address_of: Some("a"),
                ..Case::open()
            },
            Level::L2,
            Some("a"),
            false,
        ),
        (
            "address of another",
            Case {
                address_of: Some("b"),
                ..Case::open()
            },
            Level::L1,
            Some("a"),
            true,
        ),
        (
            "not aligned",
            Case {
                network: Some(unaligned),
                address_of: Some("a"),
                ..Case::open()
            },
            Level::L0,
            None,
            false,
        ),
        (
            "a domain of nobody at an address of a party",
            Case {
                network: other(),
                outer: "cert-z.example",
                fields: fields("x@cert-z.example", "us@own.example"),
                address_of: Some("a"),
                ..Case::open()
            },
            Level::L1,
            None,
            true,
        ),
        (
            "asked about another domain",
            Case {
                network: other(),
                ..Case::open()
            },
            Level::L0,
            None,
            false,
        ),
        (
            "two senders",
            Case {
                one_sender: false,
                address_of: Some("a"),
                ..Case::open()
            },
            Level::L0,
            None,
            false,
        ),
        (
            "another sender inside",
            Case {
                fields: fields("x@cert-b.example", "us@own.example"),
                ..Case::open()
            },
            Level::L0,
            None,
            false,
        ),
    ]
}

fn by_key() -> Vec<Row> {
    let bad = |fault| {
        Some(SignatureResult::Bad {
            certificate: Some(KEY.to_owned()),
            fault,
        })
    };
    let unknown = || {
        Some(SignatureResult::UnknownKey {
            issuers: Vec::new(),
        })
    };
    let odd = |warning| vec![warning];
    let signed = Case::signed;
    let l0 = |name, case| (name, case, Level::L0, None, false);
    vec![
        ("signed", signed(), Level::L3, Some("a"), false),
        (
            "signed, own address",
            Case {
                address_of: Some("a"),
                ..signed()
            },
            Level::L3,
            Some("a"),
            false,
        ),
        (
            "signed, address of another",
            Case {
                address_of: Some("b"),
                ..signed()
            },
            Level::L3,
            Some("a"),
            true,
        ),
        (
            "link",
            Case {
                link: Some("b"),
                one_sender: false,
                ..signed()
            },
            Level::L4,
            Some("b"),
            false,
        ),
        l0(
            "two senders",
            Case {
                one_sender: false,
                ..signed()
            },
        ),
        l0(
            "key of another party",
            Case {
                signature: Some(good("BBBB")),
                ..signed()
            },
        ),
        l0(
            "key of nobody",
            Case {
                signature: Some(good("CCCC")),
                ..signed()
            },
        ),
        l0(
            "key unknown",
            Case {
                signature: unknown(),
                ..signed()
            },
        ),
        l0(
            "key expired",
            Case {
                signature: bad(SignatureFault::KeyExpired),
                ..signed()
            },
        ),
        l0(
            "key revoked",
            Case {
                signature: bad(SignatureFault::KeyRevoked { reason: "x" }),
                ..signed()
            },
        ),
        l0(
            "key weak",
            Case {
                signature: bad(SignatureFault::Weak(Weakness::Dsa)),
                ..signed()
            },
        ),
        l0(
            "part only",
            Case {
                coverage: Some(Coverage::PartOnly),
                ..signed()
            },
        ),
        l0(
            "subject open",
            Case {
                inside: Inside {
                    subject: false,
                    ..Inside::ALL
                },
                ..signed()
            },
        ),
        l0(
            "to open",
            Case {
                inside: Inside {
                    to: false,
                    ..Inside::ALL
                },
                ..signed()
            },
        ),
        l0(
            "partly signed",
            Case {
                warnings: odd(Warning::PartlySigned { part: 1 }),
                ..signed()
            },
        ),
        l0(
            "EFAIL",
            Case {
                warnings: odd(Warning::Efail { part: 1 }),
                ..signed()
            },
        ),
        l0(
            "partly encrypted",
            Case {
                warnings: odd(Warning::PartlyEncrypted { part: 1 }),
                ..signed()
            },
        ),
        l0(
            "broken",
            Case {
                warnings: odd(Warning::BrokenProtection { part: 1 }),
                ..signed()
            },
        ),
        l0(
            "for others",
            Case {
                fields: fields("poc@cert-a.example", "x@cert-b.example"),
                ..signed()
            },
        ),
    ]
}

#[test]
fn row_by_row() {
    for (name, case, level, party, leaked) in by_network().into_iter().chain(by_key()) {
        let judged = case.judged();
        assert_eq!(judged.level, level, "{name}: {:?}", judged.reasons);
        assert_eq!(judged.party.as_deref(), party, "{name}");
        assert_eq!(judged.address_leaked, leaked, "{name}");
        assert!(!judged.reasons.is_empty(), "{name}");
        assert!(judged.reasons.iter().all(|one| !one.to_string().is_empty()));
        let changes = judged.allows(Act::ChangeCase);
        assert_eq!(changes, level >= Level::L3 && !leaked, "{name}");
        assert_eq!(
            judged.allows(Act::Propose),
            level >= Level::L1 && !leaked,
            "{name}"
        );
        assert!(judged.allows(Act::Keep));
        assert_eq!(judged.forbids().is_empty(), changes, "{name}");
    }
}

#[test]
fn what_a_dkim_signature_is_worth() {
    let one = |change: &dyn Fn(&mut Dkim)| {
        let mut it = dkim("cert-a.example");
        change(&mut it);
        let worth = it.worth(NOW);
        let network = Authentication {
            dkim: vec![it],
            ..network("cert-a.example")
        };
        let aligned = matches!(
            network.alignment("cert-a.example", NOW),
            Alignment::Aligned { .. }
        );
        assert_eq!(aligned, worth.counts(), "{worth}");
        worth
    };
    assert_eq!(one(&|_| ()), DkimWorth::Counts);
    assert_eq!(one(&|it| it.key = DkimKey::Ed25519), DkimWorth::Counts);
    let bits = |bits| DkimKey::Rsa { bits };
    assert_eq!(
        one(&|it| it.key = bits(Some(1_024))),
        DkimWorth::CountsShortKey { bits: 1_024 }
    );
    assert_eq!(one(&|it| it.key = bits(Some(1_023))), DkimWorth::WeakKey);
    assert_eq!(one(&|it| it.key = bits(None)), DkimWorth::WeakKey);
    assert_eq!(one(&|it| it.key = DkimKey::RsaSha1), DkimWorth::WeakKey);
    assert_eq!(one(&|it| it.part_of_body = true), DkimWorth::PartOfBody);
    assert_eq!(one(&|it| it.covers_from = false), DkimWorth::FromOpen);
    assert_eq!(one(&|it| it.ends_at = Some(NOW)), DkimWorth::Expired);
    assert_eq!(
        one(&|it| (it.ends_at, it.made_at) = (None, None)),
        DkimWorth::Counts
    );
    assert_eq!(one(&|it| it.made_at = Some(NOW + 601)), DkimWorth::Future);
    assert_eq!(one(&|it| it.verdict = Verdict::Fail), DkimWorth::NotGood);
    assert_eq!(
        one(&|it| it.verdict = Verdict::Unknown),
        DkimWorth::NotChecked
    );
}

#[test]
fn what_aligns() {
    let base = network("cert-a.example");
    let at = |change: &dyn Fn(&mut Authentication)| {
        let mut it = base.clone();
        change(&mut it);
        it.alignment("CERT-A.example", NOW)
    };
    let aligned = Alignment::Aligned {
        domain: "cert-a.example".to_owned(),
    };
    let not = Alignment::NotAligned {
        policy: DmarcPolicy::Reject,
    };
    let record = |it: &mut Authentication, change: &dyn Fn(&mut Dmarc)| {
        change(it.dmarc.as_mut().unwrap());
    };
    assert_eq!(at(&|_| ()), aligned);
    assert_eq!(at(&|it| it.dmarc = None), Alignment::OtherDomain);
    assert_eq!(
        at(&|it| record(it, &|one| one.policy = None)),
        Alignment::NoRecord
    );
    assert_eq!(at(&|it| record(it, &|one| one.dkim = Verdict::None)), not);
    assert_eq!(
        at(&|it| record(it, &|one| one.dkim = Verdict::Unknown)),
        Alignment::Unknown
    );
    // SPF aligns alone; what DMARC says of it without SPF passing is nothing.
    let by_spf = |it: &mut Authentication, verdict| {
        it.dkim.clear();
        record(it, &|one| {
            (one.spf, one.dkim) = (Verdict::Pass, Verdict::None)
        });
        it.spf.as_mut().unwrap().verdict = verdict;
    };
    assert_eq!(at(&|it| by_spf(it, Verdict::Pass)), aligned);
    assert_eq!(at(&|it| by_spf(it, Verdict::Fail)), not);
    // Those in between are told and never count.
    let chain = Arc {
        verdict: Verdict::Pass,
        sealers: vec!["list.example".to_owned()],
    };
    let with_chain = |it: &mut Authentication| {
        it.arc = Some(chain.clone());
        it.dkim.clear();
    };
    assert_eq!(at(&with_chain), not);
}

fn signatures() -> impl Strategy<Value = Option<SignatureResult>> {
    let fault = SignatureFault::KeyExpired;
    prop_oneof![
        Just(None),
        Just(Some(good(KEY))),
        Just(Some(good("BBBB"))),
        Just(Some(good("CCCC"))),
        Just(Some(SignatureResult::UnknownKey {
            issuers: Vec::new()
        })),
        Just(Some(SignatureResult::Bad {
            certificate: None,
            fault
        })),
    ]
}

fn warnings() -> impl Strategy<Value = Vec<Warning>> {
    let one = prop_oneof![
        Just(Warning::PartlySigned { part: 1 }),
        Just(Warning::Efail { part: 1 }),
        Just(Warning::PartlyEncrypted { part: 1 }),
        Just(Warning::UnknownTlp),
    ];
    proptest::collection::vec(one, 0..2)
}

proptest! {
    /// Only one sender, a whole and good signature of the key of the party that From names, and fields all inside make L3.
    #[test]
    fn nothing_less_reaches_l3(
        one_sender in prop::bool::weighted(0.8),
        signature in signatures(),
        coverage in prop_oneof![Just(None), Just(Some(Coverage::Nothing)), Just(Some(Coverage::PartOnly)), Just(Some(Coverage::Whole))],
        inside in prop::array::uniform4(prop::bool::weighted(0.9)),
        warnings in warnings(),
        from in prop_oneof![Just("x@cert-a.example"), Just("x@cert-b.example"), Just("x@cert-z.example")],
        to in prop_oneof![Just("us@own.example"), Just("x@cert-b.example")],
        asked in any::<bool>(),
        address_of in prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))],
    ) {
        let [in_from, in_to, in_subject, in_date] = inside;
        let inside = Inside { from: in_from, to: in_to, subject: in_subject, date: in_date };
        let odd = warnings.iter().any(|one| *one != Warning::UnknownTlp);
        let network = asked.then(|| network("cert-a.example"));
        let case = Case { fields: fields(from, to), one_sender, network, address_of, signature, coverage, inside, warnings, ..Case::signed() };
        let judged = case.judged();
        let by_a = case.signature == Some(good(KEY)) && from == "x@cert-a.example";
        let by_b = case.signature == Some(good("BBBB")) && from == "x@cert-b.example";
        let whole = one_sender && !odd && coverage == Some(Coverage::Whole) && inside == Inside::ALL && to == "us@own.example";
        prop_assert_eq!(judged.level >= Level::L3, whole && (by_a || by_b), "{:?}", judged.reasons);
        if judged.level >= Level::L3 {
            prop_assert_eq!(judged.party.as_deref(), Some(if by_a { "a" } else { "b" }));
        }
        prop_assert!(one_sender || judged.level == Level::L0);
        prop_assert!(judged.level < Level::L3 || !judged.reasons.contains(&Reason::FieldsOpen));
    }
}
