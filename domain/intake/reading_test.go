package intake

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/intake/heaptest"
)

// Any day, written in any way of any order, is read back.
func TestAnyDayIsReadBack(t *testing.T) {
	forms := map[dateOrder][]string{
		dayFirst:   {"02/01/2006", "2/1/2006", "02-01-2006", "02.01.2006", "2/1/06", "02/01/2006 15:04", "02/01/2006 03:04 PM"},
		monthFirst: {"01/02/2006", "1/2/2006", "01-02-2006", "1/2/06", "01/02/2006 15:04", "1/2/2006 3:04 PM"},
		orderUnknown: {"2006-01-02", "2006/01/02", "20060102", "2 Jan 2006", "02-Jan-06", "Jan 2, 2006", "January 2 2006", "Mon, 2 January 2006",
			"Monday 2 Jan 2006",
			"2006-01-02T15:04:05Z", "2006-01-02T15:04", "2006-01-02 15:04:05", "Mon Jan 02 2006 15:04:05 GMT-0700"},
	}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SampledFrom([]dateOrder{dayFirst, monthFirst}).Draw(t, "order")
		loc := rapid.SampledFrom([]string{"Asia/Kolkata", "America/New_York", "Europe/London", "Asia/Manila", "Pacific/Auckland"}).Draw(t, "zone")
		zone := domain.Location(loc)
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 2000).Draw(t, "day")).
			Add(time.Duration(rapid.IntRange(0, 24*60-1).Draw(t, "minute")) * time.Minute)
		form := rapid.SampledFrom(append(forms[order], forms[orderUnknown]...)).Draw(t, "form")
		if strings.ContainsAny(form, "ZG") { // an instant: the day is the zone's
			at = at.In(zone)
		}
		written := at.Format(form)
		if strings.HasSuffix(form, "Z") {
			written = at.UTC().Format(form)
		}
		days, clock := readDate(written, order, zone)
		if len(days) != 1 || days[0] != at.Format(time.DateOnly) {
			t.Fatalf("%q as %v: %v, want %s", written, order, days, at.Format(time.DateOnly))
		}
		if strings.ContainsAny(form, "45") && strings.Contains(form, ":") && at.Hour()+at.Minute() > 0 {
			if c, ok := readClock(clock); !ok || c.minutes != at.Hour()*60+at.Minute() {
				t.Fatalf("%q: clock %q", written, clock)
			}
		}
	})
}

// Both readings of a day whose file proves both orders are offered, and the right one is among them.
func TestMixedOrdersOfferBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 364).Draw(t, "day"))
		days, _ := readDate(at.Format(rapid.SampledFrom([]string{"02/01/2006", "01/02/2006"}).Draw(t, "form")), orderMixed, time.UTC)
		if !domain.Has(days, at.Format(time.DateOnly)) || len(days) > 2 || at.Day() > 12 && len(days) != 1 {
			t.Fatalf("%s: %v", at, days)
		}
	})
}

// Any number of a country, in any way people write it, alone or with another, is read back; with a digit
// more or less it is not.
func TestAnyPhoneIsReadBack(t *testing.T) {
	draw := map[string]func(t *rapid.T) (national, e164 string){
		"IN": func(t *rapid.T) (string, string) {
			n := fmt.Sprintf("98%08d", rapid.IntRange(10_000_000, 99_999_998).Draw(t, "number"))
			return n, "+91" + n
		},
		"US": func(t *rapid.T) (string, string) {
			n := fmt.Sprintf("212%03d%04d", rapid.IntRange(230, 499).Draw(t, "exchange"), rapid.IntRange(1000, 9998).Draw(t, "number"))
			return n, "+1" + n
		},
		"GB": func(t *rapid.T) (string, string) {
			n := fmt.Sprintf("7400%06d", rapid.IntRange(100_000, 999_998).Draw(t, "number"))
			return "0" + n, "+44" + n
		},
	}
	devanagari := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return '०' + r - '0'
			}
			return r
		}, s)
	}
	rapid.Check(t, func(t *rapid.T) {
		country := rapid.SampledFrom([]string{"IN", "US", "GB"}).Draw(t, "country")
		read := dialled(country)
		one, want := draw[country](t)
		two, other := draw[country](t)
		if placeholder(want) || placeholder(other) {
			t.Skip("a placeholder")
		}
		spaced := one[:5] + rapid.SampledFrom([]string{" ", "-", "  ", " - "}).Draw(t, "gap") + one[5:]
		write := rapid.SampledFrom([]string{one, spaced, want, "Mob: " + one, one + ".0", "(" + one + ")", devanagari(one),
			" " + one + "\u00a0"}).Draw(t, "written")
		if strings.HasSuffix(write, ".0") && country == "GB" {
			write = one
		}
		if got := readPhones(write, read); len(got.numbers) != 1 || got.numbers[0] != want || got.lost != "" {
			t.Fatalf("%q: %+v, want %s", write, got, want)
		}
		both := one + rapid.SampledFrom([]string{" / ", ",", ";", "\\", "\n", " or ", " & ", "|"}).Draw(t, "between") + two
		if got := readPhones(both, read); len(got.numbers) == 0 || got.numbers[0] != want || !domain.Has(got.numbers, other) ||
			len(got.numbers) > 2 || got.lost != "" {
			t.Fatalf("%q: %+v, want %s and %s", both, got, want, other)
		}
		if country == "IN" {
			for _, wrong := range []string{one + "7", one[:9], one[:5] + "O" + one[6:]} {
				if got := readPhones(wrong, read); len(got.numbers) > 0 || got.lost == "" {
					t.Fatalf("%q: %+v", wrong, got)
				}
			}
		}
	})
}

// The order of columns, and what they are called, changes nothing of what is read.
func TestAnyOrderOfColumnsIsReadBack(t *testing.T) {
	names := map[string][]string{"external_ref": {"Ticket", "Job No.", "Complaint No *", "शिकायत संख्या"},
		"name":  {"Customer", "Customer Name*", "ग्राहक का नाम"},
		"phone": {"Mobile", "Mobile No. (10 digit)", "Contact #", "मोबाइल नंबर"}, "address": {"Address", "Full Address", "पता"},
		"postal_code": {"Pincode", "ZIP"}, "fault": {"Complaint", "Problem / समस्या"}, "date": {"Visit Date", "Appointment date (DD/MM/YYYY)"},
		"from":       {"Slot", "Time Slot (From-To)"},
		"technician": {"Engineer", "Assigned to"}, "email": {"Email", "E-mail ID"}, "duration": {"Duration", "Planned minutes"}}
	cells := map[string]string{"external_ref": "T-1", "name": "Lata Joshi", "phone": "98123 45671", "address": "12 MG Road",
		"postal_code": "411005", "fault": "Dead",
		"date": "13/03/2027", "from": "10:00-12:00", "technician": "Sunil", "email": "l@example.org", "duration": "45 min"}
	var fields []string
	for f := range names {
		fields = append(fields, f)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var head, row []string
		for _, f := range rapid.Permutation(fields).Draw(rt, "order") {
			head, row = append(head, rapid.SampledFrom(names[f]).Draw(rt, f)), append(row, cells[f])
			if rapid.IntRange(0, 4).Draw(rt, "gap") == 0 {
				head, row = append(head, ""), append(row, "")
			}
		}
		lines := []string{"Daily sheet"}[:rapid.IntRange(0, 1).Draw(rt, "title")]
		lines = append(lines, strings.Join(head, "|"), strings.Join(row, "|"))
		got := rowsOf(t, nil, lines...)
		if len(got) != 1 {
			rt.Fatalf("%v: %d rows", lines, len(got))
		}
		const want = "external_ref=T-1; name=Lata Joshi; email=l@example.org; address=12 MG Road; postal_code=411005; fault=Dead; phones=+919812345671; " +
			"window=13T04:30-06:30; minutes=45; crew=1"
		if is := got[0].describe(); is != want {
			rt.Fatalf("%v\n%s\nwant %s", lines, is, want)
		}
	})
}

// Every word of the headings' files means its field, in any case, with a star, a hint or a point behind.
func TestEveryHeadingMeansItsField(t *testing.T) {
	for key, field := range words.fields {
		if domain.HeadingKey(key) == "" { // "#" stands alone
			continue
		}
		for _, form := range []string{key, strings.ToUpper(key), key + " *", key + " (required)", key + "."} {
			if got := meaning(form); got != field {
				t.Errorf("%q means %q, want %q", form, got, field)
			}
		}
	}
	for heading, want := range map[string]string{"Mobile 2": "phone.other", "Phone2": "phone.other", "Address 3": "address.line",
		"Cust. Ph.": "phone", "Tel./Mob.": "phone",
		"Customer's Pincode": "postal_code", "Alternate Mobile Number": "phone.other", "Colour": "", "Technician Mobile": "", "Total": "", "": "",
		"Emergency Contact No": "phone.other"} {
		if got := meaning(heading); got != want {
			t.Errorf("%q means %q, want %q", heading, got, want)
		}
	}
}

// FuzzReadRow: whatever stands in cells, reading them ends, and nothing that is read is what no contract takes.
func FuzzReadRow(f *testing.F) {
	for _, s := range []string{"A-1|98123 45671 / 72|01/03/2027|2-4|R. Patil|1.5 h|Closed",
		"2.0E+14|(O) 022 2555 0160 (M)|2027-02-28T18:30:00.000Z|Morning|Ravi|x|0",
		"१|९८१२३४५६७१|1st मार्च 2027|10 बजे से 12|श्री सुनील|1:30|NA", "||||||", "=\"1\"|'1|46447.4|.5|&|-|?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		cells := strings.Split(line, "|")
		file := &File{Sheets: []Sheet{{Rows: []ImportRow{{Line: 1, Cells: []string{"Ticket", "Mobile", "Date", "Slot", "Engineer", "Duration",
			"Status", "Serial", "Notes", "Lat", "Lon"}},
			{Line: 2, Cells: cells}, {Line: 3, Cells: append([]string{"Z"}, cells...)}}}}}
		var rows []*parsedRow
		heaptest.Bounded(t, func() { rows = rowsIn(t, &domain.Centre{Zone: "Asia/Kolkata", Country: "IN"}, file, nil) })
		for _, w := range rows {
			for field, most := range importLimits {
				if n := len([]rune(w.is(field))); n > most {
					t.Fatalf("%s has %d characters", field, n)
				}
			}
			if !w.start.IsZero() && (!w.end.After(w.start) || w.end.Sub(w.start) > 13*time.Hour) {
				t.Fatalf("window %s to %s", w.start, w.end)
			}
			if d := w.doubt; d != nil && (d.Takes != "phone" || len(w.phones) > 0 || d.Choices[len(d.Choices)-1].Answer != LeaveOut) {
				t.Fatalf("%+v", d)
			}
			for _, q := range w.questions {
				if len(q.Choices) < 2 || q.Choices[len(q.Choices)-1].Answer != LeaveOut || q.ID == "" || q.Alike == "" {
					t.Fatalf("%+v", q)
				}
			}
			if len(w.phones) > 10 || w.minutes < 0 || w.minutes > 720 {
				t.Fatalf("%v %d", w.phones, w.minutes)
			}
		}
	})
}

// Whatever stands in the longest table that is handed on, the heap grows by at most 100 MiB while its rows are understood.
func TestUnderstandingHoldsLittle(t *testing.T) {
	if os.Getenv("DOORSTEP_TEST_LONG") == "" {
		t.Skip("long: told with DOORSTEP_TEST_LONG=1 (make test-all)")
	}
	centre := &domain.Centre{Zone: "Asia/Kolkata", Country: "IN"}
	for name, cell := range map[string]func(row, column int) string{
		"texts":      func(row, column int) string { return strings.Repeat("é ", 7) + fmt.Sprint(row, column) },
		"numbers":    func(int, int) string { return "98123 45671 / 72 or 0" },
		"separators": func(int, int) string { return "/,;|/,;|/,;|" },
		"digits":     func(int, int) string { return "१२३४५६७८९०१२" },
		"clocks":     func(int, int) string { return "1-2 3-4 5-6 7" },
		"long cells": func(row, column int) string { return strings.Repeat("9 ", map[bool]int{true: 1_500}[column < 2]) },
		"errors":     func(int, int) string { return "#REF!" },
	} {
		t.Run(name, func(t *testing.T) {
			head := []string{"Ticket", "Mobile", "Date", "Slot", "Engineer", "Duration", "Status", "Serial", "Notes", "Lat", "Address"}
			for len(head) < MaxSheetColumns {
				head = append(head, fmt.Sprint("Other ", len(head)))
			}
			s := Sheet{Rows: []ImportRow{{Line: 1, Cells: head}}}
			for i := range MaxImportRows {
				cells := make([]string, MaxSheetColumns)
				for k, size := 0, 0; k < len(cells) && size < 3_200; k++ { // 16 MiB in all
					cells[k] = cell(i, k)
					size += len(cells[k])
				}
				s.Rows = append(s.Rows, ImportRow{Line: i + 2, Cells: cells})
			}
			file := &File{Sheets: []Sheet{s}}
			defer debug.SetGCPercent(debug.SetGCPercent(100))
			grown := heaptest.Growth(func() {
				table, err := findTable(file, nil)
				if err != nil {
					t.Fatal(err)
				}
				r := newRowReader(&casework.Service{ParsePhone: func(raw, country string) (string, error) {
					n, _ := dialled(country)(raw)
					return n, nil
				}}, &table.head, centre, nil, nil)
				for i := range table.rows {
					if w := r.read(table.rows[i]); len(w.leftOut) > 1_000 {
						t.Errorf("%d cells left out of one row", len(w.leftOut))
					}
				}
			})
			if grown > heaptest.Most {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
			t.Logf("%d MiB", grown>>20)
		})
	}
}

// A cell of nothing but digits and gaps is not tried for ever.
func TestPhoneCellsAreBounded(t *testing.T) {
	tries := 0
	w := &parsedRow{text: map[string]string{"address": "x"},
		row: ImportRow{Cells: []string{strings.Repeat("98123456719812345671 9 8 1 2 3 4 5 6 7 1 / ", 100)}}}
	w.head = &importHead{columns: map[string][]column{"phone": {{at: 0, heading: "Mobile"}}}}
	w.readPhones(func(raw string) (string, bool) {
		tries++
		return dialled("IN")(raw)
	})
	if tries > mostTries || len(w.leftOut) != 1 {
		t.Errorf("%d tries, %v", tries, w.leftOut)
	}
}

// BenchmarkReading reads 5,000 rows of 30 columns from cells to rows understood.
func BenchmarkReading(b *testing.B) {
	head := "Ticket|Customer|Mobile|Address|City|Pincode|Product|Brand|Model|Serial|Complaint|Visit Date|Slot|Engineer|Status|Email"
	for i := range 14 {
		head += fmt.Sprintf("|Other %c", 'A'+i)
	}
	lines := []string{head}
	for i := range MaxImportRows {
		line := fmt.Sprintf(
			"T-%d|Household %d|98%08d|%d MG Road|Pune|411005|refrigerator|Coldly|X%d|SN%06d|Does not cool|%02d/03/2027|10:00-12:00|R. Patil|Open|h%d@example.org", i, i,
			10_000_000+i, i, i, i, i%28+1, i)
		lines = append(lines, line+strings.Repeat("|something or other", 14))
	}
	file := fileOf(lines...)
	s := &casework.Service{ParsePhone: func(raw, country string) (string, error) {
		if n, ok := dialled(country)(raw); ok {
			return n, nil
		}
		return "", fmt.Errorf("no number")
	}}
	c := &domain.Centre{Zone: "Asia/Kolkata", Country: "IN"}
	b.ReportAllocs()
	for b.Loop() {
		table, err := findTable(file, nil)
		if err != nil || len(table.rows) != MaxImportRows {
			b.Fatal(err)
		}
		r := newRowReader(s, &table.head, c, []domain.User{{Login: "ravi.patil", Name: "Ravi Patil"}}, nil)
		for _, row := range table.rows {
			if w := r.read(row); len(w.errors) > 0 || len(w.phones) != 1 || w.start.IsZero() {
				b.Fatal(w.describe())
			}
		}
	}
	runtime.KeepAlive(file)
}
