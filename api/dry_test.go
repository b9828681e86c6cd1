package api

import (
	"fmt"
	"strings"
	"testing"

	"poolwise/engine"
	"poolwise/ingest"
)

// sees is what a client can read.
func (h *house) sees() string {
	var all strings.Builder
	for _, path := range []string{"/v1/tubes/T1", "/v1/tubes/T2", "/v1/tubes/T9", "/v1/rounds", "/v1/rounds/R1/coverage", "/v1/rounds/R1/missing", "/v1/changes",
		"/v1/areas", "/v1/sites", "/v1/labs", "/v1/recollections", "/v1/alerts", person(ada), person(bob), person(cat)} {
		status, text, _ := h.ask("GET", path, "")
		fmt.Fprintln(&all, path, status, text)
	}
	return all.String()
}

func TestDryRunOfEveryEndpoint(t *testing.T) {
	// Ensures that every way in answers a dry run as it answers the same request a moment
	// later, but for dry_run and as_of, and that nothing that can be read has changed; of
	// a batch whose items hang on each other, and of one in which all are refused too.
	h := open(t, nil).ready()
	full := ""
	for i := range 12 {
		full += scan("T1", fmt.Sprintf("passport:USA:5600183%02d", i), "04T08:00:00")
	}
	for _, c := range []struct{ method, path, body, want string }{
		{"PUT", "/v1/areas", `{"area":"35","name":"省"}` + "\n" + `{"area":"3505","parent":"35"}` + "\n" + `{"area":"35","parent":"3505"}`, `"code":"field_invalid"`},
		{"PUT", "/v1/sites", `{"site":"S1","area":"3505"}` + "\n", `"accepted":1`},
		{"PUT", "/v1/labs", `{"lab":"L1"}` + "\n" + `{"lab":"L1"}` + "\n", `"duplicates":1`},
		{"PUT", "/v1/rounds/R1", `{"areas":["35"]}`, `"accepted":1`},
		{"POST", "/v1/roster", `{"person":"` + ada + `","name":"测试甲","area":"3505"}` + "\n" + `{"person":"` + bob + `","area":"35"}` + "\n", `"accepted":2`},
		{"POST", "/v1/scans", scan("T2", ada, "04T08:00:00") + "{}\n" + full, `"code":"tube_full","message":"Tube T1 holds 10 of 10 people."`},
		{"POST", "/v1/results", result("T2", "positive", "04T12:00:00") + result("T9", "negative", "04T12:00:00"), `"code":"tube_unknown"`},
		{"POST", "/v1/events", event("excuse", "04T09:00:00", `"person":"`+bob+`"`, `"round":"R1"`, `"reason":"away"`), `"accepted":1`},
		{"POST", "/v1/scans", "x\n{}\n", `"accepted":0,"duplicates":0,"rejected":2`},
	} {
		before, applied := h.sees(), h.engine.Applied()
		status, dry, _ := h.ask(c.method, c.path+"?dry_run=1", c.body)
		if tail := fmt.Sprintf(`,"dry_run":true,"as_of":%d}`+"\n", applied); status != 200 || !strings.HasSuffix(dry, tail) || !strings.Contains(dry, c.want) {
			t.Errorf("%s %s: got %d %s; want %s and %s", c.method, c.path, status, dry, c.want, tail)
		}
		if after := h.sees(); after != before || h.engine.Applied() != applied {
			t.Errorf("%s %s: a dry run can be seen:\n%s\nbefore:\n%s", c.method, c.path, after, before)
		}
		_, real, _ := h.ask(c.method, c.path+"?dry_run=0", c.body)
		wantReal := strings.Replace(dry, fmt.Sprintf(`,"dry_run":true,"as_of":%d`, applied), fmt.Sprintf(`,"as_of":%d`, h.engine.Applied()), 1)
		if real != wantReal {
			t.Errorf("%s %s:\ngot        %sdry run said %s", c.method, c.path, real, dry)
		}
	}
	h.wantCode("POST", "/v1/scans?dry_run=1", "\n", 400, "empty_batch")
	h.wantCode("POST", "/v1/scans?dry_run=yes", full, 400, "field_invalid")
	if h.pipe.InflightBytes() != 0 {
		t.Errorf("got %d bytes in flight; want none", h.pipe.InflightBytes())
	}
}

// heldMachine does a dry run only when it may.
type heldMachine struct {
	*engine.Engine
	entered, hold chan struct{}
}

func (m heldMachine) DryRun(b *engine.Batch) bool {
	m.entered <- struct{}{}
	<-m.hold
	return m.Engine.DryRun(b)
}

func TestDryRunOverload(t *testing.T) {
	// Ensures that past a few dry runs that wait further ones are refused with 503 and
	// Retry-After, and that those that were taken in are answered.
	m := heldMachine{entered: make(chan struct{}), hold: make(chan struct{})}
	h := open(t, func(cfg *ingest.PipelineConfig) {
		m.Engine = cfg.Machine.(*engine.Engine)
		cfg.Machine = m
	}).ready()
	const sent, taken = 12, 8
	type said struct {
		status int
		retry  string
	}
	answers := make(chan said, sent)
	for i := range sent {
		go func() {
			status, _, header := h.ask("POST", "/v1/scans?dry_run=1", scan(fmt.Sprint("T", i), ada, "04T08:00:00"))
			answers <- said{status, header.Get("Retry-After")}
		}()
		if i == 0 {
			<-m.entered
		}
	}
	for range sent - taken {
		if a := <-answers; a.status != 503 || a.retry == "" {
			t.Fatalf("got %+v; want 503 with Retry-After", a)
		}
	}
	close(m.hold)
	for range taken - 1 {
		<-m.entered
	}
	for range taken {
		if a := <-answers; a.status != 200 {
			t.Errorf("got %+v; want 200", a)
		}
	}
}
