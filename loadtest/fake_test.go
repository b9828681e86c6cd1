package loadtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeServer takes events and answers statuses like a real server, slowly and by
// the oracle's own rules: it tests everything but the rules. It also refuses live
// scans as strictly as the wire allows, so a generated event that some server may
// refuse is found here.
type fakeServer struct {
	*httptest.Server
	city *City

	mu       sync.Mutex
	oracle   *oracle
	seen     map[string]bool
	tubes    map[TubeCode]*fakeTube
	inTubes  map[identity]map[TubeCode]bool
	accused  map[identity]bool // was in a tube that was not negative
	broken   map[roundID]bool  // coverage of these is wrong
	masters  map[string]int    // items of master data, by path
	requests int
	faults   func(request int) string // "", busy, drop (before applying), lose (after)
	wrong    uint32                   // the status of this person is wrong; 0: nobody's
	refuse   bool                     // every tube.close is rejected
}

func newFakeServer(t testing.TB, city *City) *fakeServer {
	f := &fakeServer{city: city, oracle: newOracle(city), seen: map[string]bool{}, tubes: map[TubeCode]*fakeTube{},
		inTubes: map[identity]map[TubeCode]bool{}, accused: map[identity]bool{}, masters: map[string]int{}, faults: func(int) string { return "" }}
	f.oracle.begin(0, city.plan.People)
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeServer) addr() string { return strings.TrimPrefix(f.URL, "http://") }

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch {
	case r.URL.Path == "/readyz":
	case r.URL.Path == "/metrics":
		fmt.Fprint(w, "# HELP x\nprocess_resident_memory_bytes 1048576\n")
	case r.URL.Path == "/v1/status":
		f.status(w, body)
	case r.URL.Path == "/v1/recollections":
		f.recollections(w, r)
	case strings.HasSuffix(r.URL.Path, "/coverage"):
		f.coverage(w, r)
	case r.URL.Path == "/v1/alerts":
		fmt.Fprintln(w, `{"kind":"count_mismatch"}`)
	case r.Method == "PUT" || r.URL.Path == "/v1/roster":
		f.master(w, r.URL.Path, body)
	default:
		f.batch(w, r.URL.Path, body)
	}
}

func (f *fakeServer) batch(w http.ResponseWriter, path string, body []byte) {
	f.requests++
	fault := f.faults(f.requests)
	switch fault {
	case "busy":
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"error":{"code":"overloaded","message":"Later."}}`)
		return
	case "drop":
		panic(http.ErrAbortHandler)
	}
	var received, accepted, duplicates int
	var errs []string
	for line := range bytes.Lines(body) {
		ev, err := f.decode(path, line)
		if err != nil {
			errs = append(errs, fmt.Sprintf(`{"index":%d,"code":"bad_syntax","message":%q}`, received, err))
		} else if code := f.refusal(&ev); f.seen[f.key(&ev)] || f.bound(&ev) {
			duplicates++
			f.oracle.add(&ev)
		} else if code != "" {
			errs = append(errs, fmt.Sprintf(`{"index":%d,"code":%q,"message":"No."}`, received, code))
		} else {
			accepted++
			f.apply(&ev)
		}
		received++
	}
	if fault == "lose" {
		panic(http.ErrAbortHandler)
	}
	fmt.Fprintf(w, `{"received":%d,"accepted":%d,"duplicates":%d,"rejected":%d,"errors":[%s],"flagged":0,"flags":[],"as_of":%d}`,
		received, accepted, duplicates, len(errs), strings.Join(errs, ","), f.requests)
}

// master counts well-formed items, each with a code or a person.
func (f *fakeServer) master(w http.ResponseWriter, path string, body []byte) {
	n := 0
	for line := range bytes.Lines(body) {
		var item map[string]any
		if err := json.Unmarshal(line, &item); err != nil {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error":{"code":"bad_syntax","message":%q}}`, err)
			return
		}
		n++
	}
	f.masters[path] += n
	fmt.Fprintf(w, `{"received":%d,"accepted":%d,"duplicates":0,"rejected":0,"errors":[],"flagged":0,"flags":[],"as_of":1}`, n, n)
}

func (f *fakeServer) seconds(s string) seconds {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return seconds(t.Sub(f.city.clock.midnight) / time.Second)
}

// judge brings the oracle's judgement up to date with what has been collected.
func (f *fakeServer) judge() {
	f.oracle.tests = f.oracle.tests[:0]
	f.oracle.judge()
}

func (f *fakeServer) status(w http.ResponseWriter, body []byte) {
	var in struct{ People []string }
	if err := json.Unmarshal(body, &in); err != nil {
		w.WriteHeader(400)
		return
	}
	f.judge()
	for _, id := range in.People {
		who, _ := parseIdentity([]byte(id))
		var e expectation
		f.oracle.expect(f.oracle.person(who), &e)
		if who.person == f.wrong && f.wrong != 0 {
			e.state = stateHeld
		}
		w.Write(f.render(id, &e))
	}
}

// render writes a status object in another order of fields than the contract's page.
func (f *fakeServer) render(id string, e *expectation) []byte {
	at := func(s seconds) any {
		if s == never {
			return nil
		}
		return f.city.clock.instant(s).UTC().Format(time.RFC3339) // another offset, the same instant
	}
	valid := e.hasNegative && e.state < stateHeld && judgedAt < e.expires()
	m := map[string]any{"person": id, "state": stateNames[e.state], "since": at(e.since), "code_until": nil, "last_negative": nil,
		"pending": nil, "recollection": f.errand(&e.order), "recheck": f.errand(&e.recheck), "as_of": 1, "causes": []any{}}
	proof := map[string]any{"window": e.windowText(), "valid": valid, "expires_at": at(e.expires())}
	code := map[stateKind]string{stateHeld: "yellow", stateSuspect: "red", stateConfirmed: "red"}[e.state]
	if code == "" {
		code = "grey"
	}
	if e.hasNegative {
		m["last_negative"] = map[string]any{"tube": e.negative.tube.String(), "sampled_at": at(e.negative.swab),
			"reported_at": at(e.negative.reported), "basis": modeNames[e.negative.mode]}
		if valid {
			code, m["code_until"] = "green", proof["expires_at"]
		}
	}
	m["code"], m["proof"] = code, proof
	if e.pending.Series != 0 {
		m["pending"] = map[string]any{"sampled_at": nil, "tube": e.pending.String()}
	}
	if e.root != e.id {
		m["merged_into"] = string(e.root.append(nil))
	}
	var causes []any
	for _, c := range e.causes {
		causes = append(causes, map[string]any{"tube": c.tube.String(), "kind": causeKinds[c.kind], "since": at(c.since), "preliminary": c.early})
	}
	if causes != nil {
		m["causes"] = causes
	}
	b, _ := json.Marshal(m)
	return append(b, '\n')
}

func (f *fakeServer) errand(e *errand) any {
	if e.due == never {
		return nil
	}
	return map[string]any{"id": "R1", "kind": e.kind, "state": e.state, "due_at": f.city.clock.instant(e.due).Format(time.RFC3339)}
}

// recollections answers pages of five.
func (f *fakeServer) recollections(w http.ResponseWriter, r *http.Request) {
	f.judge()
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	var e expectation
	var lines bytes.Buffer
	n := 0
	for who := after; who < len(f.oracle.people); who++ {
		f.oracle.expect(int32(who), &e)
		wanted := &e.order
		if r.URL.Query().Get("kind") == "recheck" {
			wanted = &e.recheck
		}
		if wanted.due == never || e.root != e.id {
			continue
		}
		if n == 5 {
			w.Header().Set("X-Next-After", strconv.Itoa(who))
			break
		}
		m := f.errand(wanted).(map[string]any)
		m["person"] = string(e.id.append(nil))
		json.NewEncoder(&lines).Encode(m)
		n++
	}
	w.Write(lines.Bytes())
}

// coverage answers one area, or the areas below one.
func (f *fakeServer) coverage(w http.ResponseWriter, r *http.Request) {
	f.judge()
	v := coverage{}
	var e expectation
	f.oracle.cover(v, &e)
	totals := v.totals()
	name := strings.Split(r.URL.Path, "/")[3]
	id := roundID(slices.IndexFunc(f.city.rounds, func(r round) bool { return r.name == name }))
	if _, known := totals[place{id, 0}]; name == "" || !known && !f.city.rounds[id].put {
		w.WriteHeader(404)
		return
	}
	line := func(v coverage, at area, own bool) {
		m := map[string]any{"round": name, "own": own, "area": nil}
		if at != 0 {
			m["area"] = at.String()
		}
		for i, n := range v.of(place{id, at}) {
			m[countNames[i]] = n + one(f.broken[id] && at == 0 && !own)
		}
		json.NewEncoder(w).Encode(m)
	}
	at, _ := parseArea(r.URL.Query().Get("area"))
	if r.URL.Query().Get("by") != "area" {
		line(totals, at, false)
		return
	}
	line(v, at, true)
	f.city.eachArea(func(a area) {
		if a.parent() == at {
			line(totals, a, false)
		}
	})
}
