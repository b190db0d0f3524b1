//! Invitations, and the record of who did what.
//!
//! In scope: inviting, taking back, reading the record. Out of scope: accounts (`admin`), using an invitation (`welcome`).

use comity_node::operation::rights::Permission;
use comity_store::state::account::Role;
use serde_json::json;

use crate::fields::Fields;
use crate::frame::{Fault, Shown, to};
use crate::screens::admin::{begun, roles};
use crate::screens::{number, rows, some, text};
use crate::sheet::{Field, Form, Part, Sheet, Table, asking, code, muted, path, plain};
use crate::visit::{Visit, Web};

/// Rows of the record on a page.
const ROWS: usize = 100;

/// `GET /admin/invitations`.
pub(crate) async fn invitations(web: Web, visit: Visit) -> Shown {
    let sheet = invitation_page(&web, &visit).await?;
    sheet.shown(&visit)
}

async fn invitation_page(web: &Web, visit: &Visit) -> Result<Sheet, Fault> {
    let mut sheet = begun(
        web,
        visit,
        visit.words.say("invitations"),
        "/admin/invitations",
    )?;
    let found = visit
        .ask(web, "list_invitations", json!({ "limit": 1000 }))
        .await?;
    let f = &sheet.frame;
    let table = Table {
        heads: vec![
            f.say("account"),
            f.say("role"),
            f.say("account-address"),
            f.say("invited-by"),
            f.say("until"),
        ],
        rows: rows(&found)
            .iter()
            .map(|row| {
                vec![
                    plain(text(row, "name")),
                    plain(&f.word("role", text(row, "role"))),
                    plain(text(row, "address")),
                    plain(text(row, "invited_by")),
                    f.time(text(row, "expires")),
                ]
            })
            .collect(),
    };
    let mut part = Part::list(
        None,
        table,
        (f.say("invitations-none"), f.say("invitations-none-hint")),
    );
    if visit.may(Permission::Administer) {
        for row in rows(&found) {
            let at = path(&["admin", "invitations", text(row, "name"), "withdraw"]);
            part = part.form(
                Form::new(
                    at,
                    f.say_of("invitation-withdraw", "name", text(row, "name")),
                )
                .plain(),
            );
        }
    }
    let mut parts = vec![part];
    if visit.may(Permission::Administer) {
        let form = Form::new("/admin/invitations", f.say("invite"))
            .line("name", f.say("account"))
            .choice("role", f.say("role"), roles(f))
            .field(
                Field::line("address", f.say("account-address"))
                    .typed("email")
                    .optional()
                    .hint(f.say("account-address-hint")),
            );
        parts.push(
            Part::of(f.say("invite-title"))
                .says(&f.say("invite-hint"))
                .form(form),
        );
    }
    sheet.parts = parts;
    Ok(sheet)
}

/// `POST /admin/invitations`: the link is shown on the page that answers, and never again.
pub(crate) async fn invite(web: Web, visit: Visit, fields: Fields) -> Shown {
    let role = fields
        .get("role")
        .and_then(Role::parse)
        .ok_or(Fault::Form)?;
    let asked = json!({ "name": fields.text("name"), "role": role.word(), "address": fields.get("address") });
    let made = visit.ask(&web, "invite_user", asked).await?;
    let mut sheet = invitation_page(&web, &visit).await?;
    let f = &sheet.frame;
    let part = Part::of(f.say("invitation-once"))
        .says(&f.say("invitation-once-hint"))
        .fact(f.say("until"), f.time(text(&made, "expires")))
        .raw(f.say("invitation-path"), text(&made, "path"));
    sheet.parts.insert(0, part);
    sheet.shown(&visit)
}

/// `POST /admin/invitations/{name}/withdraw`.
pub(crate) async fn withdraw(web: Web, visit: Visit, _fields: Fields) -> Shown {
    visit
        .ask(
            &web,
            "withdraw_invitation",
            json!({ "name": visit.argument("name") }),
        )
        .await?;
    to("/admin/invitations")
}

/// `GET /admin/audit`.
pub(crate) async fn audit(web: Web, visit: Visit) -> Shown {
    let mut sheet = begun(&web, &visit, visit.words.say("audit"), "/admin/audit")?;
    let before = visit
        .query
        .get("before")
        .and_then(|text| text.parse::<i64>().ok());
    let asked = json!({
        "account": visit.query.get("account"), "operation": visit.query.get("operation"), "before": before, "limit": ROWS,
    });
    let found = visit.ask(&web, "list_audit", asked).await?;
    let f = &sheet.frame;
    let table = Table {
        heads: vec![
            f.say("operation"),
            f.say("account"),
            f.say("session-means"),
            f.say("session-place"),
            f.say("target"),
            f.say("outcome"),
            f.say("when"),
        ],
        rows: rows(&found)
            .iter()
            .map(|row| {
                let account = some(row, "account")
                    .map_or_else(|| muted(&f.say("audit-operator")), |name| plain(&name));
                vec![
                    plain(text(row, "operation")),
                    account,
                    plain(text(row, "way")),
                    code(text(row, "place")),
                    plain(text(row, "target")),
                    plain(text(row, "outcome")),
                    f.time(text(row, "at")),
                ]
            })
            .collect(),
    };
    let filter = Form::new("/admin/audit", f.say("filter"))
        .looks()
        .plain()
        .field(
            Field::line("account", f.say("account"))
                .optional()
                .value(visit.query.text("account")),
        )
        .field(
            Field::line("operation", f.say("operation"))
                .optional()
                .value(visit.query.text("operation")),
        );
    let mut part = Part::list(None, table, (f.say("audit-none"), f.say("audit-none-hint")));
    let last = rows(&found).last().filter(|_| rows(&found).len() == ROWS);
    if let Some(id) = last.map(|row| number(row, "id")) {
        let (account, operation) = (visit.query.text("account"), visit.query.text("operation"));
        let pairs = [
            ("account", account.as_str()),
            ("operation", operation.as_str()),
            ("before", &id.to_string()),
        ];
        part = part.link(asking("/admin/audit", pairs), f.say("more"));
    }
    sheet.parts = vec![Part::default().form(filter), part];
    sheet.shown(&visit)
}
