//! The packets of MQTT that one who publishes needs: versions 3.1.1 (OASIS, 2014) and 5.0 (OASIS, 2019).
//!
//! Written and read here because a client library resolves names by itself, past the guard.

use ngsi_ld::subscription::MqttVersion;

/// The largest packet that is accepted from a broker, in bytes; acknowledgements are small.
pub(super) const MAX_PACKET: usize = 64 << 10;
/// `PINGREQ`.
pub(super) const PING: [u8; 2] = [0xC0, 0];
/// `DISCONNECT`, normal.
pub(super) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// `CONNECT` with a clean session.
pub(super) fn connect(
    version: MqttVersion,
    client_id: &str,
    username: Option<&str>,
    password: Option<&str>,
    keep_alive_s: u16,
) -> Option<Vec<u8>> {
    let mut flags = 0b10; // clean session, clean start
    flags |= if username.is_some() { 0x80 } else { 0 };
    flags |= if password.is_some() { 0x40 } else { 0 };
    let mut body = Vec::new();
    text(&mut body, "MQTT")?;
    body.push(match version {
        MqttVersion::V3 => 4,
        MqttVersion::V5 => 5,
    });
    body.push(flags);
    body.extend(keep_alive_s.to_be_bytes());
    if version == MqttVersion::V5 {
        body.push(0); // no properties
    }
    text(&mut body, client_id)?;
    for part in [username, password].into_iter().flatten() {
        text(&mut body, part)?;
    }
    packet(0x10, &body)
}

/// `PUBLISH`, with its quality of service and, unless that is 0, its identifier.
pub(super) fn publish(
    version: MqttVersion,
    topic: &str,
    (qos, id): (u8, u16),
    payload: &[u8],
) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(payload.len() + topic.len() + 8);
    text(&mut body, topic)?;
    if qos > 0 {
        body.extend(id.to_be_bytes());
    }
    if version == MqttVersion::V5 {
        body.push(0);
    }
    body.extend(payload);
    packet(0x30 | (qos << 1), &body)
}

/// `PUBREL`.
pub(super) fn release(id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [0x62, 2, high, low]
}

fn packet(head: u8, body: &[u8]) -> Option<Vec<u8>> {
    let mut packet = vec![head];
    let mut length = body.len();
    if length > 268_435_455 {
        return None; // what four bytes can say (2.2.3)
    }
    loop {
        let byte = u8::try_from(length % 128).unwrap_or_default();
        length /= 128;
        packet.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    packet.extend(body);
    Some(packet)
}

/// A text with its length; `None` where it is too long.
fn text(into: &mut Vec<u8>, text: &str) -> Option<()> {
    into.extend(u16::try_from(text.len()).ok()?.to_be_bytes());
    into.extend(text.as_bytes());
    Some(())
}

/// What a broker of version 5 asks for in its `CONNACK` (3.2.2.3); of version 3, nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// Messages of quality of service 1 and 2 that it takes at once.
    pub(super) receive_maximum: u16,
    /// The largest packet it takes, in bytes.
    pub(super) maximum_packet: usize,
    /// The keep-alive that it wants instead of ours.
    pub(super) keep_alive_s: Option<u16>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            receive_maximum: u16::MAX,
            maximum_packet: usize::MAX,
            keep_alive_s: None,
        }
    }
}

impl Terms {
    /// Reads properties; what comes after one that is malformed or unknown is not read.
    fn read(properties: &[u8]) -> Self {
        let mut terms = Self::default();
        let Some(Ok((length, said))) = length(properties) else {
            return terms;
        };
        let mut rest = properties.get(said..said + length).unwrap_or_default();
        while let Some((&property, value)) = rest.split_first() {
            let number = |bytes: usize| {
                let bytes = value.get(..bytes)?;
                Some(
                    bytes
                        .iter()
                        .fold(0_usize, |number, byte| (number << 8) | usize::from(*byte)),
                )
            };
            let text = |at: usize| {
                let length = value.get(at..at + 2)?;
                Some(at + 2 + ((usize::from(length[0]) << 8) | usize::from(length[1])))
            };
            let size = match property {
                0x24 | 0x25 | 0x28 | 0x29 | 0x2A => Some(1),
                0x13 | 0x21 | 0x22 => Some(2),
                0x11 | 0x27 => Some(4),
                0x12 | 0x15 | 0x16 | 0x1A | 0x1C | 0x1F => text(0),
                0x26 => text(0).and_then(text),
                _ => None,
            };
            let Some(next) = size.and_then(|size| value.get(size..)) else {
                return terms;
            };
            let short = || number(2).and_then(|number| u16::try_from(number).ok());
            match property {
                0x13 => terms.keep_alive_s = short().filter(|seconds| *seconds > 0),
                0x21 => terms.receive_maximum = short().unwrap_or(1).max(1),
                0x27 => terms.maximum_packet = number(4).unwrap_or(usize::MAX),
                _ => {}
            }
            rest = next;
        }
        terms
    }
}

/// What a broker said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// `CONNACK` with its code, 0 for accepted.
    Connected(u8, Terms),
    /// `PUBACK` of a message with its reason.
    Acknowledged(u16, u8),
    /// `PUBREC` of a message with its reason.
    Received(u16, u8),
    /// `PUBCOMP` of a message with its reason.
    Complete(u16, u8),
    /// `PINGRESP`.
    Pong,
    /// `DISCONNECT` of version 5 with its reason.
    Disconnected(u8),
    /// Anything else.
    Other,
}

/// The length that the bytes after a packet's first one say: the length and how many bytes said it. `None`: more bytes
/// are needed.
pub(super) fn length(bytes: &[u8]) -> Option<Result<(usize, usize), &'static str>> {
    let mut length = 0;
    for (index, byte) in bytes.iter().enumerate().take(4) {
        length |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some(Ok((length, index + 1)));
        }
    }
    (bytes.len() >= 4).then_some(Err("a packet's length is malformed"))
}

/// Takes the first packet out of what was read, if all of it is there.
pub(super) fn take(buffer: &mut Vec<u8>) -> Result<Option<Answer>, &'static str> {
    let Some((&head, rest)) = buffer.split_first() else {
        return Ok(None);
    };
    let Some(said) = length(rest) else { return Ok(None) };
    let (length, bytes) = said?;
    if length > MAX_PACKET {
        return Err("the broker sent a packet that is too large for an answer");
    }
    let Some(body) = rest.get(bytes..bytes + length) else {
        return Ok(None);
    };
    let answer = answer(head, body);
    buffer.drain(..1 + bytes + length);
    Ok(Some(answer))
}

/// Reads a whole packet.
fn answer(head: u8, body: &[u8]) -> Answer {
    let reason = |at: usize| body.get(at).copied().unwrap_or(0);
    let id = match body {
        [high, low, ..] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    };
    match head >> 4 {
        2 if body.len() >= 2 => {
            let terms = body.get(2..).filter(|properties| !properties.is_empty());
            Answer::Connected(reason(1), terms.map(Terms::read).unwrap_or_default())
        }
        4 if id > 0 => Answer::Acknowledged(id, reason(2)),
        5 if id > 0 => Answer::Received(id, reason(2)),
        7 if id > 0 => Answer::Complete(id, reason(2)),
        13 => Answer::Pong,
        14 => Answer::Disconnected(reason(0)),
        _ => Answer::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_the_standard_draws_them() {
        // 3.1.1, figure 3.6 and example 3.1.
        let bytes = connect(MqttVersion::V3, "c", Some("u"), Some("pw"), 10).unwrap();
        assert_eq!(
            bytes,
            [
                0x10, 20, 0, 4, b'M', b'Q', b'T', b'T', 4, 0xC2, 0, 10, 0, 1, b'c', 0, 1, b'u', 0, 2, b'p',
                b'w'
            ]
        );
        let bytes = connect(MqttVersion::V5, "c", None, None, 10).unwrap();
        assert_eq!(
            bytes,
            [0x10, 14, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 10, 0, 0, 1, b'c']
        );
        assert_eq!(
            publish(MqttVersion::V3, "a/b", (0, 0), b"x").unwrap(),
            [0x30, 6, 0, 3, b'a', b'/', b'b', b'x']
        );
        assert_eq!(
            publish(MqttVersion::V5, "a", (2, 1), b"x").unwrap(),
            [0x34, 7, 0, 1, b'a', 0, 1, 0, b'x']
        );
        assert_eq!(release(0x102), [0x62, 2, 1, 2]);
        assert!(publish(MqttVersion::V3, &"t".repeat(70_000), (0, 0), b"").is_none());
    }

    #[test]
    fn lengths_take_one_to_four_bytes() {
        // 3.1.1, table 2.4.
        for (value, bytes) in [
            (0_usize, &[0_u8][..]),
            (127, &[0x7F]),
            (128, &[0x80, 1]),
            (16_383, &[0xFF, 0x7F]),
            (16_384, &[0x80, 0x80, 1]),
            (2_097_151, &[0xFF, 0xFF, 0x7F]),
        ] {
            assert_eq!(length(bytes), Some(Ok((value, bytes.len()))), "{value}");
            let written = packet(0x30, &vec![0; value]).unwrap();
            assert_eq!(&written[1..=bytes.len()], bytes);
        }
        assert_eq!(length(&[]), None);
        assert_eq!(length(&[0x80, 0x80]), None);
        assert!(length(&[0xFF, 0xFF, 0xFF, 0xFF]).unwrap().is_err());
    }

    #[test]
    fn answers_are_told_apart() {
        for (head, body, expected) in [
            (0x20, &[0_u8, 0][..], Answer::Connected(0, Terms::default())),
            (0x20, &[0, 0x87, 0], Answer::Connected(0x87, Terms::default())),
            (0x20, &[0], Answer::Other),
            (0x40, &[0, 1], Answer::Acknowledged(1, 0)),
            (0x40, &[1, 2, 0x97, 0], Answer::Acknowledged(0x102, 0x97)),
            (0x40, &[0, 0], Answer::Other),
            (0x50, &[0, 1], Answer::Received(1, 0)),
            (0x70, &[0, 1], Answer::Complete(1, 0)),
            (0xD0, &[], Answer::Pong),
            (0xE0, &[0x8B], Answer::Disconnected(0x8B)),
            (0x30, &[0, 1, b'a'], Answer::Other),
        ] {
            assert_eq!(answer(head, body), expected, "{head:x} {body:?}");
        }
    }
    #[test]
    fn what_a_broker_of_version_5_asks_for_is_read() {
        // As mosquitto 2 answers: topic aliases, receive maximum 20, an assigned id, a reason; a keep-alive, a packet size.
        let properties = [
            27, 0x22, 0, 10, 0x21, 0, 20, 0x12, 0, 1, b'c', 0x26, 0, 1, b'k', 0, 1, b'v', 0x13, 0, 60, 0x27,
            0, 1, 0, 0, 0x25, 1,
        ];
        let terms = Terms {
            receive_maximum: 20,
            maximum_packet: 65_536,
            keep_alive_s: Some(60),
        };
        assert_eq!(Terms::read(&properties), terms);
        // What is cut off, or nothing known, asks for nothing more.
        for end in 0..properties.len() {
            assert_eq!(Terms::read(&properties[..end]), Terms::default());
        }
        assert_eq!(Terms::read(&[2, 0xFF, 0]), Terms::default());
        assert_eq!(Terms::read(&[4, 0x12, 0xFF, 0xFF, 0]), Terms::default());
    }

    #[test]
    fn packets_are_taken_when_they_are_whole() {
        let bytes = [0x40, 2, 0, 7, 0xD0, 0, 0x50];
        for first in 0..bytes.len() {
            let (mut buffer, mut found) = (bytes[..first].to_vec(), Vec::new());
            for rest in [&[][..], &bytes[first..]] {
                buffer.extend(rest);
                while let Some(answer) = take(&mut buffer).unwrap() {
                    found.push(answer);
                }
            }
            assert_eq!(found, [Answer::Acknowledged(7, 0), Answer::Pong]);
            assert_eq!(buffer, [0x50]);
        }
        assert!(take(&mut vec![0x40, 0xFF, 0xFF, 0xFF, 0x7F]).is_err());
        assert!(take(&mut vec![0x40, 0xFF, 0xFF, 0xFF, 0xFF]).is_err());
    }
}
