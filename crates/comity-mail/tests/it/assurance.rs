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

struct Row {
    name: &'static str,
    case: Case,
    level: Level,
    party: Option<&'static str>,
    leaked: bool,
}

fn row(name: &'static str, mut case: Case, change: fn(&mut Case), level: Level) -> Row {
    change(&mut case);
    let party = (level > Level::L0).then_some("a");
    let leaked = false;
    Row {
        name,
        case,
        level,
        party,
        leaked,
    }
}

fn by_network() -> Vec<Row> {
    let open = |name, change, level| row(name, Case::open(), change, level);
    let mut rows = vec![
        open("nothing asked", |it| it.network = None, Level::L0),
        open("domain right", |_| (), Level::L1),
        open("own address", |it| it.address_of = Some("a"), Level::L2),
        open("not aligned", unaligned, Level::L0),
        open("other asked", other, Level::L0),
        open("two senders", |it| it.one_sender = false, Level::L0),
        open("other inside", |it| it.fields = from("b"), Level::L0),
    ];
    let leaked = open("other's", |it| it.address_of = Some("b"), Level::L1);
    let nobody = open("nobody's", of_nobody, Level::L1);
    rows.push(Row {
        leaked: true,
        ..leaked
    });
    rows.push(Row {
        leaked: true,
        party: None,
        ..nobody
    });
    rows
}

fn other(it: &mut Case) {
    it.network = Some(network("cert-z.example"));
}

fn from(letter: &str) -> Fields {
    fields(&format!("x@cert-{letter}.example"), "us@own.example")
}

fn unaligned(it: &mut Case) {
    it.address_of = Some("a");
    let dmarc = it.network.as_mut().and_then(|one| one.dmarc.as_mut());
    dmarc.unwrap().dkim = Verdict::Fail;
}

fn of_nobody(it: &mut Case) {
    other(it);
    it.outer = "cert-z.example";
    it.fields = from("z");
    it.address_of = Some("a");
}

fn bad(it: &mut Case, fault: SignatureFault) {
    it.signature = Some(SignatureResult::Bad {
        certificate: Some(KEY.to_owned()),
        fault,
    });
}

fn unknown(it: &mut Case) {
    let issuers = Vec::new();
    it.signature = Some(SignatureResult::UnknownKey { issuers });
}

fn odd(it: &mut Case, warning: Warning) {
    it.warnings.push(warning);
}

const REVOKED: SignatureFault = SignatureFault::KeyRevoked { reason: "x" };
const WEAK: SignatureFault = SignatureFault::Weak(Weakness::Dsa);

fn by_key() -> Vec<Row> {
    let good_row = |name, change, level| row(name, Case::signed(), change, level);
    let l0 = |name, change| row(name, Case::signed(), change, Level::L0);
    let mut rows = vec![
        good_row("signed", |_| (), Level::L3),
        good_row("address", |it| it.address_of = Some("a"), Level::L3),
        good_row("link", |it| it.link = Some("a"), Level::L4),
        l0("two senders", |it| it.one_sender = false),
        l0("other party", |it| it.signature = Some(good("BBBB"))),
        l0("key of nobody", |it| it.signature = Some(good("CCCC"))),
        l0("key unknown", unknown),
        l0("expired", |it| bad(it, SignatureFault::KeyExpired)),
        l0("revoked", |it| bad(it, REVOKED)),
        l0("weak", |it| bad(it, WEAK)),
        l0("part", |it| it.coverage = Some(Coverage::PartOnly)),
        l0("subject open", |it| it.inside.subject = false),
        l0("to open", |it| it.inside.to = false),
        l0("partly", |it| odd(it, Warning::PartlySigned { part: 1 })),
        l0("EFAIL", |it| odd(it, Warning::Efail { part: 1 })),
        l0("mix", |it| odd(it, Warning::PartlyEncrypted { part: 1 })),
        l0("torn", |it| odd(it, Warning::BrokenProtection { part: 1 })),
        l0("others", |it| {
            it.fields = fields("poc@cert-a.example", "x@z.example");
        }),
    ];
    let leaked = good_row("other's", |it| it.address_of = Some("b"), Level::L3);
    rows.push(Row {
        leaked: true,
        ..leaked
    });
    rows
}

#[test]
fn row_by_row() {
    for row in by_network().into_iter().chain(by_key()) {
        let Row {
            name,
            level,
            party,
            leaked,
            ..
        } = row;
        let judged = row.case.judged();
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
            (one.spf, one.dkim) = (Verdict::Pass, Verdict::None);
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
