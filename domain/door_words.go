package domain

import (
	"encoding/binary"
	"slices"
	"time"
)

// DoorWord is a word as it is read in Latin letters and in Devanagari: spoken, both are the same.
type DoorWord struct {
	Latin      string `json:"latin"`
	Devanagari string `json:"devanagari"`
}

// In gives the word for a reader of a language.
func (w DoorWord) In(language string) string {
	if language == "hi" || language == "mr" {
		return w.Devanagari
	}
	return w.Latin
}

// doorWords are read alike by who reads Hindi and who reads Marathi, and stand in Latin letters on signs and menus, so that who reads
// English says the same: a translation would be another sound, and both sides must say one. They are short, hurt nobody, are nobody's
// first name ("I am Kiran" would be no word), and no two sound alike. How many they are is how often a guess is right: one in 64, and a
// wrong guess is heard.
var doorWords = []DoorWord{
	{"Chana", "चना"}, {"Gulab", "गुलाब"}, {"Santra", "संत्रा"}, {"Roti", "रोटी"}, {"Kabutar", "कबूतर"},
	{"Parvat", "पर्वत"}, {"Badal", "बादल"}, {"Poha", "पोहा"}, {"Aloo", "आलू"}, {"Kursi", "कुर्सी"},
	{"Nadi", "नदी"}, {"Pankha", "पंखा"}, {"Mor", "मोर"}, {"Koyal", "कोयल"}, {"Sher", "शेर"},
	{"Bazaar", "बाजार"}, {"Jalebi", "जलेबी"}, {"Samosa", "समोसा"}, {"Idli", "इडली"}, {"Dosa", "डोसा"},
	{"Paneer", "पनीर"}, {"Litchi", "लीची"}, {"Badam", "बादाम"}, {"Kaju", "काजू"}, {"Pista", "पिस्ता"},
	{"Palak", "पालक"}, {"Gajar", "गाजर"}, {"Lassi", "लस्सी"}, {"Barfi", "बर्फी"}, {"Halwa", "हलवा"},
	{"Masala", "मसाला"}, {"Jadu", "जादू"}, {"Rail", "रेल"}, {"Viman", "विमान"}, {"Patang", "पतंग"},
	{"Dhol", "ढोल"}, {"Sitar", "सितार"}, {"Tabla", "तबला"}, {"Mehndi", "मेहंदी"}, {"Papita", "पपीता"},
	{"Modak", "मोदक"}, {"Titli", "तितली"}, {"Hathi", "हाथी"}, {"Dharti", "धरती"}, {"Bandar", "बंदर"},
	{"Lahar", "लहर"}, {"Bindi", "बिंदी"}, {"Dupatta", "दुपट्टा"}, {"Mogra", "मोगरा"}, {"Topi", "टोपी"},
	{"Kurta", "कुर्ता"}, {"Chappal", "चप्पल"}, {"Doodh", "दूध"}, {"Dahi", "दही"}, {"Ketli", "केतली"},
	{"Cricket", "क्रिकेट"}, {"Kabaddi", "कबड्डी"}, {"Tennis", "टेनिस"}, {"Pustak", "पुस्तक"}, {"Joker", "जोकर"},
	{"Natak", "नाटक"}, {"Rangoli", "रंगोली"}, {"Dhaga", "धागा"}, {"Himalay", "हिमालय"},
}

// DoorWords are what is said at a door, the crew's first. They say who somebody is, and nothing else hangs on them.
type DoorWords struct{ Crew, Household DoorWord }

// DoorWords makes the two words of a visit and its crew (docs/product.md section 5). Another crew has others, and nobody who knows
// one of the two knows the other from it. They are made of the oldest key, for a new one must not change them between two people
// who wait at a door; they are kept nowhere.
func (r KeyRing) DoorWords(visit ID, crew []ID) DoorWords {
	who := slices.Clone(crew)
	slices.SortFunc(who, func(a, b ID) int { return slices.Compare(a[:], b[:]) })
	data := [][]byte{visit[:]}
	for i := range who {
		data = append(data, who[i][:])
	}
	mac, _ := r.Mac(r.Keys[len(r.Keys)-1].ID, "door", data...)
	n := uint64(len(doorWords))
	first := binary.BigEndian.Uint64(mac) % n
	second := (first + 1 + binary.BigEndian.Uint64(mac[8:])%(n-1)) % n // of the others
	return DoorWords{doorWords[first], doorWords[second]}
}

// DoorDay is from when to when the door words of a visit are shown: its local day, to the end of that on which its window ends.
func (v *Visit) DoorDay(loc *time.Location) (from, until time.Time) {
	midnight := func(t time.Time, days int) time.Time {
		year, month, day := t.In(loc).Date()
		return time.Date(year, month, day+days, 0, 0, 0, 0, loc).UTC()
	}
	return midnight(v.WindowStart, 0), midnight(v.WindowEnd, 1)
}

// Awaited reports whether somebody is expected at a door, who can be asked for the word.
func (v *Visit) Awaited() bool {
	return len(v.Crew) > 0 && (v.Status == VisitScheduled || v.Status == VisitEnRoute || v.Status == VisitArrived)
}

// HasDoorWords reports whether a visit has words: while it is awaited, and not while a safety hold keeps it from being begun. Of a
// crew that is on the way or there nothing changes, for words that vanish would tell whoever is with it that something was reported.
func (v *Visit) HasDoorWords(held bool) bool {
	return v.Awaited() && (!held || v.Status != VisitScheduled)
}

// WordWrong is the reason for the end of a visit to which a household did not open, for whoever was there did not know the word.
const WordWrong = "word_wrong"

// WrongWordKind is the kind of a stop because the word at the door was wrong: it says nothing of who was there.
const WrongWordKind = "wrong_word"
