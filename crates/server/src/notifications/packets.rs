//! The packets of MQTT that one who publishes needs: versions 3.1.1 (OASIS, 2014) and 5.0 (OASIS, 2019).
//!
//! Written and read here because a client library resolves names by itself, past the guard.

use ngsi_ld::subscription::MqttVersion;

/// The largest packet that is accepted from a broker, in bytes; acknowledgements are small.
pub(super) const MAX_PACKET: usize = 64 << 10;
/// The identifier of the one message that a connection publishes.
pub(super) const PACKET_ID: u16 = 1;
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

/// `PUBLISH`.
pub(super) fn publish(version: MqttVersion, topic: &str, qos: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(payload.len() + topic.len() + 8);
    text(&mut body, topic)?;
    if qos > 0 {
        body.extend(PACKET_ID.to_be_bytes());
    }
    if version == MqttVersion::V5 {
        body.push(0);
    }
    body.extend(payload);
    packet(0x30 | (qos << 1), &body)
}

/// `PUBREL`.
pub(super) fn release() -> [u8; 4] {
    let [high, low] = PACKET_ID.to_be_bytes();
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

/// What a broker said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// `CONNACK` with its code, 0 for accepted.
    Connected(u8),
    /// `PUBACK` with its reason.
    Acknowledged(u8),
    /// `PUBREC` with its reason.
    Received(u8),
    /// `PUBCOMP` with its reason.
    Complete(u8),
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

/// Reads a whole packet.
pub(super) fn answer(head: u8, body: &[u8]) -> Answer {
    let reason = |at: usize| body.get(at).copied().unwrap_or(0);
    let ours = body.get(..2) == Some(&PACKET_ID.to_be_bytes());
    match head >> 4 {
        2 if body.len() >= 2 => Answer::Connected(reason(1)),
        4 if ours => Answer::Acknowledged(reason(2)),
        5 if ours => Answer::Received(reason(2)),
        7 if ours => Answer::Complete(reason(2)),
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
            publish(MqttVersion::V3, "a/b", 0, b"x").unwrap(),
            [0x30, 6, 0, 3, b'a', b'/', b'b', b'x']
        );
        assert_eq!(
            publish(MqttVersion::V5, "a", 2, b"x").unwrap(),
            [0x34, 7, 0, 1, b'a', 0, 1, 0, b'x']
        );
        assert_eq!(release(), [0x62, 2, 0, 1]);
        assert!(publish(MqttVersion::V3, &"t".repeat(70_000), 0, b"").is_none());
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
            (0x20, &[0_u8, 0][..], Answer::Connected(0)),
            (0x20, &[0, 0x87, 0], Answer::Connected(0x87)),
            (0x20, &[0], Answer::Other),
            (0x40, &[0, 1], Answer::Acknowledged(0)),
            (0x40, &[0, 1, 0x97, 0], Answer::Acknowledged(0x97)),
            (0x40, &[0, 2], Answer::Other),
            (0x50, &[0, 1], Answer::Received(0)),
            (0x70, &[0, 1], Answer::Complete(0)),
            (0xD0, &[], Answer::Pong),
            (0xE0, &[0x8B], Answer::Disconnected(0x8B)),
            (0x30, &[0, 1, b'a'], Answer::Other),
        ] {
            assert_eq!(answer(head, body), expected, "{head:x} {body:?}");
        }
    }
}
