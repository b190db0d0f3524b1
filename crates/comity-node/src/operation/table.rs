//! The table of operations: every row is a thing that a person can ask for.
//!
//! Rows stand by subject. A row names the command that it asks for by the words of its variants; that each does exist, and that
//! every command has a row or a reason for having none, is tested.
//!
//! In scope: the rows. Out of scope: doing them (the module above).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::operation::rights::Permission;
use crate::operation::{Along, Method, Operation, Signed};

/// The operation of this name.
pub fn find(name: &str) -> Option<&'static Operation> {
    static NAMES: LazyLock<HashMap<&'static str, &'static Operation>> =
        LazyLock::new(|| OPERATIONS.iter().map(|one| (one.name, one)).collect());
    NAMES.get(name).copied()
}

/// Commands that no operation asks for, by the words of their variants, each with the reason.
pub const NOT_OFFERED: &[(&[&str], &str)] = &[
    (
        &["cursor"],
        "an exchange with a TAXII server keeps its place by it",
    ),
    (
        &["put_cursor"],
        "an exchange with a TAXII server keeps its place by it",
    ),
    (
        &["exchange", "own_card"],
        "it makes a new card where the settings changed; the settings are whoever starts the node's",
    ),
    (
        &["exchange", "unfreeze"],
        "two persons decide it together, at the node",
    ),
    (&["key", "rotate"], "keys are made where they lie"),
    (&["key", "revoke"], "keys are revoked where they lie"),
    (
        &["key", "due"],
        "a root key that lies elsewhere is carried to the node",
    ),
    (
        &["key", "import"],
        "a root key that lies elsewhere is carried to the node",
    ),
    (
        &["key", "export_root"],
        "it writes a key into a folder of the node",
    ),
    (
        &["ledger", "view"],
        "a copy of the ledger is read folder by folder at the node",
    ),
    (
        &["ledger", "folders"],
        "a copy of the ledger is read folder by folder at the node",
    ),
    (
        &["ledger", "ask_witness"],
        "the node asks witnesses by itself",
    ),
    (
        &["ledger", "witness_said"],
        "the node asks witnesses by itself",
    ),
    (
        &["case", "exercise", "scenario"],
        "it reads the scenario's file before the exercise is proposed",
    ),
    (&["case", "evidence", "add"], "it reads a file of the node"),
    (
        &["case", "evidence", "take_out"],
        "it writes a file of the node",
    ),
    (
        &["contact", "send_profile"],
        "the profile goes to every partner when it is imported",
    ),
    (&["mail", "raw"], "it writes a file of the node"),
    (&["mail", "send"], "it reads files of the node"),
    (&["address", "new_key"], "keys are made where they lie"),
];

const fn get(path: &'static str) -> (Method, &'static str) {
    (Method::Get, path)
}

const fn post(path: &'static str) -> (Method, &'static str) {
    (Method::Post, path)
}

const fn delete(path: &'static str) -> (Method, &'static str) {
    (Method::Delete, path)
}

const fn op(
    name: &'static str,
    (method, path): (Method, &'static str),
    command: &'static [&'static str],
    needs: Permission,
    summary: &'static str,
) -> Operation {
    Operation {
        name,
        method,
        path,
        command,
        fixed: &[],
        signed: Signed::No,
        needs,
        summary,
        list: None,
        stretches: None,
        limited: false,
        worked_out: false,
        along: Along::Nothing,
        looks: false,
    }
}

impl Operation {
    const fn acting(self) -> Self {
        Self {
            signed: Signed::Acting,
            ..self
        }
    }

    const fn signed(self, member: &'static str) -> Self {
        Self {
            signed: Signed::Name(member),
            ..self
        }
    }

    const fn own(self, member: &'static str) -> Self {
        Self {
            signed: Signed::Own(member),
            ..self
        }
    }

    const fn with(self, fixed: &'static [(&'static str, &'static str)]) -> Self {
        Self { fixed, ..self }
    }

    const fn looks(self) -> Self {
        Self {
            looks: true,
            ..self
        }
    }

    const fn worked_out(self) -> Self {
        Self {
            worked_out: true,
            ..self
        }
    }

    const fn given(self) -> Self {
        Self {
            along: Along::Given,
            ..self
        }
    }

    const fn taken(self) -> Self {
        Self {
            along: Along::Taken,
            ..self
        }
    }

    const fn stretches(self, member: &'static str) -> Self {
        Self {
            stretches: Some(member),
            ..self
        }
    }

    const fn limited(self) -> Self {
        Self {
            limited: true,
            ..self
        }
    }

    const fn list(self, key: &'static str) -> Self {
        Self {
            list: Some(key),
            ..self
        }
    }
}

/// Every operation.
#[rustfmt::skip]
pub const OPERATIONS: &[Operation] = &[
    op("list_collections", get("/collections"), &["list_collections"], Permission::Watch, "The collections that you may see.").list("id"),
    op("create_collection", post("/collections"), &["create_collection"], Permission::Administer, "Makes a collection."),
    op("grant_collection", post("/collections/{collection}/rights"), &["grant"], Permission::Administer, "Sets what an account may do with a collection.").signed("by"),
    op("import_objects", post("/collections/{collection}/objects"), &["take"], Permission::Add, "Takes objects into a collection."),
    op("import_text", post("/collections/{collection}/text"), &["import_text"], Permission::Add, "Takes what is in a text: STIX, a table, or values one a line."),
    op("read_collection", get("/collections/{collection}/objects"), &["page"], Permission::Look, "A page of a collection, in the order in which it came."),
    op("show_object", get("/objects/{id}"), &["look", "show"], Permission::Look, "An object in each collection that holds it."),
    op("list_versions", get("/objects/{id}/versions"), &["look", "versions"], Permission::Look, "Every version of an object in each collection that holds it, the newest first."),
    op("show_objects", post("/objects/show"), &["look", "show_several"], Permission::Look, "Several objects, the newest version in each collection.").looks(),
    op("find_neighbours", get("/objects/{id}/neighbours"), &["look", "neighbours"], Permission::Look, "The objects that refer to an object."),
    op("revoke_object", post("/objects/{id}/revocation"), &["revoke"], Permission::Add, "Adds a revoked version of an object wherever you may write."),
    op("find_values", post("/values/search"), &["look", "find_values"], Permission::Look, "The objects that carry one of these values, as people write them.").looks(),
    op("match_values", post("/values/match"), &["look", "match"], Permission::Look, "Which of many values some object carries.").looks(),
    op("search", get("/search"), &["look", "anything"], Permission::Watch, "Threads, mails, parties, envelopes and entries of the ledger, by words, names and numbers."),
    op("show_value", get("/values"), &["look", "value"], Permission::Look, "All that is known of one value, and to whom it might go."),
    op("add_sighting", post("/sightings"), &["sighting"], Permission::Add, "Records that a value or an object was seen, as a STIX sighting."),
    op("search_objects", get("/objects"), &["look", "search"], Permission::Look, "The objects whose text holds these words, the newest first.").list("collection object/id").limited(),
    op("name_reader", post("/objects/{id}/readers"), &["account", "name_reader"], Permission::Release, "Names an account for an object that is bound to persons."),
    op("list_users", get("/users"), &["account", "list_users"], Permission::Audit, "The accounts of this node.").list("name"),
    op("add_user", post("/users"), &["account", "add_user"], Permission::Administer, "Makes an account.").signed("by"),
    op("remove_user", delete("/users/{name}"), &["account", "remove_user"], Permission::Administer, "Removes an account with its tokens and rights."),
    op("set_user_address", post("/users/{name}/address"), &["account", "set_address"], Permission::Administer, "Records where the person of an account is reached."),
    op("create_token", post("/users/{user}/tokens"), &["account", "create_token"], Permission::Administer, "Makes a token, which is shown this once.").signed("by"),
    op("pin_certificate", post("/users/{user}/certificates"), &["sign_in", "pin_certificate"], Permission::Administer, "Lets whoever has the key of a certificate speak for an account.").signed("by"),
    op("revoke_tokens", delete("/users/{user}/tokens"), &["account", "revoke_tokens"], Permission::Administer, "Ends all tokens and pinned certificates of an account."),
    op("set_user_role", post("/users/{name}/role"), &["account", "set_role"], Permission::Administer, "Gives an account another role.").signed("by"),
    op("set_user_password", post("/users/{name}/password"), &["sign_in", "set_password"], Permission::Administer, "Sets the password of an account."),
    op("show_second_factor", get("/users/{name}/second-factor"), &["sign_in", "show_second_factor"], Permission::Audit, "How the second factor of an account stands."),
    op("remove_second_factor", delete("/users/{name}/second-factor"), &["sign_in", "remove_second_factor"], Permission::Administer, "Turns the second factor of an account off."),
    op("list_passkeys", get("/users/{name}/passkeys"), &["sign_in", "list_passkeys"], Permission::Audit, "The passkeys of an account.").list("id"),
    op("remove_passkey", delete("/users/{name}/passkeys/{id}"), &["sign_in", "remove_passkey"], Permission::Administer, "Removes a passkey of an account and ends the sessions that its passkeys opened."),
    op("list_identities", get("/users/{name}/identities"), &["sign_in", "list_identities"], Permission::Audit, "Who an account is at the provider of identities.").list("id"),
    op("link_identity", post("/users/{name}/identities"), &["sign_in", "link_identity"], Permission::Administer, "Lets a subject of the provider of identities sign in as an account.").signed("by"),
    op("unlink_identity", delete("/users/{name}/identities/{id}"), &["sign_in", "unlink_identity"], Permission::Administer, "Takes an identity from an account and ends the sessions that the provider opened."),
    op("list_sessions", get("/users/{name}/sessions"), &["sign_in", "list_sessions"], Permission::Audit, "Where an account is signed in.").list("id"),
    op("end_session", delete("/users/{name}/sessions/{id}"), &["sign_in", "end_session"], Permission::Administer, "Ends one session of an account."),
    op("end_sessions", delete("/users/{name}/sessions"), &["sign_in", "end_sessions"], Permission::Administer, "Ends every session of an account."),
    op("list_tokens", get("/tokens"), &["sign_in", "list_tokens"], Permission::Audit, "Tokens and pinned certificates, with what they may and when they were used.").list("id"),
    op("revoke_token", delete("/tokens/{id}"), &["sign_in", "revoke_token"], Permission::Administer, "Ends one token, or one pinned certificate."),
    op("invite_user", post("/invitations"), &["sign_in", "invite"], Permission::Administer, "Invites a person to make an account of their own.").signed("by"),
    op("list_invitations", get("/invitations"), &["sign_in", "list_invitations"], Permission::Audit, "Invitations that nobody has used yet.").list("name"),
    op("withdraw_invitation", delete("/invitations/{name}"), &["sign_in", "withdraw_invitation"], Permission::Administer, "Takes an invitation back."),
    op("list_audit", get("/audit"), &["sign_in", "list_audit"], Permission::Audit, "Who did what, the newest first."),
    op("change_own_password", post("/me/password"), &["sign_in", "change_password"], Permission::Enter, "Replaces your password.").own("name"),
    op("show_own_second_factor", get("/me/second-factor"), &["sign_in", "show_second_factor"], Permission::Enter, "How your second factor stands.").own("name"),
    op("begin_own_second_factor", post("/me/second-factor"), &["sign_in", "begin_second_factor"], Permission::Enter, "Makes a secret for one-time codes, which is shown this once.").own("name"),
    op("confirm_own_second_factor", post("/me/second-factor/confirmation"), &["sign_in", "confirm_second_factor"], Permission::Enter, "Puts your second factor in force by its first code; the recovery codes are shown this once.").own("name"),
    op("renew_own_recovery_codes", post("/me/second-factor/recovery-codes"), &["sign_in", "renew_recovery_codes"], Permission::Enter, "Makes new recovery codes, which are shown this once.").own("name"),
    op("end_own_second_factor", post("/me/second-factor/end"), &["sign_in", "end_second_factor"], Permission::Enter, "Turns your second factor off.").own("name"),
    op("list_own_passkeys", get("/me/passkeys"), &["sign_in", "list_passkeys"], Permission::Enter, "Your passkeys.").own("name").list("id"),
    op("remove_own_passkey", delete("/me/passkeys/{id}"), &["sign_in", "remove_passkey"], Permission::Enter, "Removes a passkey of yours and ends the other sessions that your passkeys opened.").own("name"),
    op("list_own_identities", get("/me/identities"), &["sign_in", "list_identities"], Permission::Enter, "Who you are at the provider of identities.").own("name").list("id"),
    op("unlink_own_identity", delete("/me/identities/{id}"), &["sign_in", "unlink_identity"], Permission::Enter, "Takes an identity from your account and ends the other sessions that the provider opened.").own("name"),
    op("list_own_sessions", get("/me/sessions"), &["sign_in", "list_sessions"], Permission::Enter, "Where you are signed in.").own("name").list("id"),
    op("end_own_session", delete("/me/sessions/{id}"), &["sign_in", "end_session"], Permission::Enter, "Ends one of your sessions.").own("name"),
    op("end_own_sessions", delete("/me/sessions"), &["sign_in", "end_sessions"], Permission::Enter, "Ends every session of yours, but one where you say which.").own("name"),
    op("list_own_tokens", get("/me/tokens"), &["sign_in", "list_tokens"], Permission::Enter, "Your tokens.").own("user").list("id"),
    op("create_own_token", post("/me/tokens"), &["account", "create_token"], Permission::Enter, "Makes a token that speaks for you, which is shown this once.").own("user"),
    op("pin_own_certificate", post("/me/certificates"), &["sign_in", "pin_certificate"], Permission::Enter, "Lets whoever has the key of a certificate speak for you.").own("user"),
    op("revoke_own_token", delete("/me/tokens/{id}"), &["sign_in", "revoke_token"], Permission::Enter, "Ends one of your tokens.").own("user"),
    op("check_node", post("/check"), &["check"], Permission::Administer, "Reads everything and says what is wrong."),
    op("show_card", get("/card"), &["exchange", "card"], Permission::Watch, "This party's newest card, for other parties."),
    op("accept_card", post("/parties"), &["exchange", "accept_card"], Permission::Agree, "Takes a party's card."),
    op("list_parties", get("/parties"), &["exchange", "parties"], Permission::Watch, "The parties, and how the exchange with each stands.").list("name"),
    op("verify_party", post("/parties/{party}/verification"), &["exchange", "verify"], Permission::Agree, "Checks the digits that were read aloud."),
    op("suspend_party", post("/parties/{party}/suspension"), &["exchange", "move"], Permission::Agree, "Suspends the exchange: nothing goes until it is resumed.").with(&[("to", "suspend")]),
    op("resume_party", delete("/parties/{party}/suspension"), &["exchange", "move"], Permission::Agree, "Resumes the exchange: what is due goes.").with(&[("to", "resume")]),
    op("revoke_party", delete("/parties/{party}"), &["exchange", "move"], Permission::Agree, "Ends the exchange with a party for good.").with(&[("to", "revoke")]),
    op("draft_accord", post("/accords/drafts"), &["exchange", "draft"], Permission::Agree, "The text of a new accord, to be worked on."),
    op("propose_accord", post("/accords"), &["exchange", "propose"], Permission::Agree, "Proposes an accord's text to its parties."),
    op("sign_accord", post("/accords/{name}/signatures"), &["exchange", "sign"], Permission::Agree, "Signs a version of an accord."),
    op("list_accords", get("/accords"), &["exchange", "accords"], Permission::Watch, "All versions of all accords."),
    op("compare_accords", get("/accords/{name}/differences"), &["exchange", "compare"], Permission::Watch, "What changes between two versions."),
    op("share_objects", post("/releases"), &["exchange", "share"], Permission::Release, "Shares objects with a party, or says what would become of them.").signed("asked_by"),
    op("share_collection", post("/collections/{collection}/releases"), &["exchange", "share_collection"], Permission::Release, "Shares a collection with a party as it grows."),
    op("list_decisions", get("/releases"), &["exchange", "decisions"], Permission::Watch, "The decisions on what goes to whom, with the rule of each, the newest first.").list("number").stretches("before"),
    op("list_released", get("/parties/{party}/released"), &["exchange", "released"], Permission::Look, "What stands in a party's released views."),
    op("list_held_acts", get("/held-acts"), &["held", "list"], Permission::Work, "What waits for a second person before it is said, and what became of it.").list("id").worked_out(),
    op("approve_held_act", post("/held-acts/{id}/approval"), &["held", "approve"], Permission::Work, "Says yes to what another person asked for, and does it."),
    op("decline_held_act", post("/held-acts/{id}/refusal"), &["held", "decline"], Permission::Work, "Says no to what another person asked for, or takes the own back."),
    op("list_recent_threads", get("/me/recent"), &["look", "recent"], Permission::Enter, "Threads in which you did something, what you did last first.").own("account"),
    op("list_approvals", get("/approvals"), &["exchange", "approvals"], Permission::Watch, "What waits for a second person or goes out in a while, and what was decided.").list("id"),
    op("approve_release", post("/approvals/{id}/approval"), &["exchange", "approve"], Permission::Release, "Says yes to what another person asked to release, or lets go at once what goes out in a while.").signed("by").with(&[("yes", "true")]),
    op("refuse_release", post("/approvals/{id}/refusal"), &["exchange", "approve"], Permission::Release, "Says no to what another person asked to release, or takes back what has not gone out yet.").signed("by").with(&[("yes", "false")]),
    op("recall_objects", post("/recalls"), &["exchange", "recall"], Permission::Release, "Recalls objects that were released."),
    op("list_recalls", get("/recalls"), &["exchange", "recalls"], Permission::Watch, "Recalls that this node asked for.").list("recall").with(&[("received", "false")]),
    op("list_recalls_received", get("/recalls/received"), &["exchange", "recalls"], Permission::Watch, "Recalls that others asked of this node.").list("recall").with(&[("received", "true")]),
    op("list_outbox", get("/outbox"), &["exchange", "outbox"], Permission::Watch, "Envelopes that this node made, the newest first.").list("envelope").stretches("before"),
    op("list_inbox", get("/inbox"), &["exchange", "inbox"], Permission::Watch, "Envelopes that this node got, the newest first.").list("envelope").stretches("before"),
    op("carry_outbox", post("/parties/{party}/carried"), &["exchange", "carry"], Permission::Release, "What waits for a party, as batches to be carried."),
    op("take_carried", post("/carried"), &["exchange", "take_carried"], Permission::Add, "Takes a batch that was carried."),
    op("list_keys", get("/keys"), &["key", "list"], Permission::Watch, "The keys of this node in force, those that wait, and what was revoked."),
    op("list_ledger_keys", get("/ledger/keys"), &["ledger", "keys"], Permission::Watch, "The keys by which others verify this node's ledger."),
    op("verify_ledger", post("/ledger/verification"), &["ledger", "verify"], Permission::Watch, "Verifies everything that the ledger says.").looks(),
    op("check_ledger_files", post("/ledger/fsck"), &["ledger", "fsck"], Permission::Audit, "Verifies the log's own files.").looks(),
    op("prove_entry", post("/ledger/proofs"), &["ledger", "prove"], Permission::Watch, "The proof of an entry of the ledger, by its place.").looks(),
    op("erase_entry", post("/ledger/erasures"), &["ledger", "erase"], Permission::Administer, "Erases what an envelope said; the tree stays whole."),
    op("list_forks", get("/ledger/forks"), &["ledger", "forks"], Permission::Watch, "Logs that showed two histories."),
    op("open_thread", post("/threads"), &["case", "open"], Permission::Work, "Opens a request, a case or another subject with a party.").acting(),
    op("say_in_thread", post("/threads/{thread}/messages"), &["case", "say"], Permission::Work, "Says something in a thread.").acting(),
    op("list_threads", get("/threads"), &["case", "list"], Permission::Look, "Requests, cases, calls and exercises, the newest change first.").list("id").stretches("before"),
    op("list_requests", get("/requests"), &["case", "list"], Permission::Look, "Requests for assistance, the newest change first.").list("id").stretches("before").with(&[("subject", "request")]),
    op("list_cases", get("/cases"), &["case", "list"], Permission::Look, "Cases between parties, the newest change first.").list("id").stretches("before").with(&[("subject", "case")]),
    op("list_incidents", get("/incidents"), &["case", "list"], Permission::Look, "Incidents that are reported in stages, the newest change first.").list("id").stretches("before").with(&[("subject", "incident")]),
    op("list_calls", get("/calls"), &["case", "list"], Permission::Look, "Hotline calls, the newest change first.").list("id").stretches("before").with(&[("subject", "call")]),
    op("list_exercises", get("/exercises"), &["case", "list"], Permission::Look, "Exercises, the newest change first.").list("id").stretches("before").with(&[("subject", "exercise")]),
    op("show_thread", get("/threads/{thread}"), &["case", "show"], Permission::Look, "A thread with its messages."),
    op("note_thread", post("/threads/{thread}/notes"), &["case", "note"], Permission::Add, "Notes something that stays in the house.").signed("officer"),
    op("show_case", get("/cases/{thread}"), &["case", "joint", "show"], Permission::Look, "A case with all that it shows."),
    op("note_case", post("/cases/{thread}/entries"), &["case", "joint", "own"], Permission::Add, "Writes something into the own record of a case.").signed("officer"),
    op("split_case", post("/cases/{thread}/parts"), &["case", "joint", "split"], Permission::Work, "Opens a case of items of another one.").acting(),
    op("export_case", get("/cases/{thread}/bundle"), &["case", "joint", "export"], Permission::Look, "A case as a STIX bundle."),
    op("import_case", post("/cases"), &["case", "joint", "import"], Permission::Work, "Opens a case of the incident in a STIX bundle.").acting(),
    op("status_report", get("/parties/{party}/reports/{period}"), &["case", "joint", "report"], Permission::Look, "The status report of a period.").worked_out(),
    op("ring", post("/calls"), &["case", "hotline", "ring"], Permission::Work, "Records a call, or a test of one.").acting(),
    op("answer_call", post("/calls/{thread}/answer"), &["case", "hotline", "answered"], Permission::Work, "Records that a call was answered, or called back.").acting(),
    op("redial_call", post("/calls/{thread}/redial"), &["case", "hotline", "redial"], Permission::Work, "Records a try of the next on the ladder.").acting(),
    op("identify_call", post("/calls/{thread}/identification"), &["case", "hotline", "identify"], Permission::Work, "Records the code words that were heard.").acting(),
    op("seal_call_note", post("/calls/{thread}/notes"), &["case", "hotline", "seal"], Permission::Work, "Seals the own note of a call before either is shown.").acting(),
    op("reveal_call_note", post("/calls/{thread}/notes/reveal"), &["case", "hotline", "reveal"], Permission::Work, "Shows the own note of a call.").acting(),
    op("agree_call_action", post("/calls/{thread}/actions"), &["case", "hotline", "action"], Permission::Work, "Records an action that was agreed in a call.").acting(),
    op("follow_call_action", post("/calls/{thread}/actions/{action}/follow-up"), &["case", "hotline", "follow_up"], Permission::Work, "Records what an agreed action became.").acting(),
    op("propose_exercise", post("/exercises"), &["case", "exercise", "propose"], Permission::Work, "Proposes an exercise with its scenario.").acting(),
    op("agree_exercise", post("/exercises/{thread}/agreement"), &["case", "exercise", "agree"], Permission::Work, "Agrees to an exercise.").acting(),
    op("list_injects", get("/exercises/{thread}/injects"), &["case", "exercise", "injects"], Permission::Look, "The injects of an exercise."),
    op("give_inject", post("/exercises/{thread}/injects"), &["case", "exercise", "inject"], Permission::Work, "Gives the next inject.").acting(),
    op("report_exercise", get("/exercises/{thread}/report"), &["case", "exercise", "report"], Permission::Look, "The after-action report."),
    op("exercise_scorecard", get("/exercises/{thread}/scorecard"), &["case", "exercise", "scorecard"], Permission::Look, "What the exercise came to."),
    op("show_scorecard", get("/parties/{party}/scorecards/{period}"), &["case", "scorecard"], Permission::Watch, "What a period came to.").worked_out(),
    op("sign_scorecard", post("/parties/{party}/scorecards/{period}/signatures"), &["case", "sign_scorecard"], Permission::Release, "Says to the other side what a period came to.").acting().worked_out(),
    op("show_scorecard_rows", post("/parties/{party}/scorecards/{period}/rows"), &["case", "show_rows"], Permission::Release, "Shows the other side the rows behind a scorecard.").acting().worked_out(),
    op("attest_period", post("/parties/{party}/scorecards/{period}/attestations"), &["case", "attest"], Permission::Release, "Attests the own releases, or shows a breach of the other side.").acting(),
    op("list_commitments", get("/commitments"), &["case", "commitments"], Permission::Watch, "How commitments stand."),
    op("review_paper", get("/parties/{party}/papers/{period}"), &["case", "paper"], Permission::Watch, "The paper for a review.").worked_out(),
    op("list_evidence", get("/evidence"), &["case", "evidence", "list"], Permission::Look, "Items of evidence, the newest first.").list("id"),
    op("add_evidence", post("/evidence"), &["case", "evidence", "receive"], Permission::Work, "Takes a file in as evidence: its bytes are the body, and what is said of it stands in the query.").acting().given(),
    op("copy_evidence", post("/evidence/{item}/copies"), &["case", "evidence", "hand_out"], Permission::Work, "Gives an item out as a copy, which its custody records; a sample comes wrapped.").acting().taken(),
    op("show_evidence", get("/evidence/{item}"), &["case", "evidence", "show"], Permission::Look, "An item with its custody."),
    op("verify_evidence", post("/evidence/{item}/verification"), &["case", "evidence", "verify"], Permission::Work, "Computes an item's hash again and records it.").acting(),
    op("act_on_evidence", post("/evidence/{item}/custody"), &["case", "evidence", "act"], Permission::Work, "Records what was done with an item.").acting(),
    op("offer_evidence", post("/evidence/{item}/offers"), &["case", "evidence", "offer"], Permission::Release, "Offers an item to a party.").acting(),
    op("accept_evidence", post("/evidence/{item}/acceptance"), &["case", "evidence", "accept"], Permission::Work, "Accepts an item that was offered.").acting(),
    op("refuse_evidence", post("/evidence/{item}/refusal"), &["case", "evidence", "refuse"], Permission::Work, "Refuses an item, or takes the own offer back.").acting(),
    op("export_evidence", get("/evidence/{item}/custody"), &["case", "evidence", "export"], Permission::Look, "An item's custody as CASE/UCO."),
    op("own_profile_template", get("/contacts/template"), &["contact", "template"], Permission::Watch, "A profile of this party to fill in."),
    op("check_profile", post("/contacts/checks-of-text"), &["contact", "check_profile"], Permission::Work, "Reads a profile and says what is wrong with it."),
    op("import_profile", post("/contacts/profile"), &["contact", "import_profile"], Permission::Work, "Signs the own profile and sends it to every partner.").acting(),
    op("show_profile", get("/contacts/profile"), &["contact", "profile"], Permission::Watch, "The profile of a party; without one, this party's."),
    op("list_contacts", get("/contacts"), &["contact", "list"], Permission::Watch, "Points of contact and how they stand."),
    op("open_check", post("/checks"), &["contact", "ping"], Permission::Work, "Opens a check of a point of contact.").acting(),
    op("list_checks", get("/checks"), &["contact", "pings"], Permission::Watch, "Checks, the newest first.").list("id"),
    op("show_check", get("/checks/{id}"), &["contact", "show"], Permission::Watch, "A check."),
    op("answer_check", post("/checks/{id}/answer"), &["contact", "answer"], Permission::Work, "Answers a check with its code.").acting(),
    op("escalate_check", post("/checks/{id}/escalation"), &["contact", "escalate"], Permission::Work, "Tries another way.").acting(),
    op("list_planned_checks", get("/checks/plan"), &["contact", "plan"], Permission::Watch, "Checks that are planned."),
    op("list_candidates", get("/candidates"), &["contact", "candidates"], Permission::Watch, "Candidates for points of contact, the newest first.").list("id"),
    op("import_security_txt", post("/candidates"), &["contact", "import_security_txt"], Permission::Work, "Takes the addresses of a security.txt as candidates.").signed("officer"),
    op("challenge_candidate", post("/candidates/{id}/challenge"), &["contact", "challenge"], Permission::Work, "Draws a code for a candidate.").signed("officer"),
    op("confirm_candidate", post("/candidates/{id}/confirmation"), &["contact", "confirm"], Permission::Work, "Takes the code that came back.").signed("officer"),
    op("list_mail", get("/mail"), &["mail", "list"], Permission::Look, "Mails that came, the newest first."),
    op("show_mail", get("/mail/{id}"), &["mail", "show"], Permission::Look, "A mail: its envelope and what became of it."),
    op("read_mail", get("/mail/{id}/content"), &["mail", "read"], Permission::Look, "What a mail says and carries, and what is odd about it."),
    op("confirm_proposal", post("/proposals/{id}/confirmation"), &["mail", "confirm"], Permission::Work, "Does what a mail proposes.").acting(),
    op("dismiss_proposal", post("/proposals/{id}/dismissal"), &["mail", "dismiss"], Permission::Work, "Does not do what a mail proposes.").acting(),
    op("judge_mail_again", post("/mail/{id}/judgement"), &["mail", "again"], Permission::Work, "Judges a mail anew, as if it came now."),
    op("send_letter", post("/mail/letters"), &["mail", "write"], Permission::Release, "Sends a letter to a party, or says what would become of it.").acting().worked_out(),
    op("send_envelopes_by_mail", post("/parties/{party}/mailed"), &["mail", "send_envelopes"], Permission::Release, "Sends what waits for a party by mail.").signed("officer"),
    op("list_outgoing_mail", get("/mail/outgoing"), &["mail", "outgoing"], Permission::Look, "Mails that leave, the newest first."),
    op("show_outgoing_mail", get("/mail/outgoing/{id}"), &["mail", "outgoing_show"], Permission::Look, "A mail that leaves."),
    op("retry_mail", post("/mail/outgoing/{id}/retry"), &["mail", "retry"], Permission::Work, "Has a mail sent again now.").signed("officer"),
    op("cancel_mail", post("/mail/outgoing/{id}/cancellation"), &["mail", "cancel"], Permission::Work, "Takes back a mail that nobody took yet.").signed("officer"),
    op("create_address", post("/addresses"), &["address", "create"], Permission::Work, "Makes a temporary address and gives it to its party.").acting(),
    op("list_addresses", get("/addresses"), &["address", "list"], Permission::Watch, "Designated addresses, the newest change first.").list("id"),
    op("show_address", get("/addresses/{id}"), &["address", "show"], Permission::Watch, "A designated address with each step."),
    op("tell_address", post("/addresses/{id}/telling"), &["address", "tell"], Permission::Work, "Gives an address by the link that was told another way.").acting(),
    op("promote_address", post("/addresses/{id}/promotion"), &["address", "promote"], Permission::Agree, "Asks for a promotion to a permanent address.").acting(),
    op("approve_promotion", post("/addresses/{id}/promotion/approval"), &["address", "approve"], Permission::Agree, "Approves a promotion, as the second person.").acting(),
    op("answer_promotion", post("/addresses/{id}/promotion/answer"), &["address", "answer"], Permission::Agree, "Answers the number of another party's address.").acting(),
    op("take_promotion_answer", post("/addresses/{id}/promotion/answer-note"), &["address", "take_answer"], Permission::Agree, "Takes an answer that came in a file.").acting(),
    op("confirm_promotion", post("/addresses/{id}/promotion/confirmation"), &["address", "confirm"], Permission::Agree, "Confirms the promotion of another party's address.").acting(),
    op("decline_promotion", post("/addresses/{id}/promotion/refusal"), &["address", "decline"], Permission::Agree, "Does not go along with a promotion.").acting(),
    op("renew_address", post("/addresses/{id}/renewal"), &["address", "renew"], Permission::Work, "Gives another temporary address in the place of one.").acting(),
    op("revoke_address", delete("/addresses/{id}"), &["address", "revoke"], Permission::Agree, "Ends an address and its aliases at once.").acting(),
    op("show_mail_keys", get("/mail-keys"), &["open_pgp", "show"], Permission::Watch, "This node's OpenPGP keys, the newest first."),
    op("export_mail_key", get("/mail-keys/certificate"), &["open_pgp", "export"], Permission::Watch, "This node's certificate, for other parties."),
    op("make_mail_key", post("/mail-keys"), &["open_pgp", "make"], Permission::Administer, "Makes an OpenPGP key in this party's name."),
    op("extend_mail_key", post("/mail-keys/validity"), &["open_pgp", "extend"], Permission::Administer, "Prolongs the newest OpenPGP key."),
    op("revoke_mail_key", post("/mail-keys/{fingerprint}/revocation"), &["open_pgp", "revoke"], Permission::Administer, "Takes an OpenPGP key back."),
    op("register_certificate", post("/parties/{party}/certificates"), &["open_pgp", "register"], Permission::Agree, "Registers an OpenPGP certificate for a party.").acting(),
    op("list_certificates", get("/certificates"), &["open_pgp", "list"], Permission::Watch, "The certificates that are registered for parties."),
    op("unregister_certificate", delete("/parties/{party}/certificates/{fingerprint}"), &["open_pgp", "unregister"], Permission::Agree, "Removes a party's certificate."),
];
