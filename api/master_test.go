package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestMasterDataStory(t *testing.T) {
	// Ensures that master data is taken, known again, and refused where it contradicts itself.
	h := open(t, nil).ready()
	areas := `{"area":"35","name":"省","risk":"low"}` + "\n" + `{"area":"350582","parent":"35","risk":"high"}` + "\n"
	h.take("PUT", "/v1/areas", areas)
	h.take("PUT", "/v1/areas", areas, `"accepted":0,"duplicates":2,"rejected":0`)
	h.take("PUT", "/v1/areas", `{"area":"35","parent":"350582"}`+"\n", `"code":"field_invalid","message":"The field \"parent\" does not fit what is known already."`)
	h.take("PUT", "/v1/sites", `{"site":"S01","name":"东门","area":"350582","kind":"fixed","lab":"L1","opens":"06:00-21:30"}`+"\n")
	h.take("PUT", "/v1/labs", `{"lab":"L1","name":"L","kind":"lab"}`+"\n")
	h.take("POST", "/v1/roster", `{"person":"`+ada+`","name":"陈","area":"350582","household":"H1","circle":3,"groups":["medical_staff"]}`+"\n"+`{"person":"`+bob+`","area":"350582"}`+"\n")
	h.take("POST", "/v1/roster", `{"person":"`+bob+`","area":"350582"}`+"\n", `"duplicates":1`)
	h.take("PUT", "/v1/rounds/R1", `{"closes_at":"2022-04-03T00:00:00+08:00","opens_at":"2022-04-04T00:00:00+08:00"}`+"\n",
		`"code":"field_invalid","message":"The field \"closes_at\" does not fit what is known already."`)
	status, text, _ := h.ask("PUT", "/v1/rounds/R1", "{\n \"areas\": [\"35\"]\n}", "Content-Type: application/json")
	if status != 200 || !strings.Contains(text, `"accepted":1`) {
		t.Errorf("a round over several lines: got %d %s", status, text)
	}
	// People of the roster are known, and have had no swab.
	h.look(person(ada), `"state":"unknown"`)
	// Policy decides: of a high risk, one to a tube.
	h.take("POST", "/v1/scans", scan("T1", ada, "04T08:00:00"))
	h.look("/v1/tubes/T1", `"mode":"single"`, `"capacity":1`, `"round":"R1"`)
	h.take("POST", "/v1/events", event("excuse", "04T09:00:00", `"person":"`+bob+`"`, `"round":"R1"`, `"reason":"moved out"`))
}

func TestMasterDataLists(t *testing.T) {
	// Ensures that master data can be read back, page by page, and that what only events
	// mention is there as provisional.
	h := open(t, nil).ready()
	h.take("PUT", "/v1/areas", `{"area":"35","name":"省","risk":"high"}`+"\n"+`{"area":"350582","parent":"35"}`+"\n")
	h.take("PUT", "/v1/labs", `{"lab":"CDC","kind":"cdc"}`+"\n")
	h.take("POST", "/v1/scans", strings.Replace(scan("T1", ada, "04T08:00:00"), "{", `{"site":"S77",`, 1))
	h.look("/v1/areas", `{"area":"35","name":"省","parent":null,"risk":"high","provisional":false}`+"\n"+`{"area":"350582","name":null,"parent":"35","risk":"high","provisional":false}`)
	h.look("/v1/sites", `{"site":"S77","name":null,"area":null,"kind":`, `"provisional":true}`)
	h.look("/v1/labs", `{"lab":"CDC","name":null,"kind":"cdc","provisional":false}`)
	if status, text, header := h.ask("GET", "/v1/areas?limit=1", ""); status != 200 || strings.Count(text, "\n") != 1 || header.Get("X-Next-After") != "1" {
		t.Errorf("first page: got %d %s, next %q", status, text, header.Get("X-Next-After"))
	}
	h.look("/v1/areas?limit=1&after=1", `"area":"350582"`)
	h.look("/v1/areas?after=99999999999", "")
}

func TestPolicyRefusals(t *testing.T) {
	// Ensures that what a round's policy forbids is refused with code and sentence, and that
	// a late scan is taken with the code as a flag.
	h := open(t, nil).ready()
	h.take("PUT", "/v1/rounds/R1", `{"caps":{"low":2},"single_groups":["isolation"],"vaccinated_48h":"defer","opens_at":"2022-04-04T00:00:00+08:00"}`+"\n")
	h.take("POST", "/v1/roster", `{"person":"`+ada+`","groups":["isolation"]}`+"\n"+`{"person":"`+bob+`","vaccinated_at":"2022-04-03T08:00:00+08:00"}`+"\n")
	h.take("POST", "/v1/events", event("tube.open", "04T07:00:00", `"tube":"T1"`, `"mode":"pool"`, `"capacity":5`, `"round":"R1"`), `"accepted":1`)
	for i := range 2 {
		h.take("POST", "/v1/scans", scan("T1", fmt.Sprintf("passport:USA:%09d", i), "04T08:00:00"))
	}
	late := func(line string) string { return strings.Replace(line, "{", `{"late":true,`, 1) }
	for _, c := range []struct{ line, code, message string }{
		{scan("T1", ada, "04T08:00:00"), "must_be_single", "This person needs a tube of their own."},
		{scan("T1", bob, "04T08:00:00"), "deferred", "This person was vaccinated less than 48 hours before, and the round defers them."},
		{scan("T1", cat, "04T08:00:00"), "capacity_over_policy", "Tube T1 holds 2 people, and the policy of the round lets 2 share one."},
		{strings.Replace(scan("T1", "twn:12345678", "04T08:00:00"), "{", `{"round":"R9",`, 1), "tube_of_other_round", "Tube T1 belongs to another round."},
	} {
		h.take("POST", "/v1/scans", c.line, `"rejected":1,"errors":[{"index":0,"code":"`+c.code+`","message":"`+c.message+`"}]`)
		h.take("POST", "/v1/scans", late(c.line)+late(c.line), `"accepted":1,"duplicates":1`, `{"index":0,"code":"`+c.code+`"}`)
		who := c.line[strings.Index(c.line, `"person"`):strings.LastIndex(c.line, ",")]
		h.take("POST", "/v1/events", event("unscan", "04T08:10:00", `"tube":"T1"`, who, `"reason":"x"`))
	}
}

func TestStrictMasterData(t *testing.T) {
	// Ensures that a strict server refuses people, sites and laboratories that no master data named.
	h := open(t, nil).ready()
	h.server.cfg.StrictMasterData = true
	at := func(site string) string {
		return strings.Replace(scan("T1", ada, "04T08:00:00"), "{", `{"site":"`+site+`",`, 1)
	}
	h.take("POST", "/v1/scans", at("S1"), `"code":"person_unknown","message":"This person is not in the roster, and this server takes nobody else."`)
	h.take("POST", "/v1/roster", `{"person":"`+ada+`"}`+"\n")
	h.take("POST", "/v1/scans", at("S1"), `"code":"site_unknown","message":"This site is not known, and this server takes no other."`)
	h.take("PUT", "/v1/sites", `{"site":"S1"}`+"\n")
	h.take("POST", "/v1/scans", at("S1"))
	h.take("POST", "/v1/results", result("T1", "negative", "04T14:00:00"), `"code":"lab_unknown","message":"This laboratory is not known, and this server takes no other."`)
	h.take("PUT", "/v1/labs", `{"lab":"L1"}`+"\n")
	h.take("POST", "/v1/results", result("T1", "negative", "04T14:00:00"))
}
