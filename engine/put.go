package engine

// masterPlan is what an item of master data would do.
type masterPlan struct {
	outcome Outcome
	field   Field // RefusedField: which
	// moves: what coverage counts by would be another: an area has another parent, a round
	// other areas or times, a person is rostered or in another area.
	moves bool
	few   func() uint32 // areas, sites, labs, rounds: does it and answers its number

	// A roster's person.
	who         PersonOrdinal // whoever plans for somebody not numbered yet fills it in
	attributes  uint64
	household   uint32
	vaccinated  Seconds
	area        []byte // one not known yet; the batch's
	groups      []byte // a set not known yet; the batch's
	wasArea     uint32 // rostered area so far
	wasRostered bool
}

func refused(f Field) masterPlan { return masterPlan{outcome: RefusedField, field: f} }

// plan tells what would become of an item, and changes nothing. who is the roster's
// person, 0 if he has no number yet.
func (m *master) plan(b *Batch, k int, who PersonOrdinal) masterPlan {
	switch b.Kind[k] {
	case KindArea:
		return m.planArea(b, k)
	case KindSite:
		return m.planSite(b, k)
	case KindLab:
		return m.planLab(b, k)
	case KindRound:
		return m.planRound(b, k)
	}
	return m.planPerson(b, k, who)
}

// apply does what was planned, and answers the number of the area, site, lab or round.
//
// REQUIRES: accepted, nothing changed since the plan, who filled in; once.
func (m *master) apply(p *masterPlan) uint32 {
	if p.few != nil {
		return p.few()
	}
	m.setPerson(p)
	return 0
}

// put is one item of master data, in one step. REQUIRES: who has a number.
func (m *master) put(b *Batch, k int, who PersonOrdinal) (Outcome, Flags, uint32) {
	p := m.plan(b, k, who)
	if p.outcome == Accepted {
		m.apply(&p)
	}
	return p.outcome, 0, uint32(p.field)
}

// readItem takes an item apart: start gets the key, then read each other field. Either
// answering false refuses it.
func (m *master) readItem(b *Batch, k int, start func(key []byte), read func(Field, []byte) bool) masterPlan {
	item := b.Text(b.Extra[k])
	key := keyOf(item)
	if len(key) == 0 || len(key) > maxKeyBytes {
		return refused(FieldKey)
	}
	start(key)
	for len(item) > 0 {
		f, v, rest, ok := NextField(item)
		if !ok || f != FieldKey && !read(f, v) {
			return refused(f)
		}
		item = rest
	}
	return masterPlan{}
}

// maxKeyBytes: the longest code of the wire has 32.
const maxKeyBytes = 64

// keyOf finds the key wherever it stands in the item.
func keyOf(item []byte) (key []byte) {
	for len(item) > 0 {
		f, v, rest, ok := NextField(item)
		if !ok {
			return key
		}
		if f == FieldKey {
			key = v
		}
		item = rest
	}
	return key
}

// wordOf is the place of a value among the words of a field.
func wordOf(words []string, v []byte) (int, bool) {
	for i, w := range words {
		if string(v) == w {
			return i, true
		}
	}
	return 0, false
}

// secondsOf reads a decimal number.
func secondsOf(v []byte) (Seconds, bool) {
	n := uint64(0)
	for _, c := range v {
		if c < '0' || c > '9' || n > 1<<32 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return Seconds(n), len(v) > 0 && n < 1<<32
}

// nextWord takes the first element off a list.
func nextWord(list []byte) (word, rest []byte) {
	for i, c := range list {
		if c == ',' {
			return list[:i], list[i+1:]
		}
	}
	return list, nil
}
