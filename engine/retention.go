package engine

// Retention names the round under which personal data that comes in at a time is kept,
// so that it can be destroyed with the round: the one that the item names, if it is known
// or there is room for it (invented names must not make keys without end); else the one
// that covers the area then; else, where that is none, of the rounds still to come that
// cover it the one that opens first, for rosters come the day before; else `default`. An
// item that names no area may be of any. It decides how long data is kept and nothing
// else: no status ever looks at it.
func (e *Engine) Retention(round, area []byte, at Seconds) string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	m := e.master
	if _, known := m.roundNumber(round); len(round) > 0 && (known || m.roundRoom()) {
		return string(round)
	}
	n, _ := m.areaNumber(area)
	if r := m.covering(n, at); r != RoundDefault {
		return m.roundName(r)
	}
	best, first := RoundDefault, neverCloses
	for _, r := range m.putRounds {
		p := &m.policies[m.inForce(r, at)]
		_, covered := m.covers(p, n)
		if r == RoundDefault || !covered && len(area) > 0 || p.closes <= at && p.closes != neverCloses {
			continue
		}
		if opens := max(p.opens, at); best == RoundDefault || opens < first {
			best, first = r, opens
		}
	}
	return m.roundName(best)
}
