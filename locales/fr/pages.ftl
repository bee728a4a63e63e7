# Les textes des pages. `$count` et autres choisissent le pluriel ; `$count-text` est le nombre écrit selon l’usage.

skip = Aller au contenu
nav-label = Principal
nav-overview = Aperçu
nav-indicators = Indicateurs
nav-map = Carte
nav-entities = Entités
languages = Langues
footer-api = Description de l’API
breadcrumbs = Vous êtes ici
back-to-overview = Retour à l’aperçu

not-found-title = Cette page n’existe pas
not-found-text = Vérifiez l’adresse ou repartez de l’aperçu. Une entité peut aussi avoir été supprimée depuis.
server-failed-title = La page n’a pas pu être produite
server-failed-text = Le serveur a échoué en produisant cette page ; son journal dit pourquoi. Réessayez dans une minute.
unavailable-title = La ville n’est pas là
unavailable-text = Le jumeau de cette ville n’est pas ouvert. Demandez à la personne qui gère ce serveur.

yes = oui
no = non
all = Tout
list-comma = {", "}
no-value = pas de valeur
percent = { $percent } %
name = Nom
type = Type
count = Combien
value = Valeur
status = État
attribute = Attribut
entity = Entité
area = Zone
place = Lieu
source = Source
vintage = Données de
changed = Modifiée
created = Créée
observed = Observée
scope = Portée
indicator = Indicateur
dimension = Dimension
as-bar = En barre
contains = Contient
name-or-id = Nom ou identifiant
filter = Filtrer
filter-none = Tout afficher
nothing-matches = Rien ne correspond. Essayez moins de lettres ou un autre type.

pager = { $from-text } à { $to-text } sur { $all-text }
pager-none = Rien à afficher
pager-label = Pages
pager-previous = Page précédente
pager-next = Page suivante

empty-title = Cette ville est encore vide
empty-lede = Rien n’a encore été importé. Trois fichiers suffisent pour un premier regard honnête sur une ville.
empty-own-title = Commencez avec vos propres fichiers
empty-own-text = Lancez ces commandes dans un terminal à côté de ce serveur, avec les noms de vos fichiers :
empty-step-boundaries = Limites : la ville ou ses quartiers, en GeoJSON
empty-step-population = Population : une grille d’habitants, en GeoTIFF
empty-step-gtfs = Transports publics : des horaires, en GTFS
empty-then = Rechargez ensuite cette page. Chaque valeur dira de quoi elle a été calculée et ce qui manque encore.
empty-demo-title = Ou regardez d’abord une ville inventée
empty-demo-text = Une ville complète, avec des rues, des bus et des capteurs qui mesurent sous vos yeux. Ses données sont dans un dossier temporaire.

city-unnamed = La ville
overview-lede =
    Le jumeau connaît { $entities ->
        [one] { $entities-text } objet
       *[other] { $entities-text } objets
    } de { $types ->
        [one] { $types-text } type
       *[other] { $types-text } types
    }.
score-title = Où en est la ville
score-coverage =
    { $reported ->
        [one] { $reported-text } donnée sur { $total-text } a une valeur.
       *[other] { $reported-text } données sur { $total-text } ont une valeur.
    }
score-honest = sont connus. Ce qui n’a pas de valeur ne compte ni pour ni contre la ville.
score-short = Note
of-hundred = sur 100
no-score = Pas encore de note
with-value = Avec une valeur
wheel-title = La roue des indicateurs
wheel-text = Un rayon par donnée : rempli selon la part de la cible atteinte, vide quand aucune valeur n’est connue.
wheel-of = sur { $total-text } connues
by-dimension = Par dimension
dimension-economy = Économie
dimension-environment = Environnement
dimension-society = Société et culture
catalogue = Catalogue
benchmark-set = Cibles
known-title = Ce que l’on sait
known-none = Aucun indicateur n’a encore de valeur.
all-indicators = Tous les indicateurs
missing-title = Ce qu’il faut recueillir ensuite
missing-text = Voici ce qui apprendrait le plus : un indicateur de chaque partie du catalogue, les parties les moins connues d’abord.
missing-caption = Indicateurs sans valeur et données nécessaires
needed = Ce qu’il faut
all-missing = Tout ce qui manque
holds-title = Ce que contient le jumeau
holds-caption = Entités par type
changes-title = Derniers changements
changes-caption = Les entités modifiées en dernier
sources-title = D’où viennent les données
sources-none = Aucune entité ne nomme sa source.
sources-caption = Sources, années de leurs données et indicateurs qui les utilisent
used-for = Sert à

kpi-list-title = Indicateurs
kpi-list-summary = { $reported-text } données du catalogue sur { $total-text } ont une valeur.
filter-indicators = Filtrer les indicateurs
search-name = Le nom ou le code contient
csv-all = Tous les indicateurs en CSV
quality-and-coverage = Qualité et couverture
extra-title = Les indicateurs propres à la ville
extra-caption = Déclarés en plus du catalogue
status-calculated = calculé
status-reported = déclaré
status-not-reported = pas de valeur
status-not-applicable = sans objet
quality-accurate = Mesure exacte
quality-survey = Extrapolé d’une enquête
quality-higher-level = Extrapolé de données d’un niveau supérieur
quality-estimate = Estimation sur hypothèses
quality-personal = Estimation personnelle
quality-unknown = Qualité inconnue
coverage-time = { $percent } % de la période
coverage-area = { $percent } % du territoire

needed-title = Ce qu’il faut pour une valeur
parts-title = Données de cet indicateur
facts-title = Ce que vaut cette valeur
fact-quality = Qualité
fact-coverage = Les données couvrent
fact-period = Période
fact-vintages = Données des années
fact-attainment = Part de la cible atteinte
fact-points = Points
points-of-four =
    { $points ->
        [one] { $points-text } sur 4
       *[other] { $points-text } sur 4
    }
fact-index = De la valeur guide
fact-origin = Origine
fact-verified = Vérification
verified-yes = Confirmée par un vérificateur indépendant
verified-no = Non confirmée par le vérificateur
verified-nobody = Personne ne l’a encore vérifiée
fact-benchmark = Cible
fact-sdg = Objectifs de développement durable
formula-title = Comment elle a été calculée
numerator = Compté
denominator = Rapporté à
areas-title = D’une zone à l’autre
areas-picture = Carte des zones de la ville, nuancées selon la valeur. Le tableau ci-dessous contient les mêmes nombres.
areas-caption = La valeur de chaque zone, la plus haute d’abord
history-title = Au fil du temps
from-title = À partir de quoi elle a été calculée
from-caption = Entités du jumeau qui entrent dans cette valeur
readings = Mesures
sensitivity-title = Comment elle change avec les hypothèses
sensitivity-caption = La valeur sous d’autres hypothèses
assumption = Hypothèse
notes-title = À savoir
take-title = À emporter
csv-this = Cet indicateur et ses zones en CSV
kpi-entity = L’entité qui garde cette valeur

plot-summary =
    { $count ->
        [one] { $count-text } valeur
       *[other] { $count-text } valeurs
    } du { $from } au { $to } : { $mean } en moyenne, { $least } au plus bas, { $most } au plus haut.
plot-table = La même chose en tableau
plot-table-caption = au fil du temps
plot-from = À partir de
plot-mean = Moyenne
plot-least = Minimum
plot-most = Maximum
plot-count = Valeurs

map-title = Carte
map-summary =
    { $places ->
        [one] { $places-text } objet situé
       *[other] { $places-text } objets situés
    } dans { $types ->
        [one] { $types-text } couche.
       *[other] { $types-text } couches.
    }
map-summary-most = Surtout :
map-cut = La carte interactive montre { $shown-text } objets sur { $all-text }, ceux des types rares d’abord. Choisissez un type pour le voir en entier. Le tableau et les fichiers contiennent tout.
map-heading = La ville telle que le jumeau la voit
map-empty = Rien ici n’a de place sur la carte.
map-table-title = La même chose en tableau
map-table-caption = Objets situés.
skip-map = Passer la carte : aller au tableau
filter-map = Filtrer la carte et le tableau
picture-cut = Tout ne tient pas dans cette image ; le tableau contient tout.
csv-map = Tout ceci en CSV
geojson-map = Tout ceci en GeoJSON
geometry-line = Ligne de { $points-text } points
geometry-area = Surface de { $points-text } points
geometry-other = Forme de { $points-text } points

island-canvas = Carte interactive
island-tools = Déplacer la carte
island-zoom-in = Agrandir
island-zoom-out = Réduire
island-pan-west = Vers l’ouest
island-pan-north = Vers le nord
island-pan-south = Vers le sud
island-pan-east = Vers l’est
island-turn-left = Tourner à gauche
island-turn-right = Tourner à droite
island-tilt = Vue 3D
island-whole = Toute la ville
island-style = Style
island-style-light = Clair
island-style-dark = Sombre
island-style-contrast = Contraste élevé
island-keys = Quand la carte a le focus : les flèches la déplacent, + et − changent l’échelle, Maj avec les flèches tourne et incline, Entrée dit ce qui est au centre, Échap efface le choix.
island-legend = Couches
island-open = Tout ce que l’on en sait
island-nothing = Il n’y a rien à cet endroit.
island-no-webgl = Ce navigateur ne peut pas dessiner la carte interactive (il n’a pas WebGL 2). L’image et le tableau montrent la même chose.
island-failed = La carte interactive n’a pas pu être chargée. L’image et le tableau montrent la même chose.
island-load = Charger la carte interactive (0,4 Mo)
island-gesture-ctrl = Maintenez Ctrl et faites défiler pour changer l’échelle
island-gesture-cmd = Maintenez ⌘ et faites défiler pour changer l’échelle
island-gesture-touch = Utilisez deux doigts pour déplacer la carte

entities-title = Entités
entities-summary =
    { $entities ->
        [one] { $entities-text } entité
       *[other] { $entities-text } entités
    } de { $types ->
        [one] { $types-text } type.
       *[other] { $types-text } types.
    }
filter-entities = Chercher dans les entités
entities-caption = Entités.
on-map = Montrer sur la carte
raw-json = En JSON-LD
raw-temporal = Historique en JSON-LD
values-title = Valeurs
values-caption = Attributs de cette entité
values-none = Cette entité n’a pas de valeurs.
relations-title = Liens
relations-none = Rien n’est lié à cette entité.
relation = Lien
outgoing-caption = De cette entité vers d’autres
incoming-caption = D’autres vers cette entité
not-in-twin = (absente du jumeau)
entity-incoming-more = { $shown-text } liens sur { $all-text } sont montrés.

# Types d’entités que les villes ont. Tout autre type est montré par ses propres mots.
type-AdministrativeArea = Zones administratives
type-AirQualityObserved = Qualité de l’air
type-Building = Bâtiments
type-District = Quartiers
type-GtfsAgency = Exploitants de transport
type-GtfsCalendarRule = Calendriers de service
type-GtfsFrequency = Fréquences de passage
type-GtfsRoute = Lignes de transport
type-GtfsShape = Tracés de transport
type-GtfsStop = Arrêts de transport
type-GtfsStopTime = Passages à l’horaire
type-GtfsTrip = Courses de transport
type-GtfsService = Jours de service
type-Hospital = Hôpitaux
type-Clinic = Centres de santé
type-KeyPerformanceIndicator = Valeurs d’indicateurs
type-NoiseLevelObserved = Bruit
type-OffStreetParking = Parcs de stationnement
type-OnStreetParking = Stationnement sur rue
type-Park = Parcs
type-ParkingSpot = Places de stationnement
type-Person = Personnes
type-PointOfInterest = Points d’intérêt
type-PopulationGrid = Grilles de population
type-Road = Routes
type-RoadSegment = Rues
type-School = Écoles
type-Streetlight = Éclairage public
type-Ward = Arrondissements
type-WaterConsumptionObserved = Compteurs d’eau
type-WeatherObserved = Météo
