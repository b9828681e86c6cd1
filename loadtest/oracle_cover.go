package loadtest

import "cmp"

// Counts of coverage, of one area and round.
const (
	countExpected = iota
	countSampled
	countExcused
	countMissing
	countUnrostered
	countReceived
	countResulted
	countNegative
	countMust
	countHeld
	countSuspect
	countConfirmed
	countKinds
)

var countNames = [countKinds]string{"expected", "sampled", "excused", "missing", "unrostered", "received", "resulted", "negative", "must_resample",
	"held", "suspect", "confirmed"}

type counts [countKinds]int64

func (c *counts) add(other *counts) {
	for i := range c {
		c[i] += other[i]
	}
}

// place is an area as one round counts it; area 0: people without one.
type place struct {
	round roundID
	area  area
}

// coverage holds the counts of an area's own people.
type coverage map[place]*counts

func (v coverage) of(p place) *counts {
	c := v[p]
	if c == nil {
		c = new(counts)
		v[p] = c
	}
	return c
}

// totals adds up the tree: an area's counts with those of the areas below it. The
// whole round is area 0: everybody, of whatever area.
func (v coverage) totals() coverage {
	sums := coverage{}
	for p, c := range v {
		for at := p.area; ; at = at.parent() {
			sums.of(place{p.round, at}).add(c)
			if at == 0 {
				break
			}
		}
	}
	return sums
}

// cover counts the humans of the site in every round; e is memory.
func (o *oracle) cover(v coverage, e *expectation) {
	for who := range o.people {
		if p := &o.people[who]; p.root == int32(who) {
			o.coverHuman(v, int32(who), e)
		}
	}
}

// coverHuman counts one human, by the identity that orders name.
func (o *oracle) coverHuman(v coverage, who int32, e *expectation) {
	p := &o.people[who]
	head := o.people[p.human].head
	var sampled, received, resulted, rostered, excused [roundIDs]bool
	for i := head; i >= 0; i = o.tests[i].next {
		x := &o.tests[i]
		t := &o.tubes[x.tube]
		if t.voidAt != never {
			continue
		}
		sampled[x.round] = true
		received[x.round] = received[x.round] || t.received
		resulted[x.round] = resulted[x.round] || x.outcome != waits
	}
	home, named := area(0), o.scanNamed(p)
	if !p.id.noted {
		home = o.city.home(o.city.seat(p.id.person))
	} else if p.human != int32(who) { // the resident of a noted root
		home = o.city.home(o.city.seat(o.people[p.human].id.person))
	}
	for r := defaultRound; r < roundIDs; r++ {
		rostered[r] = o.city.rounds[r].rostered && o.city.covers(r, home)
	}
	if o.people[p.human].extra {
		for _, n := range o.human.excuses {
			if o.people[n.who].human == p.human {
				excused[n.round] = true
			}
		}
	}
	o.expect(int32(who), e)
	for r := defaultRound; r < roundIDs; r++ {
		if !rostered[r] && !sampled[r] {
			continue
		}
		node := place{r, home}
		if o.city.rounds[r].closes != never || home == 0 {
			node.area = named // rostered after it closed, or never
		}
		count(v.of(node), sampled[r], excused[r], rostered[r])
		if sampled[r] {
			c := v.of(node)
			c[countReceived] += one(received[r])
			c[countResulted] += one(resulted[r])
			if k, ok := stateCounts[e.state]; ok {
				c[k]++
			}
		}
	}
}

var stateCounts = map[stateKind]int{stateNegative: countNegative, stateMust: countMust, stateHeld: countHeld, stateSuspect: countSuspect,
	stateConfirmed: countConfirmed}

// count counts one human as expected: sampled, else excused, else missing.
func count(c *counts, sampled, excused, rostered bool) {
	c[countExpected]++
	switch {
	case sampled:
		c[countSampled]++
		c[countUnrostered] += one(!rostered)
	case excused:
		c[countExcused]++
	default:
		c[countMissing]++
	}
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// scanNamed is the area that the newest scan of a human named.
func (o *oracle) scanNamed(p *personFacts) area {
	if !p.joined {
		return p.area
	}
	newest := *p
	for i := range o.people {
		q := &o.people[i]
		if q.human != p.human || q.area == 0 {
			continue
		}
		if newest.area == 0 || cmp.Or(cmp.Compare(q.named, newest.named), cmp.Compare(newest.area, q.area)) > 0 {
			newest = *q
		}
	}
	return newest.area
}
