# ما يمكن معرفته عن أمان البرنامج.

footer-trust = الثقة
trust-title = الثقة
trust-summary = { $items-text } بندًا عمّا يعنيه الأمن لنظام مدينة، بكلماتنا وعن المعايير: تُظهر الاختبارات { $tested-text } منها، وجزءًا من { $partial-text }، و{ $gaps-text } غير موجودة بعد.
trust-how = صُنعت هذه الصفحة من الملف الذي تُقاس عليه الاختبارات كما كان عند بناء هذا البرنامج: كل اختبار تسمّيه موجود، وما ينقص يقول لماذا. والبنود نفسها بالإنجليزية.
trust-link-checklist = الشيء نفسه للبرامج (JSON)
trust-link-security = ما تعد به هذه النسخة، وكيف تبلّغ عن ثغرة
trust-link-sbom = قائمة مكوّنات البرنامج (CycloneDX)
trust-link-licences = رخص جميع الأجزاء
trust-link-licence = رخصة هذا البرنامج
trust-number = الرقم
trust-item = البند، ومن يطلبه
trust-state = الحالة
trust-shown-by = ما يُظهره؛ وما ينقص
trust-state-tested = مُختبَر
trust-state-partial = مُختبَر جزئيًّا
trust-state-gap = غير موجود
trust-chapter-identity = من هو من
trust-chapter-rights = من يجوز له أن يرى ويفعل ماذا
trust-chapter-privacy = البيانات الشخصية
trust-chapter-proof = إثبات ما جرى
trust-chapter-browsers = المتصفحات
trust-chapter-surface = الأبواب والطريق إليها
trust-chapter-limits = الحدود، والمدخلات السيئة
trust-chapter-outbound = الطلبات إلى الآخرين
trust-chapter-secrets = الأسرار والمفاتيح
trust-chapter-devices = الأجهزة
trust-chapter-supply = من أين يأتي البرنامج
trust-report-title = وجدتَ ثغرة
trust-report-contact = من تخبره عن هذا الخادم مذكور في
trust-report-nobody = لم يسمِّ من يشغّل هذا الخادم أحدًا يُخبَر بها.
trust-report-program = وعن البرنامج نفسه:
trust-parts-title = ممّ يتكوّن البرنامج
trust-made-of = { $ours-text } حزمة من عندنا، يُمنع فيها الكود غير الآمن، و{ $others-text } من غيرنا.
trust-linked-c = أجزاء لم تُكتب بلغة Rust، أو لم تُكتب بها وحدها:
trust-licence = الرخصة
trust-parts = الحزم
trust-packages =
    { $packages ->
        [one] حزمة واحدة
        [two] حزمتان
        [few] { $packages-text } حزم
       *[other] { $packages-text } حزمة
    }
