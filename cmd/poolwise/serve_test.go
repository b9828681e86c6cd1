package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolwise/engine"
	"poolwise/storage"
)

// running is a server that a test has started.
type running struct {
	t    *testing.T
	url  string
	stop context.CancelFunc
	done chan error
	out  bytes.Buffer
}

// begin runs a server until the test stops it, and returns when it is ready.
func begin(t *testing.T, change func(*Config)) *running {
	t.Helper()
	r := &running{t: t, done: make(chan error, 1)}
	cfg := defaultConfig()
	cfg.Addr, cfg.Out = "127.0.0.1:0", &r.out
	cfg.fatal = func(err error) { panic(err) }
	ready := make(chan string, 1)
	cfg.ready = func(addr string) { ready <- addr }
	change(&cfg)
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.done <- run(ctx, cfg) }()
	select {
	case addr := <-ready:
		r.url = "http://" + addr
	case err := <-r.done:
		t.Fatalf("the server did not start: %v", err)
	}
	t.Cleanup(r.end)
	return r
}

// end stops the server cleanly; a second call does nothing.
func (r *running) end() {
	if r.stop == nil {
		return
	}
	http.DefaultClient.CloseIdleConnections()
	r.stop()
	r.stop = nil
	if err := <-r.done; err != nil {
		r.t.Errorf("the server did not stop cleanly: %v", err)
	}
}

func (r *running) post(path, body string) string {
	r.t.Helper()
	response, err := http.Post(r.url+path, "application/x-ndjson", strings.NewReader(body))
	return r.text(response, err)
}

func (r *running) get(path string) string {
	r.t.Helper()
	response, err := http.Get(r.url + path)
	return r.text(response, err)
}

func (r *running) text(response *http.Response, err error) string {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		r.t.Fatalf("got %d %s, %v", response.StatusCode, text, err)
	}
	return string(text)
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got %s\nwant %s in it", text, part)
		}
	}
}

func story(r *running) {
	var body strings.Builder
	for i := range 10 {
		fmt.Fprintf(&body, `{"tube":"T100","person":"passport:USA:%d","at":"2022-04-04T08:0%d:00+08:00"}`+"\n", 560018270+i, i)
	}
	contains(r.t, r.post("/v1/scans", body.String()), `"accepted":10`)
	contains(r.t, r.post("/v1/results", `{"tube":"T100","verdict":"positive","lab":"L1","tested_at":"2022-04-04T14:00:00+08:00"}`), `"accepted":1`)
}

func held(r *running) {
	contains(r.t, r.get("/v1/people/passport:USA:560018274/status"), `"state":"held"`, `"code":"yellow"`, `"id":"R`)
	if got := strings.Count(r.get("/v1/recollections?state=open"), "\n"); got != 10 {
		r.t.Errorf("got %d open orders; want 10", got)
	}
	if got := strings.Count(r.get("/v1/changes"), "\n"); got != 20 {
		r.t.Errorf("got %d changes; want 20", got)
	}
}

func TestServeOnDisk(t *testing.T) {
	// Ensures scans, results, status over HTTP on a disk; a clean restart from the
	// snapshot alone; a key file beside the data; a second server on the data refused.
	dir := filepath.Join(t.TempDir(), "data")
	r := begin(t, func(c *Config) { c.Data = dir })
	story(r)
	held(r)
	cfg := defaultConfig()
	cfg.Addr, cfg.Data = "127.0.0.1:0", dir
	cfg.fatal = func(err error) { panic(err) }
	if err := run(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), "cannot open store") {
		t.Errorf("second server: got %v", err)
	}
	r.end()
	if info, err := os.Stat(dir + ".key"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: got %v, %v", info, err)
	}
	r = begin(t, func(c *Config) { c.Data = dir })
	contains(t, r.out.String(), "10 people, 1 tubes, position 2", "0 events replayed")
	held(r)
}

func TestServeAfterPowerLoss(t *testing.T) {
	// Ensures that what was answered is there after the power failed at that moment,
	// replayed from the journal without a snapshot.
	fs := storage.NewCrashFS()
	r := begin(t, func(c *Config) { c.FS, c.Data = fs, "data" })
	story(r)
	crashed := fs.CrashClone(0, 1)
	r = begin(t, func(c *Config) { c.FS, c.Data = crashed, "data" })
	contains(t, r.out.String(), "position 2", "11 events replayed")
	held(r)
}

func TestServeEveryEventAfterPowerLoss(t *testing.T) {
	// Ensures that master data and every kind of event come back from the journal after a
	// power cut, from the snapshot after a clean stop, and that a strict server takes only
	// people it knows.
	fs := storage.NewCrashFS()
	r := begin(t, func(c *Config) { c.FS, c.Data = fs, "data" })
	const ada, cat = "990101199003070023", "passport:USA:560018274"
	put := func(path, body string) {
		request, err := http.NewRequest("PUT", r.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-ndjson")
		response, err := http.DefaultClient.Do(request)
		contains(t, r.text(response, err), `"rejected":0`)
	}
	put("/v1/areas", `{"area":"35","risk":"medium"}`)
	put("/v1/sites", `{"site":"S1","area":"35"}`)
	put("/v1/labs", `{"lab":"C1","kind":"cdc"}`)
	put("/v1/rounds/R1", `{"areas":["35"],"window":"72h","groups":null}`)
	contains(t, r.post("/v1/roster", `{"person":"`+ada+`","area":"35","name":"x"}`+"\n"+`{"person":"`+cat+`","area":"35"}`), `"accepted":2`)
	event := func(kind, members string) string {
		return `{"type":"` + kind + `","at":"2022-04-04T08:00:00+08:00",` + members + "}\n"
	}
	contains(t, r.post("/v1/events", event("scan", `"tube":"T1","person":"`+ada+`","area":"35","household":"H1"`)+event("scan", `"late":true,"tube":"T3","person":"`+ada+`","retained_of":"T1"`)+
		event("transfer", `"person":"`+ada+`","from_tube":"T1","to_tube":"T2","reason":"x"`)+event("tube.receive", `"tube":"T2","lab":"C1"`)+event("tube.reject", `"tube":"T2"`)+
		event("tube.lost", `"tube":"T3"`)+event("tube.void", `"tube":"T2","reason":"x"`)+event("excuse", `"person":"`+cat+`","round":"R1","reason":"x"`)+
		event("recollection.ack", `"recollection":"R1"`)+event("recollection.unreachable", `"person":"`+ada+`"`)+event("discharge", `"person":"`+ada+`","reason":"x"`)+
		event("person.merge", `"from":"`+cat+`","to":"`+ada+`"`)+event("person.unmerge", `"from":"twn:12345678","to":"`+ada+`"`)), `"rejected":0`)
	paths := []string{"/v1/people/" + ada + "/status?at=2022-04-05T08:00:00Z", "/v1/people/" + cat + "/status?at=2022-04-05T08:00:00Z", "/v1/tubes/T2", "/v1/rounds", "/v1/rounds/R1/coverage?by=area",
		"/v1/rounds/R1/missing", "/v1/recollections?kind=all&at=2022-04-05T08:00:00Z", "/v1/alerts"}
	var want []string
	for _, path := range paths {
		want = append(want, r.get(path))
	}
	contains(t, want[1], `"merged_into":"`+ada+`"`, `"window":"72h"`)
	crashed := fs.CrashClone(0, 1)
	for _, from := range []string{"the journal", "the snapshot"} {
		r.end()
		r = begin(t, func(c *Config) { c.FS, c.Data, c.StrictMasterData = crashed, "data", true })
		for i, path := range paths {
			if got := r.get(path); got != want[i] {
				t.Errorf("%s from %s:\ngot  %s\nwant %s", path, from, got, want[i])
			}
		}
	}
	contains(t, r.post("/v1/events", event("scan", `"tube":"T9","person":"twn:99999999"`)), `"code":"person_unknown"`)
}

func TestServeTheLargestBatch(t *testing.T) {
	// Ensures that any batch the contract allows is taken whole, outlives a power cut at
	// the moment of its answer, and is a duplicate when sent again: 100,000 results, their
	// targets up to the 64 MiB of a body.
	if testing.Short() {
		t.Skip("a batch of 64 MiB takes seconds under the race detector")
	}
	const items, bodyBytesMax = 100_000, 64 << 20
	target := `{"gene":"` + strings.Repeat("G", 24) + `","ct":36.123456}`
	tail := `","targets":[` + strings.Repeat(target+",", 8) + target + "]}\n"
	var body strings.Builder
	for i := range items {
		fmt.Fprintf(&body, `{"tube":"T%06d","verdict":"negative","lab":"L1","tested_at":"2022-04-04T14:00:00+08:00","run":"`, i)
		body.WriteString(strings.Repeat("r", (i+1)*(bodyBytesMax/items)-len(tail)-body.Len()))
		body.WriteString(tail)
	}
	fs := storage.NewCrashFS()
	r := begin(t, func(c *Config) { c.FS, c.Data = fs, "data" })
	contains(t, r.post("/v1/results", body.String()), `"accepted":100000`, `"rejected":0`)
	crashed := fs.CrashClone(0, 1)
	contains(t, r.post("/v1/results", `{"tube":"T000000","verdict":"positive","lab":"L2","tested_at":"2022-04-04T14:00:00+08:00"}`), `"accepted":1`)
	r.end()
	r = begin(t, func(c *Config) { c.FS, c.Data = crashed, "data" })
	contains(t, r.out.String(), "100000 tubes, position 1", "100000 events replayed")
	contains(t, r.post("/v1/results", body.String()), `"duplicates":100000`)
}

func TestServeStopsBeforeItIsReady(t *testing.T) {
	// Ensures that a stop during the replay ends it, cleanly, and that the next start
	// finds everything.
	fs := storage.NewCrashFS()
	r := begin(t, func(c *Config) { c.FS, c.Data = fs, "data" })
	story(r)
	crashed := fs.CrashClone(0, 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	cfg := defaultConfig()
	var errs bytes.Buffer
	cfg.Addr, cfg.FS, cfg.Data, cfg.Errors = "127.0.0.1:0", crashed, "data", &errs
	cfg.ready = func(string) { t.Error("the server became ready") }
	if err := run(ctx, cfg); err != nil || !strings.Contains(errs.String(), "stopped before it was ready") {
		t.Errorf("got %v, %s", err, errs.String())
	}
	r = begin(t, func(c *Config) { c.FS, c.Data = crashed, "data" })
	held(r)
}

func TestServeWithOptions(t *testing.T) {
	// Ensures that sync delay, snapshots while running, the operator's listener and the
	// benchmark routes work together.
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin.Close()
	r := begin(t, func(c *Config) {
		c.FS, c.Data = storage.NewCrashFS(), "data"
		c.SyncDelay, c.BenchRoutes, c.AdminAddr, c.SnapshotTests = 1, true, admin.Addr().String(), 5
	})
	story(r)
	held(r)
	if got := r.get("/bench/empty?n=300"); len(got) != 300 {
		t.Errorf("got %d bytes; want 300", len(got))
	}
	if got := r.post("/bench/empty", strings.Repeat("x", 100_000)); got != "{}" {
		t.Errorf("got %s", got)
	}
	response, err := http.Get("http://" + admin.Addr().String() + "/metrics")
	contains(t, r.text(response, err), "poolwise_people 10")
}

func TestConfig(t *testing.T) {
	// Ensures that flags go before environment before file before defaults, and that
	// what cannot be used is refused with a sentence.
	file := filepath.Join(t.TempDir(), "poolwise.json")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"data":"from-file","zone":"UTC","bench-routes":true,"inflight-bytes":134217728}`)
	cfg, err := parseConfig([]string{"--data", "from-flag"}, []string{"POOLWISE_CONFIG=" + file, "POOLWISE_ZONE=Europe/Berlin", "POOLWISE_DATA=from-env", "POOLWISE_OTHER=x", "POOLWISE_STRICT_MASTER_DATA=true"}, io.Discard)
	if err != nil || !cfg.StrictMasterData || cfg.Data != "from-flag" || cfg.Zone != "Europe/Berlin" || !cfg.BenchRoutes || cfg.InflightBytes != 128<<20 {
		t.Errorf("got %+v, %v", cfg, err)
	}
	for _, args := range [][]string{
		{"--addr", "0.0.0.0:8080"}, {"--addr", ":8080"}, {"--addr", "poolwise.example:1"}, {"--addr", "8080"}, {"--admin-addr", "192.0.2.1:1"},
		{"--zone", "Mars"}, {"--data", ""}, {"--sync-delay", "2s"}, {"--snapshot-tests", "0"}, {"--inflight-bytes", "1"}, {"extra"},
	} {
		if _, err := parseConfig(args, nil, io.Discard); !errors.Is(err, errConfig) {
			t.Errorf("%v: got %v", args, err)
		}
	}
	for _, text := range []string{`{"dat":"x"}`, `{"config":"x"}`, `[]`, `{"sync-delay":"fast"}`} {
		write(text)
		if _, err := parseConfig([]string{"--config", file}, nil, io.Discard); err == nil {
			t.Errorf("%s: got no error", text)
		}
	}
}

func TestCommand(t *testing.T) {
	// Ensures that every way to call the program has its answer and exit status.
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, 0, "poolwise serve"}, {[]string{"help"}, 0, "poolwise serve"}, {[]string{"version"}, 0, "poolwise "},
		{[]string{"server"}, 2, "version or help"}, {[]string{"serve", "-h"}, 0, "-data"},
		{[]string{"serve", "--addr", ":80"}, 2, "loopback"},
	} {
		var out bytes.Buffer
		if status := command(c.args, nil, &out, &out); status != c.status || !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: got %d, %s", c.args, status, out.String())
		}
	}
}

func TestPages(t *testing.T) {
	// Ensures that pages are whole, zeroed and apart.
	var a pageAllocator
	first := a.Page()
	second := a.Page()
	if len(first) != engine.PageBytes || cap(first) != engine.PageBytes {
		t.Fatalf("got %d bytes", len(first))
	}
	if first[0], second[0] = 1, 2; first[0] != 1 || a.Page()[0] != 0 {
		t.Error("a page is not zeroed, or shared")
	}
	for range chunkBytes / engine.PageBytes {
		a.Page()[engine.PageBytes-1] = 1
	}
}
