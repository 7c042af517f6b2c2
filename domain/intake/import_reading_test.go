package intake_test

import (
	"strings"
	"testing"
	"time"
)

// What the sheet says lands: the e-mail with the contact, the length with the visit, titles and turned
// names with one household, letter case of a ticket with one job.
func TestWhatASheetSaysLands(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		const head = "Call sheet of Monday|\nTicket *|Customer|Mobile No. (10 digit)|Address Line 1|City|Email|Visit Date (DD/MM/YYYY)|Slot|Duration|Product|Serial|Stock"
		in := table(append(strings.Split(head, "\n"),
			"ab-1|Ramesh Kumar|98765 43210 (office)|12 MG Road|Pune|r@example.org|24/11/2026|2-4|45 min|refrigerator|SN-1|7",
			"AB-2|Mr. Kumar Ramesh|9876543210|12 MG Road|Pune||25/11/2026|Morning||washing_machine|SN-1|",
			"Total: 2|||||||||||")...)
		r := w.outcomes(in, "created", "created")
		j, household := w.job("ab-1"), w.customer("ab-1")
		if v := w.visits("ab-1"); len(v) != 1 || v[0].PlannedMinutes != 45 ||
			!v[0].WindowStart.Equal(time.Date(2026, 11, 24, 8, 30, 0, 0, time.UTC)) {
			t.Errorf("visit %+v", v)
		}
		if household.ID != w.job("AB-2").CustomerID || household.Contacts[0].Email != "r@example.org" ||
			household.Sites[0].Address != "12 MG Road, Pune" {
			t.Errorf("household %+v", household)
		}
		if j.Note != "Mobile No. (10 digit): 98765 43210 (office)\nStock: 7" || w.job("AB-2").
			Note != "Visit Date (DD/MM/YYYY): 25/11/2026\nSlot: Morning" || j.Fault != "" ||
			len(w.visits("AB-2")) != 0 {
			t.Errorf("notes %q and %q", j.Note, w.job("AB-2").Note)
		}
		said := ""
		for _, o := range r.LeftOut {
			said += o.Column + " " + o.Cell + ": " + o.Why + "\n"
		}
		for _, item := range r.Items {
			for _, o := range item.LeftOut {
				said += o.Column + " " + o.Cell + ": " + o.Why + "\n"
			}
		}
		for _, want := range []string{"Call sheet of Monday: It stands above", "Total: 2: It is a sum", "Stock : This column is not known",
			"Slot Morning: is no time"} {
			if !strings.Contains(said, want) {
				t.Errorf("nothing says %q:\n%s", want, said)
			}
		}
		if w.job("AB-2").RepeatOf != nil {
			t.Error("a washing machine repeats a refrigerator")
		}
		again := table(strings.Split(head, "\n")[1], "AB-1|Ramesh Kumar|9876543210|12 MG Road|Pune|||||||")
		if r := w.outcomes(again, "u"); r.Created != 0 || *r.Items[0].JobID != j.ID { // unchanged or updated, of the same job
			t.Errorf("another letter case: %+v", r.Items[0])
		}
	})
}
