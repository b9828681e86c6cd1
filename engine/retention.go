package engine

// What names people is kept under a round, so that it can be destroyed with the round. That
// decides how long it is kept and nothing else: no status ever looks at it.

// retentionCut rows are looked at under one lock, 100 µs; more often would wait for the
// writer more often.
const retentionCut = 1024

// Retain appends, for some rows of a batch that is not applied yet, the round under which
// what they say of people is kept: the one that the row will count in, as far as is known
// by now. That is the round named; else the tube's; else the one that covers the person's
// area at the time of the swab; else `default`. A roster's row belongs to the round that
// covers its area when it is received, or is the next to come that will: rosters come the
// day before.
//
// A round that is named and not known counts only while there is room for one more, and so
// many to a batch: invented names must not make keys without end.
func (e *Engine) Retain(b *Batch, rows []uint32, dst []string) []string {
	m := e.master
	var fresh []string
	last := retainedTube{tube: NoTube}
	for len(rows) > 0 {
		n := min(len(rows), retentionCut)
		e.mu.RLock()
		alone := len(m.rounds) == 2 // there is but `default`
		for _, k := range rows[:n] {
			name := b.Text(b.Contexts[b.Ctx[k]].Round)
			if len(name) == 0 && alone {
				dst = append(dst, m.roundName(RoundDefault))
			} else if r, known := m.roundNumber(name); known && r != 0 {
				dst = append(dst, m.roundName(r))
			} else if i := len(fresh); len(name) > 0 && m.roundsLeft() > i || isOneOf(fresh, name) {
				if !isOneOf(fresh, name) {
					fresh = append(fresh, string(name))
				}
				dst = append(dst, string(name))
			} else {
				dst = append(dst, m.roundName(e.retained(b, k, &last)))
			}
		}
		e.mu.RUnlock()
		rows = rows[n:]
	}
	return dst
}

func isOneOf(list []string, name []byte) bool {
	for _, v := range list {
		if v == string(name) {
			return true
		}
	}
	return false
}

// retainedTube is the tube of the row before: ten rows running have the same.
type retainedTube struct {
	tube  uint32
	round RoundID // 0: it tells none
}

// retained is the round of a row that names none that is known.
func (e *Engine) retained(b *Batch, k uint32, last *retainedTube) RoundID {
	m := e.master
	if t := b.Tube[k]; t != NoTube {
		if t != last.tube {
			*last = retainedTube{tube: t}
			if i := e.tubes.find(b.Text(b.Tubes[t]), b.TubeHash[t]); i != 0 {
				last.round = e.tubes.tubeRound(i)
			}
		}
		if last.round != 0 {
			return last.round
		}
	}
	named, at := b.Text(b.Contexts[b.Ctx[k]].Area), b.At[k]
	if b.Kind[k] == KindRoster {
		at = b.Received
		for item := b.Text(b.Extra[k]); len(item) > 0; {
			f, v, rest, ok := NextField(item)
			if !ok {
				break
			}
			if item = rest; f == FieldArea {
				named = v
			}
		}
	}
	area, _ := m.areaNumber(named)
	if ref := b.Person[k]; area == 0 && ref.Type() == RefOrdinal && uint32(ref.Ordinal()) <= e.registry.count {
		area = m.areaOf(ref.Ordinal())
	}
	if r := m.covering(area, at); r != RoundDefault || b.Kind[k] != KindRoster {
		return r
	}
	return m.nextToCome(area, at)
}

// nextToCome is the round not open yet that covers an area and opens first, `default` for none.
func (m *master) nextToCome(area uint32, at Seconds) RoundID {
	best, first := RoundDefault, neverCloses
	for _, r := range m.putRounds {
		p := &m.policies[m.inForce(r, at)]
		if _, covered := m.covers(p, area); covered && r != RoundDefault && p.opens > at && (best == RoundDefault || p.opens < first) {
			best, first = r, p.opens
		}
	}
	return best
}

// Retention is the round under which something that is no row is kept, an item that was
// refused: the one that it names, if it is known; else the one that covers everything at a
// time; else `default`.
func (e *Engine) Retention(round []byte, at Seconds) string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	m := e.master
	if r, known := m.roundNumber(round); known && r != 0 {
		return m.roundName(r)
	}
	return m.roundName(m.covering(0, at))
}
