package engine

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
)

// coverTown is an engine whose master data and rosters are put by hand, beside a dumb
// book of what was put: maps and strings, counted from scratch.
type coverTown struct {
	*Engine
	tb      testing.TB
	pos     Position
	clock   Seconds
	parents map[string]string
	rosters map[int][]coverRoster // by person, as they came
	named   map[int]coverNamed
	rounds  map[string]coverRound // as put last
	excuses map[string]map[int]bool
}

type coverRoster struct {
	received Seconds
	area     string
}

type coverNamed struct {
	at   Seconds
	area string
}

type coverRound struct {
	areas  []string
	closes Seconds // 0: never
}

// coverPeople is how many people a random day has.
const coverPeople = 12

const coverStart Seconds = 700000000

func newCoverTown(tb testing.TB) *coverTown {
	return &coverTown{Engine: New(DefaultConfig(), goPages{}), tb: tb, clock: coverStart, parents: map[string]string{},
		rosters: map[int][]coverRoster{}, named: map[int]coverNamed{}, rounds: map[string]coverRound{}, excuses: map[string]map[int]bool{}}
}

func coverRef(i int) PersonRef { return ResidentRef(99010119900000000 + uint64(i)) }

func (c *coverTown) find(i int) PersonOrdinal { return c.Find(coverRef(i), nil) }

// put puts one item of master data.
func (c *coverTown) put(kind Kind, ref PersonRef, fields ...any) {
	c.tb.Helper()
	b := &Batch{Roles: RoleAll, Contexts: make([]Context, 1)}
	var item []byte
	for i := 0; i < len(fields); i += 2 {
		item = AppendField(item, fields[i].(Field), []byte(fields[i+1].(string)))
	}
	b.Add(kind, 0, NoTube, ref, 0, 0, 0, b.Put(item))
	c.apply(b)
	if b.Outcome[0].Refused() {
		c.tb.Fatalf("master data is refused: %s, field %d", b.Outcome[0].Code(), b.Detail[0])
	}
}

// person is an event that names no tube.
func (c *coverTown) person(kind Kind, i int, at Seconds, arg uint64, round string) {
	b := &Batch{Roles: RoleAll}
	b.Contexts = append(b.Contexts, Context{Round: b.Put([]byte(round))})
	b.Add(kind, 0, NoTube, coverRef(i), at, 0, arg, Span{})
	c.apply(b)
}

func (c *coverTown) area(code, parent string) {
	c.put(KindArea, 0, FieldKey, code, FieldParent, parent)
	c.parents[code] = parent
}

func (c *coverTown) round(name string, closes Seconds, areas ...string) {
	list := ""
	for i, a := range areas {
		if i > 0 {
			list += ","
		}
		list += a
	}
	until := ""
	if closes != 0 {
		until = fmt.Sprint(uint32(closes))
	}
	c.put(KindRound, 0, FieldKey, name, FieldAreas, list, FieldClosesAt, until)
	c.rounds[name] = coverRound{areas: slices.Clone(areas), closes: closes}
}

func (c *coverTown) roster(i int, area string) {
	c.put(KindRoster, coverRef(i), FieldArea, area)
	if all := c.rosters[i]; len(all) == 0 || all[len(all)-1].area != area {
		c.rosters[i] = append(all, coverRoster{c.clock, area})
	}
}

func (c *coverTown) excuseOf(i int, round string) {
	c.person(KindExcuse, i, c.clock, 1, round)
	if c.excuses[round] == nil {
		c.excuses[round] = map[int]bool{}
	}
	c.excuses[round][i] = true
}

func (c *coverTown) apply(b *Batch) {
	b.Received = c.clock
	c.pos++
	var out Changes
	c.Apply(c.pos, []*Batch{b}, &out)
}

func (c *coverTown) tube(b *Batch, code string) uint32 {
	s := b.Put([]byte(code))
	b.Tubes = append(b.Tubes, s)
	b.TubeHash = append(b.TubeHash, HashTube([]byte(code)))
	return uint32(len(b.Tubes) - 1)
}

// scan is a late scan; round and area may be empty.
func (c *coverTown) scan(i int, tube string, at Seconds, round, area string) {
	b := &Batch{Roles: RoleAll}
	b.Contexts = append(b.Contexts, Context{Round: b.Put([]byte(round)), Area: b.Put([]byte(area))})
	b.Add(KindScan, ItemLate, c.tube(b, tube), coverRef(i), at, 0, 0, Span{})
	c.apply(b)
	if b.Outcome[0] == Duplicate && b.Flags[0] == 0 || area == "" {
		return
	}
	if old, ok := c.named[i]; !ok || at > old.at || at == old.at && area < old.area {
		c.named[i] = coverNamed{at, area}
	}
}

// befall is an event of a tube.
func (c *coverTown) befall(kind Kind, tube string, at Seconds, round string) {
	b := &Batch{Roles: RoleAll}
	b.Contexts = append(b.Contexts, Context{Round: b.Put([]byte(round)), Lab: b.Put([]byte("L1"))})
	b.Add(kind, 0, c.tube(b, tube), 0, at, 0, 0, Span{})
	c.apply(b)
}

func (c *coverTown) unscan(i int, tube string, at Seconds) {
	b := &Batch{Roles: RoleAll, Contexts: make([]Context, 1)}
	b.Add(KindUnscan, 0, c.tube(b, tube), coverRef(i), at, 0, 0, Span{})
	c.apply(b)
}

func (c *coverTown) result(tube string, s Stage, v Verdict, at Seconds) {
	b := &Batch{Roles: RoleAll}
	b.Contexts = append(b.Contexts, Context{Lab: b.Put([]byte("L1"))})
	b.Add(KindResult, 0, c.tube(b, tube), 0, at, 0, ResultArg(at, s, v), Span{})
	c.apply(b)
}

func (c *coverTown) within(area, node string) bool {
	for ; area != node && area != ""; area = c.parents[area] {
	}
	return area == node
}

// before is what was put of a person before a round closed.
func (c *coverTown) before(i int, closes Seconds) (area string, rostered bool) {
	for _, r := range c.rosters[i] {
		if closes == 0 || r.received < closes {
			area, rostered = r.area, true
		}
	}
	return area, rostered
}

// isIn is what a human is to a round, by the book; sampled and so on by his tests.
func (c *coverTown) isIn(root int, round string) (node string, expected bool, share uint8) {
	r, put := c.rounds[round]
	others := c.identities(root)
	slices.SortFunc(others[1:], func(a, b int) int {
		return cmp.Compare(string(c.AppendPersonID(nil, c.find(a))), string(c.AppendPersonID(nil, c.find(b))))
	})
	var newest coverNamed
	for _, i := range others {
		area, rostered := c.before(i, r.closes)
		if node == "" {
			node = area
		}
		if n := c.named[i]; n.area != "" && (newest.area == "" || n.at > newest.at || n.at == newest.at && n.area < newest.area) {
			newest = n
		}
		if rostered && put {
			expected = expected || len(r.areas) == 0 && round != "default"
			for _, a := range r.areas {
				expected = expected || c.within(area, a)
			}
		}
		share |= c.tested(i, round)
		if c.excuses[round][i] {
			share |= shareExcused
		}
	}
	if node == "" {
		node = newest.area
	}
	return node, expected, share
}

// identities of a human, the root first, by number in the book.
func (c *coverTown) identities(root int) (all []int) {
	c.people.identities(c.find(root), func(id PersonOrdinal) {
		for i := range coverPeople {
			if c.find(i) == id {
				all = append(all, i)
			}
		}
	})
	return all
}

func (c *coverTown) tested(i int, round string) (share uint8) {
	id, _ := c.master.roundNumber([]byte(round))
	w := *c.people.words.get(uint32(c.find(i)))
	test := uint32(w)
	if w&wordSide != 0 {
		test = c.people.sides.get(test).head
	}
	for ; test != 0; test = uint32(*c.people.tests.get(test) >> 32) {
		m := c.people.mark(test)
		tube := c.tubes.of(test)
		facts := c.tubes.headers.get(tube).facts
		if m&markUnbound != 0 || facts&tubeVoid != 0 || c.tubes.roundOf(tube, test) != id {
			continue
		}
		share |= shareSampled
		if facts&tubeReceived != 0 {
			share |= shareReceived
		}
		if m&markClass != markNone {
			share |= shareResulted
		}
	}
	return share
}

// ensureCovered compares every line and list with the book.
func (c *coverTown) ensureCovered() {
	c.tb.Helper()
	if err := c.Check(); err != nil {
		c.tb.Fatal(err)
	}
	rounds := []string{"default"}
	for name := range c.rounds {
		if name != "default" {
			rounds = append(rounds, name)
		}
	}
	for _, round := range rounds {
		views := map[string]*CoverageView{"": {Round: round}}
		missing := map[string][]PersonOrdinal{}
		for area := range c.parents {
			views[area] = &CoverageView{Round: round, Area: area}
		}
		for i := range coverPeople {
			who := c.find(i)
			if who == 0 || c.people.root(who) != who {
				continue
			}
			node, expected, share := c.isIn(i, round)
			for area, v := range views {
				if area != "" && !c.within(node, area) {
					continue
				}
				v.count(expected, share, wordState(*c.people.words.get(uint32(who))))
				if expected && share&(shareSampled|shareExcused) == 0 {
					missing[area] = append(missing[area], who)
				}
			}
		}
		for area, want := range views {
			if area != "" {
				if _, ok := c.master.areaNumber([]byte(area)); !ok {
					continue
				}
			}
			_, ok := c.Coverage(round, area, false, func(got *CoverageView) bool {
				if *got != *want {
					c.tb.Fatalf("round %s, area %q:\n got %+v\nwant %+v", round, area, *got, *want)
				}
				return true
			})
			if !ok {
				c.tb.Fatalf("round %s, area %q: not found", round, area)
			}
			slices.Sort(missing[area])
			if got := c.listed(round, area); !slices.Equal(got, missing[area]) {
				c.tb.Fatalf("round %s, area %q: missing %v; want %v", round, area, got, missing[area])
			}
		}
	}
}

func (v *CoverageView) count(expected bool, share uint8, state State) {
	if expected || share&shareSampled != 0 {
		v.Expected++
	}
	switch {
	case share&shareSampled != 0:
		v.Sampled++
		if !expected {
			v.Unrostered++
		}
		if share&shareReceived != 0 {
			v.Received++
		}
		if share&shareResulted != 0 {
			v.Resulted++
		}
		switch state {
		case StateNegative:
			v.Negative++
		case StateMustResample:
			v.MustResample++
		case StateHeld:
			v.Held++
		case StateSuspect:
			v.Suspect++
		case StateConfirmed:
			v.Confirmed++
		}
	case expected && share&shareExcused != 0:
		v.Excused++
	case expected:
		v.Missing++
	}
}

// listed is a missing list, asked for three at a time.
func (c *coverTown) listed(round, area string) (all []PersonOrdinal) {
	for after, more := PersonOrdinal(0), true; more; {
		page := 0
		after, more, _, _ = c.Missing(round, area, after, 3, func(who PersonOrdinal) bool {
			all = append(all, who)
			page++
			return true
		})
		if page > 3 || more && page < 3 {
			c.tb.Fatalf("a page of 3 has %d, more %v", page, more)
		}
	}
	return all
}
