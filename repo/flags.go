package repo

import (
	"context"

	"doorstep/domain"
)

func (t *tx) Flag(id domain.ID) (*domain.Flag, error) {
	return single[domain.Flag](t, "flag", t.table("flags").Where("id = ?", id))
}

func (t *tx) LockFlag(id domain.ID) (*domain.Flag, error) {
	return single[domain.Flag](t, "flag", lock(t.table("flags").Where("id = ?", id)))
}

func (t *tx) InsertFlag(f *domain.Flag) error { return t.insert("flags", f) }

func (t *tx) SaveFlag(f *domain.Flag) error { return t.save("flags", &f.Meta, f) }

func (t *tx) FlagsOfVisit(visit domain.ID) ([]domain.Flag, error) {
	return all[domain.Flag](t, t.table("flags").Where("visit_id = ?", visit).Order("created_at, id"))
}

func (t *tx) InsertReceivedStop(r *domain.ReceivedStop) error { return t.insert("received_stops", r) }

func (t *tx) ReceivedStops(visit domain.ID) ([]domain.ReceivedStop, error) {
	return all[domain.ReceivedStop](t, t.table("received_stops").Where("visit_id = ?", visit).Order("received_at, id"))
}

func (t *tx) ReceivedStop(id domain.ID) (*domain.ReceivedStop, error) {
	return single[domain.ReceivedStop](t, "stop", t.table("received_stops").Where("id = ?", id))
}

func (t *tx) DeleteReceivedStop(id domain.ID) error {
	return t.exec("DELETE FROM received_stops WHERE id = ?", id)
}

func (t *tx) FlagsOfCustomer(customer domain.ID) ([]domain.Flag, error) {
	return all[domain.Flag](t, t.table("flags").Where("customer_id = ?", customer).Order("created_at, id"))
}

func (t *tx) HoldStep(id domain.ID, step int) error {
	return t.exec("UPDATE holds SET step = ? WHERE id = ? AND lifted_at IS NULL", step, id)
}

func (t *tx) StandDownOf(flag domain.ID) (*domain.StandDown, error) {
	return single[domain.StandDown](t, "keep-away", t.table("keep_aways").Where("flag_id = ?", flag))
}

func (t *tx) LockStandDown(id domain.ID) (*domain.StandDown, error) {
	return single[domain.StandDown](t, "keep-away", lock(t.table("keep_aways").Where("id = ?", id)))
}

func (t *tx) InsertStandDown(k *domain.StandDown) error { return t.insert("keep_aways", k) }

func (t *tx) SaveStandDown(k *domain.StandDown) error {
	return t.update("keep_aways", k, domain.NotFound("keep-away"))
}

func (r *reader) StandDowns(ctx context.Context, a domain.Actor, p domain.Page) ([]domain.StandDownWithFlag, error) {
	if !a.Is(domain.RoleAreaManager, domain.RoleAdmin) {
		return nil, nil
	}
	rows, err := paged[domain.StandDown](ctx, r, r.db.table("keep_aways").
		Where("EXISTS (?)", r.flags(a).Select("1").Where("flags.id = keep_aways.flag_id")), "keep_aways", p)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	of, err := flagsOf(ctx, r, rows, func(k *domain.StandDown) domain.ID { return k.FlagID })
	if err != nil {
		return nil, err
	}
	out := make([]domain.StandDownWithFlag, 0, len(rows))
	for _, k := range rows {
		if f := of[k.FlagID]; a.SeesStandDown(&f) {
			out = append(out, domain.StandDownWithFlag{StandDown: k, Flag: f})
		}
	}
	return out, nil
}

func (r *reader) JobsHandedOver(ctx context.Context, a domain.Actor, p domain.Page) ([]domain.Job, error) {
	if a.Role != domain.RoleAreaManager {
		return nil, nil
	}
	in := r.db.in("area_id", a.Scope().AreaIDs)
	const held = "id IN (SELECT flags.job_id FROM holds JOIN flags ON flags.id = holds.flag_id WHERE holds.kind = 'safety' AND holds.lifted_at IS NULL AND EXISTS (?))"
	return paged[domain.Job](ctx, r, r.db.table("jobs").Where(held, r.flags(a).Select("1").Where("flags.id = holds.flag_id")).
		Where("NOT ("+in.SQL+")", in.Vars...), "jobs", p)
}

func (r *reader) FlagsBehind(ctx context.Context, ids []domain.ID) (map[domain.ID]domain.Flag, error) {
	return flagsOf(ctx, r, ids, func(id *domain.ID) domain.ID { return *id })
}

// flagsOf reads the reports that rows came of.
func flagsOf[T any](ctx context.Context, r *reader, rows []T, of func(*T) domain.ID) (map[domain.ID]domain.Flag, error) {
	ids := make([]domain.ID, len(rows))
	for i := range rows {
		ids[i] = of(&rows[i])
	}
	flags, err := list[domain.Flag](ctx, r, r.db.table("flags").Where(r.db.in("id", ids)))
	out := make(map[domain.ID]domain.Flag, len(flags))
	for _, f := range flags {
		out[f.ID] = f
	}
	return out, err
}
