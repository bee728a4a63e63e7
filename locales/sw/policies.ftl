# Sera za ufikiaji, kwa wanaozisimamia.

nav-policies = Sera
policies-title = Sera za ufikiaji
policies-text = Nani anaweza kuona na kufanya nini, na kwa madhumuni gani. Kisichoruhusiwa na sera yoyote hakiruhusiwi.
policies-caption = Hati ambamo sera zimeandikwa
policy-name = Hati
policy-name-hint = Kama north.cedar: herufi, tarakimu, vistari, nukta; zisizidi 60.
policy-about = Inasema nini
policy-own = Imebadilishwa na jiji
policy-came-with = Kama ilivyokuja na programu
policy-about-roles = Kila jukumu linaweza kufanya nini (Cedar)
policy-about-classification = Sifa zipi ni wazi, za ndani, za siri, binafsi au nyeti (TOML)
policy-about-purposes = Data inaweza kuombwa kwa madhumuni gani (TOML)
policy-about-own = Sera za jiji (Cedar)
policy-new = Hati nyingine
policy-begin = Anza
policy-wrong-name = Hati haiwezi kuitwa hivyo. Tumia herufi, tarakimu, vistari na nukta.
policy-text = Maandishi
policy-text-hint = Hukaguliwa pamoja na hati nyingine zote. Linganisha kwanza: hilo halibadilishi chochote.
policy-compare = Linganisha
policy-save = Hifadhi
policy-remove = Ondoa
policy-done = Imehifadhiwa, na inatumika kuanzia sasa kwa kila mtu.
policy-outdated = Mtu mwingine amebadilisha hati hii ulipokuwa ukiandika. Unayoyaona ni maandishi yako; pakia ukurasa upya kuona yake.
policy-failed = Haikuwezekana. Kumbukumbu za seva zinaeleza sababu. Jaribu tena.
policy-gate-refused = Hili lingeonyesha data binafsi ambazo hakuna aliyezitathmini, kwa hiyo hakuna kilichobadilishwa
policy-gate-would-refuse = Hili halingeweza kuhifadhiwa sasa: lingeonyesha data binafsi ambazo hakuna aliyezitathmini
policy-gate-text = Kabla ya mtu kuruhusiwa upya kusoma data binafsi au nyeti, tathmini ya athari yake lazima iwe imeidhinishwa na haijapitwa na wakati. Kila mstari unasema kinachokosekana na unaongoza mahali pa kukifanya. Hifadhi tena ikishakuwepo. Yaliyokuwa yakitumika bado yanatumika.
policy-gate-more =
    { $count ->
        [one] Na { $count-text } zaidi.
       *[other] Na { $count-text } zaidi.
    }
policy-odd = Hili ni la ajabu, lakini si kosa
policy-compared-title = Kitakachobadilika
policy-compared = Imeulizwa kwa watu, funguo na wageni { $people } kati ya { $people-all }, kwa vitu { $entities } kati ya { $entities-all }.
policy-nothing = Hakuna anayepata wala kupoteza chochote.
policy-shifts = Nani atapata na nani atapoteza nini
policy-more =
    { $count ->
        [one] Kuna badiliko moja zaidi ya yaliyoorodheshwa.
       *[other] Kuna mabadiliko { $count-text } zaidi ya yaliyoorodheshwa.
    }
policy-change = Badiliko
policy-gain = anapata
policy-loss = anapoteza
policy-who = Nani
policy-who-more =
    { $count ->
        [one] mmoja zaidi
       *[other] { $count-text } zaidi
    }
policy-anonymous = yeyote ambaye hajaingia
policy-action = Kufanya nini
policy-action-read = kuona
policy-action-history = kuona yaliyopita
policy-action-subscribe = kuarifiwa
policy-action-aggregate = kukokotoa takwimu
policy-action-export = kuchukua
policy-action-write = kubadilisha
policy-action-delete = kufuta
policy-action-actuate = kuamuru
policy-action-admin = kusimamia
policy-type = Aina
policy-entities = Vitu
policy-class = Daraja
policy-attributes = Sifa
policy-because = Kwa sababu ya
policy-why-title = Kwa nini mtu anaweza kuona kitu?
policy-why-text = Sera zipi zinaamua kama mtu anaona kitu, au anaweza kukifanyia jambo.
policy-why-who-hint = Jina la akaunti, kitambulisho cha ufunguo au cha kifaa, au anonymous.
policy-why-attribute = Sifa (zote, ikiwa tupu)
policy-why-purpose = Kwa madhumuni gani
policy-why-ask = Eleza
policy-why-yes = { $who }: “{ $action }” inaruhusiwa, kwa yale yanayosemwa kuruhusiwa hapa chini.
policy-why-no = { $who }: “{ $action }” hairuhusiwi.
policy-why-door = Ruhusa { $permission } haipo: hakuna ombi linalofika kwenye sera.
policy-why-caption = Sera zinasema nini kuhusu kila daraja la sifa
policy-why-verdict = Inaruhusiwa?
policy-why-reason = Kwa nini
policy-why-allowed = inaruhusiwa
policy-why-denied = imekataliwa
policy-why-permitted = Inaruhusiwa na
policy-why-forbidden = Inakatazwa na
policy-why-nobody = Hakuna sera inayoiruhusu.
policy-why-failed = Sera hazikuweza kutathminiwa, kwa hiyo imekataliwa.
policy-why-unseen = Sera huamua hili kwa sifa za kitu ambazo huzioni. Muulize mtu anayeziona.

# Haki pana kwa muda, wakati wa dharura.
nav-emergency = Dharura
break-glass-title = Haki pana wakati wa dharura
break-glass-text = Anayevunja kioo huona na kuamuru, kwa muda, yale ambayo sera zinaruhusu wakati wa dharura. Wengine huarifiwa, kila ombi huandikwa katika daftari la ukaguzi, na mtu mwingine hulipitia.
break-glass-unrecorded = Yanayofanywa hayaandikwi hapa (audit.enabled ni false), kwa hiyo hakuna anayeweza kuvunja kioo.
break-glass-begin = Vunja kioo
break-glass-reason = Kwa nini
break-glass-reason-hint = Nini kimetokea, na unahitaji kuona au kufanya nini. Angalau herufi 10.
break-glass-time = Kwa muda gani
break-glass-minutes = Dakika { $minutes }
break-glass-all = Waliovunja kioo
break-glass-mine = Ulipovunja kioo
break-glass-none = Hakuna.
break-glass-caption = Za karibuni kwanza
break-glass-from = Kuanzia
break-glass-until = Hadi
break-glass-open = inatumika sasa
break-glass-end = Imalize
break-glass-review = Mapitio
break-glass-review-by = { $name }, { $at }
break-glass-justified = kwa sababu nzuri
break-glass-unjustified = bila sababu nzuri
break-glass-note = Ulichogundua
break-glass-justify = Kulikuwa na sababu nzuri
break-glass-unjustify = Hakukuwa na sababu nzuri
break-glass-unreviewed = Hakuna aliyeipitia bado.
break-glass-begun = Sasa una haki pana. Zimalize mara tu uwezapo.
break-glass-ended = Imekwisha.
break-glass-reviewed = Mapitio yako yamehifadhiwa.
break-glass-own = Una haki pana hadi { $until }.
break-glass-banner = { $name } ana haki pana hadi { $until }, kwa sababu ya dharura.
break-glass-look = Tazama

# Madaraja ya vilivyomo katika pacha.
classes-title = Madaraja ya aina na sifa
classes-text = Sifa zipi za aina zipi ni za nani. Ambacho hakuna aliyekiweka kwenye daraja kiko katika daraja kali zaidi: maafisa pekee wanakiona, na wasimamizi pekee wanakibadilisha.
classes-open = Ambavyo hakuna aliyeviweka kwenye daraja
classes-none-open = Kila unachokiona kina daraja.
classes-open-text = Sema kwa kila aina sifa zake ziko katika daraja gani. Zilizo na vitu 200 vya kwanza vya aina zimeorodheshwa.
classes-suggested = Kilichochaguliwa hapa ni pendekezo tu, kwa kutumia majina pekee: vinavyoitwa hivyo katika Smart Data Models. Hakuna aliyeangalia data yako. Amua mwenyewe.
classes-suggestion = pendekezo
classes-others = Daraja la sifa zake
classes-as-others = kama nyingine
classes-no-toml = Uainishaji umeandikwa kwa JSON, kwa hiyo hauwezi kuongezewa kanuni hapa. Badilisha hati yenyewe.
classes-refused = Kanuni haiendani na nyingine. Tazama hati: je, aina tayari ina kanuni?
classes-closed = Vilivyo na daraja
classes-closed-text = Ili kubadilisha, badilisha hati:
classes-caption = Sifa za kila aina, kwa daraja
