use super::*;

#[test]
fn the_catalogue_can_be_read() {
    let file = read(TEXT).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(file.version, "1");
    assert_eq!(file.kinds.len(), kinds().len());
}
