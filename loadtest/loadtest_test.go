package loadtest

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"time"
)

var testDay = time.Date(2022, 4, 4, 0, 0, 0, 0, Zone)

func testCity(t testing.TB, people int, seed uint64) *City {
	t.Helper()
	c, err := NewCity(Plan{People: people, Seed: seed, Prevalence: 0.004, Day: testDay})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// encodeDay writes every line of a city's day.
func encodeDay(c *City) []byte {
	var b []byte
	e := encoder{city: c, typed: true}
	s := script{city: c, visit: func(ev *Event) { b = e.appendEvent(b, ev) }}
	for p := phaseOpen; p < phases; p++ {
		for t := range c.tubes {
			s.emit(p, uint32(t))
		}
	}
	return b
}

func TestSameSeedSameDay(t *testing.T) {
	// Ensures that a city is a function of its plan, whatever goroutine made which part.
	a, b := encodeDay(testCity(t, 30_000, 3)), encodeDay(testCity(t, 30_000, 3))
	if !bytes.Equal(a, b) {
		t.Error("cannot repeat a day: got other lines for the same seed")
	}
	if bytes.Equal(a, encodeDay(testCity(t, 30_000, 4))) {
		t.Error("cannot vary a day: got the same lines for another seed")
	}
}

func TestEverybodyIsSwabbedOnce(t *testing.T) {
	// Ensures that tubes hold the city's people without gap or overlap, in whole
	// households of at most ten, at possible times.
	for _, people := range []int{1, 9, 10, 11, 1300, 7409, 50_001} {
		c := testCity(t, people, 5)
		seen := make([]int, people)
		for i := range c.tubes {
			tb := &c.tubes[i]
			for j := range uint32(tb.n) {
				seen[tb.first+j]++
			}
			if tb.start < 6*3600 || tb.swab(int(tb.n)) > 23*3600 || tb.tested <= tb.swab(int(tb.n)) || tb.reported > 32*3600 {
				t.Fatalf("tube %d of %d people: got swabs from %d, tested %d, reported %d", i, people, tb.start, tb.tested, tb.reported)
			}
		}
		for p, n := range seen {
			if n != 1 {
				t.Fatalf("%d people: person %d: got %d tubes; want 1", people, p, n)
			}
		}
	}
}

func TestTheDayHasEverything(t *testing.T) {
	// Ensures that every oddity befalls some tube and every kind of event happens, in
	// small shares, before the statuses are read; and that a plain day has none of it.
	city := testCity(t, 300_000, 6)
	var tubes [apartHousehold + 1]int
	for i := range city.tubes {
		tubes[city.tubes[i].oddity]++
	}
	for o, n := range tubes {
		if n == 0 || o > 0 && n > len(city.tubes)/50 {
			t.Errorf("got %d tubes of %d that are %s", n, len(city.tubes), oddityNames[o])
		}
	}
	kinds, stages := kindsOf(city), map[Stage]int{}
	each(city, func(ev *Event) {
		stages[ev.Stage]++
		if at := max(ev.At, ev.Tested, ev.Reported); at > judgedAt || ev.Kind == Result && ev.Reported != never && ev.Reported < ev.Tested {
			t.Fatalf("got %s at %d, tested %d, reported %d", kindNames[ev.Kind], ev.At, ev.Tested, ev.Reported)
		}
	})
	for k, n := range kinds {
		if n == 0 || n > 300_000/6 && EventKind(k) != Scan {
			t.Errorf("got %d events %s", n, kindNames[k])
		}
	}
	if len(stages) != 4 {
		t.Errorf("got stages %v; want four", stages)
	}
	for k, n := range kindsOf(plainCity(t, 300_000, 6)) {
		if (n > 0) != (k <= int(Result)) {
			t.Errorf("a plain day: got %d events %s", n, kindNames[k])
		}
	}
}

func each(c *City, visit func(*Event)) {
	s := script{city: c, visit: visit}
	for p := phaseOpen; p < phases; p++ {
		for t := range c.tubes {
			s.emit(p, uint32(t))
		}
	}
}

func kindsOf(c *City) (kinds [eventKinds]int) {
	each(c, func(ev *Event) { kinds[ev.Kind]++ })
	return kinds
}

func TestNobodyIsSwabbedTwiceInOneSecond(t *testing.T) {
	// Ensures that no expectation hangs on which of two swabs of one second is the later:
	// only a specimen has the time of its pool.
	city := testCity(t, 200_000, 9)
	o := newOracle(city)
	for i := range city.sites {
		o.load(i)
		for who := range o.people {
			for a := o.people[who].head; a >= 0; a = o.tests[a].next {
				for b := o.tests[a].next; b >= 0; b = o.tests[b].next {
					x, y := &o.tests[a], &o.tests[b]
					if x.swab == y.swab && x.specimenOf != o.tubes[y.tube].code && y.specimenOf != o.tubes[x.tube].code {
						t.Errorf("%s: %s and %s", city.describe(o.people[who].id), o.tubes[x.tube].code, o.tubes[y.tube].code)
					}
				}
			}
		}
	}
}

func TestSeats(t *testing.T) {
	// Ensures that everybody's tube and place in it are found again.
	for _, people := range []int{1, 11, 1300, 50_001} {
		c := testCity(t, people, 5)
		for i := range c.tubes {
			for j := range int(c.tubes[i].n) {
				if tube, k := c.seat(c.tubes[i].first + uint32(j)); tube != uint32(i) || k != j {
					t.Fatalf("%d people: member %d of tube %d: got member %d of %d", people, j, i, k, tube)
				}
			}
		}
	}
}

func TestAreasAreOneTree(t *testing.T) {
	// Ensures that parents come before their children, once, and that every home is there.
	c := testCity(t, 60_000, 5)
	seen := map[area]bool{0: true}
	c.eachArea(func(a area) {
		if seen[a] || !seen[a.parent()] {
			t.Fatalf("area %d: got it twice, or before its parent", a)
		}
		seen[a] = true
		if back, ok := parseArea(a.String()); !ok || back != a {
			t.Fatalf("area %d: cannot read it back", a)
		}
	})
	for i := range c.tubes {
		for j := range int(c.tubes[i].n) {
			if home, named := c.home(uint32(i), j), c.namedArea(uint32(i), j); !seen[home] || !seen[named] {
				t.Fatalf("tube %d: got home %d, named %d, which are no areas", i, home, named)
			}
		}
	}
	if p := community(3).parent(); p != streetOf(3) || p.parent().parent() != cityArea || !community(20).within(cityArea) || community(3).within(community(2)) {
		t.Errorf("got %d above the community, %d above that", p, p.parent())
	}
}

func TestRoundsArePut(t *testing.T) {
	// Ensures that the bodies of PUT /v1/rounds say what the oracle judges by, and a
	// second version only what it changes.
	c := testCity(t, 40_000, 5)
	for _, k := range []struct {
		id      roundID
		version int
		want    string
	}{
		{dayRound, 0, `{"name":"DAY-2022-04-04","sla":{"recollect":"5h"},"window":"48h","opens_at":"2022-04-04T00:00:00+08:00","areas":["9901"],"single_groups":["isolation"]}`},
		{dayRound, 1, `{"sla":{"recollect":"4h"},"effective_at":"2022-04-04T14:00:00+08:00"}`},
		{noonRound, 0, `{"name":"NOON-2022-04-04","sla":{"recollect":"3h"},"window":"72h","opens_at":"2022-04-04T12:00:00+08:00","areas":["99010001002","99010002002"],` +
			`"basis":"reported","single_groups":["isolation"],"vaccinated_48h":"defer","recheck":"same_specimen","release":"all"}`},
		{eveRound, 0, `{"name":"EVE-2022-04-04","sla":{"recollect":"6h"},"window":"48h","opens_at":"2022-04-03T00:00:00+08:00","closes_at":"2022-04-04T00:00:00+08:00",` +
			`"areas":["9901"],"single_groups":["isolation"]}`},
	} {
		if got := string(appendVersion(nil, &c.clock, &c.rounds[k.id], k.version)); got != k.want {
			t.Errorf("round %d, version %d:\n got %s\nwant %s", k.id, k.version, got, k.want)
		}
	}
	for _, at := range []seconds{-5, 5, noon, noon + 5} {
		for _, where := range []area{0, cityArea, community(5), community(0)} {
			want := dayRound
			switch {
			case where == 0:
				want = defaultRound
			case at < 0:
				want = eveRound
			case at >= noon && where == community(5):
				want = noonRound
			}
			if got := c.coveringRound(where, at); got != want {
				t.Errorf("area %d at %d: got round %d; want %d", where, at, got, want)
			}
		}
	}
}

func TestPrevalence(t *testing.T) {
	// Ensures that about 0.12 % of people are infected, clustered.
	c, err := NewCity(Plan{People: 1_000_000, Seed: 1, Prevalence: 0.0012, Day: testDay})
	if err != nil {
		t.Fatal(err)
	}
	infected, tubes := 0, 0
	for i := range c.tubes {
		n := 0
		for m := c.tubes[i].infected; m != 0; m &= m - 1 {
			n++
		}
		infected += n
		if n > 0 {
			tubes++
		}
	}
	if infected < 1000 || infected > 1400 || tubes*3 > infected*2 {
		t.Errorf("got %d infected in %d tubes; want about 1200 in about 620", infected, tubes)
	}
}

func TestResidentIDs(t *testing.T) {
	// Ensures that check characters are right and that IDs and ordinals are one to one.
	check := func(id string) byte {
		sum := 0
		for i := range 17 {
			sum += int(id[i]-'0') * idWeights[i]
		}
		return idCheckCharacters[sum%11]
	}
	for _, known := range []string{"11010519491231002X", "440524188001010014", "34052419800101001X"} {
		if check(known) != known[17] {
			t.Errorf("check character of a published example: got %c; want %c", check(known), known[17])
		}
	}
	seen := map[string]bool{}
	for _, from := range []uint32{0, 32_000, 1_000_000, 32_870_000, 100_000_000, peopleMax - 1000} {
		for p := from; p < from+1000; p++ {
			id := string(appendPerson(nil, p))
			back, ok := personOrdinal([]byte(id))
			if !ok || back != p || id[17] != check(id) || seen[id] || !strings.HasPrefix(id, "9901") {
				t.Fatalf("person %d: got back %d, %t", p, back, ok)
			}
			seen[id] = true
		}
	}
	for _, bad := range []string{"", "990101199003070024", "99010119900307002x", "110105194912310021"} {
		if _, ok := personOrdinal([]byte(bad)); ok {
			t.Errorf("got an ordinal for %q; want none", bad)
		}
	}
}

func TestShuffleIsAPermutation(t *testing.T) {
	// Ensures that random order sends everybody once.
	for _, n := range []uint64{1, 2, 5, 1000, 65_537} {
		s, seen := newShuffle(n, 9), make([]bool, n)
		for i := range n {
			p := s.at(i)
			if seen[p] {
				t.Fatalf("n %d: got %d twice", n, p)
			}
			seen[p] = true
		}
	}
}

func TestScheduleWaitsForThePast(t *testing.T) {
	// Ensures that no unit waits for one that comes later, which would never end.
	for _, people := range []int{1, 5000, 30_000, 200_000, 2_000_000} {
		for _, order := range []Order{BySite, Random} {
			done := map[*unit]bool{nil: true}
			for _, u := range testCity(t, people, 1).schedule(order, 2) {
				if !done[u.after] {
					t.Fatalf("%d people, %s order: got phase %d before phase %d", people, order, u.phase, u.after.phase)
				}
				done[u] = true
			}
		}
	}
}

func TestBatchesHoldEveryEventOnce(t *testing.T) {
	// Ensures that cutting the day into batches loses and repeats nothing, in both
	// orders and for batches smaller than a tube, and that full batches are full.
	city := testCity(t, 20_000, 8)
	want := map[uint64]int{}
	for line := range bytes.Lines(encodeDay(city)) {
		want[hashLine(line)]++
	}
	for _, order := range []Order{BySite, Random} {
		for _, batch := range []int{1, 7, 1000} {
			got := map[uint64]int{}
			r := &Replayer{City: city, Order: order, Batch: batch}
			units := city.schedule(order, 2)
			r.prepare(units)
			s, split := newSender(r), newSplitter(city, batch)
			for _, u := range units {
				u.typed = true
				split.split(u, func(j job) {
					s.encode(j)
					for line := range bytes.Lines(s.buf[headRoom:]) {
						got[hashLine(line)]++
					}
				})
			}
			for h, n := range want {
				if order == Random {
					n = min(n, 1) // no scan is re-sent by its phone in random order
					got[h] = min(got[h], 1)
				}
				if got[h] != n {
					t.Fatalf("%s order, batches of %d: got an event %d times; want %d", order, batch, got[h], n)
				}
			}
			if len(got) != len(want) {
				t.Fatalf("%s order, batches of %d: got %d different events; want %d", order, batch, len(got), len(want))
			}
		}
	}
}

func hashLine(b []byte) uint64 {
	h := fnv.New64a()
	h.Write(b)
	return h.Sum64()
}

func playAgainstFake(t *testing.T, order Order, batch, connections int, faults func(int) string) (*fakeServer, *DayReport, error) {
	t.Helper()
	return playPlan(t, Plan{People: 12_000, Seed: 12, Prevalence: 0.004, Day: testDay}, order, batch, connections, faults)
}

func playPlan(t *testing.T, plan Plan, order Order, batch, connections int, faults func(int) string) (*fakeServer, *DayReport, error) {
	t.Helper()
	city, err := NewCity(plan)
	if err != nil {
		t.Fatal(err)
	}
	fake := newFakeServer(t, city)
	if faults != nil {
		fake.faults = faults
	}
	c := DayConfig{Plan: city.plan, Order: order, Batch: batch, Connections: connections, Patience: time.Minute, Addr: fake.addr()}
	r, err := RunDay(context.Background(), c)
	return fake, r, err
}

func TestDayAgainstFake(t *testing.T) {
	// Ensures that no live event is refused, that every line is well formed and that
	// all statuses agree, whatever the order, batch and number of connections.
	for _, k := range []struct {
		order              Order
		batch, connections int
	}{{BySite, 1000, 4}, {BySite, 37, 16}, {Random, 1000, 8}, {Random, 100, 3}} {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			_, r, err := playAgainstFake(t, k.order, k.batch, k.connections, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !r.OK() || r.People != 12_000 || r.Scans < 12_000 || r.Results < 1200 || r.Duplicates == 0 {
				var b bytes.Buffer
				r.Print(&b)
				t.Error(b.String())
			}
			for name, n := range r.States {
				if n == 0 {
					t.Errorf("the day is too dull: got nobody %s", name)
				}
			}
		})
	}
}

func TestEveryPlanAgainstFake(t *testing.T) {
	// Ensures the same of other seeds, of a plain day, and of a station's.
	for _, plan := range []Plan{{Seed: 21}, {Seed: 22, Prevalence: 0.03}, {Seed: 23, Plain: true}, {Seed: 24, StationOnly: true}} {
		plan.People, plan.Day, plan.Prevalence = 9_000, testDay, max(plan.Prevalence, 0.004)
		fake, r, err := playPlan(t, plan, BySite, 500, 4, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !r.OK() {
			var b bytes.Buffer
			r.Print(&b)
			t.Error(b.String())
		}
		if mastered := !plan.Plain && !plan.StationOnly; mastered != (fake.masters["/v1/roster"] > 8000) || mastered != (r.Places > 50) {
			t.Errorf("seed %d: got %d people on the roster, coverage of %d areas", plan.Seed, fake.masters["/v1/roster"], r.Places)
		}
	}
}

func TestReplayOutlastsFaults(t *testing.T) {
	// Ensures that batches refused, dropped or applied but not answered are sent
	// again, and that nothing comes out differently.
	kinds := []string{"", "busy", "drop", "", "lose", ""}
	_, r, err := playAgainstFake(t, BySite, 250, 8, func(n int) string { return kinds[n%len(kinds)] })
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() || r.Retries == 0 {
		t.Errorf("got %d differences %v, %d rejected %v, %d retries; want 0, 0 and some", r.Differences, r.Shown, r.Rejected, r.Rejects, r.Retries)
	}
}

func TestReplayGivesUp(t *testing.T) {
	// Ensures that a server that never takes anything ends the replay with an error.
	city := testCity(t, 500, 1)
	fake := newFakeServer(t, city)
	fake.faults = func(int) string { return "busy" }
	_, err := RunDay(context.Background(), DayConfig{Plan: city.plan, Order: BySite, Batch: 100, Connections: 2, Patience: 1, Addr: fake.addr()})
	if err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v; want an error that names the status 503", err)
	}
}

func TestDifferencesAreFound(t *testing.T) {
	// Ensures that one wrong status and rejected items are counted, shown without IDs,
	// and that a server that knows the city is refused.
	city := testCity(t, 5000, 2)
	fake := newFakeServer(t, city)
	fake.wrong, fake.refuse, fake.broken = 4321, true, map[roundID]bool{noonRound: true}
	c := DayConfig{Plan: city.plan, Order: BySite, Batch: 1000, Connections: 2, Patience: time.Minute, Addr: fake.addr()}
	r, err := RunDay(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Differences != 2 || !strings.HasPrefix(r.Shown[0], "person 4321 ") || !strings.Contains(r.Shown[1], "NOON-") || r.Rejected == 0 || len(r.Rejects) != rejectsShown || r.OK() {
		t.Errorf("got %d differences %v, %d rejected %v", r.Differences, r.Shown, r.Rejected, r.Rejects)
	}
	if all := strings.Join(append(r.Shown, r.Rejects...), ""); strings.Contains(all, "990101") {
		t.Errorf("got an ID in %q", all)
	}
	if _, err := RunDay(context.Background(), c); err == nil || !strings.Contains(err.Error(), "fresh data") {
		t.Errorf("got %v for a second day; want a refusal", err)
	}
}

func TestTown(t *testing.T) {
	// Ensures that the town's day tells of one household of three, and agrees.
	city, err := NewCity(Plan{People: townPeople, Sites: townSites, Labs: 1, Seed: townSeed, Calm: true, OneHousehold: true,
		Day: dayEnding(time.Now(), townHours)})
	if err != nil {
		t.Fatal(err)
	}
	fake := newFakeServer(t, city)
	var out bytes.Buffer
	differences, err := RunTown(context.Background(), fake.addr(), &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"suspect", "held", "sampled", "curl -s http://", "7409 people checked",
		"7409 people are on the roster", "all          expected  7409 = sampled  7407 + excused 1 + missing 1", "count_mismatch"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got no %q in:\n%s", want, out.String())
		}
	}
	// The fake judges code and proof at the instant of a city's day, not at the town's.
	if t.Logf("%s", out.String()); differences > 7409 {
		t.Errorf("got %d differences", differences)
	}
	if n := strings.Count(out.String(), "suspect   red"); n != 3 {
		t.Errorf("got %d suspects; want the household of three", n)
	}
}
