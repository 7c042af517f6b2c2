package domain

import "strings"

// words is what notices say, by kind and language. {when} is the window in
// words. They stand on lock screens: no name, no address, no safety word
// (docs/product.md section 7).
var words = map[string]map[string][2]string{
	// to crews
	"visit.assigned":     {"en": {"New visit", "{when}. Open the app for details."}, "hi": {"नई विज़िट", "{when}। विवरण के लिए ऐप खोलें।"}},
	"visit.unassigned":   {"en": {"Visit removed", "The visit {when} is no longer yours."}, "hi": {"विज़िट हटाई गई", "{when} की विज़िट अब आपकी नहीं है।"}},
	"visit.confirmed":    {"en": {"Visit confirmed", "{when} is confirmed."}, "hi": {"विज़िट की पुष्टि", "{when} की पुष्टि हो गई।"}},
	"visit.cancelled":    {"en": {"Visit cancelled", "The visit {when} is cancelled."}, "hi": {"विज़िट रद्द", "{when} की विज़िट रद्द हो गई।"}},
	"visit.call_desk":    {"en": {"Please call your desk", "Before you go on with this visit."}, "hi": {"कृपया डेस्क को कॉल करें", "इस विज़िट से पहले।"}},
	"call.manager":       {"en": {"Please call your manager", "As soon as you can."}, "hi": {"कृपया अपने प्रबंधक को कॉल करें", "जितनी जल्दी हो सके।"}},
	"visits.again":       {"en": {"You can take visits again", "Your desk plans them with you. Call your manager if you have questions."}, "hi": {"आप फिर से विज़िट ले सकते हैं", "डेस्क आपके साथ योजना बनाएगा। प्रश्न हों तो अपने प्रबंधक को कॉल करें।"}},
	"visit.wait":         {"en": {"Visit on hold", "Wait for news about {when}."}, "hi": {"विज़िट रुकी हुई है", "{when} के लिए सूचना की प्रतीक्षा करें।"}},
	"visit.crew_changed": {"en": {"Your team changed", "{when}. See in the app who goes with you."}, "hi": {"आपकी टीम बदली", "{when}। साथ कौन जाएगा, ऐप में देखें।"}},
	"visit.read_plan":    {"en": {"Please read the plan", "For the visit {when}."}, "hi": {"कृपया योजना पढ़ें", "{when} की विज़िट के लिए।"}},
	// to desks, proprietors, area managers
	"visit.needs_someone":         {"en": {"A visit needs somebody", "{when}. Choose a technician."}, "hi": {"एक विज़िट को तकनीशियन चाहिए", "{when}। किसी को चुनें।"}},
	"visit.declined_unsafe":       {"en": {"A visit was given back", "Please look at the reason."}, "hi": {"एक विज़िट लौटाई गई", "कृपया कारण देखें।"}},
	"visit.cancelled_by_customer": {"en": {"Customer cancelled", "{when} is free again."}, "hi": {"ग्राहक ने रद्द किया", "{when} अब खाली है।"}},
	"maintenance.stopped":         {"en": {"Customer stopped regular visits", "Those ahead are cancelled; no more of them come."}, "hi": {"ग्राहक ने नियमित विज़िटें बंद कीं", "आगे की विज़िटें रद्द हैं; और नहीं होंगी।"}},
	"visit.another_time":          {"en": {"Customer asks for another time", "Open the job for the wish."}, "hi": {"ग्राहक दूसरा समय चाहते हैं", "काम खोलें।"}},
	"visit.missed_desk":           {"en": {"Visit missed", "Nobody came {when}. Please call the customer."}, "hi": {"विज़िट छूट गई", "{when} कोई नहीं गया। कृपया ग्राहक को कॉल करें।"}},
	"visit.no_access_desk":        {"en": {"No access", "The door stayed closed {when}."}, "hi": {"प्रवेश नहीं मिला", "{when} दरवाज़ा नहीं खुला।"}},
	"visit.held_cancelled":        {"en": {"Visit fell away", "{when}: the hold was not released in time."}, "hi": {"विज़िट नहीं हो सकी", "{when}: रोक समय पर नहीं हटी।"}},
	"hold.area":                   {"en": {"Area hold", "A job is on hold. Your area manager is told."}, "hi": {"क्षेत्रीय रोक", "एक काम रुका है। क्षेत्र प्रबंधक को बताया गया है।"}},
	"hold.released":               {"en": {"Hold released", "A job may go on. Read the plan first."}, "hi": {"रोक हटी", "काम आगे बढ़ सकता है। पहले योजना पढ़ें।"}},
	"job.unreachable":             {"en": {"Household not reached", "All tries are done. The job is on hold."}, "hi": {"ग्राहक से संपर्क नहीं हुआ", "सभी प्रयास पूरे। काम रुका है।"}},
	"job.reached":                 {"en": {"Household reached", "The job may be scheduled again."}, "hi": {"ग्राहक से संपर्क हुआ", "काम फिर से तय किया जा सकता है।"}},
	"job.unreachable_withdrawn":   {"en": {"A correction", "The household is not unreachable after all. The job goes on."}, "hi": {"सुधार", "ग्राहक से संपर्क न होना सही नहीं था। काम आगे बढ़ेगा।"}},
	"job.notice_ready":            {"en": {"Last notice ready", "Send the text of the job's link to the household."}, "hi": {"अंतिम सूचना तैयार", "काम के लिंक का संदेश ग्राहक को भेजें।"}},
	"job.transferred":             {"en": {"Job received", "A job was transferred to your centre."}, "hi": {"काम मिला", "एक काम आपके केंद्र को सौंपा गया।"}},
	"link.wrong_person":           {"en": {"Link revoked", "It reached the wrong person. Check the number."}, "hi": {"लिंक रद्द", "वह गलत व्यक्ति तक पहुँचा। नंबर जाँचें।"}},
	"promise.yours":               {"en": {"Please call back", "A customer waits for your call by {when}."}, "hi": {"कृपया कॉल करें", "ग्राहक {when} तक आपकी कॉल की प्रतीक्षा में हैं।"}},
	"promise.again":               {"en": {"Asked once more", "The customer who waits for your call by {when} wrote again."}, "hi": {"फिर पूछा गया", "{when} तक कॉल के इंतज़ार में ग्राहक ने फिर लिखा।"}},
	"promise.late":                {"en": {"A promise is late", "A call was promised by {when}. Please call now."}, "hi": {"एक वादा देर से", "{when} तक कॉल का वादा था। कृपया अभी कॉल करें।"}},
	"job.reopened":                {"en": {"Job reopened", "The customer asks to go on. Please propose a time."}, "hi": {"काम फिर खुला", "ग्राहक आगे बढ़ना चाहते हैं। कृपया समय दें।"}},
	"dispute.opened":              {"en": {"A record is disputed", "A household says it is not so. Open the queue."}, "hi": {"एक प्रविष्टि पर आपत्ति", "ग्राहक इसे सही नहीं मानते। कतार खोलें।"}},
	"dispute.desk":                {"en": {"A customer objects", "Open the job and read what is not so."}, "hi": {"ग्राहक को आपत्ति है", "काम खोलें और आपत्ति पढ़ें।"}},
	"dispute.decided":             {"en": {"A disputed record is decided", "Open the app to read the reasons."}, "hi": {"आपत्ति पर निर्णय हुआ", "कारण पढ़ने के लिए ऐप खोलें।"}},
	"visit.unconfirmed":           {"en": {"Confirmation withdrawn", "{when} is open again; the answer came from somebody else."}, "hi": {"पुष्टि वापस", "{when} की पुष्टि किसी और ने की थी।"}},
	"job.call_once_more":          {"en": {"One more call", "The household uses no page: call once more, and try the second contact."}, "hi": {"एक और कॉल", "यह घर पेज नहीं देखता: एक बार फिर कॉल करें, दूसरे संपर्क को भी।"}},
	"timer.ping":                  {"en": {"Are you fine?", "Please answer in the app."}, "hi": {"आप ठीक हैं?", "कृपया ऐप में उत्तर दें।"}},
	"timer.no_signal":             {"en": {"Please call your technician", "A visit runs long and the phone has no signal."}, "hi": {"अपने तकनीशियन को कॉल करें", "विज़िट लंबी हो गई है और फ़ोन में सिग्नल नहीं है।"}},
	"timer.no_answer":             {"en": {"Please call your technician", "A visit runs long and nobody answers."}, "hi": {"अपने तकनीशियन को कॉल करें", "विज़िट लंबी हो गई है और कोई उत्तर नहीं है।"}},
	"sos.raised":                  {"en": {"Urgent: open the app now", "A colleague needs you at once."}, "hi": {"तुरंत ऐप खोलें", "एक साथी को अभी आपकी ज़रूरत है।"}},
	"sos.late":                    {"en": {"Urgent: open the app now", "A colleague called {when} minutes ago; the phone had no signal."}, "hi": {"तुरंत ऐप खोलें", "एक साथी ने {when} मिनट पहले पुकारा; फ़ोन में सिग्नल नहीं था।"}},
	"sos.unheard":                 {"en": {"Urgent: nobody was reached", "Open the app: somebody has to call now."}, "hi": {"तुरंत: कोई नहीं मिला", "ऐप खोलें: किसी को अभी कॉल करना है।"}},
	"sos.call_yourself":           {"en": {"Please call yourself", "Open the app for the number."}, "hi": {"कृपया स्वयं कॉल करें", "नंबर के लिए ऐप खोलें।"}},
	"sos.open":                    {"en": {"An SOS is still open", "Open the app and say how it ended."}, "hi": {"एक SOS अभी खुला है", "ऐप खोलें और बताएँ कि क्या हुआ।"}},
	"sos.taken":                   {"en": {"Somebody is on it", "Open the app to see who."}, "hi": {"कोई देख रहा है", "कौन, यह ऐप में देखें।"}},
	"account.code":                {"en": {"A code to set your password", "It works once. If you did not ask for it, tell your manager."}, "hi": {"पासवर्ड बनाने का कोड", "यह एक ही बार चलता है। यदि आपने नहीं माँगा, तो अपने प्रबंधक को बताएँ।"}},
	"account.reset":               {"en": {"A new password was asked for", "For your account. If it was not you, tell your manager now."}, "hi": {"नया पासवर्ड माँगा गया", "आपके खाते के लिए। यदि आपने नहीं माँगा, तो अभी अपने प्रबंधक को बताएँ।"}},
	"account.password_set":        {"en": {"Your password was changed", "With a code. If it was not you, tell your manager now."}, "hi": {"आपका पासवर्ड बदला गया", "एक कोड से। यदि आपने नहीं बदला, तो अभी अपने प्रबंधक को बताएँ।"}},
	"digest":                      {"en": {"{n} things waited for you", "Open the app to see them."}, "hi": {"{n} बातें आपकी प्रतीक्षा में", "देखने के लिए ऐप खोलें।"}},
	"leave.asked":                 {"en": {"A colleague asks for leave", "Open the board to approve or decline."}, "hi": {"एक साथी ने छुट्टी माँगी है", "स्वीकार या अस्वीकार करने के लिए बोर्ड खोलें।"}},
	"leave.sick":                  {"en": {"Somebody is ill, visits with them: {n}", "Open the board and free their day."}, "hi": {"एक साथी बीमार हैं, उनके पास विज़िट: {n}", "बोर्ड खोलें और उनका दिन खाली करें।"}},
	"leave.withdrawn":             {"en": {"A leave was withdrawn", "A colleague works after all. Open the board."}, "hi": {"एक छुट्टी वापस ली गई", "साथी अब काम करेंगे। बोर्ड खोलें।"}},
	"leave.approved":              {"en": {"Your leave is approved", "Open the app to see it."}, "hi": {"आपकी छुट्टी स्वीकृत हुई", "देखने के लिए ऐप खोलें।"}},
	"leave.declined":              {"en": {"Your leave is declined", "Open the app to read why."}, "hi": {"आपकी छुट्टी अस्वीकृत हुई", "कारण पढ़ने के लिए ऐप खोलें।"}},
	"leave.cancelled":             {"en": {"Your leave is cancelled", "Open the app to read why."}, "hi": {"आपकी छुट्टी रद्द हुई", "कारण पढ़ने के लिए ऐप खोलें।"}},
	"queue.morning":               {"en": {"{n} decisions wait for you", "Open the queue."}, "hi": {"{n} निर्णय आपकी प्रतीक्षा में", "कतार खोलें।"}},
	"queue.morning_late":          {"en": {"{late} overdue, {n} wait for you", "Open the queue, the overdue first."}, "hi": {"{late} का समय बीत गया, {n} प्रतीक्षा में", "कतार खोलें, पहले जिनका समय बीत गया।"}},
	"replacement.proposed":        {"en": {"Replacement proposed", "Several tries have failed. Open the job to decide."}, "hi": {"बदलने का सुझाव", "कई प्रयास असफल रहे। निर्णय के लिए काम खोलें।"}},
	"thanks.waiting":              {"en": {"A thank-you waits", "Read it and pass it on."}, "hi": {"एक धन्यवाद प्रतीक्षा में है", "पढ़ें और आगे पहुँचाएँ।"}},
	"kindness.thanks":             {"en": {"A thank-you for you", "Open the app to read it."}, "hi": {"आपके लिए एक धन्यवाद", "पढ़ने के लिए ऐप खोलें।"}},
	"flag.triage":                 {"en": {"A report needs you", "Open the queue."}, "hi": {"एक रिपोर्ट आपकी प्रतीक्षा में है", "कतार खोलें।"}},
	"flag.live":                   {"en": {"Urgent: open the queue now", "It cannot wait."}, "hi": {"तुरंत कतार खोलें", "यह रुक नहीं सकता।"}},
	"flag.live_overdue":           {"en": {"A report is overdue", "Urgent: open the queue now."}, "hi": {"एक रिपोर्ट का समय बीत गया", "तुरंत कतार खोलें।"}},
	"flag.overdue":                {"en": {"A report is overdue", "Open the queue."}, "hi": {"एक रिपोर्ट का समय बीत गया", "कतार खोलें।"}},
	"flag.moved":                  {"en": {"Your report has moved on", "Open the app to read it."}, "hi": {"आपकी रिपोर्ट आगे बढ़ी", "पढ़ने के लिए ऐप खोलें।"}},
	"flag.triaged":                {"en": {"Your report has moved on", "It was read, and somebody looks into it. Open the app."}, "hi": {"आपकी रिपोर्ट आगे बढ़ी", "इसे पढ़ा गया, और कोई इसे देख रहा है। ऐप खोलें।"}},
	"flag.reviewed":               {"en": {"Your report has moved on", "It is being looked into. Open the app."}, "hi": {"आपकी रिपोर्ट आगे बढ़ी", "इसकी जाँच हो रही है। ऐप खोलें।"}},
	"flag.decided":                {"en": {"Your report has moved on", "It is decided. Open the app to read the reasons."}, "hi": {"आपकी रिपोर्ट आगे बढ़ी", "निर्णय हो गया। कारण पढ़ने के लिए ऐप खोलें।"}},
	"flag.passed_on":              {"en": {"Your report has moved on", "It took too long and was passed on. Open the app."}, "hi": {"आपकी रिपोर्ट आगे बढ़ी", "देर हुई, इसलिए इसे आगे सौंपा गया। ऐप खोलें।"}},
	"flag.withdrawn":              {"en": {"A report was withdrawn", "Please read how. Open the queue."}, "hi": {"एक रिपोर्ट वापस ली गई", "कैसे, यह पढ़ें। कतार खोलें।"}},
	"flag.stated":                 {"en": {"An answer came in", "Open the queue to read it."}, "hi": {"एक उत्तर आया", "पढ़ने के लिए कतार खोलें।"}},
	"flag.hearing":                {"en": {"Your word is asked for", "Open the app to read and answer."}, "hi": {"आपकी बात पूछी गई है", "पढ़ने और उत्तर देने के लिए ऐप खोलें।"}},
	"flag.heard":                  {"en": {"An answer for you", "Open the app to read it."}, "hi": {"आपके लिए उत्तर", "पढ़ने के लिए ऐप खोलें।"}},
	"hold.overdue":                {"en": {"A hold is overdue", "Open the job and decide."}, "hi": {"एक रोक का समय बीत गया", "काम खोलें और निर्णय लें।"}},
	"visit.late_desk":             {"en": {"A visit will be late", "{when}: expected at about {at}. Call, or send somebody else."}, "hi": {"एक विज़िट में देर होगी", "{when}: लगभग {at} तक पहुँचेंगे। कॉल करें या किसी और को भेजें।"}},
	"day.freed":                   {"en": {"{n} visits need somebody", "A technician's day is free. A proposal waits for you."}, "hi": {"{n} विज़िट को तकनीशियन चाहिए", "एक तकनीशियन का दिन खाली हुआ। सुझाव तैयार है।"}},
	// to households
	"report.read_home":    {"en": {"We read your message", "Somebody takes care of it."}, "hi": {"हमने आपका संदेश पढ़ा", "कोई इसे देख रहा है।"}},
	"report.decided_home": {"en": {"An answer to your message", "Please call us to hear it."}, "hi": {"आपके संदेश का उत्तर", "सुनने के लिए हमें कॉल करें।"}},
	"note.waiting":        {"en": {"A note needs you", "Open the queue."}, "hi": {"एक टिप्पणी आपकी प्रतीक्षा में है", "कतार खोलें।"}},
	"note.moved":          {"en": {"A note has moved on", "Open the queue."}, "hi": {"एक टिप्पणी आगे बढ़ी", "कतार खोलें।"}},
	"note.ends_soon":      {"en": {"A note ends soon", "Open the queue."}, "hi": {"एक टिप्पणी जल्द समाप्त होगी", "कतार खोलें।"}},
	"note.overdue":        {"en": {"A decision is overdue", "Open the queue."}, "hi": {"एक निर्णय का समय बीत गया", "कतार खोलें।"}},
	"aftercare.due":       {"en": {"A conversation is due", "Open the queue."}, "hi": {"एक बातचीत होनी है", "कतार खोलें।"}},
	"aftercare.late":      {"en": {"A conversation is overdue", "Open the queue."}, "hi": {"एक बातचीत का समय बीत गया", "कतार खोलें।"}},
	"break.offered":       {"en": {"A pause is yours to take", "Open the app to take it, or not."}, "hi": {"आप विराम ले सकते हैं", "लेने या न लेने के लिए ऐप खोलें।"}},
	// to households
	"visit.moved_ours":         {"en": {"A change to your visit", "We are sorry: our technician cannot come {when}. Tap for what is next."}, "hi": {"आपकी विज़िट में बदलाव", "हमें खेद है: हमारे तकनीशियन {when} नहीं आ सकेंगे। आगे के लिए टैप करें।"}},
	"note.told":                {"en": {"About your visits", "Tap to read how we plan them, and to object."}, "hi": {"आपकी विज़िट के बारे में", "हम कैसे योजना बनाते हैं, पढ़ने या आपत्ति के लिए टैप करें।"}},
	"visit.offered":            {"en": {"Your repair visit", "{when}. Tap to confirm or change."}, "hi": {"आपकी मरम्मत विज़िट", "{when}। पुष्टि या बदलाव के लिए टैप करें।"}},
	"visit.cancelled_home":     {"en": {"Visit cancelled", "The visit {when} is cancelled. Tap for what is next."}, "hi": {"विज़िट रद्द", "{when} की विज़िट रद्द है। आगे के लिए टैप करें।"}},
	"visit.en_route":           {"en": {"On the way", "Your technician is on the way."}, "hi": {"रास्ते में", "आपके तकनीशियन रास्ते में हैं।"}},
	"visit.late":               {"en": {"We are running late", "We cannot be there {when}; expect us at about {at}. Tap for another time."}, "hi": {"हमें देर हो रही है", "हम {when} नहीं पहुँच पाएँगे; लगभग {at} तक आएँगे। दूसरे समय के लिए टैप करें।"}},
	"visit.arrived":            {"en": {"At your door", "Your technician has arrived."}, "hi": {"आपके द्वार पर", "आपके तकनीशियन पहुँच गए हैं।"}},
	"visit.completed":          {"en": {"Repair done", "Tap if anything is not right."}, "hi": {"मरम्मत पूरी", "कुछ ठीक न हो तो टैप करें।"}},
	"visit.partial":            {"en": {"Repair begun", "It is not finished yet. Tap for what is next."}, "hi": {"मरम्मत शुरू हुई", "अभी पूरी नहीं हुई। आगे के लिए टैप करें।"}},
	"visit.no_access":          {"en": {"We were at your door", "Nobody could let us in. Tap to choose another time."}, "hi": {"हम आपके द्वार पर थे", "प्रवेश नहीं मिला। दूसरे समय के लिए टैप करें।"}},
	"visit.missed":             {"en": {"We are sorry", "We did not come {when}. You choose first: tap for another time."}, "hi": {"हमें खेद है", "हम {when} नहीं आए। दूसरे समय के लिए टैप करें।"}},
	"visit.missed_withdrawn":   {"en": {"A correction", "The technician was there {when}; our apology was sent in error."}, "hi": {"सुधार", "तकनीशियन {when} वहाँ थे; हमारी क्षमा-सूचना गलती से गई।"}},
	"case.opened_home":         {"en": {"{who} will call you", "At the latest: {when}. You need not call again."}, "hi": {"{who} आपको कॉल करेंगे", "{when} तक। आपको फिर कॉल करने की ज़रूरत नहीं।"}},
	"dispute.decided_home":     {"en": {"Your objection is decided", "Tap to read what was decided and why."}, "hi": {"आपकी आपत्ति पर निर्णय", "निर्णय और कारण पढ़ने के लिए टैप करें।"}},
	"job.share":                {"en": {"Your repair", "Tap to see how it stands, or to tell us something."}, "hi": {"आपकी मरम्मत", "स्थिति देखने या हमें बताने के लिए टैप करें।"}},
	"job.last_notice":          {"en": {"We cannot reach you", "Please tap and choose how to go on, within 24 hours."}, "hi": {"आपसे संपर्क नहीं हो रहा", "कृपया 24 घंटे में टैप करके बताएँ।"}},
	"job.unreachable_home":     {"en": {"Your repair is waiting", "Tap whenever it suits you; it goes on at once."}, "hi": {"आपकी मरम्मत प्रतीक्षा में है", "जब चाहें टैप करें; काम तुरंत आगे बढ़ेगा।"}},
	"visit.disrupted":          {"en": {"Your visit has moved", "{when}. Tap to confirm or change."}, "hi": {"आपकी विज़िट का समय बदला", "{when}। पुष्टि या बदलाव के लिए टैप करें।"}},
	"visit.disrupted_unplaced": {"en": {"Your visit cannot take place", "We will propose a new time. Tap to choose first."}, "hi": {"आपकी विज़िट नहीं हो सकेगी", "हम नया समय देंगे। पहले चुनने के लिए टैप करें।"}},
}

// Languages that notices and pages speak.
var Languages = []string{"en", "hi"}

func say(kind, language, when string) (title, body string) {
	text, ok := words[kind]
	if !ok {
		panic("domain: no words for notice " + kind)
	}
	w, ok := text[strings.ToLower(strings.SplitN(language, "-", 2)[0])]
	if !ok {
		w = text["en"]
	}
	return w[0], strings.ReplaceAll(w[1], "{when}", when)
}
