package api

import (
	"strings"
	"testing"

	"poolwise/engine"
	"poolwise/ingest"
)

func TestMasterDataRefusals(t *testing.T) {
	// Ensures that master data with a bad body, path or method is refused, whole or by item,
	// in constant sentences, and that nothing of it is applied.
	h := open(t, nil).ready()
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"POST", "/v1/areas", `{"area":"35"}`, 405, "method_not_allowed"},
		{"GET", "/v1/roster", "", 405, "method_not_allowed"},
		{"DELETE", "/v1/rounds/R1", "", 405, "method_not_allowed"},
		{"PUT", "/v1/rounds/", `{}`, 404, "not_found"},
		{"PUT", "/v1/rounds/a%20b", `{}`, 400, "field_invalid"},
		{"PUT", "/v1/rounds/R1/x", `{}`, 400, "field_invalid"},
		{"PUT", "/v1/rounds/R1", "{}\n{}", 400, "bad_encoding"},
		{"PUT", "/v1/rounds/R1", "\n", 400, "empty_batch"},
		{"PUT", "/v1/areas?dry_run=x", `{"area":"35"}`, 400, "field_invalid"},
		{"PUT", "/v1/sites", "", 415, "unsupported_media_type"},
		{"POST", "/v1/roster", strings.Repeat("{}\n", 100_001), 413, "too_many_items"},
	} {
		h.wantCode(c.method, c.path, c.body, c.status, c.code)
	}
	for _, c := range []struct{ method, path, body, code, message string }{
		{"PUT", "/v1/areas", `{"name":"x"}`, "field_missing", `The field \"area\" is missing.`},
		{"PUT", "/v1/sites", `{"site":"S1","kind":"tent"}`, "field_invalid", `The field \"kind\" must be fixed, standby, gate or mobile for a site, lab or cdc for a laboratory.`},
		{"PUT", "/v1/labs", `{"lab":"L 1"}`, "field_invalid", `The field \"lab\" must be 1 to 32 of 0-9, A-Z, a-z, dot, underscore and hyphen.`},
		{"PUT", "/v1/rounds/R1", `{"round":"R2"}`, "field_invalid", `The field \"round\" must be the round of the path.`},
		{"PUT", "/v1/rounds/R1", `{"closes_at":"2022-04-05T06:00:00"}`, "time_without_offset", `The field \"closes_at\" has no offset from UTC.`},
		{"POST", "/v1/roster", `{"person":"990101199003070024"}`, "person_invalid", `The field \"person\" must be an 18-digit ID with a right check character, or TYPE:VALUE of a known type.`},
		{"POST", "/v1/roster", `{`, "bad_syntax", `The item is not a JSON object.`},
		{"POST", "/v1/events", `{"type":"box.pack","box":"B1"}`, "field_invalid", `The field \"type\" names an event that this version does not take yet.`},
		{"POST", "/v1/events", `{"type":"area","area":"35"}`, "field_invalid", `The field \"type\" must be the type of an event that this request may hold.`},
		{"POST", "/v1/events", `{"type":"person.merge","from":"` + ada + `","to":"` + ada + `","at":"2022-04-04T08:00:00+08:00"}`, "field_invalid", `The field \"to\" must be a string that names another person than from.`},
	} {
		h.want(c.method, c.path, c.body, 200, `{"received":1,"accepted":0,"duplicates":0,"rejected":1,"errors":[{"index":0,"code":"`+c.code+`","message":"`+c.message+
			`"}],"flagged":0,"flags":[],"as_of":0}`)
	}
	if h.engine.Applied() != 0 || h.pipe.InflightBytes() != 0 {
		t.Errorf("got position %d and %d bytes in flight; want none", h.engine.Applied(), h.pipe.InflightBytes())
	}
}

func TestEveryRefusalHasASentence(t *testing.T) {
	// Ensures that every outcome of the rules has a sentence of its own, of items with and
	// without a tube, and that the answer never breaks.
	var b engine.Batch
	code := b.Put([]byte("T1"))
	b.Tubes = append(b.Tubes, code)
	b.Add(engine.KindScan, 0, 0, 0, 0, 0, 0, engine.Span{})
	b.Add(engine.KindRound, 0, engine.NoTube, 0, 0, 0, 0, engine.Span{})
	b.PrepareAnswers()
	seen := map[string]engine.Outcome{}
	for outcome := engine.RefusedTubeVoid; outcome <= engine.RefusedField; outcome++ {
		row := 0
		if outcome == engine.RefusedField {
			row = 1
			b.Detail[row] = uint32(engine.FieldCapLow)
		}
		b.Outcome[row] = outcome
		text := string(appendRefusal(nil, &b, row))
		if other, twice := seen[text]; twice || !strings.HasPrefix(text, `"`) || !strings.HasSuffix(text, `."`) || strings.Contains(text, "does not take this") {
			t.Errorf("%s: got %s, as %v", outcome.Code(), text, other)
		}
		seen[text] = outcome
		b.Outcome[1] = outcome
		if text := string(appendRefusal(nil, &b, 1)); !strings.HasSuffix(text, `."`) {
			t.Errorf("%s without a tube: got %s", outcome.Code(), text)
		}
	}
	for want, c := range map[string]struct {
		outcome engine.Outcome
		detail  uint32
	}{
		`"Tube T1 holds 5 people, and the policy of the round lets 5 share one."`: {engine.RefusedCapacityOverPolicy, 5<<8 | 5},
		`"Tube T1 holds 10 of 10 people."`:                                        {engine.RefusedTubeFull, 10<<8 | 10},
	} {
		b.Outcome[0], b.Detail[0] = c.outcome, c.detail
		if got := string(appendRefusal(nil, &b, 0)); got != want {
			t.Errorf("got %s; want %s", got, want)
		}
	}
	b.Outcome[1], b.Detail[1] = engine.RefusedField, uint32(engine.FieldCapLow)
	if got := string(appendRefusal(nil, &b, 1)); got != `"The field \"caps.low\" does not fit what is known already."` {
		t.Errorf("got %s", got)
	}
}

func TestDurationsAsWritten(t *testing.T) {
	// Ensures that a policy's durations are written as requests write them.
	for text, seconds := range map[string]int64{"48h": 172800, "72h": 259200, "24h": 86400, "5d": 432000, "7d": 604800, "30m": 1800, "90m": 5400, "121h": 435600} {
		if got := string(appendDuration(nil, engine.Seconds(seconds))); got != `"`+text+`"` {
			t.Errorf("got %s; want %s", got, text)
		}
		if got, ok := ingest.ParseDuration([]byte(text)); !ok || got != seconds {
			t.Errorf("%s: got %d", text, got)
		}
	}
}
