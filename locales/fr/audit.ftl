# Le journal d’audit.

footer-audit = Journal d’audit
audit-title = Journal d’audit
audit-summary =
    { $entries ->
        [one] { $entries-text } entrée. Elle a été écrite avec ce dont elle rend compte et ne peut être modifiée sans que cela se voie.
       *[other] { $entries-text } entrées. Chacune a été écrite avec ce dont elle rend compte, et aucune ne peut être modifiée sans que cela se voie.
    }
audit-filter = Filtrer le journal d’audit
audit-what = Ce qui a été fait
audit-who = Par qui
audit-entity = Identifiant de l’entité
audit-day = Jour (UTC)
audit-when = Quand
audit-to-what = À quoi
audit-number = N°
audit-for = pour
audit-refused = Refusé :
audit-caption = Ce qui a été fait, le plus récent d’abord
audit-names = Les noms des personnes et des entités sont des pseudonymes.
audit-none = Rien de tel n’a été enregistré.
audit-unfinished = Rien de tel parmi les 20 000 dernières entrées. Cherchez parmi les plus anciennes.
audit-latest = Les plus récentes
audit-older = Plus anciennes
audit-actor-anonymous = Quelqu’un sans connexion
audit-actor-system = Le programme lui-même ({ $part })
audit-actions-session = Connexions
audit-actions-key = Clés et jetons
audit-actions-device = Appareils
audit-actions-break-glass = Urgences
audit-actions-entity = Modifications d’entités
audit-actions-attribute = Attributs supprimés
audit-actions-history = Modifications du passé
audit-actions-subscription = Abonnements
audit-actions-personal = Lectures de données personnelles
audit-actions-registration = Sources enregistrées
audit-action-audit-begin = Le journal a été ouvert
audit-action-entity-create = Création
audit-action-entity-upsert = Création ou modification
audit-action-entity-import = Importation
audit-action-entity-merge = Fusion
audit-action-entity-append = Ajout d’attributs
audit-action-entity-update = Modification
audit-action-entity-replace = Remplacement
audit-action-entity-delete = Suppression
audit-action-entity-expire = Arrivé à son terme
audit-action-entity-copy = Copie
audit-action-attribute-delete = Suppression d’un attribut
audit-action-history-append = Ajout de mesures passées
audit-action-history-delete = Destruction de mesures passées
audit-action-history-expire = Mesures passées arrivées à échéance
audit-action-history-replace = Correction d’une mesure passée
audit-action-subscription-create = Abonnement créé
audit-action-subscription-update = Abonnement modifié
audit-action-subscription-delete = Abonnement supprimé
audit-action-registration-create = Source enregistrée
audit-action-registration-update = Source modifiée
audit-action-registration-delete = Source supprimée
audit-action-registration-expire = Source arrivée à son terme
audit-action-break-glass-begin = Droits étendus pris en urgence
audit-action-break-glass-end = Fin des droits étendus
audit-action-break-glass-request = Une requête en urgence
audit-action-break-glass-review = Droits étendus examinés
audit-action-personal-read = Données personnelles lues
audit-action-session-begin = Connexion
audit-action-session-end = Fin d’une session
audit-action-session-refuse = Connexion refusée
audit-action-key-create = Clé créée
audit-action-key-update = Clé modifiée
audit-action-key-delete = Clé supprimée
audit-action-key-refuse = Clé, jeton ou certificat refusé
audit-action-device-refuse = Code ou jeton d’un appareil refusé
audit-check-title = Comment le vérifier
audit-check-text = Personne n’a à croire cette page. Emportez le journal entier et vérifiez-le sur n’importe quelle machine :
audit-check-here = Ou, le serveur arrêté, vérifiez tout ce qui est stocké :
audit-check-limits = Les deux recalculent l’empreinte de chaque entrée et de l’arbre qui les couvre toutes, et comparent le résultat au point de contrôle signé. La modification d’une seule lettre se voit.
audit-checkpoint-title = Le point de contrôle
audit-signed =
    { $entries ->
        [one] Signé pour la première entrée.
       *[other] Signé pour les { $entries-text } premières entrées.
    }
audit-checkpoint-keep = Gardez ces lignes et la clé ci-dessous ailleurs, sur papier par exemple. Qui les possède peut prouver plus tard que rien d’antérieur n’a été modifié, même par ceux qui gèrent ce serveur.
audit-checkpoint-none = Rien n’a encore été signé.
audit-checkpoint-link = Le point de contrôle en texte
audit-key-link = La clé en texte
audit-entries-link = Toutes les entrées en JSON
audit-off = Rien n’est enregistré ici : audit.enabled est à false.
