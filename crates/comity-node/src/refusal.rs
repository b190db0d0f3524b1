//! Refusals: what a command was refused for, what mends it, and whose turn it is.
//!
//! In scope: the words for the operator. Out of scope: what other parties are told (`comity-api`).
//! A command in backticks begins with `comity` and names no folder: whoever shows it adds `--data`.

use std::error::Error;

use comity_case::table::Refusal as Refused;
use comity_stix::version::RevokeError;
use comity_store::error::{StoreError, chain};

use crate::account::AccountError;
use crate::address::AddressError;
use crate::case::CaseError;
use crate::case::evidence::EvidenceError;
use crate::collection::CollectionError;
use crate::command::{Refusal, RefusalKind};
use crate::contact::ContactError;
use crate::exchange::ExchangeError;
use crate::intake::IntakeError;
use crate::ledger::LedgerError;
use crate::link::LinkError;
use crate::mail::MailError;
use crate::mail::openpgp::OpenPgpError;
use crate::mail::out::OutError;
use crate::mail::taking::TakingError;
use crate::sighting::SightingError;

/// What is wrong with a command that names an object.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObjectRefusal {
    /// More was asked for than is answered at once.
    #[error("{asked} {what} at once are more than the limit of {max}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many were asked for.
        asked: usize,
        /// How many are answered.
        max: usize,
    },
    /// It is no id.
    #[error("{text:?} is no STIX id: {reason}")]
    BadId { text: String, reason: String },
    /// Nobody holds it.
    #[error("no collection holds {0}")]
    NotHeld(String),
    /// Its revoked version was not taken.
    #[error("the revoked version of {id} was not taken: {reason}")]
    NotTaken { id: String, reason: String },
}

/// What the operator is told of an error.
pub(crate) fn refusal(error: &(dyn Error + 'static)) -> Refusal {
    let (kind, hint) = advice(error);
    Refusal {
        message: chain(error),
        hint,
        kind,
    }
}

fn advice(error: &(dyn Error + 'static)) -> (RefusalKind, String) {
    if let Some(error) = error.downcast_ref::<AccountError>() {
        return account(error);
    }
    if let Some(error) = error.downcast_ref::<CollectionError>() {
        return collection(error);
    }
    if let Some(error) = error.downcast_ref::<ObjectRefusal>() {
        return object(error);
    }
    if let Some(error) = error.downcast_ref::<IntakeError>() {
        return intake(error);
    }
    if let Some(error) = error.downcast_ref::<ExchangeError>() {
        return exchange(error);
    }
    if let Some(error) = error.downcast_ref::<CaseError>() {
        return case(error);
    }
    if let Some(error) = error.downcast_ref::<AddressError>() {
        return address(error);
    }
    if let Some(error) = error.downcast_ref::<ContactError>() {
        return contact(error);
    }
    if let Some(error) = error.downcast_ref::<LedgerError>() {
        return ledger(error);
    }
    if let Some(error) = error.downcast_ref::<MailError>() {
        return mail(error);
    }
    if let Some(error) = error.downcast_ref::<SightingError>() {
        return sighting(error);
    }
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return (RefusalKind::Unknown, store_hint(error));
    }
    if error.is::<RevokeError>() {
        let hint = "only an object with `modified` has versions, and only its creator revokes it";
        return (RefusalKind::No, hint.to_owned());
    }
    (RefusalKind::Unknown, DOCTOR.to_owned())
}

const DOCTOR: &str = "`comity doctor` reads the whole store and says what is wrong";
const ACCOUNTS: &str =
    "`comity user list` shows the accounts, `comity user add NAME --role ROLE` makes one";
const PARTIES: &str = "`comity party list` shows the parties, `comity party accept CARD` takes one";
const COLLECTIONS: &str =
    "`comity collection list` shows them, `comity collection create --title TITLE` makes one";

#[expect(
    clippy::too_many_lines,
    reason = "a table of errors, a line or two each"
)]
fn account(error: &AccountError) -> (RefusalKind, String) {
    let no = |hint: &str| (RefusalKind::No, hint.to_owned());
    match error {
        AccountError::Taken(name) => (
            RefusalKind::No,
            format!("choose another name, or remove that account first: `comity user remove {name}`"),
        ),
        AccountError::BadName(_) => (
            RefusalKind::Usage,
            "choose a name of letters, digits and hyphens".to_owned(),
        ),
        AccountError::BadPassword => (
            RefusalKind::Usage,
            "four words picked at random do well; give them on standard input with --password-stdin"
                .to_owned(),
        ),
        AccountError::UnknownParty(_) => (RefusalKind::No, PARTIES.to_owned()),
        AccountError::Unknown(_) | AccountError::AddressTaken(_) => {
            (RefusalKind::No, ACCOUNTS.to_owned())
        }
        AccountError::BadAddress(_) => (
            RefusalKind::Usage,
            "give the address as an accord names it, such as duty@example.org".to_owned(),
        ),
        AccountError::NotOwn(_) => (
            RefusalKind::No,
            "what is for a person of another party goes by `comity share ID --to PARTY --person ADDRESS`"
                .to_owned(),
        ),
        AccountError::SecondFactorOn(name) => (
            RefusalKind::No,
            format!("`comity user totp {name} --off` turns it off for whoever lost the device"),
        ),
        AccountError::NoSecondFactor(_) => no("each person sets one up on the page of their own account"),
        AccountError::WrongCode => {
            no("look at the clock of the device that makes the codes, or use a recovery code")
        }
        AccountError::WrongPassword => no("`comity user password NAME --password-stdin` sets a new one"),
        AccountError::TooMany { seconds } => no(&format!("try again in {seconds} seconds")),
        AccountError::BadToken => (
            RefusalKind::Usage,
            "give --name a few words and --days a number of days".to_owned(),
        ),
        AccountError::BadCertificate(_) => (
            RefusalKind::Usage,
            "give the client's certificate alone, a PEM file: openssl x509 -in FILE prints it".to_owned(),
        ),
        AccountError::CertificateTaken => {
            no("`comity certificate list` shows whose it is; end it there before it is pinned anew")
        }
        AccountError::UnknownToken(_) => no("`comity token list` shows the tokens with their ids"),
        AccountError::BadPasskey | AccountError::LatePasskey => {
            no("begin again on the page of the own account, in a browser that asks for a PIN, a finger or a face")
        }
        AccountError::TooManyPasskeys => no("remove those that nobody uses any more"),
        AccountError::UnknownPasskey(_) => no("`comity user passkeys NAME` shows them with their ids"),
        AccountError::SignInAgain => no("sign out and in again, then do it"),
        AccountError::NoProvider => no("set sign_in.oidc.issuer in comity.toml, with the keys beside it"),
        AccountError::BadSubject => (
            RefusalKind::Usage,
            "give the subject as the provider shows it for that person: sub in its ID tokens".to_owned(),
        ),
        AccountError::IdentityTaken | AccountError::UnknownIdentity(_) => {
            no("`comity user identities NAME` shows those of an account")
        }
        AccountError::BadLink => {
            no("`comity user invite NAME --role ROLE` makes a new one; `comity serve` prints one for the first account")
        }
        AccountError::Ledger(_) => (RefusalKind::Unknown, DOCTOR.to_owned()),
        AccountError::UnknownSession(_) => no("it ended meanwhile: the list shows those that have not"),
        AccountError::NotBound(_) => (
            RefusalKind::No,
            "every account with the right to a collection reads what is less than TLP:RED in it: `comity collection grant ID --user NAME --read`"
                .to_owned(),
        ),
        AccountError::Addressed(source) => exchange(source),
        AccountError::Store(source) => (RefusalKind::Unknown, store_hint(source)),
    }
}

fn collection(error: &CollectionError) -> (RefusalKind, String) {
    match error {
        CollectionError::Unknown(_) => (RefusalKind::No, COLLECTIONS.to_owned()),
        CollectionError::NotReadable | CollectionError::NotWritable => (
            RefusalKind::No,
            "`comity collection grant ID --user NAME --read --write` gives the right".to_owned(),
        ),
        CollectionError::Taken(_) => (
            RefusalKind::No,
            "choose another alias; `comity collection list` shows those in use".to_owned(),
        ),
        CollectionError::BadTitle => (RefusalKind::Usage, "choose another title".to_owned()),
        CollectionError::BadAlias(_) => (
            RefusalKind::Usage,
            "choose an alias like malware-2026; a title may hold anything".to_owned(),
        ),
        CollectionError::UnknownAccount(_) => (RefusalKind::No, ACCOUNTS.to_owned()),
        CollectionError::Ledger(_) => (RefusalKind::Unknown, DOCTOR.to_owned()),
        CollectionError::Store(source) => (RefusalKind::Unknown, store_hint(source)),
    }
}

fn evidence(error: &EvidenceError) -> (RefusalKind, String) {
    const SHOW: &str = "`comity evidence show ID` shows its custody and what may be done";
    match error {
        EvidenceError::File { .. } => (
            RefusalKind::Unknown,
            "look at the owner and the rights of that path, and whether it is there already; the node reads and writes it itself"
                .to_owned(),
        ),
        EvidenceError::NotAFile(_) => (
            RefusalKind::Usage,
            "pack a folder into one file first, such as with tar".to_owned(),
        ),
        EvidenceError::Unknown(_) => (
            RefusalKind::No,
            "`comity evidence list` shows them".to_owned(),
        ),
        EvidenceError::NotHere(_) => (
            RefusalKind::No,
            "whoever holds it can hand it over: `comity evidence transfer ID --to PARTY` there".to_owned(),
        ),
        EvidenceError::Arriving { .. } | EvidenceError::Again { .. } => (
            RefusalKind::No,
            "give the command again in a while; `comity evidence show ID` says how far it has come".to_owned(),
        ),
        EvidenceError::Changed(_) => (
            RefusalKind::No,
            "the custody shows it as a gap; restore the node's attachments from a backup, or have it handed over again"
                .to_owned(),
        ),
        EvidenceError::Foreign { .. } => (
            RefusalKind::No,
            "`comity evidence return ID` gives it back; that party may hand it on".to_owned(),
        ),
        EvidenceError::NotHandedOver { .. } => (
            RefusalKind::No,
            "`comity evidence transfer ID --to PARTY` offers it; then name it in the answer".to_owned(),
        ),
        EvidenceError::Said(_) | EvidenceError::NotHeld { .. } | EvidenceError::Destroyed(_) => {
            (RefusalKind::No, SHOW.to_owned())
        }
    }
}

fn case(error: &CaseError) -> (RefusalKind, String) {
    match error {
        CaseError::Unknown(_) | CaseError::Ambiguous(_) => (
            RefusalKind::No,
            "`comity request list`, `comity hotline list` and the other lists show the names; the first letters of one do".to_owned(),
        ),
        CaseError::Period(_) => (
            RefusalKind::Usage,
            "name a period of the calendar, in UTC".to_owned(),
        ),
        CaseError::Subject(_) | CaseError::Role(_) | CaseError::Label(_) => (
            RefusalKind::Usage,
            "`comity request --help` shows the words".to_owned(),
        ),
        CaseError::Message(_) | CaseError::Thread(_) => (
            RefusalKind::Usage,
            "change what it names, and give the command again".to_owned(),
        ),
        CaseError::Hotline(_) => (
            RefusalKind::No,
            "`comity hotline show ID` shows where the call stands, what to say and whom to ring"
                .to_owned(),
        ),
        CaseError::Exercise(_) => (
            RefusalKind::No,
            "`comity exercise list` shows the exercises and where each stands".to_owned(),
        ),
        CaseError::Refused(Refused::SecondPerson { .. }) | CaseError::SecondPerson(_) => (
            RefusalKind::SecondPerson,
            "ask another officer, and name them with --second".to_owned(),
        ),
        CaseError::Refused(refusal) => (RefusalKind::No, shows(refusal.subject())),
        CaseError::Release(_) => (
            RefusalKind::Release,
            "`comity accord show NAME` shows the terms".to_owned(),
        ),
        CaseError::NoCase(_) => (
            RefusalKind::No,
            "`comity case list` shows the cases; the first letters of a name do".to_owned(),
        ),
        CaseError::Incident(_) => (
            RefusalKind::Usage,
            "give a STIX 2.1 bundle with an incident, and name one with --incident if it has several"
                .to_owned(),
        ),
        CaseError::Busy => (RefusalKind::No, "give the command again".to_owned()),
        CaseError::Evidence(error) => evidence(error),
        CaseError::Exchange(error) => exchange(error),
        CaseError::Ledger(error) => ledger(error),
        CaseError::Store(error @ StoreError::AttachmentTooLarge { .. }) => {
            (RefusalKind::TooLarge, store_hint(error))
        }
        CaseError::Store(error) => (RefusalKind::Unknown, store_hint(error)),
    }
}

/// The command that shows where a thread about a subject stands.
fn shows(subject: Option<&str>) -> String {
    let noun = match subject {
        Some("call") => "hotline",
        Some("review") => {
            return "`comity scorecard show` shows what both sides said of the period".to_owned();
        }
        Some(subject) => subject,
        None => "request",
    };
    format!("`comity {noun} show ID` shows where it stands and what may be done")
}

fn mail(error: &MailError) -> (RefusalKind, String) {
    let (kind, hint) = match error {
        MailError::Unknown(_) | MailError::Ambiguous(_) => {
            (RefusalKind::No, "`comity mail list` shows their numbers")
        }
        MailError::State(_) => (
            RefusalKind::Usage,
            "a mail is received, duplicate, found, quarantined, taken or refused",
        ),
        MailError::Place(_) => (
            RefusalKind::Usage,
            "give the number of the last mail of the page before",
        ),
        MailError::NotHere(_) => (
            RefusalKind::No,
            "nodes that share a database keep the mail that each received: ask the one that did, or restore the folder mail/ \
             from a backup",
        ),
        MailError::Changed(_) => (
            RefusalKind::No,
            "restore that file of the folder mail/ from a backup; `comity doctor` names it",
        ),
        MailError::File { .. } => (
            RefusalKind::Unknown,
            "look at the owner and the rights of that path, and whether it is there already; the node writes it itself",
        ),
        MailError::Nobody => (RefusalKind::No, "nothing was kept; the sender was told"),
        MailError::Out(error) => return mail_out(error),
        MailError::OpenPgp(error) => return mail_keys(error),
        MailError::Keys(_) => (
            RefusalKind::Unknown,
            "the files of the folder keys/ are this node's alone to read and write",
        ),
        MailError::SecretKey(_) => (RefusalKind::Unknown, DOCTOR),
        MailError::Certificate(_) => (
            RefusalKind::Usage,
            "`gpg --armor --export FINGERPRINT` writes such a file",
        ),
        MailError::Taking(error) => return mail_taking(error),
        MailError::Contact(source) => return advice(source.as_ref()),
        MailError::Exchange(source) => return advice(source),
        MailError::Store(source) => return (RefusalKind::Unknown, store_hint(source)),
    };
    (kind, hint.to_owned())
}

/// What mends a refusal about OpenPGP keys.
fn mail_keys(error: &OpenPgpError) -> (RefusalKind, String) {
    let (kind, hint) = match error {
        OpenPgpError::NoKey => (
            RefusalKind::No,
            "`comity openpgp make` makes one; `comity openpgp show` shows those that were",
        ),
        OpenPgpError::NoSuchKey(_) => (
            RefusalKind::No,
            "`comity openpgp show` shows this node's keys, `comity openpgp list` those of parties",
        ),
        OpenPgpError::KeysFull => (
            RefusalKind::No,
            "prolong the newest with `comity openpgp extend` in the place of making another one",
        ),
        OpenPgpError::KeyTime => (RefusalKind::Usage, "two years are usual: --days 730"),
        OpenPgpError::UserId => (RefusalKind::Usage, "or leave --user-id out"),
        OpenPgpError::OtherFingerprint(_) => (
            RefusalKind::No,
            "one of the two is not the party's: compare again, by voice, digit by digit",
        ),
        OpenPgpError::Unconfirmed(_) => (
            RefusalKind::No,
            "compare the fingerprint with the party by voice and type it with --fingerprint, or have the party name it in the \
             profile that its node sends",
        ),
        OpenPgpError::WeakCertificate(_) => (
            RefusalKind::No,
            "ask the party for a key of today: Ed25519 with X25519, or RSA of 3,072 bits and more",
        ),
        OpenPgpError::CertificateTaken(_) => (
            RefusalKind::No,
            "one key speaks for one party: `comity openpgp list` shows them",
        ),
        OpenPgpError::CertificatesFull(_) => (
            RefusalKind::No,
            "remove what is no longer used: `comity openpgp unregister PARTY FINGERPRINT`",
        ),
    };
    (kind, hint.to_owned())
}

/// What mends a refusal about taking mail in.
fn mail_taking(error: &TakingError) -> (RefusalKind, String) {
    let hint = match error {
        TakingError::Unknown(_) | TakingError::Ambiguous(_) => {
            "`comity mail show MAIL` shows what a mail proposes, with the numbers"
        }
        TakingError::Settled(_) => "`comity mail show MAIL` shows who settled it, and when",
        TakingError::NotAnew(_) => {
            "mails that are quarantined, refused or taken are judged anew; of a duplicate, the first"
        }
        TakingError::NotTheSame(_) => {
            "keys or certificates changed meanwhile, perhaps: `comity mail again MAIL` judges it anew"
        }
        TakingError::Case(source) => return advice(source),
        TakingError::Intake(source) => return advice(source),
    };
    (RefusalKind::No, hint.to_owned())
}

/// What mends a refusal about mail that leaves.
fn mail_out(error: &OutError) -> (RefusalKind, String) {
    let kind = match error {
        OutError::Address(error) => return address(error),
        OutError::OwnDomain(_)
        | OutError::NotAscii(_)
        | OutError::Protect(_)
        | OutError::State(_)
        | OutError::Place(_)
        | OutError::Label(_)
        | OutError::OtherThread { .. }
        | OutError::TooMuch => RefusalKind::Usage,
        OutError::NotEncrypted { .. } | OutError::OtherPerson(_) | OutError::Stays(_) => {
            RefusalKind::Release
        }
        OutError::SecondPerson(_) => RefusalKind::SecondPerson,
        OutError::Dkim(_) => RefusalKind::Unknown,
        OutError::Unusable { .. }
        | OutError::OwnKey { .. }
        | OutError::Repeated(_)
        | OutError::Unknown(_)
        | OutError::Ambiguous(_)
        | OutError::Stands { .. }
        | OutError::TooOld
        | OutError::NoAddress(_)
        | OutError::NoContact { .. }
        | OutError::Nothing(_)
        | OutError::Meanwhile(_) => RefusalKind::No,
    };
    (kind, mail_out_hint(error).to_owned())
}

fn mail_out_hint(error: &OutError) -> &'static str {
    match error {
        OutError::OwnDomain(_) => {
            "name an address of the other party with --to; this node's own addresses take mail from others"
        }
        OutError::NotAscii(_) => {
            "ask the party for an address of ASCII letters; this node does not send with SMTPUTF8 (RFC 6531)"
        }
        OutError::NotEncrypted { .. } => {
            "register the party's certificate, `comity openpgp register`, and give the command again; or share by the node link"
        }
        OutError::Unusable { .. } => {
            "ask the party for its current certificate and register it, `comity openpgp register`"
        }
        OutError::OwnKey { .. } => {
            "extend this node's key, `comity openpgp extend`, or make a new one, `comity openpgp make`"
        }
        OutError::Repeated(_) | OutError::Meanwhile(_) => "give the command again",
        OutError::Protect(_) => {
            "mend what is named; `comity mail send --help` says what can be sent"
        }
        OutError::Dkim(_) => {
            "look at the owner and the rights of the folder keys/ in the node's folder"
        }
        OutError::Address(_) => DOCTOR,
        OutError::Unknown(_) | OutError::Ambiguous(_) => {
            "`comity mail outgoing` shows their numbers"
        }
        OutError::State(_) => {
            "a mail that leaves is queued, sending, delayed, sent, failed, bounced, cancelled or receipted"
        }
        OutError::Place(_) => "give the number of the last mail of the page before",
        OutError::Stands { .. } => {
            "`comity mail outgoing ID` shows where it stands and what happened to it"
        }
        OutError::TooOld => {
            "write it anew with `comity mail send`; the other side may have it already"
        }
        OutError::NoAddress(_) => {
            "have the party give an address, `comity address create` there, or name one with --to"
        }
        OutError::NoContact { .. } => {
            "`comity contact list` shows the points of contact; or name an address with --to"
        }
        OutError::Label(_) => {
            "labels are TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT and TLP:RED"
        }
        OutError::OtherThread { .. } => "name a thread with this party, or none",
        OutError::OtherPerson(_) => "leave --to out, or name in --person who is to read it",
        OutError::TooMuch => {
            "send several mails, or share by the node link, which has no such limit"
        }
        OutError::Nothing(_) => "`comity outbox list` shows what waits",
        OutError::SecondPerson(_) => "ask another officer, and name them with --second",
        OutError::Stays(_) => "`comity accord show NAME` shows the terms",
    }
}

fn address(error: &AddressError) -> (RefusalKind, String) {
    const SHOW: &str = "`comity address show ID` shows where it stands and what is next";
    let no = |hint: &str| (RefusalKind::No, hint.to_owned());
    let usage = |hint: &str| (RefusalKind::Usage, hint.to_owned());
    match error {
        AddressError::Purpose(_) => usage("`comity address create --help` says what each is for"),
        AddressError::Separator(_) | AddressError::Domain { .. } => {
            usage("mend mail.domain and mail.separator in comity.toml")
        }
        AddressError::Days => usage("name fewer days; an address for good is a promoted one"),
        AddressError::Bound(_) => usage("leave --about out, and say it in --remark"),
        AddressError::Unknown(_)
        | AddressError::Ambiguous(_)
        | AddressError::Case(CaseError::Unknown(_) | CaseError::Ambiguous(_)) => {
            no("`comity address list` shows addresses with their names; the first letters of one do")
        }
        AddressError::NotOurs { .. } => no("ask that party; `comity address list --theirs` shows its addresses"),
        AddressError::Untold(_) => no("`comity address tell ID` gives it; then it can be promoted and renewed"),
        AddressError::Ours { .. }
        | AddressError::Told(_)
        | AddressError::State { .. }
        | AddressError::Proof(_)
        | AddressError::Case(CaseError::Refused(_)) => no(SHOW),
        AddressError::NotAsked => no("`comity address promote ID` asks, then another person approves"),
        AddressError::SamePerson(_) => {
            no("somebody else gives `comity address approve ID --officer NAME`")
        }
        AddressError::Unsigned(_) => no("compare keys with that party: `comity party list`"),
        AddressError::KeysFull => no(&format!(
            "a node makes {} of them in its life; the newest stays in use",
            comity_mail::token::KEYS_MAX
        )),
        AddressError::KeysUnusable => no("restore the files address-N.key in the folder keys/ of the node from a backup"),
        AddressError::Exchange(ExchangeError::NoAccord(_))
        | AddressError::Case(CaseError::Exchange(ExchangeError::NoAccord(_))) => (
            RefusalKind::Release,
            "without an accord it can be made with `comity address create PARTY --untold` and told another way".to_owned(),
        ),
        AddressError::Case(error) => case(error),
        AddressError::Contact(error) => contact(error),
        AddressError::Exchange(error) => exchange(error),
        AddressError::Store(error) => (RefusalKind::Unknown, store_hint(error)),
        AddressError::Keys(_) | AddressError::Link(_) | AddressError::Note(_) => {
            (RefusalKind::Unknown, DOCTOR.to_owned())
        }
    }
}

fn contact(error: &ContactError) -> (RefusalKind, String) {
    let no = |hint: &str| (RefusalKind::No, hint.to_owned());
    let usage = |hint: &str| (RefusalKind::Usage, hint.to_owned());
    match error {
        ContactError::Mail(source) => advice(source.as_ref()),
        ContactError::Profile(_) | ContactError::OtherParty { .. } => {
            usage("`comity contact profile template` prints one to fill in")
        }
        ContactError::Version { .. } => {
            usage("raise the version in the file, and give the command again")
        }
        ContactError::Expired(_) => usage("set a later day in `expires`, and raise the version"),
        ContactError::NoProfile(_) => no(
            "`comity contact profile import FILE` takes the own one; a partner's comes when it sends it",
        ),
        ContactError::UnknownContact { .. } => no("`comity contact list` shows them"),
        ContactError::Unknown { .. } | ContactError::Ambiguous { .. } => {
            no("`comity contact pings` and `comity contact candidates` show their names")
        }
        ContactError::Code => no(
            "`comity contact show ID` shows the code of a check; that of a candidate comes back from its \
                                  address, and is drawn anew with `comity contact challenge ID`",
        ),
        ContactError::Unchallenged(_) => {
            no("`comity contact challenge ID` draws a code to send there")
        }
        ContactError::Channel(_) => usage("leave it out to have the next way"),
        ContactError::SecurityTxt(_) => {
            no("RFC 9116 says what the file must hold; ask its owner to mend it")
        }
        ContactError::Case(CaseError::Refused(_)) => {
            no("`comity contact show ID` shows where a check stands")
        }
        ContactError::Case(error) => case(error),
        ContactError::Exchange(error) => exchange(error),
        ContactError::Store(error) => (RefusalKind::Unknown, store_hint(error)),
        ContactError::Link(_) | ContactError::Note(_) => (RefusalKind::Unknown, DOCTOR.to_owned()),
    }
}

fn sighting(error: &SightingError) -> (RefusalKind, String) {
    let wrong = |hint: &str| (RefusalKind::Usage, hint.to_owned());
    match error {
        SightingError::Collection(_) => wrong(
            "`comity collection list` shows the collections; those that hold what a party sent take none of this party's own",
        ),
        SightingError::Value { .. } => {
            wrong("sightings are of addresses, names, links and hashes; or name an indicator")
        }
        SightingError::Object(_) => {
            wrong("`comity object find VALUE` shows the objects that carry a value")
        }
        SightingError::Intake(error) => intake(error),
        SightingError::Store(error) => (RefusalKind::Unknown, store_hint(error)),
        SightingError::Nothing
        | SightingError::Time(_)
        | SightingError::Order
        | SightingError::Count
        | SightingError::Label(_)
        | SightingError::Note
        | SightingError::NotTaken { .. } => wrong("correct it and say it again"),
    }
}

fn exchange(error: &ExchangeError) -> (RefusalKind, String) {
    let no = |hint: &str| (RefusalKind::No, hint.to_owned());
    match error {
        ExchangeError::Place(_) => (
            RefusalKind::Usage,
            "begin the list again without `before`".to_owned(),
        ),
        ExchangeError::UnknownParty(_) | ExchangeError::Link(LinkError::UnknownParty(_)) => {
            no(PARTIES)
        }
        ExchangeError::Enrolment(_) => no("`comity party list` shows how things stand with each party"),
        ExchangeError::Accord(_) => no("`comity accord list` shows the versions and who has signed them"),
        ExchangeError::UnknownAccord(_) => no("`comity accord list` shows the accords"),
        ExchangeError::NoAccord(_) => (
            RefusalKind::Release,
            "`comity accord propose FILE` begins one; the other side signs with `comity accord sign NAME`".to_owned(),
        ),
        ExchangeError::UnknownObject(_) => {
            no("`comity object find VALUE` and `comity object search WORD` show what is held")
        }
        ExchangeError::BadId(_) => (
            RefusalKind::Usage,
            "an id looks like indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f".to_owned(),
        ),
        ExchangeError::Refused(_) => (
            RefusalKind::Release,
            "`comity release list` shows each decision with its rule".to_owned(),
        ),
        ExchangeError::UndoTooLong => (
            RefusalKind::Usage,
            "name fewer seconds, or 0 to let it go at once".to_owned(),
        ),
        ExchangeError::UnknownApproval(_) => no("`comity release waiting` shows what waits"),
        ExchangeError::SamePerson(_) => no("somebody else gives `comity release approve ID --by NAME`"),
        ExchangeError::Card(_) => no("`comity party invite` makes the node's card"),
        ExchangeError::Link(LinkError::Store(source)) | ExchangeError::Store(source) => {
            (RefusalKind::Unknown, store_hint(source))
        }
        ExchangeError::Link(_) => (RefusalKind::Unknown, DOCTOR.to_owned()),
    }
}

fn ledger(error: &LedgerError) -> (RefusalKind, String) {
    let no = |hint: &str| (RefusalKind::No, hint.to_owned());
    let envelopes =
        "`comity outbox list` and `comity inbox list` show envelopes with their identities";
    match error {
        LedgerError::BadName(_) => (RefusalKind::Usage, envelopes.to_owned()),
        LedgerError::UnknownEnvelope(_) => no(envelopes),
        LedgerError::UnknownEntry { .. } => {
            no("`comity ledger key` shows how many entries the log has")
        }
        LedgerError::NotProvable(_) => no("`comity ledger verify` says what the ledger can show"),
        LedgerError::Content(_) => {
            no("`comity ledger prove ENVELOPE --out FILE` shows what there is, without --field")
        }
        LedgerError::NotErased(_) => {
            no("`comity outbox list` and `comity inbox list` show how each envelope stands")
        }
        LedgerError::Witness(_) => no(
            "give the witness's own URL and verifier key; its operator adds this node's log, \
             whose key `comity ledger key` shows",
        ),
        LedgerError::File { .. } | LedgerError::TooLong { .. } | LedgerError::TooMany { .. } => {
            no("`comity ledger export DIR` writes a whole folder of evidence")
        }
        LedgerError::Link(LinkError::Store(source)) | LedgerError::Store(source) => {
            (RefusalKind::Unknown, store_hint(source))
        }
        LedgerError::Link(_) => (RefusalKind::Unknown, DOCTOR.to_owned()),
    }
}

fn object(error: &ObjectRefusal) -> (RefusalKind, String) {
    match error {
        ObjectRefusal::BadId { .. } => (
            RefusalKind::Usage,
            "an id looks like indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f; `comity object find VALUE` and `comity \
             object search WORD` show objects with their ids"
                .to_owned(),
        ),
        ObjectRefusal::TooMany { max, .. } => (
            RefusalKind::Usage,
            format!("ask for {max} at a time"),
        ),
        ObjectRefusal::NotHeld(_) => (
            RefusalKind::No,
            "`comity object find VALUE` and `comity object search WORD` show what is held".to_owned(),
        ),
        ObjectRefusal::NotTaken { .. } => (
            RefusalKind::No,
            "`comity object validate ID` says which rules of STIX the held version breaks"
                .to_owned(),
        ),
    }
}

fn intake(error: &IntakeError) -> (RefusalKind, String) {
    match error {
        IntakeError::Collection(source) => collection(source),
        IntakeError::Envelope(_) => (
            RefusalKind::No,
            "an envelope is {\"objects\": […]}".to_owned(),
        ),
        IntakeError::Persons(source) => exchange(source),
        IntakeError::Store(source) => (RefusalKind::Unknown, store_hint(source)),
    }
}

/// What to do about a store that failed.
pub fn store_hint(error: &StoreError) -> String {
    match error {
        StoreError::File { .. } => {
            "look at the owner and the rights of that path, and at the free space of its disk"
        }
        StoreError::Damaged { .. } | StoreError::Row { .. } => {
            "`comity doctor --rebuild-index` builds everything again that the log holds; a damaged log comes from a \
             backup"
        }
        StoreError::RecordTooLarge { .. } | StoreError::AttachmentTooLarge { .. } => {
            "split it and send the parts"
        }
        StoreError::Sqlite { .. } => {
            "is the disk full, or the folder not yours? then `comity doctor` says what is wrong"
        }
        StoreError::Postgres { .. } => {
            "is the database running, and is store.url right? `comity settings show` shows it"
        }
        StoreError::TooNew { .. } => "use the version of comity that wrote it, or a newer one",
        StoreError::InUse { .. } => {
            "stop the other process: commands reach a node that runs `comity serve` by themselves"
        }
        StoreError::Away { .. } | StoreError::Busy { .. } => "try again in a moment",
        StoreError::Stopped => {
            "stop the node, mend what its log names, and start it again with `comity serve`"
        }
        StoreError::NotWritten { .. } => "make room on the disk, then try again",
        // What the store may say one day: the doctor looks at everything.
        _ => DOCTOR,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_mends_it() {
        let check = |error: &(dyn Error + 'static), kind: RefusalKind, hint: &str| {
            let told = refusal(error);
            assert_eq!(told.kind, kind, "{told:?}");
            assert!(told.hint.contains(hint), "{told:?}");
            assert!(!told.message.contains("comity "), "no hint in the message");
        };
        let taken = AccountError::Taken("soc".to_owned());
        check(&taken, RefusalKind::No, "`comity user remove soc`");
        check(&AccountError::BadPassword, RefusalKind::Usage, "words");
        let unknown = CollectionError::Unknown("x".to_owned());
        check(&unknown, RefusalKind::No, "`comity collection list`");
        let nested = IntakeError::Collection(CollectionError::Store(StoreError::Stopped));
        check(&nested, RefusalKind::Unknown, "`comity serve`");
    }
}
