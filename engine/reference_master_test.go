package engine_test

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"poolwise/engine"
)

// Master data as the paper has it: every put replaces the fields that it names, and what a scan
// is told of it is told once, when it is applied.

// policyVersion is one version of a round's policy.
type policyVersion struct {
	round        string
	put          bool           // by somebody, and not only known by its name
	effective    engine.Seconds // in force from then on; 0: for ever
	opens        engine.Seconds // 0: for ever before
	closes       engine.Seconds // 0: never
	areas        string         // list; empty: everything
	caps         [4]string      // by risk
	recollect    engine.Seconds
	groups       string // list of those who are swabbed alone
	vaccinated   string // any, single, defer
	sameSpecimen bool
	releaseAll   bool
}

// rostering is what the roster said of an identity after one put.
type rostering struct {
	received                engine.Seconds
	area, household, groups string
	vaccinated              engine.Seconds
}

type areaRecord struct {
	parent, risk string
	put          bool
}

// ledger is all master data.
type ledger struct {
	areas  map[string]areaRecord
	sites  map[string]string // code to area; present: put
	labs   map[string]string // code to kind; present: put
	rounds map[string][]*policyVersion
	people map[string][]rostering
	named  map[string]scanArea // the newest area by `at` that scans named
	homes  map[string]string   // household: the rostered one, else the last that a scan named
}

type scanArea struct {
	area string
	at   engine.Seconds
}

func newLedger() *ledger {
	standard := &policyVersion{round: "default", caps: [4]string{"10", "10", "10", "10"}, recollect: 6 * 3600, vaccinated: "any"}
	return &ledger{areas: map[string]areaRecord{}, sites: map[string]string{}, labs: map[string]string{}, people: map[string][]rostering{},
		rounds: map[string][]*policyVersion{"default": {standard}}, named: map[string]scanArea{}, homes: map[string]string{}}
}

var risks = []string{"low", "medium", "high", "closed"}

// put applies one item and tells whether it changed anything.
func (l *ledger) put(ev event) (changed bool) {
	code, fields := ev.item()
	switch ev.kind {
	case engine.KindArea:
		a := l.areas[code]
		before := a
		a.put = true
		for _, f := range fields {
			switch f.word {
			case "parent":
				a.parent = f.value
			case "risk":
				a.risk = f.value
			}
		}
		l.areas[code] = a
		return a != before
	case engine.KindSite:
		before, known := l.sites[code]
		l.sites[code] = before
		for _, f := range fields {
			if f.word == "area" {
				l.sites[code] = f.value
			}
		}
		return !known || l.sites[code] != before
	case engine.KindLab:
		before, known := l.labs[code]
		l.labs[code] = cmp.Or(before, "lab")
		for _, f := range fields {
			if f.word == "kind" {
				l.labs[code] = cmp.Or(f.value, "lab")
			}
		}
		return !known || l.labs[code] != before
	case engine.KindRound:
		return l.putRound(ev, code, fields)
	default:
		return l.putPerson(ev, fields)
	}
}

func (l *ledger) putPerson(ev event, fields []field) (changed bool) {
	var p rostering
	versions := l.people[ev.person]
	if len(versions) > 0 {
		p = versions[len(versions)-1]
	}
	before := p
	for _, f := range fields {
		switch f.word {
		case "area":
			p.area = f.value
		case "household":
			if p.household != f.value { // taken back, also what scans said is forgotten
				p.household, l.homes[ev.person] = f.value, f.value
			}
		case "groups":
			p.groups = f.value
		case "vaccinated":
			p.vaccinated = secondsOf(f.value)
		}
	}
	if len(versions) > 0 && p == before {
		return false
	}
	p.received = ev.when()
	l.people[ev.person] = append(versions, p)
	return true
}

func (l *ledger) putRound(ev event, code string, fields []field) (changed bool) {
	versions := l.rounds[code]
	v := policyVersion{round: code, put: true, caps: [4]string{"10", "5", "1", "household"}, recollect: 6 * 3600, vaccinated: "single"}
	standard := v
	if code == "default" {
		standard = *l.rounds["default"][0]
	}
	// What the item names is changed against the version in force when it takes effect.
	effective := ev.when()
	for _, f := range fields {
		if f.word == "effective" && f.value != "" {
			effective = secondsOf(f.value)
		}
	}
	if len(versions) > 0 {
		v = *l.inForce(code, effective)
	}
	base := v
	for _, f := range fields {
		v.set(f, standard)
	}
	if len(versions) > 0 && base.put && v == base {
		return false
	}
	if v.put = true; len(versions) > 0 {
		v.effective = effective
	} else { // the first is in force for ever
		v.effective = 0
	}
	l.rounds[code] = append(versions, &v)
	return true
}

// set sets one field; an empty value takes it back.
func (v *policyVersion) set(f field, standard policyVersion) {
	switch f.word {
	case "opens":
		v.opens = secondsOf(f.value)
	case "closes":
		v.closes = secondsOf(f.value)
	case "areas":
		v.areas = f.value
	case "recollect":
		v.recollect = standard.recollect
		if f.value != "" {
			v.recollect = secondsOf(f.value)
		}
	case "groups":
		v.groups = f.value
	case "vaccinated":
		v.vaccinated = cmp.Or(f.value, standard.vaccinated)
	case "recheck":
		v.sameSpecimen = f.value == "same_specimen"
	case "release":
		v.releaseAll = f.value == "all"
	default:
		if i := slices.Index(risks, f.word); i >= 0 {
			v.caps[i] = cmp.Or(f.value, standard.caps[i])
		}
	}
}

func secondsOf(text string) engine.Seconds {
	n, _ := strconv.ParseUint(text, 10, 32)
	return engine.Seconds(n)
}

// inForce is a round's version for what happens at a time: of those in force by then the latest,
// of two of one second the one put later. A round that nobody put has default's.
func (l *ledger) inForce(round string, at engine.Seconds) *policyVersion {
	versions := l.rounds[round]
	if len(versions) == 0 {
		if round == "" {
			round = "default"
		}
		v := *l.inForce("default", at)
		v.round, v.put = round, v.put && round == "default"
		return &v
	}
	best := versions[0]
	for _, v := range versions {
		if v.effective <= at && v.effective >= best.effective {
			best = v
		}
	}
	return best
}

// rostered is what the roster says of an identity now.
func (l *ledger) rostered(name string) (p rostering, ok bool) {
	versions := l.people[name]
	if len(versions) == 0 {
		return p, false
	}
	return versions[len(versions)-1], true
}

// above are an area and those that it lies in, itself first.
func (l *ledger) above(area string) (all []string) {
	for area != "" && !slices.Contains(all, area) {
		all = append(all, area)
		area = l.areas[area].parent
	}
	return all
}

// risk is the one that the area, or the nearest above it, names; else low.
func (l *ledger) risk(area string) int {
	for _, a := range l.above(area) {
		if i := slices.Index(risks, l.areas[a].risk); i >= 0 {
			return i
		}
	}
	return 0
}

// covers tells whether a version's areas hold an area, and how deep the deepest of those lies.
func (l *ledger) covers(v *policyVersion, area string) (depth int, ok bool) {
	if v.areas == "" {
		return 0, v.round != "default" && v.put
	}
	for _, a := range strings.Split(v.areas, ",") {
		if slices.Contains(l.above(area), a) {
			depth, ok = max(depth, len(l.above(a))), true
		}
	}
	return depth, ok
}

// covering is the round that covers an area at a time: the deepest area, then the latest to open, then
// the smallest name; else default.
func (l *ledger) covering(area string, at engine.Seconds) *policyVersion {
	best, depth := l.inForce("default", at), -1
	for name := range l.rounds {
		v := l.inForce(name, at)
		if !v.put || at < v.opens || v.closes != 0 && at >= v.closes {
			continue
		}
		d, ok := l.covers(v, area)
		if !ok {
			continue
		}
		if depth < 0 || cmp.Or(cmp.Compare(d, depth), cmp.Compare(v.opens, best.opens), -strings.Compare(name, best.round)) > 0 {
			best, depth = v, d
		}
	}
	return best
}

// decision is what policy says of one scan when it is applied.
type decision struct {
	round    string
	own      bool // the scan named it
	policy   *policyVersion
	mode     engine.Mode
	capacity int
	alone    bool // key group, or vaccinated less than 48 h before
	deferred bool
	most     int // who may share a tube by the round's policy; 0: no limit
}

// decide is told once, by the versions in force at the scan's own time.
func (l *ledger) decide(ev event) decision {
	p, _ := l.rostered(ev.person)
	area := cmp.Or(ev.area, p.area)
	d := decision{round: ev.round, own: ev.round != ""}
	if d.own {
		d.policy = l.inForce(ev.round, ev.at)
	} else {
		d.policy = l.covering(area, ev.at)
		d.round = d.policy.round
	}
	fresh := p.vaccinated != 0 && p.vaccinated <= ev.at && ev.at-p.vaccinated < 48*3600
	d.deferred = fresh && d.policy.vaccinated == "defer"
	d.alone = fresh && d.policy.vaccinated == "single" || share(p.groups, d.policy.groups)
	most := 30
	switch limit := d.policy.caps[l.risk(area)]; limit {
	case "household":
		d.mode, d.capacity = engine.Household, 30
	default:
		most, _ = strconv.Atoi(limit)
		d.mode, d.capacity = engine.Pool, most
		if most == 1 {
			d.mode = engine.Single
		}
	}
	if d.alone {
		d.mode, d.capacity = engine.Single, 1
	}
	if d.policy.put {
		d.most = most
	}
	return d
}

func share(a, b string) bool {
	for _, x := range strings.Split(a, ",") {
		if x != "" && slices.Contains(strings.Split(b, ","), x) {
			return true
		}
	}
	return false
}

// heard keeps what a scan named of a person besides: the newest area (of one second the smaller
// code), and the last household.
func (l *ledger) heard(ev event) {
	if old, ok := l.named[ev.person]; ev.area != "" && (!ok || ev.at > old.at || ev.at == old.at && ev.area < old.area) {
		l.named[ev.person] = scanArea{ev.area, ev.at}
	}
	if p, _ := l.rostered(ev.person); ev.household != "" && p.household == "" {
		l.homes[ev.person] = ev.household
	}
}

// before is what the roster said of an identity before a round closed; ok is false when it said nothing yet.
func (l *ledger) before(name string, closes engine.Seconds) (p rostering, ok bool) {
	for _, v := range l.people[name] {
		if closes == 0 || v.received < closes {
			p, ok = v, true
		}
	}
	return p, ok
}
