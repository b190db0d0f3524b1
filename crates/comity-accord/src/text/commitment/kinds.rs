//! The table of the sixteen kinds of commitments: words, meanings, parameters with their defaults and bounds.
//!
//! The defaults belong to `format = 1` of the accord's text and never change within it.
//!
//! In scope: the table. Out of scope: reading a commitment (the module above), judging one.

use super::{CommitmentKind, KindRow, Parameter, ParameterForm};

const fn number(
    name: &'static str,
    default: u32,
    (least, most): (u32, u32),
    about: &'static str,
) -> Parameter {
    let form = ParameterForm::Number {
        default,
        least,
        most,
    };
    Parameter { name, form, about }
}

const fn percent(default: u32) -> Parameter {
    number(
        "percent",
        default,
        (1, 100),
        "The share that must be reached.",
    )
}

const fn kind(
    kind: CommitmentKind,
    word: &'static str,
    about: &'static str,
    parameters: &'static [Parameter],
) -> KindRow {
    let needs_calendar = matches!(kind, CommitmentKind::AcknowledgementTimeliness);
    KindRow {
        kind,
        word,
        about,
        parameters,
        needs_calendar,
    }
}

const HOURS: (u32, u32) = (1, 8_784);
const DAYS: (u32, u32) = (1, 3_660);

/// Zero says that a stage, or a clock, is not asked for.
const HOURS_OR_NONE: (u32, u32) = (0, 8_784);
const DAYS_OR_NONE: (u32, u32) = (0, 3_660);

/// The stages of reports: what starts each clock, and how long it runs.
const STAGES: &[Parameter] = &[
    Parameter {
        name: "regime",
        form: ParameterForm::Word {
            default: "any",
            allowed: &[
                "any",
                "nis2",
                "dora",
                "gdpr",
                "cra",
                "cra-vulnerability",
                "other",
            ],
        },
        about: "By which rules an incident is reported for it to count.",
    },
    number(
        "early_warning_hours",
        24,
        HOURS_OR_NONE,
        "The early warning: hours after awareness.",
    ),
    number(
        "classification_hours",
        0,
        HOURS_OR_NONE,
        "The early warning: hours after classification; the earlier of both counts.",
    ),
    number(
        "notification_hours",
        72,
        HOURS_OR_NONE,
        "The notification: hours after awareness.",
    ),
    number(
        "intermediate_hours",
        0,
        HOURS_OR_NONE,
        "The intermediate report: hours after the early warning.",
    ),
    Parameter {
        name: "final_after",
        form: ParameterForm::Word {
            default: "notification",
            allowed: &["notification", "intermediate", "measure"],
        },
        about: "What starts the clock of the final report: the stage before it, or that a measure is available.",
    },
    number(
        "final_days",
        30,
        DAYS_OR_NONE,
        "The final report: days after that.",
    ),
    number(
        "final_months",
        0,
        (0, 120),
        "The final report: months of the calendar after that, in the place of days.",
    ),
];

/// The kinds, with their parameters.
pub const KINDS: &[KindRow] = &[
    kind(
        CommitmentKind::AcknowledgementTimeliness,
        "acknowledgement-timeliness",
        "Requests for assistance are acknowledged by a person within the time of their urgency. Needs a calendar.",
        &[
            number("emergency_hours", 1, HOURS, "Emergencies."),
            number("urgent_hours", 4, HOURS, "Urgent requests."),
            number(
                "routine_working_days",
                2,
                DAYS,
                "Routine requests, in working days of the calendar.",
            ),
            percent(90),
        ],
    ),
    kind(
        CommitmentKind::AnswerTimeliness,
        "answer-timeliness",
        "Requests get a final answer, or are declined with a reason, within the time of their urgency; the time during \
         which a request is returned as incomplete does not count.",
        &[
            number("emergency_hours", 24, HOURS, "Emergencies."),
            number("urgent_days", 5, DAYS, "Urgent requests."),
            number("routine_days", 30, DAYS, "Routine requests."),
            percent(90),
        ],
    ),
    kind(
        CommitmentKind::InterimCadence,
        "interim-cadence",
        "While a request is accepted, no gap between two messages of the answering party is longer.",
        &[
            number(
                "urgent_hours",
                24,
                HOURS,
                "Emergencies and urgent requests.",
            ),
            number("routine_days", 7, DAYS, "Routine requests."),
        ],
    ),
    kind(
        CommitmentKind::RequestCompleteness,
        "request-completeness",
        "Requests sent are not returned as incomplete; it binds the requester.",
        &[percent(80)],
    ),
    kind(
        CommitmentKind::AnswerFeedback,
        "answer-feedback",
        "Answers get feedback from the requester.",
        &[
            number("days", 14, DAYS, "Days after the answer."),
            percent(80),
        ],
    ),
    kind(
        CommitmentKind::SightingFeedback,
        "sighting-feedback",
        "Indicators received get a sighting, or the word that none was seen.",
        &[number("days", 30, DAYS, "Days after receipt."), percent(50)],
    ),
    kind(
        CommitmentKind::Reciprocity,
        "reciprocity",
        "The smaller of the two directions of sharing is at least this share of the larger.",
        &[
            Parameter {
                name: "class",
                form: ParameterForm::Word {
                    default: "indicators",
                    allowed: &["indicators", "reports", "samples"],
                },
                about: "What is counted.",
            },
            percent(50),
        ],
    ),
    kind(
        CommitmentKind::SharingCadence,
        "sharing-cadence",
        "Every ISO week of the period has this many deliveries.",
        &[number(
            "deliveries_min",
            1,
            (1, 10_000),
            "Deliveries each week.",
        )],
    ),
    kind(
        CommitmentKind::SampleTurnaround,
        "sample-turnaround",
        "A sample received is answered with an analysis report.",
        &[number("days", 10, DAYS, "Days after receipt."), percent(80)],
    ),
    kind(
        CommitmentKind::ContactCheck,
        "contact-check",
        "Checks of points of contact are answered in time, and tests of the hotline at once.",
        &[
            number("answer_minutes", 240, (1, 43_200), "Minutes for a check."),
            number(
                "hotline_minutes",
                5,
                (1, 1_440),
                "Minutes for a test of the hotline.",
            ),
            percent(90),
        ],
    ),
    kind(
        CommitmentKind::ContactFreshness,
        "contact-freshness",
        "On every day of the period each point of contact was verified within this many days.",
        &[number(
            "days",
            180,
            DAYS,
            "The greatest age of a verification.",
        )],
    ),
    kind(
        CommitmentKind::ReleaseCeiling,
        "release-ceiling",
        "Nothing is released to somebody whom its label excludes. A party attests it; it is not proven.",
        &[],
    ),
    kind(
        CommitmentKind::PurgeConfirmation,
        "purge-confirmation",
        "Every purge that fell due is confirmed.",
        &[number("days", 5, DAYS, "Days after it fell due.")],
    ),
    kind(
        CommitmentKind::PreservationKept,
        "preservation-kept",
        "Nothing held for the other party is gone before its date without a release.",
        &[],
    ),
    kind(
        CommitmentKind::StagedReports,
        "staged-reports",
        "Reports on an incident come in their stages: early warning, notification, intermediate report, final report. A stage \
         whose figures are 0 is not asked for.",
        STAGES,
    ),
    kind(
        CommitmentKind::Exercise,
        "exercise",
        "Exercises are completed with the after-action reports of both sides.",
        &[number(
            "per_half_year",
            1,
            (1, 26),
            "Exercises in each half-year.",
        )],
    ),
];
