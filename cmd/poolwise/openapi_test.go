//go:build !race && !lint

package main

// Not under the race detector, for it is one client after another, nor for staticcheck: the validator's modules
// take both minutes.

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pb33f/jsonschema/v6"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
)

// openAPIWalk calls operations and holds their answers to the document.
type openAPIWalk struct {
	*running
	document   map[string]any
	compiler   *jsonschema.Compiler
	schemas    map[string]*jsonschema.Schema
	operations map[string]string // by id: JSON pointer
	answered   map[string]bool   // operation and status
}

// call is one request; a body is NDJSON unless the type says otherwise.
type call struct {
	operation, method, path string
	status                  int
	contentType, body       string
	accept                  string
	header                  string // "Name: value"
	odd                     bool   // the body is wrong on purpose
}

func newOpenAPIWalk(r *running) *openAPIWalk {
	w := &openAPIWalk{running: r, schemas: map[string]*jsonschema.Schema{}, operations: map[string]string{}, answered: map[string]bool{}}
	text := r.get("/openapi.json")
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		r.t.Fatal(err)
	}
	w.document = document.(map[string]any)
	w.compiler = jsonschema.NewCompiler()
	w.compiler.AssertFormat()
	if err := w.compiler.AddResource("openapi.json", document); err != nil {
		r.t.Fatal(err)
	}
	for path, methods := range w.document["paths"].(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			id := operation.(map[string]any)["operationId"].(string)
			if w.operations[id] != "" {
				r.t.Errorf("two operations are called %s", id)
			}
			w.operations[id] = "/paths/" + escaped(path) + "/" + method
		}
	}
	return w
}

// escaped is a key within a JSON pointer.
func escaped(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

// at is the value at a pointer, references followed; nil for none.
func (w *openAPIWalk) at(pointer string) (any, string) {
	v := any(w.document)
	walked := ""
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, ""
		}
		v = m[strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")]
		walked += "/" + part
		if m, ok := v.(map[string]any); ok {
			if ref, ok := m["$ref"].(string); ok {
				v, walked = w.at(strings.TrimPrefix(ref, "#"))
			}
		}
	}
	return v, walked
}

// fits holds a JSON text to the schema at a pointer.
func (w *openAPIWalk) fits(what, pointer, text string) {
	w.t.Helper()
	schema := w.schemas[pointer]
	if schema == nil {
		var err error
		if schema, err = w.compiler.Compile("openapi.json#" + strings.ReplaceAll(strings.ReplaceAll(pointer, "{", "%7B"), "}", "%7D")); err != nil {
			w.t.Fatalf("%s: %v", what, err)
		}
		w.schemas[pointer] = schema
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		w.t.Errorf("%s: got %s, which is no JSON: %v", what, text, err)
		return
	}
	if err := schema.Validate(v); err != nil {
		w.t.Errorf("%s: got %s\n%v", what, text, err)
	}
}

// make calls, and returns the body of the answer.
func (w *openAPIWalk) make(c call) string {
	w.t.Helper()
	operation := w.operations[c.operation]
	if operation == "" {
		w.t.Fatalf("no operation is called %s", c.operation)
	}
	request, err := http.NewRequest(c.method, w.url+c.path, strings.NewReader(c.body))
	if err != nil {
		w.t.Fatal(err)
	}
	if c.contentType == "" {
		c.contentType = "application/x-ndjson"
	}
	if c.body != "" {
		request.Header.Set("Content-Type", c.contentType)
	}
	if c.accept != "" {
		request.Header.Set("Accept", c.accept)
	}
	if name, value, ok := strings.Cut(c.header, ": "); ok {
		request.Header.Set(name, value)
	}
	if c.status == http.StatusOK && c.body != "" && !c.odd {
		w.holdBody(c, operation)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	what := c.method + " " + c.path + " " + c.accept
	if response.StatusCode != c.status {
		w.t.Errorf("%s: got %d %s; want %d", what, response.StatusCode, body, c.status)
	}
	w.holdAnswer(what, operation+"/responses/"+strconv.Itoa(response.StatusCode), response.Header, string(body))
	w.answered[c.operation+" "+strconv.Itoa(response.StatusCode)] = true
	return string(body)
}

// holdBody holds what is sent to the document: an example that it would not take is no example.
func (w *openAPIWalk) holdBody(c call, operation string) {
	w.t.Helper()
	media, _, _ := strings.Cut(c.contentType, ";")
	_, pointer := w.at(operation + "/requestBody/content/" + escaped(media) + "/schema")
	switch {
	case pointer == "":
		w.t.Errorf("%s %s: the document has no body of %s", c.method, c.path, media)
	case media == "application/x-ndjson":
		for line := range strings.Lines(c.body) {
			w.fits("body of "+c.path, pointer, line)
		}
	case media == "application/json":
		w.fits("body of "+c.path, pointer, c.body)
	}
}

// holdAnswer holds an answer to the document: its status, type, headers and every line.
func (w *openAPIWalk) holdAnswer(what, response string, header http.Header, body string) {
	w.t.Helper()
	v, response := w.at(response)
	if v == nil {
		w.t.Errorf("%s: the document does not have this status", what)
		return
	}
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	_, pointer := w.at(response + "/content/" + escaped(media) + "/schema")
	if pointer == "" {
		w.t.Errorf("%s: the document has no answer of %s", what, media)
		return
	}
	headers, _ := v.(map[string]any)["headers"].(map[string]any)
	for name := range header {
		if _, known := headers[name]; !known && strings.HasPrefix(name, "X-") {
			w.t.Errorf("%s: the document has no header %s", what, name)
		}
	}
	switch media {
	case "application/x-ndjson":
		for line := range strings.Lines(body) {
			w.fits(what, pointer, line)
		}
	case "application/json":
		w.fits(what, pointer, body)
	default:
		if body == "" {
			w.t.Errorf("%s: got nothing", what)
		}
	}
}

func TestOpenAPIDocument(t *testing.T) {
	// Ensures that /openapi.json is a valid OpenAPI 3.1 document, by a validator that is not ours.
	r := begin(t, func(c *Config) { c.Data = filepath.Join(t.TempDir(), "data") })
	document, err := libopenapi.NewDocument([]byte(r.get("/openapi.json")))
	if err != nil {
		t.Fatal(err)
	}
	if v := document.GetVersion(); v != "3.1.0" {
		t.Errorf("got version %s; want 3.1.0", v)
	}
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, errs := v.ValidateDocument(); !ok {
		for _, err := range errs {
			t.Error(err.Message, err.Reason)
			for _, s := range err.SchemaValidationErrors {
				t.Error("  ", s.Reason)
			}
		}
	}
}

func TestOpenAPIWalk(t *testing.T) {
	// Ensures that every operation of /openapi.json answers as it says: called as it is meant
	// to be, with every status that it names and a test can bring about, each answer held to its schema.
	w := newOpenAPIWalk(begin(t, func(c *Config) { c.Data = filepath.Join(t.TempDir(), "data") }))
	const (
		json_ = "application/json"
		csv   = "text/csv"
		xlsx  = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		ada   = "passport:USA:560018301"
		bob   = "passport:USA:560018302"
		cat   = "passport:USA:560018303"
	)
	for _, c := range []call{
		{operation: "getWelcome", method: "GET", path: "/"},
		{operation: "getDocs", method: "GET", path: "/docs"},
		{operation: "getOpenAPI", method: "GET", path: "/openapi.json"},
		{operation: "getHealth", method: "GET", path: "/healthz"},
		{operation: "getReady", method: "GET", path: "/readyz"},
		{operation: "getMetrics", method: "GET", path: "/metrics"},

		{operation: "putAreas", method: "PUT", path: "/v1/areas", body: `{"area":"9901","name":"North","risk":"low"}` + "\n" + `{"area":"990101","name":"East","parent":"9901"}` + "\n"},
		{operation: "putAreas", method: "PUT", path: "/v1/areas", contentType: csv, body: "area,name,parent\n990102,West,9901\n"},
		{operation: "putSites", method: "PUT", path: "/v1/sites", contentType: json_, body: `[{"site":"S01","area":"990101","kind":"fixed","lab":"L1","opens":"06:00-21:30"},{"site":"S02"}]`},
		{operation: "putLabs", method: "PUT", path: "/v1/labs", contentType: json_, body: `{"lab":"CDC1","kind":"cdc","name":"Disease control"}`},
		{operation: "putRound", method: "PUT", path: "/v1/rounds/R1", contentType: json_, body: `{"name":"First","areas":["9901"],"opens_at":"2022-04-04T06:00:00+08:00","closes_at":null,"caps":{"low":10,"closed":"household"},"sla":{"recollect":"2h"},"single_groups":["isolation"]}`},
		{operation: "postRoster", method: "POST", path: "/v1/roster", body: `{"person":"` + ada + `","name":"测试甲","sex":"F","phone":"13900000001","area":"990101","household":"H1","circle":3,"groups":["port"],"home_visit":true,"liaison":"测试丁"}` + "\n" +
			`{"person":"` + bob + `","area":"990101"}` + "\n" + `{"person":"` + cat + `","area":"990102","name":null}` + "\n"},
		{operation: "postScans", method: "POST", path: "/v1/scans", body: `{"tube":"T1","person":"` + ada + `","at":"2022-04-04T08:00:00+08:00","site":"S01","name":"测试甲","phone":"13900000001"}` + "\n" +
			`{"tube":"t1","person":"` + bob + `","at":"2022-04-04T08:01:00+08:00","site":"S01"}` + "\n"},
		{operation: "postScans", method: "POST", path: "/v1/scans?dry_run=1", body: `{"tube":"T1","person":"` + cat + `","at":"2022-04-04T08:02:00+08:00"}` + "\n"},
		{operation: "postScans", method: "POST", path: "/v1/scans", contentType: csv, header: "X-Time-Zone: Asia/Shanghai", body: "tube,person,at\nT2," + cat + ",2022-04-04 08:05\nT2,nobody,\n"},
		{operation: "postEvents", method: "POST", path: "/v1/events", body: `{"type":"tube.open","tube":"T3","at":"2022-04-04T09:00:00+08:00","mode":"single"}` + "\n" + `{"type":"scan","tube":"T3","person":"` + bob + `","at":"2022-04-04T09:00:00+08:00","late":true}` + "\n" +
			`{"type":"tube.close","tube":"T1","at":"2022-04-04T09:30:00+08:00","members":3}` + "\n" + `{"type":"tube.receive","tube":"T1","lab":"L1","at":"2022-04-04T10:00:00+08:00"}` + "\n" + `{"type":"excuse","person":"passport:USA:560018305","round":"R1","reason":"moved","at":"2022-04-04T07:00:00+08:00"}` + "\n"},
		{operation: "postResults", method: "POST", path: "/v1/results", body: `{"tube":"T1","verdict":"positive","lab":"L1","tested_at":"2022-04-04T12:00:00+08:00","targets":[{"gene":"ORF1ab","ct":36.2},{"gene":"N"}]}` + "\n" +
			`{"tube":"T2","verdict":"negative","lab":"L1","tested_at":"2022-04-04T12:00:00+08:00","stage":"final"}` + "\n" + `{"tube":"T3","verdict":"positive","lab":"CDC1","tested_at":"2022-04-04T12:00:00+08:00"}` + "\n" + `{"tube":"T9","verdict":"positive","lab":"L1","tested_at":"2022-04-04T12:00:00+08:00"}` + "\n"},
		{operation: "postScans", method: "POST", path: "/v1/scans", body: `{"tube":"T1","person":"passport:USA:560018304","at":"2022-04-04T13:00:00+08:00"}` + "\n"}, // refused: it has a result

		{operation: "getAreas", method: "GET", path: "/v1/areas?limit=1"},
		{operation: "getSites", method: "GET", path: "/v1/sites"},
		{operation: "getLabs", method: "GET", path: "/v1/labs", accept: csv},
		{operation: "getRounds", method: "GET", path: "/v1/rounds"},
		{operation: "getRound", method: "GET", path: "/v1/rounds/R1"},
		{operation: "getCoverage", method: "GET", path: "/v1/rounds/R1/coverage"},
		{operation: "getCoverage", method: "GET", path: "/v1/rounds/R1/coverage?by=area&area=9901"},
		{operation: "getCoverage", method: "GET", path: "/v1/rounds/R1/coverage?by=circle"},
		{operation: "getCoverage", method: "GET", path: "/v1/rounds/R1/coverage?by=group", accept: csv},
		{operation: "getCoverage", method: "GET", path: "/v1/rounds/R1/coverage?by=site", accept: xlsx},
		{operation: "getMissing", method: "GET", path: "/v1/rounds/R1/missing"},
		{operation: "getMissing", method: "GET", path: "/v1/rounds/default/missing?area=990101&profile=1"},
		{operation: "getMissing", method: "GET", path: "/v1/rounds/R1/missing", accept: csv},
		{operation: "getMissing", method: "GET", path: "/v1/rounds/R1/missing", accept: xlsx},
		{operation: "postStatus", method: "POST", path: "/v1/status", contentType: json_, body: `{"people":["` + ada + `","` + bob + `","passport:USA:560018399"]}`},
		{operation: "getPeople", method: "GET", path: "/v1/people?limit=2"},
		{operation: "getPeople", method: "GET", path: "/v1/people?area=990101", accept: csv},
		{operation: "getPersonStatus", method: "GET", path: "/v1/people/" + ada + "/status?window=24h&basis=reported&at=2022-04-05T00:00:00Z"},
		{operation: "getPersonHistory", method: "GET", path: "/v1/people/" + bob + "/history"},
		{operation: "getPersonHistory", method: "GET", path: "/v1/people/" + ada + "/history?limit=1"},
		{operation: "getTubes", method: "GET", path: "/v1/tubes?lab=L1&site=S01&state=resolving,received"},
		{operation: "getTubes", method: "GET", path: "/v1/tubes", accept: csv},
		{operation: "getTube", method: "GET", path: "/v1/tubes/T1"},
		{operation: "getRecollections", method: "GET", path: "/v1/recollections?kind=all&area=9901"},
		{operation: "getAlerts", method: "GET", path: "/v1/alerts"},
		{operation: "getChanges", method: "GET", path: "/v1/changes?states=held,suspect,confirmed"},
		{operation: "getRejects", method: "GET", path: "/v1/rejects"},
		{operation: "resubmitRejects", method: "POST", path: "/v1/rejects/resubmit", contentType: json_, body: `{"rejects":["J1","J2","J99"],"late":true}`},
		{operation: "dismissRejects", method: "POST", path: "/v1/rejects/dismiss", contentType: json_, body: `{"rejects":["J1"]}`},
	} {
		c.status = http.StatusOK
		w.make(c)
	}
	ids := func(n int) string { return `{"people":["` + strings.Repeat(ada+`","`, n) + ada + `"]}` }
	for _, c := range []call{
		{operation: "getAreas", path: "/v1/areas?limit=0", status: 400}, {operation: "getSites", path: "/v1/sites?after=x", status: 400}, {operation: "getLabs", path: "/v1/labs?limit=x", status: 400},
		{operation: "getRounds", path: "/v1/rounds?at=x", status: 400}, {operation: "getRound", path: "/v1/rounds/R9", status: 404}, {operation: "getRound", path: "/v1/rounds/R1?at=x", status: 400},
		{operation: "getCoverage", path: "/v1/rounds/R9/coverage", status: 404}, {operation: "getCoverage", path: "/v1/rounds/R1/coverage?by=x", status: 400},
		{operation: "getMissing", path: "/v1/rounds/R1/missing?area=77", status: 404}, {operation: "getMissing", path: "/v1/rounds/R1/missing?area=x", status: 400},
		{operation: "getPeople", path: "/v1/people?area=77", status: 404}, {operation: "getPeople", path: "/v1/people?after=x", status: 400},
		{operation: "getPersonStatus", path: "/v1/people/passport:USA:560018398/status", status: 404}, {operation: "getPersonStatus", path: "/v1/people/x/status", status: 400},
		{operation: "getPersonHistory", path: "/v1/people/passport:USA:560018398/history", status: 404}, {operation: "getPersonHistory", path: "/v1/people/x/history", status: 400},
		{operation: "getTubes", path: "/v1/tubes?state=x", status: 400}, {operation: "getTubes", path: "/v1/tubes?lab=L77", status: 404},
		{operation: "getTube", path: "/v1/tubes/T77", status: 404}, {operation: "getTube", path: "/v1/tubes/_", status: 400},
		{operation: "getRecollections", path: "/v1/recollections?state=x", status: 400}, {operation: "getRecollections", path: "/v1/recollections?area=77", status: 404},
		{operation: "getAlerts", path: "/v1/alerts?limit=x", status: 400}, {operation: "getChanges", path: "/v1/changes?after=x", status: 400}, {operation: "getRejects", path: "/v1/rejects?after=x", status: 400},
		{operation: "postStatus", method: "POST", path: "/v1/status", contentType: json_, body: `{`, status: 400}, {operation: "postStatus", method: "POST", path: "/v1/status", body: `{}`, status: 415},
		{operation: "postStatus", method: "POST", path: "/v1/status", contentType: json_, body: ids(10_000), status: 413},
		{operation: "resubmitRejects", method: "POST", path: "/v1/rejects/resubmit", contentType: json_, body: `{`, status: 400}, {operation: "resubmitRejects", method: "POST", path: "/v1/rejects/resubmit", contentType: csv, body: `x`, status: 415},
		{operation: "dismissRejects", method: "POST", path: "/v1/rejects/dismiss", contentType: json_, body: `{}`, status: 400}, {operation: "dismissRejects", method: "POST", path: "/v1/rejects/dismiss", contentType: csv, body: `x`, status: 415},
	} {
		if c.method == "" {
			c.method = "GET"
		}
		w.make(c)
	}
	for _, c := range []struct{ operation, method, path string }{{"postScans", "POST", "/v1/scans"}, {"postResults", "POST", "/v1/results"}, {"postEvents", "POST", "/v1/events"}, {"putAreas", "PUT", "/v1/areas"},
		{"putSites", "PUT", "/v1/sites"}, {"putLabs", "PUT", "/v1/labs"}, {"postRoster", "POST", "/v1/roster"}, {"putRound", "PUT", "/v1/rounds/R1"}} {
		w.make(call{operation: c.operation, method: c.method, path: c.path, body: "\n", status: 400})
		w.make(call{operation: c.operation, method: c.method, path: c.path, body: "<x/>", contentType: "application/xml", status: 415})
		w.make(call{operation: c.operation, method: c.method, path: c.path, body: strings.Repeat("{}\n", 100_001), status: 413})
		w.make(call{operation: c.operation, method: c.method, path: c.path, body: "{}\n[]\n", odd: true, status: map[bool]int{true: 400, false: 200}[c.operation == "putRound"]})
	}
	for id := range w.operations {
		if !w.answered[id+" 200"] {
			t.Errorf("%s was never answered with 200", id)
		}
	}
	for id, operation := range w.operations {
		v, _ := w.at(operation + "/responses")
		for status := range v.(map[string]any) {
			// 503 and 507 need a server that starts, is too busy or full: other tests have those.
			if status < "500" && !w.answered[id+" "+status] && !(status == "413" && strings.HasSuffix(id, "Rejects")) {
				t.Errorf("%s was never answered with %s, which the document names", id, status)
			}
		}
	}
	if page := w.get("/docs"); !bytes.Contains([]byte(page), []byte("/v1/scans")) {
		t.Error("the page shows no operations")
	}
	if !json.Valid([]byte(w.get("/openapi.json"))) {
		t.Error("the document is no JSON")
	}
}
