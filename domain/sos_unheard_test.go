package domain

import (
	"strings"
	"testing"
)

func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		x    SOS
		says string
	}{
		{SOS{Country: "IN", Language: "en", DeskPhone: "+912012345678"}, "Nobody was reached yet: call 112, or your desk at +912012345678."},
		{SOS{Country: "GB", Language: "en"}, "Nobody was reached yet: call 999."},
		{SOS{Country: "IN", Language: "hi-IN", DeskPhone: "+912012345678"},
			"अभी तक कोई नहीं मिला: 112 पर या अपने डेस्क को +912012345678 पर कॉल करें।"},
		{SOS{Country: "IN", Language: "hi"}, "अभी तक कोई नहीं मिला: 112 पर कॉल करें।"},
	} {
		raiser := Actor{UserID: ID{1}, Role: RoleTechnician}
		c.x.RaiserID, c.x.Status, c.x.Source = raiser.UserID, "raised", "tap"
		if v := c.x.View(raiser); v.Advice != c.says || v.Reached {
			t.Errorf("the raiser reads %q, want %q", v.Advice, c.says)
		}
		// Not anybody else, not when somebody was reached or answers, never in silence.
		reached, taken, silent, avoided := c.x, c.x, c.x, c.x
		reached.HeardBy = JSONList[ID]{{2}}
		taken.Status = "acknowledged"
		silent.Source = "duress"
		avoided.HeardBy, avoided.Avoid = JSONList[ID]{{2}}, JSONList[ID]{{2}}
		for name, v := range map[string]SOSView{"somebody else": c.x.View(Actor{UserID: ID{3}, Role: RoleAdmin}), "reached": reached.View(raiser),
			"answered": taken.View(raiser), "in silence": silent.View(raiser)} {
			if v.Advice != "" {
				t.Errorf("%s: reads %q", name, v.Advice)
			}
		}
		if v := avoided.View(raiser); v.Reached || !strings.Contains(v.Advice, "112") && c.x.Country == "IN" {
			t.Errorf("only whom it must not reach took it, and it says %v %q", v.Reached, v.Advice)
		}
	}
}
