package engine_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"poolwise/engine"
)

// event is one event in the words of the field. Unset fields are what the event
// does not say.
type event struct {
	kind     engine.Kind
	tube     string
	person   string
	at       engine.Seconds // result: tested_at
	late     bool
	roles    engine.Role
	mode     engine.Mode
	purpose  engine.Purpose
	capacity int // tube.open; 0: not said
	retained bool
	members  int // tube.close; -1: not said
	lab      string
	verdict  engine.Verdict
	stage    engine.Stage
	reported engine.Seconds
}

// sameness is what makes two events the same event.
func (ev event) sameness() string {
	switch ev.kind {
	case engine.KindScan, engine.KindUnscan:
		return fmt.Sprint(ev.kind, "|", ev.tube, "|", ev.person, "|", ev.at)
	case engine.KindResult:
		return fmt.Sprint(ev.kind, "|", ev.tube, "|", ev.lab, "|", ev.stage, "|", ev.verdict, "|", ev.reported)
	default: // two that say different things in the same second both count, by the rule of ties
		return fmt.Sprint(ev.kind, "|", ev.tube, "|", ev.at, "|", ev.mode, "|", ev.purpose, "|", ev.capacity, "|", ev.members, "|", ev.retained)
	}
}

// reference is the dumbest right engine: the set of accepted events, from which
// every question is answered by looking at all of them again. It shares no code
// with the engine, keeps nothing derived and knows no order of arrival.
type reference struct {
	known   map[string]bool
	scans   map[string]map[string][]event // tube, person
	unscans map[string]map[string][]event
	opens   map[string][]event // tube
	closes  map[string][]event
	results map[string][]event
}

func newReference() *reference {
	return &reference{
		known:   map[string]bool{},
		scans:   map[string]map[string][]event{},
		unscans: map[string]map[string][]event{},
		opens:   map[string][]event{},
		closes:  map[string][]event{},
		results: map[string][]event{},
	}
}

// add puts one more event into the set; the same event again changes nothing.
func (r *reference) add(ev event) {
	if r.known[ev.sameness()] {
		return
	}
	r.known[ev.sameness()] = true
	switch ev.kind {
	case engine.KindScan:
		put(r.scans, ev)
	case engine.KindUnscan:
		put(r.unscans, ev)
	case engine.KindTubeOpen:
		r.opens[ev.tube] = append(r.opens[ev.tube], ev)
	case engine.KindTubeClose:
		r.closes[ev.tube] = append(r.closes[ev.tube], ev)
	case engine.KindResult:
		r.results[ev.tube] = append(r.results[ev.tube], ev)
	}
}

func put(m map[string]map[string][]event, ev event) {
	if m[ev.tube] == nil {
		m[ev.tube] = map[string][]event{}
	}
	m[ev.tube][ev.person] = append(m[ev.tube][ev.person], ev)
}

// fold is one laboratory's standing result: its verdict is VerdictNone when it has none.
// conflicts are the later plain finals that disagree with the positive that stands.
func fold(said []event) (standing event, conflicts int) {
	said = slices.Clone(said)
	slices.SortFunc(said, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.reported, b.reported), cmp.Compare(a.stage, b.stage), cmp.Compare(a.verdict, b.verdict))
	})
	for _, x := range said {
		switch {
		case x.stage == engine.Preliminary && (x.verdict == engine.Negative || x.verdict == engine.Invalid):
		case x.stage == engine.Withdrawn:
			standing, conflicts = event{}, 0
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
	verdict  engine.Verdict
	reported engine.Seconds // the earliest of the labs that say so
	prelim   bool           // all of them preliminary
	tested   engine.Seconds // the latest of them
}

// says takes the gravest of the labs' standing results.
func (r *reference) says(tube string) (says tubeSays) {
	labs := map[string][]event{}
	for _, x := range r.results[tube] {
		labs[x.lab] = append(labs[x.lab], x)
	}
	for _, said := range labs {
		x, _ := fold(said)
		switch {
		case x.verdict > says.verdict:
			says = tubeSays{x.verdict, x.reported, x.stage == engine.Preliminary, x.at}
		case x.verdict == says.verdict:
			says.reported, says.tested = min(says.reported, x.reported), max(says.tested, x.at)
			says.prelim = says.prelim && x.stage == engine.Preliminary
		}
	}
	return says
}

// negativeFor is the earliest report among the labs whose standing negative was tested at
// or after the swab.
func (r *reference) negativeFor(tube string, swab engine.Seconds) (reported engine.Seconds) {
	labs := map[string][]event{}
	for _, x := range r.results[tube] {
		labs[x.lab] = append(labs[x.lab], x)
	}
	for _, said := range labs {
		x, _ := fold(said)
		if x.verdict == engine.Negative && x.at >= swab && (reported == 0 || x.reported < reported) {
			reported = x.reported
		}
	}
	return reported
}

// mode is the newest tube.open's; where there is none, or it says none, what all scans say. A
// tube for one is single unless somebody says otherwise.
func (r *reference) mode(tube string) engine.Mode {
	newest := r.opened(tube)
	if newest.mode != engine.ModeUnset {
		return newest.mode
	}
	said := map[engine.Mode]bool{}
	for _, scans := range r.scans[tube] {
		for _, s := range scans {
			said[s.mode] = true
		}
	}
	switch {
	case len(said) > 0 && !said[engine.Pool] && !said[engine.ModeUnset] && said[engine.Household]:
		return engine.Household
	case len(said) > 0 && !said[engine.Pool] && !said[engine.ModeUnset], r.capacityStated(tube) == 1:
		return engine.Single
	default:
		return engine.Pool
	}
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
		if o.at > newest.at || o.at == newest.at && rank(o) < rank(newest) {
			newest = o
		}
	}
	return newest
}

// capacityStated is the newest tube.open's that states one, 0 for none.
func (r *reference) capacityStated(tube string) int {
	var newest event
	for _, o := range r.opens[tube] {
		if o.capacity != 0 && (o.at > newest.at || o.at == newest.at && o.capacity > newest.capacity) {
			newest = o
		}
	}
	return newest.capacity
}

// capacity is the one stated, else 1 for a single tube, else 10.
func (r *reference) capacity(tube string) int {
	switch stated := r.capacityStated(tube); {
	case stated != 0:
		return stated
	case r.mode(tube) == engine.Single:
		return 1
	}
	return 10
}

// asks tells whether an unscan is only a request: it comes after the report of a
// standing positive or inconclusive, from somebody who may not take it back.
func (r *reference) asks(u event) bool {
	v := r.says(u.tube)
	grave := v.verdict == engine.Positive || v.verdict == engine.Inconclusive
	return grave && u.at > v.reported && u.roles&(engine.RoleCDC|engine.RoleCommand) == 0
}

// bound tells whether the person lies in the tube, and the swab's time S: the
// earliest scan of the pair.
func (r *reference) bound(tube, person string) (swab engine.Seconds, ok bool) {
	scans := r.scans[tube][person]
	if len(scans) == 0 {
		return 0, false
	}
	swab = scans[0].at
	newest := scans[0].at
	for _, s := range scans {
		swab = min(swab, s.at)
		newest = max(newest, s.at)
	}
	for _, u := range r.unscans[tube][person] {
		if u.at >= newest && !r.asks(u) {
			return swab, false
		}
	}
	return swab, true
}

// members are the people bound to a tube, by name.
func (r *reference) members(tube string) []string {
	var in []string
	for person := range r.scans[tube] {
		if _, ok := r.bound(tube, person); ok {
			in = append(in, person)
		}
	}
	slices.Sort(in)
	return in
}

// test is one person's place in one tube.
type test struct {
	tube     string
	mode     engine.Mode
	alone    bool // the only one bound to it
	swab     engine.Seconds
	outcome  engine.Verdict // VerdictNone: none yet
	reported engine.Seconds
}

// tests are all places where the person is bound, by tube code.
func (r *reference) tests(person string) []test {
	var all []test
	for tube := range r.scans {
		swab, ok := r.bound(tube, person)
		if !ok {
			continue
		}
		t := test{tube: tube, mode: r.mode(tube), alone: len(r.members(tube)) == 1, swab: swab}
		v := r.says(tube)
		if v.verdict != engine.VerdictNone && !(v.verdict == engine.Negative && v.tested < swab) {
			t.outcome, t.reported = v.verdict, v.reported
			if v.verdict == engine.Negative {
				t.reported = r.negativeFor(tube, swab)
			}
		}
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b test) int { return strings.Compare(a.tube, b.tube) })
	return all
}

// opens is the kind of cause that a test's outcome opens.
func (t test) opens() engine.CauseKind {
	switch {
	case t.outcome == engine.Invalid:
		return engine.CauseMust
	case t.outcome == engine.Positive && t.mode == engine.Single:
		return engine.CauseSuspect
	case t.outcome == engine.Positive || t.outcome == engine.Inconclusive:
		return engine.CauseHold
	}
	return engine.CauseNone
}

// closedBy tells whether the person's other test closes what t opened (CauseNone: its wait for an outcome).
func (t test) closedBy(o test) bool {
	switch t.opens() {
	case engine.CauseSuspect: // only by a recheck of a cdc laboratory, which this version does not know
		return false
	case engine.CauseHold:
		release := o.outcome == engine.Negative && o.mode == engine.Single && o.alone && o.swab > t.swab
		takenOver := o.opens() == engine.CauseSuspect && o.swab >= t.swab
		return release || takenOver
	default: // must resample, pending
		return (o.outcome == engine.Negative || o.outcome == engine.Positive || o.outcome == engine.Inconclusive) && o.swab > t.swab
	}
}

// person answers everything about one person from the whole set.
func (r *reference) person(name string) personWord {
	var w personWord
	all := r.tests(name)
	for _, t := range all {
		if t.outcome == engine.Negative && t.newerNegative(w.negative) {
			w.negative = negativeWord{t.tube, t.swab, t.reported, t.mode}
		}
		if slices.ContainsFunc(all, t.closedBy) {
			continue
		}
		if kind := t.opens(); kind != engine.CauseNone {
			w.causes = append(w.causes, causeWord{kind, t.tube, t.reported, t.swab, r.says(t.tube).prelim, r.opened(t.tube).retained})
		} else if t.outcome == engine.VerdictNone {
			if w.pendingTube == "" || t.swab < w.pendingFirst {
				w.pendingFirst = t.swab
			}
			if w.pendingTube == "" || t.swab > w.pendingSwab {
				w.pendingTube, w.pendingSwab = t.tube, t.swab
			}
		}
	}
	w.decide()
	return w
}

// newerNegative: by swab, then by report, then by smaller tube code (tests come by tube code).
func (t test) newerNegative(n negativeWord) bool {
	return n.tube == "" || cmp.Or(cmp.Compare(t.swab, n.swab), cmp.Compare(t.reported, n.reported)) > 0
}

// decide takes state, since and order from what is open.
func (w *personWord) decide() {
	strongest := engine.CauseNone
	for _, c := range w.causes {
		strongest = max(strongest, c.kind)
	}
	switch {
	case strongest != engine.CauseNone:
		w.state = map[engine.CauseKind]engine.State{engine.CauseMust: engine.StateMustResample, engine.CauseHold: engine.StateHeld,
			engine.CauseSuspect: engine.StateSuspect}[strongest]
		for _, c := range w.causes {
			if c.kind == strongest && (w.since == 0 || c.since < w.since) {
				w.since = c.since
			}
		}
	case w.pendingTube != "":
		w.state, w.since = engine.StateSampled, w.pendingFirst
	case w.negative.tube != "":
		w.state, w.since = engine.StateNegative, w.negative.reported
	}
	switch {
	case slices.ContainsFunc(w.causes, func(c causeWord) bool { return c.kind == engine.CauseHold && !c.retained }):
		w.order.kind = "single"
	case w.state == engine.StateMustResample:
		w.order.kind = "any"
	default:
		return
	}
	for _, c := range w.causes { // all those open, due six hours after the first report
		if c.kind != engine.CauseHold && c.kind != engine.CauseMust {
			continue
		}
		w.order.causes = append(w.order.causes, c.tube)
		if due := c.since + 6*3600; w.order.due == 0 || due < w.order.due {
			w.order.due = due
		}
	}
}

// tubeOf answers what is known of one tube.
func (r *reference) tubeOf(tube string) tubeWord {
	w := tubeWord{mode: r.mode(tube), capacity: r.capacity(tube)}
	for _, name := range r.members(tube) {
		swab, _ := r.bound(tube, name)
		w.members = append(w.members, fmt.Sprintf("%s@%s", name, clock(swab)))
	}
	v := r.says(tube)
	w.verdict, w.reported = v.verdict, v.reported
	return w
}
