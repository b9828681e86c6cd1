package loadtest

import (
	"fmt"
	"sort"
	"sync/atomic"
)

// Order says in which order the scans of the city arrive.
type Order string

// Orders. BySite: a batch is consecutive scans of one site (the last ones of a
// site are filled up from the next), as stations really send them. Random: people
// of the whole city shuffled, the worst case for a server's memory.
const (
	BySite Order = "site"
	Random Order = "random"
)

// ParseOrder reads the value of --order.
func ParseOrder(s string) (Order, error) {
	if o := Order(s); o == BySite || o == Random {
		return o, nil
	}
	return "", fmt.Errorf("cannot read the order of scans: got %q; want site or random", s)
}

// unit is one phase of a ward's morning or evening: batches that may be on the way
// at the same time.
type unit struct {
	phase    phase
	tubes    span
	shuffled bool  // the scans of the whole city in random order
	typed    bool  // sent to POST /v1/events
	after    *unit // has to be answered before this one begins
	barrier  bool  // everything before has to be answered
	when     float64
	open     atomic.Int64 // batches not yet answered, plus one until all are handed out
}

// schedule lists the units of a day in the order of the day: mornings of all
// wards, then their evenings while the morning's results come in, then the
// evening's results, then re-collections and what came late. gap is how many wards
// lie between two phases of one, so that no connection waits for another's answer.
func (c *City) schedule(order Order, gap int) []*unit {
	wards := c.wards()
	n := float64(len(wards))
	var all []*unit
	add := func(u *unit) *unit {
		u.open.Store(1)
		all = append(all, u)
		return u
	}
	for i, w := range wards {
		var previous [2]*unit
		for part := range previous {
			begin := float64(part)*n + float64(i)
			for p := phaseOpen; p <= phaseTrouble; p++ {
				if p == phaseScan && order == Random || p == phaseTrouble && c.plan.Plain {
					continue
				}
				u := &unit{phase: p, tubes: c.wardTubes(w, part), when: begin + float64(gap)*float64(p), after: previous[part]}
				u.typed = p == phaseOpen || p == phaseFix || p == phaseClose || p == phaseTrouble || p == phaseScan && i%16 == 5
				if p >= phaseResult {
					u.when = max(u.when, begin+n+0.5)
				}
				previous[part] = add(u)
			}
		}
		tubes := span{c.wardTubes(w, 0).from, c.wardTubes(w, 1).to}
		late := max(5*n+float64(i), previous[1].when+1)
		evening := add(&unit{phase: phases, after: previous[1], when: late}) // nothing but a wait
		add(&unit{phase: phaseAfter, tubes: tubes, typed: true, when: evening.when, after: previous[0]})
	}
	if order == Random { // three parts of the day, one after the other
		for _, u := range all {
			if u.phase > phaseScan {
				u.when += 100 * n
				u.barrier = u.phase == phaseFix
			}
		}
		add(&unit{phase: phaseScan, shuffled: true, barrier: true, when: 50 * n})
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].when < all[j].when })
	return all
}

// gapFor is the gap that keeps so many connections busy with batches of that size.
func gapFor(connections, batch int) int {
	const wardScans = sitesPerWard * 1300 / 2
	return 2 + 3*connections*batch/wardScans
}

// job is one batch of a unit, not yet encoded: the sender that takes it encodes it.
type job struct {
	unit     *unit
	sequence int  // of the batch in the day
	tubes    span // or positions of the shuffle
	skip     int  // events of the first tube that belong to the batch before
	take     int  // events of the batch
}

// splitter cuts units into batches.
type splitter struct {
	city     *City
	batch    int
	sequence int
	counted  int
	script   script
}

func newSplitter(c *City, batch int) *splitter {
	s := &splitter{city: c, batch: batch}
	s.script = script{city: c, visit: func(*Event) { s.counted++ }}
	return s
}

// split hands out the batches of a unit.
func (s *splitter) split(u *unit, hand func(job)) {
	give := func(tubes span, skip, take int) {
		s.sequence++
		u.open.Add(1)
		hand(job{unit: u, sequence: s.sequence, tubes: tubes, skip: skip, take: take})
	}
	switch {
	case u.phase == phases:
	case u.shuffled:
		people := uint32(s.city.plan.People)
		for from := uint32(0); from < people; from += uint32(s.batch) {
			give(span{from, min(from+uint32(s.batch), people)}, 0, s.batch)
		}
	case u.phase == phaseScan:
		s.splitScans(u, give)
	default:
		s.splitTubes(u, give)
	}
}

// splitScans makes full batches: scans of one tube may part, their order is free.
func (s *splitter) splitScans(u *unit, give func(span, int, int)) {
	from, skip, lines := u.tubes.from, 0, 0
	for t := u.tubes.from; t < u.tubes.to; t++ {
		n := s.city.scanLines(t)
		for lines+n >= s.batch {
			used := s.batch - lines // scans of this tube that still fit
			if from == t {
				used += skip
			}
			give(span{from, t + 1}, skip, s.batch)
			n -= s.batch - lines
			from, skip, lines = t, used, 0
		}
		lines += n
	}
	if lines > 0 {
		give(span{from, u.tubes.to}, skip, lines)
	}
}

// splitTubes keeps a tube's events together: within a batch their order is certain.
func (s *splitter) splitTubes(u *unit, give func(span, int, int)) {
	from, lines := u.tubes.from, 0
	for t := u.tubes.from; t < u.tubes.to; t++ {
		s.counted = 0
		s.script.emit(u.phase, t)
		if lines > 0 && lines+s.counted > s.batch {
			give(span{from, t}, 0, lines)
			from, lines = t, 0
		}
		lines += s.counted
	}
	if lines > 0 {
		give(span{from, u.tubes.to}, 0, lines)
	}
}
