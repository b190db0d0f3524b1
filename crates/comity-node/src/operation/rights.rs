//! Which role may do what: one table, for pages and REST alike.
//!
//! What a role may do says nothing of what it sees: objects are seen through the collections that an account may read, and what is
//! bound to persons by those persons alone (`sight`).
//!
//! In scope: the table. Out of scope: which operation asks for what (`table`).

use comity_store::state::account::Role;

/// What an operation asks of whoever does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Be signed in.
    Enter,
    /// Look at objects, requests, cases, calls and mail.
    Look,
    /// Look at what stands between parties: accords, deliveries, the ledger, scorecards.
    Watch,
    /// Add objects, and notes that stay in the house.
    Add,
    /// Say something to another party about a case: requests, calls, evidence, exercises, checks, letters.
    Work,
    /// Decide what leaves, and what is taken back.
    Release,
    /// Decide with whom and under which accord, and which addresses count.
    Agree,
    /// Look at who did what.
    Audit,
    /// Manage accounts, collections, keys and the node.
    Administer,
}

impl Permission {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Enter,
        Self::Look,
        Self::Watch,
        Self::Add,
        Self::Work,
        Self::Release,
        Self::Agree,
        Self::Audit,
        Self::Administer,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enter => "enter",
            Self::Look => "look",
            Self::Watch => "watch",
            Self::Add => "add",
            Self::Work => "work",
            Self::Release => "release",
            Self::Agree => "agree",
            Self::Audit => "audit",
            Self::Administer => "administer",
        }
    }

    /// The roles that have it.
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Enter | Self::Watch => &Role::ALL,
            // Whoever manages the node has its configuration, not its content.
            Self::Look => &[
                Role::Viewer,
                Role::Analyst,
                Role::Releaser,
                Role::Duty,
                Role::Auditor,
            ],
            Self::Add => &[Role::Analyst, Role::Releaser, Role::Duty],
            Self::Work => &[Role::Releaser, Role::Duty],
            Self::Release => &[Role::Releaser],
            Self::Agree => &[Role::Releaser, Role::Admin],
            Self::Audit => &[Role::Auditor, Role::Admin],
            Self::Administer => &[Role::Admin],
        }
    }

    /// Whether a role has it.
    pub fn is_of(self, role: Role) -> bool {
        self.roles().contains(&role)
    }
}
