# Les textes des pages sur les scénarios et l’accès. Voir pages.ftl pour les pluriels et les nombres.

nav-scenarios = Scénarios
busy-title = Trop de calculs attendent
busy-text = Attendez la fin de l’un d’eux ou annulez-en un, puis réessayez.
refused-title = Cela n’a pas pu être fait
refused-text = Revenez en arrière, corrigez et réessayez. Rien n’a été perdu ni modifié.
error-title = Erreur : { $title }

scenarios-title = Scénarios
scenarios-lede = Que gagnerait la ville, avant de payer ? Essayez des mesures sur une copie de la ville : un trottoir abaissé, un arrêt de bus, un dispensaire. La ville elle-même ne change jamais.
scenarios-add = Ajouter un fichier de scénarios
scenarios-none = Il n’y a pas encore de scénario. Ajoutez un fichier qui nomme des mesures et leur coût.
scenarios-caption = Les fichiers de scénarios de la ville.
scenario = Scénario
scenario-holds =
    { $measures ->
        [one] { $measures-text } mesure
       *[other] { $measures-text } mesures
    } dans { $scenarios ->
        [one] { $scenarios-text } scénario
       *[other] { $scenarios-text } scénarios
    }
scenario-faulty = Le fichier a des défauts : ouvrez-le pour les voir.
scenario-everything = Toutes les mesures ensemble
latest-run = Dernier calcul
try-it = Essayer
run-it = Calculer
run-hint = Un calcul dure de quelques secondes à quelques minutes. Vous pouvez quitter la page entre-temps.
not-run-yet = Pas encore calculé
how-title = Comment ça marche
how-write = Notez ce que vous pensez faire : chaque mesure avec son coût, son responsable et son lieu.
how-run = Lancez le calcul. Le programme applique les mesures à une copie de la ville et recalcule qui atteint quoi.
how-compare = Comparez. Vous voyez ce que chaque scénario change, pour qui, avec quelle certitude et à quel coût.

runs-title = Tous les calculs
runs-none = Rien n’a encore été calculé.
runs-caption = Calculs, le plus récent d’abord.
run = Calcul
run-queued = en attente
run-running = en cours
run-done = terminé
run-failed = échoué
run-cancelled = annulé
run-earlier = d’une version antérieure du fichier
run-best = Ce qui en est sorti
run-best-line = { $indicator } : { $difference }, par « { $scenario } »
run-best-none = { $indicator } : aucun scénario ne l’améliore
delete-run = Supprimer
asked-for = demandé
run-works = Le calcul est en cours. Rien ne change dans la ville.
run-step = En ce moment
run-cancel = Annuler le calcul
run-errors = Pourquoi il n’a rien donné
run-nothing = Ce calcul n’a pas de résultat.
watching = Cette page se recharge d’elle-même toutes les quelques secondes.
watch-stop = Arrêter cela
watch-start = Recharger cette page d’elle-même
look-again = Regarder de nouveau

new-title = Ajouter un fichier de scénarios
edit-title = Modifier le fichier de scénarios
edit-back = Retour au scénario
edit-upload = Choisir un fichier
edit-upload-hint = TOML ou JSON. Il remplace le texte ci-dessous.
edit-text = Ou l’écrire ici
edit-text-hint = Un exemple se trouve à la fin de cette page.
edit-wrong = Il y a des défauts ; la liste est en haut de la page.
edit-save = Enregistrer
edit-save-run = Enregistrer et calculer
edit-cancel = Abandonner
edit-both = Vous avez choisi un fichier et aussi modifié le texte. Choisissez de nouveau le fichier et videz le texte, ou enregistrez le texte sans fichier.
edit-nothing = Choisissez un fichier ou écrivez-en un dans le champ.
edit-changed = Quelqu’un d’autre a modifié ce scénario entre-temps. Votre texte est toujours là. Enregistrer encore une fois le met à la place de l’autre.
errors-title = Il y a un problème
example-title = Un exemple
example-text = Les noms y sont des exemples : utilisez les identifiants de votre ville. Les mesures possibles :
delete-title = Supprimer ce scénario
delete-text = Le fichier disparaît. Ses calculs et leurs résultats restent.
delete-scenario = Supprimer ce fichier de scénarios

faults-title = Ce fichier ne peut pas encore être calculé
compared-title = Ce qui est comparé
compared-caption = Chaque scénario est la ville telle qu’elle est, avec ces mesures
measures = Mesures
measure = Mesure
measures-title = Les mesures
measures-caption = Ce que chaque mesure change, ce qu’elle coûte, qui la réalise et quand
what-it-changes = Ce qu’elle change
cost = Coût
cost-once = Coût, une fois
cost-yearly = Coût, chaque année
owner = Responsable
start = Début
measured-title = Ce qui est mesuré
measured-all = Tout ce pour quoi la ville a des données.
measured-choose = Toutes les combinaisons des mesures sont essayées, pour trouver celles qui donnent le plus de :
budget = Budget
history-of-runs = Calculs
file-title = Le fichier
file-show = Montrer le fichier
take-file = Le fichier lui-même

kinds-title = Mesures que vous pouvez essayer
kinds-lede = Chaque mesure change des choses dans une copie de la ville, et tout est recalculé à partir d’elles.
kinds-schema = Le format des fichiers de scénarios, en JSON Schema
kinds-caption = Ce qu’un fichier dit sous « with »
parameter = Nom
meaning = Sens
otherwise = Sans indication
has-to-be-given = à indiquer
may-be-left-out = facultatif
assumed-title = Ce qui est supposé

compare-best =
    { $count ->
        [one] « { $scenario } » change « { $indicator } » de { $difference }.
       *[other] Sur { $count-text } scénarios, « { $scenario } » fait le plus pour « { $indicator } » : { $difference }.
    }
compare-none =
    { $count ->
        [one] Le scénario n’améliore pas « { $indicator } », autant qu’on le sache.
       *[other] Aucun des { $count-text } scénarios n’améliore « { $indicator } », autant qu’on le sache.
    }
compare-unknown =
    { $count ->
        [one] Un scénario a été essayé, mais on ne peut rien dire de son effet.
       *[other] { $count-text } scénarios ont été essayés, mais on ne peut rien dire de leur effet.
    }
gives-title = Ce que chaque scénario apporte et ce qu’il coûte
gives-caption = différence avec la ville telle qu’elle est
look-closer = Choisir ce qui est montré
show = Montrer
as-it-is = Aujourd’hui
with-it = Avec le scénario
difference = Différence
number = N°
people-more = Personnes en plus
cost-per-person = Coût par personne gagnée
cost-per-unit = Coût par unité gagnée
points = { $value } points
points-hint = Les points sont des points de pourcentage : de 60 % à 62 % font +2 points.
between = entre { $low } et { $high }
up-to = jusqu’à { $value }
verdict-better = mieux
verdict-worse = moins bien
verdict-same = inchangé
verdict-more = plus
verdict-less = moins
verdict-not-known = inconnu
compare-all-title = Tous les indicateurs
compare-caption = Différence de chaque scénario avec la ville telle qu’elle est
bounds-hint = « Entre » dit jusqu’où le nombre peut descendre ou monter, vu ce que personne ne sait : d’un trottoir ou d’une pente que personne n’a regardés, on ignore si un fauteuil roulant y passe.

who-title = Qui gagne et qui perd
choose-other = Choisir un autre indicateur ou scénario
parts-gain-none = Personne n’y gagne dans aucun quartier.
parts-gain-all =
    { $all ->
        [one] Des habitants gagnent dans le seul quartier.
       *[other] Des habitants gagnent dans tous les { $all-text } quartiers.
    }
parts-gain-some =
    { $some ->
        [one] Des habitants gagnent dans { $some-text } quartier sur { $all }.
       *[other] Des habitants gagnent dans { $some-text } quartiers sur { $all }.
    }
parts-lose-none = Personne ne perd nulle part.
parts-lose-all =
    { $all ->
        [one] Des habitants perdent dans le seul quartier.
       *[other] Des habitants perdent dans tous les { $all-text } quartiers.
    }
parts-lose-some =
    { $some ->
        [one] Des habitants perdent dans { $some-text } quartier sur { $all }.
       *[other] Des habitants perdent dans { $some-text } quartiers sur { $all }.
    }
who-groups = Par groupe
who-groups-caption = Groupes de personnes : avant, après, et qui gagne ou perd
who-areas = Par quartier
who-areas-caption = Quartiers, la plus grande différence d’abord
group = Groupe
group-age = Âge : { $ages } ans
group-disability = Personnes handicapées
group-income-low = Tiers inférieur selon le revenu du quartier
group-income-middle = Tiers moyen selon le revenu du quartier
group-income-high = Tiers supérieur selon le revenu du quartier
people = Personnes
people-gain = Personnes qui gagnent
people-lose = Personnes qui perdent
difference-map-title =
    { $areas ->
        [one] Carte de { $areas-text } quartier : différence pour « { $indicator } » par « { $scenario } »
       *[other] Carte de { $areas-text } quartiers : différence pour « { $indicator } » par « { $scenario } »
    }

effect-title = Coût et effet
effect-caption = ce que coûte un scénario (vers la droite) et ce qu’il change (vers le haut)
effect-picture = Graphique du coût et de l’effet. Le tableau ci-dessous contient les mêmes nombres.
effect-table = Les nombres du graphique
effect-years = Les coûts sont ceux payés une fois et ceux de { $years } ans.

choice-title = Quelles mesures choisir
choice-summary =
    Les { $subsets-text } combinaisons de { $measures ->
        [one] { $measures-text } mesure
       *[other] { $measures-text } mesures
    } ont été essayées, chacune comme un tout. { $best ->
        [one] { $best-text } d’entre elles n’est battue par aucune autre dans le budget.
       *[other] { $best-text } d’entre elles ne sont battues par aucune autre dans le budget.
    }
choice-chart-caption = chaque combinaison est un point ; les points numérotés ne sont battus par aucun autre
choice-picture = Graphique du coût et de l’effet de toutes les combinaisons. Le tableau ci-dessous énumère celles qui sont numérotées.
choice-caption = Combinaisons qu’aucune autre ne bat, la moins chère d’abord
choice-more = { $more } de plus sont dans les fichiers.
choice-best = la meilleure dans le budget
no-measure = Aucune mesure
objective-of = { $indicator } ({ $group })
told-title = Ce que chaque mesure est devenue
told-caption = Pourquoi chaque mesure est choisie ou écartée
told-why = Pourquoi
told-in = Dans combien des meilleures
told-alone = Ce qu’elle donne seule
told-best = Ce qu’elle ajoute à la meilleure
why-title = Pourquoi cela a-t-il été écarté ?
why-legend = Cochez les mesures d’une combinaison
why-ask = Expliquer
why-dropped = Elle a été écartée :
why-best = Aucune autre combinaison ne la bat.

changes-of-title = Ce que chaque scénario change dans la ville
changes-of-text = Une mesure change des choses de la copie de la ville, et tout le reste est calculé à partir d’elles.
things-made = Choses nouvelles
things-changed = Choses changées
things-gone = Choses enlevées
changes-data = Les choses changées en données (JSON) :
sure-title = Ce qui a été supposé, et avec quelle certitude
sure-text = La même ville, le même fichier et la même version du programme donnent toujours le même résultat.
sure-warnings = À savoir
sure-uncertain = Ce qui n’est pas sûr
sure-from = D’où viennent les nombres
sure-entities = Ce qui a été lu
fact-snapshot = La ville telle qu’elle était le
fact-version = Version du programme
fact-seed = Graine
fact-inputs = Empreinte des données de la ville (SHA-256)
fact-file = Empreinte du fichier (SHA-256)
take-html = La comparaison comme page à imprimer ou à envoyer
take-csv = Tous les nombres en CSV
take-json = Le tout en JSON
take-map = La carte des différences en GeoJSON

reach-of-stop-walk = Transport public à portée, à pied
reach-of-stop-wheelchair = Transport public à portée, en fauteuil roulant
reach-of-park-walk = Un parc à portée, à pied
reach-of-park-wheelchair = Un parc à portée, en fauteuil roulant
reach-of-clinic-walk = Un dispensaire à portée, à pied
reach-of-clinic-wheelchair = Un dispensaire à portée, en fauteuil roulant
reach-of-school-walk = Une école à portée, à pied
reach-of-school-wheelchair = Une école à portée, en fauteuil roulant
reach-of-clinic-transit = Un dispensaire à temps, à pied ou en transport public
reach-of-clinic-transit-wheelchair = Un dispensaire à temps, en fauteuil roulant et en transport public

reach-title = Qui atteint quoi aujourd’hui
reach-lede = La ville telle qu’elle est : où l’on sait que les gens atteignent quelque chose, où ils ne l’atteignent pas, et où personne ne le sait parce que personne n’a regardé.
reach-form = Choisir ce qu’il faut atteindre
reach-no-model = Cela ne peut pas encore être calculé pour cette ville.
reach-none = Il manque à la ville des données pour cela : rues, habitants ou lieux à atteindre.
reach-summary = Sur { $people } personnes, on sait que { $passable } l’atteignent et que { $blocked } ne l’atteignent pas ; pour { $unknown }, personne ne le sait.
reach-passable = on sait qu’elles l’atteignent
reach-unknown = personne ne le sait
reach-blocked = on sait qu’elles ne l’atteignent pas
reach-picture = Carte des lieux habités, selon que l’on y atteint cela ou non. Le tableau ci-dessous dit la même chose pour chaque quartier.
reach-map-title = Où les gens l’atteignent
reach-areas-caption = Personnes par quartier
reach-groups-caption = Personnes par groupe
reach-look-title = Où regarder en apprendrait le plus
reach-look-text = Sur ces bouts de chemin, quelque chose décide que personne n’a noté. Si quelqu’un y va et regarde, on le saura pour le plus de personnes.
reach-look-caption = Les dix lieux qu’il vaut le plus la peine de regarder
reach-look-none = Rien de ce qui manque ne déciderait quoi que ce soit ici.
reach-piece = Bout de chemin
reach-missing = Ce que personne n’a noté
reach-people = Personnes dont le chemin passe là
reach-method = Comment c’est calculé
reach-length = { $metres } m
travel-title = Comment les gens se déplacent
fact-walk = Mètres à pied ou en fauteuil, jusqu’à un dispensaire ou une école
fact-minutes = Minutes que peut durer un trajet en transport public
fact-time = Heure de départ
fact-date = Jour de départ
fact-wheelchair = « En fauteuil roulant » signifie
wheelchair-manual-wheelchair = un fauteuil roulant manuel
wheelchair-powered-wheelchair = un fauteuil roulant électrique
wheelchair-long-cane = une personne à pied avec une canne blanche
reach-how-stop = On compte qui a un arrêt desservi ce jour-là à { $metres } m au plus par le réseau, ou à { $rail } m pour le train, le métro et le bac (ODD 11.2.1, métadonnées ONU-Habitat 2021).
reach-how-park = On compte qui a le bord d’un parc à { $metres } m au plus par le réseau (ODD 11.7.1, métadonnées ONU-Habitat 2021).
reach-how-clinic = On compte qui a un dispensaire à { $metres } m au plus par le réseau.
reach-how-school = On compte qui a une école à { $metres } m au plus par le réseau.
reach-how-transit = On compte qui part de chez soi à { $time } et arrive à un dispensaire en { $minutes } minutes au plus, à pied ou en transport public, selon l’horaire du jour (RAPTOR ; Delling, Pajor, Werneck 2012). Une ligne sans heures exactes est attendue la moitié du temps entre deux véhicules.
reach-how-foot = Compte tout chemin que l’on sait ouvert aux piétons.
reach-how-wheels = Comptent les chemins, portes, arrêts et véhicules que l’on sait accessibles avec { $wheelchair }. Ce que personne ne sait est tenu à part et n’est jamais pris pour praticable.
reach-how-file = Un fichier de scénario peut dire d’autres mètres, minutes et heures.
tag-foot = si l’on peut y marcher
tag-oneway-foot = le sens de la marche
tag-highway = le genre de voie
tag-sidewalk = trottoir
tag-crossing = passage piéton
tag-ramp-wheelchair = rampe à côté des marches
tag-handrail = main courante
tag-kerb = bordure
tag-width = largeur
tag-incline = pente
tag-surface = revêtement
tag-smoothness = planéité
tag-tactile-paving = bandes podotactiles
tag-operational-status = si l’ascenseur marche
tag-wheelchair = si un fauteuil roulant passe
tag-report = ce que des gens ont signalé

type-Scenario = Scénarios
type-ScenarioRun = Calculs de scénarios
type-ScenarioResult = Résultats de scénarios
type-RoadNode = Trottoirs et passages
