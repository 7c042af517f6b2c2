package intake

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"

	"doorstep/domain"
	"doorstep/domain/casework"
)

func TestReadDate(t *testing.T) {
	kolkata, york := zone(t, "Asia/Kolkata"), zone(t, "America/New_York")
	for _, c := range []struct {
		order dateOrder
		loc   *time.Location
		cases map[string]string // cell → days, and the time behind
	}{
		{dayFirst, kolkata, map[string]string{
			"24/11/2026": "2026-11-24", "24/11/26": "2026-11-24", "24-11-2026": "2026-11-24", "24.11.2026": "2026-11-24",
			"2026-11-24": "2026-11-24", "2026/11/24": "2026-11-24", "4/1/2027": "2027-01-04", "11/12/2026": "2026-12-11",
			"24-Nov-26": "2026-11-24", "24 November 2026": "2026-11-24", "24-SEPT-2026": "2026-09-24", "२४/११/२०२६": "2026-11-24",
			"46350": "2026-11-24", "29/02/2028": "2028-02-29", "2026-11-24T00:00": "2026-11-24", "20261124": "2026-11-24",
			// with a time, a weekday, an ordinal, the month first, in Hindi
			"01/03/2027 10:00": "2027-03-01 10:00", "01/03/2027, 10:30 am": "2027-03-01 10:30 am", "2027-03-01T10:00:00": "2027-03-01 10:00",
			"27/2/2027 06:45:10 PM": "2027-02-27 06:45 pm",
			"01-03-2027 10.30 PM":   "2027-03-01 10.30 pm", "46447.4166666667": "2027-03-01 10:00", "46447.999999": "2027-03-02 00:00",
			"Mon, 1 Mar 2027": "2027-03-01", "Monday 01/03/2027": "2027-03-01", "01/03/2027 (Mon)": "2027-03-01",
			"सोमवार, 1 मार्च 2027": "2027-03-01",
			"1st March 2027": "2027-03-01", "3rd of March, 2027": "2027-03-03", "Mar 1, 2027": "2027-03-01", "March 1st 2027": "2027-03-01",
			"1 मार्च 2027": "2027-03-01", "5 फरवरी 2027": "2027-02-05", "2027-Mar-01": "2027-03-01", "1-Mar-2027 14:00": "2027-03-01 14:00",
			"01/03/2027 Morning": "2027-03-01 morning",
			// instants
			"2027-02-28T18:30:00.000Z": "2027-03-01", "2027-03-01T04:30:00Z": "2027-03-01 10:00", "2027-03-01 04:30:00 UTC": "2027-03-01 10:00",
			"2027-03-01T10:00:00+05:30": "2027-03-01 10:00", "2027-03-01T10:00+0530": "2027-03-01 10:00",
			// none
			"31/02/2026": "", "11/24/2026": "", "29/02/2027": "", "0/1/2026": "", "tomorrow": "", "24/11": "", "2026": "", "24-Foo-2026": "",
			"24/11/202": "", "1.5": "", "": "", "Ma 1, 2027": "", "Ju 1 2027": "", "2027-13-01T00:00:00Z": "", "99999": "",
		}},
		{monthFirst, york, map[string]string{"03/04/2027": "2027-03-04", "3/15/27": "2027-03-15", "15/3/2027": "", "2027-03-04": "2027-03-04",
			"4 Mar 2027": "2027-03-04", "03/04/2027 02:30 PM": "2027-03-04 02:30 pm", "2027-03-04T15:00:00Z": "2027-03-04 10:00"}},
		{orderMixed, kolkata, map[string]string{"03/04/2027": "2027-04-03,2027-03-04", "15/03/2027": "2027-03-15", "03/15/2027": "2027-03-15",
			"04/04/2027": "2027-04-04"}},
	} {
		for raw, want := range c.cases {
			days, clock := readDate(raw, c.order, c.loc)
			if got := strings.TrimSpace(strings.Join(days, ",") + " " + clock); got != want {
				t.Errorf("readDate(%q, %v) = %q; want %q", raw, c.order, got, want)
			}
		}
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// The order of day and month is what the file proves, else the country's.
func TestDateOrder(t *testing.T) {
	for _, c := range []struct {
		country string
		dates   []string
		want    dateOrder
	}{
		{"IN", []string{"03/04/2027"}, dayFirst}, {"GB", nil, dayFirst}, {"US", []string{"03/04/2027"}, monthFirst}, {"PH", nil, monthFirst},
		{"CA", []string{"03/04/2027"}, orderMixed}, {"US", []string{"03/04/2027", "15/04/2027"}, dayFirst},
		{"IN", []string{"03/04/2027", "04/15/2027 10:00"}, monthFirst}, {"IN", []string{"04/15/2027", "15/04/2027"}, orderMixed},
		{"CA", []string{"2027-04-15", "13.04.2027"}, dayFirst},
	} {
		rows := []ImportRow{}
		for _, d := range c.dates {
			rows = append(rows, ImportRow{Cells: []string{"A", d}})
		}
		if got := orderIn(c.country, readHead([]string{"Ref", "Date"}, rows, nil).order); got != c.want {
			t.Errorf("%s %v: %v, want %v", c.country, c.dates, got, c.want)
		}
	}
}

func TestReadClock(t *testing.T) {
	for raw, want := range map[string]int{
		"10": 600, "10:00": 600, "10.30": 630, "10 am": 600, "10am": 600, "10 a.m.": 600, "10:30pm": 22*60 + 30, "12 am": 0, "12 pm": 720,
		"1030": 630, "0930": 570, "10:00:00": 600, "24:00": 1440, "14 hrs": 840, "१०:३०": 630, "00:00": 0, "10 A. M.": 600,
		"noon": 720, "12 noon": 720, "12 midnight": 1440, "0.4166666667": 600, ".5": 720, "14:00 PM": 840, "सुबह 10 बजे": 600, "शाम 5 बजे": 1020,
		"2 in the afternoon": -1, "10 o'clock": 600, "1000 hrs": 600,
		"25": -1, "10:60": -1, "13 am": -1, "0 am": -1, "24:30": -1, "ten": -1, "": -1, "10:00:30": -1, "-1": -1, "10:5": -1, "3 noon": -1,
	} {
		got, ok := readClock(raw)
		if ok != (want >= 0) || ok && got.minutes != want {
			t.Errorf("readClock(%q) = %v, %v; want %d", raw, got.minutes, ok, want)
		}
	}
}

func TestReadWindow(t *testing.T) {
	for _, c := range []struct{ zone, date, from, to, want string }{
		{"Asia/Kolkata", "24/11/2026", "10:00", "12:00", "2026-11-24T04:30Z 2026-11-24T06:30Z"},
		{"Asia/Kolkata", "24/11/2026", "10:00-12:00", "", "2026-11-24T04:30Z 2026-11-24T06:30Z"},
		{"Asia/Kolkata", "24/11/2026", "10 – 12", "", "2026-11-24T04:30Z 2026-11-24T06:30Z"},
		{"Asia/Kolkata", "24/11/2026", "2-4 pm", "", "2026-11-24T08:30Z 2026-11-24T10:30Z"},
		{"Asia/Kolkata", "24/11/2026", "10 to 2pm", "", "2026-11-24T04:30Z 2026-11-24T08:30Z"},
		{"Asia/Kolkata", "24/11/2026", "22:00", "24:00", "2026-11-24T16:30Z 2026-11-24T18:30Z"},
		{"Asia/Kolkata", "", "2026-11-24T10:00", "2026-11-24T12:00", "2026-11-24T04:30Z 2026-11-24T06:30Z"},
		{"Asia/Kolkata", "2026-11-24T10:00", "", "12:00", "2026-11-24T04:30Z 2026-11-24T06:30Z"},
		// without am and pm: the reading within the working day
		{"Asia/Kolkata", "01/03/2027", "2-4", "", "2027-03-01T08:30Z 2027-03-01T10:30Z"},
		{"Asia/Kolkata", "01/03/2027", "11-1", "", "2027-03-01T05:30Z 2027-03-01T07:30Z"},
		{"Asia/Kolkata", "01/03/2027", "12-2", "", "2027-03-01T06:30Z 2027-03-01T08:30Z"},
		{"Asia/Kolkata", "01/03/2027", "3.30-5.30", "", "2027-03-01T10:00Z 2027-03-01T12:00Z"},
		{"Asia/Kolkata", "01/03/2027", "02:00", "04:00", "2027-03-01T08:30Z 2027-03-01T10:30Z"},
		{"Asia/Kolkata", "01/03/2027", "9 to 6", "", "2027-03-01T03:30Z 2027-03-01T12:30Z"},
		{"Asia/Kolkata", "01/03/2027", "2 am - 4 am", "", "2027-02-28T20:30Z 2027-02-28T22:30Z"},
		{"Asia/Kolkata", "01/03/2027", "7-9", "", "from asks hours 07:00-09:00 19:00-21:00"},
		{"Asia/Kolkata", "01/03/2027", "1-1", "", "from asks hours 01:00-13:00"},
		// as people write a slot
		{"Asia/Kolkata", "01/03/2027", "10 am to 12 noon", "", "2027-03-01T04:30Z 2027-03-01T06:30Z"},
		{"Asia/Kolkata", "01/03/2027", "Morning (10 AM - 12 PM)", "", "2027-03-01T04:30Z 2027-03-01T06:30Z"},
		{"Asia/Kolkata", "01/03/2027", "Between 10:00 and 12:00", "", "2027-03-01T04:30Z 2027-03-01T06:30Z"},
		{"Asia/Kolkata", "01/03/2027", "Slot 2: 10:00-12:00 hrs", "", "2027-03-01T04:30Z 2027-03-01T06:30Z"},
		{"Asia/Kolkata", "01/03/2027", "10 बजे से 12 बजे तक", "", "2027-03-01T04:30Z 2027-03-01T06:30Z"},
		{"Asia/Kolkata", "01/03/2027", "0.4166666667", "0.5", "2027-03-01T04:30Z 2027-03-01T06:30Z"},
		{"Asia/Kolkata", "01/03/2027 10:00-12:00", "", "", "2027-03-01T04:30Z 2027-03-01T06:30Z"},
		// instants
		{"Asia/Kolkata", "2027-02-28T18:30:00.000Z", "10:00-12:00", "", "2027-03-01T04:30Z 2027-03-01T06:30Z"},
		{"Asia/Kolkata", "01/03/2027", "2027-03-01T04:30:00Z", "2027-03-01T06:30:00Z", "2027-03-01T04:30Z 2027-03-01T06:30Z"},
		{"Asia/Kolkata", "46447.4166666667", "10:00-12:00", "", "2027-03-01T04:30Z 2027-03-01T06:30Z"},
		// no window
		{"Europe/London", "28/03/2027", "01:30 am", "03:30 am", "from does not exist"},
		{"Europe/London", "31/10/2027", "00:30", "01:30 am", "to is +01:00 or +00:00"},
		{"Asia/Kolkata", "24/11/2026", "", "12:00", "from is missing"},
		{"Asia/Kolkata", "24/11/2026", "10:00", "", "to has no end"},
		{"Asia/Kolkata", "", "10:00", "12:00", "date is missing"},
		{"Asia/Kolkata", "soon", "10:00", "12:00", "date is no date"},
		{"Asia/Kolkata", "24/11/2026", "early", "12:00", "from is no time"},
		{"Asia/Kolkata", "24/11/2026", "Morning", "", "from is no time"},
		{"Asia/Kolkata", "24/11/2026", "Anytime", "", "from is no time"},
		{"Asia/Kolkata", "24/11/2026", "10:00-late", "", "from is no time"},
		{"Asia/Kolkata", "24/11/2026", "10-11", "12:00", "to is given twice"},
		{"Asia/Kolkata", "24/11/2026", "14:00", "13:00", "to is before"},
		{"Asia/Kolkata", "24/11/2026", "06:00 am", "20:00", "to makes a window of more than 12 hours"},
		{"Asia/Kolkata", "24/11/2026", "2026-11-25T10:00", "12:00", "from from names another day"},
		{"Asia/Kolkata", "24/11/2026", "24:00", "24:00", "from is no time"},
	} {
		asked := ""
		w := readWindow(c.date, c.from, c.to, clock{zone(t, c.zone), dayFirst, hours{8 * 60, 20 * 60}},
			func(kind, field string, choices []Choice) string {
				asked = field + " asks " + kind
				for _, x := range choices {
					asked += " " + x.Answer
				}
				return ""
			})
		const form = "2006-01-02T15:04Z"
		got := w.start.UTC().Format(form) + " " + w.end.UTC().Format(form)
		if asked != "" {
			got = asked
		} else if w.reason != "" {
			got = w.field + " " + w.reason
		}
		switch f, rest, _ := strings.Cut(c.want, " "); {
		case w.reason == "" && got != c.want, asked != "" && got != c.want:
			t.Errorf("%v: %s", c, got)
		case w.reason != "" && (w.field != f || !strings.Contains(got, rest)):
			t.Errorf("%v: %s", c, got)
		}
	}
	// An answer is taken as if it stood there.
	c := clock{zone(t, "Asia/Kolkata"), orderMixed, hours{8 * 60, 20 * 60}}
	w := readWindow("03/04/2027", "7-9", "", c, func(kind, _ string, choices []Choice) string {
		return map[string]string{"day": "2027-03-04", "hours": "19:00-21:00"}[kind]
	})
	if w.reason != "" || w.start.UTC().Format(time.RFC3339) != "2027-03-04T13:30:00Z" {
		t.Errorf("answered: %+v", w)
	}
	if w = readWindow("01/03/2027", "7-9", "", c, func(string, string, []Choice) string { return LeaveOut }); w.asked || w.reason == "" {
		t.Errorf("left out: %+v", w)
	}
}

// The working day of a centre is from eight to eight, or as long as somebody works.
func TestWorkday(t *testing.T) {
	week := func(from, to string) domain.User {
		return domain.User{Hours: domain.JSONList[domain.Shift]{{From: from, To: to}}}
	}
	off := week("00:00", "24:00")
	off.Disabled = true
	for _, c := range []struct {
		people []domain.User
		want   hours
	}{{nil, hours{480, 1200}}, {[]domain.User{week("09:00", "18:00"), off}, hours{480, 1200}},
		{[]domain.User{week("06:30", "22:00")}, hours{390, 1320}}} {
		if got := workday(c.people); got != c.want {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}

func TestReadMinutes(t *testing.T) {
	for raw, want := range map[string]int{"45": 45, "45 min": 45, "1 h": 60, "1.5 hrs": 90, "1,5 h": 90, "1:30": 90, "1 hr 30 min": 90,
		"90 mins": 90,
		"2 hours": 120, "९०": 90, "": 0, "long": 0, "-5": 0, "1:75": 0, "0": 0} {
		if got, ok := readMinutes(raw, false); ok != (want > 0) || ok && got != want {
			t.Errorf("%q: %d %v", raw, got, ok)
		}
	}
	if got, _ := readMinutes("1.5", true); got != 90 {
		t.Errorf("hours: %d", got)
	}
}

// dialled reads numbers as the product does.
func dialled(country string) readNumber {
	return func(raw string) (string, bool) {
		n, err := phonenumbers.Parse(raw, country)
		if err != nil || !phonenumbers.IsValidNumber(n) {
			return "", false
		}
		return phonenumbers.Format(n, phonenumbers.E164), true
	}
}

func TestReadPhones(t *testing.T) {
	for raw, want := range map[string]string{
		"9812345671":    "+919812345671",
		"0919812345671": "+919812345671", "091-98123 45671": "+919812345671", "0449812345671": "| dialled",
		"9812345671.0": "+919812345671", "+91 98123-45671": "+919812345671", "0091 9812345671": "+919812345671", "919812345671": "+919812345671",
		"(020) 2555 0140": "+912025550140", "९८१२३४५६९२": "+919812345692", "\u202a+91 98123 45671\u202c": "+919812345671",
		// several
		"9812345702\\9812345703":               "+919812345702 +919812345703",
		"9812345702 / 9812345703":              "+919812345702 +919812345703",
		"9812345702, 9812345703 or 9812345704": "+919812345702 +919812345703 +919812345704",
		"9812345702 9812345703":                "+919812345702 +919812345703", "9812345702-9812345703": "+919812345702 +919812345703",
		"9812345702\n9812345702": "+919812345702",
		// labels
		"9812345677 (Ramesh)": "+919812345677 | text besides", "Mob: 9812345677": "+919812345677", "M-9812345677": "+919812345677",
		"022 2555 0160 (O) 9812345708 (M)": "+912225550160 +919812345708 | text besides",
		"9812345677 (wife), 9812345678":    "+919812345677 +919812345678 | text besides",
		"Ph. 020-25550140 ext 12":          "+912025550140 | extension", "call after 6: 9812345677": "+919812345677 | text besides",
		// the second one by its last digits
		"98123 45681 / 45682": "+919812345681 +919812345682", "020-25550140/41": "+912025550140 +912025550141",
		"9812345681/82/83":        "+919812345681 +919812345682 +919812345683",
		"020 25550140 / 25550141": "+912025550140 +912025550141",
		// none
		"98123456789": "| dialled", "981234567": "? digit short",
		"9812345671 (wrong number)": "? not to be called.+919812345671", "9812345671 old / 9812345672 new": "+919812345672 ? not to be called",
		"गलत 9812345671": "? not to be called",
		// lost something: asked
		"098123 4567": "? digit short", "25550140": "? area code", "2555 0140 (O)": "? area code", "981234567 (Ramesh)": "? digit short",
		"98123456719812345672": "? +919812345671 +919812345672", "0981234567109812345672": "? +919812345671 +919812345672",
		"91981234567102025550140": "? +919812345671 +912025550140", "9812345681 / 98123456": "+919812345681 ? area code",
		"00000000": "| dialled", "12345678": "| dialled", "9999999": "| dialled", "0123456": "| dialled", "98123O5697": "| letter",
		"9l12345671": "| letter", "0000000000": "| dialled",
		"9999999999": "| have none", "1234567890": "| have none", "9.81235E+09": "| spreadsheet", "none at all": "| is no phone number",
		"?":                       "| signs",
		"12":                      "| dialled",
		"98123O5697 / 9812345671": "+919812345671 | letter", "9999999999 / 9812345671": "+919812345671 | have none",
	} {
		got := readPhones(raw, dialled("IN"))
		if before, words, asks := strings.Cut(want, "?"); asks && raw != "?" {
			if d := got.doubt; d == nil || !strings.Contains(d.words+strings.Join(d.joined, " "), strings.TrimSpace(words)) ||
				strings.Join(got.numbers, " ") != strings.TrimSpace(before) || got.lost == "" {
				t.Errorf("%q: %+v, %+v; want %q", raw, got, d, want)
			}
			continue
		} else if got.doubt != nil {
			t.Errorf("%q: %+v", raw, got.doubt)
		}
		numbers, lost, _ := strings.Cut(want, "|")
		if strings.Join(got.numbers, " ") != strings.TrimSpace(numbers) || !strings.Contains(got.lost, strings.TrimSpace(lost)) ||
			(got.lost == "") != (strings.TrimSpace(lost) == "") {
			t.Errorf("%q: %v, %q; want %q", raw, got.numbers, got.lost, want)
		}
	}
	for country, c := range map[string][2]string{"US": {"(212) 555-0142", "+12125550142"}, "GB": {"020 7946 0160", "+442079460160"},
		"PH": {"0917 123 4567", "+639171234567"}} {
		if got := readPhones(c[0], dialled(country)); strings.Join(got.numbers, " ") != c[1] || got.lost != "" {
			t.Errorf("%s %s: %+v", country, c[0], got)
		}
	}
}

func TestReadHead(t *testing.T) {
	for _, c := range []struct {
		header []string
		saved  map[string]string
		want   map[string]string
	}{
		{[]string{"Job No", "Customer", "Mobile", "Pincode", "Complaint", "Date of visit", "Slot", "Colour"}, nil,
			map[string]string{"Job No": "external_ref", "Customer": "name", "Mobile": "phone", "Pincode": "postal_code", "Complaint": "fault",
				"Date of visit": "date", "Slot": "from"}},
		{[]string{"TICKET", "phone_no", "Phone No (2)", "Alternate Mobile", "Time From", "Time to", "POSTCODE"}, nil,
			map[string]string{"TICKET": "external_ref", "phone_no": "phone", "Phone No (2)": "phone", "Alternate Mobile": "phone",
				"Time From": "from",
				"Time to":   "to", "POSTCODE": "postal_code"}},
		{[]string{"Ticket *", "Customer Name*", "Mobile No. (10 digit)", "Visit Date (DD/MM/YYYY)", "Time Slot (From-To)", "Duration (min)"}, nil,
			map[string]string{"Ticket *": "external_ref", "Customer Name*": "name", "Mobile No. (10 digit)": "phone",
				"Visit Date (DD/MM/YYYY)": "date",
				"Time Slot (From-To)":     "from", "Duration (min)": "duration"}},
		{[]string{"Request ID", "First Name", "Last Name", "Address Line 1", "Address Line 2", "City", "E-mail ID", "Customer's Mobile",
			"Call Status"}, nil,
			map[string]string{"Request ID": "external_ref", "First Name": "name", "Last Name": "name", "Address Line 1": "address",
				"Address Line 2": "address", "City": "address", "E-mail ID": "email", "Customer's Mobile": "phone", "Call Status": "status"}},
		{[]string{"शिकायत संख्या", "ग्राहक का नाम", "मोबाइल नंबर", "पता", "तारीख / Date"}, nil, map[string]string{"शिकायत संख्या": "external_ref",
			"ग्राहक का नाम": "name", "मोबाइल नंबर": "phone", "पता": "address", "तारीख / Date": "date"}},
		{[]string{"Ticket", "external_ref"}, nil, map[string]string{"external_ref": "external_ref"}},
		{[]string{"Ref", "Job No", "Who"}, map[string]string{"job no": "external_ref", "Who": "name"},
			map[string]string{"Job No": "external_ref", "Who": "name"}},
		{[]string{"Ref", "Fault"}, map[string]string{"Fault": "", "Ref": "external_ref"}, map[string]string{"Ref": "external_ref"}},
		{[]string{"Nr", "Name"}, map[string]string{"external_ref": "Nr"}, map[string]string{"Nr": "external_ref", "Name": "name"}},
		{[]string{"Ref", "Name"}, map[string]string{"Name": "nonsense"}, map[string]string{"Ref": "external_ref"}},
	} {
		if got := readHead(c.header, nil, c.saved).mapping; !maps.Equal(got, c.want) {
			t.Errorf("%v with %v: %v", c.header, c.saved, got)
		}
	}
}

// Where the heading is silent or says something else, the cells tell.
func TestColumnsByContent(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  map[string]string
		says  string
	}{
		"phones": {[]string{"Ticket|Customer|Kontakt|Address", "A|Lata|98123 45671|x", "B|Uma|9812345672|y", "C|Om||z"},
			map[string]string{"Kontakt": "phone"}, ""},
		"no heading": {[]string{"Ticket|Customer||Address", "A|Lata|98123 45671|x", "B|Uma|9812345672|y"},
			map[string]string{"column 3": "phone"}, ""},
		"mails": {[]string{"Ticket|Customer|Post", "A|Lata|a@example.org", "B|Uma|b@example.org"},
			map[string]string{"Post": "email"}, ""},
		"days are no phones": {[]string{"Ticket|Customer|Kauf", "A|Lata|01-03-2027", "B|Uma|02-03-2027"}, map[string]string{"Kauf": ""}, "Kauf"},
		"a person":           {[]string{"Ticket|Contact|Address", "A|Lata|x", "B|Uma|y"}, map[string]string{"Contact": "name"}, ""},
		"row numbers": {[]string{"Serial No|Complaint No|Customer", "1|A|Lata", "2|B|Uma"},
			map[string]string{"Serial No": "", "Complaint No": "external_ref"},
			"Serial No"},
		"one row": {[]string{"Serial No|Complaint No|Customer", "1|A|Lata"}, map[string]string{"Serial No": ""}, "Serial No"},
		"serials": {[]string{"Serial No|Complaint No|Customer", "78123451|A|Lata", "78123452|B|Uma"}, map[string]string{"Serial No": "serial"},
			""},
		"requests": {[]string{"Sr No|Customer", "78123451|Lata", "78123460|Uma"}, map[string]string{"Sr No": "external_ref"}, ""},
		"rows above a total": {
			[]string{"Sr. No.|Ticket|Customer|Mobile", "1|A|Lata|9812345671", "2|B|Uma|9812345672", "Total: 2|||"},
			map[string]string{"Sr. No.": "", "Ticket": "external_ref"}, "Sr. No.",
		},
		"rows": {[]string{"Sr No|Ticket|Customer", "1|A|Lata", "2|B|Uma"}, map[string]string{"Sr No": "", "Ticket": "external_ref"}, "Sr No"},
	} {
		table, err := findTable(fileOf(c.lines...), nil)
		if err != nil {
			t.Fatal(err)
		}
		for heading, field := range c.want {
			if got := table.head.mapping[heading]; got != field {
				t.Errorf("%s: %s means %q, want %q", name, heading, got, field)
			}
		}
		if c.says != "" && !slices.ContainsFunc(table.leftOut, func(o LeftOut) bool {
			return o.Column == c.says &&
				o.Kept != strings.HasPrefix(o.Why, "It numbers")
		}) {
			t.Errorf("%s: %s is left out without a word: %+v", name, c.says, table.leftOut)
		}
	}
}

// fileOf is a CSV with | between the cells.
func fileOf(lines ...string) *File {
	s := Sheet{}
	for i, line := range lines {
		s.Rows = append(s.Rows, ImportRow{Line: i + 1, Cells: strings.Split(line, "|")})
	}
	return &File{Sheets: []Sheet{s}}
}

// The table is found by its heading, whatever stands around it.
func TestFindTable(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		rows  string // their lines
		says  string
	}{
		"plain":       {[]string{"Ticket|Customer", "A|x"}, "[2]", ""},
		"title":       {[]string{"Kothrud Service Centre|", "01/03/2027|", "Ticket|Customer|Mobile", "A|x|1"}, "[4]", "above the heading"},
		"total":       {[]string{"Ticket|Customer|Mobile|Address", "A|Total|9812345671|x", "Total|1||", "|||"}, "[2]", "sum"},
		"grand total": {[]string{"Ticket|Customer|Mobile|Address", "A|x|9812345671|x", "|Grand Total: 14||"}, "[2]", "sum"},
		"footer": {[]string{"Ticket|Customer|Mobile|Address", "A|x|9812345671|x", "||||Prepared by: Sneha", "Page 1 of 2"}, "[2]",
			"below the table"},
		"heading again": {[]string{"Ticket|Customer|Address|Fault", "A|x|y|z", "Ticket|Customer|Address|Fault", "B|x|y|z"}, "[2 4]",
			"heading again"},
		"a title between": {[]string{"Ticket|Customer|Mobile|Address", "KOTHRUD EAST|||", "A|x|9812345671|y", "KOTHRUD WEST|||",
			"B|x|9812345671|y"}, "[3 5]",
			"between the rows"},
		"two lines of heading": {[]string{"Job||Household|", "Ticket|Date|Customer|Mobile", "A|01/03/2027|x|1"}, "[3]", "above"},
		"nothing known":        {[]string{"Alpha|Beta", "1|2"}, "[2]", ""},
		"total is a name":      {[]string{"Ticket|Customer|Mobile|Address", "TOTAL-1|Total|9812345671|y"}, "[2]", ""},
	} {
		table, err := findTable(fileOf(c.lines...), nil)
		if err != nil {
			t.Fatal(name, err)
		}
		lines := []int{}
		for _, r := range table.rows {
			if lines = append(lines, r.Line); r.Broken != "" {
				t.Errorf("%s: line %d %s", name, r.Line, r.Broken)
			}
		}
		if fmt.Sprint(lines) != c.rows {
			t.Errorf("%s: rows %v, want %s; %+v", name, lines, c.rows, table.leftOut)
		}
		if c.says != "" && !slices.ContainsFunc(table.leftOut, func(o LeftOut) bool { return strings.Contains(o.Why, c.says) && o.Line > 0 }) {
			t.Errorf("%s: nothing says %q: %+v", name, c.says, table.leftOut)
		}
	}
	table, err := findTable(fileOf("Ref|Name", "A-1|Lata|Pune", "A-2|Uma", "A-3|"+strings.Repeat("x", maxCellRunes+1), "A-4|a\x00b"), nil)
	if err != nil || len(table.rows) != 4 || !strings.Contains(table.rows[0].Broken, "3 cells under 2 headings") ||
		table.rows[1].Broken != "" ||
		table.rows[2].Broken == "" || table.rows[3].Broken != "holds NUL" {
		t.Errorf("%+v %v", table, err)
	}
	table, err = findTable(fileOf("Ref|Phone|Phone| Job\u00a0 No ", "A-1|1|2|3"), nil)
	if err != nil || table.head.mapping["Phone (2)"] != "phone" || len(table.head.kept) != 1 || table.head.kept[0].heading != "Job No" {
		t.Errorf("headings: %+v %v", table.head, err)
	}
	if _, err := findTable(&File{Sheets: []Sheet{{}}}, nil); !domain.IsCode(err, domain.CodeUnprocessable) {
		t.Errorf("an empty table: %v", err)
	}
	if _, err := findTable(fileOf(strings.Repeat("A|", MaxSheetColumns)+"A"), nil); !domain.IsCode(err, domain.CodeUnprocessable) {
		t.Errorf("too many columns: %v", err)
	}
}

// Of several sheets the one with the heading is read, and the others are named.
func TestFindSheet(t *testing.T) {
	sheet := func(name string, hidden, active bool, lines ...string) Sheet {
		s := fileOf(lines...).Sheets[0]
		s.Name, s.Hidden, s.Active = name, hidden, active
		return s
	}
	jobs := []string{"Ticket|Customer|Mobile", "A|x|1"}
	for name, c := range map[string]struct {
		sheets []Sheet
		line   string // of its first job; "" is refused
		said   string
	}{
		"second": {[]Sheet{sheet("Read me", false, false, "Fill the sheet Jobs"), sheet("Jobs", false, true, jobs...)}, "A", "Read me"},
		"hidden": {[]Sheet{sheet("Old", true, false, "Ticket|Customer|Mobile|Date", "Z|x|1|2"), sheet("Jobs", false, false, jobs...)}, "A",
			"Old"},
		"hidden only": {[]Sheet{sheet("Old", true, false, jobs...)}, "", ""},
		"two alike": {[]Sheet{sheet("Mon", false, false, jobs...), sheet("Tue", false, true, "Ticket|Customer|Mobile", "B|x|1")}, "B",
			"Mon"},
		"own words": {[]Sheet{sheet("Mon", false, false, "Nr|Wer", "A|x"), sheet("List", false, true, "a|b", "c|d")}, "A", "List"},
	} {
		table, err := findTable(&File{Sheets: c.sheets}, map[string]string{"Nr": "external_ref", "Wer": "name"})
		if c.line == "" {
			if err == nil {
				t.Errorf("%s: was read", name)
			}
			continue
		}
		if err != nil || len(table.rows) != 1 || table.rows[0].Cells[0] != c.line {
			t.Errorf("%s: %+v %v", name, table, err)
		} else if !slices.ContainsFunc(table.leftOut, func(o LeftOut) bool { return o.Column == c.said }) {
			t.Errorf("%s: %s is not named: %+v", name, c.said, table.leftOut)
		}
	}
}

// rowsOf reads all rows of a table for a centre in Kothrud.
func rowsOf(t *testing.T, answers answers, lines ...string) []*parsedRow {
	t.Helper()
	return rowsIn(t, &domain.Centre{Zone: "Asia/Kolkata", Country: "IN"}, fileOf(lines...), answers)
}

func rowsIn(t *testing.T, c *domain.Centre, file *File, answers answers) []*parsedRow {
	t.Helper()
	table, err := findTable(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &casework.Service{ParsePhone: func(raw, country string) (string, error) {
		if n, ok := dialled(country)(raw); ok {
			return n, nil
		}
		return "", fmt.Errorf("no number")
	}}
	r := newRowReader(s, &table.head, c, []domain.User{{Meta: domain.Meta{ID: domain.ID{1}}, Login: "ravi.patil", Name: "Ravi Patil"},
		{Meta: domain.Meta{ID: domain.ID{2}}, Login: "sunil.rao", Name: "Sunil Rao"}, {Meta: domain.Meta{ID: domain.ID{3}}, Login: "ravi.rao",
			Name: "Ravi Rao"}}, answers)
	var out []*parsedRow
	for _, row := range table.rows {
		out = append(out, r.read(row))
	}
	return out
}

// of describes a row as read: what lands, what is refused, what is asked, what is kept.
func (w *parsedRow) describe() string {
	var out []string
	for _, f := range textFields {
		if v := w.is(f); v != "" {
			out = append(out, f+"="+v)
		}
	}
	if len(w.phones) > 0 {
		out = append(out, "phones="+strings.Join(w.phones, " "))
	}
	if !w.start.IsZero() {
		out = append(out, "window="+w.start.UTC().Format("02T15:04")+"-"+w.end.UTC().Format("15:04"))
	}
	if w.minutes > 0 {
		out = append(out, fmt.Sprintf("minutes=%d", w.minutes))
	}
	if w.crew != nil {
		out = append(out, fmt.Sprintf("crew=%d", len(*w.crew)))
	}
	for _, e := range w.errors {
		out = append(out, "refused "+e.Column+": "+e.Reason)
	}
	for _, q := range w.questions {
		out = append(out, "asks "+q.Kind+" of "+q.Column)
	}
	for _, o := range w.leftOut {
		out = append(out, "left out "+o.Column+": "+o.Why)
	}
	return strings.Join(out, "; ")
}

// A row by kind: cell by cell what is read, refused, asked or kept.
func TestReadRow(t *testing.T) {
	const head = "Ticket|Customer|Mobile|Address"
	for name, c := range map[string]struct {
		lines []string
		want  []string // parts of the description; with ! what must not be in it
	}{
		"ditto":    {[]string{head, "B|do|9812345677|1 Road"}, []string{"refused Customer: stands for the row above"}},
		"quotes":   {[]string{head, "B|,,|9812345677|1 Road"}, []string{"refused Customer: stands for the row above"}},
		"k3 month": {[]string{head, "01-Mar|x|9812345677|1 Road"}, []string{"refused Ticket: was made a day"}},
		"k3 yes":   {[]string{head, "TRUE|x|9812345677|1 Road"}, []string{"refused Ticket: was made a day"}},
		"k1 eleven": {[]string{head, "A|x|98123456789|1 Road"}, []string{"left out Mobile: is not a phone number",
			"note=Mobile: 98123456789", "!phones", "!refused"}},
		"k1 nothing else": {[]string{head, "A|x|98123456789|"}, []string{"refused Mobile: is not a phone number"}},
		"k2 hours": {[]string{head, "A|x|call 9-5 9812345677|1 Road"},
			[]string{"phones=+919812345677", "note=Mobile: call 9-5 9812345677"}},
		"k2 nothing behind": {[]string{head, "A|x|9812345677/0|1 Road"}, []string{"phones=+919812345677;", "note=Mobile: 9812345677/0"}},
		"k1 spaced eleven":  {[]string{head, "A|x|98123 45678 9|1 Road"}, []string{"!phones=", "note=Mobile: 98123 45678 9"}},
		"k1 masked":         {[]string{head, "A|x|98XXXXXX77|1 Road"}, []string{"!phones="}},
		"k3 a letter":       {[]string{head, "1E5|x|9812345677|1 Road"}, []string{"external_ref=1E5", "!refused"}},
		"k5 two days": {[]string{"Ticket|Date|Customer|Mobile|Address|Visit Date|Slot",
			"A|02/03/2027|x|9812345677|1 Road|01/03/2027|10-12"}, []string{"window=01T", "note=Date: 02/03/2027"}},
		"k5 date and time": {[]string{head + "|Appointment Date & Time", "A|x|9812345677|1 Road|01/03/2027 10:00 AM - 12:00 PM"},
			[]string{"window=01T04:30-06:30"}},
		"k5 second": {[]string{head + "|2nd Contact No|Technician Mobile", "A|x|9812345677|1 Road|9812345678|9812345679"},
			[]string{"phones=+919812345677 +919812345678", "note=Technician Mobile: 9812345679"}},
		"k5 of others": {[]string{"Ticket|Customer|Dealer No|Address", "A|x|9812345677|1 Road"},
			[]string{"!phones=", "note=Dealer No: 9812345677"}},
		"k6 call closed": {[]string{head + "|Status", "A|x|9819500004|1 Road|Job closed"}, []string{"refused Status"}},
		"k7 in order":    {[]string{head + "|Serial", "A|x|9819500004|1 Road|123456"}, []string{"!serial="}},
		"k8 dashes":      {[]string{head + "|Date|Slot", "A|x|9819500004|1 Road|01/03/2027|9-30 to 11-30"}, []string{"window=01T04:00-06:00"}},
		"k8 se":          {[]string{head + "|Date|Slot", "A|x|9819500004|1 Road|01/03/2027|10.30 se 12"}, []string{"window=01T05:00-06:30"}},
		"k8 comma":       {[]string{head + "|Date|From|To", "A|x|9819500004|1 Road|01/03/2027|10,30|12,30"}, []string{"window=01T05:00-07:00"}},
		"k2 none":        {[]string{head, "A|x|not given|1 Road"}, []string{"left out Mobile: is no phone number"}},
		"k8 tight":       {[]string{head + "|Date|Slot", "A|x|9819500004|1 Road|01/03/2027|2to4"}, []string{"window=01T08:30-10:30"}},
		"k8 noon and pm": {[]string{head + "|Date|Slot", "A|x|9819500004|1 Road|01/03/2027|12 noon to 3pm"},
			[]string{"window=01T06:30-09:30"}},
		"k8 no half at all": {[]string{head + "|Date|Slot", "A|x|9819500004|1 Road|01/03/2027|2 pm onwards"},
			[]string{"note=Date: 01/03/2027\nSlot: 2 pm onwards", "!window="}},
		"k10 of a program": {[]string{head + "|Date|Slot",
			"A|x|9819500004|1 Road|Mon Mar 01 2027 00:00:00 GMT+0530 (India Standard Time)|10-12"}, []string{"window=01T04:30-06:30"}},
		"k10 compact": {[]string{head + "|From|To", "A|x|9819500004|1 Road|20270301T043000Z|20270301T063000Z"},
			[]string{"window=01T04:30-06:30"}},
		"k11 hint": {[]string{head + "|Visit Date (MM/DD/YYYY)|Slot", "A|x|9819500004|1 Road|03/04/2027|10-12"},
			[]string{"window=04T04:30-06:30"}},
		"k12 Marathi": {[]string{head + "|Date|Slot", "A|x|9819500004|1 Road|१ मार्च २०२७|10-12"}, []string{"window=01T04:30-06:30"}},
		"k12 May":     {[]string{head + "|Date|Slot", "A|x|9819500004|1 Road|1 मई 2027|10-12"}, []string{"window=01T04:30-06:30"}},
		"k14 error": {[]string{head + "|Slot", "A|x|#REF!|1 Road|#VALUE!"},
			[]string{"left out Mobile: holds the error", "left out Slot: holds the error", "!refused"}},
		"k19 and nobody": {[]string{head + "|Date|Slot|Engineer", "A|x|9819500004|1 Road|01/03/2027|10-12|Sunil / Joshi"},
			[]string{"crew=1", "left out Engineer"}},
		"k2 text": {[]string{head, "A|x|9812345677 (Ramesh)|1 Road"},
			[]string{"phones=+919812345677", "note=Mobile: 9812345677 (Ramesh)"}},
		"k3 mangled":   {[]string{head, "2.02703E+14|x|9812345677|1 Road"}, []string{"refused Ticket: was cut"}},
		"k3 hashes":    {[]string{head, "########|x|9812345677|1 Road"}, []string{"refused Ticket: shows ###"}},
		"k3 protected": {[]string{head, `="0030123"|x|'9812345677|1 Road`}, []string{"external_ref=0030123", "phones=+919812345677"}},
		"k3 float":     {[]string{head, "30123.0|x|9812345677|1 Road"}, []string{"external_ref=30123;"}},
		"k5 address": {[]string{"Ticket|Customer|Flat No|Address Line 1|Address Line 2|Area|City|Pincode",
			"A|x|402|Sai Residency|Paud Road|Kothrud|Pune|411038"}, []string{"address=402, Sai Residency, Paud Road, Kothrud, Pune;",
			"postal_code=411038"}},
		"k5 twice": {[]string{"Ticket|Customer|Contact No|Contact No|Address|Address",
			"A|x|9819500004|9819500005|Flat 3|Lane 5 Kothrud"}, []string{"phones=+919819500004 +919819500005", "address=Flat 3, Lane 5 Kothrud"}},
		"k5 once":       {[]string{"Ticket|Customer|Address|City", "A|x|1 Road, Pune|Pune"}, []string{"address=1 Road, Pune"}},
		"k5 names":      {[]string{"Ticket|Last Name|First Name|Title", "A|Kulkarni|Asha|Mrs"}, []string{"name=Asha Kulkarni"}},
		"k5 salutation": {[]string{"Ticket|Salutation|First Name|Surname", "A|Mrs|Asha|Kulkarni"}, []string{"name=Mrs Asha Kulkarni"}},
		"k5 mail": {[]string{head + "|Email|Duration", "A|x|9819500004|1 Road|mail@example.org|90 min"},
			[]string{"email=mail@example.org", "minutes=90"}},
		"k5 bad mail": {[]string{head + "|Email|Duration", "A|x|9819500004|1 Road|at home|long"},
			[]string{"left out Email", "left out Duration", "note=Email: at home\nDuration: long"}},
		"k5 unknown":    {[]string{head + "|Dealer|Stock", "A|x|9819500004|1 Road|Vijay Sales|"}, []string{"note=Dealer: Vijay Sales"}},
		"k6 cancelled":  {[]string{head + "|Status", "A|x|9819500004|1 Road|Cancelled"}, []string{`refused Status: is "Cancelled"`}},
		"k6 closed by":  {[]string{head + "|Call Status", "A|x|9819500004|1 Road|Closed - part replaced"}, []string{"refused Call Status"}},
		"k6 in Hindi":   {[]string{head + "|स्थिति", "A|x|9819500004|1 Road|रद्द"}, []string{"refused स्थिति"}},
		"k6 open":       {[]string{head + "|Status", "A|x|9819500004|1 Road|Open"}, []string{"!refused", "!asks", "!left out"}},
		"k6 not closed": {[]string{head + "|Status", "A|x|9819500004|1 Road|Not closed"}, []string{"!refused", "!asks"}},
		"k6 part pending": {[]string{head + "|Status", "A|x|9819500004|1 Road|Part Pending"},
			[]string{"!refused", "!asks", "!left out", "!Part"}},
		"k6 doubtful": {[]string{head + "|Status", "A|x|9819500004|1 Road|To be cancelled"},
			[]string{"asks status of Status", "!refused"}},
		"k6 unknown": {[]string{head + "|Status", "A|x|9819500004|1 Road|RNR"},
			[]string{"left out Status", "note=Status: RNR", "!refused"}},
		"k7 zero":        {[]string{head + "|Serial", "A|x|9819500004|1 Road|0"}, []string{"left out Serial", "!serial="}},
		"k7 not visible": {[]string{head + "|Serial", "A|x|9819500004|1 Road|NOT VISIBLE"}, []string{"left out Serial", "!serial="}},
		"k7 na":          {[]string{head + "|Serial", "A|x|9819500004|1 Road|NA"}, []string{"!left out", "!serial="}},
		"k7 serial":      {[]string{head + "|Serial", "A|x|9819500004|1 Road|sn-77a"}, []string{"serial=SN-77A", "!left out"}},
		"k8":             {[]string{head + "|Date|Slot", "A|x|9819500004|1 Road|01/03/2027|2-4"}, []string{"window=01T08:30-10:30"}},
		"k8 asks": {[]string{head + "|Date|Slot", "A|x|9819500004|1 Road|01/03/2027|7-9"},
			[]string{"asks hours of Slot", "!refused"}},
		"k9 morning": {[]string{head + "|Date|Slot", "A|x|9819500004|1 Road|01/03/2027|Morning"},
			[]string{"note=Date: 01/03/2027\nSlot: Morning", "left out Slot", "!refused", "!window"}},
		"k9 day": {[]string{head + "|Visit Date", "A|x|9819500004|1 Road|01/03/2027"},
			[]string{"note=Visit Date: 01/03/2027", "left out Visit Date", "!refused"}},
		"k9 one time": {[]string{head + "|Date|Slot|Engineer", "A|x|9819500004|1 Road|01/03/2027|10:00|Sunil"},
			[]string{"Slot: 10:00", "Engineer: Sunil", "!crew"}},
		"k12 with the time": {[]string{head + "|Date|To", "A|x|9819500004|1 Road|01/03/2027 10:00|12:00"}, []string{"window=01T04:30-06:30"}},
		"k19 initial":       {[]string{head + "|Date|Slot|Engineer", "A|x|9819500004|1 Road|01/03/2027|10-12|R. Patil"}, []string{"crew=1"}},
		"k19 title": {[]string{head + "|Date|Slot|Engineer", "A|x|9819500004|1 Road|01/03/2027|10-12|Mr. Ravi Patil (2nd visit)"},
			[]string{"crew=1"}},
		"k19 two": {[]string{head + "|Date|Slot|Engineer", "A|x|9819500004|1 Road|01/03/2027|10-12|Ravi"},
			[]string{"asks technician of Engineer", "!refused"}},
		"k19 both": {[]string{head + "|Date|Slot|Engineer", "A|x|9819500004|1 Road|01/03/2027|10-12|Patil & Sunil"},
			[]string{"crew=2"}},
		"k19 nobody": {[]string{head + "|Date|Slot|Engineer", "A|x|9819500004|1 Road|01/03/2027|10-12|Joshi"},
			[]string{"window=", "left out Engineer", "!refused", "!crew"}},
		"choices": {[]string{head + "|Priority|Warranty|Safety|Level|Value in paise|Lat|Lon|Language|Reported on",
			"A|x|9819500004|1 Road|P1|maybe|?!|9|12.50|x|200|7|soon"}, []string{"!refused", "left out Priority", "left out Warranty",
			"left out Safety", "left out Level", "left out Value", "left out Lat", "left out Lon", "left out Language", "left out Reported on"}},
		"a byte": {[]string{head, "A|x|9819500004|Flat 3 \uFFFD Lane 5"},
			[]string{"address=Flat 3 \uFFFD Lane 5", "left out Address: has a byte"}},
		"no ticket": {[]string{head, "|x|9819500004|1 Road"}, []string{"refused Ticket: is missing"}},
		"too long an address": {[]string{head, "A|x|9819500004|" + strings.Repeat("a", 600)}, []string{"left out Address: has 600 characters",
			"!refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			rows := rowsOf(t, nil, c.lines...)
			if len(rows) != 1 {
				t.Fatalf("%d rows", len(rows))
			}
			got := rows[0].describe()
			for _, w := range c.want {
				if not, must := strings.CutPrefix(w, "!"); strings.Contains(got, not) == must {
					t.Errorf("%s\nwant %s", got, w)
				}
			}
		})
	}
}

// The order of the file's days is that of all rows.
func TestFilesProveTheirOrder(t *testing.T) {
	us := &domain.Centre{Zone: "America/New_York", Country: "US"}
	const head = "Ticket|Customer|Mobile|Address|Date|Slot"
	for name, c := range map[string]struct {
		centre *domain.Centre
		lines  []string
		want   string // of the first row
	}{
		"k11 us": {us, []string{head, "A|x|(212) 555-0142|1 Road|03/04/2027|10:00-12:00", "B|x|(212) 555-0143|1 Road|03/15/2027|10:00-12:00"},
			"window=04T15:00-17:00"},
		"k11 ph": {&domain.Centre{Zone: "Asia/Manila", Country: "PH"}, []string{head, "A|x|0917 123 4567|1 Road|03/04/2027|10:00-12:00"},
			"window=04T02:00-04:00"},
		"k11 in": {&domain.Centre{Zone: "Asia/Kolkata", Country: "IN"}, []string{head, "A|x|9819500004|1 Road|03/04/2027|10:00-12:00"},
			"window=03T04:30-06:30"},
		"k11 proved": {us, []string{head, "A|x|(212) 555-0142|1 Road|03/04/2027|10:00-12:00", "B|x|(212) 555-0142|1 Road|15/04/2027|10:00-12:00"},
			"window=03T14:00-16:00"},
		"k11 mixed": {us, []string{head, "A|x|(212) 555-0142|1 Road|03/04/2027|10:00-12:00", "B|x|(212) 555-0142|1 Road|15/04/2027|10:00-12:00",
			"C|x|(212) 555-0142|1 Road|04/15/2027|10:00-12:00"}, "asks day of Date"},
	} {
		if got := rowsIn(t, c.centre, fileOf(c.lines...), nil)[0].describe(); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// What the file holds no result of refuses only where the household could not be reached.
func TestOddCells(t *testing.T) {
	file := func(odd map[int]string) *File {
		f := fileOf("Ticket|Customer|Mobile|Address|Date|Slot|Stock", "A|x|9819500004|1 Road|01/03/2027|10:00-12:00|7")
		f.Sheets[0].Rows[1].Odd = odd
		return f
	}
	for name, c := range map[string]struct {
		odd  map[int]string
		want string
	}{
		"unread error":  {map[int]string{6: "holds the error #N/A"}, "window="},
		"phone formula": {map[int]string{2: NoResult}, "refused Mobile: is a formula"},
		"phone error":   {map[int]string{2: "holds the error #N/A"}, "left out Mobile: holds the error"},
		"slot formula":  {map[int]string{5: NoResult}, "left out Slot: is a formula"},
		"ticket error":  {map[int]string{0: "holds the error #REF!"}, "refused Ticket: holds the error"},
	} {
		got := rowsIn(t, &domain.Centre{Zone: "Asia/Kolkata", Country: "IN"}, file(c.odd), nil)[0].describe()
		if !strings.Contains(got, c.want) || !strings.HasPrefix(c.want, "refused") && strings.Contains(got, "refused") {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// An answer is read as if the sheet had it; for one row, or for all that ask alike.
func TestAnsweredDoubts(t *testing.T) {
	lines := []string{"Ticket|Customer|Mobile|Address|Date|Slot|Engineer", "A|x|9819500004|1 Road|01/03/2027|7-9|Ravi",
		"B|y|9819500005|2 Road|01/03/2027|7-9|"}
	open := rowsOf(t, nil, lines...)
	if len(open[0].questions) != 2 || len(open[1].questions) != 1 {
		t.Fatalf("%+v, %+v", open[0].questions, open[1].questions)
	}
	q := open[0].questions[0]
	if q.Alike != open[1].questions[0].Alike || q.ID == open[1].questions[0].ID || q.Kind != "hours" || q.Cell != "7-9" ||
		len(q.Choices) != 3 ||
		q.Choices[2].Answer != LeaveOut {
		t.Errorf("%+v", q)
	}
	who := open[0].questions[1]
	for name, c := range map[string]struct {
		answers map[string]string
		a, b    string
	}{
		"one": {map[string]string{q.ID: "19:00-21:00", who.ID: "ravi.rao"}, "window=01T13:30-15:30; crew=1", "asks hours"},
		"alike": {map[string]string{q.Alike: "07:00-09:00", who.ID: LeaveOut}, "window=01T01:30-03:30; left out Engineer",
			"window=01T01:30-03:30"},
		"left out":   {map[string]string{q.Alike: LeaveOut}, "left out Slot", "left out Slot"},
		"none of it": {map[string]string{q.Alike: "maybe"}, "asks hours", "asks hours"},
	} {
		got := rowsOf(t, func(id, alike string) (string, bool) {
			if a, ok := c.answers[id]; ok {
				return a, true
			}
			a, ok := c.answers[alike]
			return a, ok
		}, lines...)
		if a, b := got[0].describe(), got[1].describe(); !strings.Contains(a, c.a) || !strings.Contains(b, c.b) {
			t.Errorf("%s: %s\n%s", name, a, b)
		}
	}
}

// One serial of two households is none.
func TestSerialOfTwoHouseholds(t *testing.T) {
	got := rowsOf(t, nil, "Ticket|Customer|Mobile|Address|Serial", "A|Asha|9819500004|1 Road|SN-1", "B|Uma|9819500005|2 Road|SN-1",
		"C|Om|9819500006|3 Road|SN-2",
		"D|Om|9819500006|3 Road|SN-2")
	for i, want := range []string{"", "", "SN-2", "SN-2"} {
		if got[i].is("serial") != want {
			t.Errorf("row %d: %q, want %q", i, got[i].is("serial"), want)
		}
	}
}

func TestFindTechnician(t *testing.T) {
	all := []domain.User{{Login: "ravi", Name: "Ravi Kumar"}, {Login: "ravi2", Name: "Ravi Rao"}, {Login: "sunil", Name: "Sunil  Patil"},
		{Login: "gone", Name: "Gone Away", Disabled: true}}
	for name, want := range map[string]string{"RAVI": "ravi", "ravi rao": "ravi2", "Sunil": "sunil", "sunil patil": "sunil", "Gone": "",
		"Nobody": "", "": "", "Mr. Sunil Patil": "sunil", "S. Patil": "sunil", "Patil": "sunil", "Patil Sunil ji": "sunil",
		"Sunil (new)": "sunil",
		"Rao":         "ravi2", "R. Rao": "ravi2", "X. Patil": "", "S.": "", "Sunil Rao": "", "Shri Ravi K.": "ravi"} {
		u, several := findTechnician(all, name)
		if (u != nil) != (want != "") || u != nil && u.Login != want || len(several) > 0 {
			t.Errorf("%q: %v %v", name, u, several)
		}
	}
	if u, several := findTechnician([]domain.User{{Login: "a1", Name: "Ravi A"}, {Login: "a2", Name: "Ravi B"}}, "ravi"); u != nil ||
		len(several) != 2 {
		t.Errorf("ambiguous: %v %v", u, several)
	}
}

func TestSamePerson(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"Ramesh Kumar", "Mr. Ramesh Kumar", true}, {"Ramesh Kumar", "Kumar, Ramesh", true}, {"Ramesh ji", "Shri Ramesh", true},
		{"श्री रमेश कुमार", "रमेश कुमार जी", true},
		{"RAMESH  KUMAR", "ramesh kumar", true}, {"Smt. Asha Kulkarni", "Mrs Asha Kulkarni", true}, {"Dr Rao", "Rao", true},
		{"Rameshji Kumar", "Ramesh Kumar", true},
		{"Ramesh Kumar", "Suresh Kumar", false}, {"R. Kumar", "Ramesh Kumar", false}, {"Ramesh", "Ramesh Kumar", false}, {"Mr", "Mrs", false},
		{"", "Mr", false},
	} {
		if samePerson(c.a, c.b) != c.same || samePerson(c.b, c.a) != c.same {
			t.Errorf("%q and %q: %v", c.a, c.b, !c.same)
		}
	}
}

func TestTidy(t *testing.T) {
	for raw, want := range map[string]string{" a\u00a0b ": "a b", "\u202a+91 98\u202c": "+91 98", "\ufeffref": "ref", "a\r\nb": "a\nb",
		"a\x07b": "ab", "क\u200dष": "क\u200dष", `="0030123"`: "0030123", "'0030123": "0030123", "'tis": "'tis", `=""`: `=""`} {
		if got := tidy(raw); got != want {
			t.Errorf("tidy(%q) = %q", raw, got)
		}
	}
}
