package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestRoundsOverHTTP(t *testing.T) {
	// Ensures that a round is read as it was put, by the version in force at the reader's
	// instant, and that rounds only mentioned and never heard of are told apart.
	h := open(t, nil).ready()
	h.wantCode("GET", "/v1/rounds/R1", "", 404, "round_unknown")
	h.wantCode("GET", "/v1/rounds/R%201", "", 400, "field_invalid")
	h.wantCode("GET", "/v1/rounds/R1?at=now", "", 400, "field_invalid")
	standard := `{"round":"default","name":null,"provisional":false,"version":1,"versions":1,"effective_at":null,"opens_at":null,"closes_at":null,"areas":[],"window":"48h","basis":"sampled",` +
		`"caps":{"low":10,"medium":10,"high":10,"closed":10},"single_groups":[],"vaccinated_48h":"any","sla":{"to_lab":"4h","to_result":"24h","recollect":"6h"},"recheck":"new_specimen","release":"each"`
	h.want("GET", "/v1/rounds/default", "", 200, standard+`,"as_of":0}`)
	h.take("PUT", "/v1/rounds/R1", `{"name":"第一轮","opens_at":"2022-04-04T00:00:00+08:00","closes_at":"2022-04-06T00:00:00+08:00","areas":["36","35"],"window":"5d","basis":"reported",`+
		`"caps":{"low":20,"closed":1},"single_groups":["isolation"],"vaccinated_48h":"defer","sla":{"recollect":"90m"},"recheck":"same_specimen","release":"all"}`+"\n")
	first := `{"round":"R1","name":"第一轮","provisional":false,"version":1,"versions":%d,"effective_at":null,"opens_at":"2022-04-04T00:00:00+08:00","closes_at":"2022-04-06T00:00:00+08:00",` +
		`"areas":["35","36"],"window":"5d","basis":"reported","caps":{"low":20,"medium":5,"high":1,"closed":1},"single_groups":["isolation"],"vaccinated_48h":"defer",` +
		`"sla":{"to_lab":"4h","to_result":"24h","recollect":"90m"},"recheck":"same_specimen","release":"all"`
	h.want("GET", "/v1/rounds/R1", "", 200, fmt.Sprintf(first, 1)+`,"as_of":1}`)
	h.take("PUT", "/v1/rounds/R1", `{"round":"R1","window":"24h","caps":null,"effective_at":"2022-04-05T00:00:00+08:00"}`+"\n")
	h.want("GET", "/v1/rounds/R1", "", 200, fmt.Sprintf(first, 2)+`,"as_of":2}`)
	h.look("/v1/rounds/R1?at=2022-04-05T00:00:00%2B08:00", `"version":2,"versions":2,"effective_at":"2022-04-05T00:00:00+08:00"`, `"window":"24h"`,
		`"caps":{"low":10,"medium":5,"high":1,"closed":"household"}`)
	h.take("POST", "/v1/events", event("excuse", "04T09:00:00", `"person":"`+bob+`"`, `"round":"R7"`, `"reason":"moved out"`))
	h.look("/v1/rounds/R7", `"round":"R7","name":null,"provisional":true,"version":0,"versions":0`, `"window":"48h"`)
	_, text, _ := h.ask("GET", "/v1/rounds", "")
	if lines := strings.Split(text, "\n"); len(lines) != 4 || lines[0] != standard+"}" || lines[1] != fmt.Sprintf(first, 2)+"}" || !strings.HasPrefix(lines[2], `{"round":"R7"`) {
		t.Errorf("got %s", text)
	}
	if status, text, _ := h.ask("HEAD", "/v1/rounds/R1", ""); status != 200 || text != "" {
		t.Errorf("HEAD: got %d %s", status, text)
	}
}

func TestProofByPolicy(t *testing.T) {
	// Ensures that a status is judged by the round that covers the person, unless the reader
	// says otherwise, and that the feed is judged alike.
	h := open(t, nil).ready()
	h.take("PUT", "/v1/rounds/R1", `{"areas":["35"],"window":"24h","basis":"reported","opens_at":"2022-04-01T00:00:00+08:00"}`+"\n")
	h.take("POST", "/v1/roster", `{"person":"`+ada+`","area":"35"}`+"\n")
	h.take("POST", "/v1/scans", scan("T1", ada, "03T08:00:00")+scan("T1", bob, "03T08:00:00"), `"accepted":2`)
	h.take("POST", "/v1/results", result("T1", "negative", "03T20:00:00"))
	h.look(person(ada), `"code":"green"`, `"proof":{"window":"24h","valid":true,"expires_at":"2022-04-04T20:00:00+08:00"}`)
	h.look(person(bob), `"proof":{"window":"48h","valid":true,"expires_at":"2022-04-05T08:00:00+08:00"}`)
	h.look(person(ada)+"?basis=sampled", `"code":"grey"`, `"proof":{"window":"24h","valid":false,"expires_at":"2022-04-04T08:00:00+08:00"}`)
	h.look(person(ada)+"?window=72h", `"proof":{"window":"72h","valid":true,"expires_at":"2022-04-06T20:00:00+08:00"}`)
	h.look(person(ada)+"?window=72h&basis=sampled", `"expires_at":"2022-04-06T08:00:00+08:00"}`)
	h.want("POST", "/v1/status", `{"people":["twn:12345678"]}`, 200, `{"person":"twn:12345678","state":"unknown","code":"grey","since":null,"code_until":null,"last_negative":null,`+
		`"proof":{"window":"48h","valid":false,"expires_at":null},"pending":null,"causes":[],"recollection":null,"recheck":null,"as_of":4}`, "Content-Type: application/json")
	h.look("/v1/changes?states=negative", `"person":"`+ada+`","state":"negative","code":"green","previous":"sampled","since":"2022-04-03T20:00:00+08:00","code_until":"2022-04-04T20:00:00+08:00"`,
		`"person":"`+bob+`","state":"negative","code":"green","previous":"sampled","since":"2022-04-03T20:00:00+08:00","code_until":"2022-04-05T08:00:00+08:00"`)
}

func TestCoverageOverHTTP(t *testing.T) {
	// Ensures that coverage is told for a node and for each part of it, and who is missing by pages.
	h := open(t, nil).ready()
	h.take("PUT", "/v1/areas", `{"area":"35"}`+"\n"+`{"area":"3501","parent":"35"}`+"\n"+`{"area":"3502","parent":"35"}`+"\n")
	h.take("PUT", "/v1/rounds/R1", `{"areas":["35"],"opens_at":"2022-04-04T00:00:00+08:00"}`+"\n")
	var roster strings.Builder
	for i := range 6 {
		fmt.Fprintf(&roster, `{"person":"twn:%08d","area":%q}`+"\n", i, []string{"35", "3501", "3502"}[i%3])
	}
	h.take("POST", "/v1/roster", roster.String())
	h.take("POST", "/v1/scans", scan("T1", "twn:00000000", "04T08:00:00")+scan("T1", "twn:00000001", "04T08:01:00")+
		strings.Replace(scan("T1", cat, "04T08:02:00"), "{", `{"area":"3501",`, 1))
	h.take("POST", "/v1/events", event("excuse", "04T09:00:00", `"person":"twn:00000002"`, `"round":"R1"`, `"reason":"moved out"`)+
		event("tube.receive", "04T10:00:00", `"tube":"T1"`, `"lab":"L1"`))
	h.take("POST", "/v1/results", result("T1", "negative", "04T12:00:00"))
	line := `{"round":"R1","area":%s,"expected":%d,"sampled":%d,"excused":%d,"missing":%d,"unrostered":%d,"received":%d,"resulted":%d,"negative":%d,"must_resample":0,"held":0,"suspect":0,"confirmed":0,"as_of":6}`
	h.want("GET", "/v1/rounds/R1/coverage", "", 200, fmt.Sprintf(line, "null", 7, 3, 1, 3, 1, 3, 3, 3))
	h.want("GET", "/v1/rounds/R1/coverage?area=3501", "", 200, fmt.Sprintf(line, `"3501"`, 3, 2, 0, 1, 1, 2, 2, 2))
	h.want("GET", "/v1/rounds/R1/coverage?area=35&by=area", "", 200, fmt.Sprintf(line, `"3501"`, 3, 2, 0, 1, 1, 2, 2, 2)+"\n"+
		fmt.Sprintf(line, `"3502"`, 2, 0, 1, 1, 0, 0, 0, 0)+"\n"+strings.Replace(fmt.Sprintf(line, `"35"`, 2, 1, 0, 1, 0, 1, 1, 1), `"expected"`, `"own":true,"expected"`, 1))
	h.want("GET", "/v1/rounds/R1/missing?area=3502", "", 200, `{"person":"twn:00000005"}`)
	var got strings.Builder
	if _, _, header := h.ask("GET", "/v1/rounds/R1/missing", ""); header.Get("X-As-Of") != "6" {
		t.Errorf("missing list: got position %q; want that of the coverage, 6", header.Get("X-As-Of"))
	}
	path := "/v1/rounds/R1/missing?limit=2"
	for range 9 {
		_, text, header := h.ask("GET", path, "")
		got.WriteString(text)
		after := header.Get("X-Next-After")
		if after == "" {
			break
		}
		path = "/v1/rounds/R1/missing?limit=2&after=" + after
	}
	if want := "{\"person\":\"twn:00000003\"}\n{\"person\":\"twn:00000004\"}\n{\"person\":\"twn:00000005\"}\n"; got.String() != want {
		t.Errorf("got %s", got.String())
	}
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"/v1/rounds/R9/coverage": {404, "round_unknown"}, "/v1/rounds/R9/missing": {404, "round_unknown"}, "/v1/rounds/R1/coverage?area=99": {404, "area_unknown"},
		"/v1/rounds/R1/missing?area=99": {404, "area_unknown"}, "/v1/rounds/R1/coverage?area=x": {400, "field_invalid"}, "/v1/rounds/R1/coverage?by=colour": {400, "field_invalid"},
		"/v1/rounds/R1/coverage?by=x": {400, "field_invalid"}, "/v1/rounds/R%2F1/missing": {404, "not_found"}, "/v1/rounds/R1/missing?after=99999999999": {400, "field_invalid"},
		"/v1/rounds/R1/missing?limit=x": {400, "field_invalid"},
	} {
		h.wantCode("GET", path, "", want.status, want.code)
	}
	h.wantCode("POST", "/v1/rounds/R1/coverage", "{}", 405, "method_not_allowed")
}
