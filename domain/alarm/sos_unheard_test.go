package alarm

import (
	"strings"
	"testing"

	"doorstep/domain"
)

func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		x    domain.SOS
		says string
	}{
		{domain.SOS{Country: "IN", Language: "en", DeskPhone: "+912012345678"},
			"Nobody was reached yet: call 112, or your desk at +912012345678."},
		{domain.SOS{Country: "GB", Language: "en"}, "Nobody was reached yet: call 999."},
		{domain.SOS{Country: "IN", Language: "hi-IN", DeskPhone: "+912012345678"},
			"अभी तक कोई नहीं मिला: 112 पर या अपने डेस्क को +912012345678 पर कॉल करें।"},
		{domain.SOS{Country: "IN", Language: "hi"}, "अभी तक कोई नहीं मिला: 112 पर कॉल करें।"},
	} {
		raiser := domain.Actor{UserID: domain.ID{1}, Role: domain.RoleTechnician}
		c.x.RaiserID, c.x.Status, c.x.Source = raiser.UserID, "raised", "tap"
		if v := c.x.View(raiser); v.Advice != c.says || v.Reached {
			t.Errorf("the raiser reads %q, want %q", v.Advice, c.says)
		}
		// Not anybody else, not when somebody was reached or answers, never in silence.
		reached, taken, silent, avoided := c.x, c.x, c.x, c.x
		reached.HeardBy = domain.JSONList[domain.ID]{{2}}
		taken.Status = "acknowledged"
		silent.Source = "duress"
		avoided.HeardBy, avoided.Avoid = domain.JSONList[domain.ID]{{2}}, domain.JSONList[domain.ID]{{2}}
		for name, v := range map[string]domain.SOSView{"somebody else": c.x.View(domain.Actor{UserID: domain.ID{3}, Role: domain.RoleAdmin}),
			"reached":  reached.View(raiser),
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
