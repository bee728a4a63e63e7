# Ce que l’on peut savoir de la sûreté du programme.

footer-trust = Confiance
trust-title = Confiance
trust-summary = { $items-text } points qui disent ce qu’est la sécurité du système d’une ville, dans nos mots et d’après les normes : des tests en montrent { $tested-text }, une partie de { $partial-text }, et { $gaps-text } n’existent pas encore.
trust-how = Cette page est faite du fichier auquel les tests sont confrontés, tel qu’il était quand ce programme a été construit : chaque test qu’elle nomme existe, et ce qui manque dit pourquoi. Les points eux-mêmes sont en anglais.
trust-link-checklist = La même chose pour les programmes (JSON)
trust-link-security = Ce que cette version promet, et comment signaler une faille
trust-link-sbom = Nomenclature du logiciel (CycloneDX)
trust-link-licences = Licences de toutes les parties
trust-link-licence = Licence de ce programme
trust-number = N°
trust-item = Point, et qui le demande
trust-state = État
trust-shown-by = Montré par ; ce qui manque
trust-state-tested = Testé
trust-state-partial = Testé en partie
trust-state-gap = Absent
trust-chapter-identity = Qui est qui
trust-chapter-rights = Qui peut voir et faire quoi
trust-chapter-privacy = Données personnelles
trust-chapter-proof = Preuve de ce qui a été fait
trust-chapter-browsers = Navigateurs
trust-chapter-surface = Les portes et le chemin qui y mène
trust-chapter-limits = Limites et entrées fautives
trust-chapter-outbound = Requêtes vers d’autres
trust-chapter-secrets = Secrets et clés
trust-chapter-devices = Appareils
trust-chapter-supply = D’où vient le programme
trust-report-title = Vous avez trouvé une faille
trust-report-contact = À qui le dire pour ce serveur :
trust-report-nobody = Qui exploite ce serveur n’a nommé personne à qui le dire.
trust-report-program = Pour le programme lui-même :
trust-parts-title = De quoi le programme est fait
trust-made-of = { $ours-text } paquets à nous, où le code « unsafe » est interdit, et { $others-text } d’autres auteurs.
trust-linked-c = Parties qui ne sont pas écrites en Rust, ou pas seulement :
trust-licence = Licence
trust-parts = Paquets
trust-packages =
    { $packages ->
        [one] { $packages-text } paquet
       *[other] { $packages-text } paquets
    }
