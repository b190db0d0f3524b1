//! Calls that another program makes up from the OpenAPI document: no server error, no status and no answer that the document
//! does not tell of.
//!
//! In scope: running `schemathesis` against a live node, once a role. Out of scope: installing it (`cargo xtask check` does).

use std::process::Command;

use crate::exchange::party::{OPEN, Party, befriend};
use crate::node::{Said, Store, variable};

#[test]
fn schemathesis_finds_no_server_error_and_nothing_undocumented() {
    let Some(python) = variable("COMITY_TEST_PYTHON") else {
        println!("skipped: COMITY_TEST_PYTHON is not set");
        return;
    };
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    for role in ["releaser", "admin"] {
        let token = alpha.account_of(role, None, role);
        let mut command = Command::new(&python);
        command
            .args(["-c", "from schemathesis.cli import schemathesis; schemathesis()"])
            .args(["run", &format!("http://{}/api/v1/openapi.json", alpha.address())])
            .args(["--header", &format!("Authorization: Bearer {token}")])
            .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
            .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "4", "--seed", "7", "--generation-database", "none"])
            // It ends accounts with it, that of the caller included.
            .args(["--exclude-operation-id", "remove_user", "--exclude-operation-id", "revoke_tokens"])
            .args(["--exclude-operation-id", "revoke_token", "--exclude-operation-id", "revoke_party"])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(alpha.data());
        let said = Said::run(command, "");
        let end: Vec<&str> = said.out.lines().rev().take(40).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        println!("as {role}:\n{}", end.join("\n"));
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        assert!(!said.out.contains(&token), "the token is not told");
    }
}
