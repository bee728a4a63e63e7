# The texts of the pages about scenarios and reach. See pages.ftl for how plurals and numbers are written.

nav-scenarios = Scenarios
busy-title = Too many runs are waiting
busy-text = Wait until one is done, or cancel one, then try again.
refused-title = That could not be done
refused-text = Go back, change it, and try again. Nothing was lost and nothing was changed.
error-title = Error: { $title }

scenarios-title = Scenarios
scenarios-lede = What would the city gain, before it pays? Try measures on a copy of the city: a lowered kerb, a bus stop, a clinic. The city itself is never changed.
scenarios-add = Add a scenario file
scenarios-none = There is no scenario yet. Add a file that names measures and what they cost.
scenarios-caption = The city’s scenario files.
scenario = Scenario
scenario-holds =
    { $measures ->
        [one] { $measures-text } measure
       *[other] { $measures-text } measures
    } in { $scenarios ->
        [one] { $scenarios-text } scenario
       *[other] { $scenarios-text } scenarios
    }
scenario-faulty = The file has faults: open it to see them.
scenario-everything = All measures together
latest-run = Latest run
try-it = Try it
run-it = Run
run-hint = A run takes from seconds to a few minutes. You can leave the page meanwhile.
not-run-yet = Not run yet
how-title = How it works
how-write = Write down what you think of doing: each measure with its cost, its owner and where it is.
how-run = Run it. The program carries the measures out on a copy of the city and calculates again who reaches what.
how-compare = Compare. You see what each scenario changes, for whom, how sure that is, and what it costs.

runs-title = All runs
runs-none = Nothing was run yet.
runs-caption = Runs, the latest first.
run = Run
run-queued = waiting
run-running = running
run-done = done
run-failed = failed
run-cancelled = cancelled
run-earlier = of an earlier version of the file
run-best = What came out
run-best-line = { $indicator }: { $difference }, by “{ $scenario }”
run-best-none = { $indicator }: no scenario improves it
delete-run = Delete
asked-for = asked for
run-works = The run is under way. Nothing in the city changes.
run-step = Now
run-cancel = Cancel the run
run-errors = Why it gave nothing
run-nothing = This run has no result.
watching = This page loads itself again every few seconds.
watch-stop = Stop that
watch-start = Load this page again by itself
look-again = Look again

new-title = Add a scenario file
edit-title = Change the scenario file
edit-back = Back to the scenario
edit-upload = Choose a file
edit-upload-hint = TOML or JSON. It takes the place of the text below.
edit-text = Or write it here
edit-text-hint = An example is at the end of this page.
edit-wrong = This has faults; they are listed at the top of the page.
edit-save = Save
edit-save-run = Save and run
edit-cancel = Cancel
edit-both = You chose a file and also changed the text. Choose the file again and empty the text, or save the text without a file.
edit-nothing = Choose a file, or write one into the field.
edit-changed = Somebody else changed this scenario meanwhile. Your text is still here. Saving once more puts it in the place of theirs.
errors-title = There is a problem
example-title = An example
example-text = The names in it are examples: use the identifiers of things in your city. What measures there are:
delete-title = Delete this scenario
delete-text = The file goes. Its runs and their results stay.
delete-scenario = Delete this scenario file

faults-title = This file cannot be run yet
compared-title = What is compared
compared-caption = Each scenario is the city as it is, with these measures
measures = Measures
measure = Measure
measures-title = The measures
measures-caption = What each measure changes, what it costs, who carries it out and when
what-it-changes = What it changes
cost = Cost
cost-once = Cost, once
cost-yearly = Cost, every year
owner = Owner
start = Start
measured-title = What is measured
measured-all = Everything that the city has the data for.
measured-choose = Every combination of the measures is tried, to find those that give most of:
budget = Budget
history-of-runs = Runs
file-title = The file
file-show = Show the file
take-file = The file itself

kinds-title = Measures you can try
kinds-lede = Each measure changes things in a copy of the city, and everything is calculated anew from them.
kinds-schema = The format of scenario files, as JSON Schema
kinds-caption = What a file says under “with”
parameter = Name
meaning = Meaning
otherwise = If not given
has-to-be-given = has to be given
may-be-left-out = may be left out
assumed-title = What is assumed

compare-best =
    { $count ->
        [one] “{ $scenario }” changes “{ $indicator }” by { $difference }.
       *[other] Of { $count-text } scenarios, “{ $scenario }” does most for “{ $indicator }”: { $difference }.
    }
compare-none =
    { $count ->
        [one] The scenario does not improve “{ $indicator }”, as far as is known.
       *[other] None of the { $count-text } scenarios improves “{ $indicator }”, as far as is known.
    }
compare-unknown =
    { $count ->
        [one] One scenario was tried, but nothing can be said of its effect.
       *[other] { $count-text } scenarios were tried, but nothing can be said of their effect.
    }
gives-title = What each scenario gives, and what it costs
gives-caption = difference to the city as it is
look-closer = Choose what is shown
show = Show
as-it-is = As it is now
with-it = With the scenario
difference = Difference
number = No.
people-more = More people
cost-per-person = Cost for each person gained
cost-per-unit = Cost for each unit gained
points = { $value } points
points-hint = Points are percentage points: from 60 % to 62 % is +2 points.
between = between { $low } and { $high }
up-to = up to { $value }
verdict-better = better
verdict-worse = worse
verdict-same = no change
verdict-more = more
verdict-less = less
verdict-not-known = not known
compare-all-title = All indicators
compare-caption = Difference of each scenario to the city as it is
bounds-hint = “Between” says how low and how high the number could be, given what nobody knows: of a kerb or a slope that nobody has looked at, it is not known whether a wheelchair passes.

who-title = Who gains and who loses
choose-other = Choose another indicator or scenario
parts-gain-none = People gain in no district.
parts-gain-all =
    { $all ->
        [one] People gain in the only district.
       *[other] People gain in all { $all-text } districts.
    }
parts-gain-some =
    { $some ->
        [one] People gain in { $some-text } of { $all } districts.
       *[other] People gain in { $some-text } of { $all } districts.
    }
parts-lose-none = Nobody loses anywhere.
parts-lose-all =
    { $all ->
        [one] People lose in the only district.
       *[other] People lose in all { $all-text } districts.
    }
parts-lose-some =
    { $some ->
        [one] People lose in { $some-text } of { $all } districts.
       *[other] People lose in { $some-text } of { $all } districts.
    }
who-groups = By group
who-groups-caption = Groups of people: before, after, and who gains or loses
who-areas = By district
who-areas-caption = Districts, those with the greatest difference first
group = Group
group-age = Aged { $ages }
group-disability = Persons with disabilities
group-income-low = Lower third by income of the area
group-income-middle = Middle third by income of the area
group-income-high = Upper third by income of the area
people = People
people-gain = People who gain
people-lose = People who lose
difference-map-title =
    { $areas ->
        [one] Map of { $areas-text } district: difference in “{ $indicator }” by “{ $scenario }”
       *[other] Map of { $areas-text } districts: difference in “{ $indicator }” by “{ $scenario }”
    }

effect-title = Cost and effect
effect-caption = what a scenario costs (to the right) and what it changes (upwards)
effect-picture = Chart of cost against effect. The table below holds the same numbers.
effect-table = The numbers of the chart
effect-years = Costs are those paid once and those of { $years } years.

choice-title = Which measures to choose
choice-summary =
    All { $subsets-text } combinations of { $measures ->
        [one] { $measures-text } measure
       *[other] { $measures-text } measures
    } were tried, each as a whole. { $best ->
        [one] { $best-text } of them is beaten by no other within the budget.
       *[other] { $best-text } of them are beaten by no other within the budget.
    }
choice-chart-caption = every combination is a dot; the numbered ones are beaten by no other
choice-picture = Chart of cost against effect for all combinations. The table below lists the numbered ones.
choice-caption = Combinations that no other beats, the cheapest first
choice-more = { $more } more are in the files.
choice-best = the best within the budget
no-measure = No measure at all
objective-of = { $indicator } ({ $group })
told-title = What became of each measure
told-caption = Why each measure is chosen or dropped
told-why = Why
told-in = In how many of the best
told-alone = What it gives alone
told-best = What it adds to the best
why-title = Why was this dropped?
why-legend = Tick the measures of a combination
why-ask = Tell me about it
why-dropped = It was dropped:
why-best = No other combination beats it.

changes-of-title = What each scenario changes in the city
changes-of-text = A measure changes things of the copied city, and everything else is calculated from them.
things-made = New things
things-changed = Changed things
things-gone = Things taken away
changes-data = The changed things as data (JSON):
sure-title = What was assumed, and how sure it is
sure-text = The same city, the same file and the same version of the program always give the same result.
sure-warnings = What to know
sure-uncertain = What is not sure
sure-from = Where the numbers come from
sure-entities = What was read
fact-snapshot = The city as it was at
fact-version = Version of the program
fact-seed = Seed
fact-inputs = Fingerprint of the city’s data (SHA-256)
fact-file = Fingerprint of the file (SHA-256)
take-html = The comparison as a page to print or send
take-csv = All numbers as CSV
take-json = Everything as JSON
take-map = The map of differences as GeoJSON

reach-of-stop-walk = Public transport within reach, on foot
reach-of-stop-wheelchair = Public transport within reach, by wheelchair
reach-of-park-walk = A park within reach, on foot
reach-of-park-wheelchair = A park within reach, by wheelchair
reach-of-clinic-walk = A clinic within reach, on foot
reach-of-clinic-wheelchair = A clinic within reach, by wheelchair
reach-of-school-walk = A school within reach, on foot
reach-of-school-wheelchair = A school within reach, by wheelchair
reach-of-clinic-transit = A clinic in time, on foot or by public transport
reach-of-clinic-transit-wheelchair = A clinic in time, by wheelchair and public transport

reach-title = Who reaches what today
reach-lede = The city as it is: where people are known to reach something, where they do not, and where nobody knows because nobody has looked.
reach-form = Choose what is to be reached
reach-no-model = That cannot be calculated for this city yet.
reach-none = The city lacks the data for this: streets, people, or places to reach.
reach-summary = Of { $people } people, { $passable } are known to reach it, { $blocked } are known not to, and of { $unknown } nobody knows.
reach-passable = known to reach it
reach-unknown = nobody knows
reach-blocked = known not to reach it
reach-picture = Map of where people live, by whether they reach it. The table below says the same for each district.
reach-map-title = Where people reach it
reach-areas-caption = People by district
reach-groups-caption = People by group
reach-look-title = Where a look would tell most
reach-look-text = On these pieces of way something decides that nobody has recorded. If somebody goes there and looks, it becomes known for most people.
reach-look-caption = The ten most worthwhile places to look at
reach-look-none = Nothing that is missing would decide anything here.
reach-piece = Piece of way
reach-missing = What nobody has recorded
reach-people = People whose way leads there
reach-method = How it is calculated
reach-length = { $metres } m
travel-title = How people travel
fact-walk = Metres on foot or on wheels, to a clinic or a school
fact-minutes = Minutes that a journey by public transport may take
fact-time = Hour of departure
fact-date = Day of departure
fact-wheelchair = “By wheelchair” stands for
wheelchair-manual-wheelchair = a manual wheelchair
wheelchair-powered-wheelchair = a powered wheelchair
wheelchair-long-cane = somebody on foot with a long cane
reach-how-stop = It counts who has a stop that is served on the day within { $metres } m along the network, or { $rail } m for rail, metro and ferry (SDG 11.2.1, UN-Habitat metadata 2021).
reach-how-park = It counts who has the edge of a park within { $metres } m along the network (SDG 11.7.1, UN-Habitat metadata 2021).
reach-how-clinic = It counts who has a clinic within { $metres } m along the network.
reach-how-school = It counts who has a school within { $metres } m along the network.
reach-how-transit = It counts who leaves home at { $time } and is at a clinic within { $minutes } minutes, on foot or by public transport, by the timetable of the day (RAPTOR; Delling, Pajor, Werneck 2012). A line without exact times is waited for half the time between two vehicles.
reach-how-foot = Every way counts that is known to be open to somebody on foot.
reach-how-wheels = Ways, doors, stops and vehicles count that are known to be accessible with { $wheelchair }. What nobody knows is kept apart, and is never taken for passable.
reach-how-file = A scenario file may say other metres, minutes and hours.
tag-foot = whether one may walk there
tag-oneway-foot = the direction one may walk in
tag-highway = the kind of way
tag-sidewalk = pavement
tag-crossing = crossing
tag-ramp-wheelchair = ramp beside the steps
tag-handrail = handrail
tag-kerb = kerb
tag-width = width
tag-incline = slope
tag-surface = surface
tag-smoothness = evenness
tag-tactile-paving = tactile paving
tag-operational-status = whether the lift works
tag-wheelchair = whether wheelchairs can pass
tag-report = what people reported

type-Scenario = Scenarios
type-ScenarioRun = Runs of scenarios
type-ScenarioResult = Results of scenarios
type-RoadNode = Kerbs and crossings
