# The policies of access, for those who answer for them.

nav-policies = Policies
policies-title = Policies of access
policies-text = Who may see and do what, for what purpose. What no policy permits is not permitted.
policies-caption = The documents that the policies are written in
policy-name = Document
policy-name-hint = Such as north.cedar: letters, digits, hyphens, full stops; at most 60.
policy-about = What it says
policy-own = Changed by the city
policy-came-with = As it came with the program
policy-about-roles = What each role may do (Cedar)
policy-about-classification = Which attributes are open, internal, confidential, personal or special (TOML)
policy-about-purposes = What data may be asked for (TOML)
policy-about-own = Policies of the city (Cedar)
policy-new = Another document
policy-begin = Begin
policy-wrong-name = A document cannot be called that. Use letters, digits, hyphens and full stops.
policy-text = The text
policy-text-hint = It is checked together with all other documents. Compare first: nothing is changed by that.
policy-compare = Compare
policy-save = Save
policy-remove = Take away
policy-done = It is saved, and holds from now on for everybody.
policy-outdated = Somebody has changed this document while you were writing. What you see is your text; load the page again to see theirs.
policy-failed = It could not be done. The server’s log says why. Try again.
policy-gate-refused = This would show personal data that nobody has assessed, so nothing was changed
policy-gate-would-refuse = This could not be saved now: it would show personal data that nobody has assessed
policy-gate-text = Before somebody may newly read personal or special data, an impact assessment of them has to be approved and not out of date. Each line says what is missing, and leads to where it is made. Save again when it is there. What held before still holds.
policy-gate-more =
    { $count ->
        [one] And { $count-text } more.
       *[other] And { $count-text } more.
    }
policy-odd = This is odd, but not wrong
policy-compared-title = What would change
policy-compared = Asked for { $people } of { $people-all } people, keys and strangers, of { $entities } of { $entities-all } entities.
policy-nothing = Nobody gains or loses anything.
policy-shifts = Who would gain and who would lose what
policy-more =
    { $count ->
        [one] There is one change more than is listed.
       *[other] There are { $count-text } changes more than are listed.
    }
policy-change = Change
policy-gain = gains
policy-loss = loses
policy-who = Who
policy-who-more =
    { $count ->
        [one] one more
       *[other] { $count-text } more
    }
policy-anonymous = whoever has not logged in
policy-action = To do what
policy-action-read = see
policy-action-history = see the past
policy-action-subscribe = be notified
policy-action-aggregate = calculate figures
policy-action-export = take away
policy-action-write = change
policy-action-delete = delete
policy-action-actuate = command
policy-action-admin = administer
policy-type = Type
policy-entities = Entities
policy-class = Class
policy-attributes = Attributes
policy-because = Because of
policy-why-title = Why can somebody see something?
policy-why-text = Which policies decide whether somebody sees an entity, or may do something with it.
policy-why-who-hint = The name of an account, the id of a key or a device, or anonymous.
policy-why-attribute = Attribute (all, if empty)
policy-why-purpose = What for
policy-why-ask = Explain
policy-why-yes = { $who }: “{ $action }” is allowed, for what is said to be allowed below.
policy-why-no = { $who }: “{ $action }” is not allowed.
policy-why-door = The permission { $permission } is missing: no request gets as far as the policies.
policy-why-caption = What the policies say of each class of attributes
policy-why-verdict = Allowed?
policy-why-reason = Why
policy-why-allowed = allowed
policy-why-denied = denied
policy-why-permitted = Permitted by
policy-why-forbidden = Forbidden by
policy-why-nobody = No policy permits it.
policy-why-failed = The policies could not be evaluated, so it is denied.
policy-why-unseen = The policies decide this by attributes of the entity that you do not see. Ask somebody who sees them.

# Wider rights for a while, in an emergency.
nav-emergency = Emergency
break-glass-title = Wider rights in an emergency
break-glass-text = Whoever breaks the glass sees and commands what the policies give in an emergency, for a while. Others are told, every request is in the audit log, and somebody else reviews it.
break-glass-unrecorded = What is done is not recorded here (audit.enabled is set to false), so nobody can break the glass.
break-glass-begin = Break the glass
break-glass-reason = Why
break-glass-reason-hint = What has happened, and what you need to see or do. At least 10 characters.
break-glass-time = For how long
break-glass-minutes = { $minutes } minutes
break-glass-all = Who broke the glass
break-glass-mine = When you broke the glass
break-glass-none = Nobody has.
break-glass-caption = The latest first
break-glass-from = From
break-glass-until = Until
break-glass-open = holds now
break-glass-end = End it
break-glass-review = Review
break-glass-review-by = { $name }, { $at }
break-glass-justified = with good reason
break-glass-unjustified = without good reason
break-glass-note = What you found
break-glass-justify = There was good reason
break-glass-unjustify = There was not
break-glass-unreviewed = Nobody has reviewed it yet.
break-glass-begun = You have wider rights now. End them as soon as you can.
break-glass-ended = It has ended.
break-glass-reviewed = Your review is kept.
break-glass-own = You have wider rights until { $until }.
break-glass-banner = { $name } has wider rights until { $until }, in an emergency.
break-glass-look = Look

# Classes of what the twin holds.
classes-title = Classes of types and attributes
classes-text = Which attributes of which types are for whom. What nobody has classified is in the most restrictive class: only officers see it, and only administrators change it.
classes-open = What nobody has classified
classes-none-open = Everything that you see has a class.
classes-open-text = Say of each type in which class its attributes are. What the first 200 entities of a type have is listed.
classes-suggested = What is chosen here is a suggestion, by nothing but the names: things of the same name in the Smart Data Models. Nobody has looked at your data. Decide yourself.
classes-suggestion = suggestion
classes-others = Class of its attributes
classes-as-others = as the others
classes-no-toml = The classification is written in JSON, so no rule can be added to it here. Change the document itself.
classes-refused = The rule does not hold together with the others. Look at the document: has the type a rule by now?
classes-closed = What has a class
classes-closed-text = To change it, change the document:
classes-caption = The attributes of each type, by class
