package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"poolwise/engine"
	"poolwise/ingest"
	"poolwise/storage"
)

// storeJournal and storeSnapshots fit a store to the pipeline, as the server does.
type storeJournal struct{ *storage.Store }

func (j storeJournal) Append(payload []byte, check ingest.HashCheck) (engine.Position, error) {
	return j.Store.Append(payload, storage.HashCheck(check))
}

func (j storeJournal) Replay(after engine.Position, fn func(engine.Position, []byte, ingest.HashCheck) error) error {
	return j.Store.Replay(after, func(pos engine.Position, payload []byte, check storage.HashCheck) error {
		return fn(pos, payload, ingest.HashCheck(check))
	})
}

type storeSnapshots struct{ *storage.Store }

func (s storeSnapshots) Create(at engine.Position) (ingest.SnapshotWriter, error) {
	return s.NewSnapshot(at)
}

func (s storeSnapshots) Load(meta func(engine.Position, []byte) error, page func(uint8, uint32, []byte) error) (engine.Position, error) {
	return s.LoadSnapshot(meta, page)
}

type plainPages struct{}

func (plainPages) Page() []byte { return make([]byte, engine.PageBytes) }

// months is a town with a round every day, on a real store, beside an engine that
// never forgets and replays the same journal.
type months struct {
	t       *testing.T
	rng     *rand.Rand
	people  int
	fs      *storage.CrashFS
	store   *storage.Store
	cold    *engine.Engine
	line    *ingest.Pipeline
	whole   *engine.Engine
	wholeAt engine.Position
	day     int
	tubes   [][]string // by day
	body    bytes.Buffer
	lines   int
	ever    engine.ColdCounts // summed over restarts
}

const (
	monthsHotDays = 3
	monthsFetched = 24
	monthsStart   = 1646092800 // 2022-03-01T00:00:00Z
)

func newMonths(t *testing.T, people int) *months {
	m := &months{t: t, rng: rand.New(rand.NewPCG(11, 12)), people: people, fs: storage.NewCrashFS(),
		whole: engine.New(engine.DefaultConfig(), plainPages{})}
	m.start()
	return m
}

func (m *months) start() {
	m.t.Helper()
	var err error
	m.store, err = storage.Open(m.fs, "db", storage.Options{RulesVersion: engine.RulesVersion, Fatal: func(err error) { panic(err) }})
	if err != nil {
		m.t.Fatal(err)
	}
	m.cold = engine.New(engine.DefaultConfig(), plainPages{})
	m.cold.KeepCold(engine.ColdConfig{Pages: m.store, HotDays: monthsHotDays, Fetched: monthsFetched})
	m.line = ingest.NewPipeline(ingest.PipelineConfig{Machine: m.cold, Journal: storeJournal{m.store}, Feed: m.store.Feed(),
		Snapshots: storeSnapshots{m.store}, HashEvery: 7, SnapshotTests: uint64(2 * m.people),
		Logf: m.t.Logf, Fatal: func(err error) { panic(err) }})
	if _, err := m.line.Recover(context.Background()); err != nil {
		m.t.Fatal(err)
	}
	m.line.Start()
}

// restart stops in order, or loses its power.
func (m *months) restart(powerLoss bool) {
	m.t.Helper()
	c := m.cold.Cold()
	m.ever.Prefetched += c.Prefetched
	m.ever.Faulted += c.Faulted
	m.ever.Dropped += c.Dropped
	if powerLoss {
		after := m.fs.CrashClone(m.rng.IntN(101), m.rng.Uint64())
		defer func() { m.fs = after; m.start() }()
	} else {
		defer m.start()
	}
	if err := m.line.Close(); err != nil {
		m.t.Fatal(err)
	}
	if err := m.store.Close(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *months) now() int64 { return monthsStart + int64(m.day)*86400 + 12*3600 }

// at is an instant of a day, as a line says it.
func (m *months) at(day, second int) string {
	return time.Unix(monthsStart+int64(day)*86400+6*3600+int64(second), 0).UTC().Format(time.RFC3339)
}

func (m *months) say(format string, args ...any) {
	fmt.Fprintf(&m.body, format+"\n", args...)
	if m.lines++; m.lines%2000 == 0 {
		m.send()
	}
}

func (m *months) send() {
	m.t.Helper()
	if m.body.Len() == 0 {
		return
	}
	r := ingest.AcquireRequest()
	defer ingest.ReleaseRequest(r)
	r.Body = append(r.Body[:0], m.body.Bytes()...)
	m.body.Reset()
	err := m.line.Do(r, ingest.FormatNDJSON, ingest.Options{Endpoint: m.endpoint(r.Body), Now: m.now(), People: m.cold, Roles: engine.RoleAll})
	if err != nil {
		m.t.Fatal(err)
	}
	if n := len(r.Decoded.Errors); n > 0 {
		m.t.Fatalf("%d lines are no events; the first: %+v", n, r.Decoded.Errors[0])
	}
}

func (m *months) endpoint(body []byte) ingest.Endpoint {
	if bytes.Contains(body, []byte(`"verdict"`)) {
		return ingest.Results
	}
	return ingest.Events
}

func person(i int) string { return fmt.Sprintf("passport:TST:%08d", i) }

// live is one day: yesterday's results, today's swabs, and what comes a month late.
func (m *months) live() {
	m.results()
	m.send()
	m.swabs()
	m.send()
	m.late()
	m.send()
}

func (m *months) results() {
	if m.day == 0 {
		return
	}
	for i, tube := range m.tubes[m.day-1] {
		verdict := "negative"
		switch m.rng.IntN(1500) {
		case 0:
			verdict = "positive"
		case 1:
			verdict = "inconclusive"
		case 2:
			verdict = "invalid"
		case 3:
			continue // never comes
		}
		m.result(tube, verdict, "final", m.day-1, 40000+i%1000)
	}
}

func (m *months) result(tube, verdict, stage string, day, second int) {
	m.say(`{"tube":%q,"lab":"L%d","verdict":%q,"stage":%q,"tested_at":%q,"reported_at":%q}`, tube, m.rng.IntN(2), verdict, stage, m.at(day, second), m.at(day, second+60))
}

// swabs: nearly everybody every other day, some only every three weeks.
func (m *months) swabs() {
	m.tubes = append(m.tubes, nil)
	n := 0
	for i := range m.people {
		if i%10 == 3 && (i/10+m.day)%21 != 0 || i%10 != 3 && (i/100+m.day)%2 != 0 && i%3 != 0 {
			continue
		}
		tube := fmt.Sprintf("D%03dT%06d", m.day, n/10)
		mode := ""
		if i%500 == 7 {
			tube, mode = fmt.Sprintf("D%03dS%06d", m.day, i), `,"mode":"single"`
			m.tubes[m.day] = append(m.tubes[m.day], tube)
		} else {
			if n%10 == 0 {
				m.tubes[m.day] = append(m.tubes[m.day], tube)
			}
			n++
		}
		m.say(`{"type":"scan","tube":%q,"person":%q,"at":%q,"site":"S1"%s}`, tube, person(i), m.at(m.day, 10+n%20000), mode)
	}
}

// late: corrections, withdrawals, scans and unscans of tubes a month old.
func (m *months) late() {
	for range 3 {
		if old := m.day - 25 - m.rng.IntN(10); old >= 0 {
			m.result(m.tubes[old][m.rng.IntN(len(m.tubes[old]))], []string{"positive", "negative", "invalid"}[m.rng.IntN(3)],
				[]string{"corrected", "withdrawn"}[m.rng.IntN(2)], old, 50000+m.rng.IntN(100))
		}
	}
	m.send()
	for range 3 {
		if old := m.day - 20 - m.rng.IntN(10); old >= 0 {
			tube := m.tubes[old][m.rng.IntN(len(m.tubes[old]))]
			kind := []string{"scan", "unscan"}[m.rng.IntN(2)]
			m.say(`{"type":%q,"tube":%q,"person":%q,"at":%q,"late":true,"reason":"wrong tube"}`, kind, tube, person(m.rng.IntN(m.people)), m.at(old, 30000+m.rng.IntN(1000)))
		}
	}
}

// compare replays the day to the engine that never forgets, and compares.
func (m *months) compare() {
	m.t.Helper()
	m.idle()
	var out engine.Changes
	err := m.store.Replay(m.wholeAt, func(pos engine.Position, payload []byte, _ storage.HashCheck) error {
		var group []*engine.Batch
		for len(payload) > 0 {
			b := new(engine.Batch)
			rest, err := engine.DecodeBatch(payload, b)
			if err != nil {
				return err
			}
			payload, group = rest, append(group, b)
		}
		m.whole.Apply(pos, group, &out)
		m.wholeAt = pos
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	if got, want := m.cold.StateHash(), m.whole.StateHash(); got != want {
		m.t.Fatalf("day %d: got state hash %x; want %x", m.day, got, want)
	}
	var got, want engine.Status
	for range 200 {
		p := m.cold.Find(engine.PersonRef(engine.RefDocument)<<60, []byte(person(m.rng.IntN(m.people))))
		if p == 0 {
			continue
		}
		m.cold.Status(p, &got)
		m.whole.Status(p, &want)
		if !sameStatus(&got, &want) {
			m.t.Fatalf("day %d: person %d: got %+v; want %+v", m.day, p, got, want)
		}
	}
	var gotTube, wantTube engine.TubeView
	for range 20 {
		day := m.tubes[m.rng.IntN(len(m.tubes))]
		i := m.whole.FindTube([]byte(day[m.rng.IntN(len(day))]))
		m.cold.Tube(i, &gotTube)
		m.whole.Tube(i, &wantTube)
		if !reflect.DeepEqual(gotTube, wantTube) {
			m.t.Fatalf("day %d: tube %d: got %+v; want %+v", m.day, i, gotTube, wantTube)
		}
	}
	if m.cold.FindTube([]byte("D000T999999")) != 0 {
		m.t.Fatal("found a tube that never was")
	}
}

func sameStatus(a, b *engine.Status) bool {
	return fmt.Sprintf("%+v", *a) == fmt.Sprintf("%+v", *b)
}

// idle waits until the writer has tidied up after the last group.
func (m *months) idle() {
	for m.cold.Cold().Fetched > monthsFetched {
		runtime.Gosched()
	}
}

// pagesInMemory of all that grows with tests, by the engine's own account.
func pagesInMemory(e *engine.Engine) (pages int) {
	for _, p := range e.Bytes() {
		switch p.Name {
		case "tests", "test_marks", "members", "places", "test_blocks", "tube_headers", "tube_codes", "tube_closed", "tube_extras", "spare_pages":
			pages += int(p.Bytes / engine.PageBytes)
		}
	}
	return pages
}

// TestMonthsOfRounds ensures that sixty days of daily rounds run in the memory of a few:
// with results a day late, corrections, withdrawals and scans a month late, people who
// come every three weeks, readers at any time, stops and power cuts. Every day the state
// is that of an engine that never forgot anything.
func TestMonthsOfRounds(t *testing.T) {
	people, days := 20_000, 60
	if testing.Short() {
		people, days = 4_000, 40
	}
	m := newMonths(t, people)
	defer func() { _ = m.line.Close(); _ = m.store.Close() }()
	const warm = 15
	most, first := 0, 0
	for ; m.day < days; m.day++ {
		stop := m.readers()
		m.live()
		if m.day%4 == 3 {
			stop()
			m.restart(m.rng.IntN(2) == 0)
			stop = m.readers()
		}
		stop()
		m.compare()
		m.idle()
		if n := pagesInMemory(m.cold); m.day >= warm {
			if first == 0 {
				first = n
			}
			most = max(most, n)
		}
	}
	perDay := pagesInMemory(m.whole) / days
	// Hot days and the one that is under way, a started page of each column at both ends,
	// what was fetched, as much that waits for the snapshot that it makes begin, and what
	// the late events of a day can change before that: nine pages a tube, and its people's.
	bound := (monthsHotDays+2)*perDay + 2*9 + 2*monthsFetched + 3*9
	c := m.cold.Cold()
	t.Logf("%d pages at the most from day %d on (%d then), bound %d; %d without forgetting; ever prefetched %d, faulted %d, dropped %d",
		most, warm, first, bound, pagesInMemory(m.whole), m.ever.Prefetched+c.Prefetched, m.ever.Faulted+c.Faulted, m.ever.Dropped+c.Dropped)
	if most > bound {
		t.Errorf("got %d pages in memory; want at most %d", most, bound)
	}
	if err := m.cold.Check(); err != nil {
		t.Error(err)
	}
}

// readers ask for people and tubes of any age until stop.
func (m *months) readers() (stop func()) {
	var done atomic.Bool
	var all sync.WaitGroup
	e, day := m.cold, m.day
	for n := range 2 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(day), uint64(n)))
			var s engine.Status
			var v engine.TubeView
			var code []byte
			for i := 0; !done.Load() && i < 200; i++ {
				name := person(rng.IntN(m.people))
				if p := e.Find(engine.PersonRef(engine.RefDocument)<<60, []byte(name)); p != 0 {
					e.Status(p, &s)
					if s.PendingTube != 0 {
						code = e.AppendTubeCode(code[:0], s.PendingTube)
					} else if s.LastNegative.Tube != 0 {
						code = e.AppendTubeCode(code[:0], s.LastNegative.Tube)
					}
					if len(code) > 0 && !strings.HasPrefix(string(code), "D") {
						m.t.Errorf("a tube with the code %q", code)
					}
				}
				if day > 0 && i%8 == 0 {
					if t := e.FindTube(fmt.Appendf(nil, "D%03dT%06d", rng.IntN(day), rng.IntN(50))); t != 0 {
						e.Tube(t, &v)
					}
				}
			}
		})
	}
	return func() { done.Store(true); all.Wait() }
}
