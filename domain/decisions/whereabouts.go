package decisions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/alarm"
	"doorstep/domain/casework"
	"doorstep/domain/safety"
)

// Whoever decides a report of level 2 and above about one of our people sees
// at once where that person is: whether they are at a home now, or were turned back
// on their way, whom to call, and how to send a colleague (docs/product.md section 5).

const (
	colleaguesMost = 60 // to choose from
	colleagueFrom  = 15 * time.Minute
	colleagueIn    = 2 * time.Hour // the window in which the colleague comes
)

// turnedBack are, by report, the visits to which the person it is about was on
// their way: at level 2 those to that home, at 3 and 4 all; kept are the reports by which somebody is kept from all homes.
func turnedBack(ctx context.Context, s *casework.Service, a domain.Actor, flags []domain.Flag) (out map[domain.ID][]domain.ID,
	kept []domain.ID, err error) {
	out = map[domain.ID][]domain.ID{}
	if !slices.ContainsFunc(flags, func(f domain.Flag) bool { return f.SubjectID != nil && f.Level >= 2 }) {
		return out, nil, nil
	}
	add := func(flag domain.ID, visits domain.JSONList[domain.ID]) {
		for _, id := range visits {
			if !domain.Has(out[flag], id) {
				out[flag] = append(out[flag], id)
			}
		}
	}
	away, err := s.Read.StandDowns(ctx, a, domain.Page{Limit: 1000})
	if err != nil {
		return nil, nil, err
	}
	apart, err := s.Read.Exclusions(ctx, a, domain.Page{Limit: 1000})
	for i := range away {
		kept = append(kept, away[i].FlagID)
		add(away[i].FlagID, away[i].TurnedBack)
	}
	for i := range apart {
		add(apart[i].FlagID, apart[i].TurnedBack)
	}
	return out, kept, err
}

// whereabouts adds to the item of a report about one of our people. A report
// from the home to which they were on their way is itself a sign that they may be
// inside, whoever goes there by now, until a crew says how it found the place.
func whereabouts(ctx context.Context, s *casework.Service, a domain.Actor, f *domain.Flag, turned []domain.ID, it *QueueItem,
	now time.Time) error {
	everything := domain.Scope{All: true} // of the one person whom the actor decides about
	visits, err := s.Read.Visits(ctx, everything, domain.VisitFilter{TechnicianID: f.SubjectID,
		Status: []domain.VisitStatus{domain.VisitArrived, domain.VisitInProgress}},
		domain.Page{Limit: 5})
	if err != nil {
		return err
	}
	visits = slices.DeleteFunc(visits, func(v domain.Visit) bool { return !f.Severe() && !f.Home(&v) })
	seen := []domain.VisitStatus{domain.VisitCompleted, domain.VisitPartial, domain.VisitNoAccess, domain.VisitStopped}
	for _, id := range turned {
		v, err := s.Read.Visit(ctx, everything, id)
		if casework.NotFound(err) {
			continue
		} else if err != nil {
			return err
		}
		if f.Home(v) && !domain.Has(seen, v.Status) || !f.Home(v) && v.Status == domain.VisitScheduled && len(v.Crew) == 0 {
			visits = append(visits, *v)
		}
	}
	if len(visits) == 0 {
		return nil
	}
	people, err := PeopleOf(ctx, s, []domain.ID{*f.SubjectID})
	if err != nil {
		return err
	}
	person := people[*f.SubjectID]
	silent, err := alarm.Silent(ctx, s, a, person.ID)
	if err != nil {
		return err
	}
	for i := range visits {
		if err := whereTheyAre(ctx, s, a, f, &visits[i], &person, it, now); err != nil {
			return err
		}
	}
	if person.Phone != "" {
		it.Known = append(it.Known, alarm.CallOf(&person, silent[person.ID]))
	}
	if silent[person.ID] {
		it.know(alarm.NotOpenly, "not_openly")
	}
	return nil
}

func whereTheyAre(ctx context.Context, s *casework.Service, a domain.Actor, f *domain.Flag, v *domain.Visit, person *domain.User,
	it *QueueItem, now time.Time) error {
	job, err := s.Read.Job(ctx, domain.Scope{All: true}, v.JobID)
	if err != nil {
		return err
	}
	centre, err := s.Read.Centre(ctx, domain.Scope{All: true}, v.CentreID)
	if err != nil {
		return err
	}
	words, code := fmt.Sprintf("%s was on the way to job %s: the visit was taken away, and nobody goes.", person.Name, jobWords(job)),
		"turned_back"
	values := []string{"name", person.Name, "ref", jobWords(job)}
	inside := v.Inside() && domain.Has(v.Crew, person.ID)
	switch {
	case !inside && f.Home(v) && f.CameAt != nil:
		words = fmt.Sprintf("%s is at a home NOW, job %s, since %s: they said so after the visit was taken from them.", person.Name,
			jobWords(job), f.CameAt.In(centre.Location()).Format("15:04"))
		code, values = "there_said", append(values, "at", instant(*f.CameAt))
	case !inside && f.Home(v):
		words = fmt.Sprintf(
			"%s was on the way to job %s and may be inside: the visit was taken from them, and the report came from there. Call until somebody says otherwise.", person.Name, jobWords(job))
		code = "perhaps_there"
	case inside:
		words = fmt.Sprintf("%s is at a home NOW, job %s", person.Name, jobWords(job))
		if at := v.ArrivedAt; at != nil {
			words += ", since " + at.In(centre.Location()).Format("15:04")
			values = append(values, "at", instant(*at))
		}
		code = "there_now"
		words += ". Nothing there is refused; a push asks for a call to the manager and gives no reason."
	}
	it.know(words, code, values...)
	if !inside && len(v.Crew) > 0 {
		sent, err := PeopleOf(ctx, s, slices.Clone(v.Crew))
		if err != nil {
			return err
		}
		for _, id := range v.Crew {
			it.know(sent[id].Name+" has that visit now.", "visit_of", "name", sent[id].Name)
		}
	}
	if a.Role != domain.RoleAreaManager || !a.Reaches(v.CentreID, v.AreaID) {
		it.know("A colleague is sent by the centre "+centre.Name+":", "centre_sends", "name", centre.Name)
		it.call(centre.Phone)
		return nil
	}
	crew, err := colleagues(ctx, s, v, person.ID, now)
	if err != nil {
		return err
	}
	if len(crew.Options) == 0 {
		it.know("No colleague of "+centre.Name+" is free to go there now.", "nobody_free", "name", centre.Name)
		it.call(centre.Phone)
		return nil
	}
	label := "Send a colleague, job " + jobWords(job)
	if !inside && v.Status == domain.VisitScheduled && len(v.Crew) == 0 {
		it.Moves = append(it.Moves, Move("send", label, Operation{"assignVisit", v.ID}, crew))
		return nil
	}
	// Who comes has a visit of their own: what the one inside did stays theirs.
	from := now.Truncate(colleagueFrom)
	fixed := func(name string, at time.Time) QueueField {
		return QueueField{Name: name, Type: "fixed", Options: domain.JSONList[string]{at.Format(time.RFC3339)}, Required: true}
	}
	it.Moves = append(it.Moves, Move("send", label, Operation{"scheduleVisit", v.JobID}, fixed("window_start", from),
		fixed("window_end", from.Add(colleagueIn)), crew))
	return nil
}

// colleagues are the technicians of a visit's centre who may go there now: not
// kept from that home or from all, not on leave, in no other visit. What else
// the rules ask, skill or the hours of the day, is said when one is chosen.
func colleagues(ctx context.Context, s *casework.Service, v *domain.Visit, not domain.ID, now time.Time) (QueueField, error) {
	out := QueueField{Name: "crew", Label: "Who goes", Type: "choices", Required: true, Options: domain.JSONList[string]{},
		Labels: domain.JSONList[string]{}}
	everything := domain.Scope{All: true}
	users, err := s.Read.Users(ctx, everything, domain.UserFilter{Role: domain.RoleTechnician, CentreID: &v.CentreID},
		domain.Page{Limit: colleaguesMost})
	if err != nil {
		return out, err
	}
	users = slices.DeleteFunc(users, func(u domain.User) bool { return u.ID == not || u.Disabled || domain.Has(v.Crew, u.ID) })
	ids := make([]domain.ID, len(users))
	for i := range users {
		ids[i] = users[i].ID
	}
	around, err := s.Read.DayAround(ctx, everything, []domain.Visit{*v}, ids, now, now.Add(colleagueFrom), now)
	if err != nil {
		return out, err
	}
	diary := domain.Diary{Excluded: around.Excluded, KeptAway: around.KeptAway}
	slices.SortStableFunc(users, func(x, y domain.User) int { return strings.Compare(x.Name, y.Name) })
	for i := range users {
		u := &users[i]
		if diary.Apart(u.ID) || slices.ContainsFunc(around.Leaves, func(l domain.Leave) bool { return l.TechnicianID == u.ID }) ||
			slices.ContainsFunc(around.Busy, func(b domain.Busy) bool { return b.TechnicianID == u.ID && b.VisitID != v.ID }) {
			continue
		}
		out.Options, out.Labels = append(out.Options, u.ID.String()), append(out.Labels, u.Name)
	}
	return out, nil
}

// queuedKeepAways are those that outlast their report: nobody but those who
// answer for it ends them.
func queuedKeepAways(ctx context.Context, s *casework.Service, a domain.Actor, _ time.Time) ([]QueueItem, error) {
	rows, err := s.Read.StandDowns(ctx, a, domain.Page{Limit: 1000}) // most were lifted
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	for i := range rows {
		k := &rows[i]
		if safety.CheckStandDown(a, k) != nil {
			continue
		}
		since := k.Since
		if k.Flag.DecidedAt != nil {
			since = *k.Flag.DecidedAt
		}
		it := QueueItem{Kind: "keep_away", ID: k.ID, JobID: k.Flag.JobID, Title: "Let somebody go to homes again?", Since: since,
			about: &k.UserID, home: k.Flag.CustomerID, answers: true,
			Headline: fact("keep_away"), Default: "They go to no home; their pay goes on.", Otherwise: fact("no_home"),
			Moves: domain.JSONList[QueueMove]{Move("lift", "Lift it", Operation{"liftKeepAway", k.ID}, reasonField)}}
		it.know("The report about them is "+strings.ReplaceAll(string(k.Flag.Status), "_", " ")+".", "report_status", "status",
			string(k.Flag.Status))
		out = append(out, it)
	}
	return out, nil
}
