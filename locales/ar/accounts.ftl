# نصوص صفحات الحسابات.

forbidden-title = لا يُسمح لك بهذا
forbidden-text = لم يتغير شيء. ما ينقص مذكور أدناه.
log-in = تسجيل الدخول
log-out = تسجيل الخروج
login-title = تسجيل الدخول
login-lost = هل فقدت كلمة المرور أو الهاتف؟ يستطيع مدير النظام أن يعطيك رابطًا لتعيين كلمة مرور جديدة.
login-provider = تسجيل الدخول عبر { $name }
login-left = خرجت من هنا، وما زلت مسجَّلًا لدى موفر الهوية.
login-leave-provider = الخروج من هناك أيضًا
wrong-provider = لم ينجح تسجيل الدخول عبر موفر الهوية. حاول مرة أخرى أو اسأل مدير النظام.
wrong-no-access = يعرفك موفر الهوية، لكن لم يمنحك أحد صلاحية هنا. اسأل مدير النظام.
provider-linked = حسابك مرتبط: من يسجّل الدخول هناك باسمك يدخل هنا.
provider-unlinked = غير مرتبط. بعد الربط يمكنك الدخول من هناك بدل كلمة المرور.
provider-link = ربط الحساب
provider-unlink = إنهاء الربط
provider-go = سجّل الدخول هناك الآن بصفتك الشخص الذي سيُربط به هذا الحساب.
provider-continue = متابعة
done-linked = رُبط الحساب.
done-unlinked = لم يعد الحساب مرتبطًا.
user-name = الاسم
user-name-hint = حروف وأرقام و . _ - @ + دون مسافات.
password = كلمة المرور
password-new = كلمة مرور جديدة
password-hint = 8 أحرف على الأقل، ويُستحسن 15 أو أكثر، مثل أربع كلمات. لا أسماء ولا تواريخ ولا كلمات مرور شائعة.
password-old = كلمة المرور الحالية
password-title = كلمة المرور
password-change = تغيير كلمة المرور
code = الرمز
code-title = خطوة أخرى
code-hint = الأرقام الستة التي يعرضها تطبيقك، أو أحد رموز الاسترداد.
setup-title = إعداد هذا الخادم
setup-text = لا أحد يملك حسابًا هنا بعد. أنشئ الحساب الأول، وسيكون حساب مدير النظام.
setup-code = رمز الإعداد
setup-code-hint = طُبع عند بدء تشغيل الخادم، ويطبعه الأمر `mapacha user setup-code`. يُستعمل مرة واحدة.
setup-make = إنشاء الحساب
invitation-title = عيّن كلمة مرورك
invitation-text = دُعيت باسم
invitation-set = تعيين كلمة المرور وتسجيل الدخول
invitation-void = هذا الرابط غير صالح: استُعمل من قبل أو انتهت مدته. اطلب رابطًا آخر ممن أرسله.
account-title = حسابك
groups = المجموعات
roles = الأدوار
roles-none = لا شيء
roles-title = الأدوار
roles-save = حفظ الأدوار
recovery-title = رموز الاسترداد
recovery-text = احفظها حيث لا يجدها غيرك. كل رمز يتيح لك الدخول مرة واحدة دون تطبيقك. لن تُعرض مرة أخرى.
second-title = العامل الثاني
second-on =
    { $codes ->
        [zero] مفعّل. لم يبق أي رمز استرداد.
        [two] مفعّل. بقي رمزا استرداد.
        [few] مفعّل. بقيت { $codes-text } رموز استرداد.
        [one] مفعّل. بقي رمز استرداد واحد.
       *[other] مفعّل. بقي { $codes-text } رمز استرداد.
    }
second-off = غير مفعّل. مع تطبيق يعرض الرموز، لا تكفي كلمة مرور مسروقة للدخول باسمك.
second-needed = أعِدّ العامل الثاني أولًا: دورك يتطلبه، وكل ما عداه ينتظر.
second-fresh = سجّل الدخول من جديد لدى موفر الهوية أولًا إن مضت أكثر من عشر دقائق.
second-begin = إعداد تطبيق
second-scan = امسح هذا بتطبيق المصادقة.
second-qr = رمز QR للتطبيق
second-type = أو اكتب هذا فيه:
second-code = الرمز الذي يعرضه التطبيق الآن
second-confirm = تفعيل
second-codes = رموز استرداد جديدة
second-end = إيقاف
sessions-title = الجلسات
sessions-caption = أين سجلت الدخول
session-browser = المتصفح
session-began = بدأت
session-seen = آخر استعمال
session-end = إنهاء
session-this = هذه
session-two = عاملان
keys-title = مفاتيح البرامج
keys-text = البرنامج الذي يعمل لأجلك يرسل مفتاحًا في `Authorization: Bearer`. يستطيع ما تعطيه الأدوار المختارة، ولا يتجاوز صلاحياتك أبدًا.
keys-caption = مفاتيحك
key-new = مفتاح جديد
key-name = الغرض منه
key-days = عدد الأيام حتى ينتهي (فارغ: لا ينتهي)
key-make = إنشاء المفتاح
key-used = آخر استعمال
key-ends = ينتهي
key-change = تغيير
key-renew = تجديد
key-end = إنهاء
key-made-title = مفتاحك الجديد
key-made-text = انسخه الآن، فلن يُعرض مرة أخرى. بعد التجديد يعمل المفتاح السابق 24 ساعة أخرى.
never = أبدًا
users-title = الحسابات
users-caption = كل من يستطيع تسجيل الدخول.
user-new = حساب جديد
user-new-text = تحصل على رابط تسلّمه لصاحبه، ومن يفتحه يعيّن كلمة المرور.
user-make = إنشاء الحساب
user-second = العامل الثاني
user-last = آخر دخول
user-active = نشط
user-invited = مدعو
user-disabled = معطّل
user-state-title = الدخول
user-state-text = من يُعطَّل حسابه يخرج فورًا. إعادة التعيين تزيل كلمة المرور والعامل الثاني والجلسات، وتعطي رابطًا لتعيين كلمة مرور جديدة. الحذف ينهي مفاتيح الحساب أيضًا.
user-enable = تفعيل الحساب
user-disable = تعطيل الحساب
user-reset = إعادة تعيين كلمة المرور
user-delete = حذف الحساب
rename-title = الاسم
rename = تغيير الاسم
link-title = رابط تعيين كلمة المرور
link-text = سلّمه بطريقة آمنة. يعمل مرة واحدة خلال سبعة أيام، ولن يُعرض مرة أخرى.
done-password = تغيرت كلمة المرور وانتهت جلساتك الأخرى.
done-second-off = أُوقف العامل الثاني.
done-second-begun = امسح الآن الرمز أدناه وأكّد بما يعرضه التطبيق.
done-codes = فُعّل العامل الثاني. احفظ رموز الاسترداد.
done-session = انتهت الجلسة.
done-key = أُنشئ المفتاح.
done-key-ended = انتهى المفتاح.
done-user = أُنشئ الحساب { $name }.
done-reset = أُعيد تعيين كلمة مرور { $name }.
done-changed = تم التغيير.
wrong-refused = هذا غير صحيح. تحقق من الاسم أو كلمة المرور أو الرمز.
wrong-wait =
    { $seconds ->
        [two] فشلت محاولات كثيرة. حاول مرة أخرى بعد ثانيتين.
        [few] فشلت محاولات كثيرة. حاول مرة أخرى بعد { $seconds-text } ثوانٍ.
        [one] فشلت محاولات كثيرة. حاول مرة أخرى بعد ثانية واحدة.
       *[other] فشلت محاولات كثيرة. حاول مرة أخرى بعد { $seconds-text } ثانية.
    }
wrong-busy = الخادم مشغول. حاول مرة أخرى بعد ثوانٍ.
wrong-not-found = لا يوجد { $name }.
wrong-taken = يوجد شخص باسم { $name } من قبل.
wrong-name = الاسم من 1 إلى 64 حرفًا ورقمًا و . _ - @ + دون مسافات.
wrong-short = كلمة المرور قصيرة: 8 أحرف على الأقل.
wrong-long = كلمة المرور طويلة: 256 حرفًا على الأكثر.
wrong-common = كلمة المرور هذه من أول ما يُخمَّن. اختر غيرها، مثل أربع كلمات.
wrong-last = هذا آخر مدير نظام يستطيع الدخول. أنشئ غيره أولًا.
wrong-beyond = لا تستطيع أن تعطي أو تغيّر أكثر مما يُسمح لك به.
wrong-given = هذا غير ممكن. اقرأ الملاحظة بجانب الحقل.
wrong-state = هذا لا يوافق الحالة الآن. أعد تحميل الصفحة.
wrong-many = العدد كبير بالفعل.
wrong-setup-code = رمز الإعداد غير صحيح أو استُعمل من قبل.
role-viewer = مطّلع
role-viewer-about = يرى المدينة
role-editor = محرر
role-editor-about = يعتني ببيانات المدينة
role-planner = مخطط
role-planner-about = يقيّم المدينة ويجرب الاستراتيجيات
role-operator = مشغّل
role-operator-about = يعتني بالاتصالات مع الأجهزة والأنظمة
role-officer = مسؤول حماية البيانات
role-officer-about = يقرأ سجل التدقيق ويكتب قواعد الوصول
role-administrator = مدير النظام
role-administrator-about = يدير الحسابات ويستطيع كل شيء
