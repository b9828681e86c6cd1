package engine

import "slices"

// master is the master data: areas, sites, laboratories, rounds with the versions of
// their policies, and what rosters say of people. It decides what policy says of a scan.
//
// What events mention before anybody put it is provisional: it has a number and nothing
// else. An item put again replaces the fields it names; one that would change nothing is
// a duplicate. Numbers are given in the order of the journal and never change.
//
// An item is put in two steps: plan tells what would become of it and changes nothing,
// so that coverage can take a person's share back first; apply does it.
//
// The writer changes it under the engine's lock; readers hold that lock too.
type master struct {
	limits masterLimits

	areas            []areaNode
	areaIndex        lookup[uint32]
	provisionalAreas int
	lastArea         uint32   // found last
	lastMove         areaMove // by the last put, see replan; area 0: none was

	sites     []siteNode
	siteIndex lookup[uint32]
	labs      []labNode
	labIndex  lookup[uint32]

	provisionalSites, provisionalLabs int

	rounds            []roundNode
	roundIndex        lookup[RoundID]
	provisionalRounds int
	policies          []policy  // by policyID
	putRounds         []RoundID // not only mentioned

	groups     names // key groups
	sets       []groupSet
	setIndex   lookup[uint32]
	lastSet    uint32           // found last
	attributes *column[uint64]  // by ordinal, see attr*
	vaccinated *column[Seconds] // by ordinal; 0: not said
	households *column[uint32]  // by ordinal: HashHousehold; 0: not said
	named      *column[uint64]  // by ordinal: newest area that a scan named, in the low 32 bits, and when
	leaf       *column[uint32]  // see leaf.go
	movers     *column[leafMover]
	moverCount uint32
	listed     uint32 // people on lists

	hash   uint64 // part of StateHash
	forked bool   // of a fork: lists in areas are the original's

	// What decide found out, worked out again after any change of areas or rounds.
	plain         bool // nobody put a round
	releasesWhole bool // some version releases only whole tubes
	usual         decision
	times         []Seconds // when some version, or some round, begins or ends
	from          Seconds   // between these two of them decide was asked last
	until         uint64
	stamp         uint64 // of that span
	stamps        uint64 // of the first span
	settled       []settled
}

// decision is what policy says of one scan.
type decision struct {
	round    RoundID
	policy   policyID
	own      bool  // the scan named the round
	mode     Mode  // never ModeUnset
	capacity uint8 // of a tube that nobody opened: 1..30
	alone    bool  // by group, or vaccinated less than 48 h before
	deferred bool  // vaccinated less than 48 h before, and the policy defers
	most     uint8 // people of that risk who may share a tube; 0: no limit
}

// settled is what holds for an area between two times of master.times: 24 bytes.
type settled struct {
	stamp uint64
	decision
	risk     Risk
	personal bool // the policy looks at the person
}

func newMaster(cfg Config, alloc Allocator) *master {
	m := &master{limits: fullLimits(), areas: make([]areaNode, 1), areaIndex: newLookup[uint32](),
		sites: make([]siteNode, 1), siteIndex: newLookup[uint32](), labs: make([]labNode, 1), labIndex: newLookup[uint32](),
		rounds: make([]roundNode, 1), roundIndex: newLookup[RoundID](), policies: make([]policy, 1),
		groups: newNames(maxGroups + 1), sets: make([]groupSet, 1), setIndex: newLookup[uint32](),
		attributes: newColumn[uint64](colAttributes, alloc), vaccinated: newColumn[Seconds](colVaccinated, alloc),
		households: newColumn[uint32](colHouseholds, alloc), named: newColumn[uint64](colAreaAt, alloc),
		leaf: newColumn[uint32](colLeafNext, alloc), movers: newColumn[leafMover](colLeafMovers, alloc),
		settled: make([]settled, 1)}
	m.addRound("default")
	m.addPolicy(policy{round: RoundDefault, terms: defaultTerms(cfg)})
	m.unsettle()
	return m
}

// columns are its pages in a snapshot.
func (m *master) columns() []pager {
	return []pager{m.attributes, m.vaccinated, m.households, m.named, m.leaf, m.movers}
}

// bytes is what it holds, by its own account.
func (m *master) bytes() []Part {
	areas := uint64(cap(m.areas))*104 + uint64(cap(m.settled))*24
	for i := range m.areas {
		areas += uint64(2*len(m.areas[i].code)+len(m.areas[i].name)+4*cap(m.areas[i].children)) + 48
	}
	few := m.groups.bytes + uint64(len(m.sets))*100
	for i := range m.sites {
		few += uint64(2*len(m.sites[i].code)+len(m.sites[i].name)+len(m.sites[i].opens)) + 112
	}
	for i := range m.labs {
		few += uint64(2*len(m.labs[i].code)+len(m.labs[i].name)) + 96
	}
	for i := range m.policies {
		few += uint64(4*len(m.policies[i].areas)+2*len(m.policies[i].groups)) + 112
	}
	return []Part{
		{"person_attributes", "person", m.attributes.bytes()},
		{"person_vaccinated", "person", m.vaccinated.bytes()},
		{"person_households", "person", m.households.bytes()},
		{"person_named_areas", "person", m.named.bytes()},
		{"area_people", "person", m.leaf.bytes()},
		{"area_movers", "", m.movers.bytes()},
		{"areas", "", areas},
		{"places_rounds_groups", "", few},
	}
}

// unsettle forgets what decide found out.
func (m *master) unsettle() {
	m.stamps += uint64(len(m.times)) + 1
	m.from, m.until = 0, 0
	m.plain = len(m.putRounds) == 0
	m.usual = m.policies[1].decide(RiskLow)
}

// retime collects the times between which nothing begins or ends.
func (m *master) retime() {
	m.unsettle() // by the number of times that were
	m.times = m.times[:0]
	for _, r := range m.putRounds {
		for _, v := range m.rounds[r].versions {
			p := &m.policies[v]
			m.times = append(m.times, p.effective, p.opens, p.closes)
		}
	}
	slices.Sort(m.times)
	m.times = slices.Compact(m.times)
}

// decide tells what policy says of a scan, by the versions in force at its time: its own
// round's, else the covering round's; the area its own, else the rostered one.
//
// On a day without rounds it is a copy of a constant. Otherwise what holds for an area
// is kept from the last time it was asked, as long as no version begins or ends in
// between: a site's people are of few areas, and scans come by and large in order.
func (m *master) decide(who PersonOrdinal, at Seconds, round RoundID, area uint32) decision {
	if m.plain && round == 0 {
		return m.usual
	}
	return m.decideByArea(who, at, round, area)
}

func (m *master) decideByArea(who PersonOrdinal, at Seconds, round RoundID, area uint32) decision {
	var attr uint64
	if int(who) < m.attributes.capacity() {
		attr = *m.attributes.get(uint32(who))
	}
	if area == 0 {
		area = uint32(attr & attrAreaMask)
	}
	if at < m.from || uint64(at) >= m.until {
		m.seek(at)
	}
	s := &m.settled[area]
	if s.stamp != m.stamp {
		m.settle(s, area, at)
	}
	if round == 0 && (!s.personal || attr&attrPersonal == 0) {
		return s.decision
	}
	return m.decideFurther(s, who, attr, at, round)
}

// decideFurther decides where the scan names its round, or the policy looks at the person.
func (m *master) decideFurther(s *settled, who PersonOrdinal, attr uint64, at Seconds, round RoundID) decision {
	d, personal := s.decision, s.personal
	if round != 0 && round != d.round {
		p := &m.policies[m.policyFor(round, at)]
		d, personal = p.decide(s.risk), p.personal()
		d.round = round
	}
	d.own = round != 0
	if personal && attr&attrPersonal != 0 {
		m.decidePerson(&d, who, attr, at)
	}
	return d
}

// seek finds the span that a time lies in.
func (m *master) seek(at Seconds) {
	n, equal := slices.BinarySearch(m.times, at)
	if equal {
		n++
	}
	m.from, m.until, m.stamp = 0, 1<<32, m.stamps+uint64(n)
	if n > 0 {
		m.from = m.times[n-1]
	}
	if n < len(m.times) {
		m.until = uint64(m.times[n])
	}
}

// settle works out what holds for an area at a time.
func (m *master) settle(s *settled, area uint32, at Seconds) {
	r := m.risk(area)
	p := &m.policies[m.inForce(m.covering(area, at), at)]
	*s = settled{stamp: m.stamp, decision: p.decide(r), risk: r, personal: p.personal()}
}

// decide is what a version says of a risk.
func (p *policy) decide(r Risk) decision {
	d := decision{round: p.round, policy: p.id, mode: Pool, capacity: p.cap(r)}
	if p.put {
		d.most = d.capacity
	}
	switch {
	case p.caps[r] == capHousehold:
		d.mode = Household
	case d.capacity == 1:
		d.mode = Single
	}
	return d
}

// personal tells whether a version looks at the person.
func (p *policy) personal() bool { return len(p.groups) > 0 || p.vaccinated != VaccinatedAny }

// decidePerson looks at the person.
func (m *master) decidePerson(d *decision, who PersonOrdinal, attr uint64, at Seconds) {
	p := &m.policies[d.policy]
	if p.vaccinated != VaccinatedAny && m.justVaccinated(who, at) {
		d.alone = p.vaccinated == VaccinatedSingle
		d.deferred = p.vaccinated == VaccinatedDefer
	}
	if set := attr >> attrSet & attrSetMask; set != 0 && len(p.groups) > 0 {
		d.alone = d.alone || m.sets[set].meets(p.groups)
	}
	if d.alone {
		d.mode, d.capacity = Single, 1
	}
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// mixText goes on with a hash.
func mixText(h uint64, s string) uint64 {
	h = mix(h ^ uint64(len(s))<<56)
	for len(s) > 8 {
		h = mix(h ^ wordOfText(s[:8]))
		s = s[8:]
	}
	return mix(h ^ wordOfText(s))
}

func wordOfText(s string) (w uint64) {
	for i := range len(s) {
		w = w<<8 | uint64(s[i])
	}
	return w
}
