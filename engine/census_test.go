package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"poolwise/engine"
)

// census is everybody of an area, read so many at a time.
func (d *desk) census(t testing.TB, area string, page int) (all []engine.PersonOrdinal) {
	t.Helper()
	after, more, ok := engine.PersonOrdinal(0), true, true
	for more {
		shown := 0
		after, more, ok = d.People(area, after, page, func(p engine.PersonOrdinal) bool {
			all = append(all, p)
			shown++
			return true
		})
		if !ok || shown > page || more && (shown < page || after != all[len(all)-1]) {
			t.Fatalf("a page of %d: got %d, ends with %d, more %v, area known %v", page, shown, after, more, ok)
		}
	}
	return all
}

// TestPeopleOfAnArea ensures that everybody is told once, in order, and of an area those who
// are rostered, or else scanned, there or below; wherever they were before.
func TestPeopleOfAnArea(t *testing.T) {
	d := newDesk()
	if _, _, ok := d.People("99", 0, 10, nil); ok {
		t.Error("got people of an area that nobody mentioned")
	}
	var script string
	for i := range 9000 { // more than one cut, so that a large area is a walk
		script += fmt.Sprintf("roster p%d area %s\n", i, []string{"9901", "9902", "98"}[i%3])
	}
	script += "area 9901 under 99\narea 9902 under 99\nroster p1 area 98\nroster p3 area none\nscan T1 q1 08:00 area 9901\nscan T1 q2 08:00 area 98\nroster q2 area 9902\nscan T1 p4 08:00 area 98\nscan T1 q3 08:00"
	d.apply(scriptOf(t, script), d.find, never)
	want := map[string][]engine.PersonOrdinal{"9903": nil}
	put := func(name string, areas ...string) {
		for _, area := range append(areas, "") {
			want[area] = append(want[area], d.find(name))
		}
	}
	for i := range 9000 {
		switch name := fmt.Sprint("p", i); {
		case i == 3:
			put(name)
		case i == 1 || i%3 == 2:
			put(name, "98")
		default:
			put(name, "99", []string{"9901", "9902"}[i%3])
		}
	}
	put("q1", "99", "9901")
	put("q2", "99", "9902")
	put("q3")
	for area, people := range want {
		if area == "9903" {
			d.apply(scriptOf(t, "area 9903"), d.find, never)
		}
		slices.Sort(people)
		for _, page := range []int{100_000, 4096, 700} {
			if got := d.census(t, area, page); !slices.Equal(got, people) {
				t.Errorf("area %q by %d: got %d people; want %d", area, page, len(got), len(people))
			}
		}
	}
	if got := d.Known(); got != engine.PersonOrdinal(len(want[""])) {
		t.Errorf("got %d known; want %d", got, len(want[""]))
	}
	last, more, _ := d.People("", 5, 100, func(p engine.PersonOrdinal) bool { return p < 8 })
	if last != 8 || !more {
		t.Errorf("stopped at 8: got %d, more %v", last, more)
	}
}

// TestPeopleOfAMonth ensures that the statuses of everybody are those of an engine that forgets
// nothing, and that the cold pages that they need are fetched ahead, each once for many.
func TestPeopleOfAMonth(t *testing.T) {
	cold, whole := coldMonth(t, 1200, 30)
	cold.Tidy(0)
	before := cold.Cold()
	var got, want engine.Status
	n := 0
	cold.People("", 0, 100_000, func(p engine.PersonOrdinal) bool {
		cold.Status(p, &got)
		whole.Status(p, &want)
		if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); a != b {
			t.Errorf("person %d: got %s; want %s", p, a, b)
		}
		n++
		return !t.Failed()
	})
	c := cold.Cold()
	t.Logf("%d people: %d pages fetched ahead, %d come upon", n, c.Prefetched-before.Prefetched, c.Faulted-before.Faulted)
	if n != int(whole.Known()) || c.Prefetched == before.Prefetched {
		t.Errorf("got %d people of %d", n, whole.Known())
	}
}

// benchTown is so many people of a hundred areas, one in thirty swabbed and not resulted.
func benchTown(b *testing.B, people int) *desk {
	b.Helper()
	d := newDesk()
	for from := 0; from < people; from += 10_000 {
		var events []event
		for i := from; i < min(from+10_000, people); i++ {
			events = append(events, event{kind: engine.KindScan, tube: fmt.Sprint("T", i/10), person: fmt.Sprint("p", i), at: noon(0), area: fmt.Sprintf("99%02d", i*100/people),
				late: true, members: -1, roles: engine.RoleAll})
			if i%10 == 0 && i%30 != 0 {
				events = append(events, event{kind: engine.KindResult, tube: fmt.Sprint("T", i/10), lab: "L1", verdict: engine.Negative, stage: engine.Final, at: noon(3), reported: noon(4),
					late: true, members: -1, roles: engine.RoleAll})
			}
		}
		d.apply(events, nobody, never)
		d.groups = nil
	}
	return d
}

// BenchmarkPeople is what it costs to find people and their statuses.
func BenchmarkPeople(b *testing.B) {
	const people = 300_000
	d := benchTown(b, people)
	var s engine.Status
	run := func(name, area string, do func(engine.PersonOrdinal) bool) {
		b.Run(name, func(b *testing.B) {
			told := 0
			for b.Loop() {
				d.People(area, 0, people, func(p engine.PersonOrdinal) bool {
					told++
					return do(p)
				})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(told), "ns/person")
		})
	}
	status := func(p engine.PersonOrdinal) bool { d.Status(p, &s); return true }
	run("everybody", "", func(engine.PersonOrdinal) bool { return true })
	run("statuses", "", status)
	run("area", "9907", status)
}
