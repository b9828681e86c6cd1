package engine_test

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"testing"

	"poolwise/engine"
)

// circleSaid is the circle that the test puts a name in, 0: none.
func circleSaid(name string) int {
	h := fnv.New32a()
	h.Write([]byte(name))
	return int(h.Sum32() >> 8 % 7)
}

// byWords are the lines of one question, by value.
type byWords map[string]coverWord

func (b byWords) add(value string, w coverWord) { b[value] = b[value].plus(w) }

// counts are what one human adds to a line.
func (c covered) counts() (w coverWord) {
	one := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	w = coverWord{missing: one(c.missing()), excused: one(c.rostered && c.excused), unrostered: one(c.sampled && !c.rostered),
		expected: one(c.rostered || c.sampled), sampled: one(c.sampled)}
	if c.sampled {
		w.received, w.resulted, w.negative = one(c.received), one(c.resulted), one(c.state == engine.StateNegative)
		w.must, w.held = one(c.state == engine.StateMustResample), one(c.state == engine.StateHeld)
		w.suspect, w.confirmed = one(c.state == engine.StateSuspect), one(c.state == engine.StateConfirmed)
	}
	return w
}

// coverageBy counts by what people have in common, from scratch; siteOf tells where a tube was taken.
func (r *reference) coverageBy(round, area string, by engine.By, siteOf func(string) string) byWords {
	lines := byWords{"": {}}
	for _, c := range r.round(round) {
		w := c.counts()
		if w.expected == 0 || area != "" && !slices.Contains(r.master.above(c.node), area) {
			continue
		}
		h := r.humanOf(c.root)
		switch by {
		case engine.ByCircle:
			lines.add(r.circle(h), w)
		case engine.ByGroup:
			values := r.groupsOf(h)
			for _, g := range values {
				lines.add(g, w)
			}
			if len(values) == 0 {
				lines.add("", w)
			}
		case engine.BySite:
			for site, there := range r.sitesOf(round, c, siteOf) {
				lines.add(site, there.counts())
			}
		}
	}
	return lines
}

// circle is the root's, else that of the identity with the smallest ID that has one.
func (r *reference) circle(h human) string {
	others := slices.Clone(h.identities)
	slices.SortFunc(others, func(a, b string) int {
		return cmp.Or(-cmp.Compare(boolRank(a == h.root), boolRank(b == h.root)), byID(a, b))
	})
	for _, name := range others {
		if n := circleSaid(name); n > 0 && len(r.master.people[name]) > 0 {
			return strconv.Itoa(n)
		}
	}
	return ""
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *reference) groupsOf(h human) (all []string) {
	for _, name := range h.identities {
		if versions := r.master.people[name]; len(versions) > 0 && versions[len(versions)-1].groups != "" {
			all = append(all, strings.Split(versions[len(versions)-1].groups, ",")...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sitesOf is what a human is to the round at each site.
func (r *reference) sitesOf(round string, c covered, siteOf func(string) string) map[string]covered {
	there := map[string]covered{}
	for _, t := range r.allTests(c.root) {
		if t.round != round || r.has(engine.KindTubeVoid, t.tube) {
			continue
		}
		at := there[siteOf(t.tube)]
		at.sampled, at.rostered, at.state = true, c.rostered, c.state
		at.received = at.received || r.has(engine.KindTubeReceive, t.tube)
		at.resulted = at.resulted || t.outcome != engine.VerdictNone
		there[siteOf(t.tube)] = at
	}
	return there
}

func (d *desk) coverageBy(round, area string, by engine.By) (lines byWords, ok bool) {
	lines = byWords{}
	last := ""
	_, ok = d.CoverageBy(round, area, by, func(v *engine.CoverageByView) bool {
		if last != "" && v.Value != "" && v.Value <= last || v.Round != round || v.Area != area {
			panic(fmt.Sprintf("line %q of round %q, area %q comes after %q", v.Value, v.Round, v.Area, last))
		}
		last = v.Value
		lines[v.Value] = coverOf(&v.CoverageView)
		return true
	})
	return lines, ok
}

// sayCircles puts everybody who is rostered into a circle.
func (d *desk) sayCircles(r *reference) {
	b := &engine.Batch{Roles: engine.RoleAll, Contexts: make([]engine.Context, 1), Received: midnight + 23*3600}
	for _, name := range r.everybody() {
		if n := circleSaid(name); n > 0 && len(r.master.people[name]) > 0 {
			b.Add(engine.KindRoster, 0, engine.NoTube, engine.OrdinalRef(d.find(name)), 0, 0, 0, b.Put(engine.AppendField(nil, engine.FieldCircle, strconv.AppendInt(nil, int64(n), 10))))
		}
	}
	if b.Len() > 0 {
		d.applyBatches([]*engine.Batch{b})
	}
}

// Ensures that on random days coverage by circle, group and site is what the reference counts
// from scratch, in every round and area, that each line adds up, and that the lines by
// circle, and the orders of the areas, add up to the whole.
func TestCoverageByRandomDays(t *testing.T) {
	last := uint64(*seeds) / 4
	if testing.Short() {
		last /= 10
	}
	reached := map[string]int{}
	for seed := uint64(1); seed <= last; seed++ {
		events := day(seed, true)
		r, d := newReference(), newDesk()
		master, rest := parted(events)
		for _, ev := range master {
			r.add(ev)
		}
		for _, ev := range rest {
			if r.barred(ev) == engine.Accepted {
				r.add(ev)
			}
		}
		for _, part := range cuts(slices.Concat(master, shuffled(seed, 1, rest)), seed, 1) {
			d.apply(part, d.find, batches(seed))
		}
		d.sayCircles(r)
		if err := d.coversBy(r, events, reached); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, tellEvents(events))
		}
	}
	for _, word := range []string{"circle", "group", "site", "none", "two sites", "two groups", "orders"} {
		if reached[word] < 20 && last >= 500 {
			t.Errorf("%s: reached %d times; want 20", word, reached[word])
		}
	}
}

func (d *desk) coversBy(r *reference, events []event, reached map[string]int) error {
	names := map[engine.By]string{engine.ByCircle: "circle", engine.ByGroup: "group", engine.BySite: "site"}
	siteOf := func(tube string) string {
		var v engine.TubeView
		d.Tube(d.FindTube([]byte(tube)), &v)
		return v.Site
	}
	for _, round := range slices.Compact(append([]string{"default"}, distinct(events, event.rounds)...)) {
		for _, area := range append([]string{""}, distinct(events, event.areas)...) {
			whole := r.coverage(round, area)
			for by, name := range names {
				want := r.coverageBy(round, area, by, siteOf)
				got, ok := d.coverageBy(round, area, by)
				if !ok {
					if whole != (coverWord{}) {
						return fmt.Errorf("round %s, area %q by %s: not known", round, area, name)
					}
					continue
				}
				if fmt.Sprint(want) != fmt.Sprint(got) {
					return fmt.Errorf("round %s, area %q by %s: want %+v; got %+v", round, area, name, want, got)
				}
				var sum coverWord
				for value, w := range got {
					if w.expected != w.sampled+w.excused+w.missing {
						return fmt.Errorf("round %s, area %q, %s %q: %+v does not add up", round, area, name, value, w)
					}
					sum = sum.plus(w)
					if value != "" {
						reached[name]++
					} else if w.expected > 0 {
						reached["none"]++
					}
				}
				if by == engine.ByCircle && sum != whole {
					return fmt.Errorf("round %s, area %q: circles add up to %+v; want %+v", round, area, sum, whole)
				}
				if by != engine.ByCircle && sum.expected > whole.expected || by == engine.BySite && sum.sampled > whole.sampled {
					reached["two "+name+"s"]++
				}
			}
		}
	}
	return d.ordersIn(r, events, reached)
}

// ordersIn ensures that the orders of an area are those of the people whose own area lies in it.
func (d *desk) ordersIn(r *reference, events []event, reached map[string]int) error {
	names := peopleOf(events)
	for _, area := range append([]string{""}, distinct(events, event.areas)...) {
		var want, got []uint32
		d.Orders(engine.OrderFilter{Limit: 1000, Kinds: 7}, func(o *engine.OrderView) bool {
			node := r.nodeOf(r.humanOf(d.nameOf(o.Person, names)), 0)
			if area == "" || slices.Contains(r.master.above(node), area) {
				want = append(want, o.Number)
			}
			return true
		})
		after, more, ok := uint32(0), true, true
		for more {
			page := 0
			after, more, ok = d.OrdersIn(area, engine.OrderFilter{After: after, Limit: 2, Kinds: 7}, func(o *engine.OrderView) bool {
				got = append(got, o.Number)
				page++
				return true
			})
			if page > 2 || more && page < 2 {
				return fmt.Errorf("orders of area %q: a page of 2 has %d, more %v", area, page, more)
			}
		}
		if ok && !slices.Equal(want, got) {
			return fmt.Errorf("orders of area %q: want %v; got %v", area, want, got)
		}
		if ok && area != "" && len(got) > 0 {
			reached["orders"]++
		}
	}
	return nil
}
