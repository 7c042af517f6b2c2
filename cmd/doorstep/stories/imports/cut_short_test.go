package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/api/sheet"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/intake"
)

// An import that is cut short says so; the same file again finishes it and doubles nothing, and all of it
// can be taken back.
func TestAnImportThatIsCutShort(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		var rows []string
		for i := range 150 {
			rows = append(rows, fmt.Sprintf("K-%d,Family %c%c,98230%05d,%d Lane,,Leaks,,,,", i, 'A'+i%26, 'a'+i/26, i, i))
		}
		id, text := uuid.New(), heading+strings.Join(rows, "\n")+"\n"
		file, err := sheet.Parse(t.Context(), sheet.MediaCSV, []byte(text))
		h.Must(err)
		ctx, die := context.WithCancel(t.Context())
		go func() { // it dies as soon as a part of it has landed
			defer die()
			for ctx.Err() == nil && len(items(desk.Send("GET", "/v1/jobs?limit=1", nil, 200))) == 0 {
			}
		}()
		u, err := h.Server.Service.Read.User(t.Context(), domain.Scope{All: true}, desk.ID)
		h.Must(err)
		actor := domain.Actor{UserID: u.ID, Name: u.Name, Role: u.Role, CentreID: *u.CentreID, AreaID: *u.AreaID}
		_, err = h.Server.Service.Intake.ImportJobs(ctx, &casework.Call{Actor: actor, Status: 200},
			intake.ImportInput{ID: &id, Digest: "same", File: file})
		if err == nil {
			t.Fatal("the import came to its end")
		}
		at := "/v1/imports/" + id.String()
		is(h, "at first it seems to run", desk.Send("GET", at, nil, 200)["state"], "running")
		h.Advance(4 * time.Minute)
		is(h, "then it has stopped", desk.Send("GET", at, nil, 200)["state"], "stopped")
		file, err = sheet.Parse(t.Context(), sheet.MediaCSV, []byte(text))
		h.Must(err)
		report, err := h.Server.Service.Intake.ImportJobs(t.Context(), &casework.Call{Actor: actor, Status: 200},
			intake.ImportInput{ID: &id, Digest: "same", File: file})
		h.Must(err)
		if report.Unchanged == 0 || report.Created == 0 || report.Created+report.Unchanged != len(rows) {
			t.Errorf("sent again: %d created, %d unchanged", report.Created, report.Unchanged)
		}
		is(h, "now it is done", desk.Send("GET", at, nil, 200)["state"], "done")
		is(h, "all of it is taken back", desk.Send("POST", at+"/undo", object{}, 200)["taken_back"], len(rows))
	})
}

// How far a preview is, only whoever asked for it is told, and only while it is made: it is no import.
func TestAPreviewSaysHowFarItIs(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		for range 5 { // on a busy machine one can be read before it is looked at
			if previewIsSeen(h) {
				return
			}
		}
		t.Error("nobody saw a preview being made")
	})
}

// previewIsSeen makes a preview, follows it, and reports whether it was seen while it was made.
func previewIsSeen(h *harness.Harness) (seen bool) {
	desk, other := h.As("kiran"), h.As("asha")
	var rows []string
	for i := range 200 {
		rows = append(rows, fmt.Sprintf("P-%d,Family %c%c,98240%05d,%d Lane,,Leaks,,,,", i, 'A'+i%26, 'a'+i/26%26, i, i))
	}
	at := uuid.NewString()
	done := harness.Beside(func() object { return sends(desk, "preview=true&id="+at, rows...) })
	var last float64
	for {
		select {
		case report, ok := <-done:
			if !ok {
				h.Fatal("the preview failed")
			}
			is(h, "read", []any{report["rows"], report["id"]}, "[200 <nil>]")
			desk.Send("GET", "/v1/imports/"+at, nil, 404)
			return last > 0
		case <-time.After(5 * time.Millisecond):
		}
		body, res := desk.Raw("GET", "/v1/imports/"+at, nil)
		if res.StatusCode != 200 {
			continue
		}
		var now object
		h.Must(json.Unmarshal(body, &now))
		n := now["rows_done"].(float64)
		if now["state"] != "reading" || now["rows"].(float64) != 200 || n < last || n > 200 {
			h.Fatalf("after %v: %v", last, now)
		}
		last = n
		if last > 0 && last < 150 {
			other.Send("GET", "/v1/imports/"+at, nil, 404)
		}
	}
}
