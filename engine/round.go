package engine

import "slices"

// roundNode is a round: its versions in the order of force.
type roundNode struct {
	code     string
	title    string
	versions []policyID // none while it is provisional
	copies   []policyID // of versions of `default`, for scans that named it while nobody had put it
}

func (m *master) addRound(code string) RoundID {
	r := RoundID(len(m.rounds))
	m.rounds = append(m.rounds, roundNode{code: code})
	m.roundIndex.own[code] = r
	m.provisionalRounds++
	m.hash += m.roundHash(r)
	return r
}

// round is the number of a round, which is provisional from its first mention; 0 when it
// is not said or there is no room.
func (m *master) round(name []byte) RoundID {
	if r, ok := m.roundNumber(name); ok {
		return r
	}
	if m.roundsLeft() == 0 {
		return 0
	}
	return m.addRound(string(name))
}

// roundsLeft is how many more rounds may be mentioned that nobody has put.
func (m *master) roundsLeft() int {
	return max(0, min(m.limits.rounds-(len(m.rounds)-1), m.limits.provisionalRounds-m.provisionalRounds))
}

// roundNumber is round for readers: it makes none.
func (m *master) roundNumber(name []byte) (RoundID, bool) {
	if len(name) == 0 {
		return 0, true
	}
	return m.roundIndex.find(name)
}

func (m *master) roundName(r RoundID) string { return m.rounds[r].code }
func (m *master) roundCount() int            { return len(m.rounds) - 1 }

// isPut tells whether a round was put, not only mentioned.
func (m *master) isPut(r RoundID) bool {
	v := m.rounds[r].versions
	return len(v) > 0 && (r != RoundDefault || len(v) > 1)
}

// inForce is the version of a round at a time; of a round that nobody put, that of `default`.
func (m *master) inForce(r RoundID, at Seconds) policyID {
	v := m.rounds[r].versions
	if len(v) == 0 {
		v = m.rounds[RoundDefault].versions
	}
	i := len(v) - 1
	for ; i > 0 && m.policies[v[i]].effective > at; i-- { // mostly the last
	}
	return v[i]
}

// policyFor is inForce for what is kept with a scan, whose policy tells its round: a
// round that nobody put gets a copy of the version of `default`. Writer only.
func (m *master) policyFor(r RoundID, at Seconds) policyID {
	id := m.inForce(r, at)
	if m.policies[id].round == r {
		return id
	}
	for _, c := range m.rounds[r].copies {
		if m.policies[c].of == id {
			return c
		}
	}
	if len(m.policies)-1 >= m.limits.policies {
		return id
	}
	c := m.policies[id]
	c.round, c.put, c.of = r, false, id
	m.addPolicy(c)
	return policyID(len(m.policies) - 1)
}

// newest is the version of a round that holds in the end.
func (m *master) newest(r RoundID) *policy { return &m.policies[m.inForce(r, neverCloses)] }

// closesAt is when a round closes by its newest version; neverCloses: never.
func (m *master) closesAt(r RoundID) Seconds { return m.newest(r).closes }

// policy is a version by its number.
func (m *master) policy(id policyID) *policy { return &m.policies[id] }

// covers tells whether a version covers an area, and by how deep an area of those it
// names: 0 when it names none and covers everything, people without an area among it.
// `default` covers nothing unless it names areas.
func (m *master) covers(p *policy, area uint32) (depth int, ok bool) {
	if len(p.areas) == 0 {
		return 0, p.put && p.round != RoundDefault
	}
	for ; area != 0; area = m.areas[area].parent {
		if _, ok = slices.BinarySearch(p.areas, area); ok {
			return m.depth(area), true
		}
	}
	return 0, false
}

// covering is the round that covers an area at a time: of those open then the one whose
// area is deepest, then that which opened last, then the first by name; else `default`.
func (m *master) covering(area uint32, at Seconds) RoundID {
	best, deepest, opened := RoundDefault, -1, Seconds(0)
	for _, r := range m.putRounds {
		p := &m.policies[m.inForce(r, at)]
		if !p.isOpen(at) {
			continue
		}
		depth, ok := m.covers(p, area)
		if !ok || depth < deepest || depth == deepest && (p.opens < opened || p.opens == opened && m.rounds[r].code > m.rounds[best].code) {
			continue
		}
		best, deepest, opened = r, depth, p.opens
	}
	return best
}

// proof is how long a negative counts for a person, and from when: as the newest round
// says that is open at a time and covers his area, else `default`.
func (m *master) proof(who PersonOrdinal, at Seconds) (window Seconds, reportedBasis bool) {
	best := &m.policies[m.inForce(RoundDefault, at)]
	area, deepest, found := m.areaOf(who), 0, false
	for _, r := range m.putRounds {
		p := &m.policies[m.inForce(r, at)]
		if !p.isOpen(at) || found && p.opens < best.opens {
			continue
		}
		depth, ok := m.covers(p, area)
		if !ok || found && p.opens == best.opens && (depth < deepest || depth == deepest && m.rounds[r].code > m.rounds[best.round].code) {
			continue
		}
		best, deepest, found = p, depth, true
	}
	return best.window, best.reported
}

// resolveAreas finds the areas that a draft names and answers how many are known.
func (m *master) resolveAreas(d *roundDraft) (known int) {
	if !d.saysAreas {
		return 0
	}
	d.policy.areas = nil
	for _, code := range d.areas {
		if n, ok := m.areaIndex.at(code); ok {
			d.policy.areas = append(d.policy.areas, n)
		}
	}
	slices.Sort(d.policy.areas)
	return len(d.policy.areas)
}

func (m *master) resolveGroups(d *roundDraft) (known int) {
	if !d.saysGroup {
		return 0
	}
	d.policy.groups = nil
	for _, word := range d.groups {
		if n, ok := m.groups.index.at(word); ok {
			d.policy.groups = append(d.policy.groups, uint16(n))
		}
	}
	slices.Sort(d.policy.groups)
	return len(d.policy.groups)
}

// putRound makes a drafted version; titleOnly: nothing but the round's name is another.
func (m *master) putRound(d *roundDraft, titleOnly bool) uint32 {
	for _, code := range d.areas {
		m.area([]byte(code))
	}
	for _, word := range d.groups {
		m.groups.of([]byte(word))
	}
	m.resolveAreas(d)
	m.resolveGroups(d)
	r := d.round
	if r == 0 {
		r = m.addRound(d.code)
	}
	m.hash -= m.roundHash(r)
	m.rounds[r].title = d.title
	m.hash += m.roundHash(r)
	if !titleOnly {
		d.policy.round, d.policy.put = r, true
		m.addPolicy(d.policy)
		m.retime()
	}
	return uint32(r)
}

// addPolicy numbers a version and puts it among its round's.
func (m *master) addPolicy(p policy) {
	p.id = policyID(len(m.policies))
	m.policies = append(m.policies, p)
	m.hash += m.policyHash(p.id)
	m.releasesWhole = m.releasesWhole || p.releaseAll
	r := &m.rounds[p.round]
	if p.of != 0 {
		r.copies = append(r.copies, p.id)
		return
	}
	if len(r.versions) == 0 {
		m.provisionalRounds--
	}
	if p.put && !slices.Contains(m.putRounds, p.round) {
		m.putRounds = append(m.putRounds, p.round)
	}
	i := len(r.versions)
	for ; i > 0 && m.policies[r.versions[i-1]].effective > p.effective; i-- {
	}
	r.versions = slices.Insert(r.versions, i, p.id)
}

func (m *master) roundHash(r RoundID) uint64 {
	return mix(uint64(r)*mixB ^ mixText(mixText(1, m.rounds[r].code), m.rounds[r].title))
}

func (m *master) policyHash(id policyID) uint64 {
	p := &m.policies[id]
	h := uint64(id)<<32 | uint64(p.round)<<16 | bit(p.put)
	for _, w := range [...]Seconds{p.effective, p.opens, p.closes, p.window, p.toLab, p.toResult, p.recollect} {
		h = mix(h ^ uint64(w))
	}
	h = mix(h ^ bit(p.reported) ^ bit(p.sameSpecimen)<<1 ^ bit(p.releaseAll)<<2 ^ uint64(p.vaccinated)<<3)
	for _, c := range p.caps {
		h = mix(h ^ uint64(c))
	}
	for _, a := range p.areas {
		h = mix(h ^ uint64(a)<<1)
	}
	for _, g := range p.groups {
		h = mix(h ^ uint64(g)<<33)
	}
	return mix(h)
}
