package loadtest

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"
)

func TestFullLines(t *testing.T) {
	// Ensures that full lines are JSON that names everybody, and that only a plain day has them.
	plan := Plan{People: 3000, Seed: 3, Plain: true, Full: true, Day: time.Date(2022, 4, 4, 0, 0, 0, 0, time.UTC)}
	city, err := NewCity(plan)
	if err != nil {
		t.Fatal(err)
	}
	e := encoder{city: city}
	seen := map[string]bool{}
	for person := range uint32(3000) {
		line := e.appendEvent(nil, &Event{Kind: Scan, Tube: TubeCode{Series: 'T', Number: uint32(person)}, Person: person, Site: person / 1300, Late: person%7 == 0})
		var scan struct{ Person, Name, Phone, Area, Site, At string }
		if err := json.Unmarshal(line, &scan); err != nil {
			t.Fatalf("got %s: %v", line, err)
		}
		if utf8.RuneCountInString(scan.Name) != 4 || len(scan.Phone) != 11 || len(scan.Area) < 6 || scan.Site == "" || scan.At == "" || scan.Person == "" {
			t.Fatalf("got %s", line)
		}
		seen[scan.Name+scan.Phone] = true
	}
	if len(seen) != 3000 {
		t.Errorf("got %d names and phones of 3000 people", len(seen))
	}
	plan.Plain = false
	if _, err := NewCity(plan); err == nil {
		t.Error("want an error for full lines of a day that is not plain; got none")
	}
}
