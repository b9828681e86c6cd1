package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // zones must load where the machine has none

	"poolwise/engine"
	"poolwise/ingest"
)

type heapPages struct{}

func (heapPages) Page() []byte { return make([]byte, engine.PageBytes) }

// memory is journal, feed and snapshots without a disk. hold stops the journal.
type memory struct {
	mu      sync.Mutex
	last    engine.Position
	list    []engine.Change
	tubes   [][]engine.TubeIndex
	grown   chan struct{}
	hold    chan struct{}
	entered chan struct{}
}

func (m *memory) journal() ingest.Journal { return memoryJournal{m} }

type memoryJournal struct{ *memory }

func (m memoryJournal) Append([]byte, ingest.HashCheck) (engine.Position, error) {
	if m.hold != nil {
		m.entered <- struct{}{}
		<-m.hold
	}
	m.last++
	return m.last, nil
}
func (m memoryJournal) Last() engine.Position { return 0 }
func (m memoryJournal) Replay(engine.Position, func(engine.Position, []byte, ingest.HashCheck) error) error {
	return nil
}

func (m *memory) Append(_ engine.Position, c *engine.Changes) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range c.List {
		m.list = append(m.list, c.List[i])
		m.tubes = append(m.tubes, append([]engine.TubeIndex(nil), c.TubesOf(i)...))
	}
	close(m.grown)
	m.grown = make(chan struct{})
}

func (m *memory) End() engine.Cursor {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.list) == 0 {
		return 0
	}
	return m.list[len(m.list)-1].Cursor
}

func (m *memory) Read(after engine.Cursor, limit int, fn func(*engine.Change, []engine.TubeIndex) error) (engine.Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.list {
		if c := &m.list[i]; c.Cursor > after && limit > 0 {
			if err := fn(c, m.tubes[i]); err != nil {
				return after, err
			}
			after, limit = c.Cursor, limit-1
		}
	}
	return after, nil
}

func (m *memory) Wait(ctx context.Context, after engine.Cursor) error {
	for m.End() <= after {
		m.mu.Lock()
		grown := m.grown
		m.mu.Unlock()
		if m.End() > after {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

type noSnapshots struct{}

func (noSnapshots) Create(engine.Position) (ingest.SnapshotWriter, error) { return noSnapshots{}, nil }
func (noSnapshots) Page(uint8, uint32, []byte) error                      { return nil }
func (noSnapshots) Commit([]byte) error                                   { return nil }
func (noSnapshots) Abort()                                                {}
func (noSnapshots) Load(func(engine.Position, []byte) error, func(uint8, uint32, []byte) error) (engine.Position, error) {
	return 0, nil
}

// house is a server on memory at a fixed time, 2022-04-04 16:00 in Shanghai.
type house struct {
	t      *testing.T
	addr   string
	server *Server
	memory *memory
	engine *engine.Engine
	pipe   *ingest.Pipeline
}

var houseNow = time.Date(2022, 4, 4, 8, 0, 0, 0, time.UTC).Unix()

// open starts a server that is not ready; ready finishes it.
func open(t *testing.T, change func(*ingest.PipelineConfig)) *house {
	t.Helper()
	return openServer(t, change, func(*Server) {})
}

// openServer also lets a test change the server before it listens.
func openServer(t *testing.T, change func(*ingest.PipelineConfig), tune func(*Server)) *house {
	t.Helper()
	h := &house{t: t, memory: &memory{grown: make(chan struct{}), entered: make(chan struct{}, 64)}}
	h.engine = engine.New(engine.Config{PoolCapacity: 10, Window: 48 * 3600, Recollect: 6 * 3600}, heapPages{})
	cfg := ingest.PipelineConfig{Machine: h.engine, Journal: h.memory.journal(), Feed: h.memory, Snapshots: noSnapshots{},
		Logf: t.Logf, Fatal: func(err error) { t.Error(err) }}
	if change != nil {
		change(&cfg)
	}
	h.pipe = ingest.NewPipeline(cfg)
	h.server = New(Config{BenchRoutes: true, Logf: t.Logf, Now: func() int64 { return houseNow }})
	tune(h.server)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- h.server.Serve(listener) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = h.server.Shutdown(ctx)
		if err := <-served; err != nil {
			t.Error(err)
		}
		if h.server.backend.Load() != nil {
			h.pipe.Close()
		}
	})
	return h
}

func (h *house) ready() *house {
	if _, err := h.pipe.Recover(context.Background()); err != nil {
		h.t.Fatal(err)
	}
	h.pipe.Start()
	h.server.Ready(Backend{Engine: h.engine, Pipeline: h.pipe, Feed: h.memory})
	return h
}

// ask sends a request; headers are "Name: value".
func (h *house) ask(method, path, body string, headers ...string) (int, string, http.Header) {
	h.t.Helper()
	request, err := http.NewRequest(method, "http://"+h.addr+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", typeNDJSON)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

// want sends a request and compares the whole answer.
func (h *house) want(method, path, body string, status int, answer string, headers ...string) {
	h.t.Helper()
	got, text, _ := h.ask(method, path, body, headers...)
	if got != status || strings.TrimSpace(text) != answer {
		h.t.Errorf("%s %s:\ngot  %d %s\nwant %d %s", method, path, got, text, status, answer)
	}
}

// wantCode sends a request and compares status and error code.
func (h *house) wantCode(method, path, body string, status int, code string, headers ...string) {
	h.t.Helper()
	got, text, header := h.ask(method, path, body, headers...)
	var answer struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || got != status || answer.Error.Code != code || answer.Error.Message == "" {
		h.t.Errorf("%s %s: got %d %s; want %d %s", method, path, got, text, status, code)
	}
	if status == 503 && header.Get("Retry-After") == "" {
		h.t.Errorf("%s %s: got no Retry-After", method, path)
	}
}

const ada = "990101199003070023"

func scan(tube, person, at string) string {
	return fmt.Sprintf(`{"tube":%q,"person":%q,"at":"2022-04-%s+08:00"}`, tube, person, at) + "\n"
}

func result(tube, verdict, at string) string {
	return fmt.Sprintf(`{"tube":%q,"verdict":%q,"lab":"L1","tested_at":"2022-04-%s+08:00"}`, tube, verdict, at) + "\n"
}

func TestStory(t *testing.T) {
	// Ensures the wire form of a story: a negative, a positive tube, a release.
	h := open(t, nil).ready()
	h.want("POST", "/v1/scans", scan("T099", ada, "02T08:10:00"), 200,
		`{"received":1,"accepted":1,"duplicates":0,"rejected":0,"errors":[],"flagged":0,"flags":[],"as_of":1}`)
	h.want("POST", "/v1/results", result("T099", "negative", "02T19:00:00"), 200,
		`{"received":1,"accepted":1,"duplicates":0,"rejected":0,"errors":[],"flagged":0,"flags":[],"as_of":2}`)
	negative := `{"person":"990101199003070023","state":"negative","code":%q,"since":"2022-04-02T19:00:00+08:00","code_until":%s,` +
		`"last_negative":{"tube":"T099","sampled_at":"2022-04-02T08:10:00+08:00","reported_at":"2022-04-02T19:00:00+08:00","basis":"pool"},` +
		`"proof":{"window":%q,"valid":%v,"expires_at":%s},"pending":null,"causes":[],"recollection":null,"recheck":null,"as_of":2}`
	path := "/v1/people/" + ada + "/status"
	h.want("GET", path, "", 200, fmt.Sprintf(negative, "grey", "null", "48h", false, `"2022-04-04T08:10:00+08:00"`))
	h.want("GET", path+"?window=72h", "", 200, fmt.Sprintf(negative, "green", `"2022-04-05T08:10:00+08:00"`, "72h", true, `"2022-04-05T08:10:00+08:00"`))
	h.want("GET", path+"?basis=reported", "", 200, fmt.Sprintf(negative, "green", `"2022-04-04T19:00:00+08:00"`, "48h", true, `"2022-04-04T19:00:00+08:00"`))
	h.want("GET", path+"?at=2022-04-04T08:09:59+08:00", "", 200, fmt.Sprintf(negative, "green", `"2022-04-04T08:10:00+08:00"`, "48h", true, `"2022-04-04T08:10:00+08:00"`))
	h.ask("POST", "/v1/scans", scan("T100", ada, "04T07:00:00"))
	h.ask("POST", "/v1/results", result("T100", "positive", "04T14:02:11"))
	held := `{"person":"990101199003070023","state":"held","code":"yellow","since":"2022-04-04T14:02:11+08:00","code_until":null,` +
		`"last_negative":{"tube":"T099","sampled_at":"2022-04-02T08:10:00+08:00","reported_at":"2022-04-02T19:00:00+08:00","basis":"pool"},` +
		`"proof":{"window":"48h","valid":false,"expires_at":"2022-04-04T08:10:00+08:00"},"pending":null,` +
		`"causes":[{"tube":"T100","kind":"hold","since":"2022-04-04T14:02:11+08:00"}],` +
		`"recollection":{"id":"R1","kind":"single","state":"open","due_at":"2022-04-04T20:02:11+08:00"},"recheck":null,"as_of":4}`
	h.want("GET", path, "", 200, held)
	unknown := `{"person":"passport:USA:560018274","state":"unknown","code":"grey","since":null,"code_until":null,"last_negative":null,` +
		`"proof":{"window":"48h","valid":false,"expires_at":null},"pending":null,"causes":[],"recollection":null,"recheck":null,"as_of":4}`
	h.want("POST", "/v1/status", `{"people":["passport:USA:560018274", "`+ada+`"]}`, 200, unknown+"\n"+held, "Content-Type: application/json")
	h.want("POST", "/v1/status", `{"people":["passport\u003aUSA:560018274"]}`, 200, unknown, "Content-Type: application/json; charset=utf-8")
	h.want("GET", "/v1/recollections?state=open", "", 200,
		`{"id":"R1","person":"990101199003070023","kind":"single","state":"open","opened_at":"2022-04-04T14:02:11+08:00","due_at":"2022-04-04T20:02:11+08:00","overdue":false,"causes":["T100"]}`)
	h.want("GET", "/v1/recollections?overdue=true", "", 200, "")
	h.want("GET", "/v1/changes?states=held", "", 200,
		`{"cursor":"0000000004000001","person":"990101199003070023","state":"held","code":"yellow","previous":"sampled","since":"2022-04-04T14:02:11+08:00","code_until":null,"tubes":["T100"],"recollection":"R1"}`)
	_, tube, _ := h.ask("GET", "/v1/tubes/t100", "")
	var view struct {
		Resolution string
		Members    []struct{ Person string }
		Results    []struct{ Verdict string }
		AsOf       int `json:"as_of"`
	}
	if err := json.Unmarshal([]byte(tube), &view); err != nil || view.Resolution != "resolving" || len(view.Members) != 1 || len(view.Results) != 1 || view.AsOf != 4 {
		t.Errorf("got %s, %v", tube, err)
	}
}

func TestBatchAnswerMergesErrors(t *testing.T) {
	// Ensures that errors of form and of rules come in the order of the request, that
	// details are bounded, and that counts are whole.
	h := open(t, nil).ready()
	var body strings.Builder
	for i := range 10 {
		body.WriteString(scan("T1", fmt.Sprintf("passport:USA:%09d", i), "04T08:00:00"))
	}
	h.ask("POST", "/v1/scans", body.String())
	mixed := "{\n" + scan("T1", "passport:USA:000000099", "04T09:00:00") + "nonsense\n" + scan("T1", "passport:USA:000000001", "04T08:00:00")
	_, text, _ := h.ask("POST", "/v1/scans", mixed)
	for _, want := range []string{`"received":4,"accepted":0,"duplicates":1,"rejected":3,`, `[{"index":0,"code":"bad_syntax"`,
		`{"index":1,"code":"tube_full","message":"Tube T1 holds 10 of 10 people."},{"index":2,"code":"bad_syntax"`} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s; want %s", text, want)
		}
	}
	_, text, _ = h.ask("POST", "/v1/scans", strings.Repeat("x\n"+scan("T1", "passport:USA:000000099", "04T09:00:00"), 1500))
	if strings.Count(text, `"index"`) != 1000 || !strings.Contains(text, `"rejected":3000`) || !strings.Contains(text, `"errors_truncated":true`) {
		t.Errorf("got %d errors: %.200s", strings.Count(text, `"index"`), text)
	}
	_, text, _ = h.ask("POST", "/v1/results", result("T9", "negative", "04T09:00:00"))
	if !strings.Contains(text, `"flagged":1,"flags":[{"index":0,"code":"tube_unknown"}]`) {
		t.Errorf("got %s", text)
	}
}

func TestRefusals(t *testing.T) {
	// Ensures that every request that is not carried out gets its status and code.
	h := open(t, nil).ready()
	one := scan("T1", ada, "04T08:00:00")
	for _, c := range []struct {
		method, path, body string
		status             int
		code, header       string
	}{
		{"GET", "/v2", "", 404, "not_found", ""},
		{"GET", "/v1/people//status", "", 404, "not_found", ""},
		{"GET", "/v1/scans", "", 405, "method_not_allowed", ""},
		{"POST", "/v1/changes", one, 405, "method_not_allowed", ""},
		{"DELETE", "/bench/empty", "", 405, "method_not_allowed", ""},
		{"POST", "/v1/scans", one, 415, "unsupported_media_type", "Content-Type: text/plain"},
		{"POST", "/v1/scans", one, 415, "unsupported_encoding", "Content-Encoding: br"},
		{"POST", "/v1/scans?dry_run=x", one, 400, "field_invalid", ""},
		{"POST", "/v1/scans", one, 400, "time_zone_invalid", "X-Time-Zone: ../etc"},
		{"POST", "/v1/scans", "\n", 400, "empty_batch", ""},
		{"POST", "/v1/scans", "[", 400, "bad_encoding", "Content-Type: application/json"},
		{"POST", "/v1/scans", strings.Repeat("{}\n", 100_001), 413, "too_many_items", ""},
		{"GET", "/v1/people/" + ada + "/status", "", 404, "person_unknown", ""},
		{"GET", "/v1/people/990101199003070024/status", "", 400, "person_invalid", ""},
		{"GET", "/v1/people/" + ada + "/status?at=now", "", 400, "field_invalid", ""},
		{"GET", "/v1/people/" + ada + "/status?window=2w", "", 400, "field_invalid", ""},
		{"GET", "/v1/people/" + ada + "/status?basis=x", "", 400, "field_invalid", ""},
		{"POST", "/v1/status", `{"people":"x"}`, 400, "bad_encoding", "Content-Type: application/json"},
		{"POST", "/v1/status", `{"people":["` + ada + `"],"people":["` + ada + `"]}`, 400, "bad_encoding", "Content-Type: application/json"},
		{"POST", "/v1/status", `{"people":["x"]} x`, 400, "bad_encoding", "Content-Type: application/json"},
		{"POST", "/v1/status", `{"people":["` + ada + `","x"]}`, 400, "person_invalid", "Content-Type: application/json"},
		{"POST", "/v1/status", `{"people":[` + strings.Repeat(`"`+ada+`",`, 10_000) + `"` + ada + `"]}`, 413, "too_many_items", "Content-Type: application/json"},
		{"POST", "/v1/status", strings.Repeat(" ", 1<<20+1), 413, "body_too_large", "Content-Type: application/json"},
		{"GET", "/v1/tubes/T404", "", 404, "tube_unknown", ""},
		{"GET", "/v1/tubes/a_b", "", 400, "field_invalid", ""},
		{"GET", "/v1/recollections?area=35", "", 404, "area_unknown", ""},
		{"GET", "/v1/recollections?state=x", "", 400, "field_invalid", ""},
		{"GET", "/v1/recollections?limit=0", "", 400, "field_invalid", ""},
		{"GET", "/v1/changes?after=xyz", "", 400, "cursor_invalid", ""},
		{"GET", "/v1/changes?after=ffffffffffffffff", "", 400, "cursor_invalid", ""},
		{"GET", "/v1/changes?wait=soon", "", 400, "field_invalid", ""},
		{"GET", "/v1/changes?states=pink", "", 400, "field_invalid", ""},
	} {
		var headers []string
		if c.header != "" {
			headers = append(headers, c.header)
		}
		h.wantCode(c.method, c.path, c.body, c.status, c.code, headers...)
	}
	if h.engine.Applied() != 0 || h.pipe.InflightBytes() != 0 {
		t.Errorf("got position %d and %d bytes in flight; want none", h.engine.Applied(), h.pipe.InflightBytes())
	}
}

func TestStarting(t *testing.T) {
	// Ensures that a server that still reads its journal says so, and is alive.
	h := open(t, nil)
	h.want("GET", "/healthz", "", 200, "ok")
	h.wantCode("GET", "/readyz", "", 503, "starting")
	h.wantCode("POST", "/v1/scans", scan("T1", ada, "04T08:00:00"), 503, "starting")
	if _, text, _ := h.ask("GET", "/metrics", ""); !strings.Contains(text, "process_resident_memory_bytes") {
		t.Error("got no process metrics")
	}
	h.ready()
	h.want("GET", "/readyz", "", 200, "ok")
	h.ask("POST", "/v1/scans", scan("T1", ada, "04T08:00:00"))
	_, text, _ := h.ask("GET", "/metrics", "")
	for _, want := range []string{"poolwise_people 1", `poolwise_engine_bytes{part=`, `poolwise_commit_stage_duration_seconds_count{stage="sync"} 1`, `poolwise_http_requests_total{class="2xx",route="POST /v1/scans"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics: got no %s", want)
		}
	}
	if strings.Contains(text, ada) {
		t.Error("metrics hold a person")
	}
}

func TestChangesLongPoll(t *testing.T) {
	// Ensures that many readers wait without an answer, that one commit answers all of
	// them, that a filter goes on waiting, and that time ends a wait with an empty answer.
	h := open(t, nil).ready()
	_, text, header := h.ask("GET", "/v1/changes?wait=1ms", "")
	if text != "" || header.Get("X-Next-After") != "0000000000000000" {
		t.Fatalf("got %q, %v", text, header)
	}
	answers := make(chan string, 100)
	for range 100 {
		go func() {
			_, text, header := h.ask("GET", "/v1/changes?wait=30s&states=held", "")
			answers <- text + header.Get("X-Next-After")
		}()
	}
	for h.server.waiters.Load() < 100 {
		runtime.Gosched()
	}
	h.ask("POST", "/v1/scans", scan("T1", ada, "04T08:00:00"))
	h.ask("POST", "/v1/results", result("T1", "positive", "04T09:00:00"))
	for range 100 {
		if got := <-answers; !strings.Contains(got, `"state":"held"`) || !strings.HasSuffix(got, "0000000002000001") || strings.Count(got, "\n") != 1 {
			t.Fatalf("got %s", got)
		}
	}
	_, text, header = h.ask("GET", "/v1/changes?states=confirmed", "")
	if text != "" || header.Get("X-Next-After") != "0000000002000001" {
		t.Errorf("filtered: got %q, %v", text, header)
	}
	go func() {
		_, text, _ := h.ask("GET", "/v1/changes?wait=60s&after=0000000002000001", "")
		answers <- text
	}()
	for h.server.waiters.Load() < 1 {
		runtime.Gosched()
	}
	h.server.stop()
	if got := <-answers; got != "" {
		t.Errorf("at the stop: got %q", got)
	}
}

func TestTimes(t *testing.T) {
	// Ensures that hand-written times equal those of package time, also in a zone with summer time.
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, location := range []*time.Location{time.FixedZone("Asia/Shanghai", 8*3600), time.UTC, time.FixedZone("", -5*3600-1800), berlin} {
		z := newZone(location)
		for s := engine.Seconds(1); s < 1<<32-1-1_234_567; s += 1_234_567 {
			want := `"` + time.Unix(s.Unix(), 0).In(location).Format(time.RFC3339) + `"`
			if got := string(z.appendTime(nil, s)); got != want {
				t.Fatalf("%v, fixed %v: got %s; want %s", location, z.fixed, got, want)
			}
		}
	}
}

func TestPlainPeople(t *testing.T) {
	// Ensures that the fast reader of a bulk request takes nothing that encoding/json
	// would refuse, and finds the same.
	for _, body := range []string{`{"people":["a","b"]}`, ` { "people" : [ "a" , "b" ] } `, `{"people":[]}`, `{"people":["a",]}`, `{"people":["a" "b"]}`,
		`{"people":["a"],"x":1}`, `{"people":["a\"b"]}`, `{"people":["a\n"]}`, `{"people":[1]}`, `{"people":null}`, `{}`, `[]`, ``, `{"people":["a"]`, `{"people":["a"]}}`, `{"people":["é"]}`, `{"people":["a"],"people":["b"]}`, `{"People":["a"]}`, `{"people":[["a"]]}`} {
		collect := func(each func([]byte, func([]byte) *refusal) *refusal) string {
			var b bytes.Buffer
			refused := each([]byte(body), func(text []byte) *refusal { fmt.Fprintf(&b, "%s|", text); return nil })
			if refused != nil {
				return refused.code
			}
			return b.String()
		}
		if got, want := collect(eachPerson), collect(eachPersonSlowly); got != want {
			t.Errorf("%s: got %s; want %s", body, got, want)
		}
	}
}

func TestStages(t *testing.T) {
	// Ensures the wire form of what a laboratory takes back or cannot say: a preliminary
	// positive is marked, its correction frees, a withdrawn result leaves the swab waiting,
	// an invalid one asks for any other swab.
	h := open(t, nil).ready()
	path := "/v1/people/" + ada + "/status?at=2022-04-04T18:00:00%2B08:00"
	say := func(tube, verdict, stage, at string) {
		t.Helper()
		if _, body, _ := h.ask("POST", "/v1/results", fmt.Sprintf(`{"tube":%q,"verdict":%q,"stage":%q,"lab":"L1","tested_at":"2022-04-04T12:00:00+08:00","reported_at":"2022-04-04T%s+08:00"}`,
			tube, verdict, stage, at)+"\n"); !strings.Contains(body, `"accepted":1`) {
			t.Fatalf("got %s", body)
		}
	}
	want := func(parts ...string) {
		t.Helper()
		_, body, _ := h.ask("GET", path, "")
		for _, p := range parts {
			if !strings.Contains(body, p) {
				t.Errorf("got %s; want %s", body, p)
			}
		}
	}
	h.ask("POST", "/v1/scans", scan("T100", ada, "04T07:00:00"))
	say("T100", "positive", "preliminary", "13:00:00")
	want(`"state":"held"`, `"causes":[{"tube":"T100","kind":"hold","since":"2022-04-04T13:00:00+08:00","preliminary":true}]`, `"kind":"single"`)
	say("T100", "negative", "corrected", "14:00:00")
	want(`"state":"negative"`, `"code":"green"`, `"since":"2022-04-04T14:00:00+08:00"`, `"recollection":null`)
	say("T100", "negative", "withdrawn", "15:00:00")
	want(`"state":"sampled"`, `"last_negative":null`, `"pending":{"tube":"T100"`)
	say("T100", "invalid", "final", "16:00:00")
	want(`"state":"must_resample"`, `"code":"grey"`, `"kind":"must"`, `"recollection":{"id":"R1","kind":"any","state":"open","due_at":"2022-04-04T22:00:00+08:00"}`)
	if _, body, _ := h.ask("POST", "/v1/results", `{"tube":"T100","verdict":"negative","stage":"corrected","lab":"L1","tested_at":"2022-04-04T12:00:00+08:00"}`+"\n"); !strings.Contains(body, `"code":"field_missing"`) {
		t.Errorf("corrected without reported_at: got %s", body)
	}
}
