package decisions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// Whoever answers an SOS needs to know where: job, visit, home, centre and what
// the phone said. It stands in the queue and on the board, for those who may
// answer, and never in a push (docs/product.md section 5).

// handOverMost bounds whom a hand-over offers.
const handOverMost = 60

// PlaceOfSOS says where an SOS is, as far as it is known.
func PlaceOfSOS(ctx context.Context, s *casework.Service, x *domain.SOS) (Place, error) {
	everything := domain.Scope{All: true} // of the one place that the reader answers for
	var out Place
	zone := domain.Location("")
	if x.CentreID != nil {
		c, err := s.Read.Centre(ctx, everything, *x.CentreID)
		if err != nil {
			return out, err
		}
		zone = c.Location()
		out.know("Centre "+c.Name, "centre", "name", c.Name)
	}
	if x.JobID != nil {
		j, err := s.Read.Job(ctx, everything, *x.JobID)
		if err != nil {
			return out, err
		}
		home, err := s.Read.Customer(ctx, everything, j.CustomerID)
		if err != nil {
			return out, err
		}
		out.know("Job "+jobWords(j)+": "+j.Fault, "job", "ref", jobWords(j), "text", j.Fault)
		for i := range home.Sites {
			site := &home.Sites[i]
			if site.ID != j.SiteID {
				continue
			}
			zone = site.Location()
			parts := slices.DeleteFunc([]string{site.Address, site.Landmark, site.PostalCode}, func(part string) bool { return part == "" })
			if len(parts) > 0 {
				out.know("Address: "+strings.Join(parts, ", "), "address", "name", home.Name, "address", strings.Join(parts, ", "))
			}
			if site.Lat != nil && site.Lon != nil {
				words, at := pointWords(*site.Lat, *site.Lon)
				out.know("Home at "+words, "home_at", at...)
			}
		}
	}
	if x.VisitID != nil {
		v, err := s.Read.Visit(ctx, everything, *x.VisitID)
		if err != nil {
			return out, err
		}
		there := ""
		words := fmt.Sprintf("Visit %s to %s, now %s", v.WindowStart.In(zone).Format("2 Jan 15:04"), v.WindowEnd.In(zone).Format("15:04"),
			strings.ReplaceAll(string(v.Status), "_", " "))
		if v.Inside() {
			since := v.StartedAt
			if v.ArrivedAt != nil {
				since = v.ArrivedAt
			}
			if since != nil {
				there = instant(*since)
				words += ", there since " + since.In(zone).Format("15:04")
			}
		}
		out.know(words, "visit", "from", instant(v.WindowStart), "to", instant(v.WindowEnd), "status", string(v.Status), "since", there)
	}
	if x.Lat != nil && x.Lon != nil {
		words, at := pointWords(*x.Lat, *x.Lon)
		out.know("Phone at "+words, "phone_at", at...)
	}
	if x.LastSeen.V != nil {
		points, err := s.Read.SOSTrailLength(ctx, x.ID)
		if err != nil {
			return out, err
		}
		values := []string{"at", instant(x.LastSeen.V.At), "sound", x.LastSeen.V.Sound}
		if p := x.LastSeen.V; p.Lat != nil && p.Lon != nil {
			_, at := pointWords(*p.Lat, *p.Lon)
			values = append(values, at...)
		}
		if p := x.LastSeen.V; p.AccuracyM != nil {
			values = append(values, "metres", fmt.Sprint(*p.AccuracyM))
		}
		if p := x.LastSeen.V; p.Battery != nil {
			values = append(values, "battery", fmt.Sprint(*p.Battery))
		}
		out.know(lastSeen(x.LastSeen.V, zone), "last_seen", values...)
		out.know(fmt.Sprintf("The phone told of itself %d times", points), "trail", "n", fmt.Sprint(points))
	}
	return out, nil
}

// pointWords is a place as both coordinates, in words and as values.
func pointWords(lat, lon float64) (string, []string) {
	return fmt.Sprintf("%.5f, %.5f", lat, lon), []string{"lat", fmt.Sprintf("%.5f", lat), "lon", fmt.Sprintf("%.5f", lon)}
}

// lastSeen says where a phone was last, or only how it was; the pages make a link to the map of it.
func lastSeen(p *domain.SOSPoint, zone *time.Location) string {
	words := "Last heard of " + p.At.In(zone).Format("15:04")
	if p.Lat != nil && p.Lon != nil {
		words = fmt.Sprintf("Last seen %s at %.5f, %.5f", p.At.In(zone).Format("15:04"), *p.Lat, *p.Lon)
		if p.AccuracyM != nil {
			words += fmt.Sprintf(", within %d m", *p.AccuracyM)
		}
	}
	if p.Battery != nil {
		words += fmt.Sprintf(", battery %d %%", *p.Battery)
	}
	if p.Sound != "" {
		words += map[string]string{"silent": ", silenced", "vibrate": ", vibrates"}[p.Sound]
	}
	return words
}

// takersOfSOS are those to whom an SOS may be handed over, to choose from: who
// was rung, the desk of its centre, and the managers.
func takersOfSOS(ctx context.Context, s *casework.Service, a domain.Actor, x *domain.SOS) (QueueField, error) {
	out := QueueField{Name: "user_id", Label: "To whom", Type: "choice", Required: true, Options: domain.JSONList[string]{},
		Labels: domain.JSONList[string]{}}
	filters := []domain.UserFilter{{Role: domain.RoleAreaManager, AreaID: x.AreaID}, {Role: domain.RoleAdmin}}
	if len(x.Rung) > 0 {
		filters = append([]domain.UserFilter{{IDs: x.Rung}}, filters...)
	}
	if x.CentreID != nil {
		filters = append(filters, domain.UserFilter{Role: domain.RoleProprietor, CentreID: x.CentreID},
			domain.UserFilter{Role: domain.RoleCoordinator, CentreID: x.CentreID})
	}
	for _, f := range filters {
		users, err := s.Read.Users(ctx, domain.Scope{All: true}, f, domain.Page{Limit: handOverMost})
		if err != nil {
			return out, err
		}
		for i := range users {
			u := &users[i]
			id := u.ID.String()
			if u.Disabled || u.ID == a.UserID || u.ID == x.RaiserID || domain.Has(x.Avoid, u.ID) || domain.Has(out.Options, id) ||
				len(out.Options) >= handOverMost {
				continue
			}
			out.Options, out.Labels = append(out.Options, id), append(out.Labels, u.Name+", "+domain.RoleWords(u.Role))
		}
	}
	return out, nil
}
