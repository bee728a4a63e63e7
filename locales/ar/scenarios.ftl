# نصوص صفحات السيناريوهات وإمكانية الوصول. انظر pages.ftl لصيغ الجمع والأعداد.

nav-scenarios = السيناريوهات
busy-title = حسابات كثيرة في الانتظار
busy-text = انتظر انتهاء أحدها أو ألغِ واحدًا، ثم حاول مجددًا.
refused-title = تعذّر ذلك
refused-text = ارجع وصحّح ثم حاول مجددًا. لم يضع شيء ولم يتغيّر شيء.
error-title = خطأ: { $title }

scenarios-title = السيناريوهات
scenarios-lede = ماذا ستكسب المدينة قبل أن تدفع؟ جرّب تدابير على نسخة من المدينة: خفض حافة رصيف، موقف حافلات، عيادة. أما المدينة نفسها فلا تتغيّر أبدًا.
scenarios-add = أضف ملف سيناريوهات
scenarios-none = لا يوجد سيناريو بعد. أضف ملفًا يذكر التدابير وكلفتها.
scenarios-caption = ملفات السيناريوهات الخاصة بالمدينة.
scenario = السيناريو
scenario-holds =
    { $measures ->
        [zero] لا تدابير
        [one] تدبير واحد
        [two] تدبيران
        [few] { $measures-text } تدابير
        [many] { $measures-text } تدبيرًا
       *[other] { $measures-text } تدبير
    } في { $scenarios ->
        [zero] لا سيناريو
        [one] سيناريو واحد
        [two] سيناريوهين
        [few] { $scenarios-text } سيناريوهات
        [many] { $scenarios-text } سيناريو
       *[other] { $scenarios-text } سيناريو
    }
scenario-faulty = في الملف أخطاء: افتحه لتراها.
scenario-everything = جميع التدابير معًا
latest-run = آخر حساب
try-it = جرّبه
run-it = احسب
run-hint = يستغرق الحساب ثواني إلى بضع دقائق. يمكنك مغادرة الصفحة في الأثناء.
not-run-yet = لم يُحسب بعد
how-title = كيف يعمل ذلك
how-write = دوّن ما تفكر في فعله: كل تدبير مع كلفته والمسؤول عنه ومكانه.
how-run = احسب. ينفّذ البرنامج التدابير على نسخة من المدينة ويعيد حساب من يصل إلى ماذا.
how-compare = قارن. ترى ما يغيّره كل سيناريو، ولمن، وبأي درجة من اليقين، وبأي كلفة.

runs-title = كل الحسابات
runs-none = لم يُحسب شيء بعد.
runs-caption = الحسابات، الأحدث أولًا.
run = الحساب
run-queued = في الانتظار
run-running = قيد التنفيذ
run-done = انتهى
run-failed = فشل
run-cancelled = أُلغي
run-earlier = لنسخة سابقة من الملف
run-best = ما الذي نتج
run-best-line = { $indicator }: { $difference } بفضل «{ $scenario }»
run-best-none = { $indicator }: لا سيناريو يحسّنه
delete-run = احذف
asked-for = طُلب في
run-works = الحساب جارٍ. لا شيء يتغيّر في المدينة.
run-step = الآن
run-cancel = ألغِ الحساب
run-errors = لماذا لم يعطِ شيئًا
run-nothing = لا نتيجة لهذا الحساب.
watching = تعيد هذه الصفحة تحميل نفسها كل بضع ثوانٍ.
watch-stop = أوقف ذلك
watch-start = أعد تحميل هذه الصفحة تلقائيًا
look-again = انظر مجددًا

new-title = أضف ملف سيناريوهات
edit-title = غيّر ملف السيناريوهات
edit-back = العودة إلى السيناريو
edit-upload = اختر ملفًا
edit-upload-hint = بصيغة TOML أو JSON. يحل محل النص أدناه.
edit-text = أو اكتبه هنا
edit-text-hint = يوجد مثال في آخر هذه الصفحة.
edit-wrong = هنا أخطاء، وهي مذكورة في أعلى الصفحة.
edit-save = احفظ
edit-save-run = احفظ واحسب
edit-cancel = تراجع
edit-both = اخترت ملفًا وغيّرت النص أيضًا. اختر الملف مجددًا وأفرغ النص، أو احفظ النص من دون ملف.
edit-nothing = اختر ملفًا أو اكتبه في الحقل.
edit-changed = غيّر شخص آخر هذا السيناريو في الأثناء. ما زال نصك هنا. إن حفظت مرة أخرى حلّ محل نصه.
errors-title = هناك مشكلة
example-title = مثال
example-text = الأسماء فيه أمثلة: استخدم معرّفات أشياء مدينتك. التدابير المتاحة:
delete-title = احذف هذا السيناريو
delete-text = يُحذف الملف، وتبقى حساباته ونتائجها.
delete-scenario = احذف ملف السيناريوهات هذا

faults-title = لا يمكن حساب هذا الملف بعد
compared-title = ما الذي يُقارن
compared-caption = كل سيناريو هو المدينة كما هي مع هذه التدابير
measures = التدابير
measure = التدبير
measures-title = التدابير
measures-caption = ماذا يغيّر كل تدبير، وكم يكلّف، ومن ينفّذه ومتى
what-it-changes = ماذا يغيّر
cost = الكلفة
cost-once = الكلفة مرة واحدة
cost-yearly = الكلفة كل سنة
owner = المسؤول
start = البداية
measured-title = ما الذي يُقاس
measured-all = كل ما لدى المدينة بيانات عنه.
measured-choose = تُجرَّب كل توليفات التدابير للعثور على ما يعطي أكثر من:
budget = الميزانية
history-of-runs = الحسابات
file-title = الملف
file-show = اعرض الملف
take-file = الملف نفسه

kinds-title = تدابير يمكنك تجربتها
kinds-lede = كل تدبير يغيّر أشياء في نسخة من المدينة، ثم يُحسب كل شيء منها من جديد.
kinds-schema = صيغة ملفات السيناريوهات بوصفها JSON Schema
kinds-caption = ما يذكره الملف تحت “with”
parameter = الاسم
meaning = المعنى
otherwise = إن لم يُذكر
has-to-be-given = يجب ذكره
may-be-left-out = يمكن تركه
assumed-title = ما الذي افتُرض

compare-best =
    { $count ->
        [one] يغيّر «{ $scenario }» «{ $indicator }» بمقدار { $difference }.
       *[other] من بين { $count-text } من السيناريوهات، يفعل «{ $scenario }» الأكثر لأجل «{ $indicator }»: { $difference }.
    }
compare-none =
    { $count ->
        [one] لا يحسّن السيناريو «{ $indicator }» بقدر ما هو معروف.
       *[other] لا يحسّن أي من السيناريوهات الـ{ $count-text } «{ $indicator }» بقدر ما هو معروف.
    }
compare-unknown =
    { $count ->
        [one] جُرّب سيناريو واحد، لكن لا يمكن قول شيء عن أثره.
       *[other] جُرّبت { $count-text } من السيناريوهات، لكن لا يمكن قول شيء عن أثرها.
    }
gives-title = ماذا يعطي كل سيناريو، وكم يكلّف
gives-caption = الفرق عن المدينة كما هي
look-closer = اختر ما يُعرض
show = اعرض
as-it-is = كما هي الآن
with-it = مع السيناريو
difference = الفرق
number = رقم
people-more = أشخاص أكثر
cost-per-person = الكلفة لكل شخص مستفيد
cost-per-unit = الكلفة لكل وحدة مكتسبة
points = { $value } نقطة
points-hint = النقاط نقاط مئوية: من 60 % إلى 62 % هو +2 نقطة.
between = بين { $low } و{ $high }
up-to = حتى { $value }
verdict-better = أفضل
verdict-worse = أسوأ
verdict-same = لا تغيير
verdict-more = أكثر
verdict-less = أقل
verdict-not-known = غير معروف
compare-all-title = كل المؤشرات
compare-caption = فرق كل سيناريو عن المدينة كما هي
bounds-hint = «بين» تقول إلى أي حد قد ينخفض العدد أو يرتفع بسبب ما لا يعرفه أحد: فحافة أو منحدر لم ينظر إليه أحد لا يُعرف هل يمر منه كرسي متحرك.

who-title = من يكسب ومن يخسر
choose-other = اختر مؤشرًا أو سيناريو آخر
parts-gain-none = لا يكسب الناس في أي حي.
parts-gain-all =
    { $all ->
        [zero] لا يكسب الناس في أي حي.
        [one] يكسب الناس في الحي الوحيد.
        [two] يكسب الناس في الحيين كليهما.
        [few] يكسب الناس في كل الأحياء وعددها { $all-text }.
        [many] يكسب الناس في كل الأحياء وعددها { $all-text }.
       *[other] يكسب الناس في كل الأحياء وعددها { $all-text }.
    }
parts-gain-some =
    { $some ->
        [zero] لا يكسب الناس في أي حي من { $all }.
        [one] يكسب الناس في حي واحد من { $all }.
        [two] يكسب الناس في حيين من { $all }.
        [few] يكسب الناس في { $some-text } أحياء من { $all }.
        [many] يكسب الناس في { $some-text } حيًا من { $all }.
       *[other] يكسب الناس في { $some-text } حي من { $all }.
    }
parts-lose-none = لا يخسر أحد في أي مكان.
parts-lose-all =
    { $all ->
        [zero] لا يخسر الناس في أي حي.
        [one] يخسر الناس في الحي الوحيد.
        [two] يخسر الناس في الحيين كليهما.
        [few] يخسر الناس في كل الأحياء وعددها { $all-text }.
        [many] يخسر الناس في كل الأحياء وعددها { $all-text }.
       *[other] يخسر الناس في كل الأحياء وعددها { $all-text }.
    }
parts-lose-some =
    { $some ->
        [zero] لا يخسر الناس في أي حي من { $all }.
        [one] يخسر الناس في حي واحد من { $all }.
        [two] يخسر الناس في حيين من { $all }.
        [few] يخسر الناس في { $some-text } أحياء من { $all }.
        [many] يخسر الناس في { $some-text } حيًا من { $all }.
       *[other] يخسر الناس في { $some-text } حي من { $all }.
    }
who-groups = حسب الفئة
who-groups-caption = فئات الناس: قبل وبعد، ومن يكسب أو يخسر
who-areas = حسب الحي
who-areas-caption = الأحياء، الأكبر فرقًا أولًا
group = الفئة
group-age = العمر { $ages }
group-disability = الأشخاص ذوو الإعاقة
group-income-low = الثلث الأدنى حسب دخل الحي
group-income-middle = الثلث الأوسط حسب دخل الحي
group-income-high = الثلث الأعلى حسب دخل الحي
people = الأشخاص
people-gain = من يكسبون
people-lose = من يخسرون
difference-map-title =
    { $areas ->
        [one] خريطة حي واحد ({ $areas-text }): الفرق في «{ $indicator }» بسبب «{ $scenario }»
       *[other] خريطة الأحياء ({ $areas-text }): الفرق في «{ $indicator }» بسبب «{ $scenario }»
    }

effect-title = الكلفة والأثر
effect-caption = ما يكلّفه السيناريو (نحو اليمين) وما يغيّره (نحو الأعلى)
effect-picture = رسم بياني للكلفة والأثر. الجدول أدناه يحوي الأعداد نفسها.
effect-table = أعداد الرسم البياني
effect-years = الكلفة هي ما يُدفع مرة واحدة وما يُدفع خلال { $years } من السنين.

choice-title = أي التدابير نختار
choice-summary =
    جُرّبت كل التوليفات البالغ عددها { $subsets-text } من { $measures ->
        [zero] لا تدابير
        [one] تدبير واحد
        [two] تدبيرين
        [few] { $measures-text } تدابير
        [many] { $measures-text } تدبيرًا
       *[other] { $measures-text } تدبير
    }، كل واحدة بكاملها. { $best ->
        [zero] لا توجد توليفة ضمن الميزانية.
        [one] واحدة منها لا تتفوق عليها أخرى ضمن الميزانية.
        [two] اثنتان منها لا تتفوق عليهما أخرى ضمن الميزانية.
       *[other] { $best-text } منها لا تتفوق عليها أخرى ضمن الميزانية.
    }
choice-chart-caption = كل توليفة نقطة، والمرقّمة لا تتفوق عليها أخرى
choice-picture = رسم بياني للكلفة والأثر لكل التوليفات. الجدول أدناه يذكر المرقّمة منها.
choice-caption = توليفات لا تتفوق عليها أخرى، الأرخص أولًا
choice-more = { $more } غيرها في الملفات.
choice-best = الأفضل ضمن الميزانية
no-measure = لا تدبير على الإطلاق
objective-of = { $indicator } ({ $group })
told-title = ما الذي آل إليه كل تدبير
told-caption = لماذا اختير كل تدبير أو تُرك
told-why = لماذا
told-in = في كم من الأفضل
told-alone = ما يعطيه وحده
told-best = ما يضيفه إلى الأفضل
why-title = لماذا تُركت هذه؟
why-legend = ضع علامة على تدابير توليفة
why-ask = أخبرني عنها
why-dropped = تُركت:
why-best = لا تتفوق عليها توليفة أخرى.

changes-of-title = ماذا يغيّر كل سيناريو في المدينة
changes-of-text = يغيّر التدبير أشياء في نسخة المدينة، ويُحسب كل ما عداها منها.
things-made = أشياء جديدة
things-changed = أشياء تغيّرت
things-gone = أشياء أُزيلت
changes-data = الأشياء المتغيّرة بيانات (JSON):
sure-title = ما الذي افتُرض، وما مدى اليقين
sure-text = المدينة نفسها والملف نفسه وإصدار البرنامج نفسه تعطي دائمًا النتيجة نفسها.
sure-warnings = ما ينبغي معرفته
sure-uncertain = ما ليس أكيدًا
sure-from = من أين تأتي الأعداد
sure-entities = ما الذي قُرئ
fact-snapshot = المدينة كما كانت في
fact-version = إصدار البرنامج
fact-seed = البذرة
fact-inputs = بصمة بيانات المدينة (SHA-256)
fact-file = بصمة الملف (SHA-256)
take-html = المقارنة صفحةً للطباعة أو الإرسال
take-csv = كل الأعداد بصيغة CSV
take-json = كل شيء بصيغة JSON
take-map = خريطة الفروق بصيغة GeoJSON

reach-of-stop-walk = نقل عام في المتناول، سيرًا
reach-of-stop-wheelchair = نقل عام في المتناول، بكرسي متحرك
reach-of-park-walk = حديقة في المتناول، سيرًا
reach-of-park-wheelchair = حديقة في المتناول، بكرسي متحرك
reach-of-clinic-walk = عيادة في المتناول، سيرًا
reach-of-clinic-wheelchair = عيادة في المتناول، بكرسي متحرك
reach-of-school-walk = مدرسة في المتناول، سيرًا
reach-of-school-wheelchair = مدرسة في المتناول، بكرسي متحرك
reach-of-clinic-transit = عيادة في الوقت المناسب، سيرًا أو بالنقل العام
reach-of-clinic-transit-wheelchair = عيادة في الوقت المناسب، بكرسي متحرك وبالنقل العام

reach-title = من يصل إلى ماذا اليوم
reach-lede = المدينة كما هي: أين يُعرف أن الناس يصلون، وأين لا يصلون، وأين لا يعرف أحد لأن أحدًا لم ينظر.
reach-form = اختر ما ينبغي بلوغه
reach-no-model = لا يمكن حساب ذلك لهذه المدينة بعد.
reach-none = تنقص المدينة بيانات لهذا: شوارع أو سكان أو أماكن يُراد بلوغها.
reach-summary = من بين { $people } شخص، يُعرف أن { $passable } يصلون، وأن { $blocked } لا يصلون، وعن { $unknown } لا يعرف أحد.
reach-passable = يُعرف أنهم يصلون
reach-unknown = لا يعرف أحد
reach-blocked = يُعرف أنهم لا يصلون
reach-picture = خريطة أماكن السكن بحسب إمكانية الوصول. الجدول أدناه يقول الشيء نفسه لكل حي.
reach-map-title = أين يصل الناس
reach-areas-caption = الأشخاص حسب الحي
reach-groups-caption = الأشخاص حسب الفئة
reach-look-title = أين تفيد المعاينة أكثر
reach-look-text = على هذه القطع من الطريق أمر فاصل لم يدوّنه أحد. إن ذهب أحد ونظر، صار معروفًا لأكثر الناس.
reach-look-caption = أكثر عشرة أماكن جدارة بالمعاينة
reach-look-none = لا شيء مما ينقص يفصل في شيء هنا.
reach-piece = قطعة الطريق
reach-missing = ما لم يدوّنه أحد
reach-people = من يمر طريقهم من هناك
reach-method = كيف يُحسب ذلك
reach-length = { $metres } م
travel-title = كيف يتنقل الناس
fact-walk = الأمتار سيرًا أو على العجلات إلى عيادة أو مدرسة
fact-minutes = الدقائق التي قد تستغرقها رحلة بالنقل العام
fact-time = ساعة المغادرة
fact-date = يوم المغادرة
fact-wheelchair = المقصود بعبارة «بكرسي متحرك»
wheelchair-manual-wheelchair = كرسي متحرك يدوي
wheelchair-powered-wheelchair = كرسي متحرك كهربائي
wheelchair-long-cane = شخص يسير بعصا بيضاء
reach-how-stop = يُحسب من لديه موقف تخدمه المواصلات في ذلك اليوم على بعد لا يتجاوز { $metres } م عبر الشبكة، أو { $rail } م للقطار والمترو والعبّارة (هدف التنمية المستدامة 11.2.1، بيانات موئل الأمم المتحدة الوصفية 2021).
reach-how-park = يُحسب من لديه طرف حديقة على بعد لا يتجاوز { $metres } م عبر الشبكة (هدف التنمية المستدامة 11.7.1، بيانات موئل الأمم المتحدة الوصفية 2021).
reach-how-clinic = يُحسب من لديه عيادة على بعد لا يتجاوز { $metres } م عبر الشبكة.
reach-how-school = يُحسب من لديه مدرسة على بعد لا يتجاوز { $metres } م عبر الشبكة.
reach-how-transit = يُحسب من يغادر بيته في الساعة { $time } ويصل إلى عيادة خلال { $minutes } دقيقة، سيرًا أو بالنقل العام، حسب جدول اليوم (RAPTOR؛ Delling, Pajor, Werneck 2012). والخط الذي لا مواعيد دقيقة له يُنتظر نصف المدة بين مركبتين.
reach-how-foot = تُحسب كل طريق يُعرف أنها مفتوحة للمشاة.
reach-how-wheels = تُحسب الطرق والأبواب والمواقف والمركبات التي يُعرف أنها سالكة مع { $wheelchair }. وما لا يعرفه أحد يُترك على حدة ولا يُعدّ سالكًا أبدًا.
reach-how-file = قد يذكر ملف السيناريو أمتارًا ودقائق وساعات أخرى.
tag-foot = هل يُسمح بالسير
tag-oneway-foot = اتجاه السير
tag-highway = نوع الطريق
tag-sidewalk = الرصيف
tag-crossing = معبر المشاة
tag-ramp-wheelchair = منحدر بجانب الدرج
tag-handrail = الدرابزين
tag-kerb = حافة الرصيف
tag-width = العرض
tag-incline = الميل
tag-surface = سطح الطريق
tag-smoothness = استواء السطح
tag-tactile-paving = بلاط إرشاد المكفوفين
tag-operational-status = هل يعمل المصعد
tag-wheelchair = هل يمر الكرسي المتحرك
tag-report = ما أبلغ عنه الناس

type-Scenario = السيناريوهات
type-ScenarioRun = حسابات السيناريوهات
type-ScenarioResult = نتائج السيناريوهات
type-RoadNode = حواف الأرصفة والمعابر
