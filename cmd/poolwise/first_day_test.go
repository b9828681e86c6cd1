package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestServeStopsAtAnyHourOfTheFirstDay(t *testing.T) {
	// Ensures that a server which stops cleanly after each of a first day's steps, however little
	// there is yet, goes on at the next start as if it had never stopped.
	dir := filepath.Join(t.TempDir(), "data")
	const ada = "passport:USA:560018301"
	steps := []struct{ path, body string }{
		{"/v1/roster", `{"person":"` + ada + `","area":"990101"}`},
		{"/v1/events", `{"type":"excuse","person":"` + ada + `","round":"R1","reason":"fever","at":"2022-04-04T07:00:00+08:00"}`},
		{"/v1/scans", `{"tube":"T1","person":"` + ada + `","at":"2022-04-04T08:00:00+08:00"}`},
		{"/v1/events", `{"type":"tube.close","tube":"T1","at":"2022-04-04T09:00:00+08:00","members":1}`},
		{"/v1/results", `{"tube":"T1","verdict":"positive","lab":"L1","tested_at":"2022-04-04T15:00:00+08:00"}`},
		{"/v1/scans", `{"tube":"T2","person":"` + ada + `","at":"2022-04-04T18:00:00+08:00","mode":"single"}`},
		{"/v1/results", `{"tube":"T2","verdict":"negative","lab":"L1","tested_at":"2022-04-04T20:00:00+08:00"}`},
	}
	for first := range steps { // each step is once the first of a store
		dir := fmt.Sprint(dir, first)
		for _, step := range steps[first:] {
			r := begin(t, func(c *Config) { c.Data = dir })
			if got := r.post(step.path+"?dry_run=1", step.body); !strings.Contains(got, `"accepted":1,`) {
				t.Errorf("from step %d: %s, tried: got %s", first, step.body, got)
			}
			if got := r.post(step.path, step.body); !strings.Contains(got, `"accepted":1,`) {
				t.Errorf("from step %d: %s: got %s", first, step.body, got)
			}
			r.end()
		}
		if first == len(steps)-1 {
			break // a result alone: nobody has been heard of
		}
		r := begin(t, func(c *Config) { c.Data = dir })
		if got := r.get("/v1/people/" + ada + "/status"); !strings.Contains(got, `"state":"negative"`) {
			t.Errorf("from step %d: got %s", first, got)
		}
		r.end()
	}
}
