package engine

import (
	"encoding/binary"
	"slices"
)

// What rosters, and scans in passing, say of people.

// A person's attributes.
const (
	attrAreaMask  = 1<<24 - 1 // bits 0..23: rostered area
	attrSet       = 24        // 24..39: set of groups
	attrSetMask   = 1<<16 - 1
	attrCircle    = 40 // 40..43: 1..6, 0: not said
	attrHomeVisit = 1 << 44
	attrRostered  = 1 << 45
	attrMoved     = 1 << 46 // the rostered area was another before
	attrHousehold = 1 << 47 // the household is the roster's, not a scan's
	attrJab       = 1 << 48 // vaccinated says when

	attrPersonal = attrSetMask<<attrSet | attrJab // what a policy may look at
)

// groupSet is a set of key groups; people who belong to the same ones share it.
type groupSet struct {
	words string // sorted, with commas
	of    []uint16
}

// meets tells whether a set and a list, both sorted, have a group in common.
func (s *groupSet) meets(groups []uint16) bool {
	i, k := 0, 0
	for i < len(s.of) && k < len(groups) {
		switch {
		case s.of[i] == groups[k]:
			return true
		case s.of[i] < groups[k]:
			i++
		default:
			k++
		}
	}
	return false
}

func read[T uint32 | uint64 | Seconds](c *column[T], who PersonOrdinal) T {
	if int(who) >= c.capacity() {
		return 0
	}
	return *c.at(uint32(who))
}

// rostered tells whether a roster ever named the person.
func (m *master) rostered(who PersonOrdinal) bool { return read(m.attributes, who)&attrRostered != 0 }

// areaOf is the rostered area of a person, else the newest that a scan named; 0: none.
func (m *master) areaOf(who PersonOrdinal) uint32 {
	if a := m.rosterArea(who); a != 0 {
		return a
	}
	return m.scanArea(who)
}

func (m *master) rosterArea(who PersonOrdinal) uint32 {
	return uint32(read(m.attributes, who) & attrAreaMask)
}
func (m *master) scanArea(who PersonOrdinal) uint32 { return uint32(read(m.named, who)) }

// scanAreaAt is when a scan named scanArea.
func (m *master) scanAreaAt(who PersonOrdinal) Seconds { return Seconds(read(m.named, who) >> 32) }

// moved tells whether the rostered area was another before.
func (m *master) moved(who PersonOrdinal) bool { return read(m.attributes, who)&attrMoved != 0 }

// household is HashHousehold of a person's, by the roster, else by the last scan that
// said; 0: not known.
func (m *master) household(who PersonOrdinal) uint32 { return read(m.households, who) }

// circle is 1 to 6, or 0.
func (m *master) circle(who PersonOrdinal) int {
	return int(read(m.attributes, who) >> attrCircle & 15)
}

func (m *master) homeVisit(who PersonOrdinal) bool { return read(m.attributes, who)&attrHomeVisit != 0 }

// groupsOf are the numbers of a person's groups, sorted; the master's, under the lock.
func (m *master) groupsOf(who PersonOrdinal) []uint16 {
	return m.sets[read(m.attributes, who)>>attrSet&attrSetMask].of
}

// vaccinatedAt is when, 0: not said.
func (m *master) vaccinatedAt(who PersonOrdinal) Seconds { return read(m.vaccinated, who) }

// justVaccinated tells whether a person was less than 48 hours before a time.
func (m *master) justVaccinated(who PersonOrdinal, at Seconds) bool {
	v := m.vaccinatedAt(who)
	return v != 0 && v <= at && at-v < vaccinatedSpan
}

// onList tells whether a person is on an area's list, which is that of areaOf.
func (m *master) onList(who PersonOrdinal) bool { return m.rostered(who) || m.areaOf(who) != 0 }

// planPerson reads an item of POST roster. It allocates nothing: cities have 26 million.
func (m *master) planPerson(b *Batch, k int, who PersonOrdinal) masterPlan {
	old := read(m.attributes, who)
	p := masterPlan{who: who, attributes: old | attrRostered, household: m.household(who), vaccinated: m.vaccinatedAt(who),
		wasArea: uint32(old & attrAreaMask), wasRostered: old&attrRostered != 0}
	for item := b.Text(b.Extra[k]); len(item) > 0; {
		f, v, rest, ok := NextField(item)
		if !ok || !m.readPerson(&p, f, v) {
			return refused(f)
		}
		item = rest
	}
	if p.attributes == old && p.area == nil && p.groups == nil && p.household == m.household(who) && p.vaccinated == m.vaccinatedAt(who) {
		p.outcome = Duplicate
	}
	p.moves = !p.wasRostered || p.area != nil || uint32(p.attributes&attrAreaMask) != p.wasArea
	return p
}

// readPerson reads one field of a roster's item.
func (m *master) readPerson(p *masterPlan, f Field, v []byte) (ok bool) {
	set := func(shift, mask, to uint64) {
		p.attributes = p.attributes&^(mask<<shift) | to<<shift
	}
	ok = true
	switch f {
	case FieldArea:
		p.area = nil
		n, known := m.findArea(v)
		if set(0, attrAreaMask, uint64(n)); !known {
			p.area, ok = v, len(v) <= maxKeyBytes && m.areaRoom(1)
		}
	case FieldGroups:
		p.groups = nil
		n, known := m.findSet(v)
		if set(attrSet, attrSetMask, uint64(n)); !known {
			p.groups, ok = v, m.setRoom(v)
		}
	case FieldCircle:
		n, found := secondsOf(v)
		set(attrCircle, 15, uint64(n)&15)
		ok = len(v) == 0 || found && n >= 1 && n <= 6
	case FieldHomeVisit:
		p.attributes &^= attrHomeVisit
		if string(v) == "1" {
			p.attributes |= attrHomeVisit
		}
		ok = len(v) == 0 || string(v) == "0" || string(v) == "1"
	case FieldHousehold:
		if len(v) > 0 {
			p.household = uint32(HashHousehold(v))
			p.attributes |= attrHousehold
		} else if p.attributes&attrHousehold != 0 {
			p.household = 0
			p.attributes &^= attrHousehold
		}
	case FieldHouseholdHash:
		p.household, ok = 0, len(v) == 0
		p.attributes &^= attrHousehold
		if len(v) == 4 {
			p.household, ok = binary.LittleEndian.Uint32(v), true
			p.attributes |= attrHousehold
		}
	case FieldVaccinatedAt:
		p.vaccinated, ok = secondsOf(v)
		ok = ok && p.vaccinated > 0 || len(v) == 0
		p.attributes &^= attrJab
		if p.vaccinated != 0 {
			p.attributes |= attrJab
		}
	default:
		ok = false
	}
	return ok
}

// setPerson does what was planned for a person.
func (m *master) setPerson(p *masterPlan) {
	if p.area != nil {
		p.attributes |= uint64(m.addArea(string(p.area)))
	}
	if p.groups != nil {
		p.attributes |= uint64(m.addSet(p.groups)) << attrSet
	}
	if p.wasRostered && uint32(p.attributes&attrAreaMask) != p.wasArea {
		p.attributes |= attrMoved
	}
	who := uint32(p.who)
	m.hash -= m.personHash(p.who)
	listed, area := m.onList(p.who), m.areaOf(p.who)
	m.attributes.grow(who)
	*m.attributes.mut(who) = p.attributes
	if p.household != m.household(p.who) {
		m.households.grow(who)
		*m.households.mut(who) = p.household
	}
	if p.vaccinated != m.vaccinatedAt(p.who) {
		m.vaccinated.grow(who)
		*m.vaccinated.mut(who) = p.vaccinated
	}
	m.hash += m.personHash(p.who)
	m.relist(p.who, listed, area)
}

// relist moves a person to the list of the area that is his now.
func (m *master) relist(who PersonOrdinal, listed bool, was uint32) {
	switch now := m.areaOf(who); {
	case !listed:
		m.join(uint32(who), now)
	case now != was:
		m.move(uint32(who), was, now)
	}
}

// scanMoves tells whether noteScan would give the person another area.
func (m *master) scanMoves(who PersonOrdinal, area uint32, at Seconds) bool {
	return area != 0 && m.rosterArea(who) == 0 && area != m.scanArea(who) && m.scanIsNewer(who, area, at)
}

// scanIsNewer tells whether the area that a scan names is newer than the one before; of
// two in a second the smaller code counts.
func (m *master) scanIsNewer(who PersonOrdinal, area uint32, at Seconds) bool {
	was := m.scanArea(who)
	t := m.scanAreaAt(who)
	return was == 0 || at > t || at == t && m.areas[area].code < m.areas[was].code
}

// noteScan takes what a scan says of its person beside the tube; 0: not said. The
// household is that of the scan that came last: only live refusals look at it.
func (m *master) noteScan(who PersonOrdinal, area uint32, areaAt Seconds, household uint32) {
	newer := area != 0 && m.scanIsNewer(who, area, areaAt)
	housed := household != 0 && household != m.household(who) && read(m.attributes, who)&attrHousehold == 0
	if !newer && !housed {
		return
	}
	m.hash -= m.personHash(who)
	listed, was := m.onList(who), m.areaOf(who)
	if newer {
		m.named.grow(uint32(who))
		*m.named.mut(uint32(who)) = uint64(areaAt)<<32 | uint64(area)
	}
	if housed {
		m.households.grow(uint32(who))
		*m.households.mut(uint32(who)) = household
	}
	m.hash += m.personHash(who)
	if newer {
		m.relist(who, listed, was)
	}
}

func (m *master) personHash(who PersonOrdinal) uint64 {
	a, v, h, n := read(m.attributes, who), read(m.vaccinated, who), read(m.households, who), read(m.named, who)
	if a|uint64(v)|uint64(h)|n == 0 {
		return 0
	}
	return mix(mix(mix(uint64(who)*mixA^a)^(uint64(v)<<32|uint64(h))) ^ n)
}

// findSet finds a set of groups as it is written; the empty one is 0.
func (m *master) findSet(words []byte) (uint32, bool) {
	if string(words) == m.sets[m.lastSet].words {
		return m.lastSet, true
	}
	if len(words) == 0 {
		return 0, true
	}
	n, ok := m.setIndex.find(words)
	if !ok {
		list, _ := listOf(words, maxRoundGroups)
		n, ok = m.setIndex.at(joined(list))
	}
	if ok {
		m.lastSet = n
	}
	return n, ok
}

// setRoom tells whether a set not known yet can be one.
func (m *master) setRoom(words []byte) bool {
	list, ok := listOf(words, maxRoundGroups)
	if !ok || len(m.sets)-1 >= m.limits.groupSets {
		return false
	}
	more := 0
	for _, w := range list {
		if _, known := m.groups.index.at(w); !known {
			more++
		}
	}
	return m.groupRoom(more)
}

func (m *master) groupRoom(more int) bool { return len(m.groups.list)-1+more <= m.limits.groups }

func (m *master) addSet(words []byte) uint32 {
	list, _ := listOf(words, maxRoundGroups)
	s := groupSet{words: joined(list)}
	for _, w := range list {
		s.of = append(s.of, uint16(m.groups.of([]byte(w))))
	}
	slices.Sort(s.of)
	n := uint32(len(m.sets))
	m.sets = append(m.sets, s)
	m.setIndex.own[s.words] = n
	m.hash += m.setHash(n)
	return n
}

func (m *master) setHash(n uint32) uint64 { return mix(uint64(n)*mixA ^ mixText(7, m.sets[n].words)) }

func joined(list []string) string {
	var b []byte
	for i, w := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, w...)
	}
	return string(b)
}
