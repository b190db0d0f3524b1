//! What a graph shows, and what it does not let through.

use super::*;
use crate::draw::text::{HOSTILE, assert_harmless};

fn node<'a>(id: &'a str, label: &'a str, href: &'a str) -> Node<'a> {
    Node {
        id,
        label,
        note: "indicator, TLP:GREEN",
        href,
        shape: Shape::Object,
    }
}

/// A graph of names `n0`, `n1`, ... where each node hangs on the one a third of its number.
fn names(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("n{at}")).collect()
}

fn tree(names: &[String]) -> (Vec<Node<'_>>, Vec<Edge<'_>>) {
    let nodes = names
        .iter()
        .map(|name| node(name, name, "/objects"))
        .collect();
    let edges = names
        .iter()
        .enumerate()
        .skip(1)
        .map(|(at, name)| Edge {
            from: name,
            to: &names[at / 3],
            label: "related-to",
        })
        .collect();
    (nodes, edges)
}

#[test]
fn a_graph_is_drawn_the_same_each_time_with_its_focus_in_the_middle() {
    let names = names(60);
    let (nodes, edges) = tree(&names);
    let drawn = draw("Relations", &nodes, &edges);
    assert_eq!(drawn, draw("Relations", &nodes, &edges));
    assert!(
        drawn.svg.contains("<a href=\"/objects\" class=\"focus\"><title>n0 (indicator, TLP:GREEN)</title><circle class=\"node\" cx=\"0.0\" cy=\"0.0\" r=\"8\"/>"),
        "{}",
        drawn.svg
    );
    // The picture lies evenly around the origin.
    let view = drawn.svg.split("viewBox=\"").nth(1).unwrap();
    let numbers: Vec<f64> = view
        .split('"')
        .next()
        .unwrap()
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    assert!((numbers[0] * -2.0 - numbers[2]).abs() <= 1.0, "{numbers:?}");
    assert!((numbers[1] * -2.0 - numbers[3]).abs() <= 1.0, "{numbers:?}");
    assert_harmless(&drawn.svg);
}

#[test]
fn the_table_says_what_the_drawing_says() {
    let nodes = [
        node("a", "198.51.100.7", "/objects/a"),
        node("b", "malware X", "/objects/b"),
        node("c", "alone", "/objects/c"),
    ];
    let edges = [
        Edge {
            from: "a",
            to: "b",
            label: "indicates",
        },
        Edge {
            from: "b",
            to: "a",
            label: "",
        },
        Edge {
            from: "b",
            to: "b",
            label: "variant-of",
        },
        Edge {
            from: "b",
            to: "not there",
            label: "targets",
        },
    ];
    let drawn = draw("Relations", &nodes, &edges);
    let said: Vec<(&str, Option<(&str, &str)>)> = drawn
        .rows
        .iter()
        .map(|row| {
            let relation = row.relation.as_ref();
            (
                row.from.text.as_str(),
                relation.map(|(label, to)| (label.as_str(), to.text.as_str())),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("198.51.100.7", Some(("indicates", "malware X"))),
            ("malware X", Some(("", "198.51.100.7"))),
            ("malware X", Some(("variant-of", "malware X"))),
            ("alone", None),
        ]
    );
    assert_eq!(drawn.left_out, 1);
    assert_eq!(drawn.svg.matches("<path class=\"edge\"").count(), 3);
    assert_eq!(drawn.svg.matches("<a href=").count(), 3);
    assert_harmless(&drawn.svg);
}

#[test]
fn what_is_too_much_is_counted_and_not_drawn() {
    let names = names(230);
    let (nodes, edges) = tree(&names);
    let drawn = draw("Relations", &nodes, &edges);
    assert_eq!(drawn.svg.matches("class=\"node\"").count(), NODES_MAX);
    assert_eq!(drawn.left_out, 60);
    let many = vec![edges[0]; EDGES_MAX + 5];
    let drawn = draw("Relations", &nodes, &many);
    assert_eq!(drawn.left_out, 30 + 5);
    assert_eq!(draw("nothing", &[], &edges).left_out, edges.len());
}

#[test]
fn texts_stay_texts_and_links_stay_here() {
    for hostile in HOSTILE {
        let nodes = [
            Node {
                note: hostile,
                ..node("a", hostile, hostile)
            },
            Node {
                shape: Shape::Observable,
                ..node(hostile, "b", "javascript:alert(1)")
            },
            Node {
                shape: Shape::Matter,
                ..node("c", "c", "//evil.example/")
            },
        ];
        let edges = [Edge {
            from: "a",
            to: hostile,
            label: hostile,
        }];
        let drawn = draw(hostile, &nodes, &edges);
        assert_harmless(&drawn.svg);
        assert!(!drawn.svg.contains("<a "), "{}", drawn.svg);
        assert!(!drawn.svg.contains("evil"), "{}", drawn.svg);
    }
    let turned = draw("x", &[node("a", "invoice\u{202e}fdp.exe", "/a")], &[]);
    assert!(
        turned.svg.contains("invoice&lt;U+202E&gt;fdp"),
        "{}",
        turned.svg
    );
    assert_eq!(turned.rows[0].from.text, "invoice<U+202E>fdp.exe");
}
