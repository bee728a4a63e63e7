//! The two things that writing leaves does most: writing numbers, and finding out what two texts have in common. Every
//! write of the twin waits for them.

/// Writes a number in decimal digits.
pub(crate) fn digits(number: u64, out: &mut Vec<u8>) {
    // The longest has twenty.
    let (mut text, mut from, mut left) = ([b'0'; 20], 20, number);
    while from > 0 && (left > 0 || from == 20) {
        from -= 1;
        if let Some(digit) = text.get_mut(from) {
            *digit += u8::try_from(left % 10).unwrap_or(0);
        }
        left /= 10;
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
}

/// With how many bytes both begin.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let (words_a, words_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let words = words_a.iter().zip(words_b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[words * 8..], &b[words * 8..]);
    words * 8 + rest_a.iter().zip(rest_b).take_while(|(a, b)| a == b).count()
}

/// With how many bytes both end.
pub(crate) fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let (words_a, words_b) = (a.as_rchunks::<8>().1, b.as_rchunks::<8>().1);
    let pairs = words_a.iter().rev().zip(words_b.iter().rev());
    let same = 8 * pairs.take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[..a.len() - same], &b[..b.len() - same]);
    let pairs = rest_a.iter().rev().zip(rest_b.iter().rev());
    same + pairs.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_written_as_the_library_writes_them(number in any::<u64>(), places in 0..64_u32) {
            for number in [number >> places, 0, 9, 10, u64::MAX] {
                let mut out = b"x".to_vec();
                digits(number, &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), format!("x{number}"));
            }
        }

        #[test]
        fn what_is_common_is_found_as_byte_by_byte(
            shared in proptest::collection::vec(0..2_u8, 0..40),
            a in proptest::collection::vec(0..2_u8, 0..20),
            b in proptest::collection::vec(0..2_u8, 0..20),
        ) {
            let joined = |x: &[u8], y: &[u8]| [x, y].concat();
            for (one, other) in [(joined(&shared, &a), joined(&shared, &b)), (joined(&a, &shared), joined(&b, &shared))] {
                let prefix = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
                prop_assert_eq!(common_prefix(&one, &other), prefix);
                let suffix = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
                prop_assert_eq!(common_suffix(&one, &other), suffix);
            }
        }
    }
}
