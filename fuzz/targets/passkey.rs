//! What browsers and authenticators send of passkeys: client data, authenticator data, attestation objects, keys. Read or
//! refused; what is read of a prefix is not read of more.
#![no_main]

use access::passkeys::parsed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [_, data, object, key] = parsed(bytes);
    // Authenticator data, attestation objects and keys end where they end.
    let longer = parsed(&[bytes, &[0xff]].concat());
    assert!(!(data && longer[1]), "authenticator data with something behind it");
    assert!(!(object && longer[2]), "an attestation object with something behind it");
    assert!(!(key && longer[3]), "a key with something behind it");
});
