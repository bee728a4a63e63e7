# What can be known of the program's safety.

footer-trust = Trust
trust-title = Trust
trust-summary = { $items-text } items of what security means for a city's system, in our own words from the standards: tests show { $tested-text } of them, a part of { $partial-text }, and { $gaps-text } are not there yet.
trust-how = This page is made from the file that the tests are held against, as it was when this program was built: every test that it names is there, and what is missing says why. The items themselves are in English.
trust-link-checklist = The same for programs (JSON)
trust-link-security = What this version promises, and how to report a weakness
trust-link-sbom = Bill of materials (CycloneDX)
trust-link-licences = Licences of all parts
trust-link-licence = Licence of this program
trust-number = No.
trust-item = Item, and who asks for it
trust-state = State
trust-shown-by = Shown by; what is missing
trust-state-tested = Tested
trust-state-partial = Tested in part
trust-state-gap = Not there
trust-chapter-identity = Who somebody is
trust-chapter-rights = Who may see and do what
trust-chapter-privacy = Personal data
trust-chapter-proof = Proof of what was done
trust-chapter-browsers = Browsers
trust-chapter-surface = Doors and the way to them
trust-chapter-limits = Limits, and bad input
trust-chapter-outbound = Requests to others
trust-chapter-secrets = Secrets and keys
trust-chapter-devices = Devices
trust-chapter-supply = Where the program comes from
trust-report-title = You found a weakness
trust-report-contact = Whom to tell of this server is in
trust-report-nobody = Who runs this server has named nobody to tell of it.
trust-report-program = Of the program itself:
trust-parts-title = What the program is made of
trust-made-of = { $ours-text } packages of our own, in which unsafe code is forbidden, and { $others-text } of others.
trust-linked-c = Parts that are not written in Rust, or not only:
trust-licence = Licence
trust-parts = Packages
trust-packages =
    { $packages ->
        [one] { $packages-text } package
       *[other] { $packages-text } packages
    }
