# سجل التدقيق.

footer-audit = سجل التدقيق
audit-title = سجل التدقيق
audit-summary =
    { $entries ->
        [zero] لا قيود بعد.
        [one] قيد واحد. كُتب مع ما يخبر عنه، ولا يمكن تغييره دون أن يُكتشف.
        [two] قيدان. كُتب كل منهما مع ما يخبر عنه، ولا يمكن تغيير أي منهما دون أن يُكتشف.
        [few] { $entries-text } قيود. كُتب كل منها مع ما يخبر عنه، ولا يمكن تغيير أي منها دون أن يُكتشف.
        [many] { $entries-text } قيدًا. كُتب كل منها مع ما يخبر عنه، ولا يمكن تغيير أي منها دون أن يُكتشف.
       *[other] { $entries-text } قيد. كُتب كل منها مع ما يخبر عنه، ولا يمكن تغيير أي منها دون أن يُكتشف.
    }
audit-filter = تصفية سجل التدقيق
audit-what = ما الذي فُعل
audit-who = من فعله
audit-entity = معرّف الكيان
audit-day = اليوم (UTC)
audit-when = متى
audit-to-what = على ماذا
audit-number = رقم
audit-for = نيابة عن
audit-refused = رُفض:
audit-caption = ما الذي فُعل، الأحدث أولًا
audit-names = أسماء الأشخاص والكيانات أسماء مستعارة.
audit-none = لم يُسجَّل شيء من هذا النوع.
audit-unfinished = لا شيء من هذا النوع بين آخر 20,000 قيد. ابحث بين القيود الأقدم.
audit-latest = الأحدث
audit-older = الأقدم
audit-actor-anonymous = شخص دون تسجيل دخول
audit-actor-system = البرنامج نفسه ({ $part })
audit-actions-session = عمليات الدخول
audit-actions-key = المفاتيح والرموز
audit-actions-device = الأجهزة
audit-actions-break-glass = حالات الطوارئ
audit-actions-entity = تغييرات الكيانات
audit-actions-attribute = سمات محذوفة
audit-actions-history = تغييرات الماضي
audit-actions-subscription = الاشتراكات
audit-actions-personal = قراءات البيانات الشخصية
audit-actions-registration = المصادر المسجلة
audit-action-audit-begin = بدأ السجل
audit-action-entity-create = إنشاء
audit-action-entity-upsert = إنشاء أو تغيير
audit-action-entity-import = استيراد
audit-action-entity-merge = دمج
audit-action-entity-append = إضافة سمات
audit-action-entity-update = تغيير
audit-action-entity-replace = استبدال
audit-action-entity-delete = حذف
audit-action-entity-expire = انتهت مدته
audit-action-entity-copy = نسخ
audit-action-attribute-delete = حذف سمة
audit-action-history-append = إضافة قراءات سابقة
audit-action-history-delete = إتلاف قراءات سابقة
audit-action-history-expire = قراءات سابقة انقضت مدتها
audit-action-history-replace = تصحيح قراءة سابقة
audit-action-subscription-create = إنشاء اشتراك
audit-action-subscription-update = تغيير اشتراك
audit-action-subscription-delete = حذف اشتراك
audit-action-registration-create = تسجيل مصدر
audit-action-registration-update = تغيير مصدر
audit-action-registration-delete = حذف مصدر
audit-action-registration-expire = انتهت مدة مصدر
audit-action-break-glass-begin = أُخذت حقوق أوسع في حالة طوارئ
audit-action-break-glass-end = انتهت الحقوق الأوسع
audit-action-break-glass-request = طلب في حالة طوارئ
audit-action-break-glass-review = رُوجعت الحقوق الأوسع
audit-action-personal-read = قُرئت بيانات شخصية
audit-action-session-begin = تسجيل دخول
audit-action-session-end = انتهاء جلسة
audit-action-session-refuse = رفض تسجيل دخول
audit-action-key-create = إنشاء مفتاح
audit-action-key-update = تعديل مفتاح
audit-action-key-delete = حذف مفتاح
audit-action-key-refuse = رفض مفتاح أو رمز أو شهادة
audit-action-device-refuse = رفض رمز جهاز
audit-check-title = كيف يمكن التحقق منه
audit-check-text = لا يلزم أحدًا أن يصدّق هذه الصفحة. خذ السجل كله وتحقق منه على أي جهاز:
audit-check-here = أو تحقق، بعد إيقاف الخادم، من كل ما هو مخزَّن:
audit-check-limits = كلاهما يعيد حساب بصمة كل قيد وبصمة الشجرة فوقها جميعًا، ويقارن النتيجة بنقطة التحقق الموقّعة. ويظهر تغيير حرف واحد.
audit-checkpoint-title = نقطة التحقق
audit-signed =
    { $entries ->
        [zero] لم يُوقَّع شيء بعد.
        [one] موقّعة للقيد الأول.
        [two] موقّعة لأول قيدين.
        [few] موقّعة لأول { $entries-text } قيود.
        [many] موقّعة لأول { $entries-text } قيدًا.
       *[other] موقّعة لأول { $entries-text } قيد.
    }
audit-checkpoint-keep = احفظ هذه الأسطر والمفتاح أدناه في مكان آخر، مطبوعةً مثلًا. من يملكها يستطيع أن يثبت لاحقًا أن شيئًا مما سبقها لم يتغير، حتى من قِبل من يديرون هذا الخادم.
audit-checkpoint-none = لم يُوقَّع شيء بعد.
audit-checkpoint-link = نقطة التحقق نصًا
audit-key-link = المفتاح نصًا
audit-entries-link = كل القيود بصيغة JSON
audit-off = لا يُسجَّل شيء هنا: ضُبط audit.enabled على false.
