# Maandishi ya kurasa za mipango na ufikikaji. Tazama pages.ftl kuhusu wingi na namba.

nav-scenarios = Mipango
busy-title = Hesabu nyingi mno zinasubiri
busy-text = Subiri moja ikamilike, au ghairi moja, kisha jaribu tena.
refused-title = Hilo halikuwezekana
refused-text = Rudi nyuma, rekebisha, kisha jaribu tena. Hakuna kilichopotea wala kilichobadilika.
error-title = Kosa: { $title }

scenarios-title = Mipango
scenarios-lede = Jiji lingepata nini kabla ya kulipa? Jaribu hatua kwenye nakala ya jiji: ukingo wa njia ulioshushwa, kituo cha basi, zahanati. Jiji lenyewe halibadiliki kamwe.
scenarios-add = Ongeza faili la mipango
scenarios-none = Bado hakuna mpango. Ongeza faili linalotaja hatua na gharama zake.
scenarios-caption = Mafaili ya mipango ya jiji.
scenario = Mpango
scenario-holds =
    { $measures ->
        [one] Hatua { $measures-text }
       *[other] Hatua { $measures-text }
    } katika { $scenarios ->
        [one] mpango { $scenarios-text }
       *[other] mipango { $scenarios-text }
    }
scenario-faulty = Faili lina kasoro: lifungue uzione.
scenario-everything = Hatua zote pamoja
latest-run = Hesabu ya mwisho
try-it = Jaribu
run-it = Kokotoa
run-hint = Hesabu huchukua sekunde hadi dakika chache. Unaweza kuondoka kwenye ukurasa huu kwa sasa.
not-run-yet = Bado haijakokotolewa
how-title = Jinsi inavyofanya kazi
how-write = Andika unachofikiria kufanya: kila hatua na gharama yake, mhusika wake na mahali pake.
how-run = Kokotoa. Programu hutekeleza hatua kwenye nakala ya jiji na kukokotoa upya nani anafika wapi.
how-compare = Linganisha. Unaona kila mpango unabadilisha nini, kwa nani, kwa uhakika gani, na kwa gharama gani.

runs-title = Hesabu zote
runs-none = Bado hakuna kilichokokotolewa.
runs-caption = Hesabu, ya karibuni kwanza.
run = Hesabu
run-queued = inasubiri
run-running = inaendelea
run-done = imekamilika
run-failed = imeshindikana
run-cancelled = imeghairiwa
run-earlier = ya toleo la awali la faili
run-best = Kilichotokea
run-best-line = { $indicator }: { $difference }, kwa “{ $scenario }”
run-best-none = { $indicator }: hakuna mpango unaoboresha
delete-run = Futa
asked-for = iliombwa
run-works = Hesabu inaendelea. Hakuna kinachobadilika jijini.
run-step = Sasa
run-cancel = Ghairi hesabu
run-errors = Kwa nini haikutoa kitu
run-nothing = Hesabu hii haina matokeo.
watching = Ukurasa huu hujipakia upya kila baada ya sekunde chache.
watch-stop = Simamisha hilo
watch-start = Pakia ukurasa huu upya wenyewe
look-again = Tazama tena

new-title = Ongeza faili la mipango
edit-title = Badilisha faili la mipango
edit-back = Rudi kwenye mpango
edit-upload = Chagua faili
edit-upload-hint = TOML au JSON. Linachukua nafasi ya maandishi yaliyo hapa chini.
edit-text = Au liandike hapa
edit-text-hint = Kuna mfano mwishoni mwa ukurasa huu.
edit-wrong = Hapa kuna kasoro; zimeorodheshwa juu ya ukurasa.
edit-save = Hifadhi
edit-save-run = Hifadhi na kokotoa
edit-cancel = Acha
edit-both = Umechagua faili na pia umebadilisha maandishi. Chagua faili tena na uondoe maandishi, au hifadhi maandishi bila faili.
edit-nothing = Chagua faili, au andika kwenye sehemu hii.
edit-changed = Mtu mwingine amebadilisha mpango huu wakati huo. Maandishi yako bado yapo. Ukihifadhi tena, yatachukua nafasi ya yake.
errors-title = Kuna tatizo
example-title = Mfano
example-text = Majina yaliyomo ni mifano: tumia vitambulisho vya vitu vya jiji lako. Hatua zilizopo:
delete-title = Futa mpango huu
delete-text = Faili linaondoka. Hesabu zake na matokeo yake hubaki.
delete-scenario = Futa faili hili la mipango

faults-title = Faili hili bado haliwezi kukokotolewa
compared-title = Kinacholinganishwa
compared-caption = Kila mpango ni jiji lilivyo, pamoja na hatua hizi
measures = Hatua
measure = Hatua
measures-title = Hatua
measures-caption = Kila hatua inabadilisha nini, inagharimu kiasi gani, nani anaitekeleza na lini
what-it-changes = Inachobadilisha
cost = Gharama
cost-once = Gharama, mara moja
cost-yearly = Gharama, kila mwaka
owner = Mhusika
start = Kuanza
measured-title = Kinachopimwa
measured-all = Kila ambacho jiji lina data zake.
measured-choose = Michanganyiko yote ya hatua hujaribiwa, ili kupata inayotoa zaidi ya:
budget = Bajeti
history-of-runs = Hesabu
file-title = Faili
file-show = Onyesha faili
take-file = Faili lenyewe

kinds-title = Hatua unazoweza kujaribu
kinds-lede = Kila hatua hubadilisha vitu katika nakala ya jiji, na kila kitu hukokotolewa upya kutokana navyo.
kinds-schema = Muundo wa mafaili ya mipango, kama JSON Schema
kinds-caption = Faili linachosema chini ya “with”
parameter = Jina
meaning = Maana
otherwise = Kisipotolewa
has-to-be-given = lazima kitolewe
may-be-left-out = kinaweza kuachwa
assumed-title = Kilichodhaniwa

compare-best =
    { $count ->
        [one] “{ $scenario }” inabadilisha “{ $indicator }” kwa { $difference }.
       *[other] Kati ya mipango { $count-text }, “{ $scenario }” inafanya zaidi kwa “{ $indicator }”: { $difference }.
    }
compare-none =
    { $count ->
        [one] Mpango hauboreshi “{ $indicator }”, kadiri inavyojulikana.
       *[other] Hakuna kati ya mipango { $count-text } inayoboresha “{ $indicator }”, kadiri inavyojulikana.
    }
compare-unknown =
    { $count ->
        [one] Mpango mmoja ulijaribiwa, lakini hakuna kinachoweza kusemwa kuhusu athari yake.
       *[other] Mipango { $count-text } ilijaribiwa, lakini hakuna kinachoweza kusemwa kuhusu athari zake.
    }
gives-title = Kila mpango unatoa nini, na unagharimu nini
gives-caption = tofauti na jiji lilivyo
look-closer = Chagua kinachoonyeshwa
show = Onyesha
as-it-is = Hali ya sasa
with-it = Pamoja na mpango
difference = Tofauti
number = Na.
people-more = Watu zaidi
cost-per-person = Gharama kwa kila mtu anayefaidika
cost-per-unit = Gharama kwa kila kipimo kinachopatikana
points = pointi { $value }
points-hint = Pointi ni pointi za asilimia: kutoka 60 % hadi 62 % ni pointi +2.
between = kati ya { $low } na { $high }
up-to = hadi { $value }
verdict-better = bora
verdict-worse = vibaya zaidi
verdict-same = hakuna mabadiliko
verdict-more = zaidi
verdict-less = pungufu
verdict-not-known = haijulikani
compare-all-title = Viashiria vyote
compare-caption = Tofauti ya kila mpango na jiji lilivyo
bounds-hint = “Kati ya” husema namba inaweza kuwa ndogo au kubwa kiasi gani, kutokana na kisichojulikana: ukingo au mteremko ambao hakuna aliyeutazama haujulikani kama kiti cha magurudumu kinapita.

who-title = Nani anafaidika na nani anapoteza
choose-other = Chagua kiashiria au mpango mwingine
parts-gain-none = Hakuna mtaa ambao watu wananufaika.
parts-gain-all =
    { $all ->
        [one] Watu wananufaika katika mtaa ule mmoja.
       *[other] Watu wananufaika katika mitaa yote { $all-text }.
    }
parts-gain-some =
    { $some ->
        [one] Watu wananufaika katika mtaa { $some-text } kati ya { $all }.
       *[other] Watu wananufaika katika mitaa { $some-text } kati ya { $all }.
    }
parts-lose-none = Hakuna anayepoteza popote.
parts-lose-all =
    { $all ->
        [one] Watu wanapoteza katika mtaa ule mmoja.
       *[other] Watu wanapoteza katika mitaa yote { $all-text }.
    }
parts-lose-some =
    { $some ->
        [one] Watu wanapoteza katika mtaa { $some-text } kati ya { $all }.
       *[other] Watu wanapoteza katika mitaa { $some-text } kati ya { $all }.
    }
who-groups = Kwa makundi
who-groups-caption = Makundi ya watu: kabla, baada, na nani anafaidika au kupoteza
who-areas = Kwa mitaa
who-areas-caption = Mitaa, yenye tofauti kubwa kwanza
group = Kundi
group-age = Umri { $ages }
group-disability = Watu wenye ulemavu
group-income-low = Theluthi ya chini kwa kipato cha mtaa
group-income-middle = Theluthi ya kati kwa kipato cha mtaa
group-income-high = Theluthi ya juu kwa kipato cha mtaa
people = Watu
people-gain = Watu wanaofaidika
people-lose = Watu wanaopoteza
difference-map-title =
    { $areas ->
        [one] Ramani ya mtaa { $areas-text }: tofauti katika “{ $indicator }” kwa “{ $scenario }”
       *[other] Ramani ya mitaa { $areas-text }: tofauti katika “{ $indicator }” kwa “{ $scenario }”
    }

effect-title = Gharama na athari
effect-caption = gharama ya mpango (kuelekea kulia) na inachobadilisha (kuelekea juu)
effect-picture = Chati ya gharama na athari. Jedwali hapa chini lina namba hizo hizo.
effect-table = Namba za chati
effect-years = Gharama ni zinazolipwa mara moja na za miaka { $years }.

choice-title = Hatua zipi za kuchagua
choice-summary =
    Michanganyiko yote { $subsets-text } ya { $measures ->
        [one] hatua { $measures-text }
       *[other] hatua { $measures-text }
    } ilijaribiwa, kila mmoja kwa ukamilifu. { $best ->
        [one] { $best-text } kati yake haushindwi na mwingine wowote ndani ya bajeti.
       *[other] { $best-text } kati yake haishindwi na mingine yoyote ndani ya bajeti.
    }
choice-chart-caption = kila mchanganyiko ni nukta; zenye namba hazishindwi na nyingine
choice-picture = Chati ya gharama na athari ya michanganyiko yote. Jedwali hapa chini linaorodhesha yenye namba.
choice-caption = Michanganyiko isiyoshindwa na mingine, ya bei nafuu kwanza
choice-more = Mingine { $more } iko kwenye mafaili.
choice-best = bora zaidi ndani ya bajeti
no-measure = Hakuna hatua yoyote
objective-of = { $indicator } ({ $group })
told-title = Kilichotokea kwa kila hatua
told-caption = Kwa nini kila hatua imechaguliwa au imeachwa
told-why = Kwa nini
told-in = Katika ngapi zilizo bora
told-alone = Inachotoa peke yake
told-best = Inachoongeza kwenye bora zaidi
why-title = Kwa nini hii iliachwa?
why-legend = Weka alama kwenye hatua za mchanganyiko
why-ask = Nieleze
why-dropped = Uliachwa:
why-best = Hakuna mchanganyiko mwingine unaoushinda.

changes-of-title = Kila mpango unabadilisha nini jijini
changes-of-text = Hatua hubadilisha vitu vya nakala ya jiji, na mengine yote hukokotolewa kutokana navyo.
things-made = Vitu vipya
things-changed = Vitu vilivyobadilishwa
things-gone = Vitu vilivyoondolewa
changes-data = Vitu vilivyobadilishwa kama data (JSON):
sure-title = Kilichodhaniwa, na uhakika wake
sure-text = Jiji lile lile, faili lile lile na toleo lile lile la programu hutoa matokeo yale yale kila mara.
sure-warnings = Ya kujua
sure-uncertain = Kisicho na uhakika
sure-from = Namba zinatoka wapi
sure-entities = Kilichosomwa
fact-snapshot = Jiji lilivyokuwa
fact-version = Toleo la programu
fact-seed = Mbegu
fact-inputs = Alama ya data za jiji (SHA-256)
fact-file = Alama ya faili (SHA-256)
take-html = Ulinganisho kama ukurasa wa kuchapa au kutuma
take-csv = Namba zote kama CSV
take-json = Kila kitu kama JSON
take-map = Ramani ya tofauti kama GeoJSON

reach-of-stop-walk = Usafiri wa umma unaofikika, kwa miguu
reach-of-stop-wheelchair = Usafiri wa umma unaofikika, kwa kiti cha magurudumu
reach-of-park-walk = Bustani inayofikika, kwa miguu
reach-of-park-wheelchair = Bustani inayofikika, kwa kiti cha magurudumu
reach-of-clinic-walk = Zahanati inayofikika, kwa miguu
reach-of-clinic-wheelchair = Zahanati inayofikika, kwa kiti cha magurudumu
reach-of-school-walk = Shule inayofikika, kwa miguu
reach-of-school-wheelchair = Shule inayofikika, kwa kiti cha magurudumu
reach-of-clinic-transit = Zahanati kwa wakati, kwa miguu au usafiri wa umma
reach-of-clinic-transit-wheelchair = Zahanati kwa wakati, kwa kiti cha magurudumu na usafiri wa umma

reach-title = Nani anafika wapi leo
reach-lede = Jiji lilivyo: wapi inajulikana kuwa watu wanafika, wapi hawafiki, na wapi hakuna anayejua kwa sababu hakuna aliyetazama.
reach-form = Chagua kinachopaswa kufikiwa
reach-no-model = Hilo bado haliwezi kukokotolewa kwa jiji hili.
reach-none = Jiji halina data za hili: njia, watu, au mahali pa kufika.
reach-summary = Kati ya watu { $people }, inajulikana kuwa { $passable } wanafika, { $blocked } hawafiki, na kuhusu { $unknown } hakuna anayejua.
reach-passable = inajulikana wanafika
reach-unknown = hakuna anayejua
reach-blocked = inajulikana hawafiki
reach-picture = Ramani ya wanakoishi watu, kulingana na kama wanafika. Jedwali hapa chini linasema hivyo hivyo kwa kila mtaa.
reach-map-title = Wapi watu wanafika
reach-areas-caption = Watu kwa mitaa
reach-groups-caption = Watu kwa makundi
reach-look-title = Wapi kutazama kungefundisha zaidi
reach-look-text = Kwenye vipande hivi vya njia kuna jambo la kuamua ambalo hakuna aliyeliandika. Mtu akienda kutazama, litajulikana kwa watu wengi zaidi.
reach-look-caption = Mahali kumi panapofaa zaidi kutazamwa
reach-look-none = Hakuna kinachokosekana ambacho kingeamua lolote hapa.
reach-piece = Kipande cha njia
reach-missing = Ambacho hakuna aliyekiandika
reach-people = Watu ambao njia yao inapita hapo
reach-method = Jinsi inavyokokotolewa
reach-length = mita { $metres }
travel-title = Jinsi watu wanavyosafiri
fact-walk = Mita kwa miguu au kwa magurudumu, hadi zahanati au shule
fact-minutes = Dakika ambazo safari ya usafiri wa umma inaweza kuchukua
fact-time = Saa ya kuondoka
fact-date = Siku ya kuondoka
fact-wheelchair = “Kwa kiti cha magurudumu” maana yake ni
wheelchair-manual-wheelchair = kiti cha magurudumu cha kusukuma kwa mkono
wheelchair-powered-wheelchair = kiti cha magurudumu cha umeme
wheelchair-long-cane = mtu anayetembea kwa fimbo nyeupe
reach-how-stop = Wanahesabiwa wenye kituo kinachohudumiwa siku hiyo ndani ya mita { $metres } za njia, au mita { $rail } kwa reli, metro na kivuko (SDG 11.2.1, metadata ya UN-Habitat 2021).
reach-how-park = Wanahesabiwa wenye ukingo wa bustani ndani ya mita { $metres } za njia (SDG 11.7.1, metadata ya UN-Habitat 2021).
reach-how-clinic = Wanahesabiwa wenye zahanati ndani ya mita { $metres } za njia.
reach-how-school = Wanahesabiwa wenye shule ndani ya mita { $metres } za njia.
reach-how-transit = Wanahesabiwa wanaotoka nyumbani saa { $time } na kufika zahanati ndani ya dakika { $minutes }, kwa miguu au usafiri wa umma, kwa ratiba ya siku (RAPTOR; Delling, Pajor, Werneck 2012). Mstari usio na saa kamili husubiriwa nusu ya muda kati ya magari mawili.
reach-how-foot = Huhesabiwa kila njia inayojulikana kuwa wazi kwa anayetembea.
reach-how-wheels = Huhesabiwa njia, milango, vituo na magari yanayojulikana kufikika kwa { $wheelchair }. Kisichojulikana huwekwa kando, na hakichukuliwi kamwe kuwa kinapitika.
reach-how-file = Faili la mipango linaweza kusema mita, dakika na saa nyingine.
tag-foot = kama inaruhusiwa kutembea
tag-oneway-foot = upande wa kutembea
tag-highway = aina ya njia
tag-sidewalk = njia ya kando
tag-crossing = kivuko cha miguu
tag-ramp-wheelchair = njia ya mteremko kando ya ngazi
tag-handrail = kishikio
tag-kerb = ukingo wa njia
tag-width = upana
tag-incline = mteremko
tag-surface = aina ya sakafu
tag-smoothness = usawa wa sakafu
tag-tactile-paving = sakafu ya kuongoza wasioona
tag-operational-status = kama lifti inafanya kazi
tag-wheelchair = kama kiti cha magurudumu kinapita
tag-report = taarifa za watu

type-Scenario = Mipango
type-ScenarioRun = Hesabu za mipango
type-ScenarioResult = Matokeo ya mipango
type-RoadNode = Kingo na vivuko
