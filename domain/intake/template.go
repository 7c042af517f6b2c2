package intake

import (
	"context"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// TemplateHeadings are the columns of an empty table; each is a synonym that readHead knows.
var TemplateHeadings = []string{"Ticket", "Customer", "Mobile", "Alternate Mobile", "Address", "Landmark", "Pincode", "Product", "Brand",
	"Model No", "Serial No", "Complaint", "Remarks", "Warranty", "Visit Date", "From Time", "To Time", "Technician"}

// Template is an empty table of a centre.
type Template struct {
	Headings    []string
	Technicians []domain.User // that can be sent, by name
	Notes       []string
}

// Template is what a centre fills in. Whoever imports its jobs.
func (s *Service) Template(ctx context.Context, a domain.Actor, centre *domain.ID) (out Template, err error) {
	err = s.InWork(ctx, nil, func(tx *casework.Work) error {
		c, err := importCentre(tx, a, centre)
		if err != nil {
			return err
		}
		people, err := tx.UsersWith(domain.RoleTechnician, &c.ID, nil)
		out = Template{Headings: TemplateHeadings, Notes: []string{
			"One row is one job. Ticket is the brand's number of it; the same ticket again changes that job.",
			"Times are those of " + c.Zone + ". Write a date as 2027-03-01, or 1 Mar 2027.",
			"Write times with their half of the day: 14:00, or 2 pm.",
			"Write numbers with the country (+…), or as they are dialled in the centre's country.",
			"Technician: a name or login of the sheet Technicians. Leave it empty to assign later.",
			"An empty cell says nothing. A cell that is not understood is asked about, or kept in the job as it stands."}}
		for i := range people {
			if !people[i].Disabled {
				out.Technicians = append(out.Technicians, people[i])
			}
		}
		return err
	})
	return out, err
}
