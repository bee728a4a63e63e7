# The audit log.

footer-audit = Audit log
audit-title = Audit log
audit-summary =
    { $entries ->
        [one] { $entries-text } entry. It was written together with what it tells of, and cannot be changed unnoticed.
       *[other] { $entries-text } entries. Each was written together with what it tells of, and none can be changed unnoticed.
    }
audit-filter = Filter the audit log
audit-what = What was done
audit-who = By whom
audit-entity = Identifier of the entity
audit-day = Day (UTC)
audit-when = When
audit-to-what = To what
audit-number = No.
audit-for = for
audit-refused = Refused:
audit-caption = What was done, the latest first
audit-names = Names of persons and entities are pseudonyms.
audit-none = Nothing of this kind was recorded.
audit-unfinished = Nothing of this kind is among the latest 20,000 entries. Look among the older ones.
audit-latest = The latest
audit-older = Older
audit-actor-anonymous = Somebody without a login
audit-actor-system = The program itself ({ $part })
audit-actions-session = Logins
audit-actions-key = Keys and tokens
audit-actions-device = Devices
audit-actions-break-glass = Emergencies
audit-actions-entity = Changes of entities
audit-actions-attribute = Attributes deleted
audit-actions-history = Changes of the past
audit-actions-subscription = Subscriptions
audit-actions-personal = Reads of personal data
audit-actions-registration = Registered sources
audit-action-audit-begin = The log was begun
audit-action-entity-create = Created
audit-action-entity-upsert = Created or changed
audit-action-entity-import = Imported
audit-action-entity-merge = Merged
audit-action-entity-append = Attributes added
audit-action-entity-update = Changed
audit-action-entity-replace = Replaced
audit-action-entity-delete = Deleted
audit-action-entity-expire = Had its time
audit-action-entity-copy = Copied
audit-action-attribute-delete = Attribute deleted
audit-action-history-append = Past readings added
audit-action-history-delete = Past readings destroyed
audit-action-history-expire = Past readings had their time
audit-action-history-replace = A past reading corrected
audit-action-subscription-create = Subscription made
audit-action-subscription-update = Subscription changed
audit-action-subscription-delete = Subscription deleted
audit-action-registration-create = Source registered
audit-action-registration-update = Source changed
audit-action-registration-delete = Source deleted
audit-action-registration-expire = Source had its time
audit-action-break-glass-begin = Wider rights taken in an emergency
audit-action-break-glass-end = Wider rights ended
audit-action-break-glass-request = A request in an emergency
audit-action-break-glass-review = Wider rights reviewed
audit-action-personal-read = Personal data read
audit-action-session-begin = Logged in
audit-action-session-end = A session ended
audit-action-session-refuse = A login refused
audit-action-key-create = A key made
audit-action-key-update = A key changed
audit-action-key-delete = A key removed
audit-action-key-refuse = A key, token or certificate refused
audit-action-device-refuse = A code or token of a device refused
audit-check-title = How to check it
audit-check-text = Nobody has to believe this page. Take the whole log away and check it on any machine:
audit-check-here = Or, with the server stopped, check everything that is stored:
audit-check-limits = Both recompute the hash of every entry and of the tree over all of them, and hold the result against the signed checkpoint. A change of one letter shows.
audit-checkpoint-title = The checkpoint
audit-signed =
    { $entries ->
        [one] Signed for the first entry.
       *[other] Signed for the first { $entries-text } entries.
    }
audit-checkpoint-keep = Keep these lines and the key below somewhere else, in print for example. Whoever has them can prove later that nothing before them was changed, even by those who run this server.
audit-checkpoint-none = Nothing was signed yet.
audit-checkpoint-link = The checkpoint as text
audit-key-link = The key as text
audit-entries-link = All entries as JSON
audit-off = Nothing is recorded here: audit.enabled is set to false.
