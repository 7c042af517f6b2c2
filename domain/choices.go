package domain

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

// choiceCodes are the codes of each list in the order in which they are offered; their words are texts/xx.json.
var choiceCodes = map[string][]string{
	"channels": {"phone", "sms", "whatsapp", "push", "email", "doorstep"},
	"outcomes": {"reached", "no_answer", "busy", "switched_off", "out_of_network", "wrong_number", "voicemail", "sent", "delivered", "read",
		"nobody_home", "refused", "hostile", "cut_off"},
	"flag_kinds": {"verbal_abuse", "discrimination", "sexual_harassment", "threat", "assault", "confinement", "weapon", "intoxication",
		"online_abuse", "animal", "unsafe_premises", "hazard", "other"},
	"why_not": {"gate_refused", "wrong_address", "way_blocked", "household_asked", "unsafe_to_wait", "network_down", "phone_broken",
		"called_away", "other"},
	"decline_reasons": {"unsafe", "sick", "conflict", "other"},
	"leave_kinds":     {"annual", LeaveSick, "other"},
	"step_results":    {"worked", "failed", "unclear"},
	"watched_by":      {"nobody", "household", "professional", WatchOwn},
}

// ChoicesIn gives the lists in a language; of one that we do not speak, in English.
func ChoicesIn(language string, outcomesOf map[string][]string) *Choices {
	t := speak(language)
	in := func(list string) []Choice {
		out := make([]Choice, len(choiceCodes[list]))
		for i, code := range choiceCodes[list] {
			out[i] = Choice{code, t.Choices[list][code]}
		}
		return out
	}
	return &Choices{Language: Spoken(language), Channels: in("channels"), Outcomes: in("outcomes"), OutcomesOf: outcomesOf,
		FlagKinds: in("flag_kinds"), WhyNot: in("why_not"), DeclineReasons: in("decline_reasons"), LeaveKinds: in("leave_kinds"),
		StepResults: in("step_results"), WatchedBy: in("watched_by")}
}
