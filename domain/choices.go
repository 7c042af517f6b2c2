package domain

import "strings"

// Choice is one of a list that a phone offers, in its reader's language.
type Choice struct {
	Code  string `json:"code"`
	Words string `json:"words"`
}

// Choices are the lists that moves without network choose from.
type Choices struct {
	Language       string              `json:"language"`
	Channels       []Choice            `json:"channels"`
	Outcomes       []Choice            `json:"outcomes"`
	OutcomesOf     map[string][]string `json:"outcomes_of"` // by channel
	FlagKinds      []Choice            `json:"flag_kinds"`
	WhyNot         []Choice            `json:"why_not"` // the guard of a move could not be met
	DeclineReasons []Choice            `json:"decline_reasons"`
	LeaveKinds     []Choice            `json:"leave_kinds"`
	StepResults    []Choice            `json:"step_results"`
	WatchedBy      []Choice            `json:"watched_by"`
}

// choice is a code with its words in English and Hindi, the order of Languages.
type choice [3]string

var (
	channelWords = []choice{{"phone", "Phone call", "फ़ोन कॉल"}, {"sms", "Text message", "संदेश"}, {"whatsapp", "WhatsApp", "व्हाट्सऐप"},
		{"push", "Notice on their phone", "उनके फ़ोन पर सूचना"}, {"email", "E-mail", "ई-मेल"}, {"doorstep", "At the door", "द्वार पर"}}
	outcomeWords = []choice{{"reached", "We spoke", "बात हुई"}, {"no_answer", "No answer", "उत्तर नहीं मिला"}, {"busy", "Busy", "व्यस्त"},
		{"switched_off", "Phone switched off", "फ़ोन बंद"}, {"out_of_network", "No network", "नेटवर्क नहीं"},
		{"wrong_number", "Wrong number", "गलत नंबर"}, {"voicemail", "Voicemail", "वॉइसमेल"}, {"sent", "Sent", "भेजा गया"},
		{"delivered", "Delivered", "पहुँचा"}, {"read", "Read", "पढ़ा गया"}, {"nobody_home", "Nobody at home", "घर पर कोई नहीं"},
		{"refused", "Not wanted", "मना किया"}, {"hostile", "Hostile", "बुरा व्यवहार"}, {"cut_off", "The line went dead", "लाइन कट गई"}}
	flagKindWords = []choice{{"verbal_abuse", "Shouting or insults", "गाली-गलौज"}, {"discrimination", "Discrimination", "भेदभाव"},
		{"sexual_harassment", "Sexual harassment", "यौन उत्पीड़न"}, {"threat", "Threat", "धमकी"}, {"assault", "Assault", "मारपीट"},
		{"confinement", "Not let out", "बाहर नहीं जाने दिया"}, {"weapon", "Weapon", "हथियार"}, {"intoxication", "Drunk or drugged", "नशे में"},
		{"online_abuse", "Abuse online", "ऑनलाइन दुर्व्यवहार"}, {"animal", "Animal", "जानवर"},
		{"unsafe_premises", "Unsafe place", "असुरक्षित जगह"}, {"hazard", "Hazard", "ख़तरा"}, {"other", "Something else", "कुछ और"}}
	whyNotWords = []choice{{"gate_refused", "", "गेट पर अंदर नहीं जाने दिया"}, {"wrong_address", "", "पता गलत था"},
		{"way_blocked", "", "रास्ता बंद था"},
		{"household_asked", "", "घर वालों ने जाने को कहा"}, {"unsafe_to_wait", "", "रुकना सुरक्षित नहीं था"},
		{"network_down", "", "नेटवर्क नहीं था"},
		{"phone_broken", "", "फ़ोन नहीं चला"}, {"called_away", "", "हमने उन्हें बुला लिया"}, {"other", "", "कोई और कारण"}}
	declineWords = []choice{{"unsafe", "It is not safe", "सुरक्षित नहीं है"}, {"sick", "I am ill", "मैं बीमार हूँ"},
		{"conflict", "I am needed elsewhere then", "उस समय कहीं और काम है"}, {"other", "Another reason", "कोई और कारण"}}
	leaveWords = []choice{{"annual", "Annual leave", "वार्षिक छुट्टी"}, {LeaveSick, "Ill", "बीमारी"},
		{"other", "Other leave", "अन्य छुट्टी"}}
	stepWords = []choice{{"worked", "It helped", "फ़ायदा हुआ"}, {"failed", "It did not help", "फ़ायदा नहीं हुआ"},
		{"unclear", "Not sure", "पक्का नहीं"}}
	watchedWords = []choice{{"nobody", "Nobody watched", "किसी ने नहीं देखा"}, {"household", "The household watched", "घर वालों ने देखा"},
		{"professional", "A professional watched", "पेशेवर ने देखा"}, {WatchOwn, "A professional of their own watched",
			"उनके अपने पेशेवर ने देखा"}}
)

// ChoicesIn gives the lists in a language; of one that we do not speak, in English.
func ChoicesIn(language string, outcomesOf map[string][]string) *Choices {
	at := 0
	for i, known := range Languages {
		if strings.HasPrefix(strings.ToLower(language), known) {
			at = i
		}
	}
	in := func(words []choice) []Choice {
		out := make([]Choice, len(words))
		for i, w := range words {
			if out[i] = (Choice{w[0], w[1+at]}); out[i].Words == "" {
				out[i].Words = WhyNotOf(w[0]).Words
			}
		}
		return out
	}
	return &Choices{Language: Languages[at], Channels: in(channelWords), Outcomes: in(outcomeWords), OutcomesOf: outcomesOf,
		FlagKinds: in(flagKindWords), WhyNot: in(whyNotWords), DeclineReasons: in(declineWords), LeaveKinds: in(leaveWords),
		StepResults: in(stepWords), WatchedBy: in(watchedWords)}
}
