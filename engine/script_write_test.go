package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"poolwise/engine"
)

// The story language, written.

// String is the event as a line of a story.
func (ev event) String() string {
	var b strings.Builder
	if ev.strict {
		b.WriteString("strict ")
	}
	if ev.late {
		b.WriteString("late ")
	}
	if ev.isMaster() {
		ev.tellMaster(&b)
		return b.String()
	}
	ev.tellForm(&b)
	for _, x := range []struct {
		said bool
		text string
	}{
		{ev.mode != engine.ModeUnset, ev.mode.String()},
		{ev.purpose != engine.PurposeUnset, ev.purpose.String()},
		{ev.retained, "retained"},
		{ev.of != "", "retained_of " + ev.of},
		{ev.capacity > 0, fmt.Sprint("capacity ", ev.capacity)},
		{ev.kind == engine.KindTubeClose && ev.members >= 0, fmt.Sprint("members ", ev.members)},
		{ev.round != "" && ev.kind != engine.KindExcuse, "round " + ev.round},
		{ev.site != "", "site " + ev.site},
		{ev.area != "", "area " + ev.area},
		{ev.household != "", "household " + ev.household},
		{ev.reason != "", "because " + ev.reason},
		{ev.speaks != "", "speaking for " + ev.speaks},
	} {
		if x.said {
			b.WriteString(" " + x.text)
		}
	}
	for word, role := range roles {
		if ev.roles == role {
			fmt.Fprintf(&b, " by %s", word)
		}
	}
	return b.String()
}

// tellForm writes what an event must say.
func (ev event) tellForm(b *strings.Builder) {
	for i, word := range strings.Fields(forms[ev.kind]) {
		if i > 0 {
			b.WriteString(" ")
		}
		switch word {
		case "TUBE":
			word = ev.tube
			if ev.lab != "" && ev.kind != engine.KindResult {
				word += " by " + ev.lab
			}
		case "PERSON":
			if word = ev.person; ev.number != 0 {
				word = fmt.Sprint("order ", ev.number)
			}
		case "TO":
			word = ev.to
		case "ROUND":
			word = ev.round
		case "AT":
			word = clock(ev.at)
		case "REPORTED":
			word = clock(ev.reported)
		case "VERDICT":
			word = ev.verdict.String()
		}
		b.WriteString(word)
	}
	if ev.kind == engine.KindResult {
		fmt.Fprintf(b, " lab %s", ev.lab)
		if ev.stage != engine.Final {
			fmt.Fprintf(b, " %s", ev.stage)
		}
	}
}

func (ev event) tellMaster(b *strings.Builder) {
	code, fields := ev.item()
	for word, kind := range kinds {
		if kind == ev.kind {
			b.WriteString(word + " " + code + ev.person)
		}
	}
	for _, f := range fields {
		word, value := f.word, f.value
		timed := slices.Contains([]string{"opens", "closes", "effective"}, word) || word == "vaccinated" && ev.kind == engine.KindRoster
		switch {
		case value == "":
			value = "none"
		case timed:
			value = clock(secondsOf(value))
		case word == "recollect":
			value = (time.Duration(secondsOf(value)) * time.Second).String()
		}
		switch {
		case word == "parent":
			word = "under"
		case word == "kind":
			word = "is"
		case slices.Contains(risks, word):
			word = "cap " + word
		}
		b.WriteString(" " + word + " " + value)
	}
}

// tellEvents writes events as a story.
func tellEvents(events []event) string {
	var b strings.Builder
	var now engine.Seconds
	for _, ev := range events {
		if ev.when() != now {
			now = ev.when()
			fmt.Fprintln(&b, "   it is", clock(now))
		}
		fmt.Fprintln(&b, "  ", ev)
	}
	return b.String()
}

// TestStoriesSurviveWriting ensures that what a random day prints as a story is that day.
func TestStoriesSurviveWriting(t *testing.T) {
	for seed := range uint64(200) {
		for _, ev := range day(seed, seed%2 == 0) {
			again, isEvent, err := parseEvent(strings.Fields(ev.String()))
			again.received = ev.received
			if err != nil || !isEvent || again != ev {
				t.Fatalf("%s: got %s, %v\n%+v\n%+v", ev, again, err, ev, again)
			}
		}
	}
}
