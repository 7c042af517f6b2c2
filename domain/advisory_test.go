package domain

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// Whatever the zone and the day: an advisory stands for all of its last day
// there, for nothing of the next, and never beyond twelve months.
func TestAnAdvisoryStandsForAllOfItsLastDay(t *testing.T) {
	zones := []string{"UTC", "Asia/Kolkata", "Europe/London", "America/New_York", "America/Santiago", "America/Havana", "Africa/Cairo",
		"Australia/Lord_Howe", "Asia/Tehran", "Pacific/Apia", "America/Sao_Paulo"}
	rapid.Check(t, func(t *rapid.T) {
		loc := Location(rapid.SampledFrom(zones).Draw(t, "zone"))
		now := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 15*365*24*60).Draw(t, "minute")) * time.Minute)
		day := now.In(loc).AddDate(0, 0, rapid.IntRange(-2, 370).Draw(t, "days"))
		raw := day.Format(time.DateOnly)
		end, err := AdvisoryTerm(raw, loc, now)
		if raw < now.In(loc).Format(time.DateOnly) || raw > now.In(loc).AddDate(1, 0, 0).Format(time.DateOnly) {
			if err == nil {
				t.Fatalf("%s is taken at %v", raw, now.In(loc))
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if last := end.Add(-time.Second).In(loc).Format(time.DateOnly); last > raw {
			t.Fatalf("%s ends %v there, which is after it", raw, end.In(loc))
		}
		if first := end.In(loc).Format(time.DateOnly); first <= raw {
			t.Fatalf("%s ends %v there, while it lasts", raw, end.In(loc))
		}
		x := &Advisory{Status: AdvisoryApproved, ExpiresAt: end}
		at := now.Add(time.Duration(rapid.IntRange(0, 400*24*60).Draw(t, "later")) * time.Minute)
		if (x.Stands(at) == AdvisoryApproved) != (at.In(loc).Format(time.DateOnly) <= raw) {
			t.Fatalf("at %v it is %s", at.In(loc), x.Stands(at))
		}
	})
}

// TestAdvisoryMovesWalked: what is offered and what is refused agree, and no
// person alone can propose and approve, or decide an appeal against himself.
func TestAdvisoryMovesWalked(t *testing.T) {
	me, other, area := uuid.New(), uuid.New(), uuid.New()
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, status := range []AdvisoryStatus{AdvisoryProposed, AdvisoryApproved, AdvisoryRefused, AdvisoryEnded, AdvisoryExpired} {
		for _, role := range Roles {
			for _, mine := range []bool{true, false} {
				for _, renewing := range []bool{true, false} {
					for _, appealed := range []bool{true, false} {
						for _, over := range []bool{true, false} {
							who := other
							if mine {
								who = me
							}
							x := &Advisory{Status: status, AreaID: area, ProposedBy: who, Involved: JSONList[ID]{who}, ExpiresAt: now.Add(time.Hour)}
							if over {
								x.ExpiresAt = now
							}
							if renewing {
								x.RenewOn, x.RenewBy = "2027-09-01", &who
							}
							var appeals []Appeal
							if appealed {
								appeals = []Appeal{{}}
							}
							a := Actor{UserID: me, Role: role, AreaID: area}
							v := NewAdvisoryView(a, x, appeals, now)
							for _, m := range AdvisoryMoves {
								if m.elsewhere(x, now) {
									continue // the row of its state says it
								}
								want := Has(m.Roles, role) && Has(m.From, status) && !over
								switch m.Action {
								case "approve", "refuse":
									want = want && !mine && (status == AdvisoryProposed || renewing)
								case "renew":
									want = want && !renewing
								case "appeal":
									want = want && !appealed
								case "decide-appeal":
									want = want && appealed && !mine
								}
								if got := Has(v.Actions, m.Action); got != want {
									t.Errorf("%s of %s (mine %v, renewing %v, appealed %v, over %v) by %s: offered %v", m.Action, status, mine, renewing, appealed,
										over, role, got)
								}
							}
						}
					}
				}
			}
		}
	}
}
