# Kinachoweza kujulikana kuhusu usalama wa programu.

footer-trust = Uaminifu
trust-title = Uaminifu
trust-summary = Mambo { $items-text } ya usalama wa mfumo wa jiji, kwa maneno yetu kutoka kwenye viwango: majaribio yanaonyesha { $tested-text } kati yake, sehemu ya { $partial-text }, na { $gaps-text } bado hayapo.
trust-how = Ukurasa huu umetengenezwa kutoka faili ambalo majaribio hupimwa nalo, kama lilivyokuwa programu hii ilipojengwa: kila jaribio linalotajwa lipo, na kinachokosekana husema kwa nini. Mambo yenyewe yako kwa Kiingereza.
trust-link-checklist = Yaleyale kwa programu (JSON)
trust-link-security = Toleo hili linaahidi nini, na jinsi ya kuripoti udhaifu
trust-link-sbom = Orodha ya sehemu za programu (CycloneDX)
trust-link-licences = Leseni za sehemu zote
trust-link-licence = Leseni ya programu hii
trust-number = Nambari
trust-item = Jambo, na nani analitaka
trust-state = Hali
trust-shown-by = Linaonyeshwa na; kinachokosekana
trust-state-tested = Limejaribiwa
trust-state-partial = Limejaribiwa kwa sehemu
trust-state-gap = Halipo
trust-chapter-identity = Mtu ni nani
trust-chapter-rights = Nani anaweza kuona na kufanya nini
trust-chapter-privacy = Data binafsi
trust-chapter-proof = Uthibitisho wa kilichofanywa
trust-chapter-browsers = Vivinjari
trust-chapter-surface = Milango na njia ya kuifikia
trust-chapter-limits = Mipaka, na data mbaya
trust-chapter-outbound = Maombi kwa wengine
trust-chapter-secrets = Siri na funguo
trust-chapter-devices = Vifaa
trust-chapter-supply = Programu inatoka wapi
trust-report-title = Umepata udhaifu
trust-report-contact = Wa kumwambia kuhusu seva hii yuko katika
trust-report-nobody = Anayeendesha seva hii hajamtaja mtu wa kuambiwa.
trust-report-program = Kuhusu programu yenyewe:
trust-parts-title = Programu imetengenezwa na nini
trust-made-of = Vifurushi { $ours-text } vyetu wenyewe, ambamo msimbo usio salama umekatazwa, na { $others-text } vya wengine.
trust-linked-c = Sehemu ambazo hazikuandikwa kwa Rust, au si kwa Rust pekee:
trust-licence = Leseni
trust-parts = Vifurushi
trust-packages =
    { $packages ->
        [one] Kifurushi { $packages-text }
       *[other] Vifurushi { $packages-text }
    }
