package intake

import (
	"maps"
	"strings"
	"testing"
	"time"

	"doorstep/domain"
)

func TestReadDate(t *testing.T) {
	for raw, want := range map[string]string{
		"24/11/2026": "2026-11-24", "24/11/26": "2026-11-24", "24-11-2026": "2026-11-24", "24.11.2026": "2026-11-24", "2026-11-24": "2026-11-24",
		"2026/11/24": "2026-11-24", "4/1/2027": "2027-01-04", "11/12/2026": "2026-12-11", "24-Nov-26": "2026-11-24",
		"24 November 2026": "2026-11-24",
		"24-SEPT-2026":     "2026-09-24", "२४/११/२०२६": "2026-11-24", "46350": "2026-11-24", "29/02/2028": "2028-02-29",
		"2026-11-24T00:00": "2026-11-24",
		"31/02/2026":       "", "11/24/2026": "", "29/02/2027": "", "0/1/2026": "", "tomorrow": "", "24/11": "", "2026": "", "24-Foo-2026": "",
		"24/11/202": "", "1.5": "",
	} {
		got, _, ok := readDate(raw)
		if ok != (want != "") || ok && got != want {
			t.Errorf("readDate(%q) = %q, %v; want %q", raw, got, ok, want)
		}
	}
}

func TestReadClock(t *testing.T) {
	for raw, want := range map[string]int{
		"10": 600, "10:00": 600, "10.30": 630, "10 am": 600, "10am": 600, "10 a.m.": 600, "10:30pm": 22*60 + 30, "12 am": 0, "12 pm": 720,
		"1030": 630, "0930": 570,
		"10:00:00": 600, "24:00": 1440, "14 hrs": 840, "१०:३०": 630, "00:00": 0,
		"25": -1, "10:60": -1, "13 pm": -1, "0 am": -1, "24:30": -1, "ten": -1, "": -1, "10:00:30": -1, "-1": -1, "10:5": -1,
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
		{"Europe/London", "28/03/2027", "01:30", "03:30", "from does not exist"},
		{"Europe/London", "31/10/2027", "00:30", "01:30", "to is +01:00 or +00:00"},
		{"Asia/Kolkata", "24/11/2026", "", "12:00", "from is missing"},
		{"Asia/Kolkata", "24/11/2026", "10:00", "", "to is missing"},
		{"Asia/Kolkata", "", "10:00", "12:00", "date is missing"},
		{"Asia/Kolkata", "soon", "10:00", "12:00", "date is no date"},
		{"Asia/Kolkata", "24/11/2026", "early", "12:00", "from is no time"},
		{"Asia/Kolkata", "24/11/2026", "10-11", "12:00", "to is given twice"},
		{"Asia/Kolkata", "24/11/2026", "2026-11-25T10:00", "12:00", "from from names another day"},
		{"Asia/Kolkata", "24/11/2026", "24:00", "24:00", "from is no time"},
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		start, end, _, field, reason := readWindow(c.date, c.from, c.to, loc)
		const form = "2006-01-02T15:04Z"
		got := start.UTC().Format(form) + " " + end.UTC().Format(form)
		if reason != "" {
			got = field + " " + reason
		}
		switch f, rest, _ := strings.Cut(c.want, " "); {
		case reason == "" && got != c.want:
			t.Errorf("%v: %s", c, got)
		case reason != "" && (field != f || !strings.Contains(reason, rest)):
			t.Errorf("%v: %s", c, got)
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
			map[string]string{"TICKET": "external_ref", "phone_no": "phone", "Alternate Mobile": "phone", "Time From": "from", "Time to": "to",
				"POSTCODE": "postal_code"}},
		{[]string{"Ticket", "external_ref"}, nil, map[string]string{"external_ref": "external_ref"}},
		{[]string{"Ref", "Job No", "Who"}, map[string]string{"job no": "external_ref", "Who": "name"},
			map[string]string{"Job No": "external_ref", "Who": "name"}},
		{[]string{"Ref", "Fault"}, map[string]string{"Fault": "", "Ref": "external_ref"}, map[string]string{"Ref": "external_ref"}},
		{[]string{"Nr", "Name"}, map[string]string{"external_ref": "Nr"}, map[string]string{"Nr": "external_ref", "Name": "name"}},
		{[]string{"Ref", "Name"}, map[string]string{"Name": "nonsense"}, map[string]string{"Ref": "external_ref"}},
	} {
		if got := readHead(c.header, c.saved).mapping; !maps.Equal(got, c.want) {
			t.Errorf("%v with %v: %v", c.header, c.saved, got)
		}
	}
}

func TestFindTechnician(t *testing.T) {
	all := []domain.User{{Login: "ravi", Name: "Ravi Kumar"}, {Login: "ravi2", Name: "Ravi Rao"}, {Login: "sunil", Name: "Sunil  Patil"},
		{Login: "gone", Name: "Gone Away", Disabled: true}}
	for name, want := range map[string]string{"RAVI": "ravi", "ravi rao": "ravi2", "Sunil": "sunil", "sunil patil": "sunil", "Gone": "",
		"Nobody": "", "": ""} {
		u, reason := findTechnician(all, name)
		if (u != nil) != (want != "") || u != nil && u.Login != want || u == nil && reason == "" {
			t.Errorf("%q: %v %q", name, u, reason)
		}
	}
	if _, reason := findTechnician(all[:2], "Ravi Kumar Rao"); reason == "" {
		t.Error("a name that fits nobody was found")
	}
	if _, reason := findTechnician([]domain.User{{Login: "a1", Name: "Ravi A"}, {Login: "a2", Name: "Ravi B"}},
		"ravi"); !strings.Contains(reason,
		"several") {
		t.Errorf("ambiguous: %q", reason)
	}
}

func TestTidy(t *testing.T) {
	for raw, want := range map[string]string{" a\u00a0b ": "a b", "\u202a+91 98\u202c": "+91 98", "\ufeffref": "ref", "a\r\nb": "a\nb",
		"a\x07b": "ab", "क\u200dष": "क\u200dष"} {
		if got := tidy(raw); got != want {
			t.Errorf("tidy(%q) = %q", raw, got)
		}
	}
}
