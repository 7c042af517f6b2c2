package casework

import (
	"context"
	"strings"

	"doorstep/domain"
)

// ApplianceInput registers or changes an appliance.
type ApplianceInput struct {
	ID          *domain.ID `json:"id"`
	CustomerID  *domain.ID `json:"customer_id"`
	SiteID      *domain.ID `json:"site_id"`
	Category    *string    `json:"category"`
	Brand       *string    `json:"brand"`
	Model       *string    `json:"model"`
	Serial      *string    `json:"serial"`
	PurchasedOn *string    `json:"purchased_on"`
}

func applyAppliance(ap *domain.Appliance, in ApplianceInput, c *domain.Customer) error {
	Set(&ap.Category, in.Category)
	Set(&ap.Brand, in.Brand)
	Set(&ap.Model, in.Model)
	if in.Serial != nil {
		ap.Serial = strings.ToUpper(strings.TrimSpace(*in.Serial))
	}
	Set(&ap.PurchasedOn, in.PurchasedOn)
	if in.SiteID != nil {
		if c.Site(*in.SiteID) == nil {
			return domain.Fail(domain.CodeUnprocessable, "The household has no such site.").At("/site_id", "a site of the customer")
		}
		ap.SiteID = in.SiteID
	}
	return nil
}

// CreateAppliance registers an appliance of a household the caller can see.
func (s *Service) CreateAppliance(ctx context.Context, call *Call, in ApplianceInput) (domain.Appliance, error) {
	if in.CustomerID == nil {
		return domain.Appliance{}, domain.Fail(domain.CodeUnprocessable, "An appliance belongs to a household.").At("/customer_id", "required")
	}
	if !call.Actor.Is(domain.Staff...) {
		return domain.Appliance{}, domain.Fail(domain.CodeForbidden, "As %s you may not register appliances.", domain.RoleWords(call.Actor.Role))
	}
	if _, err := s.Read.Customer(ctx, call.Actor.Scope(), *in.CustomerID); err != nil {
		return domain.Appliance{}, MeaningIfAbsent(err, "customer", "/customer_id")
	}
	return Run(ctx, s, call, func(tx *Work) (domain.Appliance, error) {
		c, err := LockHousehold(tx, *in.CustomerID)
		if err != nil {
			return domain.Appliance{}, err
		}
		ap := domain.Appliance{Meta: domain.NewMeta(IDOr(s, in.ID), tx.Now), CustomerID: c.ID}
		if err := applyAppliance(&ap, in, c); err != nil {
			return domain.Appliance{}, err
		}
		if old, err := tx.Appliance(ap.ID); err == nil {
			return *old, SameOr(old.CustomerID == ap.CustomerID && old.Serial == ap.Serial && old.Category == ap.Category && old.Brand == ap.Brand &&
				old.Model == ap.Model)
		}
		return ap, tx.InsertAppliance(&ap)
	})
}

// PatchAppliance changes an appliance.
func (s *Service) PatchAppliance(ctx context.Context, call *Call, id domain.ID, version int64,
	in ApplianceInput) (domain.Appliance, error) {
	if _, err := s.Read.Appliance(ctx, call.Actor.Scope(), id); err != nil {
		return domain.Appliance{}, err
	}
	return Run(ctx, s, call, func(tx *Work) (domain.Appliance, error) {
		if !call.Actor.Is(domain.Staff...) {
			return domain.Appliance{}, domain.Fail(domain.CodeForbidden, "As %s you may not change appliances.", domain.RoleWords(call.Actor.Role))
		}
		ap, err := tx.Appliance(id)
		if err != nil {
			return domain.Appliance{}, err
		}
		if err := IfVersion(ap.Meta, version); err != nil {
			return domain.Appliance{}, err
		}
		c, err := tx.Customer(ap.CustomerID)
		if err != nil {
			return domain.Appliance{}, err
		}
		if err := applyAppliance(ap, in, c); err != nil {
			return domain.Appliance{}, err
		}
		ap.ChangedAt(tx.Now)
		err = tx.SaveAppliance(ap)
		return *ap, err
	})
}
