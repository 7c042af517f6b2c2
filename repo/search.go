package repo

import (
	"context"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// What people look for a household by stands in search_texts, folded here and
// not by the engines, so that both find the same: a row of a household's
// names, addresses and numbers, and one of each job's reference. PostgreSQL
// finds any part of it by pg_trgm, SQLite by the trigram index of FTS5.

// fillChunk is how many rows fillSearch writes in one transaction.
const fillChunk = 250

// searchWords bounds of how many words a query is made.
const searchWords = 12

// folded is text as it is searched: in one case, without accents, apostrophes
// and signs, in words with a space between.
func folded(text string) string {
	text = norm.NFD.String(cases.Fold().String(norm.NFKC.String(text)))
	text = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x300 && r <= 0x36F, r == '\'', r == '’', r == '‘', r == 'ʼ':
			return -1
		case unicode.IsDigit(r):
			return '0' + digit(r)
		case unicode.IsLetter(r), unicode.IsMark(r):
			return r
		}
		return ' '
	}, text)
	return strings.Join(strings.Fields(norm.NFC.String(text)), " ")
}

// digit is the value of a decimal digit of any script: Unicode keeps the ten
// of a script together, the zero first at a place that ends in 0 or 6.
func digit(r rune) rune {
	if r >= '0' && r <= '9' {
		return r - '0'
	}
	for zero := r; zero > r-10; zero-- {
		if !unicode.IsDigit(zero - 1) {
			return r - zero
		}
	}
	return 0
}

// searchText joins words with a space before each: a short one is found where
// a word begins.
func searchText(parts ...string) string {
	var out strings.Builder
	for _, p := range parts {
		if p = folded(p); p != "" {
			out.WriteString(" " + p)
			if strings.Contains(p, " ") && len(p) <= 40 { // SE1 8LF and SR-42 are also said in one
				out.WriteString(" " + strings.ReplaceAll(p, " ", ""))
			}
		}
	}
	return out.String()
}

func customerText(c *domain.Customer) string {
	parts := []string{c.Name}
	for i := range c.Contacts {
		p := &c.Contacts[i]
		parts = append(parts, p.Name, p.Email)
		parts = append(parts, p.Phones...)
	}
	for i := range c.Sites {
		s := &c.Sites[i]
		parts = append(parts, s.Label, s.Address, s.Landmark, s.PostalCode, s.Occupant)
	}
	return searchText(parts...)
}

func (t *tx) putCustomerText(c *domain.Customer) error {
	return t.exec("INSERT INTO search_texts (customer_id, words) VALUES (?, ?) ON CONFLICT (customer_id) WHERE job_id IS NULL "+
		"DO UPDATE SET words = excluded.words WHERE search_texts.words <> excluded.words", c.ID, customerText(c))
}

func (t *tx) putJobText(j *domain.Job) error {
	if j.ExternalRef == nil {
		return t.exec("DELETE FROM search_texts WHERE job_id = ?", j.ID)
	}
	return t.exec("INSERT INTO search_texts (customer_id, job_id, words) VALUES (?, ?, ?) ON CONFLICT (job_id) WHERE job_id IS NOT NULL "+
		"DO UPDATE SET words = excluded.words WHERE search_texts.words <> excluded.words", j.CustomerID, j.ID, searchText(*j.ExternalRef))
}

const byPhone = "customers.id IN (SELECT customer_id FROM contact_phones WHERE phone = ? AND NOT struck)"

// found keeps the households that a query means: all its words stand in what
// is known of one, or it is the number, reference or id of one of theirs. Of
// jobs and visits only those in the scope count: whoever does not see one does
// not learn whose it is.
func (r *reader) found(q *gorm.DB, s domain.Scope, f domain.CustomerFilter) *gorm.DB {
	if err := cleanText(f.Query); err != nil {
		_ = q.AddError(err)
		return q
	}
	words := strings.Fields(folded(f.Query))
	words = words[:min(len(words), searchWords)]
	if len(words) == 0 {
		return q.Where(never)
	}
	ways := []clause.Expression{}
	// A part of a household is found by the name that it had.
	const wholes = "customers.id IN (SELECT coalesce(p.merged_into_id, p.id) FROM customers p WHERE p.id IN (?))"
	if id, err := uuid.Parse(f.Query); err == nil {
		ways = append(ways, is("customers.id = "+whole, id, id))
		for table, column := range map[string]string{"jobs": "id", "visits": "id"} {
			rows := r.scoped(s, table).Where(table+"."+column+" = ?", id).Select(table + ".customer_id")
			if rows.Error == nil {
				ways = append(ways, is("customers.id IN (?)", rows))
			}
		}
	}
	if f.QueryPhone != "" {
		ways = append(ways, is(byPhone, f.QueryPhone))
	}
	if name := strings.Join(words, " "); len([]rune(name)) == 1 {
		key := nameKey(f.Query)
		ways = append(ways, is("(name_key >= ? AND name_key < ?)", key, key+"\U0010FFFF"))
	} else {
		texts := []clause.Expression{r.db.saying(words)}
		if number := strings.TrimLeft(strings.Join(words, ""), "0"); len(number) > 3 && strings.Trim(number, "0123456789") == "" {
			texts = append(texts, r.db.saying([]string{number}))
		}
		of := clause.Or(texts...)
		ways = append(ways, is(wholes, r.db.table("search_texts").Select("customer_id").Where("job_id IS NULL").Where(of)))
		jobs := r.scoped(s, "jobs").Select("id").Where("id IN (?)", r.db.table("search_texts").Select("job_id").Where("job_id IS NOT NULL").
			Where(r.db.saying(words)))
		if jobs.Error == nil {
			ways = append(ways, is("customers.id IN (SELECT customer_id FROM jobs WHERE id IN (?))", jobs))
		}
	}
	return q.Where(clause.Or(ways...))
}

// saying keeps the texts in which all words stand; one of one or two letters
// only where a word begins.
func (db *DB) saying(words []string) clause.Expression {
	var all []clause.Expression
	for _, w := range words {
		n := len([]rune(w))
		if n < 3 {
			w = " " + w
		}
		if db.kind == SQLite && n > 1 {
			all = append(all, is("seq IN (SELECT rowid FROM search_index WHERE search_index MATCH ?)", `"`+w+`"`))
		} else {
			all = append(all, is("words LIKE ?", "%"+w+"%"))
		}
	}
	return clause.And(all...)
}

// fillSearch writes the texts that are not there yet: those of before the
// table was, and what an older program wrote beside a newer one.
func (db *DB) fillSearch(ctx context.Context) error {
	for {
		read := func(text string, ids *[]domain.ID) error {
			rows, err := db.sql.QueryContext(ctx, text, fillChunk)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var id domain.ID
				if err := rows.Scan(&id); err != nil {
					return err
				}
				*ids = append(*ids, id)
			}
			return rows.Err()
		}
		var homes, jobs []domain.ID
		if err := read("SELECT id FROM customers c WHERE NOT EXISTS (SELECT 1 FROM search_texts s WHERE s.customer_id = c.id AND "+
			"s.job_id IS NULL) LIMIT $1", &homes); err != nil {
			return err
		}
		if err := read("SELECT id FROM jobs j WHERE external_ref IS NOT NULL AND NOT EXISTS (SELECT 1 FROM search_texts s WHERE "+
			"s.job_id = j.id) LIMIT $1", &jobs); err != nil {
			return err
		}
		if len(homes)+len(jobs) == 0 {
			return nil
		}
		err := db.InTx(ctx, func(dtx domain.Tx) error {
			t := dtx.(*tx)
			for _, id := range homes {
				c, err := t.Customer(id)
				if err != nil {
					return err
				}
				if err := t.putCustomerText(c); err != nil {
					return err
				}
			}
			for _, id := range jobs {
				j, err := t.Job(id)
				if err != nil {
					return err
				}
				if err := t.putJobText(j); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}
