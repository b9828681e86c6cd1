package engine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Ensures that coverage by site finds tests that have gone cold, with every page fetched
// while the writer may go on.
func TestCoverageBySiteOfColdTests(t *testing.T) {
	e, _ := coldWeek(t, 6)
	before := e.Cold()
	got := map[string]uint64{}
	e.CoverageBy("default", "", BySite, func(v *CoverageByView) bool {
		got[v.Value] = v.Sampled
		if v.Resulted != v.Sampled || v.Expected != v.Sampled {
			t.Errorf("%q: %+v", v.Value, v.CoverageView)
		}
		return true
	})
	if after := e.Cold(); after.Faulted != before.Faulted || after.Fetched == before.Fetched {
		t.Errorf("%d pages were fetched under the lock, %d without it; want none, and some", after.Faulted-before.Faulted, after.Fetched-before.Fetched)
	}
	want := map[string]map[PersonOrdinal]bool{"": {}}
	var v TubeView
	for i := TubeIndex(1); uint64(i) <= e.Counts().Tubes; i++ {
		e.Tube(i, &v)
		if want[v.Site] == nil {
			want[v.Site] = map[PersonOrdinal]bool{}
		}
		for _, m := range v.Members {
			want[v.Site][m.Person] = true
		}
	}
	for site, people := range want {
		if got[site] != uint64(len(people)) {
			t.Errorf("site %q: got %d people; want %d", site, got[site], len(people))
		}
	}
	q := &byQuestion{survey: e.surveyOf(RoundDefault, 0, false), by: BySite, force: true}
	e.Tidy(0)
	if !q.look(1) || len(q.found.lines) == 0 || q.found.lines[0].Sampled == 0 {
		t.Errorf("who is looked at by force is counted: %+v", q.found.lines)
	}
}

// Ensures that readers beside the writer see lines that add up, in their order, and orders
// and whereabouts without harm.
func TestCoverageByBesideWriter(t *testing.T) {
	c := newCoverTown(t)
	for i := range 40 {
		c.area(fmt.Sprint("c", i), fmt.Sprint("d", i%4))
	}
	c.round("r1", coverStart+200, "d0", "d1")
	var stop atomic.Bool
	var readers sync.WaitGroup
	for reader := range 2 {
		readers.Go(func() {
			for k := reader; !stop.Load(); k++ {
				area, last := []string{"", "d0", "c4"}[k%3], ""
				_, ok := c.CoverageBy("r1", area, By(k%3), func(v *CoverageByView) bool {
					if v.Expected != v.Sampled+v.Excused+v.Missing || v.Negative+v.Held+v.MustResample+v.Suspect+v.Confirmed > v.Sampled || v.Value != "" && v.Value <= last {
						t.Errorf("%+v after %q", *v, last)
					}
					last = v.Value
					return true
				})
				if !ok {
					t.Errorf("area %q: not found", area)
				}
				c.OrdersIn("d1", OrderFilter{Limit: 5}, func(*OrderView) bool { return true })
				c.Whereabouts([]PersonOrdinal{1, 2, 3}, func(_ int, v *WhereView) {
					if v.Circle > 6 {
						t.Errorf("%+v", *v)
					}
				})
				c.CountAreaNames(map[string]int{"": 0})
			}
		})
	}
	for i := range 3 {
		c.roster(i, "c1")
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 2000 {
		person, tube := rng.IntN(900), fmt.Sprint("T", rng.IntN(200))
		switch c.clock = coverStart + Seconds(i/10); i % 6 {
		case 0:
			c.roster(person, fmt.Sprint("c", rng.IntN(40)))
		case 1:
			c.put(KindRoster, coverRef(person), FieldCircle, fmt.Sprint(1+person%6), FieldGroups, []string{"", "a", "a,b"}[person%3])
		case 2, 3:
			c.scan(person, tube, c.clock, "r1", fmt.Sprint("c", rng.IntN(40)))
		case 4:
			c.result(tube, Final, Verdict(1+rng.IntN(4)), c.clock)
		case 5:
			c.person([]Kind{KindMerge, KindUnmerge, KindExcuse}[rng.IntN(3)], person, c.clock, uint64(coverRef(rng.IntN(900))), "r1")
		}
	}
	stop.Store(true)
	readers.Wait()
}

// Ensures where a human is to be found: by his roster, else by a scan, of several
// identities the one that stands for him first.
func TestWhereabouts(t *testing.T) {
	c := newCoverTown(t)
	for _, a := range [][2]string{{"d1"}, {"c1", "d1"}, {"c2", "d1"}} {
		c.area(a[0], a[1])
	}
	tell := func(i int) (words string) {
		c.Whereabouts([]PersonOrdinal{c.find(i)}, func(_ int, v *WhereView) { words = fmt.Sprint(v.Area, " ", v.Circle, " ", v.HomeVisit) })
		return words
	}
	want := func(i int, words string) {
		t.Helper()
		if got := tell(i); got != words {
			t.Errorf("person %d: got %q; want %q", i, got, words)
		}
	}
	c.scan(1, "T1", coverStart, "", "c2")
	want(1, "c2 0 false")
	c.put(KindRoster, coverRef(1), FieldCircle, "3", FieldHomeVisit, "1")
	want(1, "c2 3 true")
	c.roster(1, "c1")
	want(1, "c1 3 true")
	c.put(KindRoster, coverRef(2), FieldArea, "d1")
	want(2, "d1 0 false")
	c.person(KindMerge, 1, c.clock, uint64(coverRef(2)), "")
	want(2, "d1 3 true")
	want(1, "d1 3 true")
	c.put(KindRoster, coverRef(2), FieldCircle, "5")
	want(1, "d1 5 true")
	c.put(KindRoster, coverRef(3), FieldCircle, "1")
	c.person(KindMerge, 3, c.clock, uint64(coverRef(2)), "")
	c.put(KindRoster, coverRef(2), FieldCircle, "")
	want(2, "d1 3 true") // of 1 and 3 the smaller ID
}

// Ensures that areas on the way up are named, and which of them a name alone does not tell apart.
func TestAreasAbove(t *testing.T) {
	c := newCoverTown(t)
	put := func(code, parent, name string) {
		c.put(KindArea, 0, FieldKey, code, FieldParent, parent, FieldName, name)
	}
	put("1", "", "city")
	put("11", "1", "north")
	put("12", "1", "south")
	put("111", "11", "first")
	put("112", "11", "second")
	put("1121", "112", "first")
	put("121", "12", "first")
	want := func(area, words string) {
		t.Helper()
		var got []string
		for _, a := range c.AreasAbove(nil, area, 3) {
			got = append(got, fmt.Sprint(a.Code, a.Name, a.Namesake))
		}
		if strings.Join(got, " ") != words {
			t.Errorf("%s: got %s; want %s", area, got, words)
		}
	}
	want("1121", "1121firstfalse 112secondfalse 11northfalse")
	want("111", "111firsttrue 11northfalse 1citytrue")
	want("121", "121firstfalse 12southfalse 1citytrue")
	want("", "")
	want("9", "")
	names := map[string]int{"first": 0, "south": 0, "nobody": 0}
	if c.CountAreaNames(names); names["first"] != 3 || names["south"] != 1 || names["nobody"] != 0 || len(names) != 3 {
		t.Errorf("got %v", names)
	}
	for i := range namesakesMost {
		put(fmt.Sprint("2", i), "12", fmt.Sprint("name ", i))
	}
	want("121", "121firsttrue 12southtrue 1citytrue") // of so many they count as having one
	if _, _, ok := c.OrdersIn("9", OrderFilter{Limit: 1}, nil); ok {
		t.Error("orders of an area that nobody knows")
	}
}
