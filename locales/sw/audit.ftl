# Daftari la ukaguzi.

footer-audit = Daftari la ukaguzi
audit-title = Daftari la ukaguzi
audit-summary =
    { $entries ->
        [one] Ingizo { $entries-text }. Liliandikwa pamoja na jambo linaloeleza, na haliwezi kubadilishwa bila kugunduliwa.
       *[other] Maingizo { $entries-text }. Kila moja liliandikwa pamoja na jambo linaloeleza, na hakuna linaloweza kubadilishwa bila kugunduliwa.
    }
audit-filter = Chuja daftari la ukaguzi
audit-what = Kilichofanywa
audit-who = Na nani
audit-entity = Kitambulisho cha kitu
audit-day = Siku (UTC)
audit-when = Lini
audit-to-what = Kwa kitu gani
audit-number = Nambari
audit-for = kwa niaba ya
audit-refused = Ilikataliwa:
audit-caption = Kilichofanywa, cha karibuni kwanza
audit-names = Majina ya watu na ya vitu ni majina bandia.
audit-none = Hakuna jambo la aina hii lililoandikwa.
audit-unfinished = Hakuna jambo la aina hii kati ya maingizo 20,000 ya karibuni. Tafuta kati ya yale ya zamani.
audit-latest = Ya karibuni
audit-older = Ya zamani
audit-actor-anonymous = Mtu ambaye hakuingia
audit-actor-system = Programu yenyewe ({ $part })
audit-actions-session = Kuingia
audit-actions-key = Funguo na tokeni
audit-actions-device = Vifaa
audit-actions-break-glass = Dharura
audit-actions-entity = Mabadiliko ya vitu
audit-actions-attribute = Sifa zilizofutwa
audit-actions-history = Mabadiliko ya historia
audit-actions-subscription = Usajili wa taarifa
audit-actions-personal = Usomaji wa data binafsi
audit-actions-registration = Vyanzo vilivyosajiliwa
audit-action-audit-begin = Daftari lilianzishwa
audit-action-entity-create = Kiliundwa
audit-action-entity-upsert = Kiliundwa au kilibadilishwa
audit-action-entity-import = Kiliingizwa
audit-action-entity-merge = Kiliunganishwa
audit-action-entity-append = Sifa ziliongezwa
audit-action-entity-update = Kilibadilishwa
audit-action-entity-replace = Kilibadilishwa kizima
audit-action-entity-delete = Kilifutwa
audit-action-entity-expire = Muda wake uliisha
audit-action-entity-copy = Kilinakiliwa
audit-action-attribute-delete = Sifa ilifutwa
audit-action-history-append = Vipimo vya zamani viliongezwa
audit-action-history-delete = Vipimo vya zamani viliharibiwa
audit-action-history-expire = Vipimo vya zamani vilimaliza muda wake
audit-action-history-replace = Kipimo cha zamani kilisahihishwa
audit-action-subscription-create = Usajili wa taarifa uliundwa
audit-action-subscription-update = Usajili wa taarifa ulibadilishwa
audit-action-subscription-delete = Usajili wa taarifa ulifutwa
audit-action-registration-create = Chanzo kilisajiliwa
audit-action-registration-update = Chanzo kilibadilishwa
audit-action-registration-delete = Chanzo kilifutwa
audit-action-registration-expire = Muda wa chanzo uliisha
audit-action-break-glass-begin = Haki pana zilichukuliwa wakati wa dharura
audit-action-break-glass-end = Haki pana zilikwisha
audit-action-break-glass-request = Ombi wakati wa dharura
audit-action-break-glass-review = Haki pana zilipitiwa
audit-action-personal-read = Data binafsi zilisomwa
audit-action-session-begin = Aliingia
audit-action-session-end = Kipindi kiliisha
audit-action-session-refuse = Kuingia kulikataliwa
audit-action-key-create = Ufunguo uliundwa
audit-action-key-update = Ufunguo ulibadilishwa
audit-action-key-delete = Ufunguo uliondolewa
audit-action-key-refuse = Ufunguo, tokeni au cheti kilikataliwa
audit-action-device-refuse = Msimbo au tokeni ya kifaa ilikataliwa
audit-check-title = Jinsi ya kulikagua
audit-check-text = Hakuna anayelazimika kuamini ukurasa huu. Chukua daftari lote na ulikague kwenye mashine yoyote:
audit-check-here = Au, seva ikiwa imesimamishwa, kagua kila kilichohifadhiwa:
audit-check-limits = Zote mbili hukokotoa upya alama ya kila ingizo na ya mti juu ya yote, na kulinganisha na hati iliyotiwa saini. Badiliko la herufi moja huonekana.
audit-checkpoint-title = Hati ya uthibitisho
audit-signed =
    { $entries ->
        [one] Imetiwa saini kwa ingizo la kwanza.
       *[other] Imetiwa saini kwa maingizo { $entries-text } ya kwanza.
    }
audit-checkpoint-keep = Hifadhi mistari hii na ufunguo ulio hapa chini mahali pengine, kwa mfano kwenye karatasi. Mwenye nayo anaweza kuthibitisha baadaye kwamba hakuna kilichotangulia kilichobadilishwa, hata na wanaoendesha seva hii.
audit-checkpoint-none = Hakuna kilichotiwa saini bado.
audit-checkpoint-link = Hati ya uthibitisho kama maandishi
audit-key-link = Ufunguo kama maandishi
audit-entries-link = Maingizo yote kama JSON
audit-off = Hakuna kinachoandikwa hapa: audit.enabled imewekwa false.
