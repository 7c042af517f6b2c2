package phone

import (
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// processor is what this process has used of the processors so far: the server, and whoever asks it here.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestFiguresOfAPhone measures a first picture of eight visits against the list of the same day, an answer with nothing new, and
// what a visit leaves in the feed; run alone with -v it prints them.
func TestFiguresOfAPhone(t *testing.T) {
	harness.Long(t)
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) { figures(harness.New(t, engine)) })
	}
}

func figures(h *harness.Harness) {
	h.MayIgnore(append(noise, "digest", "queue.done", "visits.again")...)
	desk := h.As("kiran")
	for day := range 4 {
		h.Clock.Set(harness.Monday.AddDate(0, 0, day))
		var visits []object
		for n := range 8 {
			_, job := h.Household(desk, nil)
			at := h.Clock.Now().Add(time.Duration(30+65*n) * time.Minute)
			visits = append(visits, desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": at.Format(time.RFC3339),
				"window_end": at.Add(time.Hour).Format(time.RFC3339), "planned_minutes": 40, "crew": []any{h.People["ravi"].ID}}, 201))
		}
		if day == 0 {
			answers(h)
		}
		for _, v := range visits {
			if at := harness.At(v, "window_start"); at.After(h.Clock.Now()) {
				h.Clock.Set(at)
			}
			h.WorkUntil("ravi", v, "complete", nil)
		}
	}
	h.Logf("the feed of 32 visits from booking to end: %s rows and %s bytes of items, %s rows of people", h.Column("SELECT count(*) FROM changes")[0],
		h.Column("SELECT sum(length(items)) FROM changes")[0], h.Column("SELECT count(*) FROM change_people")[0])
	if h.DB.Kind() == repo.Postgres {
		h.Logf("with indexes: %s and %s bytes", h.Column("SELECT pg_total_relation_size('changes')")[0],
			h.Column("SELECT pg_total_relation_size('change_people')")[0])
	}
}

// answers measures those of a day with eight visits.
func answers(h *harness.Harness) {
	visible(h)
	ask := func(address string) (bytes int) {
		req, err := http.NewRequest("GET", h.URL+address, nil)
		h.Must(err)
		req.Header.Set("Authorization", "Bearer "+h.People["ravi"].Token)
		req.Header.Set("Accept-Encoding", "gzip")
		res, err := http.DefaultClient.Do(req)
		h.Must(err)
		body, err := io.ReadAll(res.Body)
		h.Must(err)
		h.Must(res.Body.Close())
		if res.StatusCode != 200 {
			h.Fatalf("%s: %d %s", address, res.StatusCode, body)
		}
		return len(body)
	}
	each := func(address string) (wall, cpu time.Duration, bytes int) {
		const times = 100
		ask(address)
		began, used := time.Now(), processor()
		for range times {
			bytes = ask(address)
		}
		return time.Since(began) / times, (processor() - used) / times, bytes
	}
	whole := h.As("ravi").Send("GET", "/v1/sync", nil, 200)
	if n := len(harness.List(whole, "visits")); n != 8 || whole["more"] != false {
		h.Fatalf("the picture holds %d visits", n)
	}
	listWall, listCPU, listBytes := each("/v1/visits?date=" + h.Clock.Now().Format(time.DateOnly))
	firstWall, firstCPU, firstBytes := each("/v1/sync")
	nothingWall, nothingCPU, nothingBytes := each("/v1/sync?cursor=" + whole["cursor"].(string))
	began, used := time.Now(), processor()
	for range 10 {
		for _, v := range harness.List(whole, "visits") {
			job, customer := v["job"], v["customer"]
			for _, address := range []string{path("/v1/visits/%s", v["visit"]), path("/v1/visits/%s/timer", v["visit"]), path("/v1/jobs/%s", job),
				path("/v1/jobs/%s/passport", job), path("/v1/jobs/%s/reachability", job), path("/v1/customers/%s", customer)} {
				ask(address)
			}
		}
	}
	singleWall, singleCPU := time.Since(began)/10, (processor()-used)/10
	h.Logf("the same one by one, 48 requests: %v (%.2f), %v of processor (%.2f)", singleWall, float64(firstWall)/float64(singleWall), singleCPU,
		float64(firstCPU)/float64(singleCPU))
	h.Logf("the day's list: %v, %v of processor, %d bytes plain", listWall, listCPU, listBytes)
	h.Logf("a first picture: %v (%.1f), %v of processor (%.1f), %d bytes as gzip (%.2f)", firstWall, float64(firstWall)/float64(listWall), firstCPU,
		float64(firstCPU)/float64(listCPU), firstBytes, float64(firstBytes)/float64(listBytes))
	h.Logf("nothing new: %v, %v of processor with who asks, %d bytes", nothingWall, nothingCPU, nothingBytes)
	if firstBytes > 30_000 || nothingCPU > 20*time.Millisecond {
		h.Errorf("a first picture is %d bytes, nothing new takes %v", firstBytes, nothingCPU)
	}
}
