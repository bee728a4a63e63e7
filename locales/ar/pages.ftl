# نصوص الصفحات. يختار ‎`$count`‎ وأمثاله صيغة العدد، و‎`$count-text`‎ هو العدد كما تكتبه اللغة.

skip = انتقل إلى المحتوى
nav-label = الرئيسي
nav-overview = نظرة عامة
nav-indicators = المؤشرات
nav-map = الخريطة
nav-entities = الكيانات
languages = اللغات
footer-api = وصف واجهة البرمجة
breadcrumbs = أين أنت
back-to-overview = العودة إلى النظرة العامة

not-found-title = لا توجد صفحة كهذه
not-found-text = تحقق من العنوان أو ابدأ من النظرة العامة. وربما حُذف الكيان منذ ذلك الحين.
server-failed-title = تعذّر إعداد الصفحة
server-failed-text = أخفق الخادم في إعداد هذه الصفحة، وسجله يذكر السبب. حاول مرة أخرى بعد دقيقة.
unavailable-title = المدينة غير متاحة
unavailable-text = توأم هذه المدينة غير مفتوح. اسأل القائم على هذا الخادم.

yes = نعم
no = لا
all = الكل
list-comma = {"، "}
no-value = لا قيمة
percent = { $percent }٪
name = الاسم
type = النوع
count = العدد
value = القيمة
status = الحالة
attribute = الخاصية
entity = الكيان
area = المنطقة
place = المكان
source = المصدر
vintage = بيانات عام
changed = آخر تغيير
created = أُنشئ في
observed = رُصد في
scope = النطاق
indicator = المؤشر
dimension = البُعد
as-bar = على شكل شريط
contains = يحتوي على
name-or-id = الاسم أو المعرّف
filter = تصفية
filter-none = عرض الكل
nothing-matches = لا شيء يطابق. جرّب حروفًا أقل أو نوعًا آخر.

pager = عرض { $from-text } إلى { $to-text } من { $all-text }
pager-none = لا شيء للعرض
pager-label = الصفحات
pager-previous = الصفحة السابقة
pager-next = الصفحة التالية

empty-title = هذه المدينة ما زالت فارغة
empty-lede = لم يُستورد شيء بعد. ثلاثة ملفات تكفي لنظرة أولى صادقة على مدينة.
empty-own-title = ابدأ بملفاتك
empty-own-text = شغّل هذه الأوامر في طرفية بجانب هذا الخادم، مع أسماء ملفاتك:
empty-step-boundaries = الحدود: المدينة أو أحياؤها بصيغة GeoJSON
empty-step-population = السكان: شبكة لأعداد السكان بصيغة GeoTIFF
empty-step-gtfs = النقل العام: جدول المواعيد بصيغة GTFS
empty-then = ثم أعد تحميل هذه الصفحة. ستذكر كل قيمة مِمّ حُسبت وما الذي ما زال ناقصًا.
empty-demo-title = أو شاهد أولًا مدينة متخيَّلة
empty-demo-text = مدينة كاملة فيها شوارع وحافلات ومستشعرات ترسل قياساتها وأنت تشاهد. بياناتها في مجلد مؤقت.

city-unnamed = المدينة
overview-lede =
    يعرف التوأم { $entities ->
        [zero] { $entities-text } شيء
        [one] شيئًا واحدًا
        [two] شيئين
        [few] { $entities-text } أشياء
        [many] { $entities-text } شيئًا
       *[other] { $entities-text } شيء
    } من { $types ->
        [zero] { $types-text } نوع
        [one] نوع واحد
        [two] نوعين
        [few] { $types-text } أنواع
        [many] { $types-text } نوعًا
       *[other] { $types-text } نوع
    }.
score-title = حال المدينة
score-coverage =
    { $reported ->
        [zero] لا قيمة لأي من نقاط البيانات البالغ عددها { $total-text }.
        [one] لنقطة بيانات واحدة من { $total-text } قيمة.
        [two] لنقطتي بيانات من { $total-text } قيمة.
        [few] لـ { $reported-text } نقاط بيانات من { $total-text } قيمة.
        [many] لـ { $reported-text } نقطة بيانات من { $total-text } قيمة.
       *[other] لـ { $reported-text } نقطة بيانات من { $total-text } قيمة.
    }
score-honest = معروفة. وما لا قيمة له لا يُحسب للمدينة ولا عليها.
score-short = الدرجة
of-hundred = من 100
no-score = لا درجة بعد
with-value = ذات قيمة
wheel-title = عجلة المؤشرات
wheel-text = شعاع لكل نقطة بيانات: يمتلئ بقدر ما تحقق من هدفه، ويبقى فارغًا حيث لا تُعرف قيمة.
wheel-of = من { $total-text } معروفة
by-dimension = بحسب البُعد
dimension-economy = الاقتصاد
dimension-environment = البيئة
dimension-society = المجتمع والثقافة
catalogue = الدليل
benchmark-set = الأهداف
known-title = ما هو معروف
known-none = لا قيمة لأي مؤشر بعد.
all-indicators = كل المؤشرات
missing-title = ما ينبغي جمعه بعد ذلك
missing-text = هذه تضيف أكثر ما هو جديد: مؤشر من كل جزء من الدليل، والأجزاء الأقل معرفة أولًا.
missing-caption = المؤشرات التي لا قيمة لها والبيانات اللازمة لها
needed = ما يلزم
all-missing = كل ما هو ناقص
holds-title = ما يحويه التوأم
holds-caption = الكيانات بحسب النوع
changes-title = آخر التغييرات
changes-caption = الكيانات التي تغيرت أخيرًا
sources-title = من أين تأتي البيانات
sources-none = لا يذكر أي كيان مصدره.
sources-caption = المصادر وسنوات بياناتها والمؤشرات التي تستخدمها
used-for = يُستخدم في

kpi-list-title = المؤشرات
kpi-list-summary = { $reported-text } من { $total-text } من نقاط بيانات الدليل لها قيمة.
filter-indicators = تصفية المؤشرات
search-name = الاسم أو الرمز يحتوي على
csv-all = كل المؤشرات بصيغة CSV
quality-and-coverage = الجودة والتغطية
extra-title = مؤشرات المدينة الخاصة
extra-caption = ما أُبلغ عنه خارج الدليل
status-calculated = محسوب
status-reported = مُبلَّغ عنه
status-not-reported = لا قيمة
status-not-applicable = لا ينطبق
quality-accurate = قياس دقيق
quality-survey = استقراء من مسح
quality-higher-level = استقراء من بيانات مستوى أعلى
quality-estimate = تقدير مبني على افتراضات
quality-personal = تقدير شخصي
quality-unknown = الجودة غير معروفة
coverage-time = { $percent }٪ من الفترة
coverage-area = { $percent }٪ من المنطقة

needed-title = ما يلزم للحصول على قيمة
parts-title = نقاط بيانات هذا المؤشر
facts-title = مدى جودة هذه القيمة
fact-quality = الجودة
fact-coverage = تغطي البيانات
fact-period = الفترة
fact-vintages = بيانات السنوات
fact-attainment = ما تحقق من الهدف
fact-points = النقاط
points-of-four =
    { $points ->
       *[other] { $points-text } من 4
    }
fact-index = من القيمة الإرشادية
fact-origin = الأصل
fact-verified = التحقق
verified-yes = أكدها محقق مستقل
verified-no = لم يؤكدها المحقق
verified-nobody = لم يتحقق منها أحد بعد
fact-benchmark = الهدف
fact-sdg = أهداف التنمية المستدامة
formula-title = كيف حُسبت
numerator = المعدود
denominator = نسبةً إلى
areas-title = من منطقة إلى أخرى
areas-picture = خريطة مناطق المدينة مظللة بحسب القيمة. يحوي الجدول أدناه الأرقام نفسها.
areas-caption = قيمة كل منطقة، الأعلى أولًا
history-title = عبر الزمن
from-title = مِمّ حُسبت
from-caption = كيانات التوأم التي دخلت في هذه القيمة
readings = القياسات
sensitivity-title = كيف تتغير مع الافتراضات
sensitivity-caption = القيمة في ظل افتراضات أخرى
assumption = الافتراض
notes-title = ما ينبغي معرفته
take-title = خذها معك
csv-this = هذا المؤشر ومناطقه بصيغة CSV
kpi-entity = الكيان الذي يحفظ هذه القيمة

plot-summary =
    { $count ->
        [one] قيمة واحدة
        [two] قيمتان
        [few] { $count-text } قيم
        [many] { $count-text } قيمة
       *[other] { $count-text } قيمة
    } من { $from } إلى { $to }: المتوسط { $mean }، والأدنى { $least }، والأعلى { $most }.
plot-table = الشيء نفسه في جدول
plot-table-caption = عبر الزمن
plot-from = ابتداءً من
plot-mean = المتوسط
plot-least = الأدنى
plot-most = الأعلى
plot-count = القيم

map-title = الخريطة
map-summary =
    { $places ->
        [zero] لا أشياء لها مكان
        [one] شيء واحد له مكان
        [two] شيئان لهما مكان
        [few] { $places-text } أشياء لها مكان
        [many] { $places-text } شيئًا له مكان
       *[other] { $places-text } شيء له مكان
    } في { $types ->
        [zero] { $types-text } طبقة.
        [one] طبقة واحدة.
        [two] طبقتين.
        [few] { $types-text } طبقات.
        [many] { $types-text } طبقة.
       *[other] { $types-text } طبقة.
    }
map-summary-most = معظمها:
map-cut = تعرض الخريطة التفاعلية { $shown-text } من { $all-text }، والأنواع النادرة أولًا. اختر نوعًا لتراه كله. ويحوي الجدول والملفات كل شيء.
map-heading = المدينة كما يراها التوأم
map-empty = لا شيء هنا له مكان على الخريطة.
map-table-title = الشيء نفسه في جدول
map-table-caption = أشياء لها مكان.
skip-map = تخطَّ الخريطة: انتقل إلى الجدول
filter-map = تصفية الخريطة والجدول
picture-cut = لا تتسع هذه الصورة لكل شيء، والجدول يحويه كله.
csv-map = كل ما هنا بصيغة CSV
geojson-map = كل ما هنا بصيغة GeoJSON
geometry-line = خط من { $points-text } نقطة
geometry-area = مساحة من { $points-text } نقطة
geometry-other = شكل من { $points-text } نقطة

island-canvas = خريطة تفاعلية
island-tools = تحريك الخريطة
island-zoom-in = تكبير
island-zoom-out = تصغير
island-pan-west = تحريك غربًا
island-pan-north = تحريك شمالًا
island-pan-south = تحريك جنوبًا
island-pan-east = تحريك شرقًا
island-turn-left = تدوير يسارًا
island-turn-right = تدوير يمينًا
island-tilt = عرض ثلاثي الأبعاد
island-whole = المدينة كلها
island-style = النمط
island-style-light = فاتح
island-style-dark = داكن
island-style-contrast = تباين عالٍ
island-keys = حين تكون الخريطة محددة: الأسهم تحركها، و+ و− للتكبير والتصغير، وShift مع الأسهم للتدوير والإمالة، وEnter يخبر بما في الوسط، وEscape يلغي الاختيار.
island-legend = الطبقات
island-open = كل ما يُعرف عنه
island-nothing = لا شيء في هذا المكان.
island-no-webgl = لا يستطيع هذا المتصفح رسم الخريطة التفاعلية (ليس فيه WebGL 2). الصورة والجدول يعرضان الشيء نفسه.
island-failed = تعذّر تحميل الخريطة التفاعلية. الصورة والجدول يعرضان الشيء نفسه.
island-load = حمّل الخريطة التفاعلية (0.4 ميغابايت)
island-gesture-ctrl = اضغط Ctrl ومرّر لتكبير الخريطة
island-gesture-cmd = اضغط ⌘ ومرّر لتكبير الخريطة
island-gesture-touch = استخدم إصبعين لتحريك الخريطة

entities-title = الكيانات
entities-summary =
    { $entities ->
        [zero] لا كيانات
        [one] كيان واحد
        [two] كيانان
        [few] { $entities-text } كيانات
        [many] { $entities-text } كيانًا
       *[other] { $entities-text } كيان
    } من { $types ->
        [zero] { $types-text } نوع.
        [one] نوع واحد.
        [two] نوعين.
        [few] { $types-text } أنواع.
        [many] { $types-text } نوعًا.
       *[other] { $types-text } نوع.
    }
filter-entities = البحث في الكيانات
entities-caption = الكيانات.
on-map = عرض على الخريطة
raw-json = بصيغة JSON-LD
raw-temporal = التاريخ بصيغة JSON-LD
values-title = القيم
values-caption = خواص هذا الكيان
values-none = لا قيم لهذا الكيان.
relations-title = الروابط
relations-none = لا شيء مرتبط بهذا الكيان.
relation = الرابط
outgoing-caption = من هذا الكيان إلى غيره
incoming-caption = من غيره إلى هذا الكيان
not-in-twin = (ليس في التوأم)
entity-incoming-more = يُعرض { $shown-text } من { $all-text } رابطًا.

# أنواع الكيانات الشائعة في المدن. ويُعرض أي نوع آخر بكلماته.
type-AdministrativeArea = المناطق الإدارية
type-AirQualityObserved = جودة الهواء
type-Building = المباني
type-District = الأحياء
type-GtfsAgency = مشغلو النقل العام
type-GtfsCalendarRule = تقاويم الخدمة
type-GtfsFrequency = تواتر الخدمة
type-GtfsRoute = خطوط النقل العام
type-GtfsShape = مسارات النقل العام
type-GtfsStop = مواقف النقل العام
type-GtfsStopTime = مواعيد الجدول
type-GtfsTrip = رحلات النقل العام
type-GtfsService = أيام الخدمة
type-Hospital = المستشفيات
type-Clinic = المراكز الصحية
type-KeyPerformanceIndicator = قيم المؤشرات
type-NoiseLevelObserved = الضوضاء
type-OffStreetParking = مواقف السيارات
type-OnStreetParking = المواقف على الشارع
type-Park = الحدائق
type-ParkingSpot = أماكن الوقوف
type-Person = الأشخاص
type-PointOfInterest = نقاط الاهتمام
type-PopulationGrid = شبكات السكان
type-Road = الطرق
type-RoadSegment = الشوارع
type-School = المدارس
type-Streetlight = إنارة الشوارع
type-Ward = الدوائر
type-WaterConsumptionObserved = عدادات المياه
type-WeatherObserved = الطقس
