package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"poolwise/engine"
)

// A random day is few tubes, few people and few distinct times, so that ties, re-used
// tubes, results before scans and unscans before scans happen all the time. Every day
// has a theme, for what needs several steps to come about.

// dice throws what a day is made of.
type dice struct{ *rand.Rand }

func newDice(seed uint64, use uint64) dice { return dice{rand.New(rand.NewPCG(seed, use))} }

// one in n
func (d dice) one(n int) bool { return d.IntN(n) == 0 }

// among picks one.
func among[T any](d dice, all ...T) T { return all[d.IntN(len(all))] }

// toss are dice of one event's own: what they decide of it stays decided while others are dropped.
func toss(seed, use uint64, ev event) dice {
	return newDice(seed, use^engine.HashTube([]byte(ev.sameness())))
}

// theme is how often each kind of event comes, and what the day is about.
type theme struct {
	name    string
	weights map[engine.Kind]int
	cdc     bool // single tubes, positive, rechecked by a cdc
	keeps   bool // retained pools, and specimens taken with them
	areas   bool // areas, rounds, rosters
	frees   bool // one positive pool, and single tubes for its members
	policy  bool // one round for everybody, with what is seldom chosen
}

const (
	scan_     = engine.KindScan
	unscan_   = engine.KindUnscan
	open_     = engine.KindTubeOpen
	close_    = engine.KindTubeClose
	result_   = engine.KindResult
	transfer_ = engine.KindTransfer
)

var themes = []theme{
	{name: "plain", weights: map[engine.Kind]int{scan_: 52, unscan_: 12, open_: 9, close_: 4, result_: 23}},
	{name: "custody", weights: map[engine.Kind]int{scan_: 40, unscan_: 6, open_: 4, close_: 4, result_: 24,
		engine.KindTubeVoid: 5, engine.KindTubeReceive: 6, engine.KindTubeReject: 6, engine.KindTubeLost: 5}},
	{name: "moves", weights: map[engine.Kind]int{scan_: 40, unscan_: 6, open_: 4, close_: 2, result_: 22, transfer_: 26}},
	{name: "cdc", cdc: true, weights: map[engine.Kind]int{scan_: 40, unscan_: 2, open_: 3, result_: 40,
		engine.KindDischarge: 9, engine.KindAcknowledge: 3, engine.KindUnreachable: 3}},
	{name: "kept", keeps: true, weights: map[engine.Kind]int{scan_: 46, unscan_: 4, open_: 12, result_: 32,
		engine.KindTubeVoid: 2, engine.KindTubeLost: 2, engine.KindAcknowledge: 2}},
	{name: "frees", frees: true, policy: true, weights: map[engine.Kind]int{scan_: 56, unscan_: 3, result_: 36, transfer_: 2, engine.KindDischarge: 1, engine.KindMerge: 2}},
	{name: "rechecks", cdc: true, policy: true, weights: map[engine.Kind]int{scan_: 50, unscan_: 1, result_: 46, engine.KindAcknowledge: 2}},
	{name: "merges", cdc: true, weights: map[engine.Kind]int{scan_: 40, unscan_: 3, open_: 3, result_: 26, transfer_: 3,
		engine.KindMerge: 13, engine.KindUnmerge: 5, engine.KindDischarge: 3, engine.KindAcknowledge: 3, engine.KindUnreachable: 2}},
	{name: "rounds", areas: true, weights: map[engine.Kind]int{scan_: 56, unscan_: 5, open_: 7, close_: 2, result_: 16, transfer_: 3,
		engine.KindTubeVoid: 3, engine.KindTubeReceive: 3, engine.KindExcuse: 5}},
	{name: "crowds", areas: true, weights: map[engine.Kind]int{scan_: 76, unscan_: 6, open_: 6, result_: 4, transfer_: 4, engine.KindExcuse: 4}},
	{name: "everything", cdc: true, keeps: true, areas: true, weights: map[engine.Kind]int{scan_: 40, unscan_: 5, open_: 8, close_: 3, result_: 26, transfer_: 5,
		engine.KindTubeVoid: 2, engine.KindTubeReceive: 2, engine.KindTubeReject: 2, engine.KindTubeLost: 2, engine.KindExcuse: 4,
		engine.KindAcknowledge: 2, engine.KindUnreachable: 2, engine.KindDischarge: 3, engine.KindMerge: 5, engine.KindUnmerge: 2}},
}

// throw throws a kind by the weights.
func (th theme) throw(d dice) engine.Kind {
	sum := 0
	for kind := engine.KindScan; kind <= engine.KindUnmerge; kind++ {
		sum += th.weights[kind]
	}
	n := d.IntN(sum)
	for kind := engine.KindScan; ; kind++ {
		if n -= th.weights[kind]; n < 0 {
			return kind
		}
	}
}

// scene is who and what a day is about.
type scene struct {
	theme
	people, tubes, labs []string
	times               int
}

// noon are the few instants of a random day.
func noon(n int) engine.Seconds { return midnight + 12*3600 + engine.Seconds(n)*600 }

// at is one of them.
func (s *scene) at(d dice) engine.Seconds { return noon(d.IntN(s.times)) }

// day is the events of a seed. Where pure, the master data comes first, the events are all late, and
// whatever is not part of an event's identity follows from it: the set of accepted events is then the
// same in every order of arrival.
func day(seed uint64, pure bool) []event {
	d := newDice(seed, 1)
	s := scene{theme: themes[seed%uint64(len(themes))]}
	s.people = []string{"ada", "ben", "cem", "dan", "eva", "fay", "gus"}[:1+d.IntN(7)]
	s.tubes = []string{"T1", "T2", "T3", "T4", "T5"}[:1+d.IntN(5)]
	if s.cdc || s.keeps || s.frees {
		s.people, s.tubes = s.people[:min(4, len(s.people))], []string{"T1", "T2", "T3", "T4", "T5"}
	}
	if s.frees || s.policy {
		s.people = s.people[:min(2, len(s.people))]
	}
	s.labs = []string{"L1", "L2", "L3"}[:1+d.IntN(3)]
	s.times = 2 + d.IntN(10)
	master := s.master(d)
	events := s.openers(d)
	for range 3 + d.IntN(45) {
		events = append(events, s.event(d, seed, pure))
	}
	if pure {
		for i := range master {
			master[i].received = noon(i) // some rounds close on the way
		}
		return slices.Concat(master, events)
	}
	for _, item := range master {
		at := d.IntN(len(events) + 1)
		if d.one(2) {
			at = min(at, d.IntN(4))
		}
		events = slices.Insert(events, at, item)
	}
	for i := range events { // the clock goes on, and passes the times of the events
		events[i].received = noon(i*s.times/len(events)) + 300
	}
	return events
}

// openers are how the tubes begin that a theme is about.
func (s *scene) openers(d dice) (events []event) {
	open := event{kind: engine.KindTubeOpen, at: noon(0), mode: engine.Pool, members: -1, roles: engine.RoleAll, late: true}
	if s.keeps && !d.one(4) {
		open.tube, open.retained = "T1", true
		events = append(events, open)
	}
	if s.areas && !d.one(4) {
		open.tube, open.retained, open.capacity = "T3", false, 10
		events = append(events, open)
	}
	return events
}

// event throws one event.
func (s *scene) event(d dice, seed uint64, pure bool) event {
	ev := event{kind: s.throw(d), at: s.at(d), members: -1, roles: engine.RoleAll}
	if ev.kind <= engine.KindTubeLost {
		ev.tube = s.tubes[d.IntN(len(s.tubes))]
	}
	if s.areas && ev.kind != engine.KindScan && ev.kind != engine.KindTubeOpen && (ev.tube == "T3" || ev.tube == "T5") && !d.one(5) {
		ev.tube = s.tubes[0] // so that live scans go on there
	}
	s.identify(&ev, d)
	if s.frees && ev.tube != "" && !d.one(4) { // first the pool, then the singles
		if ev.tube == "T1" {
			ev.at, ev.verdict = noon(0), min(ev.verdict, 1)*engine.Positive
		} else if s.times > 2 {
			ev.at, ev.verdict = noon(1+d.IntN(2)), min(ev.verdict, 1)*engine.Negative
		}
	}
	how := d
	if pure {
		how = toss(seed, 0, ev)
	}
	ev.late = pure || d.one(3)
	s.fill(&ev, how)
	ev.strict = ev.strict && !pure // a second scan of a bound pair is not refused: what counts hangs on the order
	return ev
}

// somebody throws a person: some tubes are mostly one person's.
func (s *scene) somebody(tube string, d dice) string {
	if tube != "" && d.one(2) {
		return s.people[int(tube[1])%len(s.people)]
	}
	return s.people[d.IntN(len(s.people))]
}

// identify throws what is part of an event's identity.
func (s *scene) identify(ev *event, d dice) {
	switch ev.kind {
	case engine.KindScan, engine.KindUnscan:
		ev.person = s.somebody(ev.tube, d)
		if s.keeps && ev.kind == engine.KindScan && (ev.tube == "T1" || ev.tube == "T2") && !d.one(3) {
			ev.at = noon(min(1, s.times-1)) // pool and specimen are of one swab
		}
	case engine.KindTransfer:
		ev.person = s.somebody(ev.tube, d)
		ev.to = among(d, "T1", "T2", "T3", "T4")
		if ev.to == ev.tube {
			ev.to = "T5"
		}
		ev.reason = among(d, "", "", "spilt")
	case engine.KindResult:
		ev.stage = among(d, engine.Final, engine.Final, engine.Final, engine.Final, engine.Preliminary, engine.Corrected, engine.Withdrawn)
		ev.lab = s.labs[d.IntN(len(s.labs))]
		ev.verdict = among(d, engine.Negative, engine.Negative, engine.Inconclusive, engine.Positive, engine.Positive, engine.Invalid)
		ev.reported = s.at(d)
		if s.cdc && !d.one(3) { // T2 is the one that is positive, T4 the recheck's
			ev.lab, ev.stage = among(d, "L1", "L2"), engine.Final
			switch ev.tube {
			case "T2":
				ev.verdict, ev.reported = engine.Positive, noon(min(1, s.times-1))
			case "T4":
				ev.verdict, ev.lab = engine.Negative, "L2"
			}
		}
		if s.policy && s.cdc && ev.tube == "T2" && d.one(3) { // the cdc tests the same specimen
			ev.verdict, ev.lab, ev.reported = engine.Negative, "L2", noon(s.times)
		}
		if s.keeps && d.one(2) { // the pool is positive, its specimens tell
			switch ev.tube {
			case "T1":
				ev.verdict, ev.stage = engine.Positive, engine.Final
			case "T2":
				ev.verdict, ev.stage = among(d, engine.Negative, engine.Negative, engine.Invalid), engine.Final
			}
		}
	case engine.KindTubeVoid:
		ev.reason = among(d, "", "leaked")
	case engine.KindTubeOpen, engine.KindTubeClose:
		s.identifyTube(ev, d)
	case engine.KindExcuse:
		ev.person, ev.round, ev.reason = s.somebody("", d), among(d, "R1", "R1", "R2", "R3", "default"), among(d, "moved", "refused")
	case engine.KindAcknowledge, engine.KindUnreachable:
		ev.person, ev.at = s.somebody("", d), ev.at+engine.Seconds(d.IntN(2)*1200)
		if d.one(20) {
			ev.person, ev.number = "", 999999
		}
	case engine.KindDischarge:
		ev.person, ev.reason = s.somebody("T2", d), among(d, "", "recovered")
		if d.one(2) {
			ev.at = noon(s.times)
		}
	case engine.KindMerge, engine.KindUnmerge:
		i := d.IntN(len(s.people))
		ev.person, ev.to = s.people[i], s.people[(i+1+d.IntN(2))%len(s.people)]
		if ev.to == ev.person {
			ev.to = "gus"
			if ev.person == "gus" {
				ev.to = "fay"
			}
		}
	}
}

func (s *scene) identifyTube(ev *event, d dice) {
	if ev.kind == engine.KindTubeClose {
		ev.members = d.IntN(4) - 1
		return
	}
	ev.mode = among(d, engine.ModeUnset, engine.Pool, engine.Household, engine.Single, engine.Single)
	ev.capacity = among(d, 0, 0, 1, 2, 3, 5)
	ev.purpose = among(d, engine.PurposeUnset, engine.Screening, engine.Recheck)
	ev.retained = d.one(3)
	if s.areas {
		if d.one(2) {
			ev.round = among(d, "R1", "R2", "R3")
		}
		switch { // one tube for a household, one larger than policy may let it be
		case ev.tube == "T5" && !d.one(4):
			ev.mode = engine.Household
		case ev.tube == "T3" && !d.one(4):
			ev.mode, ev.capacity = engine.Pool, 10
		}
	}
	if s.keeps && ev.tube == "T1" {
		ev.mode, ev.retained = engine.Pool, !d.one(4)
	}
	if s.keeps && ev.tube == "T2" || s.cdc && (ev.tube == "T2" || ev.tube == "T4") {
		ev.mode, ev.retained = engine.Single, false
	}
	if s.cdc && ev.tube == "T4" {
		ev.purpose = engine.Recheck
	}
}

// fill throws what is not part of an event's identity.
func (s *scene) fill(ev *event, d dice) {
	switch ev.kind {
	case engine.KindScan:
		s.fillScan(ev, d)
	case engine.KindUnscan, engine.KindTransfer:
		ev.roles = among(d, engine.RoleAll, engine.RoleStation, engine.RoleStation, engine.RoleCommand, engine.RoleCDC)
	case engine.KindTubeOpen:
		if s.areas && d.one(2) {
			ev.site = among(d, "S1", "S2", "S3")
		}
	case engine.KindTubeReceive, engine.KindTubeReject, engine.KindTubeLost:
		if d.one(2) {
			ev.lab = s.labs[d.IntN(len(s.labs))]
		}
	case engine.KindDischarge:
		ev.roles = among(d, engine.RoleAll, engine.RoleCDC, engine.RoleCDC, engine.RoleCommand)
	case engine.KindMerge, engine.KindUnmerge:
		ev.roles = among(d, engine.RoleAll, engine.RoleCDC, engine.RoleCommand, engine.RoleCommand, engine.RoleStation)
	case engine.KindResult:
		back := 0
		if d.one(2) {
			back = d.IntN(5)
		}
		ev.at = max(ev.reported-engine.Seconds(back*600), noon(0)-600)
		if s.name == "custody" && d.one(8) {
			ev.speaks = "L1"
		}
		ev.strict = s.areas && d.one(12)
	}
}

func (s *scene) fillScan(ev *event, d dice) {
	alike := int(ev.tube[1])%2 == 0 // even tubes are mostly single
	if alike || d.one(5) {
		ev.mode = among(d, engine.ModeUnset, engine.Pool, engine.Household, engine.Single, engine.Single)
	}
	if alike && !d.one(4) {
		ev.mode = engine.Single
	}
	if d.one(6) {
		ev.purpose = among(d, engine.Screening, engine.Recollection, engine.Recheck)
	}
	if s.cdc && ev.tube == "T4" && !d.one(6) {
		ev.purpose = engine.Recheck
	}
	if s.keeps && ev.tube == "T2" && !d.one(5) || d.one(40) {
		ev.of = "T1"
	}
	if !s.areas {
		return
	}
	if d.one(5) && ev.tube != "T5" {
		ev.round = among(d, "R1", "R2", "R3", "default")
	}
	if ev.tube == "T5" { // a household's
		ev.mode = engine.Household
	}
	if d.one(4) {
		ev.area = among(d, "99", "9901", "9902", "990101", "98")
	}
	if d.one(4) {
		ev.site = among(d, "S1", "S2", "S3")
	}
	if d.one(2) {
		ev.household = among(d, "H1", "H2")
	}
	ev.strict = d.one(15)
}

// master throws the items of master data, in their order.
func (s *scene) master(d dice) (items []event) {
	add := func(kind engine.Kind, person string, words ...string) {
		items = append(items, event{kind: kind, person: person, roles: engine.RoleAll, members: -1, fields: strings.Join(words, " ")})
	}
	if s.cdc || d.one(4) {
		add(engine.KindLab, "", "L2", "kind=cdc")
	}
	if d.one(6) {
		add(engine.KindLab, "", among(d, "L1", "L2", "L3"), "kind="+among(d, "lab", "cdc"))
	}
	if s.policy {
		add(engine.KindRound, "", "R1", "low=10", "recheck="+among(d, "same_specimen", "same_specimen", "new_specimen"), "release="+among(d, "all", "all", "each"))
	}
	if !s.areas {
		return items
	}
	add(engine.KindArea, "", "9901", "parent=99")
	add(engine.KindArea, "", "9902", "parent=99")
	add(engine.KindArea, "", "990101", "parent=9901")
	for range d.IntN(4) {
		add(engine.KindArea, "", among(d, "99", "9901", "990101", "98"), "risk="+among(d, "low", "medium", "high", "closed", ""))
	}
	if d.one(2) {
		add(engine.KindSite, "", among(d, "S1", "S2"), "area="+among(d, "9901", "9902", "98"))
	}
	seen := map[string]bool{}
	for range 1 + d.IntN(4) {
		code := among(d, "R1", "R1", "R2", "R2", "default")
		add(engine.KindRound, "", append([]string{code}, s.roundItem(d, seen[code] || code == "default")...)...)
		seen[code] = true
	}
	for range d.IntN(2 + len(s.people)) {
		add(engine.KindRoster, s.somebody("", d), s.roster(d)...)
	}
	rest := items[min(4, len(items)):] // areas keep their place, so that nobody moves with his area
	rounds := slices.DeleteFunc(slices.Clone(rest), func(ev event) bool { return ev.kind != engine.KindRound })
	d.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	for i := range rest { // of a round the first put stays the first
		if rest[i].kind == engine.KindRound {
			rest[i], rounds = rounds[0], rounds[1:]
		}
	}
	return items
}

// roundItem throws fields of a round. Where and when it is open is said at first, and half of the times again.
func (s *scene) roundItem(d dice, again bool) (words []string) {
	say := func(n int, word string, values ...string) {
		if d.one(n) {
			words = append(words, word+"="+among(d, values...))
		}
	}
	time := func() string { return fmt.Sprint(s.at(d)) }
	if !again || d.one(2) {
		say(2, "opens", fmt.Sprint(noon(-1)), fmt.Sprint(noon(0)), fmt.Sprint(noon(1)))
		say(2, "closes", fmt.Sprint(noon(2+s.times/2)), fmt.Sprint(noon(s.times+2)))
		if !d.one(4) {
			words = append(words, "areas="+among(d, "99", "9901", "9901,9902", "9902", "990101", "99,98"))
		}
	}
	for _, risk := range risks {
		say(3, risk, "1", "2", "2", "3", "10", "household", "")
	}
	say(3, "recollect", "7200", "3600", "")
	say(3, "groups", "medical", "medical,school", "")
	say(2, "vaccinated", "any", "single", "defer", "defer", "")
	say(3, "recheck", "same_specimen", "new_specimen")
	say(3, "release", "all", "each")
	say(3, "effective", time())
	return words
}

func (s *scene) roster(d dice) (words []string) {
	say := func(n int, word string, values ...string) {
		if d.one(n) {
			words = append(words, word+"="+among(d, values...))
		}
	}
	say(1, "area", "99", "9901", "9902", "990101", "98", "")
	say(2, "household", "H1", "H2", "")
	say(4, "groups", "medical", "school", "medical,staff", "")
	say(2, "vaccinated", fmt.Sprint(noon(0)-47*3600), fmt.Sprint(noon(3)-48*3600), fmt.Sprint(noon(2)), "")
	return words
}
