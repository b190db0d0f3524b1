//! The records of the object log: what was added to a view, what was removed from it.
//!
//! A group commit is one framed record (`segment`) that holds one *act* a request. An act carries everything that the
//! derived index needs to find an object again, so that replaying the log never depends on today's admission rules.
//! Objects lie side by side in an act, each followed by a comma: a page is a few ranges of the file.
//!
//! In scope: the byte layout, both ways. Out of scope: framing and durability (`segment`).
//! Limits: those of `segment`; every length is checked before it is used.

use bytes::{Buf, BufMut};
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::entry::Flags;

const KIND_APPEND: u8 = 1;
const KIND_REMOVE: u8 = 2;

/// What the log says of one object besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectMeta {
    pub(crate) length: u32,
    /// `modified`, else `created`, else when it was added: microseconds since 1970.
    pub(crate) version: i64,
    /// Nanoseconds past `version`, for timestamps that are finer than a microsecond.
    pub(crate) version_nanos: u16,
    pub(crate) flags: Flags,
    pub(crate) uuid: Uuid,
    pub(crate) type_name: String,
}

/// Objects added to one view by one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppendAct {
    pub(crate) view: u32,
    pub(crate) first_position: u64,
    /// The first object's `date_added`; each next one is a microsecond later.
    pub(crate) first_added: i64,
    /// The TAXII status that this request made, or nil.
    pub(crate) status: Uuid,
    pub(crate) requested: i64,
    /// What the status must tell besides the objects added: JSON of [`crate::objects::status::Notes`].
    pub(crate) notes: Vec<u8>,
    pub(crate) objects: Vec<ObjectMeta>,
}

/// One act of the log, decoded; `objects_at` is where the objects begin, in bytes from the act's start.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Objects were added.
    Append { act: AppendAct, objects_at: u64 },
    /// These positions of a view were removed.
    Remove { view: u32, positions: Vec<u64> },
}

/// Appends an act of adding to `out`; answers how far into the act its objects begin.
pub(crate) fn put_append<'a>(
    out: &mut Vec<u8>,
    act: &AppendAct,
    bodies: impl Iterator<Item = &'a [u8]>,
) -> u64 {
    let began = out.len();
    out.put_u32_le(0);
    out.put_u8(KIND_APPEND);
    out.put_u32_le(act.view);
    out.put_u64_le(act.first_position);
    out.put_i64_le(act.first_added);
    out.extend_from_slice(act.status.as_bytes());
    out.put_i64_le(act.requested);
    out.put_u32_le(u32::try_from(act.objects.len()).unwrap_or(u32::MAX));
    out.put_u32_le(u32::try_from(act.notes.len()).unwrap_or(u32::MAX));
    for object in &act.objects {
        out.put_u32_le(object.length);
        out.put_i64_le(object.version);
        out.put_u16_le(object.version_nanos);
        out.put_u16_le(object.flags.bits());
        out.extend_from_slice(object.uuid.as_bytes());
        let name = object.type_name.as_bytes();
        out.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(name.get(..usize::from(u8::MAX)).unwrap_or(name));
    }
    out.extend_from_slice(&act.notes);
    let objects_at = out.len() - began;
    for body in bodies {
        out.extend_from_slice(body);
        out.push(b',');
    }
    close_act(out, began);
    u64::try_from(objects_at).unwrap_or(u64::MAX)
}

/// Appends an act of removing to `out`.
pub(crate) fn put_remove(out: &mut Vec<u8>, view: u32, positions: &[u64]) {
    let began = out.len();
    out.put_u32_le(0);
    out.put_u8(KIND_REMOVE);
    out.put_u32_le(view);
    out.put_u32_le(u32::try_from(positions.len()).unwrap_or(u32::MAX));
    for position in positions {
        out.put_u64_le(*position);
    }
    close_act(out, began);
}

fn close_act(out: &mut [u8], began: usize) {
    let length = u32::try_from(out.len() - began).unwrap_or(u32::MAX);
    if let Some(mut slot) = out.get_mut(began..) {
        slot.put_u32_le(length);
    }
}

/// Told of each act: its offset in the payload, what it is, its bytes.
pub(crate) type VisitAct<'a> = dyn FnMut(u64, Act, &[u8]) -> Result<(), StoreError> + 'a;

/// Calls `visit` with each act of a record's payload and the act's offset in it.
pub(crate) fn acts(payload: &[u8], visit: &mut VisitAct<'_>) -> Result<(), StoreError> {
    let mut offset = 0_usize;
    while offset < payload.len() {
        let rest = payload.get(offset..).unwrap_or_default();
        let bytes = act_bytes(rest).ok_or_else(broken)?;
        let act = decode(bytes)?;
        visit(u64::try_from(offset).unwrap_or(u64::MAX), act, bytes)?;
        offset += bytes.len();
    }
    Ok(())
}

fn act_bytes(rest: &[u8]) -> Option<&[u8]> {
    let mut head = rest.get(..4)?;
    let length = usize::try_from(head.get_u32_le()).ok()?;
    if length < 5 { None } else { rest.get(..length) }
}

/// The size in bytes of an act from its first four bytes.
pub(crate) fn act_length(mut head: &[u8]) -> usize {
    if head.len() < 4 {
        0
    } else {
        usize::try_from(head.get_u32_le()).unwrap_or(0)
    }
}

/// Decodes one act, given all of its bytes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Act, StoreError> {
    let mut input = bytes.get(4..).ok_or_else(broken)?;
    match input.try_get_u8().map_err(|_| broken())? {
        KIND_APPEND => decode_append(bytes.len(), input).ok_or_else(broken),
        KIND_REMOVE => decode_remove(input).ok_or_else(broken),
        kind => Err(StoreError::Row {
            table: "object log",
            what: format!("act of unknown kind {kind}"),
        }),
    }
}

fn decode_append(total: usize, mut input: &[u8]) -> Option<Act> {
    let view = input.try_get_u32_le().ok()?;
    let first_position = input.try_get_u64_le().ok()?;
    let first_added = input.try_get_i64_le().ok()?;
    let status = take_uuid(&mut input)?;
    let requested = input.try_get_i64_le().ok()?;
    let count = usize::try_from(input.try_get_u32_le().ok()?).ok()?;
    let notes_length = usize::try_from(input.try_get_u32_le().ok()?).ok()?;
    // An object's meta takes at least 33 bytes, so a count beyond that is damage, not a reason to allocate.
    let mut objects = Vec::with_capacity(count.min(input.len() / 33));
    for _ in 0..count {
        objects.push(take_meta(&mut input)?);
    }
    let notes = input.get(..notes_length)?.to_vec();
    input.advance(notes_length);
    let objects_at = u64::try_from(total - input.len()).ok()?;
    let act = AppendAct {
        view,
        first_position,
        first_added,
        status,
        requested,
        notes,
        objects,
    };
    Some(Act::Append { act, objects_at })
}

fn take_meta(input: &mut &[u8]) -> Option<ObjectMeta> {
    let length = input.try_get_u32_le().ok()?;
    let version = input.try_get_i64_le().ok()?;
    let version_nanos = input.try_get_u16_le().ok()?;
    let flags = Flags::from_bits(input.try_get_u16_le().ok()?);
    let uuid = take_uuid(input)?;
    let name_length = usize::from(input.try_get_u8().ok()?);
    let name = std::str::from_utf8(input.get(..name_length)?)
        .ok()?
        .to_owned();
    input.advance(name_length);
    Some(ObjectMeta {
        length,
        version,
        version_nanos,
        flags,
        uuid,
        type_name: name,
    })
}

fn take_uuid(input: &mut &[u8]) -> Option<Uuid> {
    let uuid = Uuid::from_slice(input.get(..16)?).ok()?;
    input.advance(16);
    Some(uuid)
}

fn decode_remove(mut input: &[u8]) -> Option<Act> {
    let view = input.try_get_u32_le().ok()?;
    let count = usize::try_from(input.try_get_u32_le().ok()?).ok()?;
    let mut positions = Vec::with_capacity(count.min(input.len() / 8));
    for _ in 0..count {
        positions.push(input.try_get_u64_le().ok()?);
    }
    Some(Act::Remove { view, positions })
}

fn broken() -> StoreError {
    StoreError::Row {
        table: "object log",
        what: "an act that ends before its fields do".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> AppendAct {
        let meta = |n: u128, length| ObjectMeta {
            length,
            version: 1_700_000_000_000_000,
            version_nanos: 120,
            flags: Flags::REVOKED,
            uuid: Uuid::from_u128(n),
            type_name: "indicator".to_owned(),
        };
        AppendAct {
            view: 7,
            first_position: 40,
            first_added: 1_700_000_000_000_001,
            status: Uuid::from_u128(9),
            requested: 3,
            notes: br#"{"failures":[]}"#.to_vec(),
            objects: vec![meta(1, 3), meta(2, 2)],
        }
    }

    #[test]
    fn acts_come_back_as_they_were_put() {
        let mut payload = Vec::new();
        let bodies: [&[u8]; 2] = [b"abc", b"de"];
        let at = put_append(&mut payload, &sample(), bodies.into_iter());
        put_remove(&mut payload, 7, &[40, 41]);
        let mut seen = Vec::new();
        acts(&payload, &mut |offset, act, bytes| {
            seen.push((offset, act, bytes.len()));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen.len(), 2);
        assert_eq!(
            seen[0].1,
            Act::Append {
                act: sample(),
                objects_at: at
            }
        );
        let begin = usize::try_from(at).unwrap();
        assert_eq!(&payload[begin..begin + 7], b"abc,de,");
        assert_eq!(
            seen[1].1,
            Act::Remove {
                view: 7,
                positions: vec![40, 41]
            }
        );
    }

    #[test]
    fn no_cut_or_flipped_byte_makes_decoding_panic() {
        let mut payload = Vec::new();
        put_append(&mut payload, &sample(), std::iter::once(b"abc".as_slice()));
        for i in 0..payload.len() {
            let mut bent = payload.clone();
            bent[i] ^= 0xff;
            let _ = acts(&bent, &mut |_, _, _| Ok(()));
            let _ = acts(&payload[..i], &mut |_, _, _| Ok(()));
        }
    }
}
