package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"poolwise/storage"
)

// state is what a server knows after the same roster and day, in an order that is the same.
func state(r *running, more ...string) string {
	var b strings.Builder
	for _, path := range append(more, "/v1/areas", "/v1/sites", "/v1/labs", "/v1/rounds/default/coverage", "/v1/rounds/default/missing", "/v1/recollections?kind=all&at=2022-04-05T08:00:00Z", "/v1/tubes/T1") {
		b.WriteString(r.get(path))
	}
	text := b.String()
	for { // positions depend on how batches were cut
		before, after, ok := strings.Cut(text, `,"as_of":`)
		if !ok {
			return text
		}
		text = before + strings.TrimLeft(after, "0123456789")
	}
}

func TestLoadAgainstAKilledServer(t *testing.T) {
	// Ensures that a load whose server loses its power after a batch was stored and before it
	// was answered goes on with the server that is started again, and leaves the state of a
	// load that nothing disturbed.
	var day strings.Builder
	for i := range 400 {
		fmt.Fprintf(&day, `{"type":"scan","tube":"T%d","person":"passport:USA:%d","at":"2022-04-04T08:00:%02d+08:00"}`+"\n", i/10, 560018300+i, i%60)
	}
	for i := range 40 {
		fmt.Fprintf(&day, `{"type":"result","tube":"T%d","verdict":"%s","lab":"L1","tested_at":"2022-04-04T14:00:00+08:00"}`+"\n", i, []string{"negative", "positive"}[i%20/19])
	}
	path := file(t, "day.ndjson.zst", day.String())
	calm := begin(t, func(c *Config) { c.FS, c.Data = storage.NewCrashFS(), "data" })
	if status, out, errs := loading(t, "", nil, "events", path, "--batch", "50", "--target", calm.url); status != 0 {
		t.Fatalf("got %d, %s, %s", status, out, errs)
	}
	fs := storage.NewCrashFS()
	r := begin(t, func(c *Config) { c.FS, c.Data = fs, "data" })
	var crashed storage.FS
	var mu sync.Mutex // the server that is there now, and what was asked of it
	requests := 0
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		mu.Lock()
		defer mu.Unlock()
		requests++
		if crashed != nil && r.stop == nil {
			panic(http.ErrAbortHandler) // nobody there
		}
		text := r.post(request.URL.Path, string(body))
		if requests == 4 {
			crashed = fs.CrashClone(0, 1)
			r.end()
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, text)
	}))
	defer front.Close()
	pauses := 0
	again := func(l *loader) {
		pause := l.sender.pause
		l.sender.pause = func(ctx context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			if pauses++; pauses == 3 {
				r = begin(t, func(c *Config) { c.FS, c.Data = crashed, "data" })
			}
			return pause(ctx, d)
		}
	}
	status, out, errs := loading(t, "", again, "events", path, "--batch", "50", "--target", front.URL)
	if status != 0 || pauses != 3 || requests != 9+3 {
		t.Errorf("got %d, %d pauses, %d requests, %s, %s", status, pauses, requests, out, errs)
	}
	contains(t, out, "events: 440 items", "390 accepted, 50 duplicates, 0 rejected")
	if got, want := state(r), state(calm); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestLoadOfEveryFormat(t *testing.T) {
	// Ensures that the same roster and scans as NDJSON, JSON, CSV (also of a Chinese
	// spreadsheet program, and with semicolons) and XLSX leave the same state, and that each
	// names the same bad rows by their place in its file.
	const n = 60
	var roster, rosterArray, rosterCSV, rosterSemicolons strings.Builder
	var scans, scansCSV strings.Builder
	rosterRows, scanRows := [][]any{{"person", "name", "area", "household"}}, [][]any{{"tube", "person", "at", "site"}}
	rosterCSV.WriteString("person,name,area,household\n")
	rosterSemicolons.WriteString("person;name;area;household\n")
	scansCSV.WriteString("tube,person,at,site\n")
	for i := range n {
		person := fmt.Sprintf("passport:USA:%d", 560018300+i)
		if i%25 == 24 {
			person = "990101199003070024" // a wrong check character
		}
		item := fmt.Sprintf(`{"person":"%s","name":"测试","area":"990101","household":"H%d"}`, person, i/3)
		fmt.Fprintf(&roster, "%s\n", item)
		fmt.Fprintf(&rosterArray, ",%s", item)
		fmt.Fprintf(&rosterCSV, "%s,\"测试\",990101,H%d\n", person, i/3)
		fmt.Fprintf(&rosterSemicolons, "%s;测试;990101;H%d\n", person, i/3)
		rosterRows = append(rosterRows, []any{person, "测试", 990101, fmt.Sprintf("H%d", i/3)})
		at := time.Date(2022, 4, 4, 8, 0, i, 0, time.UTC)
		fmt.Fprintf(&scans, `{"tube":"T%d","person":"%s","at":"%s","site":"S1"}`+"\n", i/5, person, at.Format("2006-01-02T15:04:05"))
		fmt.Fprintf(&scansCSV, "T%d,%s,%s,S1\n", i/5, person, at.Format("2006-01-02T15:04:05"))
		scanRows = append(scanRows, []any{fmt.Sprintf("T%d", i/5), person, at, "S1"})
	}
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(rosterCSV.String())
	if err != nil {
		t.Fatal(err)
	}
	rosterXLSX, scansXLSX := string(sheet(t, rosterRows...)), string(sheet(t, scanRows...))
	want := ""
	for _, c := range []struct{ roster, name, scans, scansName, first string }{
		{roster.String(), "r.ndjson.gz", scans.String(), "s.ndjson", "line 25"}, {"[" + rosterArray.String()[1:] + "]", "r.json", scans.String(), "s.jsonl.zst", "item 25"},
		{rosterCSV.String(), "r.csv.zst", scansCSV.String(), "s.csv", "row 26"}, {gbk, "gbk.csv", scansCSV.String(), "s.csv.gz", "row 26"},
		{rosterSemicolons.String(), "r.csv", scansCSV.String(), "s.csv", "row 26"}, {rosterXLSX, "r.xlsx", scansXLSX, "s.xlsx", "row 26"}, {rosterXLSX, "r.xlsx.gz", scansXLSX, "s.xlsx", "row 26"},
	} {
		r := begin(t, func(c *Config) { c.FS, c.Data = storage.NewCrashFS(), "data" })
		args := []string{"--target", r.url, "--batch", "7", "--zone", "Asia/Shanghai"}
		if strings.HasPrefix(c.name, "gbk") {
			args = append(args, "--charset", "gbk", "--compress", "none")
		}
		status, out, errs := loading(t, "", nil, append([]string{"roster", file(t, c.name, c.roster)}, args...)...)
		contains(t, out, fmt.Sprintf("roster: %d items", n), "58 accepted, 0 duplicates, 2 rejected")
		contains(t, errs, c.first, "person_invalid")
		if status != 1 || strings.Contains(errs, "99010119") || strings.Count(errs, "\n") != 2 {
			t.Errorf("%s: got %d, %s", c.name, status, errs)
		}
		contains(t, r.put("/v1/rounds/R1", `{"areas":["990101"]}`), `"accepted":1`)
		status, out, errs = loading(t, "", nil, append([]string{"scans", file(t, c.scansName, c.scans)}, append(args[:6:6], "--compress", "none")...)...)
		contains(t, out, fmt.Sprintf("scans: %d items", n), "58 accepted, 0 duplicates, 2 rejected")
		if status != 1 {
			t.Errorf("%s: got %d, %s", c.scansName, status, errs)
		}
		got := state(r, "/v1/people/passport:USA:560018307/status?at=2022-04-04T12:00:00Z", "/v1/rounds/R1/coverage", "/v1/rounds/R1/missing")
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%s: got %s\nwant %s", c.name, got, want)
		}
		r.end()
	}
}

// put is post with PUT, of one JSON body.
func (r *running) put(path, body string) string {
	r.t.Helper()
	request, err := http.NewRequest("PUT", r.url+path, io.NopCloser(strings.NewReader(body)))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	return r.text(response, err)
}

func TestLoadFormWithATotal(t *testing.T) {
	// Ensures that rows of the roster form that hold a number or 合计 alone are passed over with a
	// note, also when a batch has no other, and that everything else is loaded.
	rows := [][]any{{"名册"}, {"序号", "网格", "受检对象姓名", "身份证号"}}
	for i := range 6 {
		cells := []any{i + 1, "990101", "测试甲", fmt.Sprintf("passport:USA:%d", 560018300+i)}
		if i == 4 {
			cells = []any{i + 1, "", "", ""} // numbered in advance
		}
		rows = append(rows, cells)
	}
	rows = append(rows, []any{"合计", "", "", ""})
	csv := ""
	for _, cells := range rows {
		for i, cell := range cells {
			csv += strings.Repeat(",", min(i, 1)) + fmt.Sprint(cell)
		}
		csv += "\n"
	}
	for _, c := range []struct{ name, text string }{{"form.xlsx", string(sheet(t, rows...))}, {"form.csv", csv}} {
		for _, batch := range []string{"1", "3", "100"} {
			r := begin(t, func(c *Config) { c.FS, c.Data = storage.NewCrashFS(), "data" })
			status, out, errs := loading(t, "", nil, "roster", file(t, c.name, c.text), "--target", r.url, "--batch", batch)
			contains(t, out, "roster: 5 items", "5 accepted, 0 duplicates, 0 rejected")
			want := map[string]string{
				"1":   "poolwise: of rows 7 to 7, 1 without an item are passed over\npoolwise: of rows 9 to 9, 1 without an item are passed over\n",
				"3":   "poolwise: of rows 6 to 8, 1 without an item are passed over\npoolwise: of rows 9 to 9, 1 without an item are passed over\n",
				"100": "poolwise: of rows 3 to 9, 2 without an item are passed over\n",
			}[batch]
			if status != 0 || errs != want {
				t.Errorf("%s by %s: got %d, %s; want %s", c.name, batch, status, errs, want)
			}
			r.end()
		}
	}
}

func TestNewbornsHaveTheServersOwnNumbers(t *testing.T) {
	// Ensures that the numbers of newborns on a form hang on the key file: a restart keeps them,
	// so that the form sent again says nothing new, and nobody without the key can tell them.
	form := file(t, "form.csv", "网格,受检对象姓名,身份证号,联系电话\n990101,测试甲之子,,13900000001\n990101,测试甲之子,,13900000001\n990101,测试甲之子,,13900000002\n")
	fs, seen := []storage.FS{storage.NewCrashFS(), storage.NewCrashFS()}, map[string]int{}
	for i, want := range []string{"3 accepted, 0 duplicates", "0 accepted, 3 duplicates", "3 accepted, 0 duplicates"} {
		r := begin(t, func(c *Config) { c.FS, c.Data = fs[i/2], "data" })
		_, out, errs := loading(t, "", nil, "roster", form, "--target", r.url)
		contains(t, out+errs, want)
		for line := range strings.Lines(r.get("/v1/people")) {
			_, number, _ := strings.Cut(line, `"person":"none:990101:`)
			number, _, _ = strings.Cut(number, `"`)
			seen[number]++
		}
		r.end()
	}
	if len(seen) != 6 || seen[""] > 0 {
		t.Errorf("got %d numbers of three people on two servers", len(seen))
	}
}
