package domain

import (
	"fmt"
	"time"
)

// StepRecord is one try at mending, so that nobody has to ask for it again
// (docs/product.md section 4, "Tell it once"). A correction changes the row; what
// it said before stays in the timeline.
type StepRecord struct {
	Meta
	JobID        ID         `json:"job_id"`
	Step         string     `json:"step"`
	Result       string     `json:"result"`     // worked, failed, unclear
	WatchedBy    string     `json:"watched_by"` // one of StepWatch
	Note         string     `json:"note"`
	RepeatOf     *ID        `json:"repeat_of"` // the first record of the same step, when it was asked for again
	RepeatReason string     `json:"repeat_reason"`
	ViaID        *ID        `json:"-"` // the contact in which the household said it
	WithdrawnAt  *time.Time `json:"-"` // said by somebody else; it is no record then
	ByID         *ID        `json:"by_id"`
	ByRole       Role       `json:"by_role"`
	OccurredAt   time.Time  `json:"occurred_at"`
	ClaimedAt    *time.Time `json:"claimed_at"`
	RecordedAt   time.Time  `json:"recorded_at"`
}

// The words a step may use.
var (
	StepResults = []string{"worked", "failed", "unclear"}
	StepWatch   = []string{"nobody", "household", "professional", WatchOwn}
)

// WatchOwn is the household's own professional, such as an electrician who looked on.
const WatchOwn = "household_professional"

// Check refuses a step that says nothing or knows no such result.
func (r *StepRecord) Check() error {
	switch {
	case NormalizeStep(r.Step) == "" || len([]rune(r.Step)) > 500:
		return Fail(CodeUnprocessable, "Say in words what was tried.").At("/step", "1 to 500 characters with a letter or digit")
	case !Has(StepResults, r.Result):
		return Fail(CodeUnprocessable, "Say what came of it.").At("/result", "worked, failed or unclear")
	case !Has(StepWatch, r.WatchedBy):
		return Fail(CodeUnprocessable, "Say who watched.").At("/watched_by", "nobody, household, professional or household_professional")
	}
	return nil
}

// Replacement is the path that failed tries propose. It blocks nothing.
type Replacement struct {
	Since     time.Time    `json:"since"`
	Status    string       `json:"status"` // proposed, accepted, declined, withdrawn
	Steps     JSONList[ID] `json:"steps"`  // the failed tries
	Reason    string       `json:"reason"`
	DecidedAt *time.Time   `json:"decided_at"`
	DecidedBy Role         `json:"decided_by"`
}

// ReplacementProposed reports whether a replacement waits for its answer.
func (j *Job) ReplacementProposed() bool {
	return j.Replacement.V != nil && j.Replacement.V.Status == "proposed"
}

// Proposal is the replacement as the job's history shows it, with its reasons in
// words.
type Proposal struct {
	Since     time.Time        `json:"since"`
	Because   JSONList[string] `json:"because"`
	Status    string           `json:"status"`
	Reason    string           `json:"reason"`
	DecidedAt *time.Time       `json:"decided_at"`
	DecidedBy Role             `json:"decided_by"`
}

// Proposal is the replacement as the job's history shows it, with its reasons.
func (j *Job) Proposal(steps []StepRecord, zone *time.Location) *Proposal {
	r := j.Replacement.V
	if r == nil || r.Status == "withdrawn" {
		return nil
	}
	p := &Proposal{Since: r.Since, Status: r.Status, Reason: r.Reason, DecidedAt: r.DecidedAt, DecidedBy: r.DecidedBy}
	for i := range steps {
		if t := &steps[i]; Has(r.Steps, t.ID) {
			p.Because = append(p.Because, fmt.Sprintf("%s: %s on %s, watched by %s", t.Step, t.Result, t.OccurredAt.In(zone).Format("2 Jan 2006"),
				watchWords[t.WatchedBy]))
		}
	}
	return p
}

var watchWords = map[string]string{"nobody": "nobody", "household": "the household", "professional": "a professional",
	WatchOwn: "a professional of the household's own"}
