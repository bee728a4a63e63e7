# Les politiques d’accès, pour celles et ceux qui en répondent.

nav-policies = Politiques
policies-title = Politiques d’accès
policies-text = Qui peut voir et faire quoi, et à quelle fin. Ce qu’aucune politique ne permet n’est pas permis.
policies-caption = Les documents dans lesquels les politiques sont écrites
policy-name = Document
policy-name-hint = Par exemple north.cedar : lettres, chiffres, traits d’union, points ; 60 au plus.
policy-about = Ce qu’il dit
policy-own = Modifié par la ville
policy-came-with = Tel que fourni avec le programme
policy-about-roles = Ce que chaque rôle peut faire (Cedar)
policy-about-classification = Quels attributs sont ouverts, internes, confidentiels, personnels ou sensibles (TOML)
policy-about-purposes = À quelles fins les données peuvent être demandées (TOML)
policy-about-own = Politiques de la ville (Cedar)
policy-new = Un autre document
policy-begin = Commencer
policy-wrong-name = Un document ne peut pas s’appeler ainsi. Utilisez des lettres, des chiffres, des traits d’union et des points.
policy-text = Le texte
policy-text-hint = Il est vérifié avec tous les autres documents. Comparez d’abord : cela ne change rien.
policy-compare = Comparer
policy-save = Enregistrer
policy-remove = Retirer
policy-done = C’est enregistré, et cela vaut désormais pour tout le monde.
policy-outdated = Quelqu’un a modifié ce document pendant que vous écriviez. Vous voyez votre texte ; rechargez la page pour voir le sien.
policy-failed = Cela n’a pas pu être fait. Le journal du serveur dit pourquoi. Réessayez.
policy-gate-refused = Cela montrerait des données personnelles que personne n’a évaluées ; rien n’a donc été modifié
policy-gate-would-refuse = Cela ne pourrait pas être enregistré maintenant : des données personnelles que personne n’a évaluées seraient montrées
policy-gate-text = Avant que quelqu’un puisse nouvellement lire des données personnelles ou sensibles, une analyse d’impact les concernant doit être approuvée et à jour. Chaque ligne dit ce qui manque et mène là où on le fait. Enregistrez à nouveau quand c’est fait. Ce qui valait avant vaut toujours.
policy-gate-more =
    { $count ->
        [one] Et { $count-text } de plus.
       *[other] Et { $count-text } de plus.
    }
policy-odd = C’est étrange, mais pas faux
policy-compared-title = Ce qui changerait
policy-compared = Demandé pour { $people } des { $people-all } personnes, clés et inconnus, sur { $entities } des { $entities-all } entités.
policy-nothing = Personne ne gagne ni ne perd rien.
policy-shifts = Qui gagnerait et qui perdrait quoi
policy-more =
    { $count ->
        [one] Il y a un changement de plus que ceux de la liste.
       *[other] Il y a { $count-text } changements de plus que ceux de la liste.
    }
policy-change = Changement
policy-gain = gagne
policy-loss = perd
policy-who = Qui
policy-who-more =
    { $count ->
        [one] une autre personne
       *[other] { $count-text } autres
    }
policy-anonymous = quiconque n’est pas connecté
policy-action = Pour faire quoi
policy-action-read = voir
policy-action-history = voir le passé
policy-action-subscribe = être averti
policy-action-aggregate = calculer des chiffres
policy-action-export = emporter
policy-action-write = modifier
policy-action-delete = supprimer
policy-action-actuate = commander
policy-action-admin = administrer
policy-type = Type
policy-entities = Entités
policy-class = Classe
policy-attributes = Attributs
policy-because = À cause de
policy-why-title = Pourquoi quelqu’un peut-il voir quelque chose ?
policy-why-text = Quelles politiques décident si quelqu’un voit une entité, ou peut en faire quelque chose.
policy-why-who-hint = Le nom d’un compte, l’identifiant d’une clé ou d’un appareil, ou anonymous.
policy-why-attribute = Attribut (tous, si vide)
policy-why-purpose = À quelle fin
policy-why-ask = Expliquer
policy-why-yes = { $who } : « { $action } » est autorisé, pour ce qui est indiqué comme autorisé ci-dessous.
policy-why-no = { $who } : « { $action } » n’est pas autorisé.
policy-why-door = La permission { $permission } manque : aucune requête n’arrive jusqu’aux politiques.
policy-why-caption = Ce que les politiques disent de chaque classe d’attributs
policy-why-verdict = Autorisé ?
policy-why-reason = Pourquoi
policy-why-allowed = autorisé
policy-why-denied = refusé
policy-why-permitted = Permis par
policy-why-forbidden = Interdit par
policy-why-nobody = Aucune politique ne le permet.
policy-why-failed = Les politiques n’ont pas pu être évaluées, donc c’est refusé.
policy-why-unseen = Les politiques en décident d’après des attributs de l’entité que vous ne voyez pas. Demandez à quelqu’un qui les voit.

# Des droits étendus pour un temps, en cas d’urgence.
nav-emergency = Urgence
break-glass-title = Droits étendus en cas d’urgence
break-glass-text = Qui brise la glace voit et commande, pour un temps, ce que les politiques donnent en cas d’urgence. Les autres en sont avertis, chaque requête est au journal d’audit, et quelqu’un d’autre l’examine.
break-glass-unrecorded = Ce qui est fait n’est pas consigné ici (audit.enabled vaut false), donc personne ne peut briser la glace.
break-glass-begin = Briser la glace
break-glass-reason = Pourquoi
break-glass-reason-hint = Ce qui s’est passé, et ce que vous devez voir ou faire. Au moins 10 caractères.
break-glass-time = Pour combien de temps
break-glass-minutes = { $minutes } minutes
break-glass-all = Qui a brisé la glace
break-glass-mine = Quand vous avez brisé la glace
break-glass-none = Personne.
break-glass-caption = Les plus récents d’abord
break-glass-from = De
break-glass-until = À
break-glass-open = en cours
break-glass-end = Y mettre fin
break-glass-review = Examen
break-glass-review-by = { $name }, { $at }
break-glass-justified = à bon droit
break-glass-unjustified = sans bonne raison
break-glass-note = Ce que vous avez constaté
break-glass-justify = Il y avait une bonne raison
break-glass-unjustify = Il n’y en avait pas
break-glass-unreviewed = Personne ne l’a encore examiné.
break-glass-begun = Vous avez maintenant des droits étendus. Mettez-y fin dès que possible.
break-glass-ended = C’est terminé.
break-glass-reviewed = Votre examen est consigné.
break-glass-own = Vous avez des droits étendus jusqu’à { $until }.
break-glass-banner = { $name } a des droits étendus jusqu’à { $until }, pour une urgence.
break-glass-look = Voir

# Les classes de ce que contient le jumeau.
classes-title = Classes des types et des attributs
classes-text = Quels attributs de quels types sont pour qui. Ce que personne n’a classé est dans la classe la plus stricte : seuls les délégués le voient, et seuls les administrateurs le modifient.
classes-open = Ce que personne n’a classé
classes-none-open = Tout ce que vous voyez a une classe.
classes-open-text = Dites de chaque type dans quelle classe sont ses attributs. La liste montre ce qu’ont les 200 premières entités d’un type.
classes-suggested = Ce qui est choisi ici est une suggestion, fondée sur les seuls noms : ce qui s’appelle ainsi dans les Smart Data Models. Personne n’a regardé vos données. Décidez vous-même.
classes-suggestion = suggestion
classes-others = Classe de ses attributs
classes-as-others = comme les autres
classes-no-toml = La classification est écrite en JSON, on ne peut donc pas y ajouter de règle ici. Modifiez le document lui-même.
classes-refused = La règle ne va pas avec les autres. Regardez le document : le type a-t-il une règle entre-temps ?
classes-closed = Ce qui a une classe
classes-closed-text = Pour le changer, modifiez le document :
classes-caption = Les attributs de chaque type, par classe
