package casework

import (
	"strings"

	"doorstep/domain"
)

// SameOr is nil for a repeated create, else CodeDuplicate.
func SameOr(same bool) error {
	if same {
		return nil
	}
	return domain.IDTaken()
}

// Set sets a field that is given.
func Set[T any](dst *T, src *T) {
	if src != nil {
		*dst = *src
	}
}

// Phone reads a number as dialled in a country. Errors: CodeUnprocessable at the pointer.
func Phone(s *Service, raw, country, pointer string) (string, error) {
	if strings.TrimSpace(raw) == "" {
		return "", nil
	}
	e164, err := s.ParsePhone(raw, country)
	if err != nil {
		return "", domain.Fail(domain.CodeUnprocessable, "This is not a phone number that can be dialled.").
			At(pointer, "a valid number, best as +… in E.164")
	}
	return e164, nil
}

// MeaningOf renames what was not found, so that the answer does not tell
// which of the two it was.
func MeaningOf(err error, what string) error {
	if NotFound(err) {
		return domain.NotFound(what)
	}
	return err
}

// MeaningIfAbsent turns "not found" of a referenced object into a 422 at the
// reference.
func MeaningIfAbsent(err error, what, pointer string) error {
	if NotFound(err) {
		return domain.Fail(domain.CodeUnprocessable, "There is no such %s, or it is outside what you may see.", what).
			At(pointer, "an existing "+what)
	}
	return err
}

// NoteFits refuses a note of more than 500 characters.
func NoteFits(note string) error {
	if len([]rune(note)) > 500 {
		return domain.Fail(domain.CodeUnprocessable, "The note is too long.").At("/note", "at most 500 characters")
	}
	return nil
}

// IDOr takes the client's id or makes one.
func IDOr(s *Service, client *domain.ID) domain.ID {
	if client != nil && *client != (domain.ID{}) {
		return *client
	}
	return s.NewID()
}

// IfVersion refuses a PATCH that was made from another version.
func IfVersion(m domain.Meta, want int64) error {
	if m.Version != want {
		return domain.Fail(domain.CodeStale, "The present version is %d; you changed version %d.", m.Version, want)
	}
	return nil
}
