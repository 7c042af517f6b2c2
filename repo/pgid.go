package repo

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// idCodec reads ids as the 16 bytes they are; pgx alone makes a text for
// uuid.UUID to parse, and a list has six ids a row.
type idCodec struct{ pgtype.UUIDCodec }

// PlanScan implements pgtype.Codec.
func (c idCodec) PlanScan(m *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if format == pgtype.BinaryFormatCode {
		switch target.(type) {
		case *uuid.UUID:
			return idPlan{}
		case **uuid.UUID:
			return idOrNilPlan{}
		}
	}
	return c.UUIDCodec.PlanScan(m, oid, format, target)
}

type idPlan struct{}

func (idPlan) Scan(src []byte, dst any) error {
	if len(src) != 16 {
		return fmt.Errorf("repo: an id of %d bytes", len(src))
	}
	copy(dst.(*uuid.UUID)[:], src)
	return nil
}

type idOrNilPlan struct{}

func (idOrNilPlan) Scan(src []byte, dst any) error {
	to := dst.(**uuid.UUID)
	if src == nil {
		*to = nil
		return nil
	}
	*to = new(uuid.UUID)
	return idPlan{}.Scan(src, *to)
}
