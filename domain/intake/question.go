package intake

// Question is what an import asks before a row lands: what the sheet leaves in
// doubt and a person can answer. docs/product.md section 8.
type Question struct {
	ID      string   `json:"id"`      // the same for the same doubt of the same row of the same sheet
	Alike   string   `json:"alike"`   // the same for every row of the centre that asks the same of the same kind of cell
	Kind    string   `json:"kind"`    // ticket, phone, hours, day, household, change, status, technician
	Column  string   `json:"column"`  // as the sheet names it; empty of the whole row
	Cell    string   `json:"cell"`    // as it stands
	Words   string   `json:"words"`   // one short sentence
	Choices []Choice `json:"choices"` // leave_out is always one
	Takes   string   `json:"takes"`   // phone: a whole number is an answer too; empty: the choices alone
}

// Choice is an answer that a question takes.
type Choice struct {
	Answer string `json:"answer"`
	Words  string `json:"words"`
}

// LeaveOut is the answer that lets a cell, or a row, go.
const LeaveOut = "leave_out"

// LeftOut is something of a sheet that was not used, and why. What a household
// could need is kept in the job's note as it stood.
type LeftOut struct {
	Line   int    `json:"line"`   // 0 of the whole sheet
	Column string `json:"column"` // heading, sheet, or empty
	Cell   string `json:"cell"`   // as it stood, at most 200 characters
	Why    string `json:"why"`
	Kept   bool   `json:"kept"` // in the job's note
}
