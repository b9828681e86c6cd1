package engine

import "slices"

// policyID numbers the versions of all rounds' policies, from 1; 1 is the first of `default`.
type policyID uint16

// VaccinatedRule is what a round does with people vaccinated less than 48 hours before.
type VaccinatedRule uint8

const (
	VaccinatedAny    VaccinatedRule = iota // nothing
	VaccinatedSingle                       // a single tube
	VaccinatedDefer                        // they come another day
)

var (
	vaccinatedRules = []string{"any", "single", "defer"}
	basisNames      = []string{"sampled", "reported"}
	recheckNames    = []string{"new_specimen", "same_specimen"}
	releaseNames    = []string{"each", "all"}
)

func (v VaccinatedRule) String() string { return name(vaccinatedRules, v) }

// vaccinatedHours: the rule's name says it, so it is no data.
const vaccinatedSpan Seconds = 48 * 3600

// neverCloses is closes of a round that does not say.
const neverCloses = ^Seconds(0)

const (
	capHousehold  = 0xff // in caps: one household, however many
	capMost       = 30
	householdMost = 30
)

// policy is one version of a round's policy. It never changes: scans keep its number.
type policy struct {
	id        policyID
	round     RoundID
	put       bool     // not what every round has that nobody put
	of        policyID // a copy, for a round that nobody put, of that version of `default`; 0: is none
	effective Seconds  // 0: for ever
	terms
	areas  []uint32 // sorted; empty: everywhere
	groups []uint16 // who has to be alone, sorted
}

// terms are what can be compared as a whole.
type terms struct {
	opens, closes                      Seconds // 0: for ever before; neverCloses
	window, toLab, toResult, recollect Seconds
	reported, sameSpecimen, releaseAll bool // basis, recheck, release are not the usual one
	vaccinated                         VaccinatedRule
	caps                               [4]uint8 // by Risk: 1..30, or capHousehold
}

// defaultTerms are those of the round `default`, and of rounds that nobody put.
func defaultTerms(cfg Config) terms {
	c := uint8(min(max(cfg.PoolCapacity, 1), capMost))
	return terms{closes: neverCloses, window: cfg.Window, toLab: 4 * 3600, toResult: 24 * 3600, recollect: cfg.Recollect, caps: [4]uint8{c, c, c, c}}
}

// usualTerms are what a round has where its items do not say.
func (m *master) usualTerms(r RoundID) terms {
	t := m.policies[1].terms
	if r != RoundDefault {
		t.caps, t.vaccinated = [4]uint8{10, 5, 1, capHousehold}, VaccinatedSingle
	}
	return t
}

// cap is how many people of a risk may share a tube.
func (p *policy) cap(r Risk) uint8 {
	if c := p.caps[r]; c != capHousehold {
		return c
	}
	return householdMost
}

// isOpen tells whether the round is, by this version.
func (p *policy) isOpen(at Seconds) bool {
	return at >= p.opens && (at < p.closes || p.closes == neverCloses)
}

// roundDraft is a version in the making.
type roundDraft struct {
	round     RoundID // 0: not known yet
	code      string
	title     string
	base      *policy // what the item changes; nil: the first version
	policy    policy
	areas     []string // where the item says
	groups    []string
	saysAreas bool
	saysGroup bool
}

// planRound reads an item of PUT rounds. What it names is changed against the version in
// force when it takes effect, and holds from then on: so a batch that comes twice changes
// nothing, and a version put for tomorrow does not begin today.
func (m *master) planRound(b *Batch, k int) (p masterPlan) {
	var d roundDraft
	start := func(key []byte) { m.draft(&d, key, b.Text(b.Extra[k]), b.Received) }
	if p = m.readItem(b, k, start, func(f Field, v []byte) bool { return m.readRound(&d, f, v) }); p.outcome.Refused() {
		return p
	}
	if d.policy.closes <= d.policy.opens {
		return refused(FieldClosesAt)
	}
	areasKnown, groupsKnown := m.resolveAreas(&d), m.resolveGroups(&d)
	allKnown := areasKnown == len(d.areas) && groupsKnown == len(d.groups)
	equal := d.base != nil && d.base.put && allKnown && d.base.terms == d.policy.terms &&
		slices.Equal(d.base.areas, d.policy.areas) && slices.Equal(d.base.groups, d.policy.groups)
	switch {
	case equal && d.title == m.rounds[d.round].title:
		p.outcome = Duplicate
		return p
	case d.round == 0 && len(m.rounds)-1 >= m.limits.rounds, !equal && len(m.policies)-1 >= m.limits.policies:
		return refused(FieldKey)
	case areasKnown < len(d.areas) && !m.areaRoom(len(d.areas)-areasKnown):
		return refused(FieldAreas)
	case groupsKnown < len(d.groups) && !m.groupRoom(len(d.groups)-groupsKnown):
		return refused(FieldSingleGroups)
	}
	p.moves = d.base == nil || areasKnown < len(d.areas) || !slices.Equal(d.base.areas, d.policy.areas) ||
		d.base.opens != d.policy.opens || d.base.closes != d.policy.closes
	p.few = func() uint32 { return m.putRound(&d, equal) }
	return p
}

// draft begins with the version that the item changes.
func (m *master) draft(d *roundDraft, key, item []byte, received Seconds) {
	d.code = string(key)
	d.round, _ = m.roundIndex.at(d.code)
	d.policy.terms = m.usualTerms(d.round)
	d.title = m.rounds[d.round].title
	if d.round == 0 || len(m.rounds[d.round].versions) == 0 {
		return
	}
	d.policy.effective = received
	for len(item) > 0 {
		f, v, rest, ok := NextField(item)
		if !ok {
			return
		}
		if f == FieldEffectiveAt {
			d.policy.effective, ok = secondsOf(v)
			if !ok { // taken back, or refused in a moment
				d.policy.effective = received
			}
		}
		item = rest
	}
	effective := d.policy.effective
	d.base = &m.policies[m.inForce(d.round, effective)]
	d.policy = *d.base
	d.policy.effective = effective
}

// readRound reads one field of a round; empty, it is as if it had never been said.
func (m *master) readRound(d *roundDraft, f Field, v []byte) (ok bool) {
	t, usual := &d.policy.terms, m.usualTerms(d.round)
	switch f {
	case FieldName:
		d.title = string(v)
		return len(v) <= maxTitleBytes
	case FieldAreas:
		d.saysAreas = true
		d.areas, ok = listOf(v, maxRoundAreas)
		return ok
	case FieldSingleGroups:
		d.saysGroup = true
		d.groups, ok = listOf(v, maxRoundGroups)
		return ok
	case FieldEffectiveAt:
		_, ok = secondsOf(v)
		return ok || len(v) == 0
	case FieldOpensAt:
		return readTime(&t.opens, v, usual.opens)
	case FieldClosesAt:
		return readTime(&t.closes, v, usual.closes)
	case FieldWindow:
		return readDuration(&t.window, v, usual.window)
	case FieldSLAToLab:
		return readDuration(&t.toLab, v, usual.toLab)
	case FieldSLAToResult:
		return readDuration(&t.toResult, v, usual.toResult)
	case FieldSLARecollect:
		return readDuration(&t.recollect, v, usual.recollect)
	case FieldBasis:
		return readChoice(&t.reported, basisNames, v)
	case FieldRecheck:
		return readChoice(&t.sameSpecimen, recheckNames, v)
	case FieldRelease:
		return readChoice(&t.releaseAll, releaseNames, v)
	case FieldCapLow, FieldCapMedium, FieldCapHigh, FieldCapClosed:
		return readCap(&t.caps[f-FieldCapLow], v, usual.caps[f-FieldCapLow])
	case FieldVaccinated48h:
		rule, found := wordOf(vaccinatedRules, v)
		if t.vaccinated = VaccinatedRule(rule); len(v) == 0 {
			t.vaccinated, found = usual.vaccinated, true
		}
		return found
	}
	return false
}

func readTime(to *Seconds, v []byte, usual Seconds) (ok bool) {
	if *to, ok = secondsOf(v); len(v) == 0 {
		*to, ok = usual, true
	}
	return ok
}

func readDuration(to *Seconds, v []byte, usual Seconds) bool {
	n, ok := secondsOf(v)
	if len(v) == 0 {
		n, ok = usual, true
	}
	*to = n
	return ok && n > 0 && n <= maxDuration
}

// readChoice reads one of two words, of which the first is the usual one.
func readChoice(to *bool, words []string, v []byte) bool {
	n, found := wordOf(words, v)
	*to = n == 1
	return found || len(v) == 0
}

func readCap(to *uint8, v []byte, usual uint8) bool {
	n, ok := secondsOf(v)
	switch {
	case len(v) == 0:
		*to, ok, n = usual, true, 1
	case string(v) == "household":
		*to, ok, n = capHousehold, true, 1
	default:
		*to = uint8(n)
	}
	return ok && n >= 1 && n <= capMost
}

// listOf is the elements of a list, sorted, each once.
func listOf(v []byte, most int) (list []string, ok bool) {
	for rest := v; len(rest) > 0; {
		var word []byte
		if word, rest = nextWord(rest); len(word) == 0 || len(word) > maxKeyBytes || len(list) == most {
			return nil, false
		}
		list = append(list, string(word))
	}
	slices.Sort(list)
	return slices.Compact(list), true
}
