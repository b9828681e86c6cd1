package engine_test

import (
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
// is a comment with the sentence of the rules that it proves. One line is an event,
//
//	open T100 08:00 [pool|household|single] [capacity 5]
//	[late] scan T100 ada 08:01 [pool|household|single]
//	unscan T100 ada 08:30 [by station|command|cdc]
//	close T100 09:00 [members 10]
//	result T100 positive tested 12:00 reported 13:00 [lab L1] [preliminary|corrected|withdrawn]
//
// what must have become of the event above it,
//
//	accepted | duplicate | refused tube_full | flag tube_unknown | no flags
//
// what must be true now,
//
//	ada held because T100 | ada sampled | ada negative | ada unknown | ada suspect because T7
//	ada since 13:00
//	ada last negative T99 | ada no negative
//	ada pending T101 | ada nothing pending
//	order ada [any] due 19:00 [because T100 T101] | no order ada
//	tube T100 pool|household|single | tube T100 takes 5 | tube T100 says positive
//	tube T100 holds ada ben | tube T100 holds nobody
//
// or "any order": the events, all late, end the same in every order of arrival.
// Without "by" everybody may do everything; without "lab" it is lab L1.

// book is who can be asked: the reference, and the engine.
type book interface {
	person(name string) personWord
	tube(code string) tubeWord
	arrive(ev event) answer
}

type referenceBook struct{ *reference }

func (b referenceBook) tube(code string) tubeWord { return b.tubeOf(code) }

// deskBook applies every event as a group of its own.
type deskBook struct {
	*desk
	names []string
}

func (b deskBook) tube(code string) tubeWord { return b.tubeOf(code, b.names) }
func (b deskBook) arrive(ev event) answer {
	return b.apply([]event{ev}, b.find, never)[0]
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
func peopleOf(events []event) []string {
	return distinct(events, func(ev event) string { return ev.person })
}

// tubesOf are the tube codes in events, sorted.
func tubesOf(events []event) []string {
	return distinct(events, func(ev event) string { return ev.tube })
}

func distinct(events []event, of func(event) string) (words []string) {
	for _, ev := range events {
		if word := of(ev); word != "" {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// TestStories ensures that every sentence of the rules does what it says, on
// the reference and on the engine, and that what may come in any order does.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.story")
	if err != nil || len(files) == 0 {
		t.Fatalf("cannot find the stories: got %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".story"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parseStory(string(text))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			names := peopleOf(s.events())
			t.Run("reference", func(t *testing.T) { s.tell(t, file, referenceBook{newReference()}) })
			t.Run("engine", func(t *testing.T) {
				d := newDesk()
				s.tell(t, file, deskBook{d, names})
				ensureSound(t, d)
			})
			if s.anyOrder {
				t.Run("any order", func(t *testing.T) { s.tellInAnyOrder(t, file, names) })
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
	var last answer
	for _, st := range s.steps {
		if st.ev != nil {
			last = b.arrive(*st.ev)
		} else if got, ok := st.holds(b, &last); !ok {
			t.Errorf("%s:%d: want %s; got %s", file, st.line, st.text, got)
		}
	}
}

// tellInAnyOrder shuffles the events twenty times and asks what is expected after the last.
func (s *story) tellInAnyOrder(t *testing.T, file string, names []string) {
	events := s.events()
	for i := range events {
		events[i].late = true
	}
	end := 0
	for i, st := range s.steps {
		if st.ev != nil {
			end = i
		}
	}
	for round := range 20 {
		shuffle := rand.New(rand.NewPCG(1, uint64(round)))
		shuffle.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		d := newDesk()
		for _, b := range []book{referenceBook{newReference()}, deskBook{d, names}} {
			for _, ev := range events {
				b.arrive(ev)
			}
			for _, st := range s.steps[end+1:] {
				if got, ok := st.holds(b, nil); !ok {
					t.Fatalf("%s:%d: want %s; got %s, from %T after\n%s", file, st.line, st.text, got, b, tellEvents(events))
				}
			}
		}
		ensureSound(t, d)
	}
}

// holds answers whether an expectation is met, and what is instead. last is nil where
// answers to events are not asked for.
func (st *step) holds(b book, last *answer) (got string, ok bool) {
	w := st.expect
	switch w[0] {
	case "accepted", "duplicate", "refused", "flag", "no":
		if w[0] == "no" && w[1] == "order" {
			p := b.person(w[2])
			return p.String(), p.order.kind == ""
		}
		return last.says(w)
	case "order":
		p := b.person(w[1])
		return p.String(), p.orders(w[2:])
	case "tube":
		tube := b.tube(w[1])
		return tube.String(), tube.is(w[2:])
	}
	p := b.person(w[0])
	return p.String(), p.is(w[1:])
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

func (p personWord) orders(w []string) bool {
	kind := "single"
	if w[0] == "any" {
		kind, w = "any", w[1:]
	}
	met := p.order.kind == kind && w[0] == "due" && clock(p.order.due) == w[1]
	if len(w) > 2 {
		met = met && slices.Equal(p.order.causes, w[3:])
	}
	return met
}

func (t tubeWord) is(w []string) bool {
	switch w[0] {
	case "takes":
		return fmt.Sprint(t.capacity) == w[1]
	case "says":
		return t.verdict.String() == w[1]
	case "holds":
		var names []string
		for _, m := range t.members {
			name, _, _ := strings.Cut(m, "@")
			names = append(names, name)
		}
		return slices.Equal(names, w[1:]) || len(names) == 0 && w[1] == "nobody"
	}
	return t.mode.String() == w[0]
}

var (
	modes  = map[string]engine.Mode{"pool": engine.Pool, "household": engine.Household, "single": engine.Single}
	stages = map[string]engine.Stage{"preliminary": engine.Preliminary, "corrected": engine.Corrected, "withdrawn": engine.Withdrawn}
	roles  = map[string]engine.Role{"station": engine.RoleStation, "command": engine.RoleCommand, "cdc": engine.RoleCDC}
	said   = map[string]engine.Verdict{"invalid": engine.Invalid, "negative": engine.Negative, "inconclusive": engine.Inconclusive, "positive": engine.Positive}
)
