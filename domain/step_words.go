package domain

import (
	"regexp"
	"slices"
	"strings"
)

// ReadResult is what the words of a household say that came of a try: plain words of
// failure are failed, everything else but the results themselves is unclear.
func ReadResult(words string) string {
	said := NormalizeStep(words)
	if Has(StepResults, said) {
		return said
	}
	said = " " + said + " "
	for _, w := range partly {
		if strings.Contains(said, " "+w+" ") {
			return "unclear"
		}
	}
	for _, w := range failureWords {
		if strings.Contains(said, " "+NormalizeStep(w)+" ") {
			return "failed"
		}
	}
	return "unclear"
}

// partly makes a result that sounds like a failure one that somebody has to ask about.
var partly = []string{"a bit", "a little", "at first", "for a while", "for a day", "sometimes", "then it worked", "but it works", "thoda",
	"थोडा"}

var failureWords = []string{"failed", "fails", "no better", "not better", "not any better", "did not help", "didn't help", "does not help",
	"doesn't help", "no help", "did not work", "didn't work", "does not work", "doesn't work", "not working", "no change", "nothing changed",
	"no effect", "no difference", "no improvement", "no use", "no luck", "the same", "same as before", "same problem", "as before",
	"still broken", "not fixed", "got worse", "worse", "कोई फर्क नहीं", "फर्क नहीं पड़ा", "ठीक नहीं हुआ", "ठीक नहीं", "काम नहीं किया",
	"काम नहीं कर रहा",
	"काम नहीं आया", "फायदा नहीं", "कुछ नहीं हुआ", "वैसा ही", "koi fark nahi", "theek nahi hua", "thik nahi hua", "kaam nahi kiya",
	"koi fayda nahi"}

// StepKey is the form in which two steps of an appliance are the same: the stems of their
// words in any order, without those that say nothing and how long it was done, and for
// a step of the catalogue its name. What falls together is asked about, not refused.
func StepKey(category, step string) string {
	said := stepStems(step)
	if name, ok := stepNames[NormalizeStep(category)][said]; ok {
		return name
	}
	if name, ok := stepNames[""][said]; ok {
		return name
	}
	if said == "" {
		return NormalizeStep(step)
	}
	return said
}

// stepStems lists the stems of a step's words, each once, by the alphabet.
func stepStems(step string) string {
	words := strings.Fields(NormalizeStep(step))
	stems := []string{}
	for i, w := range words {
		digits := strings.Trim(w, "0123456789") == ""
		switch {
		case Has(fillers, w), Has(timeUnits, w), Has(numberWords, w) && i+1 < len(words) && Has(timeUnits, words[i+1]):
		case digits && i+1 < len(words) && Has(timeUnits, words[i+1]), digitsWithUnit.MatchString(w):
		default:
			stems = append(stems, stem(w))
		}
	}
	slices.Sort(stems)
	return strings.Join(slices.Compact(stems), " ")
}

// stem takes the endings of English verbs and plurals off a word.
func stem(w string) string {
	for _, end := range []string{"ing", "ed", "es", "s"} {
		if root, ok := strings.CutSuffix(w, end); ok && len(root) > 2 && !strings.HasSuffix(root, "s") {
			w = root
			if n := len(w); end != "s" && n > 3 && w[n-1] == w[n-2] {
				w = w[:n-1] // unplugged
			}
			break
		}
	}
	if root := strings.TrimSuffix(w, "e"); len(root) > 2 {
		return root
	}
	return w
}

var (
	timeUnits = []string{"second", "seconds", "sec", "secs", "minute", "minutes", "min", "mins", "hour", "hours", "hr", "hrs", "मिनट", "घंटे",
		"घंटा", "minat", "ghante"}
	numberWords = []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "fifteen", "twenty", "thirty",
		"sixty",
		"few", "some", "half", "दो", "पांच", "दस"}
	digitsWithUnit = regexp.MustCompile(`^\d+(s|secs?|mins?|m|hrs?|h)$`)
)

var fillers = []string{"the", "a", "an", "it", "its", "my", "our", "we", "i", "was", "were", "has", "been", "have", "then", "and", "again",
	"once",
	"please", "for", "of", "with", "them", "this", "that", "about", "machine", "appliance", "unit", "ko", "को", "फिर", "से", "और"}

// stepCatalogue holds the usual steps of a category (empty: of every appliance), in the
// words that households and desks use for them.
var stepCatalogue = map[string]map[string][]string{
	"": {
		"power_cycle": {"power cycle", "power cycled", "switched off and on", "switched it off and on again", "switch off and on",
			"turned off and on",
			"turned it off and on again", "turn off and on", "restarted", "restart", "rebooted", "reset", "unplugged and plugged in", "unplugged",
			"pulled the plug",
			"unplugged it and plugged it back in", "pulled the plug and put it back", "बंद करके चालू किया", "बंद कर के चालू किया", "बंद चालू किया",
			"प्लग निकाल कर लगाया", "band karke chalu kiya", "band karke chaalu kiya"},
		"other_socket": {"other socket", "another socket", "tried another socket", "tried a different socket", "different socket",
			"other plug point",
			"another plug point", "दूसरे सॉकेट में लगाया", "दूसरा सॉकेट", "dusre socket mein lagaya"},
		"fuse_changed": {"changed the fuse", "fuse changed", "replaced the fuse", "fuse replaced", "new fuse", "फ्यूज बदला", "fuse badla"},
	},
	"refrigerator": {
		"defrosted": {"defrosted", "defrosted it", "defrost", "thawed", "let it thaw", "बर्फ पिघलाई", "डीफ्रॉस्ट किया", "barf pighlai"},
		"thermostat_colder": {"thermostat turned down", "turned the thermostat down", "set it colder", "turned it colder", "thermostat colder",
			"thermostat lowered", "तापमान कम किया", "thermostat kam kiya"},
		"coils_cleaned": {"back wall dusted", "dusted the back wall", "cleaned the coils", "coils cleaned", "cleaned the back",
			"पीछे की जाली साफ की"},
		"seal_cleaned": {"door seal cleaned", "cleaned the door seal", "cleaned the gasket", "gasket cleaned", "दरवाजे की रबर साफ की"},
	},
	"washing_machine": {
		"filter_cleaned": {"filter cleaned", "cleaned the filter", "lint filter cleaned", "फिल्टर साफ किया", "filter saaf kiya"},
		"drained":        {"drained", "drained the water", "water drained", "पानी निकाला", "pani nikala"},
		"levelled":       {"levelled", "leveled", "levelled the machine", "adjusted the feet", "पैर ठीक किए"},
	},
	"air_conditioner": {
		"filter_cleaned": {"filter cleaned", "cleaned the filter", "washed the filter", "filters washed", "फिल्टर साफ किया", "filter saaf kiya"},
		"remote_battery": {"changed the batteries of the remote", "remote batteries changed", "new batteries in the remote",
			"रिमोट की बैटरी बदली"},
	},
	"water_purifier": {
		"filter_changed": {"filter changed", "changed the filter", "replaced the filter", "फिल्टर बदला"},
	},
}

// stepNames is the catalogue by category and words.
var stepNames = func() map[string]map[string]string {
	out := map[string]map[string]string{}
	for category, steps := range stepCatalogue {
		names := map[string]string{}
		for name, said := range steps {
			for _, s := range said {
				names[stepStems(s)] = "=" + name
			}
		}
		out[NormalizeStep(category)] = names
	}
	return out
}()
