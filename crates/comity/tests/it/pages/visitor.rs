//! Pages as a browser without JavaScript gets them: plain HTTP, cookies, forms.
//!
//! In scope: a browser's part: cookies, the form's hidden field, `Origin`. Out of scope: scripts (`flows`).

use crate::exchange::party::{Party, until};
use crate::http::{Answer, Request};
use crate::node::query;

/// The password of every account of these tests.
pub(crate) const PASSWORD: &str = "correct horse 7 battery";

/// A browser at a node, signed in.
pub(crate) struct Browser<'p> {
    pub(crate) party: &'p Party,
    pub(crate) language: &'static str,
    pub(crate) cookie: String,
    /// What the hidden field of this session's forms holds.
    pub(crate) csrf: String,
}

/// A post with a file, as a page of the node at this address would send it.
pub(crate) fn uploaded(
    party: &Party,
    path: &str,
    fields: &[(&str, &str)],
    (name, bytes): (&str, &[u8]),
) -> Request {
    const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend(part.into_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.extend(head.into_bytes());
    body.extend(bytes);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    Request::post(path, body)
        .header(
            "Content-Type",
            &format!("multipart/form-data; boundary={BOUNDARY}"),
        )
        .header("Origin", &format!("http://{}", party.address()))
        .without("Accept")
}

/// A post as a page of the node at this address would send it.
pub(crate) fn posted(party: &Party, path: &str, fields: &[(&str, &str)]) -> Request {
    Request::post(path, &query("", fields)[1..])
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Origin", &format!("http://{}", party.address()))
        .without("Accept")
}

impl<'p> Browser<'p> {
    /// An account of this role and its name, signed in.
    pub(crate) fn of(party: &'p Party, role: &str) -> Self {
        Self::new(party, role, role, "en")
    }

    /// A new account of this role, signed in with a browser that asks for this language.
    pub(crate) fn new(party: &'p Party, name: &str, role: &str, language: &'static str) -> Self {
        party
            .cli_with_input(
                &["user", "add", name, "--role", role, "--password-stdin"],
                PASSWORD,
            )
            .expect(0);
        Self {
            language,
            ..Self::sign_in(party, name, "")
        }
    }

    /// Signs in with the cookie that stood before.
    pub(crate) fn sign_in(party: &'p Party, name: &str, before: &str) -> Self {
        let fields = [("name", name), ("password", PASSWORD), ("next", "/")];
        let answer = posted(party, "/sign-in", &fields)
            .header("Cookie", before)
            .send(party.address());
        Self::entered(party, &answer)
    }

    /// Whom this answer let in.
    pub(crate) fn entered(party: &'p Party, answer: &Answer) -> Self {
        assert_eq!(answer.status, 303, "{}", answer.text());
        let set = answer.joined("set-cookie");
        let cookie = set.split(';').next().unwrap().to_owned();
        assert!(cookie.starts_with("comity="), "{set}");
        let mut browser = Self {
            party,
            language: "en",
            cookie,
            csrf: String::new(),
        };
        let page = browser.get("/me");
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"')
            .next()
            .unwrap()
            .clone_into(&mut browser.csrf);
        browser
    }

    fn sent(&self, request: Request) -> Answer {
        request
            .without("Accept")
            .header("Accept-Language", self.language)
            .header("Cookie", &self.cookie)
            .send(self.party.address())
    }

    /// The answer for a path.
    pub(crate) fn ask(&self, path: &str) -> Answer {
        self.sent(Request::get(path))
    }

    /// The page at a path.
    pub(crate) fn get(&self, path: &str) -> String {
        let answer = self.ask(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// Waits until a page says this.
    pub(crate) fn until(&self, path: &str, said: &str) -> String {
        until(&format!("{said} on {path}"), || {
            let answer = self.ask(path);
            let text = answer.text();
            (answer.status == 200 && text.contains(said)).then_some(text)
        })
    }

    /// Posts a form of a page, without following where it leads.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend(fields);
        self.sent(posted(self.party, path, &all))
    }

    /// Posts a form with a file in it, as a browser does.
    pub(crate) fn upload(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        file: (&str, &[u8]),
    ) -> Answer {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend(fields);
        self.sent(uploaded(self.party, path, &all, file))
    }

    /// Posts a form that is done, and goes where it leads.
    pub(crate) fn does(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        self.get(answer.header("location").unwrap())
    }
}
