//! The gallery: every part of the pages' look, opened in a real browser under the policy of the pages.
//!
//! In scope: `gallery/*.html` with drawings of this crate put in, and the script that looks at them; budgets of the assets.
//! Out of scope: pages of a node (`crates/comity/tests/it`), installing the browser (`cargo xtask check` does).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code: a panic is a failed test"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the programs of other hands are named by variables"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use comity_web::draw::graph::{self, Edge, Node, Shape};
use comity_web::draw::sparkline::{self, Day};
use comity_web::draw::timeline::{self, Event, Moment, Words};

/// What a node tells a browser about its pages.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    font-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

#[test]
fn the_gallery_can_be_read_and_used_in_every_view() {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(python), Some(chromium)) = (
        variable("COMITY_TEST_PYTHON"),
        variable("COMITY_TEST_CHROMIUM"),
    ) else {
        println!("skipped: COMITY_TEST_PYTHON or COMITY_TEST_CHROMIUM is not set");
        return;
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = gallery(here);
    let shots = folder.join("shots");
    std::fs::create_dir_all(&shots).unwrap();
    let said = Command::new(python)
        .arg(here.join("tests/gallery/gallery.py"))
        .env("PYTHONPATH", here.join("../comity/tests/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("COMITY_TEST_CHROMIUM", chromium)
        .env("COMITY_TEST_SHOTS", &shots)
        .env("COMITY_GALLERY", &folder)
        .env("COMITY_POLICY", POLICY)
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&said.stdout);
    let errors = String::from_utf8_lossy(&said.stderr);
    println!("{out}\nscreenshots: {}", shots.display());
    assert!(said.status.success(), "{out}\n{errors}");
    assert!(out.trim_end().ends_with("passed"), "{out}\n{errors}");
}

#[test]
fn the_assets_keep_to_their_budgets() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut styles = 0;
    let mut scripts = 0;
    for entry in std::fs::read_dir(assets).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        match path.extension().and_then(|kind| kind.to_str()) {
            Some("css") => styles += text.len(),
            Some("js") => {
                scripts += text.len();
                // What Trusted Types stop in the browser, and what a third party would see.
                for sink in [
                    "innerHTML",
                    "outerHTML",
                    "insertAdjacentHTML",
                    "document.write",
                    "eval(",
                    "http:",
                    "https:",
                ] {
                    assert!(!text.contains(sink), "{sink} in {}", path.display());
                }
            }
            Some(_) | None => {}
        }
    }
    assert!(
        (1..=20 * 1024).contains(&styles),
        "{styles} bytes of styles"
    );
    assert!(
        (1..=20 * 1024).contains(&scripts),
        "{scripts} bytes of scripts"
    );
}

/// A folder with the gallery's pages as they are served, drawings and assets included.
fn gallery(here: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery");
    let assets = folder.join("assets");
    std::fs::create_dir_all(&assets).unwrap();
    for entry in std::fs::read_dir(here.join("assets")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, assets.join(path.file_name().unwrap())).unwrap();
        }
    }
    for sample in ["gallery.html", "exercise.html", "sign-in.html"] {
        let page = std::fs::read_to_string(here.join("tests/gallery").join(sample)).unwrap();
        let page = page
            .replace("{{sparkline}}", &sightings())
            .replace("{{graph}}", &relations())
            .replace("{{timeline}}", &events());
        assert!(
            !page.contains("{{"),
            "{sample} names a drawing that is not there"
        );
        std::fs::write(folder.join(sample), page).unwrap();
    }
    folder
}

fn sightings() -> String {
    let days: Vec<Day> = (1..=30)
        .map(|day| Day {
            day: format!("2026-03-{day:02}"),
            count: (day * day * 7) % 23,
        })
        .collect();
    sparkline::draw("Sightings per day", &days).svg
}

/// A small graph with every shape, a loop and edges both ways, and one of 200 nodes.
fn relations() -> String {
    let names: Vec<String> = (0..graph::NODES_MAX)
        .map(|at| match at % 4 {
            0 => format!("198.51.100.{at}"),
            1 => format!("malware family with a long name {at}"),
            2 => format!("勒索软件样本{at}"),
            _ => format!("a{at}.example.com"),
        })
        .collect();
    let nodes: Vec<Node<'_>> = names
        .iter()
        .zip(
            [Shape::Object, Shape::Observable, Shape::Matter]
                .into_iter()
                .cycle(),
        )
        .map(|(name, shape)| Node {
            id: name,
            label: name,
            note: "indicator, TLP:GREEN",
            href: "#node",
            shape,
        })
        .collect();
    let mut edges: Vec<Edge<'_>> = names
        .iter()
        .enumerate()
        .skip(1)
        .filter_map(|(at, name)| Some(edge(name, names.get(at / 4)?, "communicates-with")))
        .collect();
    let extra = [(0, 1, "uses"), (2, 5, "related-to"), (3, 3, "variant-of")];
    edges.extend(
        extra
            .into_iter()
            .filter_map(|(from, to, label)| Some(edge(names.get(from)?, names.get(to)?, label))),
    );
    let figure = |count: usize| {
        let drawn = graph::draw("Relations", nodes.get(..count).unwrap(), &edges);
        format!("<figure class=\"draw\">{}</figure>", drawn.svg)
    };
    figure(15) + &figure(graph::NODES_MAX)
}

fn edge<'a>(from: &'a str, to: &'a str, label: &'a str) -> Edge<'a> {
    Edge { from, to, label }
}

fn events() -> String {
    let texts: Vec<String> = (1..=28)
        .map(|day| format!("2026-02-{day:02} 09:15 +01:00"))
        .collect();
    let events: Vec<Event<'_>> = texts
        .iter()
        .zip(0_i64..)
        .take(12)
        .map(|(text, at)| Event {
            happened: (at % 5 != 4).then_some(Moment {
                seconds: at * 86_400,
                text,
            }),
            learned: Moment {
                seconds: at * 86_400 + (at * 7919 % 5) * 90_000,
                text,
            },
            label: "Connection",
            href: "#event",
            late: at % 4 == 1,
        })
        .collect();
    let words = Words {
        name: "Events by two clocks",
        happened: "Happened",
        learned: "Learned",
    };
    let drawn = timeline::draw(words, &events);
    format!("<figure class=\"draw\">{}</figure>", drawn.svg)
}
