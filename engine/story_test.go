package engine_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"poolwise/engine"
)

// A story is a script in testdata/*.story, in words a nurse reads. Its first line
// is a comment with the sentence of the rules that it proves, its second one
// "# Proves: " and the sentence's short name in docs/RULES.md. One line is an event,
//
//	open T100 08:00 [pool|household|single] [capacity 5] [screening|recollection|recheck] [retained] [round R1] [site S1]
//	[late] scan T100 ada 08:01 [pool|household|single] [screening|recollection|recheck] [retained_of T90] [round R1]
//	       [area 9901] [household H1] [site S1]
//	unscan T100 ada 08:30 [by station|command|cdc]
//	transfer ada from T100 to T200 09:00 [because spilt] [by station|command|cdc]
//	close T100 09:00 [members 10]
//	void T100 09:00 [because leaked]
//	receive|reject|lost T100 [by L1] 10:00
//	result T100 positive tested 12:00 reported 13:00 [lab L1] [preliminary|corrected|withdrawn] [speaking for L2]
//	excuse ada from R1 10:00 [because moved]
//	ack|unreachable ada 15:00 | ack|unreachable order 1 15:00
//	discharge ada 18:00 [because recovered]
//	merge ada into eva 12:00 | unmerge ada from eva 13:00
//
// an item of master data,
//
//	area 9901 [under 99] [risk low|medium|high|closed]
//	site S1 [area 9901] | lab L1 is lab|cdc
//	round R1 [areas 9901,9902] [opens 06:00] [closes 20:00] [cap low 10] [cap closed household] [recollect 2h] [groups medical]
//	         [vaccinated any|single|defer] [recheck same_specimen] [release all] [effective 12:00]
//	roster ada [area 9901] [household H1] [groups medical] [vaccinated 08:00-1]
//
// what must have become of the line above it,
//
//	accepted | duplicate | refused tube_full | flag tube_unknown | no flags
//
// what must be true now,
//
//	ada held because T100 | ada sampled | ada negative | ada unknown | ada suspect because T7 | ada preliminary T7 | ada final T7
//	ada since 13:00
//	ada last negative T99 | ada no negative
//	ada pending T101 | ada nothing pending
//	ada is eva | ada stands alone
//	order ada [any] due 19:00 [because T100 T101] | order ada open|acknowledged|unreachable|swabbed | no order ada
//	recheck ada due 19:00 [because T7] | recheck ada open|acknowledged|unreachable|swabbed | no recheck ada
//	tube T100 pool|household|single|void|lost|received|resolving|resolved | tube T100 takes 5 | tube T100 says positive | tube T100 for recheck
//	tube T100 holds ada ben | tube T100 holds nobody | tube T100 round R1
//	coverage R1 9901 expected 3 sampled 2 excused 0 missing 1   (everywhere: the area "all")
//	missing R1 9901 are ben cem | missing R1 9901 are nobody
//	alert verdict_conflict T100 | no alert T100
//
// "it is 20:05", the server's clock from there on, which without it is the latest time that was named; or
// "any order": the events, all late, end the same in every order of arrival after the master data.
// Without "by" everybody may do everything; without "lab" it is lab L1. "strict" before a line: the
// server refuses what master data does not know.

// book is who can be asked: the reference, and the engine.
type book interface {
	person(name string) personWord
	tube(code string) tubeWord
	coverage(round, area string) coverWord
	missing(round, area string) []string
	alerts(tube string) []engine.AlertKind
	arrive(ev event) answer
}

// referenceBook numbers orders besides: whoever asks by number does so in a story.
type referenceBook struct {
	*reference
	had map[string]bool
}

func newReferenceBook() referenceBook { return referenceBook{newReference(), map[string]bool{}} }

func (b referenceBook) tube(code string) tubeWord { return b.tubeOf(code) }
func (b referenceBook) arrive(ev event) answer {
	a := b.reference.arrive(ev)
	b.number(b.had)
	return a
}

// deskBook applies every event as a group of its own.
type deskBook struct {
	desk  *desk
	names []string
}

func (b deskBook) person(name string) personWord         { return b.desk.person(name, b.names) }
func (b deskBook) tube(code string) tubeWord             { return b.desk.tubeOf(code, b.names) }
func (b deskBook) coverage(round, area string) coverWord { return b.desk.coverage(round, area) }
func (b deskBook) missing(round, area string) []string   { return b.desk.missing(round, area, b.names) }
func (b deskBook) alerts(tube string) []engine.AlertKind { return b.desk.alerts()[tube] }
func (b deskBook) arrive(ev event) answer {
	return b.desk.apply([]event{ev}, b.desk.find, never)[0]
}

func never(event) bool { return false }

// step is one line of a story.
type step struct {
	line   int
	text   string
	ev     *event
	expect []string // words of an expectation
}

type story struct {
	proves   string
	steps    []step
	anyOrder bool
}

func (s *story) events() (events []event) {
	for _, st := range s.steps {
		if st.ev != nil {
			events = append(events, *st.ev)
		}
	}
	return events
}

// peopleOf are the names in events, sorted.
func peopleOf(events []event) []string { return distinct(events, event.people) }

// tubesOf are the tube codes in events, sorted.
func tubesOf(events []event) []string { return distinct(events, event.tubes) }

func distinct(events []event, of func(event) []string) (words []string) {
	for _, ev := range events {
		for _, word := range of(ev) {
			if word != "" {
				words = append(words, word)
			}
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// readStories reads all stories, by file name.
func readStories(t *testing.T) (stories map[string]*story, names []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.story")
	if err != nil || len(files) == 0 {
		t.Fatalf("cannot find the stories: got %d files, %v", len(files), err)
	}
	stories = map[string]*story{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseStory(string(text))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		name := strings.TrimSuffix(filepath.Base(file), ".story")
		stories[name] = s
		names = append(names, name)
	}
	return stories, names
}

// TestStories ensures that every sentence of the rules does what it says, on
// the reference and on the engine, and that what may come in any order does.
func TestStories(t *testing.T) {
	stories, files := readStories(t)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			s := stories[file]
			names := peopleOf(s.events())
			t.Run("reference", func(t *testing.T) { s.tell(t, file, newReferenceBook()) })
			if s.anyOrder {
				t.Run("reference in any order", func(t *testing.T) {
					s.tellInAnyOrder(t, file, func() book { return newReferenceBook() })
				})
			}
			t.Run("engine", func(t *testing.T) {
				d := newDesk()
				s.tell(t, file, deskBook{d, names})
				ensureSound(t, d)
			})
			if s.anyOrder {
				t.Run("engine in any order", func(t *testing.T) {
					s.tellInAnyOrder(t, file, func() book { return deskBook{newDesk(), names} })
				})
			}
		})
	}
}

func ensureSound(t *testing.T, d *desk) {
	t.Helper()
	if err := d.Check(); err != nil {
		t.Errorf("an invariant is broken: %v", err)
	}
}

// tell tells the story to a book, and asks it what the story expects.
func (s *story) tell(t *testing.T, file string, b book) {
	t.Helper()
	var last answer
	for _, st := range s.steps {
		if st.ev != nil {
			last = b.arrive(*st.ev)
		} else if got, ok := st.holds(b, &last); !ok {
			t.Errorf("%s.story:%d: want %s; got %s", file, st.line, st.text, got)
		}
	}
}

// tellInAnyOrder shuffles the events twenty times, behind the master data, and asks what is expected
// after the last.
func (s *story) tellInAnyOrder(t *testing.T, file string, newBook func() book) {
	t.Helper()
	var master, events []event
	for _, ev := range s.events() {
		if ev.late = true; ev.isMaster() {
			master = append(master, ev)
		} else {
			events = append(events, ev)
		}
	}
	end := 0
	for i, st := range s.steps {
		if st.ev != nil {
			end = i
		}
	}
	for i := range events { // the server's clock does not go back
		events[i].received = s.steps[end].ev.received
	}
	rounds := 20
	if testing.Short() { // under the race detector
		rounds = 4
	}
	for round := range rounds {
		shuffle := rand.New(rand.NewPCG(1, uint64(round)))
		shuffle.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		b := newBook()
		for _, ev := range slices.Concat(master, events) {
			b.arrive(ev)
		}
		for _, st := range s.steps[end+1:] {
			if got, ok := st.holds(b, nil); !ok {
				t.Fatalf("%s.story:%d: want %s; got %s, from %T after\n%s", file, st.line, st.text, got, b, tellEvents(events))
			}
		}
		if d, ok := b.(deskBook); ok {
			ensureSound(t, d.desk)
		}
	}
}

// holds answers whether an expectation is met, and what is instead. last is nil where
// answers to events are not asked for.
func (st *step) holds(b book, last *answer) (got string, ok bool) {
	w := st.expect
	switch w[0] {
	case "accepted", "duplicate", "refused", "flag":
		return last.says(w)
	case "no":
		switch w[1] {
		case "order":
			p := b.person(w[2])
			return p.String(), p.order.kind == ""
		case "recheck":
			p := b.person(w[2])
			return p.String(), p.recheck.kind == ""
		case "alert":
			alerts := b.alerts(w[2])
			return fmt.Sprint(alerts), len(alerts) == 0
		}
		return last.says(w)
	case "alert":
		alerts := b.alerts(w[2])
		return fmt.Sprint(alerts), slices.ContainsFunc(alerts, func(a engine.AlertKind) bool { return a.String() == w[1] })
	case "order", "recheck":
		p := b.person(w[1])
		return p.String(), p.orders(w)
	case "coverage":
		c := b.coverage(w[1], areaOf(w[2]))
		return fmt.Sprintf("%+v", c), c.is(w[3:])
	case "missing":
		names := b.missing(w[1], areaOf(w[2]))
		slices.Sort(names)
		return fmt.Sprint(names), slices.Equal(names, w[4:]) || len(names) == 0 && w[4] == "nobody"
	case "tube":
		tube := b.tube(w[1])
		return tube.String(), tube.is(w[2:])
	}
	p := b.person(w[0])
	return p.String(), p.is(w[1:])
}

// areaOf is the area that a story names; "all" is everywhere.
func areaOf(word string) string {
	if word == "all" {
		return ""
	}
	return word
}

func (a *answer) says(w []string) (got string, ok bool) {
	if a == nil {
		return "", true
	}
	var flags []string
	a.flags.Each(func(code string) { flags = append(flags, code) })
	switch w[0] {
	case "refused":
		ok = a.outcome.Refused() && a.outcome.Code() == w[1]
	case "flag":
		ok = slices.Contains(flags, w[1])
	case "no":
		ok = len(flags) == 0
	default:
		ok = a.outcome.Code() == w[0]
	}
	return a.String(), ok
}

func (p personWord) is(w []string) bool {
	switch w[0] {
	case "since":
		return clock(p.since) == w[1]
	case "last":
		return p.negative.tube == w[2]
	case "no":
		return p.negative.tube == ""
	case "pending":
		return p.pendingTube == w[1]
	case "nothing":
		return p.pendingTube == ""
	case "is":
		return p.mergedInto == w[1]
	case "stands":
		return p.mergedInto == ""
	case "preliminary", "final":
		return slices.ContainsFunc(p.causes, func(c causeWord) bool { return c.tube == w[1] && c.preliminary == (w[0] == "preliminary") })
	}
	var because []string
	if len(w) > 1 {
		because = w[2:]
	}
	var tubes []string
	for _, c := range p.causes {
		tubes = append(tubes, c.tube)
	}
	return p.state.String() == w[0] && slices.Equal(tubes, because)
}

// orders tells whether an order, or a recheck, is as said.
func (p personWord) orders(w []string) bool {
	o, kind := p.order, "single"
	if w[0] == "recheck" {
		o, kind = p.recheck, "recheck"
	}
	w = w[2:]
	if len(w) == 1 {
		return o.kind != "" && o.state.String() == w[0]
	}
	if w[0] == "any" {
		kind, w = "any", w[1:]
	}
	met := o.kind == kind && clock(o.due) == w[1]
	if len(w) > 2 {
		met = met && slices.Equal(o.causes, w[3:])
	}
	return met
}

// is tells whether all counts that are named are as said.
func (w coverWord) is(words []string) bool {
	for i := 0; i+1 < len(words); i += 2 {
		if fmt.Sprint(w.count(words[i])) != words[i+1] {
			return false
		}
	}
	return true
}

func (w tubeWord) is(words []string) bool {
	switch words[0] {
	case "takes":
		return fmt.Sprint(w.capacity) == words[1]
	case "says":
		return cmp.Or(w.verdict.String(), "nothing") == words[1]
	case "resolving", "resolved":
		return w.resolution == words[0]
	case "for":
		return w.purpose.String() == words[1]
	case "round":
		return w.round == words[1]
	case "void":
		return w.void
	case "lost":
		return w.lost
	case "received":
		return w.received
	case "holds":
		var names []string
		for _, m := range w.members {
			name, _, _ := strings.Cut(m, "@")
			names = append(names, name)
		}
		return slices.Equal(names, words[1:]) || len(names) == 0 && words[1] == "nobody"
	}
	return w.mode.String() == words[0]
}
