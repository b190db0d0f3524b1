//! Tests of plans: when checks go out, and that nothing is learnt from the last one.

use super::*;

/// A Monday at midnight, 2026-10-05.
const MONDAY: i64 = 1_791_158_400;

/// Numbers that are drawn in turn, each below its bound.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |bound| {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

fn checked(hours: &str) -> Checked {
    Checked {
        party: PartyName::parse("bravo").unwrap(),
        contact: "technical",
        label: Tlp::Green,
        calendar: calendar("Asia/Shanghai", Hours::parse(hours).unwrap()),
    }
}

fn weekly() -> Schedule {
    Schedule {
        check_days: 7,
        check_hours: Hours::parse("mon-fri 00:00-12:00").unwrap(),
        unannounced_days: 10,
    }
}

#[test]
fn a_scheduled_check_goes_out_at_a_drawn_minute_of_the_first_day_that_is_worked() {
    let contact = checked("mon-fri 09:00-17:00");
    let slot = MONDAY.div_euclid(7 * DAY);
    let start = slot * 7 * DAY;
    let mut moments = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let plan = weekly()
            .next(Kind::Scheduled, None, (&contact, start), &mut numbers(seed))
            .unwrap();
        assert_eq!((plan.slot, plan.state.as_str()), (slot, WAITING));
        // Both calendars hold: 09:00 to 17:00 in Shanghai is 01:00 to 09:00 in UTC.
        let of_day = plan.at.rem_euclid(DAY);
        assert!((HOUR..9 * HOUR).contains(&of_day), "{of_day}");
        moments.insert(plan.at);
        // It stands until the stretch is over, and then the next one is drawn.
        let again = weekly().next(
            Kind::Scheduled,
            Some(&plan),
            (&contact, start + 60),
            &mut numbers(1),
        );
        assert_eq!(again, None);
        let opened = PlannedRow {
            state: OPENED.to_owned(),
            ..plan
        };
        let later = |now| {
            weekly().next(
                Kind::Scheduled,
                Some(&opened),
                (&contact, now),
                &mut numbers(2),
            )
        };
        assert_eq!(later(start + 7 * DAY - 1), None);
        assert_eq!(later(start + 7 * DAY).unwrap().slot, slot + 1);
    }
    assert!(moments.len() > 190, "the hour is drawn: {}", moments.len());
    let days: std::collections::BTreeSet<i64> =
        moments.iter().map(|at| at.div_euclid(DAY)).collect();
    assert_eq!(days.len(), 1, "the day is the calendar's");
}

#[test]
fn a_plan_that_could_not_be_followed_is_drawn_anew_in_its_stretch_or_missed() {
    let contact = checked("24x7");
    let slot = MONDAY.div_euclid(7 * DAY);
    let plan = weekly()
        .next(
            Kind::Scheduled,
            None,
            (&contact, slot * 7 * DAY),
            &mut numbers(7),
        )
        .unwrap();
    let late = plan.at + LATE_SECONDS + 1;
    let anew = weekly()
        .next(
            Kind::Scheduled,
            Some(&plan),
            (&contact, late),
            &mut numbers(8),
        )
        .unwrap();
    assert_eq!(anew.slot, plan.slot);
    assert!(anew.at >= late && anew.thread != plan.thread);
    let last = (slot + 1) * 7 * DAY - 60;
    let schedule = Schedule {
        check_hours: Hours::parse("mon-fri 00:00-00:01").unwrap(),
        ..weekly()
    };
    let missed = schedule
        .next(
            Kind::Scheduled,
            Some(&plan),
            (&contact, last),
            &mut numbers(9),
        )
        .unwrap();
    assert_eq!(missed.state, MISSED);
    assert_eq!(
        schedule.next(
            Kind::Scheduled,
            Some(&missed),
            (&contact, last + 1),
            &mut numbers(9)
        ),
        None
    );
}

#[test]
fn unannounced_checks_keep_their_mean_and_have_no_rhythm() {
    let contact = checked("24x7");
    let schedule = weekly();
    let mut draw = numbers(42);
    let (mut now, mut known, mut gaps) = (MONDAY, None::<PlannedRow>, Vec::new());
    for _ in 0..600 {
        let plan = schedule
            .next(
                Kind::Unannounced,
                known.as_ref(),
                (&contact, now),
                &mut draw,
            )
            .unwrap();
        assert!(plan.at > now);
        gaps.push(plan.at - now);
        now = plan.at;
        known = Some(PlannedRow {
            state: OPENED.to_owned(),
            ..plan
        });
    }
    let mean = gaps.iter().sum::<i64>() / i64::try_from(gaps.len()).unwrap();
    assert!((8 * DAY..12 * DAY).contains(&mean), "{mean}");
    // Whatever time passed, the same share of what is left comes in the next ten days: 63 of 100.
    for passed in [0, 5, 10, 20] {
        let left: Vec<&i64> = gaps.iter().filter(|gap| **gap > passed * DAY).collect();
        let soon = left
            .iter()
            .filter(|gap| ***gap <= (passed + 10) * DAY)
            .count();
        let share = soon * 100 / left.len();
        assert!(
            (50..76).contains(&share),
            "after {passed} days: {share} of 100"
        );
    }
}

#[test]
fn an_unannounced_check_keeps_to_the_hours_of_its_contact() {
    let contact = checked("mon,tue 10:00-11:00");
    for seed in 0..100 {
        let plan = weekly()
            .next(
                Kind::Unannounced,
                None,
                (&contact, MONDAY),
                &mut numbers(seed),
            )
            .unwrap();
        assert!(contact.calendar.is_working(plan.at), "{}", plan.at);
    }
}
