package engine_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"poolwise/engine"
)

// tubesThat are the codes of the tubes that pass a filter, read so many at a time.
func (d *desk) tubesThat(f engine.TubeFilter, page int) (codes []string, missed engine.MissedName) {
	more := true
	for f.Limit = page; more && missed == engine.MissedNone; {
		shown := 0
		f.After, more, missed = d.Tubes(f, func(v *engine.TubeView) bool {
			codes = append(codes, v.Code)
			shown++
			return true
		})
		if shown > page {
			panic("BUG: a page is longer than its limit")
		}
	}
	return codes, missed
}

// allTubes are the views of all tubes, in the order of first mention.
func (d *desk) allTubes(events []event) (views []engine.TubeView) {
	for _, code := range tubesOf(events) {
		if i := d.FindTube([]byte(code)); i != 0 {
			var v engine.TubeView
			d.Tube(i, &v)
			views = append(views, v)
		}
	}
	slices.SortFunc(views, func(a, b engine.TubeView) int { return int(a.Index) - int(b.Index) })
	return views
}

// TestTubesRandomDays ensures that on random days a list of tubes is what a look at every tube
// would find: by laboratory, site, round and state.
func TestTubesRandomDays(t *testing.T) {
	last := uint64(400)
	if testing.Short() {
		last /= 10
	}
	for seed := uint64(1); seed <= last; seed++ {
		events := day(seed, false)
		for i := range events {
			if ev := &events[i]; ev.kind == engine.KindScan && ev.site == "" {
				ev.site = fmt.Sprint("S", i%2)
			}
		}
		d := newDesk()
		received := map[string][]string{} // by tube, all that ever did: a view tells the newest only
		for _, part := range cuts(events, seed, 1) {
			for i, a := range d.apply(part, d.find, batches(seed)) {
				if ev := part[i]; ev.kind == engine.KindTubeReceive && !a.outcome.Refused() {
					received[ev.tube] = append(received[ev.tube], ev.lab)
				}
			}
		}
		all := d.allTubes(events)
		check := func(f engine.TubeFilter, passes func(*engine.TubeView) bool) {
			t.Helper()
			var want []string
			for i := range all {
				if passes(&all[i]) {
					want = append(want, all[i].Code)
				}
			}
			for _, page := range []int{1, 2, 100} {
				if got, _ := d.tubesThat(f, page); !slices.Equal(got, want) {
					t.Fatalf("day %d: %+v by %d: got %s; want %s\n%s", seed, f, page, got, want, tellEvents(events))
				}
			}
		}
		check(engine.TubeFilter{}, func(*engine.TubeView) bool { return true })
		for state := engine.TubeOpen; state <= engine.TubeLost; state++ {
			check(engine.TubeFilter{States: 1 << state}, func(v *engine.TubeView) bool { return v.Resolution == state })
		}
		for i := range 3 {
			lab, site, round := fmt.Sprint("L", i), fmt.Sprint("S", i), []string{"default", "R1", "R2"}[i]
			labs := func(v *engine.TubeView) bool {
				return slices.ContainsFunc(v.Results, func(r engine.ResultView) bool { return r.Lab == lab }) || slices.Contains(received[v.Code], lab)
			}
			if _, missed := d.tubesThat(engine.TubeFilter{Lab: lab}, 1); missed == engine.MissedNone {
				check(engine.TubeFilter{Lab: lab}, labs)
			}
			if _, missed := d.tubesThat(engine.TubeFilter{Site: site}, 1); missed == engine.MissedNone {
				check(engine.TubeFilter{Site: site, States: 1<<engine.TubeNegative | 1<<engine.TubeOpen}, func(v *engine.TubeView) bool {
					return v.Site == site && (v.Resolution == engine.TubeNegative || v.Resolution == engine.TubeOpen)
				})
			}
			if _, missed := d.tubesThat(engine.TubeFilter{Round: round}, 1); missed == engine.MissedNone {
				check(engine.TubeFilter{Round: round}, func(v *engine.TubeView) bool { return v.Round == round })
			}
		}
	}
}

// TestTubesOfALab ensures that a laboratory's tubes are those that it received, if another did
// later, and those of which it sent a result; that a grown tube is one; and that names which
// nobody mentioned are told.
func TestTubesOfALab(t *testing.T) {
	d := newDesk()
	script := "receive T1 by L1 08:00\nreceive T1 by L2 09:00\nresult T2 negative tested 08:00 reported 08:10 lab L1\nreceive T3 by L2 08:00\nreject T3 by L1 09:00\nscan T4 ada 08:00 site S1 round R1\n"
	for i := range 14 {
		script += fmt.Sprintf("late scan T5 p%d 08:00\n", i)
	}
	d.apply(scriptOf(t, script+"receive T6 by L1 08:00"), d.find, never)
	for _, c := range []struct {
		f    engine.TubeFilter
		want []string
	}{
		{engine.TubeFilter{}, []string{"T1", "T2", "T3", "T4", "T5", "T6"}},
		{engine.TubeFilter{Lab: "L1"}, []string{"T1", "T2", "T6"}},
		{engine.TubeFilter{Lab: "L2"}, []string{"T1", "T3"}},
		{engine.TubeFilter{Lab: "L1", States: 1 << engine.TubeReceived}, []string{"T1", "T6"}},
		{engine.TubeFilter{Lab: "L1", Site: "S1"}, nil},
		{engine.TubeFilter{Site: "S1", Round: "R1"}, []string{"T4"}},
		{engine.TubeFilter{States: 1 << engine.TubeInTransit}, nil},
		{engine.TubeFilter{After: 5}, []string{"T6"}},
		{engine.TubeFilter{After: 900}, nil},
	} {
		for _, page := range []int{1, 3, 100} {
			if got, missed := d.tubesThat(c.f, page); !slices.Equal(got, c.want) && c.f.After < 900 || missed != engine.MissedNone {
				t.Errorf("%+v: got %s; want %s", c.f, got, c.want)
			}
		}
	}
	for want, f := range map[engine.MissedName]engine.TubeFilter{engine.MissedLab: {Lab: "L9"}, engine.MissedSite: {Site: "S9"}, engine.MissedRound: {Round: "R9"}} {
		if _, got := d.tubesThat(f, 1); got != want {
			t.Errorf("%+v: got %d; want %d", f, got, want)
		}
	}
}

// TestTubesLookIsBounded ensures that one request ends after a bounded look and that the next goes on.
func TestTubesLookIsBounded(t *testing.T) {
	d := newDesk()
	const tubes = 70_000
	var events []event
	for i := range tubes {
		events = append(events, event{kind: engine.KindTubeReceive, tube: fmt.Sprint("T", i), lab: fmt.Sprint("L", i/(tubes-1)), at: noon(0), members: -1, roles: engine.RoleAll})
	}
	d.apply(events, d.find, never)
	f := engine.TubeFilter{Lab: "L1", Limit: 10}
	last, more, _ := d.Tubes(f, func(*engine.TubeView) bool { t.Error("told too early"); return true })
	if last < 1<<16 || last > 1<<16+64 || !more {
		t.Errorf("got %d, more %v; want to end after some 65,536 tubes", last, more)
	}
	if got, _ := d.tubesThat(engine.TubeFilter{Lab: "L1"}, 10); !slices.Equal(got, []string{fmt.Sprint("T", tubes-1)}) {
		t.Errorf("got %s", got)
	}
}

// TestTubesOfAMonth ensures that tubes that left memory are told as if they had not.
func TestTubesOfAMonth(t *testing.T) {
	cold, whole := coldMonth(t, 1200, 30)
	for _, f := range []engine.TubeFilter{{}, {Lab: "L1"}, {Site: "S3"}, {States: 1<<engine.TubeResolving | 1<<engine.TubeReceived}, {Lab: "L3", States: 1 << engine.TubeNegative}} {
		cold.Tidy(0)
		all := func(d *desk) (views []engine.TubeView) {
			f.Limit = 100_000
			d.Tubes(f, func(v *engine.TubeView) bool {
				c := *v
				c.Members, c.Results = slices.Clone(v.Members), slices.Clone(v.Results)
				views = append(views, c)
				return true
			})
			return views
		}
		before := cold.Cold()
		got, want := all(cold), all(whole)
		c := cold.Cold()
		t.Logf("%+v: %d tubes, %d pages fetched ahead, %d come upon", f, len(got), c.Prefetched-before.Prefetched, c.Faulted-before.Faulted)
		if len(got) == 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: got %d tubes, want %d, or others", f, len(got), len(want))
		}
		if c.Faulted > before.Faulted {
			t.Errorf("%+v: %d pages were fetched while the writer waits", f, c.Faulted-before.Faulted)
		}
	}
}

// BenchmarkTubes is one laboratory's tubes in state received among a million.
func BenchmarkTubes(b *testing.B) {
	const tubes = 1_000_000
	d := newDesk()
	for from := 0; from < tubes; from += 10_000 {
		var events []event
		for i := from; i < from+10_000; i++ {
			tube := fmt.Sprintf("T%07d", i)
			events = append(events, event{kind: engine.KindScan, tube: tube, person: fmt.Sprint("p", i), at: noon(0), site: fmt.Sprint("S", i%500), late: true, members: -1, roles: engine.RoleAll})
			if i%3 != 0 {
				events = append(events, event{kind: engine.KindTubeReceive, tube: tube, lab: fmt.Sprint("L", i%20), at: noon(1), members: -1, roles: engine.RoleAll})
			}
			if i%3 == 2 {
				events = append(events, event{kind: engine.KindResult, tube: tube, lab: fmt.Sprint("L", i%20), verdict: engine.Negative, stage: engine.Final, at: noon(2), reported: noon(3), members: -1, roles: engine.RoleAll})
			}
		}
		d.apply(events, nobody, never)
		d.groups = nil
	}
	for _, c := range []struct {
		name string
		f    engine.TubeFilter
	}{
		{"received of a lab", engine.TubeFilter{Lab: "L7", States: 1 << engine.TubeReceived}},
		{"of a site", engine.TubeFilter{Site: "S7"}},
		{"void", engine.TubeFilter{States: 1 << engine.TubeVoid}},
		{"all", engine.TubeFilter{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			told, requests := 0, 0
			for b.Loop() {
				c.f.After, c.f.Limit = 0, 100_000
				for more := true; more; requests++ {
					c.f.After, more, _ = d.Tubes(c.f, func(*engine.TubeView) bool { told++; return true })
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tubes, "ns/tube")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(requests), "ms/request")
			b.ReportMetric(float64(told)/float64(b.N), "told")
		})
	}
}
