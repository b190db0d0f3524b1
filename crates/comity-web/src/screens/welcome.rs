//! The page behind an invitation, or behind the link for the first account.
//!
//! Looking at it uses nothing up: programs that look at links for people do not spend them.
//!
//! In scope: the form, and the first session. Out of scope: making links (`records`, the command line).

use comity_node::account::AccountError;
use comity_node::account::welcome::{Joining, Welcome};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::screens::signing::{session_cookie, set_cookie};
use crate::sheet::{Field, Form, Part, Sheet, path, plain};
use crate::visit::{Visit, Web};

/// What the link of this page is for.
async fn found(web: &Web, visit: &Visit) -> Result<Welcome, Fault> {
    let (node, secret) = (web.node.clone(), visit.argument("secret").to_owned());
    let found = tokio::task::spawn_blocking(move || node.welcome(&secret)).await;
    let found = found.map_err(|_| Fault::Failed("looking at a link ended early".to_owned()))?;
    found
        .map_err(|error| Fault::Failed(error.to_string()))?
        .ok_or(Fault::Missing)
}

/// `GET /welcome/{secret}`.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    let welcome = found(&web, &visit).await?;
    begun(&web, &visit, &welcome).shown(&visit)
}

fn begun(web: &Web, visit: &Visit, welcome: &Welcome) -> Sheet {
    let mut sheet = Sheet::new(Frame::new(web, visit, visit.words.say("welcome")));
    let f = &sheet.frame;
    let mut form = Form::new(
        path(&["welcome", visit.argument("secret")]),
        f.say("welcome-do"),
    );
    if welcome.name.is_none() {
        form = form.line("name", f.say("account"));
    }
    form = form.field(
        Field::line("password", f.say("password"))
            .typed("password")
            .hint(f.say("password-hint")),
    );
    let mut part = Part::default()
        .says(&f.say("welcome-hint"))
        .fact(f.say("role"), plain(&f.word("role", welcome.role.word())));
    if let Some(name) = &welcome.name {
        part = part.fact(f.say("account"), plain(name));
    }
    if let Some(address) = &welcome.address {
        part = part.fact(f.say("account-address"), plain(address));
    }
    sheet.parts.push(part.form(form));
    sheet
}

/// `POST /welcome/{secret}`.
pub(crate) async fn join(web: Web, visit: Visit, fields: Fields) -> Shown {
    let welcome = found(&web, &visit).await?;
    let (node, secret) = (web.node.clone(), visit.argument("secret").to_owned());
    let (place, agent) = (visit.place, visit.agent.clone());
    let name = fields.get("name").map(str::to_owned);
    let password = fields.raw("password").unwrap_or_default().to_owned();
    let done = tokio::task::spawn_blocking(move || {
        let joining = Joining {
            name: name.as_deref(),
            password: &password,
            place,
            agent: &agent,
        };
        node.use_welcome_link(&secret, &joining)
    })
    .await;
    match done.map_err(|_| Fault::Failed("making an account ended early".to_owned()))? {
        Ok(opened) => {
            let mut response = to("/")?;
            set_cookie(&mut response, &session_cookie(&web, &opened.secret, None));
            Ok(response)
        }
        Err(AccountError::BadLink) => Err(Fault::Missing),
        Err(AccountError::Store(error)) => Err(Fault::Failed(error.to_string())),
        Err(error) => {
            let mut sheet = begun(&web, &visit, &welcome);
            let lines = vec![sheet.frame.say("not-done"), error.to_string()];
            sheet.notice("fail", lines);
            let mut response = sheet.shown(&visit)?;
            *response.status_mut() = http::StatusCode::CONFLICT;
            Ok(response)
        }
    }
}
