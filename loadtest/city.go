package loadtest

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Plan says which city to make.
type Plan struct {
	People     int
	Seed       uint64
	Prevalence float64   // share of people infected, clustered by household
	Day        time.Time // base day; only its date counts
	Sites      int       // 0: one for every 1,300 people
	Labs       int       // 0: by size
	Calm       bool      // no odd cases: nothing early, offline, twice or unscanned
	// Plain: only scans, unscans, tube.open, tube.close and final results, and no
	// master data: the day by which speed is compared.
	Plain bool
	// Full: scans of a plain day name their people too, with phone and area.
	Full bool
	// StationOnly: the server takes the sender for a station, which may not undo a
	// binding after the report of a positive. Without credentials a server grants
	// every role, and such an unscan takes effect. Nor may it put master data, merge
	// identities or discharge.
	StationOnly bool
	// OneHousehold infects one household of three and nobody else.
	OneHousehold bool
}

func (p Plan) validate() error {
	switch {
	case p.Full && !p.Plain:
		return fmt.Errorf("cannot make the city: got full lines; want them of a plain day only")
	case p.People < 1 || p.People > peopleMax:
		return fmt.Errorf("cannot make the city: got %d people; want 1 to %d", p.People, peopleMax)
	case !(p.Prevalence >= 0 && p.Prevalence <= 1):
		return fmt.Errorf("cannot make the city: got a prevalence of %v; want 0 to 1", p.Prevalence)
	case p.Labs < 0 || p.Labs > labsMax:
		return fmt.Errorf("cannot make the city: got %d labs; want at most %d", p.Labs, labsMax)
	case p.Sites < 0 || p.Sites > p.People:
		return fmt.Errorf("cannot make the city: got %d sites; want at most one a person", p.Sites)
	}
	return nil
}

// City is the plan of one day: who stands where, which tube takes whom and what
// its plate will show. Everything else is drawn again from the seed when it is
// needed, which keeps a city at about three bytes a person.
//
// People have ordinals from 0; a site serves a run of ordinals, its own area, and
// a household is a run within a tube. The tubes of a ward are numbered in a run:
// the mornings of its sites, then their evenings.
type City struct {
	plan  Plan
	labs  int
	clock calendar
	sites []site
	tubes []tube
	// rounds by roundID; those never put have the default policy.
	rounds []round
}

// site is one sampling point with two tables.
type site struct {
	first uint32 // its first person
	tubes [2]span
}

// Parts of the day: index of site.tubes.
const (
	morning = iota
	evening
)

// span is the half-open run [from, to).
type span struct{ from, to uint32 }

// tube is one mixed tube of the day.
type tube struct {
	first            uint32 // its first person
	site             uint32
	start            seconds // first swab; the others follow every step seconds
	tested, reported seconds
	plate            uint32
	infected         uint16 // bit j: the swab of member j holds virus
	n, step          uint8
	oddity           oddity
	verdict          Verdict // of the pool's first final result
	lab, well        uint8
}

// ward is a run of sites whose tubes go to the laboratories together.
type ward struct{ from, to int } // sites [from, to)

// NewCity plans a city.
func NewCity(plan Plan) (*City, error) {
	if err := plan.validate(); err != nil {
		return nil, err
	}
	c := &City{plan: plan, labs: plan.Labs, clock: newCalendar(plan.Day)}
	if c.labs == 0 {
		c.labs = min(2+plan.People/200_000, labsMax)
	}
	n := plan.Sites
	if n == 0 {
		n = max(1, plan.People/peoplePerSite)
	}
	c.sites = make([]site, n)
	for i := range c.sites {
		c.sites[i].first = c.border(i, n)
	}
	c.makeRounds()
	c.numberTubes()
	c.fill()
	if plan.OneHousehold {
		c.infectOneHousehold()
	}
	return c, nil
}

// numberTubes gives every site the tubes that its people need.
func (c *City) numberTubes() {
	next := uint32(0)
	for _, w := range c.wards() {
		for part := morning; part <= evening; part++ {
			for i := w.from; i < w.to; i++ {
				people := int(c.personsEnd(i) - c.sites[i].first)
				n := c.morningPeople(people)
				if part == evening {
					n = people - n
				}
				from := next
				next += uint32((n + tubeCapacity - 1) / tubeCapacity)
				c.sites[i].tubes[part] = span{from, next}
			}
		}
	}
	c.tubes = make([]tube, next)
}

// wardTubes are the tubes of a ward's morning or evening.
func (c *City) wardTubes(w ward, part int) span {
	return span{c.sites[w.from].tubes[part].from, c.sites[w.to-1].tubes[part].to}
}

// border is the first person of site i of n: sites differ in size by up to 60 %.
func (c *City) border(i, n int) uint32 {
	mean := float64(c.plan.People) / float64(n)
	if i == 0 || i == n {
		return uint32(float64(i)*mean + 0.5)
	}
	d := newDice(c.plan.Seed, 1, uint64(i))
	return uint32(mean * (float64(i) + 0.3*(float64(d.upTo(2001))/1000-1)))
}

// morningPeople is how many of a site's people come before noon: whole tubes.
func (c *City) morningPeople(people int) int {
	if c.plan.OneHousehold || people <= tubeCapacity {
		return people
	}
	return int(float64(people)*morningShare) / tubeCapacity * tubeCapacity
}

func (c *City) personsEnd(site int) uint32 {
	if site+1 < len(c.sites) {
		return c.sites[site+1].first
	}
	return uint32(c.plan.People)
}

// wards lists the couriers' rounds.
func (c *City) wards() []ward {
	var w []ward
	for from := 0; from < len(c.sites); from += sitesPerWard {
		w = append(w, ward{from, min(from+sitesPerWard, len(c.sites))})
	}
	return w
}

// fill plans all tubes, ward by ward, on all cores.
func (c *City) fill() {
	wards := c.wards()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(wards) {
					return
				}
				for s := wards[i].from; s < wards[i].to; s++ {
					c.fillSite(s)
				}
				c.fillPlates(wards[i], i, morning)
				c.fillPlates(wards[i], i, evening)
			}
		})
	}
	wg.Wait()
}

// fillSite seats the people of a site into tubes and gives the tubes their times.
func (c *City) fillSite(i int) {
	s := &c.sites[i]
	d := newDice(c.plan.Seed, 2, uint64(i))
	person := s.first
	infect := c.plan.Prevalence * householdsPerInfected
	for part, last := range [2]uint32{s.first + uint32(c.morningPeople(int(c.personsEnd(i)-s.first))), c.personsEnd(i)} {
		for t := s.tubes[part].from; t < s.tubes[part].to; t++ {
			tb := &c.tubes[t]
			tb.first, tb.site = person, uint32(i)
			tb.n = uint8(min(tubeCapacity, last-person))
			person += uint32(tb.n)
			tb.infected = seatHouseholds(&d, int(tb.n), infect)
			if !c.plan.Calm {
				tb.oddity = c.drawOddity(t)
			}
		}
		c.openTables(&d, s.tubes[part], part)
	}
}

// householdsPerInfected is mean household size 2.54 over mean infected people of an
// infected household, 1 + 0.6 × 1.54.
const householdsPerInfected = 2.54 / 1.92

// householdSizes is the share of sizes 1 to 6, in hundredths.
var householdSizes = [...]int{25, 30, 23, 14, 5, 3}

func drawHousehold(d *dice) int {
	u := d.upTo(100)
	for i, share := range householdSizes {
		if u < share {
			return i + 1
		}
		u -= share
	}
	return len(householdSizes)
}

// seatHouseholds fills a tube of n with whole households (the marshal waves a
// smaller family forward where a large one does not fit) and says who is infected.
func seatHouseholds(d *dice, n int, infect float64) (infected uint16) {
	for j := 0; j < n; {
		size := min(drawHousehold(d), n-j)
		if d.chance(infect) {
			infected |= 1 << j
			for k := j + 1; k < j+size; k++ {
				if d.chance(0.6) {
					infected |= 1 << k
				}
			}
		}
		j += size
	}
	return infected
}

// openTables gives the tubes of a site their times: two tables side by
// side; sites begin around the morning peak (7:00) or the evening peak (17:00).
func (c *City) openTables(d *dice, tubes span, part int) {
	if tubes.from == tubes.to {
		return
	}
	begin := seconds(6*3600 + d.upTo(3600) + d.upTo(3600))
	swab := 8 + d.upTo(8) // seconds between two swabs of a table
	switch {
	case part == evening:
		begin += 10 * 3600
	case c.plan.OneHousehold: // 7:00 to 15:00, however few come
		begin = 7 * 3600
		swab = min(8*3600/(int(tubes.to-tubes.from+1)/2*(tubeCapacity+1)), 200)
	}
	next := [2]seconds{begin, begin + seconds(swab/2)}
	for t := tubes.from; t < tubes.to; t++ {
		tb, table := &c.tubes[t], (t-tubes.from)%2
		tb.start, tb.step = next[table], uint8(swab)
		next[table] += seconds(swab * (int(tb.n) + 1))
	}
}

// swab is the time of member j's swab.
func (t *tube) swab(j int) seconds { return t.start + seconds(j)*seconds(t.step) }

// fillPlates puts the tubes of a ward's morning or evening on plates of 96 and
// decides their results, 4 to 8 hours after the last swab of the plate.
func (c *City) fillPlates(w ward, ordinal, part int) {
	tubes := c.wardTubes(w, part)
	number := uint32(ordinal*2+part)*64 + 1
	for from := tubes.from; from < tubes.to; from += tubesPerPlate {
		c.finishPlate(span{from, min(from+tubesPerPlate, tubes.to)}, number)
		number++
	}
}

func (c *City) finishPlate(plate span, number uint32) {
	var last seconds
	for t := plate.from; t < plate.to; t++ {
		last = max(last, c.tubes[t].swab(int(c.tubes[t].n)))
	}
	d := newDice(c.plan.Seed, 3, uint64(number))
	lab := uint8(d.upTo(c.labs))
	tested := last + 4*3600 + seconds(d.upTo(12600))
	if c.plan.OneHousehold {
		tested = last + 4*3600 + seconds(d.upTo(1800))
	}
	reported := tested + seconds(300+d.upTo(1500))
	for t := plate.from; t < plate.to; t++ {
		tb := &c.tubes[t]
		tb.plate, tb.well, tb.lab = number, uint8(t-plate.from), lab
		tb.tested, tb.reported = tested, reported
		tb.verdict = Negative
		switch {
		case tb.infected != 0 && (c.plan.Calm || !d.chance(0.04)):
			tb.verdict = Positive
		case tb.infected != 0, !c.plan.Calm && d.chance(0.0004):
			tb.verdict = Inconclusive
		}
	}
}

// infectOneHousehold infects members 4 to 6 of a tube in the middle of the city.
func (c *City) infectOneHousehold() {
	t := len(c.tubes) / 2
	for int(c.tubes[t].n) != tubeCapacity && t > 0 {
		t--
	}
	c.tubes[t].infected = 0b111_0000
	c.tubes[t].verdict = Positive
	if !c.plan.Plain { // somebody of two other tubes stays at home
		c.tubes[len(c.tubes)/5].oddity = absent
		c.tubes[2*len(c.tubes)/3].oddity = absent
	}
}
