# سياسات الوصول، لمن يُسأل عنها.

nav-policies = السياسات
policies-title = سياسات الوصول
policies-text = من يحق له أن يرى ويفعل ماذا، ولأي غرض. ما لا تسمح به أي سياسة غير مسموح.
policies-caption = المستندات التي كُتبت فيها السياسات
policy-name = المستند
policy-name-hint = مثل north.cedar: حروف لاتينية وأرقام وشرطات ونقاط، ٦٠ على الأكثر.
policy-about = ما يقوله
policy-own = غيّرته المدينة
policy-came-with = كما جاء مع البرنامج
policy-about-roles = ما يحق لكل دور أن يفعله (Cedar)
policy-about-classification = أي السمات مفتوحة أو داخلية أو سرية أو شخصية أو حساسة (TOML)
policy-about-purposes = الأغراض التي يجوز طلب البيانات لها (TOML)
policy-about-own = سياسات المدينة (Cedar)
policy-new = مستند آخر
policy-begin = ابدأ
policy-wrong-name = لا يمكن تسمية مستند هكذا. استعمل الحروف اللاتينية والأرقام والشرطات والنقاط.
policy-text = النص
policy-text-hint = يُفحص مع كل المستندات الأخرى. قارن أولًا: المقارنة لا تغيّر شيئًا.
policy-compare = قارن
policy-save = احفظ
policy-remove = أزل
policy-done = حُفظ، وهو سارٍ من الآن على الجميع.
policy-outdated = غيّر شخص آخر هذا المستند بينما كنت تكتب. ما تراه هو نصك؛ أعد تحميل الصفحة لترى نصه.
policy-failed = تعذّر ذلك. سجل الخادم يذكر السبب. حاول مرة أخرى.
policy-gate-refused = سيُظهر هذا بيانات شخصية لم يقيّمها أحد، لذلك لم يتغيّر شيء
policy-gate-would-refuse = لا يمكن حفظ هذا الآن: سيُظهر بيانات شخصية لم يقيّمها أحد
policy-gate-text = قبل أن يتمكن أحد من قراءة بيانات شخصية أو حساسة لأول مرة، يجب أن يكون تقييم أثرها معتمدًا وغير منتهٍ. يذكر كل سطر ما ينقص ويقود إلى مكان إعداده. احفظ من جديد حين يتوفر. ما كان ساريًا يبقى ساريًا.
policy-gate-more =
    { $count ->
        [zero] ولا شيء آخر.
        [one] وواحد آخر.
        [two] واثنان آخران.
        [few] و{ $count-text } أخرى.
        [many] و{ $count-text } أخرى.
       *[other] و{ $count-text } أخرى.
    }
policy-odd = هذا غريب، لكنه ليس خطأ
policy-compared-title = ما الذي سيتغير
policy-compared = سُئل عن { $people } من { $people-all } من الأشخاص والمفاتيح والغرباء، وعن { $entities } من { $entities-all } من الكيانات.
policy-nothing = لا أحد يكسب شيئًا أو يفقده.
policy-shifts = من سيكسب ومن سيفقد ماذا
policy-more =
    { $count ->
        [zero] لا تغييرات أخرى غير المذكورة.
        [one] هناك تغيير واحد غير المذكورة.
        [two] هناك تغييران غير المذكورة.
        [few] هناك { $count-text } تغييرات غير المذكورة.
        [many] هناك { $count-text } تغييرًا غير المذكورة.
       *[other] هناك { $count-text } تغيير غير المذكورة.
    }
policy-change = التغيير
policy-gain = يكسب
policy-loss = يفقد
policy-who = من
policy-who-more =
    { $count ->
        [zero] لا أحد غيرهم
        [one] واحد آخر
        [two] اثنان آخران
        [few] { $count-text } آخرون
        [many] { $count-text } آخرون
       *[other] { $count-text } آخرون
    }
policy-anonymous = من لم يسجّل الدخول
policy-action = ليفعل ماذا
policy-action-read = الرؤية
policy-action-history = رؤية الماضي
policy-action-subscribe = تلقي الإشعارات
policy-action-aggregate = حساب الأرقام
policy-action-export = الأخذ
policy-action-write = التغيير
policy-action-delete = الحذف
policy-action-actuate = التحكم
policy-action-admin = الإدارة
policy-type = النوع
policy-entities = الكيانات
policy-class = الفئة
policy-attributes = السمات
policy-because = بسبب
policy-why-title = لماذا يستطيع شخص ما أن يرى شيئًا؟
policy-why-text = أي السياسات تقرر هل يرى شخص ما كيانًا أو يحق له أن يفعل به شيئًا.
policy-why-who-hint = اسم حساب، أو معرّف مفتاح أو جهاز، أو anonymous.
policy-why-attribute = السمة (كلها إن تُرك فارغًا)
policy-why-purpose = لأي غرض
policy-why-ask = اشرح
policy-why-yes = { $who }: «{ $action }» مسموح، لما ذُكر أدناه أنه مسموح.
policy-why-no = { $who }: «{ $action }» غير مسموح.
policy-why-door = الإذن { $permission } ناقص: لا يصل أي طلب إلى السياسات.
policy-why-caption = ما تقوله السياسات عن كل فئة من السمات
policy-why-verdict = مسموح؟
policy-why-reason = السبب
policy-why-allowed = مسموح
policy-why-denied = مرفوض
policy-why-permitted = تسمح به
policy-why-forbidden = تمنعه
policy-why-nobody = لا تسمح به أي سياسة.
policy-why-failed = تعذّر تقييم السياسات، لذلك فهو مرفوض.
policy-why-unseen = تقرّر السياسات هذا بحسب سمات للكيان لا تراها. اسأل من يراها.

# حقوق أوسع لمدة، في حالة الطوارئ.
nav-emergency = الطوارئ
break-glass-title = حقوق أوسع في حالة الطوارئ
break-glass-text = من يكسر الزجاج يرى ويتحكم، لمدة، فيما تمنحه السياسات في حالة الطوارئ. يُخبَر الآخرون، ويُكتب كل طلب في سجل التدقيق، ويراجعه شخص آخر.
break-glass-unrecorded = لا يُسجَّل هنا ما يُفعل (audit.enabled قيمته false)، لذلك لا يستطيع أحد كسر الزجاج.
break-glass-begin = اكسر الزجاج
break-glass-reason = السبب
break-glass-reason-hint = ماذا حدث، وما الذي تحتاج أن تراه أو تفعله. ١٠ أحرف على الأقل.
break-glass-time = المدة
break-glass-minutes = { $minutes } دقيقة
break-glass-all = من كسر الزجاج
break-glass-mine = متى كسرت الزجاج
break-glass-none = لا أحد.
break-glass-caption = الأحدث أولًا
break-glass-from = من
break-glass-until = إلى
break-glass-open = سارٍ الآن
break-glass-end = أنهِه
break-glass-review = المراجعة
break-glass-review-by = { $name }، { $at }
break-glass-justified = لسبب وجيه
break-glass-unjustified = بلا سبب وجيه
break-glass-note = ما وجدته
break-glass-justify = كان هناك سبب وجيه
break-glass-unjustify = لم يكن
break-glass-unreviewed = لم يراجعه أحد بعد.
break-glass-begun = لديك الآن حقوق أوسع. أنهِها في أقرب وقت.
break-glass-ended = انتهى.
break-glass-reviewed = حُفظت مراجعتك.
break-glass-own = لديك حقوق أوسع حتى { $until }.
break-glass-banner = لدى { $name } حقوق أوسع حتى { $until }، في حالة طوارئ.
break-glass-look = انظر

# فئات ما يحتويه التوأم.
classes-title = فئات الأنواع والسمات
classes-text = أي سمات أي أنواع لمن. ما لم يصنّفه أحد يقع في أشد الفئات: لا يراه إلا المسؤولون عن حماية البيانات، ولا يغيّره إلا المديرون.
classes-open = ما لم يصنّفه أحد
classes-none-open = لكل ما تراه فئة.
classes-open-text = حدّد لكل نوع فئة سماته. تُذكر السمات التي لأول ٢٠٠ كيان من النوع.
classes-suggested = ما اختير هنا مجرد اقتراح مبني على الأسماء وحدها: ما يحمل الاسم نفسه في Smart Data Models. لم ينظر أحد في بياناتك. القرار لك.
classes-suggestion = اقتراح
classes-others = فئة سماته
classes-as-others = مثل الأخرى
classes-no-toml = كُتب التصنيف بصيغة JSON، فلا يمكن إضافة قاعدة إليه هنا. غيّر المستند نفسه.
classes-refused = لا تتفق القاعدة مع الأخرى. انظر في المستند: هل صارت للنوع قاعدة؟
classes-closed = ما له فئة
classes-closed-text = لتغييره غيّر المستند:
classes-caption = سمات كل نوع بحسب الفئة
