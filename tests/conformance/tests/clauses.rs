//! One test an area. Each says of every case of its own whether it passed, by name.

#![allow(clippy::expect_used, reason = "a suite fails by panicking and says why")]

macro_rules! areas {
    ($($test:ident = $area:literal),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                conformance::run($area);
            }
        )+

        #[test]
        fn no_area_is_left_out() {
            let here: Vec<&str> = vec![$($area),+];
            let mut sorted = here.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, conformance::area::all());
        }
    };
}

areas! {
    entities = "entities",
}
