package web

import (
	"errors"
	"strings"

	"doorstep/domain"

	"golang.org/x/text/unicode/norm"
)

// The string formats of the contract. Their sentences are for people and never
// repeat the value.
func formatInstant(s string) error {
	if _, ok := domain.InstantShape(s); !ok {
		return errors.New("must be a date and time (RFC 3339, or local without an offset)")
	}
	return nil
}

func formatDateTime(s string) error {
	if zoned, ok := domain.InstantShape(s); !ok || !zoned {
		return errors.New("must be a date and time with an offset (RFC 3339)")
	}
	return nil
}

func formatDate(s string) error {
	if !domain.DateShape(s) {
		return errors.New("must be a date (YYYY-MM-DD)")
	}
	return nil
}

// formatWords lets nothing pass that says nothing, as signs alone or one letter; whether it may be empty its length says.
func formatWords(s string) error {
	if strings.TrimSpace(s) != "" && !domain.Says(norm.NFKC.String(s)) { // one letter in two widths or faces is one letter
		return errors.New("says nothing: a few words")
	}
	return nil
}

// formatNote is formatWords of what explains a move of one's own and decides nothing: one letter will do, signs alone will not.
func formatNote(s string) error {
	if strings.TrimSpace(s) != "" && domain.SignsAlone(s) {
		return errors.New("says nothing: a few words")
	}
	return nil
}
