//! What the simulator knows and no node does: every head that was signed, by which history, and what was promised.
//!
//! A node whose whole disk is set back, or that lies, goes on in a new *branch* of its history. Two heads contradict each
//! other if each lies beyond the place where their branches part.
//!
//! In scope: keeping it. Out of scope: judging it (`invariants`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use comity_case::message::ThreadId;
use comity_node::link::guard::LastSigned;

/// A place in a history: epoch and size.
pub type Point = (u32, u64);

/// Which history of a node.
pub type BranchId = usize;

/// A root that was signed, and in which history.
type Signed = ([u8; 32], BranchId);

#[derive(Debug)]
struct Branch {
    parent: Option<BranchId>,
    /// Where it left its parent.
    at: Point,
}

/// What was promised with an envelope.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Who made it.
    pub from: usize,
    /// For whom.
    pub to: usize,
    /// Whether its content is one of its kind.
    pub fit: bool,
}

/// What a node is known to hold.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// The numbers of the envelopes whose making was committed.
    pub committed: BTreeSet<u64>,
    /// The envelopes whose content was applied, and how often.
    pub applied: BTreeMap<[u8; 32], u64>,
    /// The numbers that they carried.
    pub numbers: BTreeSet<u64>,
    /// The logs that it convicted.
    pub convicted: BTreeSet<String>,
    /// The parties that it suspended.
    pub suspended: BTreeSet<usize>,
}

/// Everything that is known.
#[derive(Debug, Default)]
pub struct Facts {
    /// The threads that were opened between two nodes, the smaller number first.
    pub threads: BTreeMap<(usize, usize), Vec<ThreadId>>,
    heads: HashMap<(String, u64), Vec<Signed>>,
    branches: Vec<Branch>,
    /// Nodes that may have shown two histories.
    pub two_faced: BTreeSet<usize>,
    /// Nodes whose rows were set back.
    pub restored: BTreeSet<usize>,
    /// Every envelope whose making was committed.
    pub sent: BTreeMap<u64, Sent>,
}

impl Facts {
    /// A new history, from the beginning or from a place of another.
    pub fn branch(&mut self, parent: Option<BranchId>, at: Point) -> BranchId {
        self.branches.push(Branch { parent, at });
        self.branches.len() - 1
    }

    /// Records a head that was signed; answers another root of this size, if there is one, and its branch.
    pub fn sign(&mut self, head: &LastSigned, branch: BranchId) -> Option<BranchId> {
        let place = (head.origin.clone(), head.size);
        let known = self.heads.entry(place).or_default();
        let other = known.iter().find(|(root, _)| *root != head.root);
        let other = other.map(|(_, branch)| *branch);
        if !known
            .iter()
            .any(|(root, of)| *root == head.root && *of == branch)
        {
            known.push((head.root, branch));
        }
        other
    }

    /// The branches that signed this head.
    pub fn signers(&self, origin: &str, size: u64, root: &[u8; 32]) -> Vec<BranchId> {
        let known = self.heads.get(&(origin.to_owned(), size));
        let known = known.into_iter().flatten();
        known
            .filter(|(of, _)| of == root)
            .map(|(_, branch)| *branch)
            .collect()
    }

    /// Whether two heads of one log cannot both be true.
    pub fn contradict(&self, one: (BranchId, Point), other: (BranchId, Point)) -> bool {
        if one.0 == other.0 {
            return false;
        }
        let (path, others) = (self.path(one.0), self.path(other.0));
        let parted = path.iter().find_map(|(branch, until)| {
            let found = others.iter().find(|(of, _)| of == branch)?;
            Some((*until).min(found.1))
        });
        let parted = parted.unwrap_or((0, 0));
        one.1 > parted && other.1 > parted
    }

    /// A branch and those it came from, each with the place up to which it is the same history.
    fn path(&self, mut branch: BranchId) -> Vec<(BranchId, Point)> {
        let mut until = (u32::MAX, u64::MAX);
        let mut path = vec![(branch, until)];
        while let Some(of) = self.branches.get(branch)
            && let Some(parent) = of.parent
        {
            until = until.min(of.at);
            path.push((parent, until));
            branch = parent;
        }
        path
    }
}
