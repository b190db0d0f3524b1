//! Pages as a browser without JavaScript gets them: plain HTTP, cookies, forms.
//!
//! In scope: a browser's part: cookies, the form's hidden field, `Origin`. Out of scope: scripts (`flows`).

use crate::exchange::party::Party;
use crate::http::{Answer, Request};

/// The password of every account of these tests.
pub(crate) const PASSWORD: &str = "correct horse 7 battery";

/// A browser at a node, signed in.
pub(crate) struct Browser<'p> {
    party: &'p Party,
    pub(crate) cookie: String,
}

/// A form's fields as a browser sends them.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        out.push_str(&format!("{name}="));
        for byte in value.bytes() {
            out.push_str(&format!("%{byte:02X}"));
        }
        out.push('&');
    }
    out
}

/// A post as a page of the node at this address would send it.
pub(crate) fn posted(party: &Party, path: &str, fields: &[(&str, &str)]) -> Request {
    Request::post(path, form(fields))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Origin", &format!("http://{}", party.address()))
        .without("Accept")
}

impl<'p> Browser<'p> {
    /// An account of this role, signed in.
    pub(crate) fn of(party: &'p Party, role: &str) -> Self {
        party
            .cli_with_input(
                &["user", "add", role, "--role", role, "--password-stdin"],
                PASSWORD,
            )
            .expect(0);
        Self::sign_in(party, role, "")
    }

    /// Signs in with the cookie that stood before.
    pub(crate) fn sign_in(party: &'p Party, name: &str, before: &str) -> Self {
        let fields = [("name", name), ("password", PASSWORD), ("next", "/")];
        let answer = posted(party, "/sign-in", &fields)
            .header("Cookie", before)
            .send(party.address());
        assert_eq!(answer.status, 303, "{}", answer.text());
        let set = answer.joined("set-cookie");
        let cookie = set.split(';').next().unwrap().to_owned();
        assert!(cookie.starts_with("comity="), "{set}");
        Self { party, cookie }
    }

    /// The answer for a path.
    pub(crate) fn ask(&self, path: &str) -> Answer {
        Request::get(path)
            .without("Accept")
            .header("Cookie", &self.cookie)
            .send(self.party.address())
    }

    /// The page at a path.
    pub(crate) fn get(&self, path: &str) -> String {
        let answer = self.ask(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// What the hidden field of this session's forms holds.
    pub(crate) fn csrf(&self) -> String {
        let page = self.get("/me");
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Posts a form of a page, without following where it leads.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        posted(self.party, path, &all)
            .header("Cookie", &self.cookie)
            .send(self.party.address())
    }

    /// Posts a form that is done, and goes where it leads.
    pub(crate) fn does(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        self.get(answer.header("location").unwrap())
    }
}
