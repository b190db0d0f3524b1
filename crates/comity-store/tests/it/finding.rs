//! Finding objects: by id, by observable value, by what refers to them, by their words.
//!
//! In scope: what is found, in which order, and that it is found at once, after the index was written and after a new
//! start. Out of scope: how values are read out of objects (`comity-stix`).

use comity_stix::admission::{ObservableValue, ValueKind};
use comity_store::objects::ViewId;

use crate::engine::{Bench, VIEW, append, object_id, of_object, on_each_engine, texts};
use crate::sample::{
    address, address_id, indicator, indicator_20, indicator_id, indicator_named, relationship,
};

/// Looks while the index waits, after it was written, and after a new start.
fn at_each_stage(bench: &mut Bench, check: impl Fn(&Bench)) {
    check(bench);
    bench.store().search(&[VIEW], "flushes", 1).unwrap();
    check(bench);
    bench.reopen();
    check(bench);
    if bench.is_embedded() {
        bench.crash(|_| {});
        check(bench);
    }
}

#[test]
fn an_object_is_held_by_the_views_that_it_was_added_to() {
    on_each_engine(|bench| {
        bench.append(append(
            ViewId(1),
            5,
            &[indicator(1, 1), indicator(1, 3), indicator(1, 2)],
        ));
        bench.append(append(ViewId(2), 9, &[indicator(1, 2), indicator_20(1, 7)]));
        at_each_stage(bench, |bench| {
            let id = object_id(&indicator_id(1));
            let views = [ViewId(1), ViewId(2), ViewId(3)];
            assert_eq!(
                views.map(|v| bench.store().holds(v, &id).unwrap()),
                [true, true, false]
            );
            let newest = bench.store().newest(&views, &id).unwrap();
            assert_eq!(texts(&newest), [indicator(1, 2), indicator(1, 3)]);
            assert_eq!(newest[0].view, ViewId(2));
            assert_eq!(
                texts(&bench.store().newest(&views[..1], &id).unwrap()),
                [indicator(1, 3)]
            );
            let absent = object_id(&indicator_id(2));
            assert_eq!(bench.store().newest(&views, &absent).unwrap(), []);
        });
    });
}

#[test]
fn objects_are_found_by_the_values_they_carry_newest_first() {
    on_each_engine(|bench| {
        bench.append(append(ViewId(2), 1_000, &[address(1, 0), address(2, 0)]));
        bench.append(append(ViewId(1), 2_000, &[address(2, 5), indicator(1, 0)]));
        bench.append(append(ViewId(2), 3_000, &[address(257, 0)])); // the same address as 1
        at_each_stage(bench, |bench| {
            let views = [ViewId(1), ViewId(2)];
            let of = |text: &str| ObservableValue::new(ValueKind::Ipv4, text);
            let find = |values: &[ObservableValue], limit| {
                texts(&bench.store().by_value(&views, values, limit).unwrap())
            };
            assert_eq!(
                find(&[of("198.51.100.1")], 9),
                [address(257, 0), address(1, 0)]
            );
            let both = [of("198.51.100.2"), of("198.51.100.1"), of("192.0.2.9")];
            assert_eq!(
                find(&both, 9),
                [address(257, 0), address(2, 5), address(2, 0), address(1, 0)]
            );
            // The limit keeps the newest, whichever view has them.
            assert_eq!(find(&both, 2), [address(257, 0), address(2, 5)]);
            assert_eq!(find(&[of("192.0.2.9")], 9), [] as [String; 0]);
            assert_eq!(find(&[], 9), [] as [String; 0]);
            let host = ObservableValue::new(ValueKind::Domain, "host-1.example.com");
            assert_eq!(find(&[host], 9), [indicator(1, 0)]);
            let one = bench.store().by_value(&views[..1], &both, 9).unwrap();
            assert_eq!(texts(&one), [address(2, 5)]);
            let of_each = |each| {
                let found = bench.store().by_each_value(&views, &both, each).unwrap();
                found.iter().map(|found| texts(found)).collect::<Vec<_>>()
            };
            let (two, one) = (
                vec![address(2, 5), address(2, 0)],
                vec![address(257, 0), address(1, 0)],
            );
            assert_eq!(of_each(9), [two.clone(), one.clone(), Vec::new()]);
            // One that many objects carry takes nothing from the others.
            let newest = |all: &[String]| all[..1].to_vec();
            assert_eq!(of_each(1), [newest(&two), newest(&one), Vec::new()]);
        });
    });
}

#[test]
fn neighbours_are_the_objects_that_refer_to_one() {
    on_each_engine(|bench| {
        let (a, b) = (indicator_id(1), address_id(1));
        bench.add(&[indicator(1, 0), address(1, 0)]);
        let first = relationship(1, &a, &b);
        let second = relationship(2, &indicator_id(9), &b);
        bench.add(&[first.clone(), second.clone()]);
        at_each_stage(bench, |bench| {
            let of = |id: &str, limit| {
                texts(
                    &bench
                        .store()
                        .neighbours(&[VIEW], &object_id(id), limit)
                        .unwrap(),
                )
            };
            assert_eq!(of(&b, 9), [second.clone(), first.clone()]);
            assert_eq!(of(&b, 1), [second.clone()]);
            assert_eq!(of(&a, 9), [first.clone()]);
            assert_eq!(of(&indicator_id(5), 9), [] as [String; 0]);
        });
    });
}

fn search(bench: &Bench, text: &str) -> Vec<String> {
    texts(&bench.store().search(&[VIEW], text, 9).unwrap())
}

#[test]
fn words_are_found_as_soon_as_the_object_is_there() {
    on_each_engine(|bench| {
        let loader = indicator_named(1, 0, "Zeus: loader of 2026");
        let chinese = indicator_named(2, 0, "针对银行的网络攻击活动");
        let mixed = indicator_named(3, 0, "APT组织 uses Zeus");
        bench.add(&[loader.clone(), chinese.clone(), mixed.clone()]);
        at_each_stage(bench, |bench| {
            assert_eq!(search(bench, "zeus"), [mixed.clone(), loader.clone()]);
            assert_eq!(search(bench, "LOADER zeus"), [loader.clone()]);
            assert_eq!(search(bench, "zeus -- nothing"), [] as [String; 0]);
            // Two characters are a word, wherever they stand.
            for word in ["网络", "攻击", "银行", "活动", "网络攻击"] {
                assert_eq!(search(bench, word), [chinese.clone()], "{word}");
            }
            assert_eq!(search(bench, "组织"), [mixed.clone()]);
            assert_eq!(search(bench, "击网"), [] as [String; 0]);
            assert_eq!(search(bench, ""), [] as [String; 0]);
            assert_eq!(search(bench, "\"*() :"), [] as [String; 0]);
        });
    });
}

#[test]
fn words_of_every_script_are_found() {
    on_each_engine(|bench| {
        // Vowel signs and accents are parts of words; so are letters in circles and digits of other scripts.
        let names = [
            "हिन्दी चेतावनी",
            "การโจมตี",
            "caf\u{e9} cre\u{301}me",
            "ⓐⓑ ५६",
            "Überfall ПРИВЕТ",
            "ひらがな 한국어",
            "İstanbul",
        ];
        let objects: Vec<String> = (0..)
            .zip(names)
            .map(|(n, name)| indicator_named(n, 0, name))
            .collect();
        bench.add(&objects);
        at_each_stage(bench, |bench| {
            for (name, object) in names.iter().zip(&objects) {
                for word in name.split(' ') {
                    assert_eq!(search(bench, word), [object.clone()], "{word}");
                }
                assert_eq!(search(bench, name), [object.clone()], "{name}");
            }
            assert_eq!(search(bench, "привет"), [objects[4].clone()]);
        });
    });
}

#[test]
fn only_what_is_shown_is_found_and_the_limit_keeps_the_newest() {
    on_each_engine(|bench| {
        bench.append(append(
            ViewId(1),
            1_000,
            &[
                indicator_named(1, 1, "worm one"),
                indicator_named(2, 1, "worm two"),
            ],
        ));
        bench.append(append(
            ViewId(2),
            2_000,
            &[indicator_named(3, 1, "worm three")],
        ));
        bench.append(append(
            ViewId(1),
            3_000,
            &[
                indicator_named(1, 2, "renamed worm"),
                indicator_named(4, 1, "worm four"),
            ],
        ));
        bench.remove(of_object(&indicator_id(4)));
        at_each_stage(bench, |bench| {
            let views = [ViewId(1), ViewId(2)];
            let find = |limit| texts(&bench.store().search(&views, "worm", limit).unwrap());
            let all = [
                indicator_named(1, 2, "renamed worm"),
                indicator_named(3, 1, "worm three"),
                indicator_named(2, 1, "worm two"),
            ];
            assert_eq!(find(9), all);
            assert_eq!(find(2), all[..2]);
            assert_eq!(find(1), all[..1]);
            assert_eq!(
                texts(&bench.store().search(&views, "one", 9).unwrap()),
                [] as [String; 0]
            );
            let turned = [ViewId(2), ViewId(1)];
            assert_eq!(
                texts(&bench.store().search(&turned, "worm", 1).unwrap()),
                all[..1]
            );
        });
    });
}
