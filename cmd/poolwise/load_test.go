package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// doorman is a server that remembers what it was sent, and answers as it is told.
type doorman struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	// reply answers the n-th request; nil: everything is accepted.
	reply func(n int, w http.ResponseWriter, body string) (done bool)
}

func newDoorman(t *testing.T) *doorman {
	d := &doorman{}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "zstd" {
			in, _ = zstd.NewReader(in)
		}
		body, _ := io.ReadAll(in)
		d.mu.Lock()
		defer d.mu.Unlock()
		n := len(d.bodies)
		d.requests, d.bodies = append(d.requests, r), append(d.bodies, string(body))
		if d.reply != nil && d.reply(n, w, string(body)) {
			return
		}
		items := strings.Count(string(body), "\n")
		switch r.Header.Get("Content-Type") {
		case "application/json":
			var list []json.RawMessage
			if items = 1; json.Unmarshal(body, &list) == nil {
				items = len(list)
			}
		case "application/x-ndjson":
		default:
			items-- // the heading
		}
		fmt.Fprintf(w, `{"received":%d,"accepted":%d,"duplicates":0,"rejected":0,"errors":[],"flagged":0,"flags":[],"as_of":1}`, items, items)
	}))
	t.Cleanup(d.Close)
	return d
}

// loading calls `poolwise load` with a clock of its own: waiting takes no time.
func loading(t *testing.T, stdin string, change func(*loader), args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	cfg, err := parseLoad(args, nil, &e)
	if err != nil {
		return 2, "", err.Error()
	}
	l := newLoader(cfg, &o, &e)
	if l.sender, err = newLoadSender(&l.cfg); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	now := time.Date(2022, 4, 4, 8, 0, 0, 0, time.UTC)
	l.sender.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	l.sender.pause = func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
		return ctx.Err()
	}
	if change != nil {
		change(l)
	}
	status = l.run(t.Context(), strings.NewReader(stdin))
	return status, o.String(), e.String()
}

// file writes a file for a test.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	var packed bytes.Buffer
	switch filepath.Ext(name) {
	case ".gz":
		w := gzip.NewWriter(&packed)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
	case ".zst":
		w, _ := zstd.NewWriter(&packed)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
	default:
		packed.WriteString(text)
	}
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadUse(t *testing.T) {
	// Ensures that wrong use is refused with a sentence and status 2, that flags may stand
	// anywhere, and that a variable fills a flag that is not given.
	for _, args := range [][]string{
		{}, {"roster"}, {"roster", "a.csv", "b.csv"}, {"people", "a.csv"}, {"roster", "a.txt"}, {"roster", "-"}, {"roster", "a"},
		{"roster", "a.csv", "--batch", "0"}, {"roster", "a.csv", "--batch", "100001"}, {"roster", "a.csv", "--connections", "65"},
		{"roster", "a.csv", "--target", "127.0.0.1:8080"}, {"roster", "a.csv", "--zone", "Mars"}, {"roster", "a.csv", "--charset", "big5"},
		{"roster", "a.ndjson", "--charset", "gbk"}, {"roster", "a.csv", "--compress", "gzip"}, {"roster", "a.csv", "--retry-for", "-1s"},
		{"round", "a.json"}, {"round", "a.csv", "--round", "R1"}, {"round", "a.json", "--round", "R/1"}, {"roster", "a.csv", "--round", "R1"}, {"roster", "a.csv", "--what"},
	} {
		var errs bytes.Buffer
		if status := load(args, nil, io.Discard, &errs); status != 2 || !strings.Contains(errs.String(), "cannot") {
			t.Errorf("%v: got %d, %s", args, status, errs.String())
		}
	}
	for _, args := range [][]string{{"--batch", "7", "scans", "A.NDJSON.GZ"}, {"scans", "--batch", "7", "A.NDJSON.GZ"}, {"scans", "A.NDJSON.GZ", "--batch", "7"}} {
		c, err := parseLoad(args, []string{"POOLWISE_LOAD_ZONE=Asia/Shanghai", "POOLWISE_LOAD_BATCH=8", "POOLWISE_TARGET=http://x"}, io.Discard)
		if err != nil || c.Kind != "scans" || c.Batch != 7 || c.Format != "ndjson" || c.Packed != "gzip" || c.Zone != "Asia/Shanghai" || c.Target != "http://127.0.0.1:8080" {
			t.Errorf("%v: got %+v, %v", args, c, err)
		}
	}
	if status, _, errs := loading(t, "", nil, "roster", filepath.Join(t.TempDir(), "none.csv")); status != 1 || !strings.Contains(errs, "cannot read the file") {
		t.Errorf("a file that is not there: got %d, %s", status, errs)
	}
}

func TestLoadSends(t *testing.T) {
	// Ensures that every kind goes to its door with the headers that were asked for, in
	// batches of the asked size, that packed files and bodies are understood, and that the
	// last line counts.
	d := newDoorman(t)
	for kind, want := range map[string]string{"roster": "POST /v1/roster", "areas": "PUT /v1/areas", "sites": "PUT /v1/sites", "labs": "PUT /v1/labs",
		"scans": "POST /v1/scans", "results": "POST /v1/results", "events": "POST /v1/events"} {
		for _, name := range []string{"f.ndjson", "f.jsonl.gz", "f.ndjson.zst"} {
			d.requests, d.bodies = nil, nil
			status, out, errs := loading(t, "", nil, kind, file(t, name, "{\"a\":1}\n\n  \n{\"a\":2}\r\n{\"a\":3}"), "--target", d.URL+"/", "--batch", "2", "--connections", "1", "--zone", "Asia/Shanghai")
			r := d.requests[0]
			if got := r.Method + " " + r.RequestURI; status != 0 || got != want || errs != "" || r.Header.Get("X-Time-Zone") != "Asia/Shanghai" || r.Header.Get("Content-Type") != "application/x-ndjson" {
				t.Errorf("%s: got %d, %s, %s", kind, status, got, errs)
			}
			if got := fmt.Sprintf("%q", d.bodies); got != `["{\"a\":1}\n{\"a\":2}\r\n" "{\"a\":3}\n"]` {
				t.Errorf("%s %s: got %s", kind, name, got)
			}
			if want := kind + ": 3 items in 0.0 s (0/s): 3 accepted, 0 duplicates, 0 rejected\n"; out != want {
				t.Errorf("got %q; want %q", out, want)
			}
		}
	}
	for text, want := range map[string]string{
		`[{"a":1}, {"a":[2]},{"a":3}]`: `["[{\"a\":1},{\"a\":[2]}]" "[{\"a\":3}]"]`, `{"a":1}`: `["[{\"a\":1}]"]`, "{\"a\":1}\n{\"a\":2}": `["[{\"a\":1},{\"a\":2}]"]`,
		"\ufeff [ ] ": `[]`, "": `[]`,
	} {
		d.bodies = []string{}
		if status, _, errs := loading(t, text, nil, "scans", "-", "--format", "json", "--target", d.URL, "--batch", "2"); status != 0 || fmt.Sprintf("%q", d.bodies) != want {
			t.Errorf("%q: got %d, %q, %s", text, status, d.bodies, errs)
		}
	}
	d.requests, d.bodies = nil, nil
	status, out, _ := loading(t, ` {"areas":["98"]} `, nil, "round", "-", "--format", "json", "--round", "APR04", "--target", d.URL, "--dry-run", "--compress", "zstd")
	if r := d.requests[0]; status != 0 || r.Method+" "+r.RequestURI != "PUT /v1/rounds/APR04?dry_run=1" || d.bodies[0] != `{"areas":["98"]}` || !strings.Contains(out, "; a dry run: nothing was changed\n") {
		t.Errorf("round: got %d, %q, %s", status, d.bodies, out)
	}
}

func TestLoadBadFiles(t *testing.T) {
	// Ensures that a file that cannot be read to its end is told with the place and without
	// its text, and that what stood before it was sent.
	d := newDoorman(t)
	for _, c := range []struct {
		name, text, want string
		items            int
	}{
		{"a.json", `[{"a":1},{"a":secret}]`, "cannot read item 2", 1}, {"b.json", `[{"a":1}`, "cannot read item 2", 1}, {"c.json", `[1] secret`, "cannot read item 2", 1},
		{"d.csv", "a,b\n1,\"2\n3,4\n", "cannot read row 2", 0}, {"e.csv", "\n \n,,\n", "got no heading", 0}, {"f.csv", "", "got no heading", 0}, {"g.csv", "a,b\n1,2\n3,\"secret\n", "cannot read row 3", 1},
		{"h.xlsx", "secret", "cannot read the spreadsheet", 0}, {"j.ndjson", "{}\n" + strings.Repeat("x", loadBatchBytesMax+1), "cannot read line 2", 1},
		{"k.json", "[1," + strings.Repeat(" ", 4*loadBatchBytesMax) + "2]", "cannot read item 2", 1},
	} {
		status, out, errs := loading(t, "", nil, "roster", file(t, c.name, c.text), "--target", d.URL)
		if status != 1 || !strings.Contains(errs, c.want) || strings.Contains(errs, "secret") || !strings.Contains(out, fmt.Sprintf("roster: %d items", c.items)) {
			t.Errorf("%s: got %d, %s, %s", c.name, status, out, errs)
		}
	}
	for _, text := range []string{"", "[]", "{} {}", "1", `{"a"`} {
		d.bodies = nil
		if status, _, errs := loading(t, text, nil, "round", "-", "--format", "json", "--round", "R1", "--target", d.URL); status != 1 || len(d.bodies) > 0 {
			t.Errorf("round %q: got %d, %s, %q", text, status, errs, d.bodies)
		}
	}
	bad := file(t, "l.ndjson.gz", "{}\n")
	if err := os.Truncate(bad, 20); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := loading(t, "", nil, "roster", bad, "--target", d.URL); status != 1 || !strings.Contains(errs, "cannot") {
		t.Errorf("a packed file cut off: got %d, %s", status, errs)
	}
}

// numbered is a roster of n made-up people, one a line; every seventh line is blank.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		if i%7 == 3 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, `{"person":"passport:USA:%d","area":"990101"}`+"\n", 560018300+i)
	}
	return b.String()
}

func TestLoadRetries(t *testing.T) {
	// Ensures that a batch is sent again after 503, 429, a broken connection and a broken
	// answer, for as long as --retry-for says, that the pause follows Retry-After, and that
	// what is wrong for good is not sent again.
	d := newDoorman(t)
	var paused []time.Duration
	var mu sync.Mutex
	slow := func(l *loader) {
		pause := l.sender.pause
		l.sender.pause = func(ctx context.Context, delay time.Duration) error {
			mu.Lock()
			paused = append(paused, delay)
			mu.Unlock()
			return pause(ctx, delay)
		}
	}
	d.reply = func(n int, w http.ResponseWriter, _ string) bool {
		switch n {
		case 1:
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(503)
		case 2:
			w.WriteHeader(429)
		case 3:
			panic(http.ErrAbortHandler)
		case 4:
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"received":`)
		case 5:
			w.Header().Set("Retry-After", "3000")
			w.WriteHeader(502)
		default:
			return false
		}
		return true
	}
	status, out, errs := loading(t, numbered(30), slow, "roster", "-", "--format", "ndjson", "--batch", "10", "--connections", "1", "--target", d.URL)
	if status != 0 || len(d.bodies) != 8 || d.bodies[1] != d.bodies[6] || !strings.Contains(out, "30 accepted") || strings.Count(errs, "trying for 10m0s") != 1 {
		t.Errorf("got %d, %d requests, %s, %s", status, len(d.bodies), out, errs)
	}
	if got := fmt.Sprint(paused); got != "[2s 200ms 400ms 800ms 5s]" {
		t.Errorf("got pauses %s", got)
	}
	d.reply = func(n int, w http.ResponseWriter, _ string) bool { w.WriteHeader(503); return true }
	status, out, errs = loading(t, numbered(30), nil, "scans", "-", "--format", "ndjson", "--batch", "10", "--retry-for", "3s", "--target", d.URL)
	if status != 1 || !strings.Contains(errs, "cannot load lines 1 to 11: gave up after 3s") || !strings.Contains(out, "scans: 0 items") {
		t.Errorf("got %d, %s, %s", status, out, errs)
	}
	d.bodies = nil
	d.reply = func(n int, w http.ResponseWriter, _ string) bool {
		if n == 0 {
			return false
		}
		w.WriteHeader(413)
		fmt.Fprint(w, `{"error":{"code":"body_too_large","message":"The body is larger."}}`)
		return true
	}
	status, _, errs = loading(t, numbered(30), nil, "scans", "-", "--format", "ndjson", "--batch", "10", "--target", d.URL)
	if status != 1 || len(d.bodies) != 2 {
		t.Errorf("got %d, %d requests", status, len(d.bodies))
	}
	contains(t, errs, "cannot load lines 13 to 23: http://127.0.0.1:", "answers 413 body_too_large The body is larger.", "everything up to line 11 is in the store")
}

func TestLoadGivesUpAtOnce(t *testing.T) {
	// Ensures that when one batch is refused for good, another that waits to be sent again is
	// not waited for.
	d := newDoorman(t)
	both := make(chan struct{})
	d.reply = func(n int, w http.ResponseWriter, body string) bool {
		if strings.Contains(body, "560018300") {
			w.WriteHeader(503)
			return true
		}
		d.mu.Unlock()
		<-both // the other one waits by now
		d.mu.Lock()
		w.WriteHeader(400)
		return true
	}
	waits := func(l *loader) {
		l.sender.pause = func(ctx context.Context, _ time.Duration) error {
			close(both)
			<-ctx.Done()
			return ctx.Err()
		}
	}
	status, out, errs := loading(t, numbered(2), waits, "roster", "-", "--format", "ndjson", "--batch", "1", "--connections", "2", "--target", d.URL)
	if status != 1 || !strings.Contains(errs, "cannot load lines 2 to 2") || !strings.Contains(out, "roster: 0 items") {
		t.Errorf("got %d, %s, %s", status, out, errs)
	}
}

func TestLoadHoldsNoMoreThanItsWindow(t *testing.T) {
	// Ensures that while the oldest batch waits to be sent again, others go on up to the bound
	// of what is held, and no further.
	d := newDoorman(t)
	all, tries, others := make(chan struct{}), 0, 0
	d.reply = func(_ int, w http.ResponseWriter, body string) bool {
		if strings.Contains(body, "560018300") {
			if tries++; tries < 50 { // time enough for others, if they were not held back
				w.WriteHeader(503)
				return true
			}
			if others != loadWindowBatches-1 {
				t.Errorf("got %d other batches; want %d", others, loadWindowBatches-1)
			}
		} else if others++; others == loadWindowBatches-1 {
			close(all)
		}
		return false
	}
	waits := func(l *loader) {
		l.sender.pause = func(context.Context, time.Duration) error { <-all; return nil }
	}
	status, out, errs := loading(t, numbered(2*loadWindowBatches), waits, "roster", "-", "--format", "ndjson", "--batch", "1", "--connections", "2", "--target", d.URL)
	if status != 0 || tries != 50 {
		t.Errorf("got %d, %d tries, %s, %s", status, tries, out, errs)
	}
}

func TestLoadOrder(t *testing.T) {
	// Ensures that kinds whose order counts are sent in the file's order, one batch after the
	// other, and that a roster has several on the way.
	var text, want strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "{\"n\":%d}\n", i)
		fmt.Fprintf(&want, "{\"n\":%d}\n", i)
	}
	d := newDoorman(t)
	for _, kind := range []string{"areas", "sites", "labs", "scans", "events"} {
		d.bodies = nil
		status, _, errs := loading(t, text.String(), nil, kind, "-", "--format", "ndjson", "--batch", "1", "--connections", "8", "--target", d.URL)
		if status != 0 || strings.Join(d.bodies, "") != want.String() {
			t.Errorf("%s: got %d, %s, %q", kind, status, errs, d.bodies)
		}
	}
	var inside sync.WaitGroup
	inside.Add(3) // answered only when three are there at a time
	together := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside.Done()
		inside.Wait()
		fmt.Fprint(w, `{"received":1,"accepted":1}`)
	}))
	defer together.Close()
	for _, kind := range []string{"roster", "results"} {
		status, out, errs := loading(t, "{}\n{}\n{}\n", nil, kind, "-", "--format", "ndjson", "--batch", "1", "--connections", "3", "--target", together.URL)
		if status != 0 {
			t.Errorf("%s: got %d, %s, %s", kind, status, out, errs)
		}
		inside.Add(3)
	}
}

func TestLoadStops(t *testing.T) {
	// Ensures that Ctrl-C lets the request on its way be answered, ends waiting, sends no
	// more, and says how far the file came, also when the input never ends.
	d := newDoorman(t)
	for _, when := range []string{"sending", "waiting"} {
		ctx, cancel := context.WithCancel(t.Context())
		d.bodies = nil
		d.reply = func(n int, w http.ResponseWriter, _ string) bool {
			if n == 1 {
				cancel()
			}
			if n == 1 && when == "waiting" {
				w.WriteHeader(503)
				return true
			}
			return false
		}
		endless, feed := io.Pipe()
		go func() { _, _ = io.WriteString(feed, numbered(25)) }() // and then nothing
		var out, errs bytes.Buffer
		cfg, err := parseLoad([]string{"scans", "-", "--format", "ndjson", "--batch", "10", "--target", d.URL}, nil, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		status := newLoader(cfg, &out, &errs).run(ctx, endless)
		want := map[string]string{"sending": "everything up to line 23 is in the store", "waiting": "everything up to line 11 is in the store"}
		contains(t, errs.String(), "poolwise: stopped\n", want[when])
		if status != 1 || len(d.bodies) != 2 {
			t.Errorf("%s: got %d, %d requests", when, status, len(d.bodies))
		}
		feed.Close()
	}
}

// rejectSome rejects every fourth person of numbered, as the server does.
func rejectSome(_ int, w http.ResponseWriter, body string) bool {
	table := !strings.HasPrefix(body, "{") && !strings.HasPrefix(body, "[")
	lines := strings.Split(strings.TrimSuffix(strings.Trim(body, "[]"), "\n"), "\n")
	if strings.HasPrefix(body, "[") {
		lines = strings.Split(strings.Trim(body, "[]"), "},")
	}
	if table {
		lines = lines[1:]
	}
	var errs []string
	for i, line := range lines {
		at := strings.Index(line, "5600183")
		number, _ := strconv.Atoi(line[at+7 : at+9])
		if number%4 != 2 {
			continue
		}
		if table {
			errs = append(errs, fmt.Sprintf(`{"index":99,"row":%d,"column":"person","code":"bad_%d","message":"M."}`, i+2, number))
		} else {
			errs = append(errs, fmt.Sprintf(`{"index":%d,"code":"bad_%d","message":"M."}`, i, number))
		}
	}
	fmt.Fprintf(w, `{"received":%d,"accepted":%d,"rejected":%d,"errors":[%s],"flagged":2}`, len(lines), len(lines)-len(errs), len(errs), strings.Join(errs, ","))
	return true
}

func TestLoadErrors(t *testing.T) {
	// Ensures that a rejected item is told by its line, row or number in the file, in the
	// file's order however the batches are answered, also by a server that counts a table's
	// rows otherwise; that the terminal shows the first twenty and --errors has all; and that
	// status 1 says it.
	d := newDoorman(t)
	d.reply = rejectSome
	lines := numbered(99)
	array := "[" + strings.TrimSuffix(strings.ReplaceAll(strings.ReplaceAll(lines, "\n\n", "\n"), "}\n", "},"), ",") + "]"
	var table strings.Builder
	table.WriteString("sep=,\r\nperson,area\r\n")
	for line := range strings.Lines(lines) {
		if person, _, ok := strings.Cut(strings.TrimPrefix(line, `{"person":"`), `"`); ok {
			line = person + ",990101\r\n"
		}
		table.WriteString(line)
	}
	var want [3][]int // line, item, row of each bad number
	for i := range 99 {
		if i%4 == 2 {
			line := i + 1 + (i+4)/7
			want[0], want[1], want[2] = append(want[0], line), append(want[1], i+1), append(want[2], line+1)
		}
	}
	for i, c := range []struct{ name, text, word string }{{"a.ndjson", lines, "line"}, {"a.json", array, "item"}, {"a.csv", table.String(), "row"}} {
		status, out, errs := loading(t, "", nil, "roster", file(t, c.name, c.text), "--batch", "10", "--connections", "4", "--target", d.URL)
		var told []string
		for j, at := range want[i][:loadErrorsShown] {
			column := ""
			if c.word == "row" {
				column = ", column person"
			}
			told = append(told, fmt.Sprintf("%s %d%s: bad_%d: M.", c.word, at, column, 4*j+2))
		}
		if got := strings.Join(told, "\n") + "\n5 more rejected items are not shown; --errors FILE holds them all\n"; status != 1 || errs != got {
			t.Errorf("%s: got %d, %s\nwant %s", c.name, status, errs, got)
		}
		contains(t, out, "roster: 99 items", "74 accepted, 0 duplicates, 25 rejected, 20 flagged")
		all := filepath.Join(t.TempDir(), "errors.ndjson")
		status, _, errs = loading(t, "", nil, "roster", file(t, c.name, c.text), "--batch", "10", "--errors", all, "--quiet", "--target", d.URL)
		text, err := os.ReadFile(all)
		if err != nil || status != 1 || errs != "" || strings.Count(string(text), "\n") != 25 {
			t.Errorf("%s: got %d, %s, %s, %v", c.name, status, errs, text, err)
		}
		contains(t, string(text), fmt.Sprintf(`{"row":%d,`, want[i][24]), `"code":"bad_98","message":"M."}`)
	}
	d.reply = func(n int, w http.ResponseWriter, body string) bool {
		fmt.Fprint(w, `{"received":9,"rejected":9,"errors":[{"index":77,"code":"x","message":"M."}]}`)
		return true
	}
	_, _, errs := loading(t, numbered(8), nil, "roster", "-", "--format", "ndjson", "--target", d.URL)
	contains(t, errs, "of lines 1 to 9 the server counts 9 items, and 8 were sent", "line 0: x", "8 rejected items are only counted")
}
