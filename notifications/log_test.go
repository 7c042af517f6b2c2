package notifications_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"doorstep/notifications"
)

func TestLogKeepsSecrets(t *testing.T) {
	var out bytes.Buffer
	s := notifications.NewLog(slog.New(slog.NewJSONHandler(&out, nil)))
	got := s.Send(t.Context(), notifications.Message{
		Token: "SECRET-token", Title: "SECRET title", Body: "SECRET body", Link: "https://care.example/c/SECRET",
		Data: map[string]string{"type": "visit.scheduled", "to": "SECRET"}, CollapseKey: "SECRET", TTL: time.Hour,
	})
	if got.Outcome != notifications.Accepted || got.DropToken || got.Alert {
		t.Errorf("%+v", got)
	}
	line := out.String()
	if strings.Contains(line, "SECRET") || strings.Contains(got.MessageID, "SECRET") {
		t.Errorf("says too much: %s", line)
	}
	if !strings.Contains(line, `"type":"visit.scheduled"`) || strings.Count(line, "\n") != 1 {
		t.Errorf("says too little: %s", line)
	}
	out.Reset()
	if got := s.Send(t.Context(), notifications.Message{Token: "t"}); got.Outcome != notifications.Expired || out.Len() != 0 {
		t.Errorf("late push: %+v %s", got, &out)
	}
}
