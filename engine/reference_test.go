package engine_test

import (
	"cmp"
	"slices"

	"poolwise/engine"
)

// scan is a scan with what policy said of it when it was applied.
type scan struct {
	event
	decision
}

// opening is a tube.open with the policy of its round, of the version that was known when it was applied.
type opening struct {
	event
	policy *policyVersion
}

// result is a result, and whether its laboratory was a cdc when it was applied.
type result struct {
	event
	cdc bool
}

// reference is the dumbest right engine: the set of accepted events, from which
// every question is answered by looking at all of them again. It shares no code
// with the engine and knows no order of arrival. What it works out it keeps only
// until the set changes.
//
// Master data is no part of the set: it is a record that is put again and again, and
// what it says of a scan is decided when the scan is applied, and kept with it.
type reference struct {
	known  map[string]bool
	master *ledger

	pairs      map[string]map[string]bool // tube, person: named together
	scans      map[string]map[string][]scan
	unscans    map[string]map[string][]event
	transfers  map[string][]event // by person
	opens      map[string][]opening
	results    map[string][]result
	custody    map[engine.Kind]map[string][]event // close, void, receive, reject, lost, by tube
	discharges map[string][]event
	calls      map[string][]event // acknowledged, unreachable
	excuses    []event
	merges     []event

	arrived map[string][]string // by tube, in the order of arrival: the door looks at it
	given   []string            // whose order has which number: only stories ask by number
	memo    memo
	seen    map[string]int // branches that were reached; nil: nobody counts
}

func newReference() *reference {
	return &reference{
		known:      map[string]bool{},
		master:     newLedger(),
		pairs:      map[string]map[string]bool{},
		scans:      map[string]map[string][]scan{},
		unscans:    map[string]map[string][]event{},
		transfers:  map[string][]event{},
		opens:      map[string][]opening{},
		results:    map[string][]result{},
		custody:    map[engine.Kind]map[string][]event{},
		discharges: map[string][]event{},
		calls:      map[string][]event{},
		arrived:    map[string][]string{},
	}
}

// memo is what was worked out since the set last changed.
type memo struct {
	says    map[string]tubeSays
	modes   map[string]engine.Mode
	bound   map[[2]string]binding
	members map[string][]string
	tests   map[string][]test
	humans  map[string]human
	words   map[string]personWord
	covers  map[string][]covered
}

// keep works a thing out once.
func keep[K comparable, V any](m *map[K]V, key K, work func() V) V {
	if v, ok := (*m)[key]; ok {
		return v
	}
	v := work()
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = v
	return v
}

// saw counts a branch of the rules that was gone.
func (r *reference) saw(branch string, gone bool) {
	if gone && r.seen != nil {
		r.seen[branch]++
	}
}

// add puts one more event into the set; the same event again changes nothing.
func (r *reference) add(ev event) {
	r.memo = memo{}
	if ev.isMaster() {
		r.master.put(ev)
		return
	}
	if r.known[ev.sameness()] {
		return
	}
	r.known[ev.sameness()] = true
	switch ev.kind {
	case engine.KindScan:
		d := r.master.decide(ev)
		put(r.scans, ev.tube, ev.person, scan{ev, d})
		r.pair(ev.tube, ev.person)
		r.master.heard(ev)
	case engine.KindUnscan:
		put(r.unscans, ev.tube, ev.person, ev)
		r.pair(ev.tube, ev.person)
	case engine.KindTransfer:
		r.transfers[ev.person] = append(r.transfers[ev.person], ev)
		r.pair(ev.tube, ev.person)
		r.pair(ev.to, ev.person)
	case engine.KindTubeOpen:
		r.opens[ev.tube] = append(r.opens[ev.tube], opening{ev, r.master.inForce(ev.round, ev.at)})
	case engine.KindResult:
		r.results[ev.tube] = append(r.results[ev.tube], result{ev, r.master.labs[ev.lab] == "cdc"})
	case engine.KindDischarge:
		r.discharges[ev.person] = append(r.discharges[ev.person], ev)
	case engine.KindAcknowledge, engine.KindUnreachable:
		r.calls[ev.person] = append(r.calls[ev.person], ev)
	case engine.KindExcuse:
		r.excuses = append(r.excuses, ev)
	case engine.KindMerge, engine.KindUnmerge:
		r.merges = append(r.merges, ev)
	default:
		if r.custody[ev.kind] == nil {
			r.custody[ev.kind] = map[string][]event{}
		}
		r.custody[ev.kind][ev.tube] = append(r.custody[ev.kind][ev.tube], ev)
	}
}

func put[V any](m map[string]map[string][]V, tube, person string, v V) {
	if m[tube] == nil {
		m[tube] = map[string][]V{}
	}
	m[tube][person] = append(m[tube][person], v)
}

// pair remembers who was named with which tube.
func (r *reference) pair(tube, person string) {
	if r.pairs[tube] == nil {
		r.pairs[tube] = map[string]bool{}
	}
	if !r.pairs[tube][person] {
		r.pairs[tube][person] = true
		r.arrived[tube] = append(r.arrived[tube], person)
	}
}

// has tells whether a tube has an event of that kind.
func (r *reference) has(kind engine.Kind, tube string) bool { return len(r.custody[kind][tube]) > 0 }

// earliest and newest are the times of a tube's events of a kind, 0 for none.
func (r *reference) earliest(kind engine.Kind, tube string) (at engine.Seconds) {
	for _, ev := range r.custody[kind][tube] {
		if at == 0 || ev.at < at {
			at = ev.at
		}
	}
	return at
}

func (r *reference) newest(kind engine.Kind, tube string) (at engine.Seconds) {
	for _, ev := range r.custody[kind][tube] {
		at = max(at, ev.at)
	}
	return at
}

// fold is one laboratory's standing result: its verdict is VerdictNone when it has none.
// conflicts are the later plain finals that disagree with the positive that stands.
func fold(said []result) (standing result, conflicts int) {
	said = slices.Clone(said)
	slices.SortFunc(said, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.reported, b.reported), cmp.Compare(a.stage, b.stage), cmp.Compare(a.verdict, b.verdict))
	})
	for _, x := range said {
		switch {
		case x.stage == engine.Preliminary && (x.verdict == engine.Negative || x.verdict == engine.Invalid):
		case x.stage == engine.Withdrawn:
			standing, conflicts = result{}, 0
		case standing.verdict == engine.Positive && x.verdict != engine.Positive && x.stage != engine.Corrected:
			if x.stage == engine.Final {
				conflicts++ // kept, does not count
			}
		default:
			standing, conflicts = x, 0
		}
	}
	return standing, conflicts
}

// tubeSays is what all laboratories together say of a tube.
type tubeSays struct {
	verdict   engine.Verdict
	reported  engine.Seconds // the earliest of the labs that say so
	prelim    bool           // all of them preliminary
	standing  []result       // of every lab that has one
	conflicts int
}

// says takes the gravest of the labs' standing results.
func (r *reference) says(tube string) tubeSays {
	return keep(&r.memo.says, tube, func() (says tubeSays) {
		labs := map[string][]result{}
		for _, x := range r.results[tube] {
			labs[x.lab] = append(labs[x.lab], x)
		}
		for _, said := range labs {
			x, conflicts := fold(said)
			says.conflicts += conflicts
			if x.verdict == engine.VerdictNone {
				continue
			}
			says.standing = append(says.standing, x)
			switch {
			case x.verdict > says.verdict:
				says.verdict, says.reported, says.prelim = x.verdict, x.reported, x.stage == engine.Preliminary
			case x.verdict == says.verdict:
				says.reported = min(says.reported, x.reported)
				says.prelim = says.prelim && x.stage == engine.Preliminary
			}
		}
		return says
	})
}

// grave tells whether a positive or inconclusive stands.
func (s tubeSays) grave() bool { return s.verdict >= engine.Inconclusive }

// first is the earliest report among the standing results that satisfy a condition, 0 for none.
func (s tubeSays) first(which func(result) bool) (reported engine.Seconds) {
	for _, x := range s.standing {
		if which(x) && (reported == 0 || x.reported < reported) {
			reported = x.reported
		}
	}
	return reported
}

// mode is the newest tube.open's; where there is none, or it says none, what all scans say, or
// policy gave them where they do not say. A tube for one is single unless somebody says otherwise.
func (r *reference) mode(tube string) engine.Mode {
	return keep(&r.memo.modes, tube, func() engine.Mode {
		said := map[engine.Mode]bool{}
		for _, scans := range r.scans[tube] {
			for _, s := range scans {
				said[s.says()] = true
			}
		}
		return r.modeOf(tube, said)
	})
}

func (r *reference) modeOf(tube string, said map[engine.Mode]bool) engine.Mode {
	newest := r.opened(tube)
	switch {
	case newest.mode != engine.ModeUnset:
		return newest.mode
	case len(said) > 0 && !said[engine.Pool] && said[engine.Household]:
		return engine.Household
	case len(said) > 0 && !said[engine.Pool], r.capacityStated(tube) == 1:
		return engine.Single
	}
	return engine.Pool
}

// says is the mode that a scan says, else the one of the individual specimen, else policy's.
func (s scan) says() engine.Mode {
	switch {
	case s.event.mode != engine.ModeUnset:
		return s.event.mode
	case s.of != "":
		return engine.Single
	}
	return s.decision.mode
}

// opened is the newest tube.open. Of several in one second: pool before household before
// single before who does not say, then the graver purpose, then the one not retained.
func (r *reference) opened(tube string) (newest event) {
	rank := func(ev event) int {
		n := []int{4, 1, 2, 3}[ev.mode]*100 - int(ev.purpose)*10
		if ev.retained {
			n++
		}
		return n
	}
	for _, o := range r.opens[tube] {
		if o.at > newest.at || o.at == newest.at && rank(o.event) < rank(newest) {
			newest = o.event
		}
	}
	return newest
}

// purpose is the newest tube.open's; else recheck or recollection where all scans are alike.
func (r *reference) purpose(tube string) engine.Purpose {
	if p := r.opened(tube).purpose; p != engine.PurposeUnset {
		return p
	}
	least := engine.Recheck
	scans := 0
	for _, of := range r.scans[tube] {
		for _, s := range of {
			scans++
			least = min(least, max(s.purpose, engine.Screening))
		}
	}
	if scans == 0 {
		return engine.Screening
	}
	return least
}

// capacityStated is the newest tube.open's that states one, 0 for none.
func (r *reference) capacityStated(tube string) int {
	var newest event
	for _, o := range r.opens[tube] {
		if o.capacity != 0 && (o.at > newest.at || o.at == newest.at && o.capacity > newest.capacity) {
			newest = o.event
		}
	}
	return newest.capacity
}

// capacity is the one stated, else 1 for a single tube, else 30 for a household's, else the
// smallest that policy gave one of its scans.
func (r *reference) capacity(tube string) int {
	stated, mode := r.capacityStated(tube), r.mode(tube)
	switch {
	case stated != 0:
		return stated
	case mode == engine.Single:
		return 1
	case mode == engine.Household:
		return 30
	}
	least := 0
	for _, scans := range r.scans[tube] {
		for _, s := range scans {
			if least == 0 || s.decision.capacity < least {
				least = s.decision.capacity
			}
		}
	}
	if least == 0 {
		return policy.PoolCapacity
	}
	return least
}

// tubeRound is the round that a tube belongs to, with the policy kept with the event that gave it:
// the newest tube.open that names one, else the earliest scan that named its own. Empty for neither.
func (r *reference) tubeRound(tube string) (round string, p *policyVersion) {
	var newest engine.Seconds
	for _, o := range r.opens[tube] {
		if o.round != "" && (round == "" || o.at > newest || o.at == newest && o.round < round) {
			newest, round, p = o.at, o.round, o.policy
		}
	}
	if round != "" {
		return round, p
	}
	var first engine.Seconds
	for _, scans := range r.scans[tube] {
		for _, s := range scans {
			if s.own && (round == "" || s.at < first || s.at == first && s.decision.round < round) {
				first, round, p = s.at, s.decision.round, s.policy
			}
		}
	}
	return round, p
}
