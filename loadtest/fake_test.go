package loadtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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
	inTubes  map[uint32]map[TubeCode]bool
	requests int
	faults   func(request int) string // "", busy, drop (before applying), lose (after)
	wrong    uint32                   // the status of this person is wrong; 0: nobody's
	refuse   bool                     // every tube.close is rejected
}

type fakeTube struct {
	members          map[uint32]bool
	capacity         int
	closed, resulted bool
}

func newFakeServer(t testing.TB, city *City) *fakeServer {
	f := &fakeServer{city: city, oracle: newOracle(city), seen: map[string]bool{}, tubes: map[TubeCode]*fakeTube{},
		inTubes: map[uint32]map[TubeCode]bool{}, faults: func(int) string { return "" }}
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

func (f *fakeServer) tube(code TubeCode) *fakeTube {
	t := f.tubes[code]
	if t == nil {
		t = &fakeTube{members: map[uint32]bool{}, capacity: tubeCapacity}
		f.tubes[code] = t
	}
	return t
}

func (f *fakeServer) key(ev *Event) string {
	return fmt.Sprint(ev.Kind, ev.Tube, ev.Person, ev.At, ev.Lab, ev.Verdict, ev.Reported)
}

func (f *fakeServer) bound(ev *Event) bool {
	return ev.Kind == Scan && f.tube(ev.Tube).members[ev.Person]
}

// refusal is the code with which a live event would be refused.
func (f *fakeServer) refusal(ev *Event) string {
	t := f.tube(ev.Tube)
	switch {
	case f.refuse && ev.Kind == TubeClose:
		return "not_permitted"
	case ev.Kind != Scan || ev.Late:
		return ""
	case t.resulted:
		return "tube_already_resulted"
	case t.closed:
		return "tube_closed"
	case len(t.members) >= t.capacity:
		return "tube_full"
	}
	for other := range f.inTubes[ev.Person] {
		if o := f.tube(other); !o.closed && !o.resulted {
			return "person_in_other_tube"
		}
	}
	return ""
}

func (f *fakeServer) apply(ev *Event) {
	f.seen[f.key(ev)] = true
	f.oracle.add(ev)
	t := f.tube(ev.Tube)
	switch ev.Kind {
	case Scan:
		t.members[ev.Person] = true
		if f.inTubes[ev.Person] == nil {
			f.inTubes[ev.Person] = map[TubeCode]bool{}
		}
		f.inTubes[ev.Person][ev.Tube] = true
	case Unscan:
		delete(t.members, ev.Person)
		delete(f.inTubes[ev.Person], ev.Tube)
	case TubeOpen:
		t.capacity = ev.Capacity
	case TubeClose:
		t.closed = true
	case Result:
		t.resulted = true
	}
}

// decode reads a line as strictly as a server would.
func (f *fakeServer) decode(path string, line []byte) (ev Event, err error) {
	var in struct {
		Type, Tube, Person, At, Site, Station, Reason, Mode, Purpose, Verdict, Lab, Plate, Well string
		TestedAt                                                                                string `json:"tested_at"`
		ReportedAt                                                                              string `json:"reported_at"`
		Late                                                                                    bool
		Members, Capacity                                                                       int
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return ev, err
	}
	kinds := map[string]EventKind{"scan": Scan, "unscan": Unscan, "tube.open": TubeOpen, "tube.close": TubeClose, "result": Result}
	switch path {
	case "/v1/scans":
		ev.Kind = Scan
	case "/v1/results":
		ev.Kind = Result
	default:
		ev.Kind = kinds[in.Type]
	}
	number, err := strconv.ParseUint(in.Tube[1:], 10, 32)
	if err != nil {
		return ev, err
	}
	ev.Tube, ev.Late, ev.Members, ev.Capacity = TubeCode{in.Tube[0], uint32(number)}, in.Late, in.Members, in.Capacity
	for i, name := range modeNames {
		if name == in.Mode {
			ev.Mode = Mode(i)
		}
	}
	if ev.Kind == Result {
		lab, _ := strconv.Atoi(in.Lab[1:])
		ev.Lab = uint8(lab - 1)
		for i, name := range verdictNames {
			if name == in.Verdict {
				ev.Verdict = Verdict(i)
			}
		}
		ev.Tested, ev.Reported = f.seconds(in.TestedAt), never
		if in.ReportedAt != "" {
			ev.Reported = f.seconds(in.ReportedAt)
		}
		return ev, nil
	}
	ev.At = f.seconds(in.At)
	if ev.Kind == Scan || ev.Kind == Unscan {
		person, ok := personOrdinal([]byte(in.Person))
		if !ok {
			return ev, fmt.Errorf("cannot read a person: got %d characters", len(in.Person))
		}
		ev.Person = person
	}
	return ev, nil
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
	for i := range f.oracle.people {
		f.oracle.people[i].head = -1
	}
	for i := range f.oracle.tubes {
		f.oracle.tubes[i].verdict, f.oracle.tubes[i].bound = NoVerdict, 0
	}
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
		person, _ := personOrdinal([]byte(id))
		var e expectation
		f.oracle.expect(person, &e)
		if person == f.wrong && f.wrong != 0 {
			e.state = "held"
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
	blocked := e.state == "held" || e.state == "suspect"
	valid := e.hasNegative && !blocked && judgedAt < e.negative.swab+windowSeconds
	m := map[string]any{"person": id, "state": e.state, "since": at(e.since), "code_until": nil, "last_negative": nil,
		"pending": nil, "recollection": nil, "as_of": 1, "causes": []any{}}
	proof := map[string]any{"window": "48h", "valid": valid, "expires_at": nil}
	code := map[string]string{"held": "yellow", "suspect": "red"}[e.state]
	if code == "" {
		code = "grey"
	}
	if e.hasNegative {
		m["last_negative"] = map[string]any{"tube": e.negative.tube.String(), "sampled_at": at(e.negative.swab),
			"reported_at": at(e.negative.reported), "basis": modeNames[e.negative.mode]}
		proof["expires_at"] = at(e.negative.swab + windowSeconds)
		if valid {
			code, m["code_until"] = "green", proof["expires_at"]
		}
	}
	m["code"], m["proof"] = code, proof
	if e.pending.Series != 0 {
		m["pending"] = map[string]any{"sampled_at": nil, "tube": e.pending.String()}
	}
	var causes []any
	for _, c := range e.causes {
		kind := map[bool]string{true: "suspect", false: "hold"}[c.suspect]
		causes = append(causes, map[string]any{"tube": c.tube.String(), "kind": kind, "since": at(c.since)})
	}
	if causes != nil {
		m["causes"] = causes
	}
	if e.order {
		m["recollection"] = map[string]any{"id": "R1", "kind": "single", "state": "swabbed", "due_at": at(e.due)}
	}
	b, _ := json.Marshal(m)
	return append(b, '\n')
}

// recollections answers pages of five.
func (f *fakeServer) recollections(w http.ResponseWriter, r *http.Request) {
	f.judge()
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	var e expectation
	var lines bytes.Buffer
	n := 0
	for person := after; person < f.city.plan.People; person++ {
		f.oracle.expect(uint32(person), &e)
		if !e.order {
			continue
		}
		if n == 5 {
			w.Header().Set("X-Next-After", strconv.Itoa(person))
			break
		}
		fmt.Fprintf(&lines, `{"id":"R%d","person":%q,"kind":"single","state":"open"}`+"\n", person, appendPerson(nil, uint32(person)))
		n++
	}
	w.Write(lines.Bytes())
}
