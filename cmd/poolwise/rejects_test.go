package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"poolwise/storage"
)

type rejectLine struct {
	Reject, Code string
	Times        int
	Item         json.RawMessage
}

// rejects reads all pages of the list.
func (r *running) rejects() (list []rejectLine) {
	r.t.Helper()
	for after := "J1"; ; {
		path := "/v1/rejects?limit=30000"
		if len(list) > 0 {
			path += "&after=" + after
		}
		response, err := http.Get(r.url + path)
		next := ""
		if err == nil {
			next = response.Header.Get("X-Next-After")
		}
		for line := range strings.Lines(r.text(response, err)) {
			var l rejectLine
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				r.t.Fatal(err)
			}
			list = append(list, l)
		}
		if next == "" || next == after {
			return list
		}
		after = next
	}
}

func (r *running) postJSON(path, body string) string {
	r.t.Helper()
	response, err := http.Post(r.url+path, "application/json", strings.NewReader(body))
	return r.text(response, err)
}

func TestRejectsAfterPowerLoss(t *testing.T) {
	// Ensures that 13 items of a bad form and 5 that a rule refused, among 1,000 good ones, are
	// readable with their codes and their text after the power failed at the answer; that the
	// batch sent ten times keeps each once; that one resubmitted before the power failed is
	// gone, and what is left can be resubmitted, late, and dismissed.
	fs := storage.NewCrashFS()
	r := begin(t, func(c *Config) { c.FS, c.Data = fs, "data" })
	var body strings.Builder
	var items, codes []string
	bad := func(code, item string) {
		body.WriteString(item + "\n")
		items, codes = append(items, item), append(codes, code)
	}
	for i := range 1000 {
		fmt.Fprintf(&body, `{"tube":"T%d","person":"passport:USA:%d","at":"2022-04-04T08:00:00+08:00"}`+"\n", i/10, 560018000+i)
		if i%100 == 50 {
			bad("person_invalid", fmt.Sprintf(`{"tube":"T%d","person":"990101199003070024","at":"2022-04-04T08:00:00+08:00"}`, i/10))
		}
		if i%200 == 199 {
			bad("tube_full", fmt.Sprintf(`{"tube":"T%d","person":"passport:USA:%d","at":"2022-04-04T08:00:00+08:00"}`, i/10, 560019000+i))
		}
		if i%400 == 100 {
			bad("bad_syntax", fmt.Sprintf("no item %d", i))
		}
	}
	for range 10 {
		contains(t, r.post("/v1/scans", body.String()), `"rejected":18,`)
	}
	check := func(list []rejectLine, times int) {
		t.Helper()
		if len(list) != 18 {
			t.Fatalf("got %d rejects; want 18", len(list))
		}
		for i, l := range list {
			want := items[i]
			if codes[i] == "bad_syntax" {
				want = `"` + want + `"`
			}
			if l.Reject != fmt.Sprint("J", i+1) || l.Code != codes[i] || string(l.Item) != want || l.Times != times {
				t.Fatalf("got %+v %s; want %s %s", l, l.Item, codes[i], want)
			}
		}
	}
	check(r.rejects(), 10)
	before := fs.CrashClone(0, 1)
	full := ""
	for i, code := range codes {
		if code == "tube_full" {
			full = fmt.Sprintf(`{"late":true,"rejects":["J%d"]}`, i+1)
			contains(t, r.postJSON("/v1/rejects/resubmit", full), `"accepted":1`, fmt.Sprintf(`"resubmitted":["J%d"]`, i+1))
			break
		}
	}
	later := fs.CrashClone(0, 2)

	r = begin(t, func(c *Config) { c.FS, c.Data = later, "data" })
	contains(t, r.postJSON("/v1/rejects/resubmit", full), `"received":0`, `"not_found":1`)
	contains(t, r.postJSON("/v1/rejects/dismiss", `{"rejects":["J1","J2"]}`), `"dismissed":2`)
	if got := len(r.rejects()); got != 15 {
		t.Errorf("got %d; want 15", got)
	}
	contains(t, r.get("/metrics"), "poolwise_rejects_kept 15\n")

	r = begin(t, func(c *Config) { c.FS, c.Data = before, "data" })
	check(r.rejects(), 10)
	contains(t, r.postJSON("/v1/rejects/resubmit", full), `"accepted":1`)
	contains(t, r.get("/v1/people/passport:USA:560019199/status"), `"state":"sampled"`)
}

func TestRejectsOfTheLargestBatch(t *testing.T) {
	// Ensures that of a batch of 100,000 bad items all 100,000 are kept, also over a restart,
	// and that what finds no more room is only counted.
	fs := storage.NewCrashFS()
	r := begin(t, func(c *Config) { c.FS, c.Data = fs, "data" })
	bodyOf := func(from int) string {
		var body strings.Builder
		for i := range 100_000 {
			fmt.Fprintf(&body, `{"tube":"T%d","person":"990101199003070024","at":"2022-04-04T08:00:00+08:00"}`+"\n", from+i)
		}
		return body.String()
	}
	contains(t, r.post("/v1/scans", bodyOf(0)), `"rejected":100000,`)
	crashed := fs.CrashClone(0, 1)
	r.end()
	r = begin(t, func(c *Config) { c.FS, c.Data = crashed, "data" })
	list := r.rejects()
	if len(list) != 100_000 {
		t.Fatalf("got %d; want 100,000", len(list))
	}
	for i, l := range list {
		if l.Code != "person_invalid" || !strings.HasPrefix(string(l.Item), fmt.Sprintf(`{"tube":"T%d",`, i)) || l.Times != 1 {
			t.Fatalf("%d: got %+v %s", i, l, l.Item)
		}
	}
	for from := 100_000; from < 400_000; from += 100_000 {
		contains(t, r.post("/v1/scans", bodyOf(from)), `"rejected":100000,`)
	}
	metrics := r.get("/metrics")
	var kept, dropped float64
	for line := range strings.Lines(metrics) {
		_, _ = fmt.Sscanf(line, "poolwise_rejects_kept %g", &kept)
		_, _ = fmt.Sscanf(line, "poolwise_rejects_dropped_total %g", &dropped)
	}
	if kept < 200_000 || kept+dropped != 400_000 {
		t.Errorf("got %g kept and %g dropped", kept, dropped)
	}
	t.Logf("%g kept, %g dropped", kept, dropped)
}
