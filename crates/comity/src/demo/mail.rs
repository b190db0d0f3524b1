//! The demo's mail: a temporary address, a mail there that is certain, strangers that learn nothing, and an address for good.
//!
//! Mail goes by SMTP over loopback, signed with DKIM and OpenPGP and encrypted; each node asks the demo's name server about the other.
//!
//! In scope: the steps, in order, each one function. Out of scope: the telling (`demo`), the machinery (`party`).

use comity_node::address::command::AddressCommand;
use comity_node::case::threads::Acting;
use comity_node::command::Command;
use comity_node::mail::command::MailCommand;
use comity_node::mail::letter::LetterOrder;
use comity_node::mail::openpgp::OpenPgpCommand;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::commands::parties::text;
use crate::demo::accord::until;
use crate::demo::cases::officer;
use crate::demo::party::Party;
use crate::demo::{Teller, not_held};
use crate::failure::Failure;

/// Tells it.
pub(crate) async fn tell(alpha: &Party, bravo: &Party, teller: &mut Teller) -> Result<(), Failure> {
    teller.step(
        "Each makes an OpenPGP key; the other registers it by the fingerprint that was read aloud.",
        keys(alpha, bravo),
    )?;
    let id = given(alpha)?;
    teller.step(
        "Alpha gives bravo a temporary mail address. Bravo writes there by SMTP: alpha is certain that it is bravo.",
        certain(alpha, bravo, &id).await,
    )?;
    teller.step(
        "Who tries other addresses learns nothing: one refusal, whatever is wrong.",
        strangers(alpha, &id).await,
    )?;
    teller.step(
        "The address becomes permanent: bravo answers a number by signed mail, a second person at alpha approves, both parties sign.",
        promoted(alpha, bravo, &id).await,
    )
}

fn keys(alpha: &Party, bravo: &Party) -> Result<String, Failure> {
    let mut heard = String::new();
    for (has, registers) in [(alpha, bravo), (bravo, alpha)] {
        let ask = |command| has.document(Command::OpenPgp(command));
        let made = ask(OpenPgpCommand::Make {
            user_id: None,
            days: 730,
        })?;
        let said = ask(OpenPgpCommand::Export { fingerprint: None })?;
        let fingerprint = text(&made, "fingerprint").to_owned();
        let registered = OpenPgpCommand::Register {
            party: has.name.to_owned(),
            certificate: text(&said, "certificate").to_owned(),
            fingerprint: Some(fingerprint.clone()),
            acting: officer(),
        };
        registers.document(Command::OpenPgp(registered))?;
        heard = fingerprint;
    }
    Ok(format!("Bravo's key is {heard}."))
}

/// A temporary address of alpha's for bravo; its name.
fn given(alpha: &Party) -> Result<String, Failure> {
    let made = alpha.document(Command::Address(AddressCommand::Create {
        party: "bravo".to_owned(),
        purpose: "contact".to_owned(),
        days: 30,
        uses: None,
        about: None,
        remark: "for the duty officer".to_owned(),
        label: "green".to_owned(),
        untold: false,
        acting: officer(),
    }))?;
    Ok(text(&made, "id").to_owned())
}

/// An address as a party sees it; nothing: it does not know it.
fn address(party: &Party, id: &str) -> Option<Value> {
    let id = id.to_owned();
    party
        .document(Command::Address(AddressCommand::Show { id }))
        .ok()
}

fn state(party: &Party, id: &str) -> String {
    address(party, id)
        .map(|one| text(&one, "state").to_owned())
        .unwrap_or_default()
}

/// Waits until both see an address in a state.
async fn both_see(parties: [&Party; 2], id: &str, wanted: &str) -> Result<(), Failure> {
    until(&format!("the address being {wanted}"), || {
        Ok(parties.iter().all(|party| state(party, id) == wanted))
    })
    .await
}

/// Bravo sends a letter to alpha; the number that it has there.
fn send(bravo: &Party, subject: &str, words: &str) -> Result<String, Failure> {
    let order = LetterOrder {
        party: "alpha".to_owned(),
        to: None,
        contact: None,
        subject: subject.to_owned(),
        text: words.to_owned(),
        attachments: Vec::new(),
        objects: Vec::new(),
        thread: None,
        label: Some("green".to_owned()),
        acting: officer(),
        dry_run: false,
    };
    let sent = bravo.document(Command::Mail(MailCommand::Send(Box::new(order))))?;
    match text(&sent, "mail") {
        "" => Err(not_held(format!("bravo's letter did not go: {sent}"))),
        number => Ok(number.to_owned()),
    }
}

/// A mail that left, as its sender sees it.
fn outgoing(bravo: &Party, number: &str) -> Result<Value, Failure> {
    let id = number.to_owned();
    bravo.document(Command::Mail(MailCommand::OutgoingShow { id }))
}

/// The newest mail at alpha, as alpha sees it.
fn newest(alpha: &Party) -> Result<Option<Value>, Failure> {
    let listed = alpha.document(Command::Mail(MailCommand::List {
        state: None,
        party: Some("bravo".to_owned()),
        before: None,
        limit: 1,
    }))?;
    let Some(first) = listed.get(0) else {
        return Ok(None);
    };
    let id = text(first, "id").to_owned();
    alpha
        .document(Command::Mail(MailCommand::Show { id }))
        .map(Some)
}

async fn certain(alpha: &Party, bravo: &Party, id: &str) -> Result<String, Failure> {
    until("bravo hearing of the address", || {
        Ok(address(bravo, id).is_some())
    })
    .await?;
    let number = send(
        bravo,
        "Phishing against the ministry",
        "We see the same sender again. The duty officer has the log.",
    )?;
    let mut found = Value::Null;
    until("the mail reaching alpha", || {
        found = newest(alpha)?.unwrap_or_default();
        Ok(text(&found, "state") == "taken")
    })
    .await?;
    let level = text(&found, "level");
    if level != "L3" {
        return Err(not_held(format!("the mail is {level} at alpha: {found}")));
    }
    until("alpha's receipt reaching bravo", || {
        Ok(text(&outgoing(bravo, &number)?, "state") == "receipted")
    })
    .await?;
    Ok(
        "Signed, encrypted and DKIM-signed: L3 at alpha, kept raw before it was acknowledged; bravo has alpha's signed receipt."
            .to_owned(),
    )
}

async fn strangers(alpha: &Party, id: &str) -> Result<String, Failure> {
    let given = address(alpha, id).map(|one| text(&one, "address").to_owned());
    let given = given.ok_or_else(|| not_held("alpha does not know its own address"))?;
    let (front, domain) = given.split_once('@').unwrap_or((&given, ""));
    let last = if front.ends_with('a') { 'b' } else { 'a' };
    let mut forged = front.to_owned();
    forged.pop();
    forged.push(last);
    let tried = [
        format!("root@{domain}"),
        format!("{forged}@{domain}"),
        format!("contact+{}@{domain}", "a".repeat(32)),
    ];
    let mut answers = Vec::new();
    for one in &tried {
        answers.push(refused(alpha, one).await?);
    }
    let same = answers.iter().all(|one| Some(one) == answers.first());
    match answers.first() {
        Some(answer) if same && answer.starts_with("550") => Ok(format!(
            "An invented name, an address with one letter changed, a forged one: {answer:?} each time."
        )),
        _ => Err(not_held(format!("strangers were told {answers:?}"))),
    }
}

/// What a stranger is told of an address.
async fn refused(alpha: &Party, address: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| not_held(format!("alpha's mail server: {error}"));
    let stream = TcpStream::connect(alpha.mail()).await.map_err(failed)?;
    let mut stream = BufReader::new(stream);
    let mut answer = String::new();
    for said in [
        String::new(),
        "EHLO mx.nobody.example\r\n".to_owned(),
        "MAIL FROM:<nobody@nobody.example>\r\n".to_owned(),
        format!("RCPT TO:<{address}>\r\n"),
    ] {
        stream.write_all(said.as_bytes()).await.map_err(failed)?;
        loop {
            answer.clear();
            let read = stream.read_line(&mut answer).await.map_err(failed)?;
            // A hyphen behind the code: more lines follow (RFC 5321 section 4.2.1).
            if read == 0 || answer.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
    }
    Ok(answer.trim_end().to_owned())
}

async fn promoted(alpha: &Party, bravo: &Party, id: &str) -> Result<String, Failure> {
    let acts = |party: &Party, command| party.document(Command::Address(command)).map(drop);
    let (name, acting) = (id.to_owned(), officer());
    acts(alpha, AddressCommand::Promote { id: name, acting })?;
    both_see([alpha, bravo], id, "challenged").await?;
    let asked = address(bravo, id).unwrap_or_default();
    let number = asked.get("challenge").map(|one| text(one, "number"));
    let number = number.unwrap_or_default().to_owned();
    send(bravo, "The number", &number)?;
    both_see([alpha, bravo], id, "answered").await?;
    let head = Acting {
        officer: "the head of desk".to_owned(),
        ..officer()
    };
    let name = id.to_owned();
    acts(
        alpha,
        AddressCommand::Approve {
            id: name,
            acting: head,
        },
    )?;
    both_see([alpha, bravo], id, "proposed").await?;
    let (name, acting) = (id.to_owned(), officer());
    acts(bravo, AddressCommand::Confirm { id: name, acting })?;
    both_see([alpha, bravo], id, "permanent").await?;
    let stands = address(alpha, id).unwrap_or_default();
    let aliases = stands.get("aliases").and_then(Value::as_array);
    let aliases = aliases.map_or(0, Vec::len);
    if aliases != 1 {
        return Err(not_held(format!(
            "{aliases} addresses are still taken beside the permanent one"
        )));
    }
    Ok("It stands in both ledgers; the temporary one is taken for thirty days more.".to_owned())
}
