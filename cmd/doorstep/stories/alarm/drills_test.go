package alarm

import (
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

const titleDrill = "Drill: this is a test"

// A drill rings whoever is on duty and says that it is one; who did not hear it is known.
func TestADrillTriesThePhones(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "sos.taken", "sos.drill")
		h.MayIgnore("sos.call_yourself", "sos.unheard")
		ravi, meena, asha, kiran := h.As("ravi"), h.As("meena"), h.As("asha"), h.As("kiran")
		drills := "/v1/centres/" + h.Centre.String() + "/drills"
		at := harness.Monday.Add(time.Hour)
		plan := object{"at": at.Format(time.RFC3339)}
		kiran.Send("POST", drills, plan, 403)
		kiran.Send("GET", drills, nil, 403)
		h.As("asha2").Send("POST", drills, plan, 404)
		h.As("asha2").Send("GET", drills, nil, 404)
		asha.Send("POST", drills, object{"at": harness.Monday.Add(-time.Hour).Format(time.RFC3339)}, 422)
		drill := asha.Send("POST", drills, plan, 201)
		heard := "/v1/me/drills/" + drill["id"].(string) + "/heard"
		ravi.Send("POST", heard, nil, 404) // he is not rung yet

		// Meena has no phone, Kiran does not answer, Dev rests.
		meena.Send("DELETE", "/v1/devices/"+items(meena.Send("GET", "/v1/me/devices", nil, 200))[0]["installation_id"].(string), nil, 204)
		h.AddColleague("dev", asha)
		h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
			u, err := tx.LockUser(h.People["dev"].ID)
			if err != nil {
				return err
			}
			u.QuietFrom, u.QuietTo = "08:00", "20:00"
			return tx.SaveUser(u)
		}))
		h.Advance(time.Hour + time.Second)
		h.Settle()
		if n := h.Pushes("ravi", titleDrill); n != 1 {
			t.Errorf("ravi was rung %d times", n)
		}
		x := meena.RaiseSOS() // a real one, meanwhile
		h.Settle()
		if h.Alarms("asha") != 1 || h.Pushes("asha", titleDrill) != 1 {
			t.Errorf("asha: %d alarms, %d drills", h.Alarms("asha"), h.Pushes("asha", titleDrill))
		}
		got := ravi.Send("POST", heard, nil, 200)
		asha.Send("POST", heard, nil, 200)
		ravi.Send("POST", heard, nil, 200)
		if list := got["people"].([]any); len(list) != 1 || list[0].(object)["user_id"] != ravi.ID.String() {
			t.Errorf("he reads of others: %v", list)
		}
		if s := h.As("root").Send("GET", "/v1/sos/"+x.ID, nil, 200); s["status"] != "raised" {
			t.Errorf("to hear a drill answered an alarm: %v", s["status"])
		}
		asha.AcknowledgeSOS(x)
		asha.ResolveSOS(x, bodies.SOSResolve{Words: "She is out.", Outcome: "real"})
		h.Advance(15 * time.Minute)
		h.Expect("asha", "The drill is over")
		ended := items(asha.Send("GET", drills, nil, 200))[0]
		results := map[any]any{}
		for _, p := range ended["people"].([]any) {
			results[p.(object)["user_id"]] = p.(object)["result"]
		}
		for login, want := range map[string]any{"ravi": "heard", "asha": "heard", "meena": "no_device", "kiran": "unanswered", "dev": nil} {
			if got := results[h.People[login].ID.String()]; got != want {
				t.Errorf("%s: %v, want %v", login, got, want)
			}
		}
		if ended["status"] != "ended" {
			t.Errorf("the drill: %v", ended)
		}
		kiran.Send("POST", heard, nil, 409)

		// The list of phones says who was tested; after 30 days it counts no more.
		untested := func(login string) any {
			for _, p := range items(asha.Send("GET", "/v1/centres/"+h.Centre.String()+"/phones", nil, 200)) {
				if p["user_id"] == h.People[login].ID.String() {
					return p["untested"]
				}
			}
			return nil
		}
		if untested("ravi") != false || untested("meena") != true {
			t.Errorf("untested: ravi %v, meena %v", untested("ravi"), untested("meena"))
		}
		figures := h.As("root").Send("GET", "/v1/reports/safety?from=2027-03-01&to=2027-03-02", nil, 200)["total"].(object)
		if figures["alarms"] != 1.0 {
			t.Errorf("the figures: %v", figures)
		}
		h.Clock.Set(at.Add(30*24*time.Hour + time.Second))
		if untested("ravi") != true {
			t.Error("tested for ever")
		}
	})
}

// A drill that is taken back rings nobody.
func TestADrillIsTakenBack(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.drill", "drill.ended")
		asha, drills := h.As("asha"), "/v1/centres/"+h.Centre.String()+"/drills"
		plan := func(after time.Duration) string {
			return "/v1/drills/" + asha.Send("POST", drills, object{"at": harness.Monday.Add(after).Format(time.RFC3339)}, 201)["id"].(string)
		}
		first, second := plan(time.Hour), plan(2*time.Hour)
		h.As("kiran").Send("DELETE", first, nil, 403)
		h.As("asha2").Send("DELETE", first, nil, 404)
		asha.Send("DELETE", first, nil, 204)
		asha.Send("DELETE", first, nil, 409)
		h.Advance(time.Hour + time.Second)
		if n := h.Pushes("ravi", titleDrill); n != 0 {
			t.Errorf("a drill that was taken back rang %d times", n)
		}
		h.Advance(time.Hour)
		if n := h.Pushes("ravi", titleDrill); n != 1 {
			t.Errorf("the other one rang %d times", n)
		}
		asha.Send("DELETE", second, nil, 409)
		h.Advance(time.Hour)
		// Heard where there was no network: it counts by its time.
		heard := "/v1/me" + second[len("/v1"):] + "/heard"
		for after, want := range map[time.Duration]int{-time.Minute: 409, 16 * time.Minute: 409} {
			h.As("ravi").Send("POST", heard, object{"occurred_at": harness.Monday.Add(2*time.Hour + after).Format(time.RFC3339)}, want)
		}
		said := object{"occurred_at": harness.Monday.Add(2*time.Hour + 4*time.Minute).Format(time.RFC3339)}
		if got := h.As("ravi").Send("POST", heard, said, 200); got["people"].([]any)[0].(object)["result"] != "heard" {
			t.Errorf("heard offline: %v", got)
		}
		if d := items(asha.Send("GET", drills, nil, 200)); d[0]["status"] != "ended" || d[1]["status"] != "cancelled" {
			t.Errorf("they are %v", d)
		}
	})
}
