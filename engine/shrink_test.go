package engine_test

import (
	"errors"
	"slices"
	"testing"
)

// shrink drops events for as long as the day still fails, larger pieces first, and
// returns what is left with its failure.
func shrink(events []event, why error, fails func([]event) error) ([]event, error) {
	for piece := max(len(events)/2, 1); piece >= 1; piece /= 2 {
		for from := 0; from < len(events); {
			fewer := slices.Concat(events[:from], events[min(from+piece, len(events)):])
			if err := fails(fewer); err != nil {
				events, why = fewer, err
			} else {
				from += piece
			}
		}
		if piece == 1 {
			break
		}
	}
	return events, why
}

// TestShrink ensures that a failing day shrinks to the events that make it fail.
func TestShrink(t *testing.T) {
	events := day(7, false)
	need := []event{events[1], events[len(events)-1]}
	fails := func(fewer []event) error {
		if slices.Contains(fewer, need[0]) && slices.Contains(fewer, need[1]) {
			return errors.New("it fails")
		}
		return nil
	}
	small, why := shrink(events, fails(events), fails)
	if why == nil || !slices.Equal(small, need) {
		t.Errorf("want\n%sgot\n%s", tellEvents(need), tellEvents(small))
	}
}
