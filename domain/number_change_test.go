package domain

import (
	"testing"
	"time"
)

// TestANumberThatStaffChanged walks from when a number proves something, and where the household is written
// to meanwhile.
func TestANumberThatStaffChanged(t *testing.T) {
	at := time.Date(2027, 3, 1, 6, 0, 0, 0, time.UTC)
	job, other := ID{1}, ID{2}
	home := func(struck string, phones ...string) *Customer {
		c := &Customer{Contacts: []Contact{{ID: ID{9}, Phones: phones}}}
		if struck != "" {
			c.Contacts[0].InvalidPhones = JSONList[string]{struck}
		}
		return c
	}
	change := func(was, c *Customer, when time.Time) *Customer {
		if n := NumbersChanged(was, c, when); n != nil {
			c.NumberChanges = append(c.NumberChanges, *n)
		}
		return c
	}
	swapped := change(home("", "old"), home("", "new"), at)
	removed := change(home("", "old"), home(""), at)
	later := home("", "new")
	later.NumberChanges = removed.NumberChanges
	twoSteps := change(removed, later, at.Add(time.Hour))
	refused, waits := change(home("", "old"), home("", "new"), at), change(home("", "old"), home("", "new"), at)
	refused.NumberChanges[0].Refused, waits.NumberChanges[0].Waits = true, true
	merged := home("", "old", "new")
	merged.NumberChanges = JSONList[NumberChange]{{Added: []string{"new"}, At: at, Except: []ID{other}},
		{Added: []string{"old"}, At: at, Only: []ID{other}}}
	for _, x := range []struct {
		name   string
		c      *Customer
		after  time.Duration
		job    ID
		to     string
		proves bool
	}{
		{"registered", home("", "old"), 0, job, "old", true},
		{"changed just now", swapped, 0, job, "old", true},
		{"at the end of the period", swapped, NumberProvesAfter - 1, job, "old", true},
		{"nobody protested", swapped, NumberProvesAfter, job, "new", true},
		{"taken off, then another came", twoSteps, 2 * time.Hour, job, "old", true},
		{"the second is younger than the first", twoSteps, NumberProvesAfter, job, "old", true},
		{"both are over", twoSteps, NumberProvesAfter + time.Hour, job, "new", true},
		{"the household protested", refused, 1000 * time.Hour, job, "old", true},
		{"time alone does not do", waits, 1000 * time.Hour, job, "old", true},
		{"the old one was wrong", change(home("", "old"), home("old", "new"), at), 0, job, "new", false},
		{"added beside", change(home("", "old"), home("", "new", "old"), at), 0, job, "old", true},
		{"none before", change(home(""), home("", "new"), at), 0, job, "new", false},
		{"merged, for the one's job", merged, 0, job, "old", true},
		{"merged, for the other's job", merged, 0, other, "new", true},
		{"merged long ago", merged, NumberProvesAfter, other, "old", true},
		{"no number", home(""), 0, job, "", false},
	} {
		now := at.Add(x.after)
		if to, proves := x.c.TextTo(nil, x.job, now); to != x.to || proves != x.proves || x.to != "" && x.c.Proves(x.to, x.job, now) != proves {
			t.Errorf("%s: written to %q (%v), want %q (%v)", x.name, to, proves, x.to, x.proves)
		}
	}
	if n := NumbersChanged(home("", "old"), home("old"), at); n != nil {
		t.Errorf("a number proved wrong was changed by nobody: %+v", n)
	}
	if n := NumbersChanged(swapped, home("", "new", "old"), at); n != nil {
		t.Errorf("the old one came back, and that is a change: %+v", n)
	}
}

// TestWhoseAJobIsAfterAMerge walks the place of a job that was made, or moved, after two rows became one: of the part, of the other, of
// both, and of nobody before.
func TestWhoseAJobIsAfterAMerge(t *testing.T) {
	at := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	part, other, both, fresh := ID{1}, ID{2}, ID{3}, ID{4}
	for _, x := range []struct {
		name             string
		site             ID
		moved            bool
		theirs, ofOthers bool // whether the number of the part, and that of the other, proves for the job
	}{
		{"at the part's place", part, false, true, false},
		{"at the other's place", other, false, false, true},
		{"where both have it", both, false, false, false},
		{"at a place that came since", fresh, false, false, false},
		{"moved to the part's place", part, true, false, false},
		{"moved to the other's place", other, true, false, true},
	} {
		c := &Customer{Contacts: []Contact{{Phones: []string{"part", "other"}}}}
		old := []ID{{9}}
		for i, added := range []string{"part", "other"} {
			n := NumberChange{Added: []string{added}, At: at, Part: []ID{part}, Other: []ID{other}}
			if i == 0 {
				n.Except = append([]ID{}, old...)
			} else {
				n.Only = append([]ID{}, old...)
			}
			c.NumberChanges = append(c.NumberChanges, n)
		}
		j := &Job{Meta: Meta{ID: ID{8}}, SiteID: x.site}
		c.Whose(j, x.moved, at)
		if a, b := c.Proves("part", j.ID, at), c.Proves("other", j.ID, at); a != x.theirs || b != x.ofOthers {
			t.Errorf("%s: the part's number proves %v, the other's %v", x.name, a, b)
		}
		device := func(job ID) bool { return c.DeviceProves(&Device{JobID: &job}, j.ID, at) }
		if a, b := device(old[0]), device(ID{7}); a != x.theirs || b != x.ofOthers {
			t.Errorf("%s: the part's device proves %v, the other's %v", x.name, a, b)
		}
		if c.Whose(j, true, at.Add(NumberProvesAfter)) || !c.Proves("part", j.ID, at.Add(NumberProvesAfter)) {
			t.Errorf("%s: the merge is asked about no longer, and binds", x.name)
		}
	}
}
