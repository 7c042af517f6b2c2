package intake

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"doorstep/domain"
)

// nameParts are the words of a name without titles, in lower case: "Shri Ramesh Kumar ji" is ramesh, kumar.
func nameParts(name string) []string {
	if plain := strings.TrimSpace(brackets.ReplaceAllString(name, " ")); domain.HeadingKey(plain) != "" { // "Ramesh Kumar (owner)"
		name = plain
	}
	all := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
	})
	parts := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return words.titles[domain.HeadingKey(p)] })
	if len(parts) == 0 {
		parts = all
	}
	for i, p := range parts {
		if rest := strings.TrimSuffix(p, "ji"); rest != p && utf8.RuneCountInString(rest) >= 4 {
			parts[i] = rest
		}
	}
	return parts
}

// samePerson reports whether two names are of one person as far as titles and the order of words go;
// an initial is not enough.
func samePerson(a, b string) bool {
	if domain.SameWords(a, b) {
		return true
	}
	x, y := nameParts(a), nameParts(b)
	slices.Sort(x)
	slices.Sort(y)
	return len(x) > 0 && slices.Equal(x, y) || domain.HeadingKey(strings.Join(nameParts(a),
		"")) == domain.HeadingKey(strings.Join(nameParts(b), "")) && len(x) > 0
}

// anybody stands for a person whom a table does not name.
var anybody = &domain.Contact{}

// contactNamed finds the contact of a name; a household that has the name itself, or no name in
// question, answers with its first contact or anybody.
func contactNamed(c *domain.Customer, name string) *domain.Contact {
	for i := range c.Contacts {
		if samePerson(c.Contacts[i].Name, name) {
			return &c.Contacts[i]
		}
	}
	if name == "" || samePerson(c.Name, name) || c.Name == "" {
		if len(c.Contacts) > 0 {
			return &c.Contacts[0]
		}
		return anybody
	}
	return nil
}

var brackets = regexp.MustCompile(`\([^)]*\)?|\[[^\]]*\]?`)

// findTechnician finds an enabled technician of the centre: by login, by name, with a title or
// an initial, by one word of the name that only one of them has. several are those whom a name fits alike.
func findTechnician(all []domain.User, name string) (found *domain.User, several []*domain.User) {
	name = strings.Join(strings.Fields(name), " ")
	plain := strings.TrimSpace(brackets.ReplaceAllString(name, " ")) // "Ravi Patil (second call)"
	plain = strings.TrimFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	parts := nameParts(plain)
	if domain.HeadingKey(name) == "" {
		return nil, nil
	}
	for _, same := range []func(u *domain.User) bool{
		func(u *domain.User) bool { return strings.EqualFold(u.Login, name) },
		func(u *domain.User) bool { return strings.EqualFold(strings.Join(strings.Fields(u.Name), " "), name) },
		func(u *domain.User) bool { return samePerson(u.Name, plain) },
		func(u *domain.User) bool { return len(parts) == 1 && strings.EqualFold(u.FirstName(), parts[0]) },
		func(u *domain.User) bool { return len(parts) > 0 && partsFit(parts, nameParts(u.Name)) },
		func(u *domain.User) bool { return strings.EqualFold(u.Login, strings.ReplaceAll(plain, " ", ".")) },
	} {
		several = several[:0]
		for i := range all {
			if !all[i].Disabled && same(&all[i]) {
				several = append(several, &all[i])
			}
		}
		switch {
		case len(several) == 1:
			return several[0], nil
		case len(several) > 1:
			return nil, several
		}
	}
	return nil, nil
}

// partsFit reports whether each word is one of a name, or the initial of one; one at least is whole.
func partsFit(parts, name []string) bool {
	left, whole := slices.Clone(name), false
	for _, p := range parts {
		i := slices.Index(left, p)
		if i < 0 && utf8.RuneCountInString(p) == 1 {
			i = slices.IndexFunc(left, func(n string) bool { return strings.HasPrefix(n, p) })
		} else {
			whole = whole || i >= 0
		}
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return whole
}
