# The texts of the pages. `$count` and the like choose the plural; `$count-text` is the number as the language writes it.

skip = Skip to the content
nav-label = Main
nav-overview = Overview
nav-indicators = Indicators
nav-map = Map
nav-entities = Entities
languages = Languages
footer-api = API description
breadcrumbs = Where you are
back-to-overview = Back to the overview

not-found-title = There is no such page
not-found-text = Check the address, or start from the overview. An entity may also have been deleted since.
server-failed-title = The page could not be made
server-failed-text = The server failed while making this page; its log says why. Try again in a minute.
unavailable-title = The city is not there
unavailable-text = The twin of this city is not open. Ask whoever runs this server.

yes = yes
no = no
all = All
list-comma = {", "}
no-value = no value
percent = { $percent } %
name = Name
type = Type
count = How many
value = Value
status = Status
attribute = Attribute
entity = Entity
area = Area
place = Place
source = Source
vintage = Data of
changed = Changed
created = Created
observed = Observed
scope = Scope
indicator = Indicator
dimension = Dimension
as-bar = As a bar
contains = Contains
name-or-id = Name or identifier
filter = Filter
filter-none = Show everything
nothing-matches = Nothing matches. Try fewer letters, or another type.

pager = Showing { $from-text } to { $to-text } of { $all-text }
pager-none = Nothing to show
pager-label = Pages
pager-previous = Previous page
pager-next = Next page

empty-title = This city is still empty
empty-lede = Nothing has been imported yet. Three files are enough for a first honest look at a city.
empty-own-title = Start with your own files
empty-own-text = Run these in a terminal beside this server, with the names of your files:
empty-step-boundaries = Boundaries: the city or its wards, as GeoJSON
empty-step-population = Population: a raster of inhabitants, as GeoTIFF
empty-step-gtfs = Public transport: a timetable, as GTFS
empty-then = Then load this page again. Every value will say what it was computed from, and what is still missing.
empty-demo-title = Or look at an invented city first
empty-demo-text = A complete city with streets, buses and sensors that report as you watch. It keeps its data in a temporary folder.

city-unnamed = The city
overview-lede =
    The twin knows { $entities ->
        [one] { $entities-text } thing
       *[other] { $entities-text } things
    } of { $types ->
        [one] { $types-text } type
       *[other] { $types-text } types
    }.
score-title = How the city stands
score-coverage =
    { $reported ->
        [one] { $reported-text } of { $total-text } data points has a value.
       *[other] { $reported-text } of { $total-text } data points have a value.
    }
score-honest = are known. What has no value counts neither for nor against the city.
score-short = Score
of-hundred = of 100
no-score = No score yet
with-value = With a value
wheel-title = The wheel of indicators
wheel-text = One spoke for each data point: filled as far as its target is reached, empty where no value is known.
wheel-of = of { $total-text } known
by-dimension = By dimension
dimension-economy = Economy
dimension-environment = Environment
dimension-society = Society and culture
catalogue = Catalogue
benchmark-set = Targets
known-title = What is known
known-none = No indicator has a value yet.
all-indicators = All indicators
missing-title = What to gather next
missing-text = These would tell most that is new: one from each part of the catalogue, the least known parts first.
missing-caption = Indicators without a value, and the data they need
needed = What is needed
all-missing = All that is missing
holds-title = What the twin holds
holds-caption = Entities by type
changes-title = Last changes
changes-caption = The entities that changed last
sources-title = Where the data come from
sources-none = No entity names its source.
sources-caption = Sources, the years of their data, and the indicators that use them
used-for = Used for

kpi-list-title = Indicators
kpi-list-summary = { $reported-text } of { $total-text } data points of the catalogue have a value.
filter-indicators = Filter the indicators
search-name = Name or code contains
csv-all = All indicators as CSV
quality-and-coverage = Quality and coverage
extra-title = The city's own indicators
extra-caption = Reported beyond the catalogue
status-calculated = calculated
status-reported = reported
status-not-reported = no value
status-not-applicable = does not apply
quality-accurate = Accurate measurement
quality-survey = Extrapolated from a survey
quality-higher-level = Extrapolated from higher-level data
quality-estimate = Estimate on assumptions
quality-personal = Personal estimate
quality-unknown = Quality unknown
coverage-time = { $percent } % of the period
coverage-area = { $percent } % of the area

needed-title = What is needed for a value
parts-title = Data points of this indicator
facts-title = How good this value is
fact-quality = Quality
fact-coverage = The data cover
fact-period = Period
fact-vintages = Data of the years
fact-attainment = Of the target attained
fact-points = Points
points-of-four =
    { $points ->
        [one] { $points-text } of 4
       *[other] { $points-text } of 4
    }
fact-index = Of the guideline value
fact-origin = Origin
fact-verified = Verified
verified-yes = Confirmed by an independent verifier
verified-no = Not confirmed by the verifier
verified-nobody = Nobody has verified it yet
fact-benchmark = Target
fact-sdg = Sustainable Development Goals
formula-title = How it was computed
numerator = Counted
denominator = Against
areas-title = From area to area
areas-picture = Map of the city's areas, shaded by value. The table below holds the same numbers.
areas-caption = The value of each area, the highest first
history-title = Over time
from-title = What it was computed from
from-caption = Entities of the twin that went into this value
readings = Readings
sensitivity-title = How it changes with the assumptions
sensitivity-caption = The value under other assumptions
assumption = Assumption
notes-title = What to know
take-title = Take it with you
csv-this = This indicator with its areas as CSV
kpi-entity = The entity that keeps this value

plot-summary =
    { $count ->
        [one] { $count-text } value
       *[other] { $count-text } values
    } from { $from } to { $to }: { $mean } on average, { $least } the lowest, { $most } the highest.
plot-table = The same as a table
plot-table-caption = over time
plot-from = From
plot-mean = Mean
plot-least = Lowest
plot-most = Highest
plot-count = Values

map-title = Map
map-summary =
    { $places ->
        [one] { $places-text } thing with a place
       *[other] { $places-text } things with a place
    } in { $types ->
        [one] { $types-text } layer.
       *[other] { $types-text } layers.
    }
map-summary-most = Most of them:
map-cut = The interactive map shows { $shown-text } of { $all-text }: those of rare types first. Choose a type to see all of it. The table and the files hold everything.
map-heading = The city as the twin sees it
map-empty = Nothing here has a place on the map.
map-table-title = The same as a table
map-table-caption = Things with a place.
skip-map = Skip the map: go to the table
filter-map = Filter the map and the table
picture-cut = Not everything fits into this picture; the table holds all of it.
csv-map = Everything here as CSV
geojson-map = Everything here as GeoJSON
geometry-line = Line of { $points-text } points
geometry-area = Area of { $points-text } points
geometry-other = Shape of { $points-text } points

island-canvas = Interactive map
island-tools = Move the map
island-zoom-in = Zoom in
island-zoom-out = Zoom out
island-pan-west = Move west
island-pan-north = Move north
island-pan-south = Move south
island-pan-east = Move east
island-turn-left = Turn left
island-turn-right = Turn right
island-tilt = 3D view
island-whole = Whole city
island-style = Style
island-style-light = Light
island-style-dark = Dark
island-style-contrast = High contrast
island-keys = With the map in focus: arrows move it, + and − zoom, Shift with arrows turns and tilts, Enter tells what is in the middle, Escape clears the choice.
island-legend = Layers
island-open = All that is known of it
island-nothing = There is nothing at this place.
island-no-webgl = This browser cannot draw the interactive map (it has no WebGL 2). The picture and the table show the same.
island-failed = The interactive map could not be loaded. The picture and the table show the same.
island-load = Load the interactive map (0.4 MB)
island-gesture-ctrl = Hold Ctrl and scroll to zoom the map
island-gesture-cmd = Hold ⌘ and scroll to zoom the map
island-gesture-touch = Use two fingers to move the map

entities-title = Entities
entities-summary =
    { $entities ->
        [one] { $entities-text } entity
       *[other] { $entities-text } entities
    } of { $types ->
        [one] { $types-text } type.
       *[other] { $types-text } types.
    }
filter-entities = Search the entities
entities-caption = Entities.
on-map = Show on the map
raw-json = As JSON-LD
raw-temporal = History as JSON-LD
values-title = Values
values-caption = Attributes of this entity
values-none = This entity has no values.
relations-title = Connections
relations-none = Nothing is connected to this entity.
relation = Connection
outgoing-caption = From this entity to others
incoming-caption = From others to this entity
not-in-twin = (not in the twin)
entity-incoming-more = { $shown-text } of { $all-text } connections are shown.

# Entity types that cities have. Any other type is shown by its own words.
type-AdministrativeArea = Administrative areas
type-AirQualityObserved = Air quality
type-Building = Buildings
type-District = Districts
type-GtfsAgency = Public transport operators
type-GtfsCalendarRule = Service calendars
type-GtfsFrequency = Service frequencies
type-GtfsRoute = Public transport routes
type-GtfsShape = Public transport paths
type-GtfsStop = Public transport stops
type-GtfsStopTime = Timetable entries
type-GtfsTrip = Public transport trips
type-GtfsService = Service days
type-Hospital = Hospitals
type-Clinic = Clinics
type-KeyPerformanceIndicator = Indicator values
type-NoiseLevelObserved = Noise
type-OffStreetParking = Car parks
type-OnStreetParking = Street parking
type-Park = Parks
type-ParkingSpot = Parking spaces
type-Person = People
type-PointOfInterest = Points of interest
type-PopulationGrid = Population grids
type-Road = Roads
type-RoadSegment = Streets
type-School = Schools
type-Streetlight = Street lights
type-Ward = Wards
type-WaterConsumptionObserved = Water meters
type-WeatherObserved = Weather
