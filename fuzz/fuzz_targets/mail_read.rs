//! Mails of any bytes: what the guard lets pass is read; what is read keeps to its limits and its bounds.
#![no_main]

use comity_mail::archive::{ArchiveLimits, PASSWORDS, extract};
use comity_mail::carried::{CarriedLimits, Place, classify};
use comity_mail::guard::{GuardLimits, Verdict, guard};
use comity_mail::reading::{ContentKind, Coverage, ReadLimits, read, safe_name};
use libfuzzer_sys::fuzz_target;

/// Small ones, so that small inputs reach them.
const LIMITS: ReadLimits = ReadLimits {
    depth_max: 5,
    parts_max: 20,
    text_bytes_max: 2_000,
    decoded_bytes_max: 20_000,
    entries_max: 4,
};
const ARCHIVES: ArchiveLimits = ArchiveLimits {
    entries_max: 10,
    ratio_max: 100,
    total_bytes_max: 200_000,
    depth_max: 2,
};

fuzz_target!(|bytes: &[u8]| {
    let passed = guard(bytes, &GuardLimits::EXCHANGE) == Verdict::Pass;
    let Ok(mail) = read(bytes, &LIMITS, &["cert-a.example"]) else {
        assert!(!passed, "what passes is read");
        return;
    };
    assert!(mail.parts.len() <= LIMITS.parts_max);
    for part in &mail.parts {
        assert!(part.depth < LIMITS.depth_max);
        assert!(bytes.get(part.whole()).is_some() && part.header.end <= part.body.start);
        if let Some(parent) = part.parent.map(|parent| &mail.parts[parent]) {
            assert!(parent.body.start <= part.header.start && part.body.end <= parent.body.end);
        }
    }
    for block in &mail.texts {
        assert!(
            !block
                .text
                .contains(|letter: char| letter.is_control() && letter != '\n' && letter != '\t')
        );
        assert!(!block.text.contains('\u{202e}'));
    }
    for one in &mail.protections {
        assert!(one.coverage == Coverage::Nothing || one.bytes(bytes, &mail.parts).is_some());
    }
    for one in &mail.attachments {
        assert!(!one.name.is_empty() && !one.name.contains(['/', '\\', '\n', '\r', '\0']));
        assert_eq!(
            safe_name(&one.name),
            (one.name.clone(), false),
            "what is safe stays"
        );
        if one.kind == ContentKind::Zip
            && let Ok(members) = extract(&one.bytes, &ARCHIVES, &PASSWORDS)
        {
            let total: usize = members.iter().map(|member| member.bytes.len()).sum();
            assert!(total <= 200_000 && members.len() <= ARCHIVES.entries_max);
        }
    }
    for carried in classify(
        &mail,
        &CarriedLimits {
            archive: ARCHIVES,
            ..CarriedLimits::EXCHANGE
        },
    ) {
        match carried.place {
            Place::Text(index) => assert_eq!(carried.covered_by, mail.texts[index].covered_by),
            Place::Attachment(index) => {
                assert_eq!(carried.covered_by, mail.attachments[index].covered_by)
            }
            Place::Protection(index) => assert!(index < mail.protections.len()),
            Place::Mail => assert!(mail.texts.is_empty()),
        }
    }
});
