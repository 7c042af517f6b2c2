package api

import (
	"strings"
	"testing"
)

const certificate = "14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5"

func TestAppLinks(t *testing.T) {
	plain := strings.ToLower(strings.ReplaceAll(certificate, ":", ""))
	other := strings.Replace(certificate, "14:", "15:", 1)
	l, err := NewAppLinks([]string{"in.example.care:" + plain, " in.example.care:" + other, "in.example.care:" + certificate},
		[]string{"ABCDE12345.in.example.care"})
	if err != nil {
		t.Fatal(err)
	}
	const one = `[{"relation":["delegate_permission/common.handle_all_urls"],"target":{"namespace":"android_app",` +
		`"package_name":"in.example.care","sha256_cert_fingerprints":["`
	if got, want := string(l.android), one+certificate+`","`+other+`"]}}]`; got != want {
		t.Errorf("android: %s\nwant %s", got, want)
	}
	if got, want := string(l.ios),
		`{"applinks":{"details":[{"appIDs":["ABCDE12345.in.example.care"],"components":[{"/":"/c/*"}]}]}}`; got != want {
		t.Errorf("ios: %s\nwant %s", got, want)
	}
	if l, err := NewAppLinks(nil, nil); err != nil || l.android != nil || l.ios != nil {
		t.Errorf("no app: %s, %s, %v", l.android, l.ios, err)
	}
	for _, bad := range []struct{ android, ios, teaches string }{
		{"care:" + certificate, "", "in.example.app:AB:CD"},
		{"in.example.care", "", "64 hexadecimal digits"},
		{"in.example.care:" + certificate[3:], "", "64 hexadecimal digits"},
		{"in.example.care:" + certificate + ":00", "", "64 hexadecimal digits"},
		{"in.example.care:" + strings.Replace(certificate, "14", "XY", 1), "", "64 hexadecimal digits"},
		{"", "in.example.care", "ABCDE12345.in.example.app"},
		{"", "abcde12345.in.example.care", "ABCDE12345.in.example.app"},
		{"", "ABCDE12345.", "ABCDE12345.in.example.app"},
		{"", "ABCDE12345.in/example", "ABCDE12345.in.example.app"},
	} {
		var android, ios []string
		if bad.android != "" {
			android = []string{bad.android}
		} else {
			ios = []string{bad.ios}
		}
		if _, err := NewAppLinks(android, ios); err == nil || !strings.Contains(err.Error(), bad.teaches) {
			t.Errorf("%s%s: %v", bad.android, bad.ios, err)
		}
	}
}
