package loadtest

import (
	"sort"
	"strconv"
	"time"
)

// area is an area's code as a number; 0 is none. A city is one tree:
//
//	9901              the city
//	9901dddd          a district, the sites of a ward
//	9901ddddsss       a street, four sites
//	9901ddddsssccc    a community, the neighbours of a site
//
// Communities 901, 902 and 903 of a street are no site's: of high risk, closed (its
// people live in the grid 01 below it), and of medium risk.
type area uint64

const cityArea area = 9901

const (
	sitesPerStreet  = 4
	highCommunity   = 901
	closedCommunity = 902
	mediumCommunity = 903
)

// parent is the area above; none above the city.
func (a area) parent() area {
	switch {
	case a >= 1e15:
		return a / 100
	case a >= 1e8:
		return a / 1000
	case a >= 1e7:
		return a / 10000
	}
	return 0
}

// within tells whether a is the area b or lies in it.
func (a area) within(b area) bool {
	for ; a != 0; a = a.parent() {
		if a == b {
			return true
		}
	}
	return false
}

// risk is the risk that the nearest area names, from a upwards.
func (a area) risk() risk {
	for ; a != 0; a = a.parent() {
		if r, ok := a.ownRisk(); ok {
			return r
		}
	}
	return lowRisk
}

// ownRisk is the risk that an area's own record names.
func (a area) ownRisk() (risk, bool) {
	if a < 1e13 || a >= 1e15 {
		return lowRisk, a == cityArea
	}
	switch a % 1000 {
	case highCommunity:
		return highRisk, true
	case closedCommunity:
		return closedRisk, true
	case mediumCommunity:
		return mediumRisk, true
	}
	return lowRisk, false
}

type risk uint8

const (
	lowRisk risk = iota
	mediumRisk
	highRisk
	closedRisk
)

var riskNames = [...]string{"low", "medium", "high", "closed"}

// streetOf is the street of a site, community its community.
func streetOf(site uint32) area {
	return (cityArea*10000+area(site/sitesPerWard)+1)*1000 + area(site%sitesPerWard/sitesPerStreet) + 1
}

func community(site uint32) area { return streetOf(site)*1000 + area(site%sitesPerStreet) + 1 }

// eachArea visits all areas of the city, parents first.
func (c *City) eachArea(visit func(area)) {
	visit(cityArea)
	for i := range c.sites {
		street := streetOf(uint32(i))
		if i%sitesPerWard == 0 {
			visit(street.parent())
		}
		if i%sitesPerStreet == 0 {
			visit(street)
			for _, k := range []area{highCommunity, closedCommunity, mediumCommunity} {
				visit(street*1000 + k)
			}
			visit((street*1000+closedCommunity)*100 + 1)
		}
		visit(community(uint32(i)))
	}
}

// roundID numbers the rounds of a day; noRound: an event names none.
type roundID uint8

const (
	noRound      roundID = iota
	defaultRound         // what no other covers
	dayRound             // the whole city; at 14:00 its clocks get shorter
	noonRound            // the second street of every district, from noon on
	eveRound             // the night before, closed when its swabs arrive
	strayRound           // named by stations, never put
	roundIDs
)

// round is one round of the day.
type round struct {
	name     string
	put      bool
	areas    []area
	opens    seconds
	closes   seconds // never: not
	rostered bool    // the roster was put before it closed
	versions []policy
}

// policy is a version of a round's policy, in force from its time on.
type policy struct {
	from         seconds // never: for ever
	recollect    seconds
	window       seconds
	reported     bool // validity counts from the report
	sameSpecimen bool
	releaseAll   bool
	deferred     bool // vaccinated less than 48 h before: not now
	vaccinated   bool // vaccinated less than 48 h before: single
	isolated     bool // the group isolation: single
	caps         bool // by risk: 10, 5, 1, household; else 10
}

const (
	noon        seconds = 12 * 3600
	shorterFrom seconds = 14 * 3600
	yesterday   seconds = -18 * 3600 // when some were vaccinated
	longAgo     seconds = -12 * 86400
	vaccination seconds = 48 * 3600 // for so long they swab alone, or not yet
)

var defaultPolicy = policy{from: never, recollect: recollectSLA, window: windowSeconds}

// makeRounds are the rounds that are put before the day; none for a plain day, and
// for a station, which may not.
func (c *City) makeRounds() {
	c.rounds = make([]round, roundIDs)
	c.rounds[defaultRound] = round{name: "default", opens: never, closes: never, versions: []policy{defaultPolicy}}
	c.rounds[strayRound] = round{name: "walk-in", opens: never, closes: never, versions: []policy{defaultPolicy}}
	if !c.mastered() {
		return
	}
	date := c.clock.midnight.Format(time.DateOnly)
	whole := policy{from: never, recollect: 5 * 3600, window: windowSeconds, vaccinated: true, isolated: true, caps: true}
	shorter := whole
	shorter.from, shorter.recollect = shorterFrom, 4*3600
	c.rounds[dayRound] = round{name: "DAY-" + date, put: true, areas: []area{cityArea}, closes: never, rostered: true, versions: []policy{whole, shorter}}
	if c.plan.OneHousehold {
		return // one round is story enough
	}
	one := policy{from: never, recollect: 3 * 3600, window: 72 * 3600, reported: true, sameSpecimen: true, releaseAll: true, deferred: true, isolated: true, caps: true}
	c.rounds[noonRound] = round{name: "NOON-" + date, put: true, areas: c.secondStreets(), opens: noon, closes: never, rostered: true, versions: []policy{one}}
	eve := whole
	eve.recollect = recollectSLA
	c.rounds[eveRound] = round{name: "EVE-" + date, put: true, areas: []area{cityArea}, opens: -86400, closes: 0, versions: []policy{eve}}
}

// mastered tells whether the day begins with master data and a roster.
func (c *City) mastered() bool { return !c.plan.Plain && !c.plan.StationOnly }

// secondStreets are the second streets of all districts, or the only one.
func (c *City) secondStreets() (streets []area) {
	if len(c.sites) <= sitesPerStreet {
		return []area{streetOf(0)}
	}
	for i := sitesPerStreet; i < len(c.sites); i += sitesPerWard {
		streets = append(streets, streetOf(uint32(i)))
	}
	return streets
}

// covers tells whether a round's areas cover an area.
func (c *City) covers(r roundID, a area) bool {
	switch {
	case a == 0:
		return false
	case r == noonRound && len(c.sites) > sitesPerStreet:
		for ; a >= 1e11; a = a.parent() {
		}
		return c.rounds[r].put && a >= 1e10 && a%1000 == 2
	}
	for _, b := range c.rounds[r].areas {
		if a.within(b) {
			return true
		}
	}
	return false
}

// coveringRound is the round that covers an area at a time, where a scan names none:
// the deepest, and here the later opened is always the deeper.
func (c *City) coveringRound(a area, at seconds) roundID {
	for _, r := range [...]roundID{noonRound, dayRound, eveRound} {
		if x := &c.rounds[r]; x.put && at >= x.opens && (x.closes == never || at < x.closes) && c.covers(r, a) {
			return r
		}
	}
	return defaultRound
}

// policyAt is the version of a round that is in force at a time.
func (c *City) policyAt(r roundID, at seconds) *policy {
	v := c.rounds[r].versions
	for i := len(v) - 1; i > 0; i-- {
		if at >= v[i].from {
			return &v[i]
		}
	}
	return &v[0]
}

// traits are what the roster says of a person beside the area.
type traits struct {
	isolated   bool
	homeVisit  bool
	vaccinated seconds // never: not said
	circle     int
}

// traitsOf are those of member j of a tube.
func (c *City) traitsOf(t uint32, j int) traits {
	h := mix(c.plan.Seed*7 + uint64(c.tubes[t].first) + uint64(j)*0x9e3779b97f4a7c15)
	r := traits{homeVisit: h%131 == 1, vaccinated: never, circle: int(h >> 20 % 6)}
	switch {
	case c.tubes[t].oddity == amongOthers && j == c.victim(t) && t%2 == 0:
		r.isolated = true
	case c.tubes[t].oddity == amongOthers && j == c.victim(t):
		r.vaccinated = yesterday
	case h>>32%400 == 0:
		r.vaccinated = longAgo
	}
	return r
}

// seat finds the tube of the day in which a person is swabbed.
func (c *City) seat(person uint32) (t uint32, j int) {
	i := sort.Search(len(c.sites), func(i int) bool { return c.sites[i].first > person }) - 1
	tubes := c.sites[i].tubes[morning]
	if e := c.sites[i].tubes[evening]; e.from < e.to && person >= c.tubes[e.from].first {
		tubes = e
	}
	from := c.tubes[tubes.from].first // tubes are full but for the last
	t = tubes.from + (person-from)/tubeCapacity
	return t, int(person - c.tubes[t].first)
}

// home is the rostered area of member j of a tube; 0: not on the roster.
func (c *City) home(t uint32, j int) area {
	tb := &c.tubes[t]
	own := community(tb.site)
	street := own.parent() * 1000
	switch tb.oddity {
	case apartHigh:
		return street + highCommunity
	case apartHousehold:
		return (street+closedCommunity)*100 + 1
	case apartMedium:
		return street + mediumCommunity
	case noted:
		return own
	}
	h := mix(c.plan.Seed*5 + uint64(tb.first) + uint64(j))
	switch {
	case c.plan.Calm:
	case h%256 == 0:
		return 0
	case h%32 == 1: // rostered where another site stands
		return community((tb.site + 1) % uint32(len(c.sites)))
	case h%256 == 2:
		return own.parent()
	}
	return own
}

// namedArea is the area that the scan of member j names; mostly none. Strangers to the
// roster say where they live, or do not.
func (c *City) namedArea(t uint32, j int) area {
	if c.tubes[t].oddity == noted && j == c.victim(t) {
		return c.home(t, j)
	}
	switch h := mix(c.plan.Seed*5 + uint64(c.tubes[t].first) + uint64(j)); {
	case h%256 == 0 && h>>8%2 == 0, h%32 == 1 && h>>8%4 == 0:
		return community(c.tubes[t].site)
	}
	return 0
}

// households numbers the households of a tube's members, from 1 within the city.
func (c *City) households(t uint32) (of [derivedPerTube]uint32) {
	d := newDice(c.plan.Seed, 10, uint64(t))
	number := t*derivedPerTube + 1
	for j := 0; j < int(c.tubes[t].n); number++ {
		for range drawHousehold(&d) {
			if j < len(of) {
				of[j] = number
				j++
			}
		}
	}
	return of
}

// appendArea appends an area's code.
func appendArea(b []byte, a area) []byte { return strconv.AppendUint(b, uint64(a), 10) }

func (a area) String() string { return string(appendArea(nil, a)) }

func parseArea(text string) (area, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return area(n), err == nil
}
