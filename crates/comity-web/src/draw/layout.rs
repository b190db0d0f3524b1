//! Where the nodes of a graph stand: springs along the edges, everything else pushes apart, the focus does not move.
//!
//! The method is that of Fruchterman and Reingold (Software: Practice and Experience 21, 1991), from a spiral instead of
//! chance, with additions, multiplications, divisions and square roots only: those are exact by IEEE 754, so the same graph
//! stands the same everywhere. Labels are wider than high; afterwards boxes that overlap are pushed apart.
//!
//! In scope: positions. Out of scope: drawing them.

/// A place, in units of the drawing; the focus is at the origin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    fn plus(self, other: Self) -> Self {
        Self {
            x: self.x + other.x,
            y: self.y + other.y,
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        self.plus(other.times(-1.0))
    }

    pub(super) fn times(self, by: f64) -> Self {
        Self {
            x: self.x * by,
            y: self.y * by,
        }
    }

    pub(super) fn length(self) -> f64 {
        (self.x * self.x + self.y * self.y).sqrt()
    }
}

/// Half the width and half the height of what is drawn around a node's place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Half {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// How often all nodes move.
const ROUNDS: u32 = 160;

/// The same of many: by then they stand, and what is left is pushed apart.
const ROUNDS_OF_MANY: u32 = 80;

/// So many are many.
const MANY: usize = 100;

/// How often overlapping boxes are pushed apart, at most.
const APART_ROUNDS: u32 = 400;

/// The length that an edge wants to have.
const SPRING: f64 = 78.0;

/// How much wider than high the picture is: labels lie, and so do screens.
const WIDE: f64 = 1.7;

/// How much more room than their own area the boxes get.
const ROOM: f64 = 1.5;

/// Half the width of a usual screen, in units of the drawing.
const SCREEN_HALF: f64 = 520.0;

/// Pulls what has no edge to the middle.
const GRAVITY: f64 = 0.35;

/// Places the nodes; the first is the focus. `beside` lists each node's neighbours, `boxes` what each takes.
pub(super) fn place(beside: &[Vec<usize>], boxes: &[Half]) -> Vec<Point> {
    let mut places = spiral(beside);
    let rounds = if places.len() > MANY {
        ROUNDS_OF_MANY
    } else {
        ROUNDS
    };
    for round in 0..rounds {
        let step = 3.0 + SPRING * f64::from(rounds - round) / f64::from(rounds);
        let forces = forces(&places, beside);
        // The focus does not move.
        for (place, force) in places.iter_mut().zip(forces).skip(1) {
            let length = force.length();
            *place = place.plus(if length > step {
                force.times(step / length)
            } else {
                force
            });
        }
    }
    for place in &mut places {
        place.x *= WIDE;
    }
    spread(&mut places, boxes);
    apart(&mut places, boxes);
    places
}

/// Makes the picture as large as its boxes need to find room beside each other, and no larger than that or a screen.
fn spread(places: &mut [Point], boxes: &[Half]) {
    let needed: f64 = boxes.iter().map(|half| half.x * half.y * 4.0).sum();
    let reach = |of: fn(&Point) -> f64| {
        places
            .iter()
            .map(|place| of(place).abs())
            .fold(1.0, f64::max)
    };
    let wide = reach(|place| place.x);
    let there = wide * reach(|place| place.y) * 4.0;
    // Never larger than it must be for the room, or than a screen, if that is more.
    let room = (needed * ROOM / there).sqrt();
    let by = room.max((SCREEN_HALF / wide).min(1.0));
    for place in places {
        *place = place.times(by);
    }
}

/// The start: nodes by their distance from the focus in edges, on a spiral that turns by the golden angle.
fn spiral(beside: &[Vec<usize>]) -> Vec<Point> {
    const TURN: Point = Point {
        x: -0.737_368_878_078_320_1,
        y: 0.675_490_294_261_523_8,
    };
    let mut places = vec![Point::default(); beside.len()];
    let mut direction = Point { x: 1.0, y: 0.0 };
    for (turn, at) in (0_u32..).zip(by_distance(beside)) {
        if let Some(place) = places.get_mut(at) {
            *place = direction.times(SPRING * 0.8 * f64::from(turn).sqrt());
        }
        direction = Point {
            x: direction.x * TURN.x - direction.y * TURN.y,
            y: direction.x * TURN.y + direction.y * TURN.x,
        };
    }
    places
}

/// All nodes, the nearest to the focus first, those that no edge reaches last.
fn by_distance(beside: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = vec![false; beside.len()];
    let mut order = Vec::with_capacity(beside.len());
    for start in 0..beside.len() {
        let mut next = std::collections::VecDeque::from([start]);
        while let Some(at) = next.pop_front() {
            match seen.get_mut(at) {
                Some(seen) if !*seen => *seen = true,
                Some(_) | None => continue,
            }
            order.push(at);
            next.extend(beside.get(at).into_iter().flatten());
        }
    }
    order
}

/// What moves each node: to the middle, away from every other, and along its edges.
fn forces(places: &[Point], beside: &[Vec<usize>]) -> Vec<Point> {
    let middle = |place: &Point| place.times(-GRAVITY * place.length() / (SPRING * 8.0));
    let mut forces: Vec<Point> = places.iter().map(middle).collect();
    for (at, place) in places.iter().enumerate() {
        let (before, after) = forces.split_at_mut(at + 1);
        let Some(own) = before.last_mut() else {
            continue;
        };
        // Two push each other alike: each pair is looked at once.
        for (other, theirs) in places.iter().skip(at + 1).zip(after) {
            let way = place.minus(*other);
            let square = (way.x * way.x + way.y * way.y).max(1.0);
            let push = way.times(SPRING * SPRING / square);
            *own = own.plus(push);
            *theirs = theirs.minus(push);
        }
    }
    for ((force, place), near) in forces.iter_mut().zip(places).zip(beside) {
        for from in near.iter().filter_map(|near| places.get(*near)) {
            let way = place.minus(*from);
            *force = force.plus(way.times(-way.length() / SPRING));
        }
    }
    forces
}

/// Pushes boxes that overlap apart, along the way that is shorter. The focus stays.
fn apart(places: &mut [Point], boxes: &[Half]) {
    for _ in 0..APART_ROUNDS {
        let mut moved = false;
        for first in 0..places.len() {
            let (before, after) = places.split_at_mut(first + 1);
            let (Some(a), Some(box_a)) = (before.last_mut(), boxes.get(first)) else {
                continue;
            };
            for (b, box_b) in after.iter_mut().zip(boxes.iter().skip(first + 1)) {
                moved |= push(a, b, first == 0, *box_a, *box_b);
            }
        }
        if !moved {
            break;
        }
    }
}

/// Moves two places apart if their boxes overlap, and says whether they did.
fn push(a: &mut Point, b: &mut Point, a_stays: bool, box_a: Half, box_b: Half) -> bool {
    let over_x = box_a.x + box_b.x - (a.x - b.x).abs();
    let over_y = box_a.y + box_b.y - (a.y - b.y).abs();
    if over_x <= 0.0 || over_y <= 0.0 {
        return false;
    }
    // A little further than needed: what only touches is pushed back by the next.
    let (over_x, over_y) = (over_x * 1.2 + 1.0, over_y * 1.2 + 1.0);
    let (share_a, share_b) = if a_stays { (0.0, 1.0) } else { (0.5, 0.5) };
    if over_x < over_y * WIDE {
        let by = if a.x <= b.x { over_x } else { -over_x };
        a.x -= by * share_a;
        b.x += by * share_b;
    } else {
        let by = if a.y <= b.y { over_y } else { -over_y };
        a.y -= by * share_a;
        b.y += by * share_b;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn star(count: usize) -> Vec<Vec<usize>> {
        (0..count)
            .map(|at| {
                if at == 0 {
                    (1..count).collect()
                } else {
                    vec![0]
                }
            })
            .collect()
    }

    #[test]
    fn boxes_of_a_star_of_two_hundred_do_not_overlap() {
        let beside = star(200);
        let boxes = vec![Half { x: 60.0, y: 16.0 }; 200];
        let places = place(&beside, &boxes);
        assert_eq!(places[0], Point::default());
        let mut over = 0;
        for (at, a) in places.iter().enumerate() {
            for b in &places[at + 1..] {
                if (a.x - b.x).abs() < 119.0 && (a.y - b.y).abs() < 31.0 {
                    over += 1;
                }
            }
        }
        assert_eq!(over, 0);
    }

    #[test]
    fn nodes_without_edges_and_with_edges_to_themselves_have_a_place() {
        for beside in [vec![], vec![vec![]], vec![vec![0], vec![], vec![2, 2]]] {
            let boxes = vec![Half { x: 10.0, y: 10.0 }; beside.len()];
            let places = place(&beside, &boxes);
            assert_eq!(places.len(), beside.len());
            assert!(
                places
                    .iter()
                    .all(|place| place.x.is_finite() && place.y.is_finite())
            );
        }
    }
}
