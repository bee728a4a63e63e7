# Maandishi ya kurasa. `$count` na mengineyo huchagua wingi; `$count-text` ni namba jinsi lugha inavyoiandika.

skip = Ruka hadi kwenye maudhui
nav-label = Kuu
nav-overview = Muhtasari
nav-indicators = Viashiria
nav-map = Ramani
nav-entities = Vitu
languages = Lugha
footer-api = Maelezo ya API
breadcrumbs = Ulipo
back-to-overview = Rudi kwenye muhtasari

not-found-title = Hakuna ukurasa kama huu
not-found-text = Kagua anwani, au anza kwenye muhtasari. Huenda pia kitu kimefutwa tangu hapo.
server-failed-title = Ukurasa haukuweza kutengenezwa
server-failed-text = Seva imeshindwa kutengeneza ukurasa huu; kumbukumbu zake zinaeleza sababu. Jaribu tena baada ya dakika moja.
unavailable-title = Jiji halipatikani
unavailable-text = Pacha wa jiji hili hajafunguliwa. Muulize anayesimamia seva hii.

yes = ndiyo
no = hapana
all = Vyote
list-comma = {", "}
no-value = hakuna thamani
percent = { $percent }%
name = Jina
type = Aina
count = Idadi
value = Thamani
status = Hali
attribute = Sifa
entity = Kitu
area = Eneo
place = Mahali
source = Chanzo
vintage = Data ya mwaka
changed = Kilibadilika
created = Kiliundwa
observed = Ilipimwa
scope = Upeo
indicator = Kiashiria
dimension = Nyanja
as-bar = Kama mstari
contains = Ina
name-or-id = Jina au kitambulisho
filter = Chuja
filter-none = Onyesha vyote
nothing-matches = Hakuna kinacholingana. Jaribu herufi chache zaidi, au aina nyingine.

pager = Vinavyoonyeshwa ni { $from-text } hadi { $to-text } kati ya { $all-text }
pager-none = Hakuna cha kuonyesha
pager-label = Kurasa
pager-previous = Ukurasa uliotangulia
pager-next = Ukurasa unaofuata

empty-title = Jiji hili bado ni tupu
empty-lede = Bado hakuna kilichoingizwa. Faili tatu zinatosha kwa mtazamo wa kwanza wa kweli wa jiji.
empty-own-title = Anza na faili zako mwenyewe
empty-own-text = Endesha amri hizi kwenye terminali kando ya seva hii, kwa majina ya faili zako:
empty-step-boundaries = Mipaka: jiji au kata zake, kama GeoJSON
empty-step-population = Idadi ya watu: gridi ya wakazi, kama GeoTIFF
empty-step-gtfs = Usafiri wa umma: ratiba, kama GTFS
empty-then = Kisha pakia ukurasa huu tena. Kila thamani itasema ilikokotolewa kutokana na nini, na nini bado kinakosekana.
empty-demo-title = Au tazama kwanza jiji la kubuni
empty-demo-text = Jiji kamili lenye barabara, mabasi na vihisi vinavyopima ukiwa unatazama. Data zake zimo kwenye folda ya muda.

city-unnamed = Jiji
overview-lede =
    Pacha anajua { $entities ->
        [one] kitu { $entities-text }
       *[other] vitu { $entities-text }
    } vya { $types ->
        [one] aina { $types-text }
       *[other] aina { $types-text }
    }.
score-title = Jiji liko vipi
score-coverage =
    { $reported ->
        [one] Kipengele { $reported-text } kati ya { $total-text } kina thamani.
       *[other] Vipengele { $reported-text } kati ya { $total-text } vina thamani.
    }
score-honest = vinajulikana. Kisicho na thamani hakihesabiwi kwa faida wala hasara ya jiji.
score-short = Alama
of-hundred = kati ya 100
no-score = Bado hakuna alama
with-value = Vyenye thamani
wheel-title = Gurudumu la viashiria
wheel-text = Kijiti kimoja kwa kila kipengele: kimejazwa kadiri lengo linavyofikiwa, ni kitupu pasipojulikana thamani.
wheel-of = kati ya { $total-text }
by-dimension = Kwa nyanja
dimension-economy = Uchumi
dimension-environment = Mazingira
dimension-society = Jamii na utamaduni
catalogue = Katalogi
benchmark-set = Malengo
known-title = Kinachojulikana
known-none = Bado hakuna kiashiria chenye thamani.
all-indicators = Viashiria vyote
missing-title = Cha kukusanya baadaye
missing-text = Hivi vingeeleza mengi mapya: kimoja kutoka kila sehemu ya katalogi, sehemu zisizojulikana zaidi kwanza.
missing-caption = Viashiria visivyo na thamani, na data zinazohitajika
needed = Kinachohitajika
all-missing = Vyote vinavyokosekana
holds-title = Pacha ana nini
holds-caption = Vitu kwa aina
changes-title = Mabadiliko ya mwisho
changes-caption = Vitu vilivyobadilika mwisho
sources-title = Data zinatoka wapi
sources-none = Hakuna kitu kinachotaja chanzo chake.
sources-caption = Vyanzo, miaka ya data zake, na viashiria vinavyozitumia
used-for = Hutumika kwa

kpi-list-title = Viashiria
kpi-list-summary = Vipengele { $reported-text } kati ya { $total-text } vya katalogi vina thamani.
filter-indicators = Chuja viashiria
search-name = Jina au msimbo una
csv-all = Viashiria vyote kama CSV
quality-and-coverage = Ubora na ufikio
extra-title = Viashiria vya jiji lenyewe
extra-caption = Vilivyoripotiwa nje ya katalogi
status-calculated = kimekokotolewa
status-reported = kimeripotiwa
status-not-reported = hakuna thamani
status-not-applicable = hakihusiki
quality-accurate = Kipimo sahihi
quality-survey = Makadirio kutokana na utafiti
quality-higher-level = Makadirio kutokana na data za ngazi ya juu
quality-estimate = Kadirio kwa dhana
quality-personal = Kadirio la mtu binafsi
quality-unknown = Ubora haujulikani
coverage-time = { $percent }% ya kipindi
coverage-area = { $percent }% ya eneo

needed-title = Kinachohitajika ili kupata thamani
parts-title = Vipengele vya kiashiria hiki
facts-title = Ubora wa thamani hii
fact-quality = Ubora
fact-coverage = Data zinafikia
fact-period = Kipindi
fact-vintages = Data za miaka
fact-attainment = Sehemu ya lengo iliyofikiwa
fact-points = Pointi
points-of-four =
    { $points ->
        [one] { $points-text } kati ya 4
       *[other] { $points-text } kati ya 4
    }
fact-index = Ya thamani ya mwongozo
fact-origin = Asili
fact-verified = Uthibitisho
verified-yes = Imethibitishwa na mthibitishaji huru
verified-no = Haikuthibitishwa na mthibitishaji
verified-nobody = Bado hakuna aliyeithibitisha
fact-benchmark = Lengo
fact-sdg = Malengo ya Maendeleo Endelevu
formula-title = Jinsi ilivyokokotolewa
numerator = Kilichohesabiwa
denominator = Dhidi ya
areas-title = Eneo kwa eneo
areas-picture = Ramani ya maeneo ya jiji, yaliyotiwa rangi kwa thamani. Jedwali lililo hapa chini lina namba zilezile.
areas-caption = Thamani ya kila eneo, ya juu zaidi kwanza
history-title = Kwa muda
from-title = Ilikokotolewa kutokana na nini
from-caption = Vitu vya pacha vilivyoingia kwenye thamani hii
readings = Vipimo
sensitivity-title = Jinsi inavyobadilika kwa dhana
sensitivity-caption = Thamani kwa dhana nyingine
assumption = Dhana
notes-title = Cha kujua
take-title = Chukua nawe
csv-this = Kiashiria hiki na maeneo yake kama CSV
kpi-entity = Kitu kinachotunza thamani hii

plot-summary =
    { $count ->
        [one] Thamani { $count-text }
       *[other] Thamani { $count-text }
    } kuanzia { $from } hadi { $to }: wastani { $mean }, ya chini { $least }, ya juu { $most }.
plot-table = Hayo hayo kama jedwali
plot-table-caption = kwa muda
plot-from = Kuanzia
plot-mean = Wastani
plot-least = Ya chini
plot-most = Ya juu
plot-count = Thamani

map-title = Ramani
map-summary =
    { $places ->
        [one] Kitu { $places-text } chenye mahali
       *[other] Vitu { $places-text } vyenye mahali
    } katika { $types ->
        [one] tabaka { $types-text }.
       *[other] matabaka { $types-text }.
    }
map-summary-most = Vingi zaidi:
map-cut = Ramani shirikishi inaonyesha { $shown-text } kati ya { $all-text }: vya aina adimu kwanza. Chagua aina ili kuiona yote. Jedwali na faili zina vyote.
map-heading = Jiji jinsi pacha anavyoliona
map-empty = Hapa hakuna kitu chenye mahali kwenye ramani.
map-table-title = Hayo hayo kama jedwali
map-table-caption = Vitu vyenye mahali.
skip-map = Ruka ramani: nenda kwenye jedwali
filter-map = Chuja ramani na jedwali
picture-cut = Si vyote vinavyoenea kwenye picha hii; jedwali lina vyote.
csv-map = Vyote hivi kama CSV
geojson-map = Vyote hivi kama GeoJSON
geometry-line = Mstari wa nukta { $points-text }
geometry-area = Eneo la nukta { $points-text }
geometry-other = Umbo la nukta { $points-text }

island-canvas = Ramani shirikishi
island-tools = Sogeza ramani
island-zoom-in = Kuza
island-zoom-out = Punguza
island-pan-west = Sogea magharibi
island-pan-north = Sogea kaskazini
island-pan-south = Sogea kusini
island-pan-east = Sogea mashariki
island-turn-left = Geuza kushoto
island-turn-right = Geuza kulia
island-tilt = Mwonekano wa 3D
island-whole = Jiji lote
island-style = Mtindo
island-style-light = Angavu
island-style-dark = Giza
island-style-contrast = Utofauti mkubwa
island-keys = Ramani ikiwa imechaguliwa: mishale huisogeza, + na − hukuza na kupunguza, Shift pamoja na mishale hugeuza na kuinamisha, Enter husema kilicho katikati, Escape hufuta uteuzi.
island-legend = Matabaka
island-open = Yote yanayojulikana kukihusu
island-nothing = Hakuna kitu mahali hapa.
island-no-webgl = Kivinjari hiki hakiwezi kuchora ramani shirikishi (hakina WebGL 2). Picha na jedwali vinaonyesha hayo hayo.
island-failed = Ramani shirikishi haikuweza kupakiwa. Picha na jedwali vinaonyesha hayo hayo.
island-load = Pakia ramani shirikishi (MB 0.4)
island-gesture-ctrl = Shikilia Ctrl na uviringishe ili kukuza ramani
island-gesture-cmd = Shikilia ⌘ na uviringishe ili kukuza ramani
island-gesture-touch = Tumia vidole viwili kusogeza ramani

entities-title = Vitu
entities-summary =
    { $entities ->
        [one] Kitu { $entities-text }
       *[other] Vitu { $entities-text }
    } vya { $types ->
        [one] aina { $types-text }.
       *[other] aina { $types-text }.
    }
filter-entities = Tafuta vitu
entities-caption = Vitu.
on-map = Onyesha kwenye ramani
raw-json = Kama JSON-LD
raw-temporal = Historia kama JSON-LD
values-title = Thamani
values-caption = Sifa za kitu hiki
values-none = Kitu hiki hakina thamani.
relations-title = Mahusiano
relations-none = Hakuna kinachohusiana na kitu hiki.
relation = Uhusiano
outgoing-caption = Kutoka kitu hiki kwenda vingine
incoming-caption = Kutoka vingine kuja kitu hiki
not-in-twin = (hakimo kwenye pacha)
entity-incoming-more = Mahusiano { $shown-text } kati ya { $all-text } yanaonyeshwa.

# Aina za vitu ambazo miji ina. Aina nyingine yoyote huonyeshwa kwa maneno yake yenyewe.
type-AdministrativeArea = Maeneo ya utawala
type-AirQualityObserved = Ubora wa hewa
type-Building = Majengo
type-District = Wilaya
type-GtfsAgency = Waendeshaji wa usafiri wa umma
type-GtfsCalendarRule = Kalenda za huduma
type-GtfsFrequency = Marudio ya huduma
type-GtfsRoute = Njia za usafiri wa umma
type-GtfsShape = Mapito ya usafiri wa umma
type-GtfsStop = Vituo vya usafiri wa umma
type-GtfsStopTime = Nyakati za ratiba
type-GtfsTrip = Safari za usafiri wa umma
type-GtfsService = Siku za huduma
type-Hospital = Hospitali
type-Clinic = Zahanati
type-KeyPerformanceIndicator = Thamani za viashiria
type-NoiseLevelObserved = Kelele
type-OffStreetParking = Maegesho ya magari
type-OnStreetParking = Maegesho ya barabarani
type-Park = Bustani
type-ParkingSpot = Nafasi za kuegesha
type-Person = Watu
type-PointOfInterest = Maeneo muhimu
type-PopulationGrid = Gridi za idadi ya watu
type-Road = Barabara
type-RoadSegment = Mitaa
type-School = Shule
type-Streetlight = Taa za barabarani
type-Ward = Kata
type-WaterConsumptionObserved = Mita za maji
type-WeatherObserved = Hali ya hewa
