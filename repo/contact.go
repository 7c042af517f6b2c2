package repo

import (
	"gorm.io/gorm"
	"slices"

	"doorstep/domain"
)

func (t *tx) Attempt(id domain.ID) (*domain.Attempt, error) {
	return single[domain.Attempt](t, "attempt", t.table("attempts").Where("id = ?", id))
}

// InsertAttempt adds the attempt also to what was read with the job: the verdict
// is computed from that at once.
func (t *tx) InsertAttempt(a *domain.Attempt) error {
	if list, ok := t.ahead.attempts[a.JobID]; ok {
		list = append(list, *a)
		sortBy(list, attemptOrder)
		t.ahead.attempts[a.JobID] = list
	}
	return t.about(a.JobID, func() error { return t.insert("attempts", a) })
}

// SaveAttempt keeps why an attempt was taken out of the count, and when the
// customer learned of it; nothing else of it ever changes.
func (t *tx) SaveAttempt(a *domain.Attempt) error {
	clear(t.ahead.attempts)
	return t.about(a.JobID, func() error {
		return t.mustExec(domain.NotFound("attempt"), "UPDATE attempts SET discounted = ?, told_at = ? WHERE id = ?", a.Discounted, a.ToldAt,
			a.ID)
	})
}

func (t *tx) AttemptsOf(job domain.ID) ([]domain.Attempt, error) {
	if list, ok := take(t.ahead.attempts, job); ok {
		return list, nil
	}
	return allKnown[domain.Attempt](t, "attempts of job", func(q *gorm.DB) *gorm.DB {
		return q.Where("job_id = ?", job).
			Order("occurred_at, id")
	}, "attempts", job)
}

func (t *tx) CallsElsewhere(customer, job domain.ID) ([]domain.Attempt, error) {
	const calls = "direction = 'outbound' AND channel = 'phone' AND rules > 0"
	return all[domain.Attempt](t, t.table("attempts").Where(t.db.ofHousehold("?"), customer, customer).Where(calls).
		Where("job_id <> ? AND cap_exempt = '' AND (customer_id = ? OR rules >= ?)", job, customer, domain.CapsOfHousehold).
		Order("occurred_at, id"))
}

func (t *tx) DigestUsed(digest string) (bool, error) {
	found, err := all[domain.Attempt](t, t.table("attempts").Where("evidence_digest = ? AND evidence_digest <> ''", digest).Limit(1))
	return len(found) > 0, err
}

func (t *tx) LoggedContact(id domain.ID) (*domain.LoggedContact, error) {
	return single[domain.LoggedContact](t, "contact", t.table("stray_contacts").Where("id = ?", id))
}

func (t *tx) MatchContact(id domain.ID) error {
	return t.mustExec(domain.NotFound("contact"), "UPDATE stray_contacts SET matched = ? WHERE id = ?", true, id)
}

func (t *tx) InsertLoggedContact(s *domain.LoggedContact) error {
	return t.insert("stray_contacts", s)
}

func (t *tx) Policies(centre domain.ID) ([]domain.Policy, error) {
	list, ok := t.ahead.policies[centre]
	if !ok {
		var err error
		if list, err = allKnown[domain.Policy](t, "policies", func(q *gorm.DB) *gorm.DB {
			return q.Where("(centre_id = ? OR centre_id IS NULL)", centre).Order("created_at DESC, number DESC, id DESC")
		}, "policies", centre); err != nil {
			return nil, err
		}
		t.ahead.policies[centre] = list
	}
	return slices.Clone(list), nil
}

func (t *tx) PutPolicy(p *domain.Policy) error {
	clear(t.ahead.policies)
	t.rulesChanged(p.ID, p.CentreID)
	return t.insert("policies", p)
}
