package customers

import (
	"maps"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// RequestHandlers are the wishes that a household can have, and how each is
// carried out. Rooms above add theirs when the program starts.
var RequestHandlers = map[string]func(*Request) error{}

// LinkUndone takes back what was said by a link that had reached somebody else.
var LinkUndone []func(k *Request, contacts []domain.Attempt) error

// NotifyReportHandlers tells those who answer for a report; the room above sets it.
var NotifyReportHandlers func(tx *casework.Work, f *domain.Flag, kind string) error

func init() { // not a literal: handlers look others up
	maps.Copy(RequestHandlers, map[string]func(*Request) error{
		"confirm":         handleConfirm,
		"cancel":          handleCancel,
		"another-time":    handleAnotherTime,
		"call-me":         handleCallMe,
		"could-not-reach": handleCallMe,
		"done":            handleDone,
		"dispute":         handleDispute,
		"reopen":          handleReopen,
		"go-on":           handleGoOn,
		"passport":        handleCorrection,
		"thanks":          handleThanks,
		"wrong-person":    handleWrongPerson,
		"stop-visits":     handleStopVisits,
		"remove-photos":   handleRemovePhotos,
		"wrong-word":      handleWrongWord,
	})
	casework.VisitEnded = append(casework.VisitEnded, func(m *casework.VisitCase) error { return ComplimentsAfter(m.Tx, m.Visit) })
}
