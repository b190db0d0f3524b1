//! Crate arrows: which crate may depend on which, and where the slow or impure libraries stop.
//!
//! The layers are those of ARCHITECTURE.md; an arrow points from a higher layer to a lower one, never
//! sideways. Pure crates use [`SHARED`] and none of each other.
//!
//! In scope: the dependency tables of `crates/*/Cargo.toml`.
//! Out of scope: what is used inside a crate (the compiler sees that).

use super::{Allow, Findings, Problem};
use crate::failure::Failure;
use crate::tree::Tree;

/// The floors of the house, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Pure,
    Store,
    Node,
    Edge,
    Binary,
    /// Simulator and tasks: may use all, used by none.
    Development,
}

/// Where each crate stands. A crate that is not listed does not exist yet.
const LAYERS: &[(&str, Layer)] = &[
    ("comity", Layer::Binary),
    ("comity-web", Layer::Edge),
    ("comity-api", Layer::Edge),
    ("comity-transport", Layer::Edge),
    ("comity-node", Layer::Node),
    ("comity-store", Layer::Store),
    ("comity-stix", Layer::Pure),
    ("comity-accord", Layer::Pure),
    ("comity-case", Layer::Pure),
    ("comity-release", Layer::Pure),
    ("comity-ledger", Layer::Pure),
    ("comity-link", Layer::Pure),
    ("comity-match", Layer::Pure),
    ("comity-detect", Layer::Pure),
    ("comity-formats", Layer::Pure),
    ("comity-mail", Layer::Pure),
    ("comity-sim", Layer::Development),
    ("xtask", Layer::Development),
];

/// The pure crates that other pure crates may use.
const SHARED: &[&str] = &["comity-stix", "comity-ledger", "comity-accord"];

/// Libraries that belong to some layers only.
struct Fence {
    libraries: &'static [&'static str],
    layers: &'static [Layer],
    reason: &'static str,
}

const FENCES: &[Fence] = &[
    Fence {
        libraries: &["rusqlite", "postgres", "tokio-postgres", "sqlx", "diesel"],
        layers: &[Layer::Store, Layer::Development],
        reason: "SQL stops at comity-store",
    },
    Fence {
        libraries: &[
            "axum",
            "hyper",
            "hyper-util",
            "http",
            "http-body",
            "reqwest",
            "tower",
        ],
        layers: &[Layer::Edge, Layer::Binary, Layer::Development],
        reason: "HTTP types stop at the edges",
    },
    Fence {
        libraries: &["tokio", "tokio-rustls", "rustls", "futures", "async-trait"],
        layers: &[
            Layer::Store,
            Layer::Node,
            Layer::Edge,
            Layer::Binary,
            Layer::Development,
        ],
        reason: "a pure crate does no I/O and has no async",
    },
];

pub(crate) fn find(tree: &Tree, _allow: &Allow) -> Findings {
    let mut problems = Vec::new();
    for path in tree.ending("/Cargo.toml").filter(|path| is_member(path)) {
        let manifest: toml::Table = tree
            .read(path)?
            .parse()
            .map_err(|error| Failure::new(format!("{path} is not TOML: {error}")))?;
        problems.extend(judge(path, &manifest));
    }
    Ok(problems)
}

/// `crates/NAME/Cargo.toml`, nothing deeper.
pub(super) fn is_member(path: &str) -> bool {
    path.starts_with("crates/") && path.matches('/').count() == 2
}

/// Judges one manifest.
fn judge(path: &str, manifest: &toml::Table) -> Vec<Problem> {
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
        .unwrap_or_default();
    let mut problems = Vec::new();
    if !path.contains(&format!("/{name}/")) {
        problems.push(Problem::new(
            path,
            format!("the folder is not named like the crate, {name}"),
        ));
    }
    let Some(layer) = layer_of(name) else {
        problems.push(Problem::new(
            path,
            format!("{name} stands in no layer: add it to LAYERS in tidy/arrows.rs"),
        ));
        return problems;
    };
    for (dependency, shipped) in dependencies(manifest) {
        let fault = arrow_fault(name, layer, &dependency)
            .or_else(|| shipped.then(|| fence_fault(layer, &dependency)).flatten());
        problems.extend(fault.map(|fault| Problem::new(path, fault)));
    }
    problems
}

fn layer_of(name: &str) -> Option<Layer> {
    let row = LAYERS.iter().find(|(known, _)| *known == name)?;
    Some(row.1)
}

/// Why `name` may not depend on the workspace crate `dependency`.
fn arrow_fault(name: &str, layer: Layer, dependency: &str) -> Option<String> {
    let below = layer_of(dependency)?;
    let allowed = match layer {
        Layer::Pure => {
            SHARED.contains(&dependency) && !SHARED.contains(&name)
                || (name == "comity-accord"
                    && matches!(dependency, "comity-stix" | "comity-ledger"))
        }
        Layer::Store | Layer::Node | Layer::Edge | Layer::Binary | Layer::Development => {
            below < layer
        }
    };
    (!allowed).then(|| {
        format!("{name} ({layer:?}) may not depend on {dependency} ({below:?}): arrows point down")
    })
}

/// Why a crate of this layer may not use the library `dependency`.
fn fence_fault(layer: Layer, dependency: &str) -> Option<String> {
    let fence = FENCES
        .iter()
        .find(|fence| fence.libraries.contains(&dependency) && !fence.layers.contains(&layer))?;
    Some(format!("no {dependency} in this layer: {}", fence.reason))
}

/// Every dependency of a manifest, and whether it is shipped (not only for tests).
pub(super) fn dependencies(manifest: &toml::Table) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut collect = |table: &toml::Table| {
        for (kind, shipped) in [
            ("dependencies", true),
            ("build-dependencies", true),
            ("dev-dependencies", false),
        ] {
            let entries = table.get(kind).and_then(toml::Value::as_table);
            for (key, value) in entries.into_iter().flatten() {
                let renamed = value.get("package").and_then(toml::Value::as_str);
                found.push((renamed.unwrap_or(key).to_owned(), shipped));
            }
        }
    };
    collect(manifest);
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    for table in targets
        .into_iter()
        .flatten()
        .filter_map(|(_, value)| value.as_table())
    {
        collect(table);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, tables: &str) -> usize {
        let text = format!("[package]\nname = \"{name}\"\n{tables}");
        judge(&format!("crates/{name}/Cargo.toml"), &text.parse().unwrap()).len()
    }

    #[test]
    fn arrows_point_down_only() {
        let ok = "[dependencies]\ncomity-store.workspace = true\ncomity-stix.workspace = true\n";
        assert_eq!(faults("comity-node", ok), 0);
        assert_eq!(
            faults(
                "comity-store",
                "[dependencies]\ncomity-node.workspace = true\n"
            ),
            1
        );
        assert_eq!(
            faults(
                "comity-api",
                "[dependencies]\ncomity-transport.workspace = true\n"
            ),
            1
        );
        assert_eq!(
            faults(
                "comity-node",
                "[dev-dependencies]\ncomity-api.workspace = true\n"
            ),
            1
        );
        assert_eq!(
            faults("comity", "[dependencies]\nxtask.workspace = true\n"),
            1
        );
    }

    #[test]
    fn pure_crates_share_only_stix_and_accord() {
        assert_eq!(
            faults(
                "comity-formats",
                "[dependencies]\ncomity-stix.workspace = true\n"
            ),
            0
        );
        assert_eq!(
            faults(
                "comity-formats",
                "[dependencies]\ncomity-mail.workspace = true\n"
            ),
            1
        );
        assert_eq!(
            faults(
                "comity-accord",
                "[dependencies]\ncomity-stix.workspace = true\n"
            ),
            0
        );
        assert_eq!(
            faults(
                "comity-stix",
                "[dependencies]\ncomity-accord.workspace = true\n"
            ),
            1
        );
    }

    #[test]
    fn libraries_stop_at_their_fence() {
        assert_eq!(faults("comity-stix", "[dependencies]\ntokio = \"1\"\n"), 1);
        assert_eq!(
            faults("comity-stix", "[dev-dependencies]\ntokio = \"1\"\n"),
            0
        );
        assert_eq!(
            faults("comity-node", "[dependencies]\nrusqlite = \"1\"\n"),
            1
        );
        assert_eq!(
            faults(
                "comity-node",
                "[dependencies]\nweb = { package = \"axum\" }\n"
            ),
            1
        );
        assert_eq!(
            faults(
                "comity-node",
                "[target.'cfg(unix)'.dependencies]\naxum = \"1\"\n"
            ),
            1
        );
        assert_eq!(faults("comity-api", "[dependencies]\naxum = \"1\"\n"), 0);
    }

    #[test]
    fn an_unknown_crate_is_refused() {
        assert_eq!(faults("comity-extra", ""), 1);
    }

    #[test]
    fn the_folder_is_named_like_the_crate() {
        let manifest = "[package]\nname = \"comity-stix\"\n".parse().unwrap();
        assert_eq!(judge("crates/stix/Cargo.toml", &manifest).len(), 1);
    }
}
