//! How much a packed file may unpack to: more is a trap.

/// A file that unpacks to more than this many times its packed size holds nothing that anybody wrote.
const MAX_RATIO: u64 = 400;
/// What unpacks to less than this may be packed as well as it likes, bytes.
const SMALL: u64 = 64 << 20;

/// The most bytes that so many packed bytes may unpack to.
pub(crate) fn most(packed: u64) -> u64 {
    SMALL.max(packed.saturating_mul(MAX_RATIO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_may_and_large_ones_may_four_hundred_times() {
        assert_eq!([0, 1000, 1 << 20].map(most), [64 << 20, 64 << 20, 400 << 20]);
        assert_eq!(most(u64::MAX), u64::MAX);
    }
}
