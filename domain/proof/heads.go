package proof

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
)

// The heads of all timelines, signed and kept outside the database each day,
// show later whether rows were cut off a chain's end or a chain was written
// anew: neither can be seen in the database alone (docs/product.md section 10).

// HeadsFormat names the layout: a line of JSON, a line "job seq hash" for each
// job, a line "signature base64" over all lines before it.
const HeadsFormat = "doorstep-heads/1"

// HeadsInfo is the first line of a file of heads.
type HeadsInfo struct {
	Format    string    `json:"format"`
	At        time.Time `json:"at"`
	KeyID     string    `json:"key_id"`
	PublicKey string    `json:"public_key"`
}

// ExportHeads writes the heads of all jobs, signed; it gives their number.
func (s *Service) ExportHeads(ctx context.Context, to io.Writer) (int, error) {
	key := s.Keys.EvidenceKey(s.Keys.Current())
	public := key.Public().(ed25519.PublicKey)
	info, err := json.Marshal(HeadsInfo{HeadsFormat, s.Instant(), keyID(public), base64.StdEncoding.EncodeToString(public)})
	if err != nil {
		return 0, err
	}
	var out bytes.Buffer
	out.Write(append(info, '\n'))
	n := 0
	var after *domain.ID
	for {
		jobs, err := s.Read.JobsToVerify(ctx, after, 500)
		if err != nil {
			return n, err
		}
		for i := range jobs {
			fmt.Fprintf(&out, "%s %d %s\n", jobs[i].ID, jobs[i].Seq, hex.EncodeToString(jobs[i].ChainHead))
			n++
		}
		if len(jobs) == 0 {
			break
		}
		after = &jobs[len(jobs)-1].ID
	}
	fmt.Fprintf(&out, "signature %s\n", base64.StdEncoding.EncodeToString(ed25519.Sign(key, out.Bytes())))
	_, err = out.WriteTo(to)
	return n, err
}

// VerifyHeads holds the timelines as they are against heads of an earlier day:
// each chain must still hold the row that was its last one then.
func (s *Service) VerifyHeads(ctx context.Context, file []byte, key string) (HeadsInfo, []domain.ChainFault, error) {
	var info HeadsInfo
	cut := bytes.LastIndex(file, []byte("\nsignature ")) + 1
	if cut == 0 {
		return info, nil, errors.New("the file has no signature: it was cut, or is no file of heads")
	}
	body, signature := file[:cut], strings.TrimSpace(strings.TrimPrefix(string(file[cut:]), "signature "))
	first, rest, _ := bytes.Cut(body, []byte("\n"))
	if err := json.Unmarshal(first, &info); err != nil || info.Format != HeadsFormat {
		return info, nil, errors.New("this is no file of " + HeadsFormat)
	}
	public, err := base64.StdEncoding.DecodeString(info.PublicKey)
	signed, serr := base64.StdEncoding.DecodeString(signature)
	switch {
	case key != "" && key != info.PublicKey:
		return info, nil, fmt.Errorf("it is signed by the key %s, not by the one given", info.KeyID)
	case err != nil || serr != nil || len(public) != ed25519.PublicKeySize || !ed25519.Verify(public, body, signed):
		return info, nil, errors.New("the signature does not fit the heads: one of both was changed")
	}
	var faults []domain.ChainFault
	lines := bufio.NewScanner(bytes.NewReader(rest))
	for lines.Scan() {
		part := strings.Fields(lines.Text())
		if len(part) < 2 {
			return info, faults, fmt.Errorf("unreadable line %q", lines.Text())
		}
		id, err := uuid.Parse(part[0])
		seq, nerr := strconv.ParseInt(part[1], 10, 64)
		if err != nil || nerr != nil {
			return info, faults, fmt.Errorf("unreadable line %q", lines.Text())
		}
		if seq == 0 {
			continue
		}
		row, err := s.Read.Timeline(ctx, domain.Scope{All: true}, id, seq-1, 1)
		if err != nil {
			return info, faults, err
		}
		switch {
		case len(row) == 0 || row[0].Seq != seq:
			faults = append(faults, domain.ChainFault{JobID: id, Seq: seq, Why: "it was there on " + info.At.Format("2 Jan 2006") + " and is gone"})
		case len(part) < 3 || hex.EncodeToString(row[0].Hash) != part[2]:
			faults = append(faults, domain.ChainFault{JobID: id, Seq: seq, Why: "it is not the row of " + info.At.Format("2 Jan 2006")})
		}
	}
	return info, faults, lines.Err()
}
