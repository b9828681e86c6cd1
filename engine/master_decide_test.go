package engine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Ensures what policy says of a scan, case by case.
func TestMasterDecide(t *testing.T) {
	d := newMasterDesk(t)
	d.tree("990101", "99010101", "99010102", "99010103")
	d.tree("99010101", "9901010101")
	d.ok(KindArea, 0, FieldKey, "99010102", FieldRisk, "high")
	d.ok(KindArea, 0, FieldKey, "99010103", FieldRisk, "closed")
	people := map[string]PersonOrdinal{"nobody": 0, "stranger": 5000000}
	for i, fields := range [][]any{{"ada", FieldArea, "9901010101"}, {"bo", FieldArea, "99010102"}, {"cy", FieldArea, "99010103"}, {"di"},
		{"guard", FieldArea, "99010101", FieldGroups, "isolation,port"}, {"jab", FieldArea, "9901010101", FieldVaccinatedAt, someDay - 1000}} {
		people[fields[0].(string)] = PersonOrdinal(i + 1)
		d.ok(KindRoster, PersonOrdinal(i+1), fields[1:]...)
	}
	if got := d.decide(people["guard"], someDay, 0, 0); got != (decision{round: 1, policy: 1, mode: Pool, capacity: 10}) {
		t.Errorf("before any round: got %+v", got)
	}
	d.ok(KindRound, 0, FieldKey, "city", FieldAreas, "990101", FieldOpensAt, someDay-5000, FieldClosesAt, someDay+5000, FieldSingleGroups, "isolation")
	d.ok(KindRound, 0, FieldKey, "block", FieldAreas, "99010101", FieldOpensAt, someDay-100, FieldClosesAt, someDay+100, FieldCapLow, 20, FieldVaccinated48h, "defer")
	d.ok(KindRound, 0, FieldKey, "twin", FieldAreas, "99010101", FieldOpensAt, someDay-100, FieldClosesAt, someDay+50)
	d.ok(KindRound, 0, FieldKey, "all", FieldOpensAt, someDay-50, FieldVaccinated48h, "any")
	d.round([]byte("misspelt"))
	at := func(s int) Seconds { return Seconds(int(someDay) + s) }
	for _, c := range []struct{ line, want string }{
		{"ada 0", "block pool 20 of 20"}, // block before twin by name
		{"ada 99", "block pool 20 of 20"},
		{"ada 100", "city pool 10 of 10"}, // block closed
		{"ada -101", "city pool 10 of 10"},
		{"ada 5000", "all pool 10 of 10"},
		{"ada -5001", "default pool 10 of 0"},
		{"ada 0 round=city", "city own pool 10 of 10"},
		{"ada 9000 round=city", "city own pool 10 of 10"},
		{"ada 0 round=misspelt", "misspelt own pool 10 of 0"},
		{"ada 0 round=default", "default own pool 10 of 0"},
		{"ada 0 area=99010102", "city single 1 of 1"},
		{"ada 0 area=99010103 round=block", "block own household 30 of 30"},
		{"bo 0", "city single 1 of 1"},
		{"cy 0", "city household 30 of 30"},
		{"di 0", "all pool 10 of 10"}, // nowhere: only the round that covers everything
		{"di -51", "default pool 10 of 0"},
		{"nobody 0", "all pool 10 of 10"},
		{"stranger 0 area=99010103", "city household 30 of 30"},
		{"guard 0 round=city", "city own single 1 of 10 alone"},
		{"guard 0", "block pool 20 of 20"},
		{"jab 0", "block pool 20 of 20 deferred"},
		{"jab 100", "city single 1 of 10 alone"},
		{"jab 0 round=all", "all own pool 10 of 10"},
		{"jab -1001 round=city", "city own pool 10 of 10"}, // before the jab
		{"jab -1000 round=city", "city own single 1 of 10 alone"},
		{"jab 171799 round=city", "city own single 1 of 10 alone"},
		{"jab 171800 round=city", "city own pool 10 of 10"}, // 48 hours
	} {
		var who, round, area string
		var s int
		fmt.Sscan(c.line, &who, &s)
		for _, w := range strings.Fields(c.line) {
			if v, ok := strings.CutPrefix(w, "round="); ok {
				round = v
			} else if v, ok := strings.CutPrefix(w, "area="); ok {
				area = v
			}
		}
		for range 2 { // the second time from what it kept
			if got := d.says(d.decide(people[who], at(s), d.round([]byte(round)), d.no(area))); got != c.want {
				t.Errorf("%s: got %s; want %s", c.line, got, c.want)
			}
		}
	}
	d.ok(KindArea, 0, FieldKey, "9901010101", FieldParent, "99010102")
	if got := d.says(d.decide(people["ada"], someDay, 0, 0)); got != "city single 1 of 1" {
		t.Errorf("after the area moved: got %s; want what its new parent has", got)
	}
	for who, want := range map[string]Seconds{"ada": 48 * 3600, "di": 48 * 3600} {
		if window, reported := d.proof(people[who], someDay); window != want || reported {
			t.Errorf("proof of %s: got %d %v", who, window, reported)
		}
	}
}

func (d *masterDesk) says(x decision) string {
	var b strings.Builder
	b.WriteString(d.roundName(x.round))
	if x.own {
		b.WriteString(" own")
	}
	fmt.Fprintf(&b, " %s %d of %d", x.mode, x.capacity, x.most)
	if x.alone {
		b.WriteString(" alone")
	}
	if x.deferred {
		b.WriteString(" deferred")
	}
	return b.String()
}

// Ensures that proof goes by the newest open round that covers the person's area.
func TestMasterProof(t *testing.T) {
	d := newMasterDesk(t)
	d.tree("990101", "99010101")
	d.ok(KindRoster, 1, FieldArea, "99010101")
	d.noteScan(2, d.no("990101"), someDay, 0)
	d.ok(KindRound, 0, FieldKey, "deep", FieldAreas, "99010101", FieldOpensAt, someDay, FieldClosesAt, someDay+100, FieldWindow, 24*3600, FieldBasis, "reported")
	d.ok(KindRound, 0, FieldKey, "new", FieldAreas, "990101", FieldOpensAt, someDay+10, FieldClosesAt, someDay+90, FieldWindow, 72*3600)
	d.ok(KindRound, 0, FieldKey, "default", FieldWindow, 7*24*3600)
	for _, c := range []struct {
		who  PersonOrdinal
		at   Seconds
		want Seconds
	}{{1, 0, 24}, {1, 9, 24}, {1, 10, 72}, {1, 89, 72}, {1, 90, 24}, {1, 100, 168}, {2, 0, 168}, {2, 10, 72}, {3, 10, 168}} {
		if window, reported := d.proof(c.who, someDay+c.at); window != c.want*3600 || reported != (c.want == 24) {
			t.Errorf("person %d at %d: got %d hours, reported %v; want %d", c.who, c.at, window/3600, reported, c.want)
		}
	}
	if d.closesAt(d.round([]byte("new"))) != someDay+90 || d.closesAt(RoundDefault) != neverCloses {
		t.Error("closesAt")
	}
}

// Ensures that what decide keeps never differs from what it would find from scratch, and
// that lists, tree and hash hold, over random items and scans in any order of time.
func TestMasterRandom(t *testing.T) {
	for seed := range uint64(20) {
		d := newMasterDesk(t)
		for step := range uint64(6) {
			randomMaster(d, seed*100+step, 200)
			compareDecide(t, d, rand.New(rand.NewPCG(seed, step)))
		}
		if err := d.check(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// randomMaster puts items of every kind among few areas, rounds and people.
func randomMaster(d *masterDesk, seed uint64, items int) {
	rng := rand.New(rand.NewPCG(seed, 99))
	area := func() string {
		if rng.IntN(12) == 0 {
			return ""
		}
		return fmt.Sprintf("9901%02d", rng.IntN(40))
	}
	when := func() Seconds { return someDay + Seconds(rng.IntN(50))*10 }
	for range items {
		d.received += Seconds(rng.IntN(2))
		who := PersonOrdinal(1 + rng.IntN(60)*300)
		switch rng.IntN(8) {
		case 0:
			d.item(KindArea, 0, FieldKey, fmt.Sprintf("9901%02d", rng.IntN(40)), FieldParent, area(), FieldRisk, []string{"", "low", "medium", "high", "closed"}[rng.IntN(5)])
		case 1:
			d.item(KindArea, 0, FieldKey, fmt.Sprintf("9901%02d", rng.IntN(40)), FieldName, rng.IntN(3))
		case 2:
			d.item(KindSite, 0, FieldKey, "S"+fmt.Sprint(rng.IntN(5)), FieldArea, area(), FieldLab, "L"+fmt.Sprint(rng.IntN(3)))
			d.item(KindLab, 0, FieldKey, "L"+fmt.Sprint(rng.IntN(5)), FieldKind, labKinds[rng.IntN(2)])
		case 3:
			d.noteScan(who, d.no(area()), when(), uint32(rng.IntN(3)))
		case 4, 5, 6:
			fields := []any{FieldArea, area()}
			switch rng.IntN(4) {
			case 0:
				fields = []any{FieldGroups, []string{"", "port", "port,isolation", "hospital"}[rng.IntN(4)], FieldVaccinatedAt, when() - 48*3600}
			case 1:
				fields = append(fields, FieldHousehold, []string{"", "H1", "H2"}[rng.IntN(3)])
			}
			d.item(KindRoster, who, fields...)
		default:
			code := []string{"default", "R1", "R2", "R3", "R4"}[rng.IntN(5)]
			if d.round([]byte(code)); rng.IntN(3) == 0 {
				continue
			}
			fields := []any{FieldKey, code, FieldOpensAt, when(), FieldClosesAt, when() + 300, FieldCapLow, 1 + rng.IntN(30)}
			if rng.IntN(2) == 0 {
				fields = append(fields, FieldAreas, area())
			}
			if rng.IntN(3) == 0 {
				fields = append(fields, FieldSingleGroups, "isolation", FieldVaccinated48h, vaccinatedRules[rng.IntN(3)])
			}
			if rng.IntN(2) == 0 {
				fields = append(fields, FieldEffectiveAt, when())
			}
			d.item(KindRound, 0, fields...)
		}
	}
}

func compareDecide(t *testing.T, d *masterDesk, rng *rand.Rand) {
	t.Helper()
	for range 300 {
		who, at := PersonOrdinal(rng.IntN(60)*300+rng.IntN(2)), someDay-20+Seconds(rng.IntN(1000))
		round, area := RoundID(0), uint32(0)
		if rng.IntN(4) == 0 {
			round = RoundID(rng.IntN(d.roundCount() + 1))
		}
		if rng.IntN(4) == 0 {
			area = uint32(rng.IntN(len(d.areas)))
		}
		if got, want := d.decide(who, at, round, area), dumbDecide(d.master, who, at, round, area); got != want {
			t.Fatalf("person %d at %d, round %d, area %d: got %+v; want %+v", who, at-someDay, round, area, got, want)
		}
	}
}

// dumbDecide is decide in the words of the rules, with nothing kept.
func dumbDecide(m *master, who PersonOrdinal, at Seconds, round RoundID, area uint32) decision {
	version := func(r RoundID) (found *policy) {
		for i := range m.policies { // by number: of equal times the later counts
			if p := &m.policies[i]; i > 0 && p.of == 0 && p.round == r && p.effective <= at && (found == nil || p.effective >= found.effective) {
				found = p
			}
		}
		return found
	}
	if area == 0 && m.rostered(who) {
		area = m.rosterArea(who)
	}
	d := decision{round: round, own: round != 0}
	if round == 0 {
		d.round = RoundDefault
		best, deep := (*policy)(nil), 0
		for r := RoundID(1); int(r) < len(m.rounds); r++ {
			p := version(r)
			if p == nil || !p.put || p.opens > at || p.closes <= at {
				continue
			}
			covers, depth := len(p.areas) == 0 && r != RoundDefault, 0
			for _, named := range p.areas {
				if area != 0 && m.areaWithin(area, named) {
					covers, depth = true, max(depth, m.depth(named))
				}
			}
			if covers && (best == nil || depth > deep || depth == deep && (p.opens > best.opens || p.opens == best.opens && m.roundName(r) < m.roundName(best.round))) {
				best, deep, d.round = p, depth, r
			}
		}
	}
	p := version(d.round)
	if p == nil {
		p = version(RoundDefault)
	}
	d.policy, d.mode = p.id, Pool
	if p.round != d.round { // nobody put it
		d.policy = m.policyFor(d.round, at)
	}
	risk := RiskLow
	for a := area; a != 0; a = m.areas[a].parent {
		if m.areas[a].risk != 0 {
			risk = Risk(m.areas[a].risk - 1)
			break
		}
	}
	switch d.capacity = p.caps[risk]; d.capacity {
	case 1:
		d.mode = Single
	case capHousehold:
		d.mode, d.capacity = Household, 30
	}
	if p.put && p.round == d.round {
		d.most = d.capacity
	}
	for _, g := range m.groupsOf(who) {
		for _, single := range p.groups {
			d.alone = d.alone || g == single
		}
	}
	if v := m.vaccinatedAt(who); v > 0 && v <= at && at < v+48*3600 {
		d.alone = d.alone || p.vaccinated == VaccinatedSingle
		d.deferred = p.vaccinated == VaccinatedDefer
	}
	if d.alone {
		d.mode, d.capacity = Single, 1
	}
	return d
}

// Ensures that past each limit puts are refused, by the field that has no room, and that
// events go on.
func TestMasterLimits(t *testing.T) {
	d := newMasterDesk(t)
	d.limits = masterLimits{areas: 5, provisionalAreas: 3, sites: 4, provisionalSites: 2, labs: 5, provisionalLabs: 2, rounds: 4, provisionalRounds: 2, policies: 4, groups: 3, groupSets: 2}
	for i := range 6 {
		if n := d.no(fmt.Sprintf("99010%d", i)); (n != 0) != (i < 3) {
			t.Errorf("mention %d: got area %d", i, n)
		}
	}
	d.refused(FieldArea, KindRoster, 1, FieldArea, "990109")
	d.refused(FieldArea, KindSite, 0, FieldKey, "S1", FieldArea, "990109")
	d.refused(FieldAreas, KindRound, 0, FieldKey, "R1", FieldAreas, "990109")
	d.refused(FieldParent, KindArea, 0, FieldKey, "990101", FieldParent, "990109")
	d.ok(KindArea, 0, FieldKey, "990107")
	d.ok(KindArea, 0, FieldKey, "990101")
	d.refused(FieldParent, KindArea, 0, FieldKey, "990108", FieldParent, "990109")
	d.ok(KindArea, 0, FieldKey, "990108", FieldParent, "990101")
	d.refused(FieldKey, KindArea, 0, FieldKey, "990109")

	for i, want := range []uint32{1, 2, 0, 0} {
		if n := d.site(fmt.Appendf(nil, "S%d", i+1)); n != want {
			t.Errorf("mention %d: got site %d; want %d", i, n, want)
		}
	}
	d.ok(KindSite, 0, FieldKey, "S4", FieldLab, "L1")
	d.refused(FieldKey, KindSite, 0, FieldKey, "S5")
	d.ok(KindSite, 0, FieldKey, "S1")
	if d.site([]byte("S3")) != 0 {
		t.Error("all numbers are given: want no site")
	}

	if d.lab([]byte("L2")) != 2 || d.lab([]byte("L3")) != noLab || d.isCDC(noLab) {
		t.Error("want two provisional laboratories and no third")
	}
	d.refused(FieldLab, KindSite, 0, FieldKey, "S1", FieldLab, "L3")
	d.ok(KindLab, 0, FieldKey, "L3")
	d.refused(FieldLab, KindSite, 0, FieldKey, "S1", FieldLab, "L4")
	d.ok(KindLab, 0, FieldKey, "L2")
	d.ok(KindSite, 0, FieldKey, "S1", FieldLab, "L4")
	d.refused(FieldKey, KindLab, 0, FieldKey, "L5")
	d.ok(KindLab, 0, FieldKey, "L1")
	d.refused(FieldLab, KindSite, 0, FieldKey, "S1", FieldLab, "L5")
	if d.lab([]byte("L5")) != noLab {
		t.Error("all numbers are given: want no laboratory")
	}
	if back := restored(t, d.master); back.provisionalSites != d.provisionalSites || back.provisionalLabs != 1 {
		t.Errorf("restored: got %d sites, %d laboratories that nobody put; want %d, 1", back.provisionalSites, back.provisionalLabs, d.provisionalSites)
	}

	if d.round([]byte("R1")) != 2 || d.round([]byte("R2")) != 3 || d.round([]byte("R3")) != 0 {
		t.Error("want two provisional rounds and no third")
	}
	d.ok(KindRound, 0, FieldKey, "R4", FieldSingleGroups, "a,b")
	d.refused(FieldSingleGroups, KindRound, 0, FieldKey, "R2", FieldSingleGroups, "a,c,d")
	d.ok(KindRound, 0, FieldKey, "R2", FieldSingleGroups, "a,c")
	d.refused(FieldKey, KindRound, 0, FieldKey, "R5")
	d.ok(KindRound, 0, FieldKey, "R4", FieldCapLow, 2)
	d.refused(FieldKey, KindRound, 0, FieldKey, "R4", FieldCapLow, 3)
	d.ok(KindRound, 0, FieldKey, "R4", FieldName, "full") // no version

	d.ok(KindRoster, 1, FieldGroups, "a,b")
	d.refused(FieldGroups, KindRoster, 2, FieldGroups, "a,d")
	d.ok(KindRoster, 2, FieldGroups, "c")
	d.refused(FieldGroups, KindRoster, 3, FieldGroups, "a,c")
	d.ok(KindRoster, 3, FieldGroups, "b,a")
}

// Ensures that a steady roster and its scans allocate nothing.
func TestMasterAllocatesNothing(t *testing.T) {
	d := newMasterDesk(t)
	d.ok(KindRound, 0, FieldKey, "R1", FieldAreas, "990101", FieldSingleGroups, "port")
	items := []*Batch{masterItem(KindRoster, someDay, FieldArea, "990101", FieldGroups, "port", FieldHousehold, "H1"),
		masterItem(KindRoster, someDay, FieldArea, "990102", FieldGroups, "port,school", FieldHousehold, "H2")}
	d.put(items[0], 0, 1)
	d.put(items[1], 0, 1)
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range items {
			if o, _, _ := d.put(b, 0, 1); o != Accepted {
				t.Fatalf("got %s", o.Code())
			}
			d.decide(1, someDay, 0, 0)
			d.noteScan(1, 1, someDay, 5)
		}
	}); n != 0 {
		t.Errorf("got %v allocations; want none", n)
	}
}

var decided decision

// BenchmarkDecide is what policy costs a scan: plain is a day without rounds; one has a
// covering round and everybody rostered, by area (100 people in turn) or in any order.
func BenchmarkDecide(b *testing.B) {
	b.Run("nothing", func(b *testing.B) { // what the loop costs
		for i := 0; b.Loop(); i++ {
			decided.round = RoundID(i)
		}
	})
	b.Run("plain", func(b *testing.B) {
		d := newMasterDesk(b)
		for i := 0; b.Loop(); i++ {
			decided = d.decide(PersonOrdinal(i&0xffff), someDay+Seconds(i&1023), 0, 0)
		}
	})
	d := newMasterDesk(b)
	for i := range 100 {
		d.tree("9901", fmt.Sprintf("9901%02d", i))
	}
	d.ok(KindRound, 0, FieldKey, "R1", FieldAreas, "9901")
	for i := range 1 << 16 {
		d.item(KindRoster, PersonOrdinal(i+1), FieldArea, fmt.Sprintf("9901%02d", i/100%100), FieldGroups, []string{"", "port"}[i&1])
	}
	for name, step := range map[string]int{"one": 1, "one/random": 40503} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				decided = d.decide(PersonOrdinal(i*step&0xffff+1), someDay+Seconds(i&1023), 0, 0)
			}
		})
	}
	b.Run("own", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			decided = d.decide(PersonOrdinal(i&0xffff+1), someDay+Seconds(i&1023), 2, 0)
		}
	})
}

// BenchmarkRoster is what a roster's item costs: sorted by area, all new, and again.
func BenchmarkRoster(b *testing.B) {
	var items []*Batch
	for i := range 1000 {
		items = append(items, masterItem(KindRoster, someDay, FieldArea, fmt.Sprintf("9901%05d", i), FieldHousehold, "H12", FieldCircle, 6))
	}
	d := newMasterDesk(b)
	for i := 0; b.Loop(); i++ {
		d.put(items[i/1000%1000], 0, PersonOrdinal(i%(1<<22)+1))
	}
}
