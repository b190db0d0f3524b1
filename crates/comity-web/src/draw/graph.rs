//! Objects and their relations: the focus in the middle, its neighbours around it, each a link to its page.
//!
//! In scope: at most [`NODES_MAX`] nodes and [`EDGES_MAX`] edges; what is beyond is counted, not drawn.
//! Out of scope: which nodes (the caller gives those that the viewer may see).

use std::collections::HashMap;
use std::fmt::Write as _;

use super::layout::{Half, Point, place};
use super::{Link, text};

/// More than these nobody reads; the caller offers to go on from any of them.
pub const NODES_MAX: usize = 200;

/// Five for each node.
pub const EDGES_MAX: usize = 1000;

/// How wide a node's label is at most, in columns (a Chinese character takes two).
const LABEL_COLUMNS: u32 = 24;

/// The same where more than [`CROWD`] nodes share the picture.
const LABEL_COLUMNS_CROWDED: u32 = 16;

/// With more nodes than these, letters would get too small for long labels.
const CROWD: usize = 60;

/// How wide an edge's label is at most.
const EDGE_COLUMNS: u32 = 18;

/// Up to so many edges have their label written: all of them, or if there are more, those at the focus. Titles all have it.
const EDGES_WRITTEN: usize = 24;

/// Units of the drawing for a column of a label.
const COLUMN: f64 = 7.4;

/// A node's radius, and what an edge keeps off its middle.
const RADIUS: f64 = 8.0;

/// What a node stands for, told by its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A circle: a STIX domain object.
    Object,
    /// A square: a STIX cyber-observable object, or a value.
    Observable,
    /// A diamond: a case, a request or another thing of ours.
    Matter,
}

/// A node as it comes in.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// What edges call it; unique.
    pub id: &'a str,
    /// What is written beside it.
    pub label: &'a str,
    /// What is said of it besides: its type, its marking.
    pub note: &'a str,
    /// Its page.
    pub href: &'a str,
    /// What it stands for.
    pub shape: Shape,
}

/// A relation as it comes in.
#[derive(Debug, Clone, Copy)]
pub struct Edge<'a> {
    /// The id of the node where it starts.
    pub from: &'a str,
    /// The id of the node to which it leads.
    pub to: &'a str,
    /// What it says, as `indicates`.
    pub label: &'a str,
}

/// A row of the equal table: a relation, or a node that has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it starts.
    pub from: Link,
    /// What it says, and where it leads; nothing for a node that stands alone.
    pub relation: Option<(String, Link)>,
}

/// The drawing and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// A whole `<svg>` element, escaped.
    pub svg: String,
    /// A row for each edge, then one for each node without.
    pub rows: Vec<Row>,
    /// Nodes and edges that were given and are not drawn: too many, or an end of the edge is not there.
    pub left_out: usize,
}

/// Draws a graph; the first node is the focus. `name` says what is shown, to those who hear the page.
pub fn draw(name: &str, nodes: &[Node<'_>], edges: &[Edge<'_>]) -> Graph {
    let drawn = nodes.get(..nodes.len().min(NODES_MAX)).unwrap_or(nodes);
    let lines = lines(drawn, edges);
    let mut beside = vec![Vec::new(); drawn.len()];
    for line in &lines {
        for (one, other) in [(line.from, line.to), (line.to, line.from)] {
            if let Some(near) = beside.get_mut(one).filter(|_| one != other) {
                near.push(other);
            }
        }
    }
    let columns = if drawn.len() > CROWD {
        LABEL_COLUMNS_CROWDED
    } else {
        LABEL_COLUMNS
    };
    let labels: Vec<String> = drawn
        .iter()
        .map(|node| text::cut(node.label, columns))
        .collect();
    let boxes: Vec<Half> = labels.iter().map(|label| half(label)).collect();
    let places = place(&beside, &boxes);

    let mut svg = open(name, &places, &boxes);
    let at_focus = |line: &Line<'_>| line.from == 0 || line.to == 0;
    let few = lines.len() <= EDGES_WRITTEN;
    let few_at_focus = lines.iter().filter(|line| at_focus(line)).count() <= EDGES_WRITTEN;
    for line in &lines {
        let label_written = few || (few_at_focus && at_focus(line));
        draw_line(&mut svg, line, &places, label_written);
    }
    for (at, ((node, label), place)) in drawn.iter().zip(&labels).zip(&places).enumerate() {
        draw_node(&mut svg, node, label, *place, at == 0);
    }
    svg.push_str("</svg>");
    Graph {
        svg,
        rows: rows(drawn, &lines, &beside),
        left_out: nodes.len() - drawn.len() + edges.len() - lines.len(),
    }
}

/// An edge between places of the list of nodes.
struct Line<'a> {
    from: usize,
    to: usize,
    label: Option<&'a str>,
    /// How many edges between the same two nodes came before: each bends more.
    before: u32,
}

fn lines<'a>(nodes: &[Node<'_>], edges: &[Edge<'a>]) -> Vec<Line<'a>> {
    let places: HashMap<&str, usize> = nodes
        .iter()
        .enumerate()
        .map(|(at, node)| (node.id, at))
        .collect();
    let mut between: HashMap<(usize, usize), u32> = HashMap::new();
    let ends = edges.iter().filter_map(|edge| {
        let from = *places.get(edge.from)?;
        let to = *places.get(edge.to)?;
        Some((from, to, edge.label))
    });
    ends.take(EDGES_MAX)
        .map(|(from, to, label)| {
            let count = between.entry((from.min(to), from.max(to))).or_default();
            let before = *count;
            *count += 1;
            Line {
                from,
                to,
                label: (!label.is_empty()).then_some(label),
                before,
            }
        })
        .collect()
}

/// What a node takes with its label under it.
fn half(label: &str) -> Half {
    Half {
        x: f64::from(text::columns_of(label).max(4)) * COLUMN / 2.0 + 6.0,
        y: RADIUS + 16.0,
    }
}

/// The opening tag: a picture that has the focus in its middle and everything inside.
fn open(name: &str, places: &[Point], boxes: &[Half]) -> String {
    // A picture of few nodes is not blown up: its letters stay as large as the page's.
    let (mut wide, mut high) = (480.0_f64, 110.0_f64);
    for (place, half) in places.iter().zip(boxes) {
        wide = wide.max(place.x.abs() + half.x);
        high = high.max(place.y.abs() + half.y);
    }
    format!(
        "<svg class=\"graph\" role=\"group\" aria-label=\"{}\" viewBox=\"{:.0} {:.0} {:.0} {:.0}\" font-size=\"13\">",
        text::safe(name),
        -wide,
        -high,
        wide * 2.0,
        high * 2.0
    )
}

fn draw_line(svg: &mut String, line: &Line<'_>, places: &[Point], label_written: bool) {
    let (Some(from), Some(to)) = (places.get(line.from), places.get(line.to)) else {
        return;
    };
    let (path, middle) = if line.from == line.to {
        loop_at(*from, line.before)
    } else {
        way(*from, *to, bend(line))
    };
    let mut write = || -> std::fmt::Result {
        svg.push_str("<g>");
        if let Some(label) = line.label {
            write!(svg, "<title>{}</title>", text::safe(label))?;
        }
        write!(svg, "<path class=\"edge\" d=\"{path}\"/>")?;
        if let Some(label) = line.label.filter(|_| label_written) {
            let label = text::safe(&text::cut(label, EDGE_COLUMNS));
            write!(
                svg,
                "<text class=\"small halo\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"11\">{label}</text>",
                middle.x,
                middle.y + 3.5
            )?;
        }
        svg.push_str("</g>");
        Ok(())
    };
    let written = write();
    debug_assert!(written.is_ok(), "a String takes what is written");
}

/// How far an edge bends aside, to its left: the first is straight, the next go to one side and to the other. An edge that
/// leads back has its left on the other side.
fn bend(line: &Line<'_>) -> f64 {
    let step = f64::from(line.before.div_ceil(2)) * 34.0;
    let side = if line.before % 2 == 1 { 1.0 } else { -1.0 };
    let turned = if line.from < line.to { 1.0 } else { -1.0 };
    step * side * turned
}

/// The path from one node to another with an open arrow, and where its label stands.
fn way(from: Point, to: Point, bend: f64) -> (String, Point) {
    let whole = to.minus(from);
    let along = unit(whole);
    let aside = Point {
        x: -along.y,
        y: along.x,
    };
    let corner = middle(from, to).minus(aside.times(-2.0 * bend));
    let start = from.minus(unit(from.minus(corner)).times(RADIUS + 1.0));
    let arrives = unit(to.minus(corner));
    let end = to.minus(arrives.times(RADIUS + 3.0));
    let wing = |side: f64| {
        let across = Point {
            x: -arrives.y,
            y: arrives.x,
        };
        end.minus(arrives.times(7.0))
            .minus(across.times(4.0 * side))
    };
    let (left, right) = (wing(1.0), wing(-1.0));
    let path = format!(
        "M{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}M{:.1} {:.1}L{:.1} {:.1}L{:.1} {:.1}",
        start.x,
        start.y,
        corner.x,
        corner.y,
        end.x,
        end.y,
        left.x,
        left.y,
        end.x,
        end.y,
        right.x,
        right.y
    );
    (path, middle(middle(from, to), corner))
}

/// An edge from a node to itself.
fn loop_at(at: Point, before: u32) -> (String, Point) {
    let size = 22.0 + 10.0 * f64::from(before);
    let (left, right, top) = (at.x - size, at.x + size, at.y - size * 1.6);
    let start = at.y - RADIUS;
    let path = format!(
        "M{:.1} {start:.1}C{left:.1} {top:.1} {right:.1} {top:.1} {:.1} {start:.1}",
        at.x - 3.0,
        at.x + 3.0
    );
    let middle = Point {
        x: at.x,
        y: at.y - size * 1.3,
    };
    (path, middle)
}

fn middle(a: Point, b: Point) -> Point {
    a.minus(b).times(0.5).minus(b.times(-1.0))
}

/// A direction; along the line of writing where two nodes stand in one place.
fn unit(way: Point) -> Point {
    let length = way.length();
    if length < 0.001 {
        return Point { x: 1.0, y: 0.0 };
    }
    way.times(1.0 / length)
}

fn draw_node(svg: &mut String, node: &Node<'_>, label: &str, place: Point, focus: bool) {
    let class = if focus { "focus" } else { "" };
    let close = text::open(svg, text::local(node.href), class);
    let Point { x, y } = place;
    let mut write = || -> std::fmt::Result {
        write!(svg, "<title>{}", text::safe(node.label))?;
        if !node.note.is_empty() {
            write!(svg, " ({})", text::safe(node.note))?;
        }
        svg.push_str("</title>");
        match node.shape {
            Shape::Object => write!(
                svg,
                "<circle class=\"node\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{RADIUS}\"/>"
            )?,
            Shape::Observable => write!(
                svg,
                "<rect class=\"node\" x=\"{:.1}\" y=\"{:.1}\" width=\"15\" height=\"15\"/>",
                x - 7.5,
                y - 7.5
            )?,
            Shape::Matter => write!(
                svg,
                "<path class=\"node\" d=\"M{x:.1} {:.1}l9 9l-9 9l-9 -9z\"/>",
                y - 9.0
            )?,
        }
        write!(
            svg,
            "<text class=\"halo\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            y + RADIUS + 14.0,
            text::safe(label)
        )
    };
    let written = write();
    debug_assert!(written.is_ok(), "a String takes what is written");
    svg.push_str(close);
}

fn rows(nodes: &[Node<'_>], lines: &[Line<'_>], beside: &[Vec<usize>]) -> Vec<Row> {
    let ends: Vec<Link> = nodes
        .iter()
        .map(|node| Link::new(node.label, node.href))
        .collect();
    let related = lines.iter().filter_map(|line| {
        let to = ends.get(line.to)?.clone();
        Some(Row {
            from: ends.get(line.from)?.clone(),
            relation: Some((text::shown(line.label.unwrap_or_default()), to)),
        })
    });
    let alone = ends
        .iter()
        .zip(beside)
        .enumerate()
        .filter_map(|(at, (end, near))| {
            let looped = lines.iter().any(|line| line.from == at);
            (near.is_empty() && !looped).then(|| Row {
                from: end.clone(),
                relation: None,
            })
        });
    related.chain(alone).collect()
}

#[cfg(test)]
mod tests;
