package engine

import (
	"fmt"
	"slices"
)

// check proves from scratch that the tree of areas is one, that every round's versions
// are in order, that everybody is on his area's list once and nobody else is, and that
// the hash is the sum over everything that exists.
func (m *master) check() error {
	for _, check := range []func() error{m.checkAreas, m.checkPlaces, m.checkRounds, m.checkLists, m.checkMasterHash} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (m *master) checkAreas() error {
	seen, provisional := 0, 0
	m.walk(0, func(n uint32) bool { seen++; return seen <= len(m.areas) })
	if seen != len(m.areas) {
		return fmt.Errorf("master: got %d areas in the tree; want %d", seen, len(m.areas))
	}
	for i := range m.areas {
		a := &m.areas[i]
		if !slices.IsSortedFunc(a.children, func(x, y uint32) int { return m.compareCode(x, m.areas[y].code) }) {
			return fmt.Errorf("master: the children of area %d are out of order", i)
		}
		for _, c := range a.children {
			if m.areas[c].parent != uint32(i) {
				return fmt.Errorf("master: area %d is among the children of %d; want %d", c, i, m.areas[c].parent)
			}
		}
		if found, _ := m.areaIndex.at(a.code); i > 0 && found != uint32(i) {
			return fmt.Errorf("master: area %d is not found by its code", i)
		}
		if i > 0 && !a.put {
			provisional++
		}
		if d := m.depth(uint32(i)); d > maxAreaDepth {
			return fmt.Errorf("master: area %d lies %d deep; want at most %d", i, d, maxAreaDepth)
		}
	}
	if provisional != m.provisionalAreas || len(m.settled) != len(m.areas) {
		return fmt.Errorf("master: got %d provisional areas, %d settled; want %d, %d", m.provisionalAreas, len(m.settled), provisional, len(m.areas))
	}
	return nil
}

// checkPlaces proves how many sites and laboratories nobody put.
func (m *master) checkPlaces() error {
	sites, labs := 0, 0
	for i := range m.sites[1:] {
		sites += int(1 - bit(m.sites[1+i].put))
	}
	for i := range m.labs[1:] {
		labs += int(1 - bit(m.labs[1+i].put))
	}
	if sites != m.provisionalSites || labs != m.provisionalLabs {
		return fmt.Errorf("master: got %d provisional sites, %d laboratories; want %d, %d", m.provisionalSites, m.provisionalLabs, sites, labs)
	}
	return nil
}

func (m *master) checkRounds() error {
	versions, provisional, put := 0, 0, 0
	for r := range m.rounds {
		v := m.rounds[r].versions
		versions += len(v) + len(m.rounds[r].copies)
		for i := range v {
			p := &m.policies[v[i]]
			if int(p.round) != r || p.id != v[i] {
				return fmt.Errorf("master: version %d of round %d is of round %d, number %d", i, r, p.round, p.id)
			}
			if i > 0 && m.policies[v[i-1]].effective > p.effective {
				return fmt.Errorf("master: version %d of round %d is out of order", i, r)
			}
		}
		if r > 0 && len(v) == 0 {
			provisional++
		}
		if r > 0 && m.isPut(RoundID(r)) {
			put++
			if !slices.Contains(m.putRounds, RoundID(r)) {
				return fmt.Errorf("master: round %d is not among those put", r)
			}
		}
	}
	if versions != len(m.policies)-1 || provisional != m.provisionalRounds || put != len(m.putRounds) {
		return fmt.Errorf("master: got %d versions, %d provisional rounds, %d put; want %d, %d, %d",
			len(m.policies)-1, m.provisionalRounds, len(m.putRounds), versions, provisional, put)
	}
	return nil
}

func (m *master) checkLists() error {
	most := PersonOrdinal(m.leaf.capacity())
	seen := make([]bool, most)
	listed := uint32(0)
	for i := range m.areas {
		var err error
		m.leafPeople(uint32(i), func(who PersonOrdinal) bool {
			switch {
			case who >= most || seen[who]:
				err = fmt.Errorf("master: person %d is on the lists twice", who)
			case m.areaOf(who) != uint32(i):
				err = fmt.Errorf("master: person %d is on the list of area %d; want %d", who, i, m.areaOf(who))
			default:
				seen[who] = true
				listed++
			}
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	want := uint32(0)
	for who := range PersonOrdinal(max(m.attributes.capacity(), m.named.capacity())) {
		if m.onList(who) {
			want++
			if who >= most || !seen[who] {
				return fmt.Errorf("master: person %d is on no list", who)
			}
		}
	}
	if listed != want || m.listed != want {
		return fmt.Errorf("master: got %d people on lists, counted %d; want %d", listed, m.listed, want)
	}
	return nil
}

func (m *master) checkMasterHash() error {
	var h uint64
	for i := range m.areas[1:] {
		h += m.areaHash(uint32(1 + i))
	}
	for i := range m.sites[1:] {
		h += m.siteHash(uint32(1 + i))
	}
	for i := range m.labs[1:] {
		h += m.labHash(uint32(1 + i))
	}
	for i := range m.rounds[1:] {
		h += m.roundHash(RoundID(1 + i))
	}
	for i := range m.policies[1:] {
		h += m.policyHash(policyID(1 + i))
	}
	for i := range m.sets[1:] {
		h += m.setHash(uint32(1 + i))
	}
	people := max(m.attributes.capacity(), m.vaccinated.capacity(), m.households.capacity(), m.named.capacity())
	for who := range PersonOrdinal(people) {
		if read(m.attributes, who)&attrJab != 0 != (m.vaccinatedAt(who) != 0) {
			return fmt.Errorf("master: person %d is marked as vaccinated otherwise than known", who)
		}
		h += m.personHash(who)
	}
	if h != m.hash {
		return fmt.Errorf("master: got hash %x; want %x", m.hash, h)
	}
	return nil
}
